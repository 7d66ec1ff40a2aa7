"""Where the peer is wrong, and ours: a test or a few for each row of the table, in its order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from domain.application import CustomerGroups
from projections.stores import open_store
from tests.api.answers import (
    CUSTOMERS,
    GROUPS,
    NO_CUSTOMER,
    NO_GROUP,
    events,
    group_of,
    ids,
    invalid,
    keyed,
    listed,
    members,
    refusal,
)
from tests.asking import asking
from tests.serving import Api, Server, unique

# Empty and blank names accepted, no length limit


@pytest.mark.parametrize(
    "name",
    ["", " ", "\u00a0\u3000", "\t\n", "\u200b", "\u200d\ufeff", "\u3164", "x" * 256, "é" * 256,
     "a\nb", "a\u0007b", "a\x7f", "\x9bx", "a\0b"],
)  # fmt: skip
def test_a_name_that_nobody_could_read_is_refused(api, name):
    group = api.group()
    path = f"{GROUPS}/{group['id']}"

    for answer in (api.post(GROUPS, {"name": name}), api.post(path, {"name": name}),
                   api.patch(path, {"name": name})):  # fmt: skip
        assert refusal(answer)[:2] == (400, "invalid_data")
    assert group_of(api.get(path)) == group


@pytest.mark.parametrize("character", ["x", "é", "漢", "😀"])
def test_a_name_has_up_to_255_code_points(api, character):
    number = unique("")
    name = number + character * (255 - len(number))

    assert api.group(name)["name"] == name


def test_names_are_trimmed_and_composed(api):
    word = unique("caf")

    group = api.group(f" \u00a0{word}e\u0301\t ")

    assert group["name"] == f"{word}\u00e9"
    assert api.post(GROUPS, {"name": f"{word}\u00e9 "}).status_code == 400


def test_names_are_compared_exactly(api):
    word = unique("")

    names = [api.group(f"{spelled}{word}")["name"] for spelled in ("VIP", "vip", "Vip", "ViP")]

    assert len(set(names)) == 4


# limit=-1, offset=-1, order=foo, a garbage date, NUL in a name -> 500


@pytest.mark.parametrize(
    ("query", "accepted"),
    [
        ("limit=-1", "(accepted: digits only, 0 to "),
        ("offset=-1", "(accepted: digits only, 0 to "),
        ("limit=1.5", "(accepted: digits only, 0 to "),
        ("offset=99999999999999999999", "(accepted: digits only, 0 to 9007199254740991)"),
        ("order=foo", "accepts id, "),
        ("order=", "accepts id, "),
        ("created_at[$gte]=garbage", "accepts a time such as 2026-11-22T04:28:36Z (RFC 3339)"),
        ("updated_at[$lt]=2026-02-30", "or a date such as 2026-11-22"),
        ("created_at[$foo]=2026-11-22", "created_at[$gte]"),
        ("q=%00", "without NUL"),
        ("id=%00", "without NUL"),
        ("id=%FF", "in percent-encoded UTF-8"),
    ],
)
def test_a_query_that_makes_no_sense_is_told_what_is_accepted(api, query, accepted):
    for path in (GROUPS, CUSTOMERS):
        status, kind, message = refusal(api.get(f"{path}?{query}"))
        assert (status, kind) == (400, "invalid_data")
        assert accepted in message


def test_nul_in_a_name_is_400(api):
    for answer in (api.post(GROUPS, {"name": "a\0b"}), api.post(CUSTOMERS, {"phone": "a\0b"})):
        status, kind, message = refusal(answer)
        assert (status, kind) == (400, "invalid_data")
        assert "must not contain NUL" in message


# No cap on limit; % and _ in q are wildcards


@pytest.fixture(scope="module")
def thousand(server, token) -> list[str]:
    """1,001 customers in the directory."""
    return Api(server, token).customers(1001)


@pytest.mark.parametrize("limit", ["1001", "100000", "9007199254740991"])
def test_a_page_is_1000_at_most_and_says_so(api, thousand, limit):
    answer = api.get(f"{CUSTOMERS}?limit={limit}").json()

    assert (len(answer["customers"]), answer["limit"]) == (1000, 1000)
    assert answer["count"] >= len(thousand)
    assert api.get(f"{GROUPS}?limit={limit}").json()["limit"] == 1000
    assert api.get(f"/admin/api-keys?limit={limit}").json()["limit"] == 1000


def test_percent_and_underscore_are_ordinary_characters(api):
    word = unique("sale")
    half, _ = api.group(f"{word} 50% a_b"), api.group(f"{word} 500 axb")

    for words in ("50%", "a_b", "%", "_", "0% a"):
        assert ids(api.get(GROUPS, params={"q": f"{word} {words}"})) == [half["id"]]


# Add and remove of one id in one request: a race


def test_one_id_in_add_and_remove_is_refused(api):
    group, (ada, bob) = api.group()["id"], api.customers(2)
    api.add(group, ada)

    answer = api.post(f"{GROUPS}/{group}/customers", {"add": [bob, ada], "remove": [ada]})
    mirrored = api.post(f"{CUSTOMERS}/{ada}/customer-groups", {"add": [group], "remove": [group]})

    assert refusal(answer) == invalid(f"Customer {ada} is in both add and remove")
    assert refusal(mirrored) == invalid(f"Customer group {group} is in both add and remove")
    assert members(api, group) == {ada}


# A failing add leaves its remove done


def test_links_are_all_or_nothing(api):
    group, (ada, bob) = api.group()["id"], api.customers(2)
    api.add(group, ada)

    answer = api.post(f"{GROUPS}/{group}/customers", {"add": [bob, NO_CUSTOMER], "remove": [ada]})

    assert answer.status_code == 404
    assert members(api, group) == {ada}
    assert len(events(api, group)) == 2


# Adding twice writes duplicate rows; deleted groups accept members and still list them


def test_adding_twice_makes_one_membership(api):
    group, (ada,) = api.group()["id"], api.customers(1)

    for _ in range(2):
        api.add(group, ada, ada)

    answer = api.get(f"{GROUPS}/{group}/customers").json()
    assert [customer["id"] for customer in answer["customers"]] == [ada]
    assert answer["count"] == 1
    assert group_of(api.get(f"{GROUPS}/{group}?fields=customers_count"))["customers_count"] == 1
    api.post(f"{GROUPS}/{group}/customers", {"remove": [ada]})
    assert members(api, group) == set()


@pytest.fixture
def deleted(api):
    """A deleted group that had a customer, and that customer."""
    group, (ada,) = api.group()["id"], api.customers(1)
    api.add(group, ada)
    api.delete(f"{GROUPS}/{group}")
    return group, ada


def test_a_deleted_group_is_404_wherever_it_stands(api, deleted):
    group, ada = deleted
    path = f"{GROUPS}/{group}"

    answers = [
        api.get(path),
        api.post(path, {"metadata": {"a": 1}}),
        api.post(path, {}),
        api.patch(path, {"metadata": {"a": 1}}),
        api.get(f"{path}/customers"),
        api.post(f"{path}/customers", {"add": [ada]}),
        api.post(f"{path}/customers", {"remove": [ada]}),
        api.post(f"{path}/customers", {}),
        api.post(f"{CUSTOMERS}/{ada}/customer-groups", {"add": [group]}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (404, "group-not-found")
    assert len(events(api, group)) == 3


def test_a_deleted_group_is_in_no_list(api, deleted):
    group, ada = deleted

    assert ids(api.get(f"{GROUPS}?id={group}")) == []
    assert ids(api.get(f"{GROUPS}?customers={ada}&with_deleted=true")) == []
    assert ids(api.get(f"{CUSTOMERS}?groups={group}")) == []
    assert ids(api.get(f"{CUSTOMERS}/{ada}/customer-groups")) == []


def test_deletion_and_history_are_the_exceptions(api, deleted):
    group, _ = deleted

    again = api.delete(f"{GROUPS}/{group}")

    assert (again.status_code, again.json()["deleted"]) == (200, True)
    assert [event["type"] for event in events(api, group)] == [
        "customer-groups.GroupDeleted.v1",
        "customer-groups.CustomersAdded.v1",
        "customer-groups.GroupCreated.v1",
    ]


# Unknown group with remove or {} -> 200 {}


@pytest.mark.parametrize("body", [None, {}, {"remove": [NO_CUSTOMER]}, {"add": [], "remove": []}])
def test_an_unknown_group_is_404_whatever_is_asked_of_it(api, body):
    answer = api.post(f"{GROUPS}/{NO_GROUP}/customers", body)

    assert (answer.status_code, answer.json()["code"]) == (404, "group-not-found")


# 8 concurrent metadata updates of different keys: 4 survive


def test_all_of_8_concurrent_metadata_updates_survive(api, server, token):
    group = api.group()["id"]

    def update(number: int) -> int:
        body = {"metadata": {f"key{number}": number}}
        return Api(server, token).post(f"{GROUPS}/{group}", body).status_code

    for _ in range(3):
        api.post(f"{GROUPS}/{group}", {"metadata": None})
        with ThreadPoolExecutor(8) as pool:
            assert [*pool.map(update, range(8))] == [200] * 8
        metadata = group_of(api.get(f"{GROUPS}/{group}"))["metadata"]
        assert metadata == {f"key{number}": number for number in range(8)}


# fields=*customers returns 100,000 members in one answer


def embed_refusal(answer) -> str:
    status, kind, message = refusal(answer)
    assert (status, kind) == (400, "invalid_data")
    assert answer.json()["code"] == "too-many-embedded"
    return message


def test_a_thousand_members_are_embedded_and_beyond_the_paged_route_is_named(api, thousand):
    group, *rest = thousand
    vip = api.group()
    path = f"{GROUPS}/{vip['id']}"
    api.add(vip["id"], *rest)

    assert len(group_of(api.get(f"{path}?fields=*customers"))["customers"]) == 1000
    body = {"add": [group]}
    in_link = api.post(f"{path}/customers?fields=*customers", body)
    assert f"GET {path}/customers" in embed_refusal(in_link)
    assert api.get(f"{path}/customers?limit=1").json()["count"] == 1000

    api.add(vip["id"], group)
    for ask in (
        lambda: api.get(f"{path}?fields=*customers"),
        lambda: api.get(f"{path}?fields=customers.id"),
        lambda: api.get(f"{GROUPS}?id={vip['id']}&fields=%2Bcustomers.email"),
        lambda: api.post(f"{path}?fields=*customers", {"name": unique("New")}),
    ):
        assert f"GET {path}/customers" in embed_refusal(ask())
    assert group_of(api.get(path)) == vip


def test_ten_thousand_members_are_embedded_in_an_answer(api, thousand):
    word = unique("crowd")
    groups = [api.group(f"{word} {number}")["id"] for number in range(11)]
    for group in groups:
        api.add(group, *thousand[:1000])

    ten = api.get(f"{GROUPS}?q={word}&limit=10&fields=customers.id")
    eleven = api.get(f"{GROUPS}?q={word}&limit=11&fields=customers.id")

    assert sum(len(group["customers"]) for group in listed(ten)) == 10_000
    assert f"GET {GROUPS}/:id/customers" in embed_refusal(eleven)
    assert f"GET {CUSTOMERS}/:id/customer-groups" in embed_refusal(
        api.get(f"{CUSTOMERS}?groups={groups[0]}&limit=1000&fields=groups.id")
    )


def join_groups(server: Server, customer: str, count: int) -> None:
    """Put a customer into so many new groups, in one transaction where HTTP would take long."""
    store = open_store(server.database_url)
    groups = CustomerGroups(store)
    with asking(), store.deciding():
        for _ in range(count):
            group = groups.create_group(unique("Group")).group_id
            groups.change_customers(group, add=[customer])
    store.close()


def test_an_answer_that_is_refused_has_changed_nothing(api, server):
    (ada,) = api.customers(1)
    path = f"{CUSTOMERS}/{ada}"
    join_groups(server, ada, 1001)
    before = api.get(path).json()

    for ask in (
        lambda: api.get(f"{path}?fields=*groups"),
        lambda: api.post(f"{path}?fields=*groups", {"first_name": "Ada"}),
        lambda: api.put(f"{path}?fields=*groups", {"first_name": "Ada"}),
        lambda: api.post(f"{path}/customer-groups?fields=*groups", {"add": [api.group()["id"]]}),
    ):
        assert f"GET {path}/customer-groups" in embed_refusal(ask())

    assert api.get(path).json() == before
    assert api.get(f"{path}/customer-groups").json()["count"] == 1001


# Member count by downloading every id


def test_the_count_of_members_is_a_field_that_follows_every_change(api):
    group, (ada, bob, eve) = api.group()["id"], api.customers(3)
    path = f"{GROUPS}/{group}"

    def count() -> int:
        in_list = listed(api.get(f"{GROUPS}?id={group}&fields=customers_count"))
        alone = group_of(api.get(f"{path}?fields=%2Bcustomers_count"))
        assert in_list == [{"id": group, "customers_count": alone["customers_count"]}]
        return alone["customers_count"]

    assert count() == 0
    api.add(group, ada, bob, eve)
    assert count() == 3
    api.post(f"{path}/customers", {"remove": [bob, NO_CUSTOMER]})
    assert count() == 2
    api.delete(f"{CUSTOMERS}/{eve}")
    assert count() == 1


# Removal is a hard delete, nobody knows who did it


def test_history_says_who_removed_whom_when_and_why(api, server):
    group, (ada,) = api.group()["id"], api.customers(1)
    api.add(group, ada)
    key, token = keyed(api)
    script = Api(server, None)
    script.session.headers["Authorization"] = f"Basic {token}"
    before = datetime.now(UTC)

    script.post(
        f"{GROUPS}/{group}/customers",
        {"remove": [ada]},
        headers={"X-Reason": "asked%20by%20the%20shop%20%C3%A9"},
    )

    removed, added, _ = events(api, group)
    assert removed["type"] == "customer-groups.CustomersRemoved.v1"
    assert removed["data"]["customer_ids"] == [ada]
    assert removed["data"]["reason"] == "asked by the shop é"
    assert removed["actor"] == {"type": "api_key", "id": key["id"], "label": key["title"]}
    assert before <= datetime.fromisoformat(removed["time"]) <= datetime.now(UTC)
    assert added["actor"]["label"] == server.admin_email


# Integers beyond 2^53 lose digits, 1e400 becomes null


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0, 1.5, 1e-300, 0.1])
def test_a_number_that_keeps_its_digits_is_stored(api, number):
    assert api.group(metadata={"n": number})["metadata"] == {"n": number}


@pytest.mark.parametrize(
    "value",
    ["9007199254740992", "-9007199254740992", "9007199254740993", "1e400", "-1e400", "1e300",
     "123456789012345678901234567890", "NaN", "Infinity", "-Infinity",
     r'"\ud800"', r'"\udc00x"', r'"\u0000"', r'{"a\u0000": 1}', r'["\u0000"]'],
)  # fmt: skip
def test_a_value_that_would_not_come_back_as_it_is_is_refused(api, value):
    name = unique("Lossy")
    body = f'{{"name": "{name}", "metadata": {{"a": [{value}]}}}}'
    headers = {"Content-Type": "application/json"}

    answer = api("POST", GROUPS, data=body, headers=headers)

    assert refusal(answer)[:2] == (400, "invalid_data")
    assert ids(api.get(f"{GROUPS}?name={name}")) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", GROUPS, {"name": "A", "metadata": {"a": "\0"}}),
        ("POST", f"{GROUPS}/{NO_GROUP}/customers", {"add": ["\0"]}),
        ("POST", f"{GROUPS}/{NO_GROUP}/customers", {"remove": ["\0"]}),
        ("POST", CUSTOMERS, {"email": "a\0@b.example"}),
        ("GET", f"{GROUPS}/a%00b", None),
        ("DELETE", f"{GROUPS}/a%00b", None),
        ("PUT", f"{CUSTOMERS}/a%00b", {}),
        ("GET", f"{GROUPS}?name=%00", None),
        ("GET", f"{GROUPS}?%00=a", None),
        ("POST", "/auth/user/emailpass", {"email": "a@b.example", "password": "\0"}),
    ],
)
def test_nul_anywhere_is_400(api, method, path, body):
    assert refusal(api(method, path, body))[:2] == (400, "invalid_data")


def nested(levels: int) -> object:
    return {"a": nested(levels - 1)} if levels else 1


def of_size(size: int) -> dict[str, str]:
    return {"a": "x" * (size - len('{"a":""}'))}


BOUNDS = {
    "64 KiB": (of_size(65_536), of_size(65_537)),
    "200 keys": ({str(n): n for n in range(200)}, {str(n): n for n in range(201)}),
    "20 levels": (nested(20), nested(21)),
    "keys of 255 characters": ({"é" * 255: 1}, {"é" * 256: 1}),
    "inner keys of 255 characters": ({"a": {"x" * 255: 1}}, {"a": [{"x" * 256: 1}]}),
}


@pytest.mark.parametrize("bound", BOUNDS)
def test_metadata_has_bounds(api, bound):
    within, beyond = BOUNDS[bound]
    group = api.group(metadata=within)
    path = f"{GROUPS}/{group['id']}"

    assert group["metadata"] == within
    for answer in (
        api.post(GROUPS, {"name": unique("Big"), "metadata": beyond}),
        api.post(path, {"metadata": beyond}),
        api.patch(path, {"metadata": beyond}),
        api.post(CUSTOMERS, {"metadata": beyond}),
    ):
        assert refusal(answer)[:2] == (400, "invalid_data")
    assert group_of(api.get(path)) == group


def test_metadata_keeps_its_bounds_where_updates_add_up(api):
    half = {str(number): number for number in range(150)}
    group = api.group(metadata=half)
    path = f"{GROUPS}/{group['id']}"
    more = {f"more {number}": number for number in range(51)}

    for answer in (api.post(path, {"metadata": more}), api.patch(path, {"metadata": more})):
        assert refusal(answer)[:2] == (400, "invalid_data")
        assert answer.json()["code"] == "metadata-too-large"
    assert group_of(api.get(path)) == group
    del more["more 0"]
    assert len(group_of(api.post(path, {"metadata": more}))["metadata"]) == 200
