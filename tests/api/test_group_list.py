"""`GET /admin/customer-groups`: pages, search, order, filters and fields."""

import time
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from tests.api.answers import (
    CUSTOMER_KEYS,
    GROUP_KEYS,
    GROUPS,
    NO_CUSTOMER,
    NO_GROUP,
    ids,
    invalid,
    keyed,
    listed,
    refusal,
)
from tests.serving import Api, unique


@dataclass
class Shelf:
    """Six groups that share a word which no other group has, by their names without that word.

    Ada is in VIP and Gold, Bob in Gold and Zürich; nobody is in the others.
    """

    word: str
    groups: dict[str, dict]
    ada: str
    bob: str

    def id(self, name: str) -> str:
        return self.groups[name]["id"]

    def names(self, answer) -> list[str]:
        return [group["name"].removeprefix(f"{self.word} ") for group in listed(answer)]


@pytest.fixture(scope="module")
def shelf(server, token) -> Shelf:
    api, word = Api(server, token), unique("shelf")
    groups = {}
    for name in ("vip", "VIP", "Gold", "100% wool_x", "Zürich", "STRASSE"):
        groups[name] = api.group(f"{word} {name}", metadata={"name": name})
        time.sleep(0.002)  # each has a millisecond of its own
    ada = api.customer(first_name="Ada", email=f"{word}@ada.example")["id"]
    (bob,) = api.customers(1)
    api.add(groups["VIP"]["id"], ada)
    api.add(groups["Gold"]["id"], ada, bob)
    api.add(groups["Zürich"]["id"], bob)
    return Shelf(word, groups, ada, bob)


@pytest.fixture
def found(api, shelf):
    """The names on the shelf that a query string finds, in the order of the answer."""

    def find(query: str) -> list[str]:
        return shelf.names(api.get(f"{GROUPS}?q={shelf.word}&{query}"))

    return find


# Pages


def test_fifty_groups_by_id_are_the_default(api):
    for _ in range(51):
        api.group()

    answer = api.get(GROUPS).json()

    page = [group["id"] for group in answer["customer_groups"]]
    assert (answer["offset"], answer["limit"]) == (0, 50)
    assert page == sorted(page)
    assert len(page) == 50
    assert answer["count"] >= 51


def test_the_count_follows_every_creation_and_deletion(api):
    count = api.get(GROUPS).json()["count"]

    group = api.group()
    counts = [api.get(GROUPS).json()["count"]]
    api.delete(f"{GROUPS}/{group['id']}")
    counts.append(api.get(GROUPS).json()["count"])

    assert counts == [count + 1, count]


def test_pages_add_up_to_the_whole(api, shelf):
    whole = ids(api.get(f"{GROUPS}?q={shelf.word}"))

    pages = [
        api.get(f"{GROUPS}?q={shelf.word}&limit=4&offset={offset}").json() for offset in (0, 4, 8)
    ]

    assert [group["id"] for page in pages for group in page["customer_groups"]] == whole
    assert [page["count"] for page in pages] == [6, 6, 6]
    assert [(page["offset"], page["limit"]) for page in pages] == [(0, 4), (4, 4), (8, 4)]


def test_limit_0_is_an_empty_page_with_its_count(api, shelf):
    answer = api.get(f"{GROUPS}?q={shelf.word}&limit=0")

    assert answer.json() == {"customer_groups": [], "count": 6, "offset": 0, "limit": 0}


def test_a_page_far_beyond_the_end_is_empty(api, shelf):
    answer = api.get(f"{GROUPS}?q={shelf.word}&offset={2**53 - 1}")

    assert (listed(answer), answer.json()["count"]) == ([], 6)


# Order


def test_names_are_ordered_case_folded_then_exactly(found):
    assert found("order=name") == ["100% wool_x", "Gold", "STRASSE", "VIP", "vip", "Zürich"]


@pytest.mark.parametrize("column", ["id", "created_at", "updated_at"])
def test_a_list_is_ordered_by_its_columns(api, shelf, column):
    groups = listed(api.get(f"{GROUPS}?q={shelf.word}&order={column}"))

    assert groups == sorted(shelf.groups.values(), key=lambda group: group[column])


@pytest.mark.parametrize("column", ["id", "name", "created_at", "updated_at"])
def test_a_minus_turns_the_order(found, column):
    assert found(f"order=-{column}") == found(f"order={column}")[::-1]


def test_equal_values_go_by_id_in_the_same_direction(api, shelf):
    groups = sorted(shelf.id(name) for name in ("vip", "STRASSE", "100% wool_x"))
    query = "&".join(f"id={id}" for id in groups)

    ascending = ids(api.get(f"{GROUPS}?{query}&order=customers_count"))
    descending = ids(api.get(f"{GROUPS}?{query}&order=-customers_count"))

    assert (ascending, descending) == (groups, groups[::-1])


