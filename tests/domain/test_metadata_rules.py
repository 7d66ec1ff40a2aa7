"""The two ways in which a request changes metadata, apart from any group."""

import pytest

from domain.group import changed_metadata, merge_patched, merged


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_what_appendix_a_of_rfc_7396_says(target, patch, result):
    assert merge_patched(target, patch) == result


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 3}}, {"a": {"x": 3}}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": 1}, {"a": ""}, {}),
        ({"a": 1}, {"b": ""}, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, None, None),
        (None, {"a": 1}, {"a": 1}),
        (None, {}, None),
        (None, {"a": ""}, None),
        (None, None, None),
        ({}, None, None),
        ({}, {}, {}),
    ],
)
def test_an_update_merges_the_top_level_only_and_an_empty_text_deletes_its_key(
    before, given, after
):
    assert merged(before, given) == after


def test_neither_rule_changes_what_it_was_given():
    before, nested = {"a": {"b": 1}}, {"a": {"b": None, "c": 2}}

    merged(before, nested)
    merge_patched(before, nested)
    changed_metadata(before, {"a": 2}, ["a"], cleared=False)

    assert before == {"a": {"b": 1}}
    assert nested == {"a": {"b": None, "c": 2}}
