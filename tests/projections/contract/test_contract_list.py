"""The list of groups: search, filters, orders, and pages by offset and by cursor."""

from datetime import UTC, datetime, timedelta
from itertools import chain, product

import pytest

from domain.application import merging
from projections import group_list
from projections.documents import folded, milliseconds
from projections.pages import InvalidCursor, encode_cursor

NAMES = [
    "VIP",
    "VIP Süd",
    "vip nord",
    "Straße des 17. Juni",
    "STRASSE",
    "100 % Rabatt",
    "100 Prozent",
    "under_score",
    "underXscore",
    'He said "hi"',
    "O'Hara",
    "back\\slash",
    "日本語の名前",
    "Ünïcödé",
    "U\u0308nicode decomposed",
    "😀😃😄 smile",
    "a",
    "ab",
    "abc",
    "xabcx",
    "-- drop table",
    "NEAR(a b)",
    "a OR b",
    "ﬁne ligature",
    "ΌΣΟΣ",
]

SEARCHES = {
    "vip": ["VIP", "VIP Süd", "vip nord"],
    "ViP SÜD": ["VIP Süd"],
    "süd vip": ["VIP Süd"],
    "vip x": [],
    "ip": ["VIP", "VIP Süd", "vip nord"],
    "ip üd": ["VIP Süd"],
    "strasse": ["STRASSE", "Straße des 17. Juni"],
    "straße": ["STRASSE", "Straße des 17. Juni"],
    "ße": ["STRASSE", "Straße des 17. Juni"],
    "%": ["100 % Rabatt"],
    "100 %": ["100 % Rabatt"],
    "%%%": [],
    "100%rab": [],
    "_": ["under_score"],
    "r_s": ["under_score"],
    "under_score": ["under_score"],
    '"': ['He said "hi"'],
    '"hi"': ['He said "hi"'],
    '"hi': ['He said "hi"'],
    "'": ["O'Hara"],
    "o'hara": ["O'Hara"],
    "\\": ["back\\slash"],
    "k\\s": ["back\\slash"],
    "日本語": ["日本語の名前"],
    "名前": ["日本語の名前"],
    "ünï": ["Ünïcödé"],
    "ün": ["Ünïcödé", "U\u0308nicode decomposed"],
    "ünicode": ["U\u0308nicode decomposed"],
    "u\u0308nicode": ["U\u0308nicode decomposed"],
    "😀😃😄": ["😀😃😄 smile"],
    "😃": ["😀😃😄 smile"],
    "abc": ["abc", "xabcx"],
    "ab": ["-- drop table", "100 % Rabatt", "ab", "abc", "xabcx"],
    "-- ": ["-- drop table"],
    "near(a": ["NEAR(a b)"],
    "or": ["a OR b", "under_score", "underXscore", "vip nord"],
    "*": [],
    "abc*": [],
    "fine": ["ﬁne ligature"],
    "όσος": ["ΌΣΟΣ"],
    "όσο": ["ΌΣΟΣ"],
}
"""What is typed, and which of NAMES it finds, sorted."""


@pytest.fixture
def listed(store):
    """The ids of one page; its count must be that of all pages."""

    def listed(**how):
        page = group_list.page(store, **({"limit": 1000} | how))
        if how.get("limit", 1000) == 1000 and "offset" not in how:
            assert page.count == len(page.rows)
        return [row.id for row in page.rows]

    return listed


@pytest.fixture
def found(listed, create):
    """The names that a search finds among NAMES, sorted."""
    by_id = dict(zip(create(*NAMES), NAMES, strict=True))

    def found(text):
        return sorted(by_id[id] for id in listed(words=tuple(folded(text).split())))

    return found


@pytest.mark.usefixtures("way")
def test_every_word_must_be_in_the_name_whatever_its_characters(found):
    assert {text: found(text) for text in SEARCHES} == {
        text: sorted(names) for text, names in SEARCHES.items()
    }


def test_a_search_for_nothing_finds_everything(found):
    assert found("") == found("   ") == sorted(NAMES)


@pytest.mark.usefixtures("way")
def test_any_two_characters_of_a_name_find_it(found):
    pairs = {folded(name)[n : n + 2] for name in NAMES for n in range(len(name) - 1)}

    for pair in pairs:
        words = pair.split()
        expected = [name for name in NAMES if all(word in folded(name) for word in words)]
        assert found(pair) == sorted(expected)


