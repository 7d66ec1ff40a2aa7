"""For whoever mirrors customers from elsewhere: PUT, lookup, a customer's groups, the check."""

import http.client

import pytest

from tests.api.answers import CUSTOMERS, GROUPS
from tests.serving import signed_in, unique

FIELDS = {
    "company_name": "Acme",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "+49 30 1",
    "metadata": {"tier": 1},
    "has_account": True,
}


def fields():
    return FIELDS | {"email": f"{unique('ada')}@shop.example"}


@pytest.fixture
def path():
    """The path of a customer that is not there yet."""
    return f"{CUSTOMERS}/{unique('shop-')}"


# PUT


def test_a_customer_is_put_under_an_id_of_its_own(api, path):
    body = fields()

    answer = api.put(path, body)

    customer = answer.json()["customer"]
    assert (answer.status_code, answer.headers["Location"]) == (201, path)
    assert len(customer) == 12
    assert customer["id"] == path.rpartition("/")[2]
    assert {key: customer[key] for key in body} == body
    assert customer["created_by"].startswith("user_")
    assert customer["created_at"] == customer["updated_at"]
    assert api.get(path).json() == answer.json()


def test_what_is_left_out_becomes_null(api, path):
    first = api.put(path, fields()).json()["customer"]

    answer = api.put(path, {"first_name": "Bea"})

    customer = answer.json()["customer"]
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    kept = {key: first[key] for key in ("id", "created_by", "created_at", "deleted_at")}
    nulls = dict.fromkeys(["company_name", "last_name", "email", "phone", "metadata"])
    expected = kept | nulls | {"first_name": "Bea", "has_account": False}
    assert {key: customer[key] for key in expected} == expected
    assert customer["updated_at"] > first["updated_at"]


def test_what_is_equal_already_stays_as_it_was(api, path):
    body = fields()
    first = api.put(path, body)

    again = api.put(path, body)

    assert again.status_code == 200
    assert again.json() == first.json()


def test_metadata_is_replaced_and_not_merged(api, path):
    api.put(path, fields())

    answer = api.put(path, {"metadata": {"b": ""}})

    assert answer.json()["customer"]["metadata"] == {"b": ""}


def test_a_replaced_customer_stays_in_its_groups(api, path):
    customer_id = api.put(path, fields()).json()["customer"]["id"]
    group = api.group()
    api.add(group["id"], customer_id)

    api.put(path, {"first_name": "Bea"})

    (member,) = api.get(f"{GROUPS}/{group['id']}/customers").json()["customers"]
    assert (member["id"], member["first_name"]) == (customer_id, "Bea")


def test_a_deleted_id_may_be_put_again_and_its_memberships_do_not_come_back(api, path):
    body = fields()
    customer_id = api.put(path, body).json()["customer"]["id"]
    group = api.group()
    api.add(group["id"], customer_id)
    api.delete(path)

    answer = api.put(path, body)

    assert answer.status_code == 201
    assert api.get(f"{GROUPS}/{group['id']}/customers").json()["count"] == 0
    assert api.get(f"{path}/customer-groups").json()["customer_groups"] == []


def test_a_put_that_is_refused_writes_nothing(api, path):
    taken = api.customer()["email"]
    before = api.put(path, fields()).json()

    refused = [
        api.put(path, {"email": taken}),
        api.put(path, {"email": "nobody"}),
        api.put(path, {"has_account": "yes"}),
        api.put(path, {"id": "other"}),
        api.put(path, {"first_name": 5}),
    ]

    assert [answer.status_code for answer in refused] == [400] * 5
    assert refused[0].json()["message"] == (
        f"Customer with email: {taken}, has_account: false, already exists."
    )
    assert refused[3].json()["message"] == "Invalid request: Unrecognized fields: 'id'"
    assert api.get(path).json() == before


def test_one_email_may_stand_with_and_without_an_account(api, path):
    email = api.customer()["email"]

    answer = api.put(path, {"email": email, "has_account": True})

    assert answer.status_code == 201


def ask(api, method, path):
    """Send a path as it is written: clients tidy up dots before they send them."""
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=30)
    headers = {"Authorization": api.session.headers["Authorization"]}
    connection.request(method, path, body=b"{}", headers=headers | {"Content-Type": JSON})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


JSON = "application/json"


@pytest.mark.parametrize("id", ["x", "!$&'()*+;=:~^`{|}\"<>[]", "x" * 128, "a.b", "...", "%41-c"])
def test_an_id_is_visible_ascii(api, id):
    written = "".join(f"%{ord(letter):02X}" for letter in id) if "%" not in id else id

    status, text = ask(api, "PUT", f"{CUSTOMERS}/{written}")

    assert status in (200, 201), text
    assert ask(api, "GET", f"{CUSTOMERS}/{written}")[0] == 200


