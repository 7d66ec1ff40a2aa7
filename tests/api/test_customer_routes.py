"""Customers, and their groups from their side."""

import re
import time

import pytest

from tests.api.answers import (
    CUSTOMER_KEYS,
    CUSTOMERS,
    GROUP_KEYS,
    GROUPS,
    NO_CUSTOMER,
    NO_GROUP,
    TIME,
    ULID,
    customer_of,
    events,
    ids,
    invalid,
    listed,
    members,
    refusal,
)
from tests.serving import Api, unique

EVERYTHING = {
    "company_name": "Analytical Engines",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "+44 20 7946 0000",
    "metadata": {"z": 1, "a": {"b": [None, ""]}},
}


def address(customer: str) -> str:
    return f"{CUSTOMERS}/{customer}"


# Shapes


def test_a_customer_has_twelve_keys_in_their_order(api):
    me = api.get("/admin/users/me").json()["user"]
    email = f"{unique('ada')}@shop.example"

    customer = api.customer(**EVERYTHING, email=email)

    assert list(customer) == CUSTOMER_KEYS
    assert re.fullmatch(f"cus_{ULID}", customer["id"])
    assert TIME.fullmatch(customer["created_at"])
    assert customer == EVERYTHING | {
        "id": customer["id"],
        "email": email,
        "has_account": False,
        "created_by": me["id"],
        "created_at": customer["created_at"],
        "updated_at": customer["created_at"],
        "deleted_at": None,
    }


def test_create_answers_200_with_the_location(api):
    answer = api.post(CUSTOMERS, {"first_name": "Ada"})

    assert answer.status_code == 200
    assert list(answer.json()) == ["customer"]
    assert answer.headers["Location"] == address(answer.json()["customer"]["id"])
    assert api.get(answer.headers["Location"]).json() == answer.json()


def test_envelopes_have_exactly_their_keys(api):
    path = address(api.customer()["id"])

    assert list(api.get(CUSTOMERS).json()) == ["customers", "count", "offset", "limit"]
    for answer in (api.get(path), api.post(path, {}), api.post(f"{path}/customer-groups", {})):
        assert list(answer.json()) == ["customer"]


def test_a_customer_keeps_the_id_it_was_put_or_imported_with(api):
    put, (imported,) = unique("shop-7."), api.customers(1)

    assert customer_of(api.put(address(put), {}))["id"] == put
    assert customer_of(api.get(address(put)))["id"] == put
    assert customer_of(api.get(address(imported)))["id"] == imported


@pytest.mark.parametrize("body", [None, {}, dict.fromkeys([*EVERYTHING, "email"])])
def test_every_field_may_be_null_or_left_out(api, body):
    customers = [customer_of(api.post(CUSTOMERS, body)) for _ in range(2)]

    for customer in customers:
        assert [customer[field] for field in [*EVERYTHING, "email"]] == [None] * 6


def test_additional_data_is_accepted_and_ignored(api):
    customer = customer_of(api.post(CUSTOMERS, {"additional_data": {"loyal": True}}))

    updated = customer_of(api.post(address(customer["id"]), {"additional_data": None}))

    assert updated == customer
    assert list(customer) == CUSTOMER_KEYS


# Changes


def test_an_update_changes_what_is_given_and_leaves_the_rest(api):
    customer = api.customer(**EVERYTHING)
    time.sleep(0.002)

    updated = customer_of(
        api.post(address(customer["id"]), {"first_name": "Augusta", "phone": None})
    )

    assert updated["updated_at"] > customer["updated_at"]
    changed = {"first_name": "Augusta", "phone": None, "updated_at": updated["updated_at"]}
    assert updated == customer | changed
    assert customer_of(api.get(address(customer["id"]))) == updated


def test_metadata_of_a_customer_is_merged_as_that_of_a_group(api):
    path = address(api.customer(metadata={"z": 1, "a": 2, "b": {"x": 1}})["id"])

    merged = customer_of(api.post(path, {"metadata": {"new": None, "a": "", "b": {"y": 2}}}))
    cleared = customer_of(api.post(path, {"metadata": None}))

    assert list(merged["metadata"].items()) == [("z", 1), ("b", {"y": 2}), ("new", None)]
    assert cleared["metadata"] is None


