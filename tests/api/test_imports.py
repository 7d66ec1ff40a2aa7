"""Files of customers, row by row."""

import csv
import io
import itertools
import tracemalloc

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import imports
from service.imports import ImportRefused, Row, read_csv, read_ndjson


def rows(text: str | bytes, **options: bool) -> list[Row]:
    return list(read_csv(io.BytesIO(text if isinstance(text, bytes) else text.encode()), **options))


def json_rows(text: str | bytes) -> list[Row]:
    return list(read_ndjson(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


def values(text: str) -> dict[str, object] | None:
    (row,) = rows(text)
    assert row.problem is None
    return row.values


def problem(text: str) -> str:
    (row,) = rows(text)
    assert row.values is None
    return row.problem or ""


class Trickle:
    """A stream that gives what it holds in small pieces, or endless filling."""

    def __init__(self, *parts: tuple[bytes, int], piece: int = 1 << 16) -> None:
        self.parts = itertools.chain.from_iterable(itertools.repeat(*part) for part in parts)
        self.rest = b""
        self.piece = piece

    def read(self, size: int) -> bytes:
        size = min(size, self.piece)
        while len(self.rest) < size:
            part = next(self.parts, b"")
            if not part:
                break
            self.rest += part
        given_now, self.rest = self.rest[:size], self.rest[size:]
        return given_now


# CSV


def test_a_row_sets_the_columns_that_the_file_has():
    assert rows("id,first_name\ncus_1,Ada\ncus_2,\n") == [
        Row(2, {"id": "cus_1", "first_name": "Ada"}, None),
        Row(3, {"id": "cus_2", "first_name": None}, None),
    ]


@pytest.mark.parametrize(
    ("cell", "has_account"),
    [
        ("true", True),
        ("TRUE", True),
        ("1", True),
        ("Yes", True),
        ("false", False),
        ("0", False),
        ("no", False),
        ("", False),
    ],
)
def test_has_account_is_read_in_several_spellings(cell, has_account):
    assert values(f"id,has_account\na,{cell}\n") == {"id": "a", "has_account": has_account}


def test_any_other_has_account_is_refused():
    assert problem("id,has_account\na,maybe\n") == (
        "Expected type: 'boolean' for field 'has_account', got: 'maybe'"
    )


def test_a_metadata_cell_is_a_json_object():
    assert values('id,metadata\na,"{""b"": 1}"\n') == {"id": "a", "metadata": {"b": 1}}
    assert values("id,metadata\na,\n") == {"id": "a", "metadata": None}
    assert problem("id,metadata\na,x\n") == "Expected type: 'record' for field 'metadata', got: 'x'"
    assert problem("id,metadata\na,[1]\n") == (
        "Expected type: 'record' for field 'metadata', got: '[1]'"
    )
    assert "9007199254740991" in problem('id,metadata\na,"{""b"": 9007199254740993}"\n')


def test_other_columns_become_metadata_as_text():
    text = 'id,orders,metadata,city\na,5,"{""b"": 1, ""city"": ""x""}",Oslo\n'
    assert values(text) == {"id": "a", "metadata": {"b": 1, "city": "Oslo", "orders": "5"}}

    assert values("id,orders,city\na,,Oslo\n") == {"id": "a", "metadata": {"city": "Oslo"}}
    assert values("id,orders,city\na,,\n") == {"id": "a"}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "newline"])
def test_line_ends_and_byte_order_mark_do_not_matter(newline, mark, last):
    text = mark + newline.join(['"id","phone"', "a,1", "", "b,2"]) + (newline if last else "")

    assert rows(text) == [
        Row(2, {"id": "a", "phone": "1"}, None),
        Row(4, {"id": "b", "phone": "2"}, None),
    ]


def test_a_quoted_cell_goes_over_lines_and_rows_are_found_by_where_they_start():
    text = 'id,city,note\na,Oslo,"one\ntwo, ""three""\n"\nb,Bonn,x\n'

    assert rows(text) == [
        Row(2, {"id": "a", "metadata": {"city": "Oslo", "note": 'one\ntwo, "three"\n'}}, None),
        Row(5, {"id": "b", "metadata": {"city": "Bonn", "note": "x"}}, None),
    ]


def test_rows_stand_alone():
    text = (
        b"id,email\n"
        b"a,ada@example.com\n"
        b"b,nobody\n"
        b"c\n"
        b"d,\xff@example.com\n"
        b'"e"x,e@example.com\n'
        b"f g,\n"
        b"h,h@example.com,more\n"
        b"i,i@example.com\n"
    )

    found = {row.line: row.problem for row in rows(text)}

    assert found == {
        2: None,
        3: "Invalid email address",
        4: "The row has 1 cells, the header has 2",
        5: "The row is not UTF-8",
        6: imports._NOT_CSV,
        7: found[7],
        8: "The row has 3 cells, the header has 2",
        9: None,
    }
    assert "visible ASCII" in found[7]


def test_a_quote_that_never_closes_is_a_problem_of_its_row():
    found = rows('id,city\na,Oslo\nb,"Bonn\nc,Rome\n')

    assert [(row.line, row.problem) for row in found] == [(2, None), (3, imports._NOT_CSV)]


