"""Bringing a deleted group back, with all that it had."""

import pytest

from tests.api.answers import CUSTOMERS, GROUP_KEYS, GROUPS, NO_GROUP, events, group_of, members
from tests.serving import unique


@pytest.fixture
def deleted(api):
    """A deleted group with metadata and three customers in it, and these."""
    ids = api.customers(3)
    group = api.group(metadata={"tier": 1})
    api.add(group["id"], *ids)
    api.delete(f"{GROUPS}/{group['id']}")
    return group, ids


def restored(api, group, body=None, **more):
    return api.post(f"{GROUPS}/{group['id']}/restore", body, **more)


def test_a_restored_group_is_what_it_was(api, deleted):
    group, ids = deleted

    answer = restored(api, group)

    assert list(group_of(answer)) == GROUP_KEYS
    assert group_of(answer) == group
    assert group_of(api.get(f"{GROUPS}/{group['id']}")) == group
    assert members(api, group["id"]) == set(ids)
    assert answer.headers["ETag"] == '"4"'
    newest = events(api, group["id"])[0]
    assert answer.headers["X-Position"] == str(newest["data"]["position"])
    assert newest["type"] == "customer-groups.GroupRestored.v1"


def test_the_answer_has_what_fields_ask_for(api, deleted):
    answer = restored(api, deleted[0], params={"fields": "name,customers_count,version"})

    assert group_of(answer) == {
        "id": deleted[0]["id"],
        "name": deleted[0]["name"],
        "customers_count": 3,
        "version": 4,
    }


def test_it_may_come_back_under_another_name(api, deleted):
    group, _ = deleted
    name = unique("Another ")

    answer = restored(api, group, {"name": f" {name} "})

    assert group_of(answer)["name"] == name
    assert group_of(answer)["updated_at"] > group["updated_at"]
    assert api.group(group["name"])["name"] == group["name"], "its old name is free"


def test_a_name_that_was_taken_meanwhile_is_refused(api, deleted):
    group, _ = deleted
    api.group(group["name"])

    answer = restored(api, group)

    assert (answer.status_code, answer.json()["code"]) == (400, "name-taken")
    message = f"Customer group with name: {group['name']}, already exists."
    assert answer.json()["message"] == message
    assert api.get(f"{GROUPS}/{group['id']}").status_code == 404
    assert group_of(restored(api, group, {"name": unique("Free ")}))


def test_a_group_that_is_not_deleted_is_refused(api, group):
    answer = restored(api, group)

    assert (answer.status_code, answer.json()["code"]) == (400, "group-not-deleted")
    assert answer.json()["message"] == f"Customer group with id: {group['id']} is not deleted"


def test_what_never_was_is_not_found(api):
    answer = restored(api, {"id": NO_GROUP})

    assert (answer.status_code, answer.json()["code"]) == (404, "group-not-found")
    assert answer.json()["message"] == f'Customer group with id "{NO_GROUP}" not found'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": None}, "Expected type: 'string' for field 'name', got: 'null'"),
        ({"title": "x"}, "Unrecognized fields: 'title'"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(api, deleted, body, message):
    answer = restored(api, deleted[0], body)

    assert (answer.status_code, answer.json()["message"]) == (400, f"Invalid request: {message}")


def test_if_match_names_the_version_that_was_deleted(api, deleted):
    group, _ = deleted

    late = restored(api, group, headers={"If-Match": '"2"'})
    in_time = restored(api, group, headers={"If-Match": '"3"'})

    assert (late.status_code, late.json()["current"]) == (412, 3)
    assert [event["data"]["version"] for event in late.json()["events"]] == [3]
    assert group_of(in_time) == group


def test_a_repeat_is_answered_as_the_first_time(api, deleted):
    once = {"Idempotency-Key": unique("restore")}

    first = restored(api, deleted[0], headers=once)
    again = restored(api, deleted[0], headers=once)

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    assert again.headers["X-Position"] == first.headers["X-Position"]
    assert len(events(api, deleted[0]["id"])) == 4


def test_it_says_who_did_it_and_why(api, deleted):
    restored(api, deleted[0], headers={"X-Reason": "one%20too%20many"})

    newest = events(api, deleted[0]["id"])[0]

    assert newest["data"]["reason"] == "one too many"
    assert newest["actor"]["label"]


def test_a_customer_that_was_erased_meanwhile_does_not_come_back(api, deleted):
    group, ids = deleted
    api.delete(f"{CUSTOMERS}/{ids[0]}")

    answer = restored(api, group, params={"fields": "+customers_count"})

    assert group_of(answer)["customers_count"] == 2
    assert members(api, group["id"]) == set(ids[1:])


def test_every_page_of_a_large_group_is_what_it_was(api, sized):
    ids = api.customers(sized(40, 10_000))
    group = api.group(metadata={"a": 1})
    path = f"{GROUPS}/{group['id']}"
    for start in range(0, len(ids), 1_000):
        api.add(group["id"], *ids[start : start + 1_000])
    asked = {"limit": sized(9, 1_000)}
    detail = api.get(path, params={"fields": "+customers_count"}).json()
    pages = api.walk(f"{path}/customers", "customers", **asked)

    api.delete(path)
    assert api.get(f"{path}/customers").status_code == 404
    assert restored(api, group).status_code == 200

    assert api.get(path, params={"fields": "+customers_count"}).json() == detail
    assert detail["customer_group"]["customers_count"] == len(ids)
    assert api.walk(f"{path}/customers", "customers", **asked) == pages