def test_an_update_that_changes_nothing_moves_nothing(api):
    customer = api.customer(**EVERYTHING)
    path = address(customer["id"])

    for body in ({}, {"first_name": "Ada"}, {"email": customer["email"]}, {"metadata": {}}):
        assert customer_of(api.post(path, body)) == customer


def test_a_deletion_answers_the_same_every_time(api):
    id = api.customer()["id"]

    for customer in (id, id, NO_CUSTOMER):
        answer = api.delete(address(customer))
        assert answer.status_code == 200
        assert answer.json() == {"id": customer, "object": "customer", "deleted": True}

    assert api.get(address(id)).status_code == 404
    assert api.post(address(id), {}).status_code == 404


def test_a_deleted_customer_leaves_all_its_groups(api):
    ada, bob = api.customer()["id"], api.customer()["id"]
    groups = [api.group()["id"] for _ in range(2)]
    for group in groups:
        api.add(group, ada, bob)

    api.delete(address(ada))

    for group in groups:
        assert members(api, group) == {bob}
        assert api.get(f"{GROUPS}/{group}?fields=customers_count").json()["customer_group"] == {
            "id": group,
            "customers_count": 1,
        }
        assert events(api, group)[0]["data"]["customer_ids"] == [ada]


def test_the_email_of_a_deleted_customer_is_free(api):
    ada = api.customer()
    assert api.post(CUSTOMERS, {"email": ada["email"]}).status_code == 400

    api.delete(address(ada["id"]))

    assert customer_of(api.post(CUSTOMERS, {"email": ada["email"]}))["email"] == ada["email"]


def test_an_email_that_was_given_up_is_free(api):
    ada, bob = api.customer(), api.customer()

    api.post(address(ada["id"]), {"email": None})

    assert customer_of(api.post(address(bob["id"]), {"email": ada["email"]}))["id"] == bob["id"]


def test_an_email_may_be_taken_with_and_without_an_account(api):
    ada = api.customer()
    body = {"email": ada["email"], "has_account": True}

    customer_of(api.put(address(unique("cus_")), body))

    message = f"Customer with email: {ada['email']}, has_account: true, already exists."
    assert refusal(api.put(address(unique("cus_")), body)) == (400, "invalid_data", message)
    assert api.get(f"{CUSTOMERS}?email={ada['email']}").json()["count"] == 2


# The list


@pytest.fixture(scope="module")
def people(server, token):
    """Four customers that share a word, by their first names; Ada has an account.

    Ada and Bob are in the group "both", Bob and Eve in "late", Zoë is in none.
    """
    api, word = Api(server, token), unique("people")
    rows = {
        "Ada": {"company_name": f"{word} Engines", "email": f"ada@{word}.example",
                "last_name": "Lovelace", "has_account": True},
        "bob": {"last_name": f"O'{word}", "email": f"Bob@{word}.example"},
        "Eve": {"phone": f"+49 {word} 100%", "last_name": "adams"},
        "Zoë": {"email": f"{word}@zoë.example", "last_name": None},
    }  # fmt: skip
    customers = {}
    for first_name, row in rows.items():
        answer = api.put(address(unique("cus_")), row | {"first_name": first_name})
        customers[first_name] = customer_of(answer)
        time.sleep(0.002)  # each has a millisecond of its own
    groups = {"both": ("Ada", "bob"), "late": ("bob", "Eve")}
    made = {name: api.group()["id"] for name in groups}
    for name, inside in groups.items():
        api.add(made[name], *(customers[first_name]["id"] for first_name in inside))
    return word, customers, made


@pytest.fixture
def found(api, people):
    """The first names among these people that a query string finds, in the order of the answer."""
    word, customers, groups = people

    def find(query: str) -> list[str]:
        for name, customer in customers.items():
            query = query.replace(f"<{name}>", customer["id"])
        for name, group in groups.items():
            query = query.replace(f"<{name}>", group)
        answer = api.get(f"{CUSTOMERS}?q={word}&{query.replace('<word>', word)}")
        assert answer.json()["count"] == len(listed(answer))
        return [customer["first_name"] for customer in listed(answer)]

    return find


EVERYBODY = ["Ada", "bob", "Eve", "Zoë"]


