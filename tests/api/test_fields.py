"""The `fields` parameter, rule by rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.fields import CUSTOMER_COLUMNS, GROUP_COLUMNS, GROUP_EXTRAS, Fields

KNOWN = (*GROUP_COLUMNS, *GROUP_EXTRAS)


def of_group(text: str | None) -> Fields:
    return Fields.parse(
        text,
        defaults=GROUP_COLUMNS,
        extras=GROUP_EXTRAS,
        relation="customers",
        relation_defaults=CUSTOMER_COLUMNS,
        relation_extras=("added_at",),
    )


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in GROUP_COLUMNS if name not in names)


@pytest.mark.parametrize("text", [None, "*", "+name", "-", "+", " ", "+unknown", "-unknown"])
def test_the_defaults_are_answered_when_nothing_changes_them(text):
    assert of_group(text) == Fields(GROUP_COLUMNS, None, is_default=True)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("id,name", ("id", "name")),
        ("name", ("id", "name")),
        ("name,id", ("id", "name")),
        ("name,+metadata", ("id", "name", "metadata")),
        ("name, metadata", ("id", "name", "metadata")),
        ("name,-name", ("id", "name")),
        ("name,", ("id", "name")),
        ("customers_count,name", ("id", "name", "customers_count")),
        ("version,customers_count", ("id", "customers_count", "version")),
        ("*,version", (*GROUP_COLUMNS, "version")),
        ("", ("id",)),
        (",", ("id",)),
        ("unknown", ("id",)),
        ("customers", ("id",)),
        ("+created_by,unknown", ("id", "created_by")),
    ],
)
def test_a_plain_name_answers_only_what_is_named_and_the_id(text, columns):
    assert of_group(text) == Fields(columns, None, is_default=False)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("+customers_count", (*GROUP_COLUMNS, "customers_count")),
        (" customers_count", (*GROUP_COLUMNS, "customers_count")),
        ("+version,+customers_count", (*GROUP_COLUMNS, *GROUP_EXTRAS)),
        ("-metadata", without("metadata")),
        ("-metadata,-deleted_at", without("metadata", "deleted_at")),
        ("-id", GROUP_COLUMNS),
        ("-name,+name", without("name")),
        ("+customers_count,-metadata", (*without("metadata"), "customers_count")),
        ("+customers", GROUP_COLUMNS),
    ],
)
def test_signs_add_to_the_defaults_and_take_away(text, columns):
    assert of_group(text) == Fields(columns, None, is_default=columns == GROUP_COLUMNS)


@pytest.mark.parametrize(
    ("text", "columns", "relation"),
    [
        ("*customers", GROUP_COLUMNS, CUSTOMER_COLUMNS),
        ("customers.*", GROUP_COLUMNS, CUSTOMER_COLUMNS),
        ("+customers.id", GROUP_COLUMNS, ("id",)),
        (" customers.id", GROUP_COLUMNS, ("id",)),
        ("-metadata,*customers", without("metadata"), CUSTOMER_COLUMNS),
        ("id,*customers", ("id",), CUSTOMER_COLUMNS),
        ("customers.id", ("id",), ("id",)),
        ("id,customers.email", ("id",), ("id", "email")),
        ("customers.phone,customers.email", ("id",), ("id", "email", "phone")),
        ("*customers,customers.added_at", ("id",), (*CUSTOMER_COLUMNS, "added_at")),
        ("name,+customers.added_at", ("id", "name"), ("id", "added_at")),
    ],
)
def test_a_star_or_a_dot_embeds_the_relation(text, columns, relation):
    assert of_group(text) == Fields(columns, relation, is_default=False)


@pytest.mark.parametrize(
    "text",
    [
        "id,customers.unknown",
        "id,customers.",
        "id,customers.groups.id",
        "id,orders.id",
        "id,*orders",
    ],
)
def test_a_relation_or_a_column_that_is_unknown_embeds_nothing(text):
    assert of_group(text) == Fields(("id",), None, is_default=False)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*KNOWN, "customers", "x", ".", "*", "+", "-", " ", ","])).map("".join)
)
def test_any_text_answers_known_columns_in_their_order_with_the_id(text):
    fields = of_group(text)

    assert fields.columns == tuple(name for name in KNOWN if name in fields.columns)
    assert fields.columns[0] == "id"
    assert fields.relation is None or fields.relation[0] == "id"
