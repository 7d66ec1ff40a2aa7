"""`GET /events`: the log in pages, as lines, and held back until something happens."""

import itertools
import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.answers import GROUPS
from tests.serving import signed_in, unique
from tests.stream.following import Consumer, positions


@pytest.fixture
def end(api):
    """The position of the newest event, before the test makes its own."""
    api.group()
    return api.get("/events").json()["end"]


@pytest.fixture
def consumer(server, token, end):
    """A consumer that has read everything that was there before the test."""
    return Consumer(server.url, token, after=end)


def names(events):
    return [event["type"].split(".")[1] for event in events]


def test_a_page_holds_the_published_events_after_a_position_oldest_first(api, consumer):
    group = api.group()
    api.post(f"{GROUPS}/{group['id']}", {"name": unique("Renamed ")})

    page = consumer.page()

    assert names(page["events"]) == ["GroupCreated", "Renamed"]
    assert page["events"][0]["data"]["group_id"] == group["id"]
    assert page["next"] == page["end"] == positions(page["events"])[-1]
    assert page["log"] in page["events"][0]["source"]
    assert page["events"] == sorted(page["events"], key=lambda event: event["sequence"])


def test_pages_follow_each_other_by_next_and_by_link(api, consumer):
    made = [api.group()["id"] for _ in range(5)]
    first = api.get("/events", params={"after": consumer.after, "limit": 2})

    link = urlsplit(first.headers["Link"].split(">")[0][1:])
    second = api.get(f"{link.path}?{link.query}")
    third = api.get("/events", params={"after": second.json()["next"], "limit": 2})

    pages = [answer.json()["events"] for answer in (first, second, third)]
    assert [len(events) for events in pages] == [2, 2, 1]
    assert [event["subject"] for event in itertools.chain(*pages)] == made
    assert parse_qs(link.query)["limit"] == ["2"]


def test_a_filter_by_type_group_or_customer_moves_past_what_it_leaves_out(api, consumer):
    group, other = api.group(), api.group()
    ada, bob = api.customers(2)
    api.add(group["id"], ada, bob)
    api.add(other["id"], bob)
    api.post(f"{GROUPS}/{group['id']}/customers", {"remove": [ada]})

    def found(**wanted):
        page = api.get("/events", params={"after": consumer.after} | wanted).json()
        assert page["next"] == page["end"]
        return [
            (name, event["subject"])
            for name, event in zip(names(page["events"]), page["events"], strict=True)
        ]

    added, removed = ("CustomersAdded", group["id"]), ("CustomersRemoved", group["id"])
    assert found(customer_id=ada) == [added, removed]
    assert found(customer_id=bob) == [added, ("CustomersAdded", other["id"])]
    assert found(customer_id=ada, type="CustomersRemoved") == [removed]
    assert found(group_id=other["id"], type=["CustomersAdded", "Renamed"]) == [
        ("CustomersAdded", other["id"])
    ]
    assert found(type="customer-groups.CustomersRemoved.v1") == [removed]
    assert found(customer_id="cus_nobody") == []


def test_since_begins_at_a_time(api, consumer):
    api.group()
    before = api.get("/events", params={"after": consumer.after}).json()["events"][-1]["time"]
    group = api.group()

    later = datetime.fromisoformat(before) + timedelta(microseconds=1)
    page = api.get("/events", params={"since": later.isoformat()}).json()
    whole = api.get("/events", params={"since": before}).json()
    none = api.get("/events", params={"since": datetime(2100, 1, 1, tzinfo=UTC).isoformat()})

    assert [event["subject"] for event in page["events"]] == [group["id"]]
    assert whole["events"][0]["time"] == before
    assert none.json()["events"] == []


def test_an_empty_page_waits_until_something_wanted_happens(api, consumer, background):
    waiting = background(consumer.page, wait=20, type="Renamed")

    group = api.group()
    assert not waiting.done()
    api.post(f"{GROUPS}/{group['id']}", {"name": unique("Renamed ")})

    assert names(waiting.result(timeout=5)["events"]) == ["Renamed"]