# Search


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("gold", ["Gold"]),
        ("oLD", ["Gold"]),
        ("VIP", ["vip", "VIP"]),
        ("straße", ["STRASSE"]),
        ("ZÜRICH", ["Zürich"]),
        ("zu\u0308rich", ["Zürich"]),
        ("wool 100", ["100% wool_x"]),
        ("\u00a0wool   100 ", ["100% wool_x"]),
        ("gold vip", []),
        ("%", ["100% wool_x"]),
        ("_", ["100% wool_x"]),
        ("0% w", ["100% wool_x"]),
        ("zurich", []),
        ('g" OR "', []),
        ("gold*", []),
        ("\\", []),
    ],
)
def test_every_word_must_be_a_substring_of_the_name(api, shelf, words, names):
    answer = api.get(GROUPS, params={"q": f"{shelf.word} {words}", "order": "created_at"})

    assert sorted(shelf.names(answer)) == sorted(names)
    assert answer.json()["count"] == len(names)


@pytest.mark.parametrize("empty", ["q=", "q=%20%20", "q=+"])
def test_an_empty_search_filters_nothing(api, shelf, empty):
    one = f"id={shelf.id('Gold')}"

    assert ids(api.get(f"{GROUPS}?{empty}&{one}")) == [shelf.id("Gold")]


# Filters


def spellings(name: str, values: list[str]) -> list[str]:
    """Return a filter in every spelling that stands for any of two values."""
    a, b = (quote(value) for value in values)
    return [
        f"{name}={a}&{name}={b}",
        f"{name}[]={a}&{name}[]={b}",
        f"{name}[0]={a}&{name}[1]={b}",
        f"{name}%5B0%5D={a}&{name}%5B1%5D={b}",
        f"%{ord(name[0]):x}{name[1:]}[]={a}&{name}[]={b}",
    ]


def related(name: str, values: list[str]) -> list[str]:
    """Return the spellings that only filters by what is related have."""
    a, b = values
    return [
        f"{name}[id]={a}&{name}[id]={b}",
        f"{name}[id][]={a}&{name}[id][]={b}",
        f"{name}[id][0]={a}&{name}[id][1]={b}",
        f"{name}%5Bid%5D%5B0%5D={a}&{name}%5Bid%5D%5B1%5D={b}",
    ]


@pytest.mark.parametrize("number", range(5))
def test_any_of_filters_are_read_alike_in_all_spellings(found, shelf, number):
    by_id = spellings("id", [shelf.id("VIP"), shelf.id("Gold")])
    by_name = spellings("name", [f"{shelf.word} VIP", f"{shelf.word} Gold"])

    assert found(f"order=created_at&{by_id[number]}") == ["VIP", "Gold"]
    assert found(f"order=created_at&{by_name[number]}") == ["VIP", "Gold"]


def test_customers_finds_the_groups_that_hold_any_of_them_in_all_spellings(found, shelf):
    both = [shelf.ada, shelf.bob]

    for query in spellings("customers", both) + related("customers", both):
        assert found(f"order=created_at&{query}") == ["VIP", "Gold", "Zürich"], query


@pytest.mark.parametrize(
    "spelling",
    ["customers={}", "customers[]={}", "customers[0]={}", "customers[7]={}", "customers[id]={}",
     "customers[id][]={}", "customers[id][0]={}"],
)  # fmt: skip
def test_one_value_has_all_spellings_too(found, shelf, spelling):
    assert found(f"order=created_at&{spelling.format(shelf.ada)}") == ["VIP", "Gold"]


def test_a_group_that_holds_both_is_found_once(api, shelf):
    query = f"q={shelf.word}&customers={shelf.ada}&customers={shelf.bob}"

    assert api.get(f"{GROUPS}?{query}").json()["count"] == 3


def test_created_by_finds_what_a_key_has_made(api):
    key, token = keyed(api)
    script = Api(api.server, None)
    script.session.headers["Authorization"] = f"Basic {token}"
    group = script.group()

    for query in spellings("created_by", [key["id"], "user_nobody"]):
        assert ids(api.get(f"{GROUPS}?{query}")) == [group["id"]]
    assert group["created_by"] == key["id"]


def test_a_name_is_matched_exactly(found, shelf):
    word = shelf.word

    assert found(f"name={word} VIP") == ["VIP"]
    assert found(f"name={word} Vip") == []
    assert found(f"name={word}") == []
    assert found(f"name={word} Zu%CC%88rich") == ["Zürich"]


def test_filters_must_all_hold(found, shelf):
    assert found(f"customers={shelf.ada}&name={shelf.word} VIP") == ["VIP"]
    assert found(f"customers={shelf.ada}&name={shelf.word} Zürich") == []


