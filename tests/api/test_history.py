"""The history of a group: who did what, when, in which request and why."""

import re

import pytest

from tests.api.answers import GROUPS
from tests.serving import ADMIN_EMAIL, Api, unique

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def lived(api):
    """The id of a group with a life of eight events, and the customer that came and went."""
    (member,) = api.customers(1)
    group_id = api.group(metadata={"a": 1})["id"]
    path = f"{GROUPS}/{group_id}"
    api.post(path, {"name": unique("Renamed "), "metadata": {"b": 2, "a": ""}})
    api.add(group_id, member)
    api.post(f"{path}/customers", {"remove": [member]})
    api.patch(path, {"metadata": None})
    api.add(group_id, member)
    api.delete(path)
    return group_id, member


def history(api, group_id, **asked):
    answer = api.get(f"{GROUPS}/{group_id}/history", params=asked)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["events", "next_cursor"]
    return answer.json()


def test_history_tells_every_event_of_a_group_newest_first_also_of_a_deleted_one(api, lived):
    group_id, member = lived

    events = history(api, group_id)["events"]

    assert [event["type"].split(".")[1] for event in events] == [
        "GroupDeleted",
        "CustomersAdded",
        "MetadataChanged",
        "CustomersRemoved",
        "CustomersAdded",
        "MetadataChanged",
        "Renamed",
        "GroupCreated",
    ]
    assert [event["data"]["version"] for event in events] == [8, 7, 6, 5, 4, 3, 2, 1]
    times = [event["time"] for event in events]
    assert times == sorted(times, reverse=True)
    assert events[1]["data"]["customer_ids"] == [member]
    assert events[2]["data"]["cleared"] is True
    assert (events[5]["data"]["set"], events[5]["data"]["removed"]) == ({"b": 2}, ["a"])


def test_an_event_has_its_published_form_and_who_did_it(api, lived):
    newest = history(api, lived[0], limit=1)["events"][0]
    position = newest["data"]["position"]
    log = newest["source"].rpartition("/")[2]

    assert log.startswith("log_")
    assert TIME.fullmatch(newest["time"])
    assert newest == {
        "specversion": "1.0",
        "id": f"{lived[0]}:8",
        "source": f"/customer-groups/{log}",
        "type": "customer-groups.GroupDeleted.v1",
        "subject": lived[0],
        "time": newest["time"],
        "datacontenttype": "application/json",
        "dataschema": "/events/schemas/GroupDeleted.v1.json",
        "sequence": f"{position:020}",
        "data": {
            "position": position,
            "group_id": lived[0],
            "version": 8,
            "actor": newest["data"]["actor"],
            "request_id": newest["data"]["request_id"],
            "correlation_id": None,
            "traceparent": None,
            "reason": None,
        },
        "actor": newest["data"]["actor"] | {"label": ADMIN_EMAIL},
        "changes": {"deleted": [False, True]},
    }


def test_pages_by_cursor_are_the_whole_history(api, lived):
    whole = history(api, lived[0])

    walked, cursor = [], None
    while cursor is not None or not walked:
        page = history(api, lived[0], limit=3, **({"cursor": cursor} if cursor else {}))
        walked.append(page["events"])
        cursor = page["next_cursor"]

    assert [len(page) for page in walked] == [3, 3, 2]
    assert [event for page in walked for event in page] == whole["events"]
    assert whole["next_cursor"] is None


def test_a_page_that_ends_with_the_history_has_no_next(api, lived):
    assert history(api, lived[0], limit=8)["next_cursor"] is None
    assert history(api, lived[0], limit=7)["next_cursor"] is not None


def test_a_cursor_holds_while_events_are_added(api):
    group_id = api.group()["id"]
    for number in range(3):
        api.post(f"{GROUPS}/{group_id}", {"metadata": {"n": number}})
    first = history(api, group_id, limit=2)

    api.post(f"{GROUPS}/{group_id}", {"metadata": {"n": 9}})
    second = history(api, group_id, limit=2, cursor=first["next_cursor"])

    versions = [event["data"]["version"] for event in first["events"] + second["events"]]
    assert versions == [4, 3, 2, 1]


def test_the_label_is_looked_up_when_read(api):
    title = unique("Nightly sync ")
    key = api.post("/admin/api-keys", {"title": title, "type": "secret"}).json()["api_key"]
    script = Api(api.server, None)
    script.session.auth = (key["token"], "")
    group_id = script.group()["id"]
    api.post(f"{GROUPS}/{group_id}", {"metadata": {"a": 1}})
    api.post(f"/admin/api-keys/{key['id']}/revoke")

    ours, theirs = history(api, group_id)["events"]

    assert theirs["actor"] == {"type": "api_key", "id": key["id"], "label": title}
    assert theirs["data"]["actor"] == {"type": "api_key", "id": key["id"]}
    assert ours["actor"]["type"] == "user"
    assert ours["actor"]["label"] == ADMIN_EMAIL


def test_no_label_and_no_personal_data_stands_in_the_log(api):
    customer = api.customer(first_name="Adelheid")
    group_id = api.group()["id"]
    api.add(group_id, customer["id"])

    with api.server.store() as store:
        states = store.read(
            "SELECT state FROM stored_events WHERE originator_id = :id", id=group_id
        )
    stored = b"".join(bytes(state) for (state,) in states)

    assert customer["id"].encode() in stored
    for personal in (ADMIN_EMAIL, customer["email"], "Adelheid", "@"):
        assert personal.encode() not in stored


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", ""])
def test_a_page_has_1_to_1000_events(api, limit):
    group_id = api.group()["id"]

    answer = api.get(f"{GROUPS}/{group_id}/history", params={"limit": limit})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "limit"


def test_a_cursor_belongs_to_one_group(api, lived):
    cursor = history(api, lived[0], limit=1)["next_cursor"]
    other = api.group()["id"]

    for wrong in (cursor, "x", "W10"):
        answer = api.get(f"{GROUPS}/{other}/history", params={"cursor": wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


def test_what_never_was_has_no_history(api):
    answer = api.get(f"{GROUPS}/cusgroup_none/history")

    assert (answer.status_code, answer.json()["code"]) == (404, "group-not-found")
