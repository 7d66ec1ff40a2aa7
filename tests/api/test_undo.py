"""Taking back what a request changed: everything, in one go, or nothing at all."""

import re

import pytest

from tests.api.answers import CUSTOMERS, GROUPS, TIME, ULID, events, group_of, members
from tests.serving import ADMIN_EMAIL, Api, unique

UNDO = "/admin/events/undo"


@pytest.fixture
def undo(api):
    """Undo what an answer's request did, `undo(answer, dry_run="true")`."""

    def undo(answer, headers=None, **asked):
        assert answer.status_code == 200, answer.text
        body = {"request_id": answer.headers["X-Request-Id"]}
        return api.post(UNDO, body, headers=headers, params=asked)

    return undo


@pytest.fixture
def vip(api):
    """A group with metadata and three customers, and these."""
    ids = api.customers(3)
    group = api.group(metadata={"tier": 1})
    api.add(group["id"], *ids)
    return group, f"{GROUPS}/{group['id']}", ids


def end(api):
    return api.get("/events", params={"limit": 1}).json()["end"]


def state(api, path):
    group = group_of(api.get(path, params={"fields": "name,metadata,deleted_at,customers_count"}))
    return group, members(api, group["id"])


def topics(answer):
    return [event["type"].split(".")[1] for event in answer.json()["events"]]


def test_an_undo_answers_what_it_recorded(api, vip, undo):
    group, path, _ = vip
    mistake = api.post(path, {"name": unique("Typo "), "metadata": {"tier": 2, "new": 3}})

    answer = undo(mistake)

    told = answer.json()
    assert answer.status_code == 200
    assert list(told) == ["request_id", "dry_run", "events", "left_out"]
    assert told["request_id"] == mistake.headers["X-Request-Id"]
    assert (told["dry_run"], told["left_out"]) == (False, [])
    assert topics(answer) == ["Renamed", "MetadataChanged"]
    assert told["events"] == events(api, group["id"])[1::-1]
    newest = told["events"][-1]
    assert answer.headers["X-Position"] == str(newest["data"]["position"])
    assert newest["actor"]["label"] == ADMIN_EMAIL
    assert newest["changes"] == {
        "metadata": {"tier": [2, 1], "new": [3, None]},
        "metadata_keys": {"added": [], "removed": ["new"]},
    }
    assert newest["data"]["request_id"] == answer.headers["X-Request-Id"]
    assert newest["data"]["reason"] == f"undo of request {told['request_id']}"


def changes(api, vip):
    """Every way to change a group, each as a request."""
    _, path, ids = vip
    (another,) = api.customers(1)
    yield lambda: api.post(path, {"name": unique("Renamed ")})
    yield lambda: api.patch(path, {"metadata": {"tier": None, "a": {"b": 1}}})
    yield lambda: api.post(path, {"metadata": None})
    yield lambda: api.post(f"{path}/customers", {"remove": ids[:2], "add": [another]})
    yield lambda: api.post(f"{CUSTOMERS}/{ids[2]}/customer-groups", {"remove": [vip[0]["id"]]})
    yield lambda: api.delete(path)


def test_every_change_can_be_undone_and_every_undo_too(api, vip, undo):
    path = vip[1]
    for change in changes(api, vip):
        before = state(api, path)
        mistake = change()
        after = api.get(path).status_code == 200 and state(api, path)
        assert after != before

        undone = undo(mistake)
        assert state(api, path) == before
        again = undo(undone)
        assert (api.get(path).status_code == 200 and state(api, path)) == after
        assert undo(again).status_code == 200
        assert state(api, path) == before


def test_a_creation_is_undone_by_deletion_and_a_restoration_too(api, undo):
    creation = api.post(GROUPS, {"name": unique("Mistake ")})
    path = f"{GROUPS}/{group_of(creation)['id']}"

    undone = undo(creation)
    assert topics(undone) == ["GroupDeleted"]
    assert api.get(path).status_code == 404

    restoration = api.post(f"{path}/restore")
    assert api.get(path).status_code == 200
    assert topics(undo(restoration)) == ["GroupDeleted"]
    assert api.get(path).status_code == 404