def test_a_renamed_group_is_found_by_its_new_name_only(groups, listed, create):
    vip = create("Old name")

    groups.update_group(vip, name="New name")

    assert listed(words=("old",)) == []
    assert listed(words=("new", "name")) == [vip]


def test_a_deleted_group_is_not_found_until_it_is_restored(groups, listed, create):
    vip = create("VIP customers")

    groups.delete_group(vip)
    assert listed() == listed(words=("vip",)) == listed(words=("ip",)) == []
    assert listed(conditions={"id": [vip]}) == listed(conditions={"name": ["VIP customers"]}) == []
    groups.restore_group(vip, name="Gold customers")

    assert listed(words=("vip",)) == []
    assert listed(words=("gold",)) == listed() == [vip]


@pytest.fixture
def four(groups, customers, clock):
    """Four groups made a day apart by two people, with 0, 1, 2 and 3 members."""

    ids = customers(3)
    made = []
    for number, name in enumerate(["Delta", "charlie", "Bravo", "alpha"]):
        by = "user_ada" if number < 2 else "apk_1"
        made.append(groups.create_group(name, by=by).group_id)
        groups.change_customers(made[-1], add=ids[:number])
        clock.time += timedelta(days=1)
    groups.update_group(made[0], metadata=merging({"touched": 1}))
    return made


def day(number):
    return milliseconds(datetime(2030, 1, number, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, "DCBA"),
        ({"name": ["Bravo"]}, "B"),
        ({"name": ["bravo"]}, ""),
        ({"name": ["Bravo", "alpha", "nothing"]}, "BA"),
        ({"name": []}, ""),
        ({"created_by": ["user_ada"]}, "DC"),
        ({"created_by": ["user_ada", "apk_1"]}, "DCBA"),
        ({"created_at": {"$gte": day(2)}}, "CBA"),
        ({"created_at": {"$gt": day(2)}}, "BA"),
        ({"created_at": {"$lte": day(2)}}, "DC"),
        ({"created_at": {"$lt": day(2)}}, "D"),
        ({"created_at": {"$eq": day(2)}}, "C"),
        ({"created_at": {"$gte": day(2), "$lt": day(4)}}, "CB"),
        ({"updated_at": {"$gte": day(5)}}, "D"),
        ({"customers_count": {"$gte": 2}}, "BA"),
        ({"customers_count": {"$lt": 1}}, "D"),
        ({"customers_count": {"$gt": 0, "$lte": 2}}, "CB"),
        ({"customers": ["cus_000000"]}, "CBA"),
        ({"customers": ["cus_000002"]}, "A"),
        ({"customers": ["cus_000002", "cus_000001"]}, "BA"),
        ({"customers": ["nobody"]}, ""),
        ({"created_by": ["user_ada"], "customers": ["cus_000000"]}, "C"),
        ({"$or": [{"name": ["Bravo"]}, {"name": ["Delta"]}]}, "DB"),
        ({"$or": [{"name": ["Bravo"]}, {}]}, "DCBA"),
        ({"$or": [{"name": ["Bravo"], "created_by": ["user_ada"]}]}, ""),
        ({"$and": [{"created_at": {"$gt": day(1)}}, {"created_at": {"$lt": day(4)}}]}, "CB"),
        ({"$and": [{"$or": [{"name": ["Delta"]}, {"name": ["alpha"]}]}, {"name": ["alpha"]}]}, "A"),
        ({"$or": [{"name": ["Delta"]}], "created_by": ["apk_1"]}, ""),
    ],
)
def test_filters_that_stand_together_must_all_hold(listed, four, conditions, expected):
    named = dict(zip("DCBA", four, strict=True))

    assert listed(conditions=conditions) == [named[letter] for letter in expected]


def test_search_and_filters_hold_together(listed, four):
    assert listed(words=("a",), conditions={"customers_count": {"$gte": 2}}) == four[2:]
    assert listed(words=("alp",), conditions={"$or": [{"name": ["alpha"]}]}) == [four[3]]
    assert listed(words=("alp",), conditions={"name": ["Bravo"]}) == []


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("id", "DCBA"),
        ("name", "ABCD"),
        ("created_at", "DCBA"),
        ("updated_at", "CBAD"),
        ("customers_count", "DCBA"),
    ],
)
def test_every_order_runs_both_ways(listed, four, order, expected):
    named = dict(zip("DCBA", four, strict=True))

    assert listed(order=(order, False)) == [named[letter] for letter in expected]
    assert listed(order=(order, True)) == [named[letter] for letter in reversed(expected)]