def test_the_search_looks_at_company_names_email_and_phone(found):
    assert found("order=created_at") == EVERYBODY


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("engines", ["Ada"]),
        ("LOVE", ["Ada"]),
        ("ada", ["Ada", "Eve"]),
        ("ada engines", ["Ada"]),
        ("ada bob", []),
        ("o'", ["bob"]),
        ("100%", ["Eve"]),
        ("+49", ["Eve"]),
        ("zoË", ["Zoë"]),
        ("x%", []),
    ],
)
def test_every_word_must_hit(api, people, words, names):
    answer = api.get(CUSTOMERS, params={"q": f"{people[0]} {words}", "order": "created_at"})

    assert [customer["first_name"] for customer in listed(answer)] == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("groups=<both>", ["Ada", "bob"]),
        ("groups=<both>&groups=<late>", ["Ada", "bob", "Eve"]),
        ("groups[]=<both>&groups[]=<late>", ["Ada", "bob", "Eve"]),
        ("groups[0]=<both>&groups[1]=<late>", ["Ada", "bob", "Eve"]),
        ("groups[id]=<late>", ["bob", "Eve"]),
        ("groups[id][]=<late>", ["bob", "Eve"]),
        ("groups[id][0]=<both>&groups[id][1]=<late>", ["Ada", "bob", "Eve"]),
        (f"groups={NO_GROUP}", []),
        ("email=ada@<word>.example", ["Ada"]),
        ("email[]=ada@<word>.example&email[]=Bob@<word>.example", ["Ada", "bob"]),
        ("email=<word>@zoe%CC%88.example", ["Zoë"]),
        ("email[0]=nobody@<word>.example", []),
        ("has_account=true", ["Ada"]),
        ("has_account=false", ["bob", "Eve", "Zoë"]),
        ("id=<Eve>&id=<Zoë>", ["Eve", "Zoë"]),
        ("id[0]=<Eve>", ["Eve"]),
        ("has_account=false&groups=<both>", ["bob"]),
        ("$or[0][has_account]=true&$or[1][groups]=<late>", ["Ada", "bob", "Eve"]),
        ("$and[0][groups]=<both>&$and[1][groups]=<late>", ["bob"]),
        ("created_at[$gte]=2000-01-01", EVERYBODY),
        ("updated_at[$lt]=2000-01-01", []),
        ("with_deleted=true", EVERYBODY),
    ],
)
def test_customers_are_filtered(found, query, names):
    assert found(f"order=created_at&{query}") == names


@pytest.mark.parametrize("column", ["created_at", "updated_at"])
def test_times_are_compared_at_the_shown_millisecond(found, people, column):
    bound = people[1]["Eve"][column]

    assert found(f"order=created_at&{column}[$gte]={bound}") == ["Eve", "Zoë"]
    assert found(f"order=created_at&{column}[$gt]={bound}") == ["Zoë"]
    assert found(f"order=created_at&{column}[$lte]={bound}") == ["Ada", "bob", "Eve"]
    assert found(f"order=created_at&{column}[$lt]={bound}") == ["Ada", "bob"]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("id", EVERYBODY),
        ("created_at", EVERYBODY),
        ("updated_at", EVERYBODY),
        ("first_name", EVERYBODY),
        ("last_name", ["Zoë", "Eve", "Ada", "bob"]),
        ("email", ["Eve", "Ada", "bob", "Zoë"]),
        ("has_account", ["bob", "Eve", "Zoë", "Ada"]),
    ],
)
def test_customers_are_ordered(found, order, names):
    assert found(f"order={order}") == names
    assert found(f"order=-{order}") == names[::-1]


def test_fifty_customers_by_id_are_the_default(api):
    api.customers(60)

    answer = api.get(CUSTOMERS).json()

    page = [customer["id"] for customer in answer["customers"]]
    assert (answer["offset"], answer["limit"]) == (0, 50)
    assert page == sorted(page)
    assert len(page) == 50
    assert answer["count"] >= 60


def test_pages_add_up_to_the_whole(api, people):
    word = people[0]
    whole = ids(api.get(f"{CUSTOMERS}?q={word}"))

    pages = [ids(api.get(f"{CUSTOMERS}?q={word}&limit=3&offset={offset}")) for offset in (0, 3, 6)]

    assert [len(page) for page in pages] == [3, 1, 0]
    assert [id for page in pages for id in page] == whole


