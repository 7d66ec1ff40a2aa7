"""What each event of a group changed, and finding it: filters, times, and fewer customer ids."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest

from tests.api.answers import GROUPS, events
from tests.api.test_history import history
from tests.serving import Api, unique


def topics(page):
    return [event["type"].split(".")[1] for event in page["events"]]


@pytest.fixture
def lived(api):
    """A group to which everything has happened, its names and its members."""
    old, new, back = unique("Old "), unique("New "), unique("Back ")
    ada, bob, eve = api.customers(3)
    group_id = api.group(old, metadata={"tier": 1, "gone": None})["id"]
    path = f"{GROUPS}/{group_id}"
    api.post(path, {"name": new, "metadata": {"tier": None, "gone": "", "made": [1]}})
    api.add(group_id, ada, bob, eve)
    api.post(f"{path}/customers", {"remove": [bob, eve]})
    api.patch(path, {"metadata": None})
    api.delete(path)
    api.post(f"{path}/restore", {"name": back})
    return group_id, (old, new, back), (ada, bob, eve)


def test_every_event_says_what_was_before_and_after(api, lived):
    group_id, (old, new, back), (ada, bob, eve) = lived

    told = history(api, group_id)["events"]

    assert [event["changes"] for event in reversed(told)] == [
        {
            "name": [None, old],
            "metadata": {"tier": [None, 1], "gone": [None, None]},
            "metadata_keys": {"added": ["tier", "gone"], "removed": []},
        },
        {"name": [old, new]},
        {
            "metadata": {"tier": [1, None], "made": [None, [1]], "gone": [None, None]},
            "metadata_keys": {"added": ["made"], "removed": ["gone"]},
        },
        {
            "customers": {"added": {"count": 3, "ids": [ada, bob, eve]}},
            "customers_count": [0, 3],
        },
        {"customers": {"removed": {"count": 2, "ids": [bob, eve]}}, "customers_count": [3, 1]},
        {
            "metadata": {"tier": [None, None], "made": [[1], None]},
            "metadata_keys": {"added": [], "removed": ["tier", "made"]},
        },
        {"deleted": [False, True]},
        {"deleted": [True, False], "name": [new, back]},
    ]


def test_a_group_without_metadata_begins_with_a_name_and_is_restored_under_the_same(api):
    group = api.group()
    path = f"{GROUPS}/{group['id']}"
    api.delete(path)
    api.post(f"{path}/restore")

    restored, deleted, created = history(api, group["id"])["events"]

    assert created["changes"] == {"name": [None, group["name"]]}
    assert deleted["changes"] == {"deleted": [False, True]}
    assert restored["changes"] == {"deleted": [True, False]}


def test_a_page_says_the_same_as_the_whole(api, lived):
    whole = history(api, lived[0])["events"]

    walked, cursor = [], None
    while cursor is not None or not walked:
        page = history(api, lived[0], limit=3, **({"cursor": cursor} if cursor else {}))
        walked += page["events"]
        cursor = page["next_cursor"]

    assert walked == whole


def test_it_is_filtered_by_type_in_all_spellings(api, lived):
    members = ["CustomersRemoved", "CustomersAdded"]
    for asked in (
        {"type": members},
        {"type[]": members},
        {"type[0]": members[0], "type[1]": members[1]},
        {"type": [f"customer-groups.{name}.v1" for name in members]},
    ):
        assert topics(history(api, lived[0], **asked)) == members
    assert topics(history(api, lived[0], type="GroupRestored")) == ["GroupRestored"]


def test_a_type_that_does_not_exist_is_refused(api, lived):
    answer = api.get(f"{GROUPS}/{lived[0]}/history", params={"type": ["Renamed", "renamed"]})

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "parameter": "type",
            "message": "Field 'type' accepts GroupCreated, Renamed, MetadataChanged,"
            " CustomersAdded, CustomersRemoved, GroupDeleted, GroupRestored, got: 'renamed'",
        }
    ]


def test_it_is_filtered_by_who_did_it(api, lived):
    path = f"{GROUPS}/{lived[0]}"
    key = api.post("/admin/api-keys", {"title": unique("Sync "), "type": "secret"}).json()
    script = Api(api.server, None)
    script.session.auth = (key["api_key"]["token"], "")
    script.post(path, {"metadata": {"by": "script"}})
    api.post(path, {"metadata": {"by": "admin"}})
    everything = history(api, lived[0])["events"]
    me, them = (everything[n]["actor"]["id"] for n in (0, 1))

    assert history(api, lived[0], actor=them)["events"] == everything[1:2]
    assert history(api, lived[0], actor=[them, me])["events"] == everything
    assert history(api, lived[0], actor=them, type="Renamed")["events"] == []
    assert history(api, lived[0], actor="user_nobody") == {"events": [], "next_cursor": None}


def test_it_is_filtered_by_time_both_ends_included(api, lived):
    whole = history(api, lived[0])["events"]
    since, until = whole[4]["time"], whole[2]["time"]

    between = history(api, lived[0], since=since, until=until)["events"]

    assert between == whole[2:5]
    zoned = datetime.fromisoformat(since).astimezone(None).isoformat()
    assert history(api, lived[0], since=zoned, until=until)["events"] == between
    later = (datetime.fromisoformat(since) + timedelta(days=1)).isoformat()
    assert history(api, lived[0], since=later)["events"] == []


def test_a_plus_that_arrived_as_a_blank_is_mended(api, lived):
    whole = history(api, lived[0])["events"]
    asked = urlencode({"until": whole[2]["time"].replace("Z", "+00:00")}).replace("%2B", "+")

    assert api.get(f"{GROUPS}/{lived[0]}/history?{asked}").json()["events"] == whole[2:]


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("text", ["2026-11-22", "yesterday", "", "2026-11-22T04:28:36"])
def test_a_time_has_its_zone(api, path, name, text):
    answer = api.get(f"{path}/history", params={name: text})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == name
    assert "a time with its zone" in answer.json()["message"]


def test_a_cursor_belongs_to_its_filters(api, lived):
    cursor = history(api, lived[0], limit=1, type="MetadataChanged")["next_cursor"]

    answer = api.get(f"{GROUPS}/{lived[0]}/history", params={"cursor": cursor, "type": "Renamed"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


@pytest.fixture
def bulk(api):
    """The id of a group with two events of many customers, and these."""
    ids = api.customers(12)
    group_id = api.group()["id"]
    api.add(group_id, *ids)
    api.post(f"{GROUPS}/{group_id}/customers", {"remove": ids})
    return group_id, ids


def test_all_customers_of_an_event_are_in_its_data_and_the_first_ten_in_its_changes(api, bulk):
    group_id, ids = bulk

    for event, what in zip(events(api, group_id), ("removed", "added"), strict=False):
        assert event["data"]["customer_ids"] == ids
        assert event["changes"]["customers"] == {what: {"count": 12, "ids": ids[:10]}}


def test_fewer_customer_ids_are_answered_on_request(api, bulk):
    group_id, ids = bulk

    for most in (0, 1, 11, 12, 1000):
        (event,) = history(api, group_id, ids=most, type=["CustomersAdded"])["events"]
        assert event["data"]["customer_ids"] == ids[:most]
        assert event["changes"]["customers"]["added"] == {"count": 12, "ids": ids[:most]}


@pytest.mark.parametrize("most", ["1001", "-1", "x", ""])
def test_an_event_names_at_most_1000_customers(api, path, most):
    answer = api.get(f"{path}/history", params={"ids": most})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "ids"


def test_a_short_history_stays_small_however_many_customers_it_tells_of(api, sized):
    ids = api.customers(sized(1_000, 5_000))
    group_id = api.group()["id"]
    api.add(group_id, *ids)

    answer = api.get(f"{GROUPS}/{group_id}/history", params={"limit": 5, "ids": 3})

    assert sum(e["changes"]["customers_count"][1] for e in answer.json()["events"][:1]) == len(ids)
    assert len(answer.content) < 6_000
