"""What a request says about itself: X-Reason, X-Request-Id, traceparent."""

import re
from urllib.parse import quote

import pytest

from tests.api.answers import GROUPS, ULID
from tests.serving import Server, signed_in, unique

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def newest(api, group):
    return api.events(group["id"])[0]["data"]


# X-Reason


def test_the_reason_of_a_change_stands_in_its_event(api):
    (member,) = api.customers(1)
    spring = {"X-Reason": "spring campaign"}
    group = api.post(GROUPS, {"name": unique("Group")}, headers=spring).json()["customer_group"]
    path = f"{GROUPS}/{group['id']}"
    api.post(path, {"metadata": {"a": 1}}, headers=spring)
    api.patch(path, {"metadata": {"a": 2}}, headers=spring)
    api.post(f"{path}/customers", {"add": [member]}, headers=spring)
    api.post(
        f"/admin/customers/{member}/customer-groups", {"remove": [group["id"]]}, headers=spring
    )
    api.delete(path, headers=spring)

    reasons = [event["data"]["reason"] for event in api.events(group["id"])]

    assert reasons == ["spring campaign"] * 6


def test_a_change_without_a_reason_records_none(api, group, path):
    api.post(path, {"metadata": {"a": 1}})
    assert newest(api, group)["reason"] is None

    api.post(path, {"metadata": {"a": 2}}, headers={"X-Reason": ""})
    assert newest(api, group)["reason"] is None


@pytest.mark.parametrize(
    "reason", ["Frühjahr für Stammgäste", "100 % sure, a+b", "日本語 🥇", "plain", "é" * 500]
)
def test_a_reason_is_percent_encoded_utf_8(api, group, path, reason):
    api.post(path, {"metadata": {"a": 1}}, headers={"X-Reason": quote(reason)})

    assert newest(api, group)["reason"] == reason


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (quote("é" * 501), "500 characters"),
        ("%FF", "percent-encoded UTF-8"),
        ("a%00b", "control"),
        ("a%1Bb", "control"),
        ("customer%20deleted", "an erasure's"),  # an undo would take it for one
        ("customer%20deleted:%20asked%20us", "an erasure's"),
    ],
)
def test_any_other_reason_is_refused(api, group, path, reason, words):
    answer = api.post(path, {"metadata": {"a": 1}}, headers={"X-Reason": reason})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert words in answer.json()["message"]
    assert len(api.events(group["id"])) == 1


def test_a_deleted_customer_is_the_reason_of_its_removal_beside_the_one_given(api, group):
    members = api.customers(2)
    api.add(group["id"], *members)

    api.delete(f"/admin/customers/{members[0]}")
    api.delete(f"/admin/customers/{members[1]}", headers={"X-Reason": "asked%20us"})

    asked_us, unasked = (event["data"] for event in api.events(group["id"])[:2])
    assert (unasked["reason"], unasked["customer_ids"]) == ("customer deleted", [members[0]])
    assert asked_us["reason"] == "customer deleted: asked us"
    assert asked_us["customer_ids"] == [members[1]]


@pytest.fixture(scope="module")
def strict(new_database, tmp_path_factory):
    """The API of a service that wants a reason for every change."""
    directory = tmp_path_factory.mktemp("strict")
    with Server(new_database("sqlite"), directory, REQUIRE_REASON="yes") as server:
        yield signed_in(server)


def test_where_reasons_are_required_a_change_without_one_is_400(strict):
    said = {"X-Reason": "told"}
    group = strict.post(GROUPS, {"name": "VIP"}, headers=said).json()["customer_group"]
    path = f"{GROUPS}/{group['id']}"
    member = strict.customer()["id"]
    changes = [
        ("POST", GROUPS, {"name": "x"}),
        ("POST", path, {"name": "x"}),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/customers", {"add": [member]}),
        ("POST", f"/admin/customers/{member}/customer-groups", {"add": [group["id"]]}),
        ("DELETE", f"/admin/customers/{member}", None),
    ]

    for method, where, body in changes:
        kind = "merge-patch+json" if method == "PATCH" else "json"
        headers = {"Content-Type": f"application/{kind}"}
        refused = strict(method, where, body, headers=headers)
        assert refused.status_code == 400, (method, where)
        assert refused.json()["type"] == "invalid_data"
        assert refused.json()["code"] == "reason-required"
        assert "X-Reason" in refused.json()["message"]
    assert len(strict.events(group["id"])) == 1
    for method, where, body in reversed(changes):
        kind = "merge-patch+json" if method == "PATCH" else "json"
        headers = {"Content-Type": f"application/{kind}"} | said
        accepted = strict(method, where, body, headers=headers)
        assert accepted.status_code in (200, 404), accepted.text