@pytest.mark.parametrize(
    "written",
    [
        *(".", "..", "%2E", "%2e%2e", "a%20b", "a%3Fb", "a%23b", "a%25b", "a%2Cb", "a,b", "a%5Cb"),
        *("%C3%A9", "a%0Ab", "%FF", "x" * 129, "ada@shop.example"),
    ],
)
def test_any_other_id_is_refused(api, written):
    status, text = ask(api, "PUT", f"{CUSTOMERS}/{written}")

    assert status == 400, text
    assert "customer id" in text
    assert ask(api, "GET", f"{CUSTOMERS}/{written}")[0] == 404


def test_an_id_with_a_slash_is_no_route(api):
    assert ask(api, "PUT", f"{CUSTOMERS}/a/b")[0] == 404
    assert ask(api, "PUT", f"{CUSTOMERS}/a%2Fb")[0] == 404


def test_a_setting_allows_ids_that_hold_an_at(start):
    open_api = signed_in(start(ALLOW_AT_IN_IDS="yes"))

    assert open_api.put(f"{CUSTOMERS}/ada@shop.example", {}).status_code == 201


# Lookup


def look_up(api, *values, **more):
    answer = api.post(f"{CUSTOMERS}/lookup", {"values": [*values]} | more)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["results"]
    return answer.json()["results"]


def test_ids_and_emails_are_looked_up_in_the_order_asked(api):
    ada, bob = api.customer(), api.customer()

    results = look_up(api, bob["email"], "nobody", ada["id"], bob["id"], ada["id"])

    assert results == [
        {"value": bob["email"], "customer_ids": [bob["id"]], "member": None},
        {"value": "nobody", "customer_ids": [], "member": None},
        {"value": ada["id"], "customer_ids": [ada["id"]], "member": None},
        {"value": bob["id"], "customer_ids": [bob["id"]], "member": None},
        {"value": ada["id"], "customer_ids": [ada["id"]], "member": None},
    ]


def test_emails_are_looked_up_case_blind_and_ids_are_not(api):
    ada = api.customer(email=f"Ada.{unique('É')}@Shop.example".replace("É", "E"))

    upper, lower, id_upper = look_up(
        api, ada["email"].upper(), ada["email"].lower(), ada["id"].lower()
    )

    assert upper["customer_ids"] == lower["customer_ids"] == [ada["id"]]
    assert upper["value"] == ada["email"].upper()
    assert id_upper["customer_ids"] == []


def test_an_email_may_name_several_customers(api):
    ada = api.customer()
    twin = unique("twin")
    api.put(f"{CUSTOMERS}/{twin}", {"email": ada["email"], "has_account": True})

    (result,) = look_up(api, ada["email"])

    assert sorted(result["customer_ids"]) == sorted([ada["id"], twin])


def test_with_a_group_the_lookup_says_who_is_a_member(api):
    inside, outside = api.customer(), api.customer()
    group = api.group()
    api.add(group["id"], inside["id"])

    results = look_up(
        api, inside["email"], inside["id"], outside["id"], "nobody", group_id=group["id"]
    )

    assert [result["member"] for result in results] == [True, True, False, None]


def test_of_several_customers_one_member_is_enough(api):
    ada = api.customer()
    twin = unique("twin")
    api.put(f"{CUSTOMERS}/{twin}", {"email": ada["email"], "has_account": True})
    group = api.group()
    api.add(group["id"], twin)

    (result,) = look_up(api, ada["email"], group_id=group["id"])

    assert result["member"] is True


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"values": []}, 400),
        ({"values": ["x"] * 1001}, 400),
        ({"values": ["x"] * 1000}, 200),
        ({"values": [5]}, 400),
        ({"values": "x"}, 400),
        ({"values": ["x"], "group": "y"}, 400),
        ({"values": ["x"], "group_id": "cusgroup_none"}, 404),
    ],
)
def test_a_lookup_takes_1_to_1000_values_and_a_living_group(api, body, status):
    answer = api.post(f"{CUSTOMERS}/lookup", body)

    assert answer.status_code == status, answer.text


# A customer's groups


@pytest.fixture
def joined(api):
    """A customer and the ids of its three groups, by name."""
    customer = api.customer()
    word = unique("joined")
    groups = [api.group(f"{letter} {word}")["id"] for letter in "cab"]
    for group_id in groups:
        api.add(group_id, customer["id"])
    api.group(f"d {word}")
    return customer["id"], word, [groups[1], groups[2], groups[0]]


