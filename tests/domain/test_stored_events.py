"""What is in the log for ever: topics, shapes, times, and what must never be in it."""

import json
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eventsourcing.persistence import Mapper, StoredEvent
from eventsourcing.utils import get_topic, resolve_topic

from domain.application import merging
from domain.group import Group, GroupEvent
from domain.transcoding import EventTranscoder, rfc3339
from projections import directory, directory_import

FROZEN = json.loads((Path(__file__).parent / "frozen_events.json").read_text())
"""Stored events of each version there ever was: together the history of one group."""

ENVELOPE = {
    "originator_id",
    "originator_version",
    "timestamp",
    "actor",
    "request_id",
    "correlation_id",
    "traceparent",
    "reason",
}

FIELDS = {
    "GroupCreated": {"originator_topic", "name", "metadata"},
    "Renamed": {"name"},
    "MetadataChanged": {"set", "removed", "cleared"},
    "CustomersAdded": {"customer_ids"},
    "CustomersRemoved": {"customer_ids"},
    "GroupDeleted": set(),
    "GroupRestored": {"name"},
}
"""The events of `events.md` with their own fields. No field of a person is among them."""


def kinds():
    nested = [kind for kind in vars(Group).values() if isinstance(kind, type)]
    return [kind for kind in nested if issubclass(kind, GroupEvent) and kind is not Group.Event]


def test_every_event_writes_its_topic_out():
    topics = {get_topic(kind): kind for kind in kinds()}

    assert topics.keys() == FIELDS.keys()
    for topic, kind in topics.items():
        assert topic == kind.TOPIC
        assert resolve_topic(topic) is kind
    assert (get_topic(Group), get_topic(Group.Snapshot)) == ("Group", "GroupSnapshot")


def test_events_have_the_fields_that_the_documents_name_and_no_others():
    for kind in kinds():
        assert {field.name for field in fields(kind)} == ENVELOPE | FIELDS[kind.TOPIC]


def test_who_and_in_which_request_have_no_default_that_could_stand_in_for_them():
    about = {field.name: field for field in fields(GroupEvent)}

    for name in ("actor", "request_id", "correlation_id", "traceparent", "reason"):
        assert about[name].default is MISSING


def newest_version(kind):
    return getattr(kind, "class_version", 1)


def version_of(sample):
    """The version that a state says it was written as."""
    return json.loads(sample["state"]).get("class_version", 1)


def test_every_version_of_every_event_has_a_frozen_sample():
    versions = {
        (kind.TOPIC, version) for kind in kinds() for version in range(1, newest_version(kind) + 1)
    }

    assert {(sample["topic"], version_of(sample)) for sample in FROZEN} == versions


def frozen_history():
    mapper = Mapper(EventTranscoder())
    for version, sample in enumerate(FROZEN, start=1):
        stored = StoredEvent("cusgroup_frozen", version, sample["topic"], sample["state"].encode())
        yield stored, mapper.to_domain_event(stored)


def test_frozen_events_still_make_the_group_they_made():
    group = None
    for _, event in frozen_history():
        group = event.mutate(group)

    assert group.id == "cusgroup_frozen"
    assert group.version == len(FROZEN)
    assert (group.name, group.deleted, group.customers_count) == ("VIP again", False, 1)
    assert group.metadata == {"stufe": {"ab": 1.5}, "ü": None}


def test_events_are_written_today_byte_for_byte_as_they_were():
    """Of the newest version: what is older is never written again."""
    mapper = Mapper(EventTranscoder())

    for sample, (stored, event) in zip(FROZEN, frozen_history(), strict=True):
        if version_of(sample) == newest_version(type(event)):
            assert mapper.to_stored_event(event) == stored


def test_frozen_events_say_who_when_why_and_in_which_request():
    created = next(frozen_history())[1]

    assert created.actor == {"type": "user", "id": "user_01JD9QW3ZR7V5M8K2N4P6T8X0A"}
    assert created.timestamp == datetime(2026, 11, 22, 4, 28, 36, 211482, tzinfo=UTC)
    assert created.request_id == "01JD9QW3ZR7V5M8K2N4P6T8X0B"
    assert created.correlation_id == "shop-4711"
    assert created.traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert created.reason == "Weihnachten für Stammgäste"


