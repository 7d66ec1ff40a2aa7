"""A customer group from its creation to its deletion."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.answers import (
    CUSTOMERS,
    GROUP_KEYS,
    GROUPS,
    NO_CUSTOMER,
    NO_GROUP,
    TIME,
    ULID,
    events,
    group_of,
    listed,
    members,
)
from tests.serving import unique

# Shapes


def test_a_group_has_seven_keys_in_their_order(api):
    me = api.get("/admin/users/me").json()["user"]

    group = api.group()

    assert list(group) == GROUP_KEYS
    assert group["created_by"] == me["id"]
    assert group["created_by"].startswith("user_")
    assert (group["deleted_at"], group["metadata"]) == (None, None)


def test_the_id_of_a_group_is_a_ulid_with_its_prefix(api):
    assert re.fullmatch(f"cusgroup_{ULID}", api.group()["id"])


def test_a_group_reads_as_it_was_created(api):
    group = api.group(metadata={"source": "campaign"})

    assert group_of(api.get(f"{GROUPS}/{group['id']}")) == group


def test_times_are_utc_with_three_digits_of_a_second(api):
    before = datetime.now(UTC)

    group = api.group()

    assert TIME.fullmatch(group["created_at"])
    assert group["created_at"] == group["updated_at"]
    created = datetime.fromisoformat(group["created_at"])
    assert before - timedelta(milliseconds=1) <= created <= datetime.now(UTC)


def test_times_are_truncated_not_rounded(api):
    for _ in range(5):
        group = api.group()

        (created,) = events(api, group["id"])

        assert group["created_at"] == created["time"][:23] + "Z"


def test_create_answers_200_with_the_location(api):
    answer = api.post(GROUPS, {"name": unique("VIP")})

    assert answer.status_code == 200
    assert answer.headers["Location"] == f"{GROUPS}/{answer.json()['customer_group']['id']}"
    assert api.get(answer.headers["Location"]).json() == answer.json()


def test_envelopes_have_exactly_their_keys(api):
    group = api.group()
    path = f"{GROUPS}/{group['id']}"

    assert list(api.get(GROUPS).json()) == ["customer_groups", "count", "offset", "limit"]
    assert list(api.get(path).json()) == ["customer_group"]
    assert list(api.post(path, {}).json()) == ["customer_group"]
    assert list(api.post(f"{path}/customers", {}).json()) == ["customer_group"]


def test_answers_are_json_for_the_caller_alone(api):
    answer = api.get(GROUPS)

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("how", ["create", "update", "links"])
def test_every_post_answers_the_fields_it_is_asked_for(api, how):
    ada = api.customer(first_name="Ada")
    group = api.group()
    api.add(group["id"], ada["id"])
    path, body = {
        "create": (GROUPS, {"name": unique("New")}),
        "update": (f"{GROUPS}/{group['id']}", {"metadata": {"a": 1}}),
        "links": (f"{GROUPS}/{group['id']}/customers", {"add": [ada["id"]]}),
    }[how]

    answered = group_of(api.post(f"{path}?fields=name,customers.first_name", body))

    adas = [] if how == "create" else [{"id": ada["id"], "first_name": "Ada"}]
    assert list(answered) == ["id", "name", "customers"]
    assert answered["customers"] == adas


# Metadata


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({}, None),
        ({"metadata": None}, None),
        ({"metadata": {}}, {}),
        ({"metadata": {"a": "", "b": None}}, {"a": "", "b": None}),
        (
            {"metadata": {"a": {"b": [1, 2.5, True, "é", {}]}}},
            {"a": {"b": [1, 2.5, True, "é", {}]}},
        ),
    ],
)
def test_metadata_on_create_is_stored_as_it_is(api, given, stored):
    group = api.group(**given)

    assert group["metadata"] == stored
    assert group_of(api.get(f"{GROUPS}/{group['id']}"))["metadata"] == stored


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"z": 3}}, {"a": {"z": 3}}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": 1, "b": 2}, {"a": ""}, {"b": 2}),
        ({"a": 1}, {"a": ""}, {}),
        ({"a": 1}, {"missing": ""}, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, None, None),
        (None, {}, None),
        (None, {"a": 1}, {"a": 1}),
        ({"a": {"x": 1}}, {"a": {"x": ""}}, {"a": {"x": ""}}),
    ],
)
def test_an_update_merges_metadata_at_the_top_level(api, before, given, after):
    group = api.group(metadata=before)
    path = f"{GROUPS}/{group['id']}"

    updated = group_of(api.post(path, {"metadata": given}))

    assert updated["metadata"] == after
    assert group_of(api.get(path)) == updated


def test_metadata_keys_keep_the_order_they_came_in(api):
    group = api.group(metadata={"zebra": 1, "10": 2, "9": 3, "apple": {"z": 1, "a": 2}})
    path = f"{GROUPS}/{group['id']}"

    api.post(path, {"metadata": {"mango": 5, "10": "replaced", "aa": 6}})

    metadata = group_of(api.get(path))["metadata"]
    assert list(metadata) == ["zebra", "10", "9", "apple", "mango", "aa"]
    assert list(metadata["apple"]) == ["z", "a"]


# Updates


def test_an_update_renames_and_leaves_the_rest(api):
    group = api.group(metadata={"a": 1})
    name = unique("Gold")

    updated = group_of(api.post(f"{GROUPS}/{group['id']}", {"name": name}))

    assert updated == group | {"name": name, "updated_at": updated["updated_at"]}
    assert group_of(api.get(f"{GROUPS}/{group['id']}")) == updated


@pytest.mark.parametrize(
    "change", [{"name": "new"}, {"metadata": {"a": 2}}, {"metadata": {"b": 1}}, {"metadata": None}]
)
def test_updated_at_moves_with_the_name_and_the_metadata(api, change):
    group = api.group(metadata={"a": 1})
    if "name" in change:
        change = {"name": unique("new")}
    time.sleep(0.002)  # the shown millisecond is another one

    updated = group_of(api.post(f"{GROUPS}/{group['id']}", change))

    assert updated["updated_at"] > group["updated_at"]
    assert updated["created_at"] == group["created_at"]


@pytest.mark.parametrize(
    "change",
    [{}, {"metadata": {}}, {"metadata": {"a": 1}}, {"metadata": {"missing": ""}}, {"name": None}],
    ids=["nothing", "no key", "same value", "no such key", "own name"],
)
def test_what_changes_nothing_moves_nothing(api, change):
    group = api.group(metadata={"a": 1})
    if "name" in change:
        change = {"name": group["name"]}

    answer = api.post(f"{GROUPS}/{group['id']}", change)

    assert group_of(answer) == group
    assert len(events(api, group["id"])) == 1


@pytest.mark.parametrize("metadata", [{"b": 2}, {"a": ""}, None])
def test_a_refused_update_writes_nothing(api, metadata):
    taken = api.group()["name"]
    group = api.group(metadata={"a": 1})

    answer = api.post(f"{GROUPS}/{group['id']}", {"name": taken, "metadata": metadata})

    assert answer.status_code == 400
    assert group_of(api.get(f"{GROUPS}/{group['id']}")) == group
    assert len(events(api, group["id"])) == 1


# Deletion


def test_a_deletion_answers_the_same_every_time(api):
    group = api.group()
    expected = {"id": group["id"], "object": "customer_group", "deleted": True}

    answers = [api.delete(f"{GROUPS}/{group['id']}") for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, expected)] * 2
    assert list(answers[0].json()) == ["id", "object", "deleted"]
    assert api.get(f"{GROUPS}/{group['id']}").status_code == 404


def test_deleting_an_unknown_group_is_fine(api):
    answer = api.delete(f"{GROUPS}/{NO_GROUP}")

    assert answer.status_code == 200
    assert answer.json() == {"id": NO_GROUP, "object": "customer_group", "deleted": True}


def test_a_name_is_free_again_once_its_group_is_deleted(api):
    first = api.group()
    api.delete(f"{GROUPS}/{first['id']}")

    second = api.group(first["name"])
    third = api.group()
    api.delete(f"{GROUPS}/{second['id']}")
    renamed = group_of(api.post(f"{GROUPS}/{third['id']}", {"name": first["name"]}))

    assert second["name"] == renamed["name"] == first["name"]


# Members


def test_customers_are_added_and_removed_in_one_request(api):
    group = api.group()
    ada, bob, eve = api.customers(3)
    path = f"{GROUPS}/{group['id']}/customers"
    api.add(group["id"], ada, bob)

    answer = api.post(path, {"add": [eve], "remove": [ada]})

    assert group_of(answer) == group
    assert members(api, group["id"]) == {bob, eve}


def test_what_is_so_already_is_fine_and_changes_nothing(api):
    group = api.group()
    ada, bob = api.customers(2)
    path = f"{GROUPS}/{group['id']}/customers"
    api.add(group["id"], ada)
    recorded = len(events(api, group["id"]))

    for body in ({"add": [ada]}, {"remove": [bob]}, {"remove": [NO_CUSTOMER, "no id at all"]}, {}):
        assert group_of(api.post(path, body)) == group

    assert members(api, group["id"]) == {ada}
    assert len(events(api, group["id"])) == recorded


def test_a_change_of_members_does_not_move_updated_at(api):
    group = api.group()
    (ada,) = api.customers(1)
    path = f"{GROUPS}/{group['id']}"

    api.add(group["id"], ada)
    api.post(f"{path}/customers", {"remove": [ada]})

    assert len(events(api, group["id"])) == 3
    assert group_of(api.get(path))["updated_at"] == group["updated_at"]


def test_a_deleted_group_is_left_out_of_its_customers(api):
    group = api.group()
    (ada,) = api.customers(1)
    api.add(group["id"], ada)

    api.delete(f"{GROUPS}/{group['id']}")

    assert listed(api.get(f"{CUSTOMERS}/{ada}/customer-groups")) == []