@pytest.mark.parametrize(
    "query",
    ["id=", f"id={NO_GROUP}", "name=", "created_by=nobody", "customers=", "customers[id]=x",
     f"customers={NO_CUSTOMER}", "customers[]=%F0%9F%90%A8"],
)  # fmt: skip
def test_a_value_that_names_nothing_living_matches_nothing(api, query):
    answer = api.get(f"{GROUPS}?{query}").json()

    assert (answer["customer_groups"], answer["count"]) == ([], 0)


def test_what_is_deleted_matches_nothing(api):
    group, customer = api.group(), api.customer()["id"]
    api.add(group["id"], customer)
    assert ids(api.get(f"{GROUPS}?customers={customer}")) == [group["id"]]

    api.delete(f"{GROUPS}/{group['id']}")

    for query in (f"customers={customer}", f"id={group['id']}", f"name={group['name']}"):
        assert ids(api.get(f"{GROUPS}?{query}&with_deleted=true")) == []


def test_a_deleted_customer_matches_nothing(api):
    group, customer = api.group(), api.customer()["id"]
    api.add(group["id"], customer)

    api.delete(f"/admin/customers/{customer}")

    assert ids(api.get(f"{GROUPS}?customers={customer}")) == []


# Times


COMPARISONS = {
    "$gte": lambda time, bound: time >= bound,
    "$gt": lambda time, bound: time > bound,
    "$lte": lambda time, bound: time <= bound,
    "$lt": lambda time, bound: time < bound,
}


@pytest.mark.parametrize("operator", COMPARISONS)
@pytest.mark.parametrize("column", ["created_at", "updated_at"])
def test_times_are_compared_at_the_shown_millisecond(found, shelf, column, operator):
    bound = shelf.groups["Gold"][column]

    names = found(f"order=created_at&{column}[{operator}]={bound}")

    assert names == [
        name for name, group in shelf.groups.items() if COMPARISONS[operator](group[column], bound)
    ]


def test_bounds_may_be_two_and_percent_encoded(found, shelf):
    lower, upper = shelf.groups["VIP"]["created_at"], shelf.groups["100% wool_x"]["created_at"]

    names = found(
        f"order=created_at&created_at%5B%24gt%5D={quote(lower)}&created_at[$lte]={quote(upper)}"
    )

    assert names == ["Gold", "100% wool_x"]


def test_a_bare_date_is_midnight_utc(found, shelf):
    day = shelf.groups["vip"]["created_at"][:10]

    for time_of_day in ("", "T00:00:00Z", "T00:00:00.000Z", "T02:00:00%2B02:00", "T02:00:00+02:00"):
        assert len(found(f"created_at[$gte]={day}{time_of_day}")) == 6, time_of_day
        assert found(f"created_at[$lt]={day}{time_of_day}") == [], time_of_day


def test_updated_at_is_when_it_was_last_updated(api):
    first, second = api.group(), api.group()
    time.sleep(0.002)
    both = f"id={first['id']}&id={second['id']}"
    changed = api.post(f"{GROUPS}/{first['id']}", {"metadata": {"a": 1}}).json()["customer_group"]

    assert ids(api.get(f"{GROUPS}?{both}&updated_at[$gte]={changed['updated_at']}")) == [
        first["id"]
    ]
    assert ids(api.get(f"{GROUPS}?{both}&order=updated_at")) == [second["id"], first["id"]]


# $or and $and


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("$or[0][name]={w} VIP&$or[1][name]={w} vip", ["vip", "VIP"]),
        ("$or[0][name][]={w} VIP&$or[0][name][]={w} vip", ["vip", "VIP"]),
        ("%24or%5B0%5D%5Bname%5D={w} VIP&%24or%5B1%5D%5Bcustomers%5D={bob}",
         ["VIP", "Gold", "Zürich"]),
        ("$or[0][name]={w} VIP&name={w} Gold", []),
        ("$or[0][name]={w} VIP&$or[1][customers][id][0]={bob}&customers={ada}", ["VIP", "Gold"]),
        ("$and[0][customers]={ada}&$and[1][customers]={bob}", ["Gold"]),
        ("$and[0][customers][id]={ada}&$and[1][name]={w} VIP", ["VIP"]),
        ("$or[0][customers]={ada}&$or[0][name]={w} VIP&$or[1][name]={w} STRASSE",
         ["VIP", "STRASSE"]),
        ("$or[0][$and][0][customers]={ada}&$or[0][$and][1][customers]={bob}&$or[1][name]={w} vip",
         ["vip", "Gold"]),
        ("$and[0][$or][0][name]={w} VIP&$and[0][$or][1][name]={w} Gold&$and[1][customers]={bob}",
         ["Gold"]),
        ("$or[0][name]=nobody&$or[1][id]=x", []),
        ("$or[0][created_at][$gte]=2000-01-01&$or[0][name]={w} VIP", ["VIP"]),
        ("$or[0][created_at][$lt]=2000-01-01", []),
    ],
)  # fmt: skip
def test_branches_join_the_filters(found, shelf, query, names):
    query = query.format(w=shelf.word, ada=shelf.ada, bob=shelf.bob)

    assert found(f"order=created_at&{query}") == names