def test_an_id_with_an_at_needs_leave():
    assert "an @ is refused" in problem("id\nada@example.com\n")
    assert rows("id\nada@example.com\n", allow_at=True)[0].problem is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("id,email,id\na,b,c\n", "two 'id'"),
        ("id, id\na,b\n", "two 'id'"),
        ("id,,x\na,b,c\n", "column 2 has none"),
        ("id,x,\n", "column 3 has none"),
        (b"\xff,id\n", "UTF-8"),
        ('"id\n', "RFC 4180"),
        ("x" * 70_000, "longer than 65,536 bytes"),
    ],
)
def test_a_file_without_a_usable_header_is_refused_at_once(text, words):
    with pytest.raises(ImportRefused, match=words):
        read_csv(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_row_of_64_kib_is_read_and_a_longer_one_is_skipped(end):
    header = b"id,metadata\n"
    fitting = b"a,{}".ljust(65_536)

    assert rows(header + fitting + end) == [Row(2, {"id": "a", "metadata": {}}, None)]

    found = rows(header + fitting + b" " + (end or b"\n") + b"b,{}" + end)
    assert [(row.line, row.problem) for row in found] == [(2, imports._TOO_LONG), (3, None)]


def test_a_long_row_is_skipped_to_the_end_of_its_quotes():
    inside = b'b,not a row\n"",""\n' * 10_000
    text = b'id,note\na,"' + inside + b'"\nc,x\n'

    found = rows(text)

    assert [(row.line, row.problem) for row in found] == [(2, imports._TOO_LONG), (20_003, None)]
    assert found[1].values == {"id": "c", "metadata": {"note": "x"}}


@pytest.mark.parametrize(
    ("read", "head", "filling", "tail"),
    [
        (read_csv, b"id\na,", b"x" * 4096, b"\nb\n"),
        (read_csv, b'id\n"a', b"\n" + b"x" * 4095, b'"\nb\n'),
        (read_ndjson, b'{"id": "a', b"x" * 4096, b'"}\n{"id": "b"}\n'),
    ],
)
def test_a_row_without_end_takes_no_memory(read, head, filling, tail):
    tracemalloc.start()
    try:
        found = list(read(Trickle((head, 1), (filling, 2_000), (tail, 1))))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [row.problem for row in found] == [imports._TOO_LONG, None]
    assert found[1].values == {"id": "b"}
    assert peak < 2_000_000


@pytest.mark.parametrize(("read", "head"), [(read_csv, b"id\n"), (read_ndjson, b"")])
def test_rows_beyond_the_most_are_not_read(read, head, monkeypatch):
    monkeypatch.setattr(imports, "MOST_ROWS", 3)
    line = b'{"id": "a"}\n' if read is read_ndjson else b"a\n"

    exactly = list(read(io.BytesIO(head + line * 3)))
    more = list(read(io.BytesIO(head + line * 9)))

    assert [row.problem for row in exactly] == [None] * 3
    assert [row.problem for row in more[:3]] == [None] * 3
    assert [row.problem for row in more[3:]] == [
        "More than 3 rows; this one and the rest are not read"
    ]


def test_rows_are_given_before_the_file_is_read():
    stream = Trickle((b"id\n", 1), (b"a\n", 10**9))

    assert [row.line for row in itertools.islice(read_csv(stream), 3)] == [2, 3, 4]


cells = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from('\n\r",'), max_size=6
)


@settings(deadline=None)
@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=5), st.integers(1, 7))
def test_what_a_csv_writer_writes_is_read_back_in_any_pieces(table, piece):
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([["x", "y"], *table])

    found = list(read_csv(Trickle((text.getvalue().encode(), 1), piece=piece)))

    metadata = [{name: cell for name, cell in zip("xy", row, strict=True) if cell} for row in table]
    assert [row.values for row in found] == [
        {"metadata": entry} if entry else {} for entry in metadata
    ]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\xff", b"\0", b"{}", b"1"])).map(
        b"".join
    )
)
def test_any_bytes_are_rows_or_problems(text):
    for row in json_rows(text) + rows(b"id,x\n" + text):
        assert (row.values is None) != (row.problem is None)


# NDJSON


def test_a_line_is_an_object_with_the_keys_of_a_customer():
    text = '\ufeff{"id": "a", "metadata": {"n": 1}}\r\n\n{"email": null, "has_account": true}'

    assert json_rows(text) == [
        Row(1, {"id": "a", "metadata": {"n": 1}}, None),
        Row(3, {"email": None, "has_account": True}, None),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"id": 5}', "Expected type: 'string' for field 'id', got: '5'"),
        (b'{"id": "a", "orders": 5, "groups": []}', "Unrecognized fields: 'orders, groups'"),
        (b'{"email": "x"}', "Invalid email address"),
        (b'{"has_account": "true"}', "Expected type: 'boolean' for field 'has_account'"),
        (b'{"metadata": {"a": 9007199254740993}}', "9007199254740991"),
        (b"[]", "Expected a JSON object, got: '[]'"),
        (b"{", "Not valid JSON"),
        (b'{"id": "\xff"}', "Only JSON in UTF-8 is accepted"),
        (b'{"id": "a b"}', "visible ASCII"),
        (b'{"id": "' + b"a" * 70_000 + b'"}', "longer than 65,536 bytes"),
    ],
)
def test_a_line_that_is_anything_else_is_a_problem(line, words):
    first, second = json_rows(line + b'\n{"id": "z"}\n')

    assert (first.line, first.values) == (1, None)
    assert words in (first.problem or "")
    assert second == Row(2, {"id": "z"}, None)


def test_both_formats_say_the_same():
    said = {"id": "a", "email": "ada@example.com", "phone": None, "has_account": True}

    from_csv = values("id,email,phone,has_account\na,ada@example.com,,yes\n")
    (from_json,) = json_rows(orjson.dumps(said))

    assert from_csv == from_json.values == said
