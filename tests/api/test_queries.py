"""What a list, a history or an import can be asked for."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.history import Span
from service.api.fields import CUSTOMER_COLUMNS, GROUP_COLUMNS, Fields
from service.api.filters import milliseconds
from service.api.paging import searched_words
from service.api.parameters import PARAMETERS
from service.api.problems import Invalid, Problem, Query
from service.api.queries import (
    CustomerHistoryQuery,
    CustomerLinksQuery,
    CustomerListQuery,
    CustomerQuery,
    GroupLinksQuery,
    GroupListQuery,
    GroupQuery,
    HistoryQuery,
    HistoryRequest,
    ImportQuery,
    ListRequest,
    MembersQuery,
    UndoQuery,
)
from service.api.query import parse

groups = GroupListQuery()
customers = CustomerListQuery()
members = MembersQuery()

NOON = 1_795_348_800_000  # 2026-11-22T12:00:00Z


def asked(schema: Query, query_string: str) -> ListRequest:
    return schema.load(parse(query_string.encode()))


def problems(schema: Query, query_string: str) -> list[Problem]:
    with pytest.raises(Invalid) as refused:
        asked(schema, query_string)
    return refused.value.problems


def message(schema: Query, query_string: str) -> str:
    return "; ".join(problem.message for problem in problems(schema, query_string))


def test_nothing_asked_is_the_first_page_by_id():
    for schema, columns in [(groups, GROUP_COLUMNS), (customers, CUSTOMER_COLUMNS)]:
        assert asked(schema, "") == ListRequest(
            limit=50,
            offset=0,
            cursor=None,
            order=("id", False),
            fields=Fields(columns, None, is_default=True),
            conditions={},
            words=(),
        )


def test_members_come_newest_first_by_keyset_unless_an_offset_is_given():
    assert asked(members, "").order == ("added_at", True)
    assert asked(members, "").cursor == ""
    assert asked(members, "offset=0").cursor is None
    assert asked(members, "cursor=abc").cursor == "abc"
    assert asked(members, "").fields.columns == (*CUSTOMER_COLUMNS, "added_at")


@pytest.mark.parametrize(("limit", "served"), [("0", 0), ("1000", 1000), ("1001", 1000), ("7", 7)])
def test_a_list_serves_a_thousand_at_most(limit, served):
    assert asked(groups, f"limit={limit}").limit == served


@pytest.mark.parametrize("limit", ["0", "1001"])
@pytest.mark.parametrize("schema", [members, HistoryQuery()])
def test_members_and_history_take_1_to_1000(schema, limit):
    assert "(accepted: digits only, 1 to 1000)" in message(schema, f"limit={limit}")


def test_offset_reaches_the_largest_whole_number():
    assert asked(groups, "offset=9007199254740991").offset == 2**53 - 1


@pytest.mark.parametrize("value", ["-1", "1.5", "1e3", "+1", "9007199254740992", "9" * 5000])
@pytest.mark.parametrize("name", ["limit", "offset"])
def test_what_is_nearly_a_number_is_told_what_is_accepted(name, value):
    refused = message(groups, f"{name}={value}".replace("+", "%2B"))

    assert refused.startswith(f"Expected type: 'number' for field '{name}', got: '{value[:100]}'")
    assert refused.endswith("(accepted: digits only, 0 to 9007199254740991)")


@pytest.mark.parametrize(
    ("query_string", "expected"),
    [
        ("limit=abc", "Expected type: 'number' for field 'limit', got: 'abc'"),
        ("limit=", "Expected type: 'number' for field 'limit', got: ''"),
        ("limit=%D9%A3", "Expected type: 'number' for field 'limit', got: '٣'"),
        ("limit=1&limit=2", "Expected type: 'number' for field 'limit', got: '[\"1\",\"2\"]'"),
        ("fields[]=id", "Expected type: 'string' for field 'fields', got: '[\"id\"]'"),
        ("q[a]=x", "Expected type: 'string' for field 'q', got: '{\"a\":\"x\"}'"),
        ("foo=1&bar[x]=2", "Unrecognized fields: 'foo, bar'"),
        ("has_account=true", "Unrecognized fields: 'has_account'"),
        ("name[id]=x", "Expected type: 'string' for field 'name', got: '{\"id\":\"x\"}'"),
        (
            "customers[name]=x",
            "Expected type: 'string' for field 'customers', got: '{\"name\":\"x\"}'",
        ),
        ("cursor=&offset=0", "A page is asked for by 'cursor' or by 'offset', not by both"),
        ("$or[0][$or][0][$or][0][id]=a", "'$or' and '$and' are accepted two levels deep"),
        ("$or=x", "Field '$or' accepts filters such as $or[0][id]=x"),
        ("$and[0]=x", "Field '$and' accepts filters such as $and[0][id]=x"),
        ("$or[0][q]=x", "Unrecognized fields: 'q'"),
        ("$or[0][limit]=1", "Unrecognized fields: 'limit'"),
    ],
)
def test_refusals_have_the_words_of_the_api(query_string, expected):
    assert message(groups, query_string) == expected


def test_every_problem_names_its_parameter():
    found = problems(groups, "limit=x&foo=1&created_at[$gte]=x&$or[1][id]=a&$or[2][updated_at]=y")

    assert [problem.parameter for problem in found] == [
        "limit",
        "created_at[$gte]",
        "$or[1][updated_at]",
        "foo",
    ]


@pytest.mark.parametrize(
    ("schema", "name"),
    [(groups, "customers_count"), (customers, "email"), (members, "added_at"), (groups, "name")],
)
def test_a_minus_turns_the_order(schema, name):
    assert asked(schema, f"order={name}").order == (name, False)
    assert asked(schema, f"order=-{name}").order == (name, True)


@pytest.mark.parametrize(
    ("schema", "order"),
    [(groups, "foo"), (groups, ""), (groups, "--id"), (groups, "email"), (members, "id")],
)
def test_an_unknown_order_is_told_the_known_ones(schema, order):
    refused = message(schema, f"order={order}")

    assert refused.startswith("Field 'order' accepts ")
    assert "created_at, updated_at" in refused


@pytest.mark.parametrize(
    "spelling", ["x=a&x=b", "x[]=a&x[]=b", "x[0]=a&x[1]=b", "x%5B0%5D=a&x%5B1%5D=b", "x=a&x[]=b"]
)
@pytest.mark.parametrize("name", ["id", "name", "created_by", "customers"])
def test_any_of_filters_read_every_spelling_alike(name, spelling):
    query_string = spelling.replace("x", name)

    assert asked(groups, query_string).conditions == {name: ["a", "b"]}


@pytest.mark.parametrize(
    "spelling",
    ["x[id]=a&x[id]=b", "x[id][]=a&x[id][]=b", "x[id][0]=a&x[id][1]=b", "x[0][id]=a&x[1]=b"],
)
def test_relations_are_also_read_by_their_id(spelling):
    assert asked(groups, spelling.replace("x", "customers")).conditions == {"customers": ["a", "b"]}
    assert asked(customers, spelling.replace("x", "groups")).conditions == {"groups": ["a", "b"]}


def test_a_name_is_compared_composed():
    assert asked(groups, "name=Cafe%CC%81").conditions == {"name": ["Caf\u00e9"]}


def test_conditions_are_a_tree():
    query_string = (
        "customers_count[$gte]=5&customers_count[$lt]=10&updated_at=2026-11-22T12:00:00Z"
        "&$or[0][name]=a&$or[1][$and][0][customers][id][]=b&$or[1][$and][1][created_at][$gt]=1970-01-01"
    )

    assert asked(groups, query_string).conditions == {
        "customers_count": {"$gte": 5, "$lt": 10},
        "updated_at": {"$eq": NOON},
        "$or": [
            {"name": ["a"]},
            {"$and": [{"customers": ["b"]}, {"created_at": {"$gt": 0}}]},
        ],
    }


def test_twenty_branches_are_accepted_altogether_and_no_more():
    ten = [f"$or[{number}][id]=a" for number in range(10)]
    inner = [f"$and[0][$or][{number}][id]=a" for number in range(9)]

    assert asked(groups, "&".join(ten + inner))
    assert message(groups, "&".join([*ten, *inner, "$and[1][id]=a"])) == (
        "'$or' and '$and' accept 20 branches altogether"
    )


def test_has_account_is_true_or_false():
    assert asked(customers, "has_account=true").conditions == {"has_account": True}
    assert asked(members, "has_account=false").conditions == {"has_account": False}
    assert message(customers, "has_account=1") == (
        "Expected type: 'boolean' for field 'has_account', got: '1'"
    )


def test_with_deleted_does_nothing():
    assert asked(groups, "with_deleted=true") == asked(groups, "")
    assert asked(customers, "with_deleted[]=x") == asked(customers, "")


def test_a_search_is_split_folded_and_composed():
    assert asked(groups, "q=+Gro%C3%9Fe++CAFE%CC%81+grosse").words == ("grosse", "caf\u00e9")
    assert asked(groups, "q=").words == ()
    assert searched_words("\u0345\u0301") == searched_words("\u0301\u0345")
    assert searched_words("\u01f0") == ("\u01f0",)  # folding takes it apart


def test_a_search_is_bounded():
    assert "up to 1,000 characters" in message(groups, "q=" + "x" * 1_001)
    assert "up to 50 words, got: 51" in message(groups, "q=" + "+".join(map(str, range(51))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T12:00:00Z", NOON),
        ("2026-11-22t12:00:00z", NOON),
        ("2026-11-22 12:00:00Z", NOON),
        ("2026-11-22T12:00:00.123Z", NOON + 123),
        ("2026-11-22T12:00:00.1239999Z", NOON + 123),
        ("2026-11-22T12:00:00.5Z", NOON + 500),
        ("2026-11-22T14:00:00+02:00", NOON),
        ("2026-11-22T14:00:00 02:00", NOON),
        ("2026-11-22T06:30:00-05:30", NOON),
        ("2026-11-22T12:00:00-00:00", NOON),
        ("2026-11-22", NOON - 12 * 3_600_000),
        ("1970-01-01", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140_000),
    ],
)
def test_times_are_read_to_the_millisecond(text, expected):
    assert milliseconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-02-30",
        "0000-01-01",
        "20261122",
        "1795348800",
        "2026-11-22T12:00Z",
        "2026-11-22T12:00:00",
        "2026-11-22T24:00:00Z",
        "2026-11-22T12:60:00Z",
        "2026-11-22T12:00:61Z",
        "2026-11-22T12:00:00+24:00",
        "2026-11-22T12:00:00+02",
        "2026-11-22Z",
        "2026-11-22T12:00:00Z\n",
        "\u0662026-11-22",
        "2026-11-22T12:00:00.Z",
        " 2026-11-22",
    ],
)
def test_anything_else_is_no_time(text):
    assert milliseconds(text) is None


@settings(deadline=None)
@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_what_python_writes_is_read_as_the_same_moment(moment):
    offset = moment.utcoffset()
    if offset is None or offset.seconds % 60:  # RFC 3339 has no zones of broken minutes
        return

    since = moment - datetime(1970, 1, 1, tzinfo=UTC)

    assert milliseconds(moment.isoformat()) == (
        since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000
    )


@pytest.mark.parametrize(
    "query_string",
    [
        "created_at=x",
        "created_at[$gte]=",
        "created_at[$gte]=a&created_at[$gte]=b",
        "updated_at[$lt][x]=1",
    ],
)
def test_a_garbage_date_is_told_what_is_accepted(query_string):
    assert "2026-11-22T04:28:36Z (RFC 3339) or a date" in message(groups, query_string)


@pytest.mark.parametrize(
    "query_string", ["created_at[gte]=x", "created_at[]=x", "created_at[$eq]=x"]
)
def test_an_unknown_comparison_is_told_the_known_ones(query_string):
    assert "created_at[$gte], created_at[$gt]" in message(groups, query_string)


@pytest.mark.parametrize("count", ["-1", "x", "9007199254740992"])
def test_a_count_is_compared_with_whole_numbers(count):
    refused = message(groups, f"customers_count[$gt]={count}")

    assert f"Expected type: 'number' for field 'customers_count[$gt]', got: '{count}'" in refused


def test_one_object_and_its_links_know_fields_and_detail():
    assert asked(GroupQuery(), "fields=id").fields.columns == ("id",)
    assert asked(CustomerQuery(), "fields=*groups").fields.relation == GROUP_COLUMNS
    assert asked(GroupLinksQuery(), "detail=true").detail is True
    assert asked(CustomerLinksQuery(), "").detail is False
    assert message(GroupQuery(), "detail=true") == "Unrecognized fields: 'detail'"


def test_history_and_import_have_their_own():
    assert asked(HistoryQuery(), "cursor=x&limit=9") == HistoryRequest(limit=9, cursor="x")
    assert asked(HistoryQuery(), "") == HistoryRequest(limit=50, cursor=None)
    instant = datetime(2026, 11, 22, 4, 28, 36, 211482, tzinfo=UTC)
    assert asked(
        HistoryQuery(),
        "type=Renamed&type[]=customer-groups.GroupDeleted.v1&actor=a&actor=b&ids=0"
        "&since=2026-11-22T05:28:36.211482+01:00&until=2026-11-22T04:28:36.211482Z",
    ) == HistoryRequest(
        limit=50,
        cursor=None,
        span=Span(
            types=("Renamed", "GroupDeleted"), actors=("a", "b"), since=instant, until=instant
        ),
        ids=0,
    )
    assert asked(CustomerHistoryQuery(), "group_id=a").group_ids == ("a",)
    assert asked(UndoQuery(), "dry_run") == {"dry_run": True, "ids": None}
    assert [asked(ImportQuery(), text).dry_run for text in ("", "dry_run", "dry_run=true")] == [
        False,
        True,
        True,
    ]
    assert asked(ImportQuery(), "dry_run=false").dry_run is False


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["limit", "offset", "cursor", "order", "q", "fields", "id", "customers"]
            )
            | st.sampled_from(["created_at", "customers_count", "$or", "$and", "name", "x"]),
            st.lists(
                st.sampled_from(["[0]", "[]", "[id]", "[$gte]", "[$or]", "[name]", "["]), max_size=4
            ),
            st.sampled_from(["", "1", "a", "-id", "2026-11-22", "%00", "true", "+name"]),
        ),
        max_size=6,
    )
)
def test_any_query_string_is_answered_or_refused(parts):
    query_string = "&".join(f"{name}{''.join(brackets)}={value}" for name, brackets, value in parts)

    for schema in (groups, customers, members):
        with suppress(Invalid):
            assert isinstance(asked(schema, query_string), ListRequest)


@pytest.mark.parametrize("name", PARAMETERS)
def test_openapi_describes_exactly_the_parameters_there_are(name):
    schema = next(kind for kind in every(Query) if kind.__name__ == name)()
    filters = getattr(schema, "filters", None)
    known = schema.names | (filters.names if filters else set())

    described = [parameter["name"] for parameter in PARAMETERS[name]]

    assert sorted(described) == sorted(known)
    assert all(parameter["description"] for parameter in PARAMETERS[name])


def every(kind: type[Query]) -> list[type[Query]]:
    return [kind, *(deeper for inner in kind.__subclasses__() for deeper in every(inner))]
