"""The log: positions, its published form, and the history of a group."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from eventsourcing.persistence import ProgrammingError, StoredEvent

from projections import log, schema
from projections.log import LoggedEvent
from service.api.eventschemas import FORMS

FROZEN = json.loads((Path(__file__).parent / "frozen_lines.json").read_text())
"""Published lines as somebody has stored them: an event of each kind, and its line."""


@pytest.fixture
def lines(store):
    """The published lines of a group, oldest first."""

    def lines(group_id):
        name = log.log_id(store.read)
        newest_first = log.of_group(store.read, group_id, limit=100)
        return [log.published(event, name) for event in reversed(newest_first)]

    return lines


def test_what_was_published_stays_so_byte_for_byte():
    for sample in FROZEN:
        event = LoggedEvent(**sample["event"] | {"state": sample["event"]["state"].encode()})

        assert log.published(event, "log_01JD9QW3ZR7V5M8K2N4P6T8X0L") == sample["line"].encode()


def test_there_is_a_published_line_of_every_form():
    types = {json.loads(sample["line"])["type"] for sample in FROZEN}

    assert types == {f"customer-groups.{form.name}" for form in FORMS}


def test_the_published_form_is_a_cloud_event(groups, store, lines, clock):
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    clock.time = clock.time.replace(microsecond=211482)
    metadata = {"z": [1, {"ü": None}], "a": 'He said "hi"\n'}
    group_id = groups.create_group(
        "VIP \u2028 😀",
        metadata,
        by="user_eve",
        request_id="01J",
        correlation_id="theirs",
        traceparent=traceparent,
        reason="why not",
    ).group_id

    (line,) = lines(group_id)

    assert b"\n" not in line
    assert json.loads(line) == {
        "specversion": "1.0",
        "id": f"{group_id}:1",
        "source": f"/customer-groups/{schema.property_value(store, 'log_id')}",
        "type": "customer-groups.GroupCreated.v1",
        "subject": group_id,
        "time": "2030-01-01T12:00:00.211482Z",
        "datacontenttype": "application/json",
        "dataschema": "/events/schemas/GroupCreated.v1.json",
        "sequence": "00000000000000000001",
        "data": {
            "position": 1,
            "group_id": group_id,
            "version": 1,
            "name": "VIP \u2028 😀",
            "metadata": metadata,
            "actor": {"type": "user", "id": "user_eve"},
            "request_id": "01J",
            "correlation_id": "theirs",
            "traceparent": traceparent,
            "reason": "why not",
        },
    }


def test_every_event_of_a_group_has_a_line(groups, create, customers, lines):
    vip = create("VIP")
    groups.change_customers(vip, add=customers("a", "b"))
    groups.update_group(vip, name="Gold", metadata=lambda _: {"a": 1})
    groups.delete_customer("a")
    groups.delete_group(vip)
    groups.restore_group(vip, name="VIP")

    published = [json.loads(line) for line in lines(vip)]

    assert [line["type"].split(".")[1] for line in published] == [
        "GroupCreated",
        "CustomersAdded",
        "Renamed",
        "MetadataChanged",
        "CustomersRemoved",
        "GroupDeleted",
        "GroupRestored",
    ]
    assert [line["data"]["version"] for line in published] == [1, 2, 3, 4, 5, 6, 7]
    assert all(line["data"]["group_id"] == vip == line["subject"] for line in published)
    assert all(line["sequence"] == f"{line['data']['position']:020}" for line in published)
    assert published[1]["data"]["customer_ids"] == ["a", "b"]
    assert published[4]["data"]["reason"] == "customer deleted"


def test_positions_only_ever_grow(groups, store, create, customers):
    ids = customers(1500)
    vip, gold = create("VIP", "Gold")
    groups.change_customers(vip, add=ids)
    groups.change_groups(ids[0], add=[gold], remove=[vip])
    groups.delete_customer(ids[0])

    rows = store.read(
        "SELECT notification_id, originator_id, originator_version FROM stored_events"
        " ORDER BY notification_id"
    )

    assert all(one[0] < other[0] for one, other in pairwise(rows))
    for group_id in (vip, gold):
        versions = [version for _, owner, version in rows if owner == group_id]
        assert versions == [*range(1, len(versions) + 1)]
    assert log.end(store.read) == rows[-1][0]


def test_a_position_is_never_given_twice(groups, store, create):
    create("VIP")

    def fail():
        with store.deciding():
            groups.create_group("Lost")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    gold = groups.create_group("Gold")

    assert log.end(store.read) == gold.position > 1
    assert len(store.read("SELECT 1 FROM stored_events")) == 2


def test_the_end_of_an_empty_log_is_zero(groups, store):
    assert log.end(store.read) == 0
    assert log.newest_time(store.read) is None
    assert groups.application.recorder.max_notification_id() is None


def test_history_comes_newest_first_in_pages(groups, store, create):
    vip, other = create("VIP", "Other")
    for number in range(5):
        groups.update_group(vip, name=f"Name {number}")
        groups.update_group(other, name=f"Other {number}")

    def versions(**how):
        return [event.version for event in log.of_group(store.read, vip, **how)]

    assert versions(limit=10) == [6, 5, 4, 3, 2, 1]
    assert versions(limit=2) == [6, 5]
    assert versions(limit=2, before=5) == [4, 3]
    assert versions(limit=10, before=3) == [2, 1]
    assert versions(limit=10, before=1) == []
    assert versions(limit=10, after=4) == [6, 5]
    assert versions(limit=1, after=1, before=4) == [3]
    assert log.of_group(store.read, "unknown", limit=10) == []
    groups.delete_group(vip)
    assert versions(limit=1) == [7]


def test_events_are_recorded_inside_a_decision_only(groups, store):
    event = StoredEvent("cusgroup_x", 1, "GroupDeleted", b"{}")

    with pytest.raises(ProgrammingError, match="deciding"):
        groups.application.recorder.insert_events([event])
    with pytest.raises(ProgrammingError), store.reading():
        groups.application.recorder.insert_events([event])

    assert log.end(store.read) == 0


def test_the_log_takes_a_version_of_a_group_once(groups, store, create):
    vip = create("VIP")

    def insert():
        with store.deciding():
            groups.application.recorder.insert_events([StoredEvent(vip, 1, "GroupDeleted", b"{}")])

    with pytest.raises(Exception, match=r"(?i)unique"):
        insert()

    assert [event.topic for event in log.of_group(store.read, vip, limit=9)] == ["GroupCreated"]


def test_the_library_reads_the_log_in_order(groups, create):
    vip, gold = create("VIP", "Gold")
    groups.update_group(vip, name="Platin")
    recorder = groups.application.recorder

    def topics(*arguments, **how):
        return [(n.id, n.topic) for n in recorder.select_notifications(*arguments, **how)]

    everything = [(1, "GroupCreated"), (2, "GroupCreated"), (3, "Renamed")]
    assert topics(None, 10) == topics(1, 10) == everything
    assert topics(1, 10, inclusive_of_start=False) == everything[1:]
    assert topics(1, 2) == topics(1, 10, 2) == everything[:2]
    assert topics(1, 10, topics=["Renamed"]) == everything[2:]
    assert recorder.max_notification_id() == 3
    events = recorder.select_events(vip, desc=True, limit=1)
    assert [(event.originator_version, event.topic) for event in events] == [(2, "Renamed")]
    assert [e.originator_version for e in recorder.select_events(vip, gt=1)] == [2]
    assert [e.originator_version for e in recorder.select_events(vip, lte=1)] == [1]
    assert [e.originator_id for e in recorder.select_events(gold)] == [gold]


def test_a_replayed_group_is_the_one_that_commands_decide_by(groups, store, create, customers):
    vip = create("VIP", metadata={"a": 1})
    groups.change_customers(vip, add=customers(5))
    groups.update_group(vip, name="Gold", metadata=lambda old: old | {"b": 2})

    replayed, loaded = groups.application.repository.get(vip), store.group(vip)

    for name in ("id", "version", "name", "metadata", "deleted", "customers_count"):
        assert getattr(replayed, name) == getattr(loaded, name)