def test_a_customers_groups_have_the_envelope_of_the_group_list(api, joined):
    customer_id, _, by_name = joined
    path = f"{CUSTOMERS}/{customer_id}/customer-groups"

    answer = api.get(path, params={"order": "name", "limit": 2, "offset": 1}).json()

    assert list(answer) == ["customer_groups", "count", "offset", "limit"]
    assert [row["id"] for row in answer["customer_groups"]] == by_name[1:]
    assert (answer["count"], answer["offset"], answer["limit"]) == (3, 1, 2)
    whole = api.get(GROUPS, params={"id": by_name[1]}).json()["customer_groups"]
    assert answer["customer_groups"][:1] == whole


def test_a_customers_groups_take_the_parameters_of_the_group_list(api, joined):
    customer_id, word, by_name = joined
    path = f"{CUSTOMERS}/{customer_id}/customer-groups"

    def found(**asked):
        answer = api.get(path, params={"order": "name"} | asked)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["customer_groups"]]

    assert found(q=f"A {word}") == by_name[:1]
    assert found(**{"id[]": by_name[1:]}) == by_name[1:]
    assert found(name=f"c {word}") == by_name[2:]
    assert found(**{"customers_count[$gte]": 2}) == []
    assert found(order="-name") == by_name[::-1]
    assert found(customers="cus_none") == []
    assert found(**{"$or[0][id]": by_name[0], "$or[1][id]": by_name[2]}) == by_name[::2]
    walked = api.walk(path, "customer_groups", order="name", limit=1)
    assert [row["id"] for row in walked] == by_name
    asked = {"fields": "customers_count,*customers", "id": by_name[0]}
    (row,) = api.get(path, params=asked).json()["customer_groups"]
    assert row["customers_count"] == 1
    assert [member["id"] for member in row["customers"]] == [customer_id]
    assert api.get(path, params={"colour": "red"}).status_code == 400


def test_a_deleted_group_is_none_of_a_customers_groups(api, joined):
    customer_id, _, by_name = joined
    api.delete(f"{GROUPS}/{by_name[0]}")
    path = f"{CUSTOMERS}/{customer_id}/customer-groups"

    answer = api.get(path, params={"order": "name"}).json()

    assert [row["id"] for row in answer["customer_groups"]] == by_name[1:]
    assert answer["count"] == 2


def test_the_groups_of_an_unknown_customer_are_404(api):
    answer = api.get(f"{CUSTOMERS}/cus_none/customer-groups")

    assert (answer.status_code, answer.json()["code"]) == (404, "customer-not-found")


# The check


def check(api, customer_ids, group_ids):
    body = {"customer_ids": customer_ids, "group_ids": group_ids}
    answer = api.post("/admin/memberships/check", body)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["memberships"]
    return answer.json()["memberships"]


def test_every_asked_customer_is_answered_with_its_groups_among_the_asked(api):
    ada, bob, cleo = api.customers(3)
    first, second, third, gone = (api.group()["id"] for _ in range(4))
    api.add(first, ada, bob)
    api.add(second, ada)
    api.add(third, ada)
    api.add(gone, ada)
    api.delete(f"{GROUPS}/{gone}")

    asked = [cleo, ada, bob, "cus_none"]
    memberships = check(api, asked, [second, first, gone, "cusgroup_none"])

    assert list(memberships) == asked
    assert sorted(memberships[ada]) == sorted([first, second])
    assert memberships[bob] == [first]
    assert memberships[cleo] == memberships["cus_none"] == []
    assert check(api, [ada], []) == {ada: []}
    assert check(api, [], [first]) == {}


def test_a_thousand_customers_and_a_hundred_groups_are_checked_at_once(api):
    group = api.group()
    members = api.customers(1000)
    api.add(group["id"], *members)

    memberships = check(api, members, [group["id"], *(f"cusgroup_{n}" for n in range(99))])

    assert memberships == {member: [group["id"]] for member in members}


@pytest.mark.parametrize(
    "body",
    [
        {"customer_ids": ["x"]},
        {"group_ids": ["x"]},
        {"customer_ids": [f"c{n}" for n in range(1001)], "group_ids": []},
        {"customer_ids": [], "group_ids": [f"g{n}" for n in range(101)]},
        {"customer_ids": [None], "group_ids": []},
    ],
)
def test_a_check_of_another_shape_is_refused(api, body):
    answer = api.post("/admin/memberships/check", body)

    assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")