def test_a_dry_run_shows_the_same_and_records_nothing(api, vip, undo):
    _, path, ids = vip
    mistake = api.post(f"{path}/customers", {"remove": ids[1:]})
    before, newest = state(api, path), end(api)

    rehearsed = undo(mistake, dry_run="true")

    assert (state(api, path), end(api)) == (before, newest)
    assert rehearsed.status_code == 200
    assert "X-Position" not in rehearsed.headers
    assert rehearsed.json()["dry_run"] is True
    (shown,) = rehearsed.json()["events"]
    (recorded,) = undo(mistake).json()["events"]
    for own in ("time", "id", "sequence"):
        recorded.pop(own)
    recorded["data"].pop("position")
    recorded["data"]["request_id"] = rehearsed.headers["X-Request-Id"]
    shown.pop("time")
    assert shown == recorded


def test_a_dry_run_may_be_asked_for_bare_and_tells_of_conflicts(api, vip, undo):
    path = vip[1]
    mistake = api.post(path, {"name": unique("One ")})
    assert undo(mistake, dry_run="").json()["dry_run"] is True
    api.post(path, {"name": unique("Two ")})

    assert undo(mistake, dry_run="true").json()["code"] == "undo-conflict"
    assert undo(mistake, dry_run="yes").status_code == 400


def test_a_conflict_names_the_later_events(api, vip, undo):
    group, path, ids = vip
    mistake = api.post(path, {"name": unique("One "), "metadata": {"tier": 2}})
    key = api.post("/admin/api-keys", {"title": unique("Sync "), "type": "secret"}).json()
    script = Api(api.server, None)
    script.session.auth = (key["api_key"]["token"], "")
    api.post(path, {"metadata": {"tier": 3}})
    script.post(path, {"name": unique("Two ")})
    api.post(f"{path}/customers", {"remove": ids})
    newest = end(api)

    answer = undo(mistake)

    told = answer.json()
    assert (answer.status_code, told["type"], told["code"]) == (409, "conflict", "undo-conflict")
    assert topics(answer) == ["Renamed", "MetadataChanged"]
    renamed = told["events"][0]
    assert renamed["subject"] == group["id"]
    assert renamed["actor"]["label"] == key["api_key"]["title"]
    assert re.fullmatch(
        rf"Request {ULID} cannot be undone, since later events changed the same: Renamed of"
        rf" {group['id']} at position {renamed['data']['position']},"
        rf" by {renamed['actor']['label']} at {renamed['time']}, and 1 more",
        told["message"],
    )
    assert end(api) == newest


def test_a_conflict_over_many_customers_names_few_of_them(api, vip, undo):
    path = vip[1]
    ids = api.customers(20)
    mistake = api.post(f"{path}/customers", {"add": ids})
    api.post(f"{path}/customers", {"remove": ids})

    (event,) = undo(mistake).json()["events"]

    assert event["data"]["customer_ids"] == ids[:10]


def test_the_name_of_a_deleted_group_that_was_taken_is_a_conflict(api, vip, undo):
    group, path, _ = vip
    mistake = api.delete(path)
    other = api.group(group["name"])

    answer = undo(mistake)

    assert (answer.status_code, topics(answer)) == (409, ["GroupCreated"])
    assert answer.json()["events"][0]["subject"] == other["id"]
    assert api.get(path).status_code == 404


def test_erased_customers_are_left_out_and_the_answer_says_so(api, vip, undo):
    group, path, ids = vip
    mistake = api.post(f"{path}/customers", {"remove": ids})
    api.delete(f"{CUSTOMERS}/{ids[1]}")

    answer = undo(mistake)

    assert answer.json()["left_out"] == [{"group_id": group["id"], "customer_id": ids[1]}]
    assert members(api, group["id"]) == {ids[0], ids[2]}