def test_names_sort_case_folded_then_exact(listed, create):
    names = ["b", "B", "a", "Ä", "A", "aa", "straße", "STRASSE", "strasse", "Z", "z"]
    by_name = dict(zip(names, create(*names), strict=True))

    expected = sorted(names, key=lambda name: (folded(name), name))
    assert listed(order=("name", False)) == [by_name[name] for name in expected]
    assert listed(order=("name", True)) == [by_name[name] for name in reversed(expected)]


@pytest.mark.parametrize("descending", [False, True])
def test_equal_values_go_by_id_in_the_same_direction(store, listed, create, descending):
    ids = sorted(create(*map(str, range(9))))
    with store.deciding():
        store.write("UPDATE group_list SET created_at = 5, updated_at = 5")

    expected = ids[::-1] if descending else ids
    for order in ("created_at", "updated_at", "customers_count"):
        assert listed(order=(order, descending)) == expected


def walk(page_of, cursor=""):
    """Follow `next_cursor` to the end; returns the pages."""
    pages = [page_of(cursor=cursor)]
    while pages[-1].next_cursor:
        pages.append(page_of(cursor=pages[-1].next_cursor))
        assert len(pages) < 100
    return pages


@pytest.mark.parametrize("filters", [{}, {"words": ("e",)}, {"conditions": {"created_by": ["x"]}}])
def test_offset_and_cursor_walk_the_same_way(groups, store, listed, customers, filters):
    ids = customers(4)
    for number in range(23):
        name = f"{'eE'[number % 2]} {number % 5} {number}"
        made = groups.create_group(name, by=["x", "y"][number % 3 == 0]).group_id
        groups.change_customers(made, add=ids[: number % 4])
    for order in product(group_list.ORDERS, (False, True)):
        how = {"order": order, "limit": 5} | filters
        everything = listed(**how | {"limit": 1000})
        assert len(everything) == (15 if "conditions" in filters else 23)

        by_offset = [listed(**how, offset=offset) for offset in range(0, len(everything), 5)]
        by_cursor = walk(lambda cursor, how=how: group_list.page(store, **how, cursor=cursor))

        assert [*chain(*by_offset)] == everything
        assert [row.id for page in by_cursor for row in page.rows] == everything
        assert {page.count for page in by_cursor} == {len(everything)}
        back = by_cursor[-1]
        for page in reversed(by_cursor[:-1]):
            back = group_list.page(store, **how, cursor=back.previous_cursor)
            assert back.rows == page.rows
        assert back.previous_cursor is None


def test_an_offset_page_gives_a_cursor_to_go_on_with(store, listed, create):
    create(*map(str, range(7)))

    page = group_list.page(store, limit=3, offset=2)

    after = group_list.page(store, limit=3, cursor=page.next_cursor)
    assert [row.id for row in page.rows + after.rows] == listed()[2:]
    assert after.next_cursor is None


def test_a_cursor_holds_while_groups_come_and_go(groups, store, create):
    a, b, c, d, e = sorted(create("A", "B", "C", "D", "E"))
    first = group_list.page(store, limit=2, cursor="")

    groups.delete_group(b)
    groups.delete_group(c)
    groups.update_group(a, name="Z")
    second = group_list.page(store, limit=2, cursor=first.next_cursor)

    assert [row.id for row in first.rows] == [a, b]
    assert [row.id for row in second.rows] == [d, e]


def test_a_page_beyond_the_end_is_empty_and_keeps_the_count(store, create):
    create("A", "B")

    for offset in (2, 2**62):
        page = group_list.page(store, limit=10, offset=offset)
        assert (page.rows, page.count) == ([], 2)


@pytest.mark.parametrize("how", [{}, {"cursor": ""}, {"words": ("vip",)}])
def test_a_page_of_no_groups_keeps_the_count(store, create, how):
    create("VIP", "VIP 2")

    page = group_list.page(store, limit=0, **how)

    assert (page.rows, page.count, page.next_cursor) == ([], 2, None)


def test_a_list_without_groups_is_empty(store):
    page = group_list.page(store, limit=10)

    assert (page.rows, page.count) == ([], 0)
    assert (page.next_cursor, page.previous_cursor) == (None, None)