def test_the_envelope_is_what_the_request_said(groups):
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    group_id = groups.create_group(
        "VIP",
        by="user_eve",
        request_id="01J",
        correlation_id="theirs",
        traceparent=traceparent,
        reason="why not",
    ).group_id

    (event,) = groups.application.events.get(group_id)

    assert event.actor == {"type": "user", "id": "user_eve"}
    assert (event.request_id, event.correlation_id) == ("01J", "theirs")
    assert (event.traceparent, event.reason) == (traceparent, "why not")


def states(store):
    return [bytes(row[0]) for row in store.read("SELECT state FROM stored_events ORDER BY 1")]


def test_the_time_is_always_the_first_43_bytes(groups, store, vip):
    groups.delete_group(vip)

    for state in states(store):
        assert state[:14] == b'{"timestamp":"'
        assert state[41:43] == b'",'
        datetime.fromisoformat(state[14:41].decode())
    whole_second = datetime(2026, 11, 22, tzinfo=UTC)
    assert rfc3339(whole_second) == "2026-11-22T00:00:00.000000Z"


def test_nothing_that_tells_who_a_customer_is_gets_into_the_log(groups, store, vip):
    person = {
        "company_name": "Lovelace Ltd",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "ada@example.com",
        "phone": "+44 20 7946 0000",
        "metadata": {"birthday": "1815-12-10"},
    }
    directory.put(store, "cus_1", person, "user_admin")
    groups.change_customers(vip, add=["cus_1"])
    directory.update(store, "cus_1", {"first_name": "Augusta"})
    groups.delete_customer("cus_1")

    written = b"".join(states(store))

    assert b"cus_1" in written
    for text in ("Lovelace", "Ada", "Augusta", "ada@example.com", "7946", "1815"):
        assert text.encode() not in written


def test_no_event_outgrows_256_kib(groups, store):
    ids = ["c" * 124 + f"{n:04}" for n in range(1000)]
    metadata = {"a": "\x01" * ((65536 - 8) // 6)}
    with store.deciding():
        for start in range(0, 1000, 100):
            rows = [(n, {"id": customer_id}) for n, customer_id in enumerate(ids[start:][:100])]
            directory_import.import_batch(store, rows, "user_admin", directory_import.Imported())
    group_id = groups.create_group("N" * 255, metadata, reason="ü" * 500).group_id

    groups.change_customers(group_id, add=ids, reason="ü" * 500, correlation_id="x" * 128)
    groups.update_group(group_id, metadata=merging(None))
    groups.update_group(group_id, metadata=merging(metadata))

    assert max(map(len, states(store))) < 256 * 1024


def times(groups, *group_ids):
    return [event.timestamp for id in group_ids for event in groups.application.events.get(id)]


def test_time_never_runs_back_even_when_the_clock_does(groups, clock):
    first = groups.create_group("First").group_id
    clock.time -= timedelta(days=1)
    second = groups.create_group("Second").group_id
    groups.update_group(second, name="Third")
    clock.time += timedelta(days=2)
    groups.delete_group(second)

    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    assert times(groups, first, second) == [noon] * 3 + [noon + timedelta(days=1)]


def test_time_never_runs_back_within_a_request_that_decides_more_than_once(groups, clock):
    first = groups.create_group("First", request_id="one").group_id
    clock.time += timedelta(days=1)
    second = groups.create_group("Second", request_id="one").group_id
    clock.time -= timedelta(hours=1)
    third = groups.create_group("Third", request_id="two").group_id

    assert times(groups, third) == times(groups, second) > times(groups, first)


def test_all_events_of_a_decision_have_the_time_at_which_it_got_the_lock(groups, store, clock):
    with store.deciding():
        first = groups.create_group("First").group_id
        clock.time += timedelta(seconds=5)
        second = groups.create_group("Second").group_id

    assert times(groups, first) == times(groups, second)


def test_times_are_utc_whatever_zone_the_clock_is_in(groups, clock):
    clock.time = datetime.fromisoformat("2030-06-01T02:30:00+02:00")

    group_id = groups.create_group("VIP").group_id

    assert times(groups, group_id) == [datetime(2030, 6, 1, 0, 30, tzinfo=UTC)]


def test_ids_begin_with_the_time_of_their_decision(groups, clock):
    ids = []
    for _ in range(3):
        ids.append(groups.create_group(f"{clock.time}").group_id)
        clock.time += timedelta(milliseconds=1)

    assert ids == sorted(ids)