def test_twenty_branches_are_accepted_and_no_more(api, shelf):
    def branches(count: int) -> str:
        return "&".join(f"$or[{number}][id]={shelf.id('VIP')}" for number in range(count))

    assert ids(api.get(f"{GROUPS}?{branches(20)}")) == [shelf.id("VIP")]
    assert refusal(api.get(f"{GROUPS}?{branches(21)}")) == invalid(
        "'$or' and '$and' accept 20 branches altogether"
    )


def test_branches_have_two_levels_and_no_search(api):
    assert refusal(api.get(f"{GROUPS}?$or[0][$or][0][$or][0][id]=a")) == invalid(
        "'$or' and '$and' are accepted two levels deep"
    )
    assert refusal(api.get(f"{GROUPS}?$or[0][q]=x")) == invalid("Unrecognized fields: 'q'")


# What is not accepted


def test_unknown_parameters_are_refused(api):
    assert refusal(api.get(f"{GROUPS}?foo=1&bar[x]=2")) == invalid(
        "Unrecognized fields: 'foo, bar'"
    )


@pytest.mark.parametrize("query", ["with_deleted", "with_deleted=true", "with_deleted=x"])
def test_with_deleted_is_accepted_and_does_nothing(found, query):
    assert len(found(query)) == 6


# Fields


@pytest.fixture
def answered(api, shelf):
    """Gold, which has Ada and Bob, as a list and as a page of its own answer it."""

    def ask(query: str) -> dict:
        path = f"{GROUPS}/{shelf.id('Gold')}?{query}"
        (in_list,) = listed(api.get(f"{GROUPS}?id={shelf.id('Gold')}&{query}"))
        alone = api.get(path).json()["customer_group"]
        assert alone == in_list
        assert list(alone) == list(in_list)
        return alone

    return ask


def without(*names: str) -> list[str]:
    return [name for name in GROUP_KEYS if name not in names]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("fields=id,name", ["id", "name"]),
        ("fields=name", ["id", "name"]),
        ("fields=name,%2Bmetadata", ["id", "name", "metadata"]),
        ("fields=name,-name", ["id", "name"]),
        ("fields=%2Bcustomers_count", [*GROUP_KEYS, "customers_count"]),
        ("fields=+customers_count", [*GROUP_KEYS, "customers_count"]),
        ("fields=+customers_count,-metadata", [*without("metadata"), "customers_count"]),
        ("fields=-metadata,-name", without("metadata", "name")),
        ("fields=-id", GROUP_KEYS),
        ("fields=customers", ["id"]),
        ("fields=%2Bcustomers", GROUP_KEYS),
        ("fields=unknown", ["id"]),
        ("fields=%2Bunknown,-foo", GROUP_KEYS),
        ("fields=", ["id"]),
        ("fields=*", GROUP_KEYS),
        ("fields=*customers", [*GROUP_KEYS, "customers"]),
        ("fields=id,*customers", ["id", "customers"]),
        ("fields=%2Bcustomers.id", [*GROUP_KEYS, "customers"]),
        ("fields=customers.id", ["id", "customers"]),
        ("fields=*customers,-name", [*without("name"), "customers"]),
        ("fields=customers.metadata.deep", ["id"]),
        ("fields=version", ["id", "version"]),
    ],
)
def test_fields_choose_the_keys(answered, query, keys):
    assert list(answered(query)) == keys


def test_a_star_embeds_whole_customers(answered, shelf, api):
    customers = answered("fields=*customers")["customers"]

    assert {customer["id"] for customer in customers} == {shelf.ada, shelf.bob}
    assert all(list(customer) == CUSTOMER_KEYS for customer in customers)
    ada = api.get(f"/admin/customers/{shelf.ada}").json()["customer"]
    assert ada in customers


def test_a_dotted_name_embeds_one_key_and_the_id(answered, shelf):
    customers = answered("fields=id,customers.email")["customers"]

    assert sorted(customers, key=lambda customer: customer["email"] is None) == [
        {"id": shelf.ada, "email": f"{shelf.word}@ada.example"},
        {"id": shelf.bob, "email": None},
    ]
    assert answered("fields=%2Bcustomers.id")["customers"] == [
        {"id": customer["id"]} for customer in customers
    ]


def test_fields_are_one_text(api, shelf):
    for path in (GROUPS, f"{GROUPS}/{shelf.id('VIP')}"):
        assert refusal(api.get(f"{path}?fields[]=id")) == invalid(
            "Expected type: 'string' for field 'fields', got: '[\"id\"]'"
        )