def test_where_reasons_are_required_what_no_event_tells_of_needs_none(strict):
    customer = strict.customer()
    path = f"/admin/customers/{customer['id']}"

    free = [
        strict.get(GROUPS),
        strict.post(path, {"first_name": "Ada"}),
        strict.put(path, {"first_name": "Ada"}),
        strict.post("/admin/customers/lookup", {"values": [customer["id"]]}),
        strict.post("/admin/memberships/check", {"customer_ids": [], "group_ids": []}),
        strict.post("/admin/api-keys", {"title": "Script", "type": "secret"}),
    ]

    assert [answer.status_code for answer in free] == [200] * len(free)


# X-Request-Id, X-Correlation-Id


def test_every_answer_has_an_id_of_ours(api, anonymous, path):
    answers = [
        api.get(path),
        api.get(path, headers={"If-None-Match": '"1"'}),
        api.get("/health"),
        api.get("/nowhere"),
        api.delete(GROUPS),
        api.post(GROUPS, {"name": 5}),
        api.post(path, {}, headers={"If-Match": '"9"'}),
        api.post(GROUPS, data=b"x" * 1_100_000, headers={"Content-Type": "application/json"}),
        api.post(GROUPS, data=b"x", headers={"Content-Type": "text/plain"}),
        anonymous.get(path),
    ]

    seen = [answer.headers["X-Request-Id"] for answer in answers]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 304, 200, 404, 405, 400, 412, 413, 415, 401]
    assert all(re.fullmatch(ULID, id) for id in seen)
    assert len(set(seen)) == len(seen)
    assert all("X-Correlation-Id" not in answer.headers for answer in answers)


def test_the_id_of_a_request_stands_in_all_of_its_events_which_are_neighbours(api):
    (member,) = api.customers(1)
    made = [api.group()["id"] for _ in range(3)]
    for group_id in made:
        api.add(group_id, member)

    answer = api.delete(f"/admin/customers/{member}")

    removals = [api.events(group_id)[0] for group_id in made]
    ours = answer.headers["X-Request-Id"]
    assert [event["data"]["request_id"] for event in removals] == [ours] * 3
    assert [event["data"]["correlation_id"] for event in removals] == [None] * 3
    positions = sorted(event["data"]["position"] for event in removals)
    assert positions[-1] - positions[0] == 2


def test_the_callers_own_id_is_kept_as_correlation_id_and_answered(api, group, path):
    theirs = "order-4711/retry=2;!~"

    answer = api.post(path, {"metadata": {"a": 1}}, headers={"X-Request-Id": theirs})

    assert answer.headers["X-Correlation-Id"] == theirs
    assert answer.headers["X-Request-Id"] != theirs
    assert newest(api, group)["correlation_id"] == theirs
    assert newest(api, group)["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("theirs", "kept"),
    [("x" * 128, True), ("x" * 129, False), ("two words", False), ("é", False), ("", False)],
)
def test_a_callers_id_of_another_shape_is_not_kept(api, group, path, theirs, kept):
    headers = {"X-Request-Id": theirs.encode()}

    answer = api.post(path, {"metadata": {"a": 1}}, headers=headers)

    assert answer.status_code == 200
    assert answer.headers.get("X-Correlation-Id") == (theirs if kept else None)
    assert newest(api, group)["correlation_id"] == (theirs if kept else None)


# traceparent


def test_a_traceparent_is_stored_in_the_event(api, group, path):
    api.post(path, {"metadata": {"a": 1}}, headers={"traceparent": TRACEPARENT})

    assert newest(api, group)["traceparent"] == TRACEPARENT


@pytest.mark.parametrize(
    "other", ["", "00-1-2-3", TRACEPARENT.upper(), TRACEPARENT + "-x", "é" * 55]
)
def test_what_is_no_traceparent_is_left_out(api, group, path, other):
    answer = api.post(path, {"metadata": {"a": 1}}, headers={"traceparent": other.encode()})

    assert answer.status_code == 200
    assert newest(api, group)["traceparent"] is None