def test_an_undo_with_nothing_left_to_take_back_records_nothing(api, vip, undo):
    _, path, ids = vip
    mistake = api.post(f"{path}/customers", {"remove": ids[:1]})
    api.delete(f"{CUSTOMERS}/{ids[0]}")
    newest = end(api)

    answer = undo(mistake)

    assert answer.status_code == 200
    assert answer.json()["events"] == []
    assert len(answer.json()["left_out"]) == 1
    assert "X-Position" not in answer.headers
    assert end(api) == newest


def test_the_deletion_of_a_customer_cannot_be_undone(api, vip, undo):
    _, path, ids = vip
    answer = undo(api.delete(f"{CUSTOMERS}/{ids[0]}"))

    assert (answer.status_code, answer.json()["code"]) == (409, "erasure-is-final")
    assert ids[0] in answer.json()["message"]
    assert state(api, path)[0]["customers_count"] == 2


def test_a_request_that_changed_no_group_is_not_found(api, vip, undo):
    _, path, ids = vip
    nothing = api.post(f"{path}/customers", {"add": ids})
    unknown = api.post(UNDO, {"request_id": "01KAN6ZQ9R3W5V8YB2C4D6E8F0"})

    for answer in (undo(nothing), unknown, undo(api.get(path))):
        assert (answer.status_code, answer.json()["code"]) == (404, "request-not-found")


@pytest.mark.parametrize("body", [{}, {"request_id": None}, {"request_id": 5}, {"position": 7}])
def test_a_body_of_the_wrong_shape_is_refused(api, body):
    answer = api.post(UNDO, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_a_repeat_is_answered_as_the_first_time(api, vip, undo):
    group, path, ids = vip
    mistake = api.post(f"{path}/customers", {"remove": ids})
    once = {"Idempotency-Key": unique("undo"), "X-Reason": "wrong%20list"}

    first = undo(mistake, headers=once)
    again = undo(mistake, headers=once)

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert again.headers["X-Position"] == first.headers["X-Position"]
    newest = events(api, group["id"])[0]
    assert newest["data"]["reason"].endswith(": wrong list")
    assert newest["data"]["request_id"] == first.headers["X-Request-Id"]


def test_a_dry_run_keeps_no_answer_for_a_key(api, vip, undo):
    mistake = api.delete(vip[1])
    once = {"Idempotency-Key": unique("undo")}

    undo(mistake, headers=once, dry_run="true")
    answer = undo(mistake, headers=once)

    assert "Idempotent-Replayed" not in answer.headers
    assert api.get(vip[1]).status_code == 200


def test_a_large_answer_is_cut_short_on_request(api, vip, undo):
    path, ids = vip[1], vip[2]
    mistake = api.post(f"{path}/customers", {"remove": ids})

    (event,) = undo(mistake, ids="1").json()["events"]

    assert event["data"]["customer_ids"] == ids[:1]
    assert event["changes"]["customers"] == {"added": {"count": 3, "ids": ids[:1]}}


def test_an_undo_is_for_whoever_may_change_groups(api, vip):
    mistake = api.delete(vip[1])
    reader = api.post(
        "/admin/api-keys", {"title": unique("r"), "type": "secret", "scopes": ["groups:read"]}
    ).json()["api_key"]
    script = Api(api.server, None)
    script.session.auth = (reader["token"], "")

    answer = script.post(UNDO, {"request_id": mistake.headers["X-Request-Id"]})

    assert answer.status_code == 403
    assert Api(api.server, None).post(UNDO, {}).status_code == 401


def test_a_bulk_removal_is_undone_and_every_page_is_what_it_was(api, undo, sized):
    ids = api.customers(sized(1_200, 5_000))
    group = api.group()
    path = f"{GROUPS}/{group['id']}"
    api.add(group["id"], *ids)
    mistake = api.post(f"{path}/customers", {"remove": ids})

    answer = undo(mistake, ids="0")

    assert answer.status_code == 200
    assert len(answer.content) < 10_000
    walked = api.walk(f"{path}/customers", "customers", limit=1000)
    assert {member["id"] for member in walked} == set(ids)
    assert all(TIME.fullmatch(member["added_at"]) for member in walked)
    assert group_of(api.get(path, params={"fields": "customers_count"}))["customers_count"] == len(
        ids
    )