def test_the_count_follows_every_creation_and_deletion(api):
    count = api.get(CUSTOMERS).json()["count"]

    customer = api.customer()
    counts = [api.get(CUSTOMERS).json()["count"]]
    api.delete(address(customer["id"]))
    counts.append(api.get(f"{CUSTOMERS}?limit=0").json()["count"])

    assert counts == [count + 1, count]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("name=x", "Unrecognized fields: 'name'"),
        ("has_account=yes", "Expected type: 'boolean' for field 'has_account', got: 'yes'"),
        ("fields[]=id", "Expected type: 'string' for field 'fields', got: '[\"id\"]'"),
    ],
)
def test_a_wrong_query_is_refused(api, query, message):
    assert refusal(api.get(f"{CUSTOMERS}?{query}")) == invalid(message)


# Fields


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("fields=email", ["id", "email"]),
        ("fields=-id,-deleted_at", CUSTOMER_KEYS[:-1]),
        ("fields=*groups", [*CUSTOMER_KEYS, "groups"]),
        ("fields=id,*groups", ["id", "groups"]),
        ("fields=+groups.name", [*CUSTOMER_KEYS, "groups"]),
        ("fields=groups", ["id"]),
        ("fields=customers.id", ["id"]),
        ("fields=", ["id"]),
        ("fields=*", CUSTOMER_KEYS),
    ],
)
def test_fields_choose_the_keys(api, people, query, keys):
    path, id = address(people[1]["bob"]["id"]), people[1]["bob"]["id"]

    alone = customer_of(api.get(f"{path}?{query}"))
    (in_list,) = listed(api.get(f"{CUSTOMERS}?id={id}&{query}"))
    updated = customer_of(api.post(f"{path}?{query}", {}))
    linked = customer_of(api.post(f"{path}/customer-groups?{query}", {}))

    assert list(alone) == keys
    assert alone == in_list == updated == linked


def test_a_creation_answers_the_fields_it_is_asked_for(api):
    answer = api.post(f"{CUSTOMERS}?fields=first_name,*groups", {"first_name": "Ada"})

    assert list(customer_of(answer)) == ["id", "first_name", "groups"]
    assert customer_of(answer)["groups"] == []


def test_groups_are_embedded_whole_or_by_key(api, people):
    _, customers, groups = people
    path = address(customers["bob"]["id"])

    whole = customer_of(api.get(f"{path}?fields=*groups"))["groups"]
    counts = customer_of(api.get(f"{path}?fields=groups.customers_count"))["groups"]

    assert all(list(group) == GROUP_KEYS for group in whole)
    assert {group["id"] for group in whole} == set(groups.values())
    assert sorted(counts, key=lambda group: group["id"]) == [
        {"id": id, "customers_count": 2} for id in sorted(groups.values())
    ]


# The mirror of the group's route


def mirror(api: Api, customer: str, **change: list[str]):
    return api.post(f"{address(customer)}/customer-groups", change)


def groups_of(api: Api, customer: str) -> set[str]:
    return set(ids(api.get(f"{address(customer)}/customer-groups")))


def test_a_customer_joins_and_leaves_groups_in_one_request(api):
    ada = api.customer()
    vip, gold, late = (api.group()["id"] for _ in range(3))
    api.add(vip, ada["id"])

    answer = mirror(api, ada["id"], add=[gold, late], remove=[vip])

    assert customer_of(answer) == ada
    assert groups_of(api, ada["id"]) == {gold, late}
    assert members(api, vip) == set()
    assert members(api, gold) == {ada["id"]}


def test_what_is_so_already_is_fine_and_changes_nothing(api):
    ada, vip, gold = api.customer(), api.group()["id"], api.group()["id"]
    api.add(vip, ada["id"])

    for change in ({"add": [vip]}, {"remove": [gold]}, {"remove": [NO_GROUP, "X"]}, {}):
        assert customer_of(mirror(api, ada["id"], **change)) == ada

    assert groups_of(api, ada["id"]) == {vip}
    assert len(events(api, vip)) == 2


def test_an_unknown_group_in_add_leaves_everything_as_it_was(api):
    ada, vip, gold = api.customer()["id"], api.group()["id"], api.group()["id"]
    api.add(vip, ada)

    answer = mirror(api, ada, add=[gold, NO_GROUP], remove=[vip])

    assert answer.status_code == 404
    assert groups_of(api, ada) == {vip}
