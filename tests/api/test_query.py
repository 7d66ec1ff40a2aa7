"""Query strings as `qs` writes them."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.api.query import InvalidQuery, parse

names = st.text("abc$_", min_size=1, max_size=4).filter(lambda name: not name.isdigit())
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
trees = st.recursive(
    values,
    lambda inner: (
        st.dictionaries(names, inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


def written(tree: object, key: str) -> list[str]:
    """Write a tree as `qs.stringify` does by default: every list with its indexes."""
    if isinstance(tree, str):
        return [f"{quote(key, safe='')}={quote(tree, safe='')}"]
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [part for step, inner in items for part in written(inner, f"{key}[{step}]")]


def depth(tree: object) -> int:
    if isinstance(tree, str):
        return 0
    return 1 + max(map(depth, tree.values() if isinstance(tree, dict) else tree))


@pytest.mark.parametrize(
    ("query_string", "parameters"),
    [
        (b"", {}),
        (b"limit=50&offset=0", {"limit": "50", "offset": "0"}),
        (b"x=a&x=b", {"x": ["a", "b"]}),
        (b"x[]=a", {"x": ["a"]}),
        (b"x[]=a&x[]=b", {"x": ["a", "b"]}),
        (b"x[0]=a", {"x": ["a"]}),
        (b"x[1]=b&x[0]=a", {"x": ["a", "b"]}),
        (b"x[10]=b&x[9]=a", {"x": ["a", "b"]}),
        (b"x[0]=a&x[0]=b", {"x": ["a", "b"]}),
        (b"x[1]=a&x[]=b", {"x": ["a", "b"]}),
        (b"x=a&x[]=b", {"x": ["a", "b"]}),
        (b"x[id]=a", {"x": {"id": "a"}}),
        (b"x[id][]=a&x[id][]=b", {"x": {"id": ["a", "b"]}}),
        (b"x=a&x[id]=b", {"x": ["a", {"id": "b"}]}),
        (b"created_at[$gte]=a&created_at[$lt]=b", {"created_at": {"$gte": "a", "$lt": "b"}}),
        (b"$or[0][name]=a&$or[1][name]=b", {"$or": [{"name": "a"}, {"name": "b"}]}),
        (b"$or[0][name]=a&$or[0][id]=b", {"$or": [{"name": "a", "id": "b"}]}),
        (b"$and[0][created_at][$gte]=a", {"$and": [{"created_at": {"$gte": "a"}}]}),
        (b"customers%5B0%5D=a", {"customers": ["a"]}),
        (b"q=big+spenders%2Bco", {"q": "big spenders+co"}),
        (b"q=Gro%C3%9F", {"q": "Groß"}),
        (b"q=Gro\xc3\x9f", {"q": "Groß"}),
        (b"q=100%", {"q": "100%"}),
        (b"dry_run", {"dry_run": ""}),
        (b"&&a=b&", {"a": "b"}),
        (b"a=b=c", {"a": "b=c"}),
        (b"=a", {"": "a"}),
        (b"limit[=a", {"limit[": "a"}),
        (b"limit[a]b=c", {"limit[a]b": "c"}),
        (b"[0]=a", {"[0]": "a"}),
    ],
)
def test_every_spelling_of_qs_is_read(query_string, parameters):
    assert parse(query_string) == parameters


@settings(deadline=None)
@given(st.dictionaries(names, trees, max_size=3))
def test_what_qs_writes_is_read_back(parameters):
    parts = [part for name, tree in parameters.items() for part in written(tree, name)]
    query_string = "&".join(parts).encode()

    if any(depth(tree) > 6 for tree in parameters.values()):
        with pytest.raises(InvalidQuery):
            parse(query_string)
    else:
        assert parse(query_string) == parameters


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=60) | st.lists(st.sampled_from(b"ax0[]=&%+$5BDC2"), max_size=40).map(bytes)
)
@example(b"%ED%A0%80=1")
@example(b"x[" + b"9" * 5000 + b"]=a&x[1]=b")
@example(b"x" + b"[a]" * 5000 + b"=1")
def test_nothing_but_invalid_query_is_raised(query_string):
    with suppress(InvalidQuery):
        assert all(isinstance(name, str) for name in parse(query_string))


def test_a_large_index_makes_no_large_list():
    assert parse(b"x[99999999]=b&x[3]=a") == {"x": ["a", "b"]}


@pytest.mark.parametrize("text", [b"%00", b"a%00b", b"\0", b"%ff", b"%ED%A0%80", b"\xff"])
@pytest.mark.parametrize("place", [b"name=", b""])
def test_text_that_is_not_utf8_or_holds_nul_is_refused(place, text):
    with pytest.raises(InvalidQuery, match="UTF-8 without NUL"):
        parse(place + text)


def test_a_thousand_parameters_are_accepted_and_no_more():
    assert len(parse(b"&".join([b"x=a"] * 1000))["x"]) == 1000

    with pytest.raises(InvalidQuery, match="Up to 1,000"):
        parse(b"&".join([b"x=a"] * 1001))


def test_six_brackets_are_accepted_and_no_more():
    parse(b"$or[0][$and][0][customers][id][0]=a")

    with pytest.raises(InvalidQuery, match="6 brackets") as refused:
        parse(b"x[a][b][c][d][e][f][g]=a")

    assert refused.value.problems[0].parameter == "x"