def test_a_wait_ends_with_nothing_when_its_time_is_over(consumer):
    began = time.monotonic()

    page = consumer.page(wait=1, group_id="cusgroup_none")

    assert 0.9 < time.monotonic() - began < 5
    assert (page["events"], page["next"]) == ([], page["end"])


def test_as_lines_it_is_everything_and_ends_with_the_cursor(api, consumer):
    group = api.group()
    ids = api.customers(3)
    for id in ids:
        api.add(group["id"], id)

    *events, cursor = consumer.lines()
    pages = api.get("/events", params={"after": consumer.after}).json()

    assert events == pages["events"]
    assert cursor == {"log": pages["log"], "next": pages["next"], "end": pages["end"]}
    assert consumer.lines(limit=1) == [
        events[0],
        {"log": pages["log"], "next": events[0]["data"]["position"], "end": pages["end"]},
    ]


def test_the_same_event_is_the_same_bytes_everywhere(api, consumer):
    group = api.group(name=unique("Bytes é "))

    page = api.get("/events", params={"after": consumer.after}).content
    lines = api.get(
        "/events", params={"after": consumer.after}, headers={"Accept": "application/x-ndjson"}
    ).content

    line = lines.splitlines()[0]
    assert line in page
    assert json.loads(line)["subject"] == group["id"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"after": 10**9}, "position-beyond-end"),
        ({"after": 10**9, "wait": 30}, "position-beyond-end"),
        ({"log": "log_other"}, "other-log"),
        ({"log": "log_other", "after": 10**9}, "other-log"),
    ],
)
def test_another_log_and_a_position_beyond_the_end_are_told_not_skipped(api, parameters, code):
    as_lines = {"Accept": "application/x-ndjson"}
    followed = {name: value for name, value in parameters.items() if name != "wait"}

    for answer in (
        api.get("/events", params=parameters),
        api.get("/events", params=parameters, headers=as_lines),
        api.get("/events/stream", params=followed),
        api.get("/events/stream", params=followed, headers={"Last-Event-ID": str(10**9)}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_a_restored_backup_is_another_log_to_everyone_who_followed_the_first(start, tmp_path):
    server = start()
    api, backup = signed_in(server), tmp_path / "backup.db"
    api.group()
    with server.store() as store:
        store.read("VACUUM INTO :path", path=str(backup))
    api.group()
    page = Consumer(server.url, api.token).page()
    place = {"log": page["log"], "after": page["next"]}
    server.stop()
    shutil.move(backup, tmp_path / "groups.db")
    for left in ("groups.db-wal", "groups.db-shm"):
        (tmp_path / left).unlink(missing_ok=True)

    said = server.cli("init-db", "--restored")
    server.start()
    api.group()  # at the very position of what the backup did not have

    assert page["log"] not in said.stdout
    for path, headers in (
        ("/events", {}),
        ("/events", {"Accept": "application/x-ndjson"}),
        ("/events/stream", {}),
        ("/events/stream", {"Last-Event-ID": str(page["next"])}),
    ):
        answer = api.get(path, params=place, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "other-log")
    now = Consumer(server.url, api.token).page()
    assert (now["next"], now["log"] in said.stdout) == (page["next"], True)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"wait": 31}, "wait"),
        ({"after": -1}, "after"),
        ({"type": "Melted"}, "Field 'type' accepts GroupCreated, Renamed"),
        ({"since": "yesterday"}, "RFC 3339"),
        ({"since": "2026-11-22"}, "with its zone"),
        ({"since": "2026-11-22T00:00:00Z", "after": 0}, "in place of"),
        ({"until": 3}, "Unrecognized fields: 'until'"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(api, parameters, said):
    answer = api.get("/events", params=parameters)

    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_it_needs_credentials(anonymous):
    assert anonymous.get("/events").status_code == 401
    assert anonymous.get("/events/stream").status_code == 401