def test_the_count_follows_every_change(groups, store, create):
    a, b, _ = create("A", "B", "C")
    groups.delete_group(a)
    groups.delete_group(b)
    groups.delete_group(a)
    groups.restore_group(b)

    assert group_list.page(store, limit=1).count == 2


def test_a_cursor_belongs_to_its_order_and_filters(store, create):
    create("A", "B", "C")
    cursor = group_list.page(store, limit=1).next_cursor

    for how in (
        {"order": ("id", True)},
        {"order": ("name", False)},
        {"words": ("a",)},
        {"conditions": {"name": ["A"]}},
    ):
        with pytest.raises(InvalidCursor):
            group_list.page(store, limit=1, cursor=cursor, **how)
    assert group_list.page(store, limit=2, cursor=cursor).rows


SCOPE = repr(("groups", ("created_at", False), None, ()))


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "=",
        "é",
        "\0",
        "null",
        "W10",  # []
        "e30",  # {}
        "MQ",  # 1
        "A" * 10_000,
        "W1tbW1tb" * 500,
        encode_cursor("another scope", 0, (1, "x")),
        encode_cursor(SCOPE, 2, (1, "x")),
        encode_cursor(SCOPE, -1, (1, "x")),
        encode_cursor(SCOPE, "0", (1, "x")),
        encode_cursor(SCOPE, [], (1, "x")),
        encode_cursor(SCOPE, 0, ()),
        encode_cursor(SCOPE, 0, (1,)),
        encode_cursor(SCOPE, 0, (1, "x", "y")),
        encode_cursor(SCOPE, 0, ("1", "x")),
        encode_cursor(SCOPE, 0, (1, 2)),
        encode_cursor(SCOPE, 0, (1.5, "x")),
        encode_cursor(SCOPE, 0, (True, "x")),
        encode_cursor(SCOPE, 0, (None, "x")),
        encode_cursor(SCOPE, 0, ([1], "x")),
        encode_cursor(SCOPE, 0, ({"a": 1}, "x")),
        encode_cursor(SCOPE, 0, (2**63, "x")),
        encode_cursor(SCOPE, 0, (-(2**63), "x")),
        encode_cursor(SCOPE, 0, (1, "nul \0 in it")),
    ],
)
def test_a_cursor_that_was_not_made_by_us_is_refused(store, create, cursor):
    create("A", "B")

    with pytest.raises(InvalidCursor):
        group_list.page(store, limit=1, cursor=cursor, order=("created_at", False))


def test_the_greatest_numbers_that_a_cursor_may_hold_are_harmless(store, create):
    create("A", "B")

    for number, expected in ((2**63 - 1, 0), (-(2**63) + 1, 2)):
        cursor = encode_cursor(SCOPE, 0, (number, "x"))
        page = group_list.page(store, limit=5, cursor=cursor, order=("created_at", False))
        assert len(page.rows) == expected


def test_a_group_is_shown_with_its_seven_keys_in_order(groups, detail, four):
    row = detail(four[0])

    assert bytes(row.document).decode() == (
        f'{{"id":"{four[0]}","name":"Delta","created_by":"user_ada",'
        '"created_at":"2030-01-01T12:00:00.000Z","updated_at":"2030-01-05T12:00:00.000Z",'
        '"deleted_at":null,"metadata":{"touched":1}}'
    )
    assert (row.customers_count, row.version) == (0, 2)
    groups.delete_group(four[0])
    assert detail(four[0]) is None
    assert detail("unknown") is None


def test_the_time_of_an_update_moves_with_name_and_metadata_only(groups, detail, four):
    shown = [bytes(detail(id).document) for id in four[1:]]

    assert all(document.count(b"T12:00:00.000Z") == 2 for document in shown)
    assert [detail(id).version for id in four[1:]] == [2, 2, 2]
    groups.delete_group(four[1])
    groups.restore_group(four[1])
    assert bytes(detail(four[1]).document) == shown[0]
    groups.delete_group(four[1])
    groups.restore_group(four[1], name="Echo")
    assert b'"updated_at":"2030-01-05T12:00:00.000Z"' in detail(four[1]).document


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"z": 1, "a": {"y": [1, 2.5, None, True]}, "ü": "😀"}, {"a": 2**53 - 1, "b": -0.0}],
)
def test_metadata_is_shown_as_it_came(store, detail, create, metadata):
    group_id = create("VIP", metadata=metadata)

    assert repr(store.group(group_id).metadata) == repr(metadata)
    assert b'"metadata":' in detail(group_id).document
