"""How an event gets a version 2: old ones are upcast when read, and published as they were.

Made up here: `Renamed` once said `title`, which today's `name` is version 2 of.
"""

import json
from datetime import UTC, datetime

import pytest
from eventsourcing.persistence import Mapper, StoredEvent

from domain.group import Group
from domain.transcoding import EventTranscoder
from projections import group_list, log, rebuild
from projections.log import LoggedEvent
from projections.read_models import follow
from service.api import eventschemas
from service.stream import Recent, frame
from tests.conftest import STORES

LOG = "log_01JD9QW3ZR7V5M8K2N4P6T8X0L"


def upcast_v1_v2(state):
    state["name"] = state.pop("title")


@pytest.fixture(params=STORES)
def store(request):
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
def two_versions(monkeypatch):
    """What whoever makes version 2 writes into the event's class, and nothing else."""
    monkeypatch.setattr(Group.Renamed, "class_version", 2, raising=False)
    monkeypatch.setattr(Group.Renamed, "upcast_v1_v2", staticmethod(upcast_v1_v2), raising=False)


def of_version_1(title):
    """An event as the program of that time stored it."""
    obj = {
        "timestamp": datetime(2026, 11, 22, 4, 28, 37, tzinfo=UTC),
        "title": title,
        "actor": {"type": "user", "id": "user_01JD9QW3ZR7V5M8K2N4P6T8X0A"},
        "request_id": "01JD9QW3ZR7V5M8K2N4P6T8X0D",
        "correlation_id": None,
        "traceparent": None,
        "reason": None,
    }
    return EventTranscoder().encode(obj)


@pytest.fixture
def renamed(groups, store):
    """Create a group that a program of that time then renamed; returns its id."""

    def rename(title):
        group_id = groups.create_group("First").group_id
        stored = StoredEvent(group_id, 2, "Renamed", of_version_1(title))
        event = Mapper(EventTranscoder()).to_domain_event(stored)
        row = (group_id, 2, "Renamed", stored.state)
        with store.deciding():
            (position,) = store.insert_events([row])
            follow([(event, position)], store.write, tree=[LoggedEvent(position, *row)])
        return group_id

    return rename


@pytest.fixture
def mixed(groups, renamed, two_versions):  # noqa: ARG001  # it is what makes version 2
    """The id of a group that was renamed in version 1 and, by today's program, in version 2."""
    group_id = renamed("Second")
    groups.update_group(group_id, name="Third")
    return group_id


def stored(store):
    return log.after(store.read, 0, limit=10)


@pytest.mark.usefixtures("mixed")
def test_what_was_stored_stays_and_what_is_written_says_its_version(store):
    _, first, second = stored(store)

    assert first.state == of_version_1("Second")
    assert second.state[41:64] == b'",' + b'"class_version":2,"na'
    assert (first.form, second.form) == ("Renamed.v1", "Renamed.v2")


def test_the_aggregate_is_replayed_from_both(groups, mixed):
    events = list(groups.application.events.get(mixed))

    assert [event.name for event in events] == ["First", "Second", "Third"]
    assert "title" not in vars(events[1])
    assert groups.application.repository.get(mixed).name == "Third"
    assert groups.application.repository.get(mixed, version=2).name == "Second"


@pytest.mark.usefixtures("two_versions")
def test_the_read_models_are_made_anew_from_both(groups, store, renamed):
    group_id = renamed("Second")

    rebuild.rebuild(store)
    assert group_list.holder_of_name(store.read, "Second") == group_id
    groups.update_group(group_id, name="Third")
    rebuild.rebuild(store)

    assert group_list.holder_of_name(store.read, "Third") == group_id
    assert json.loads(group_list.one(store.read, group_id).document)["name"] == "Third"
    assert rebuild.verify(store).problems == []


@pytest.mark.usefixtures("mixed")
def test_each_is_published_as_what_it_was_written_as(store):
    _, first, second = (json.loads(log.published(event, LOG)) for event in stored(store))

    assert first["type"] == "customer-groups.Renamed.v1"
    assert first["dataschema"] == "/events/schemas/Renamed.v1.json"
    assert first["data"]["title"] == "Second"
    assert second["type"] == "customer-groups.Renamed.v2"
    assert second["dataschema"] == "/events/schemas/Renamed.v2.json"
    assert second["data"]["name"] == "Third"
    assert "class_version" not in first["data"] | second["data"]


def test_a_published_line_is_the_same_before_and_after_there_was_a_version_2(monkeypatch):
    event = LoggedEvent(2, "cusgroup_1", 2, "Renamed", of_version_1("Second"))
    before = log.published(event, LOG)

    monkeypatch.setattr(Group.Renamed, "class_version", 2, raising=False)

    assert log.published(event, LOG) == before


@pytest.mark.usefixtures("mixed")
def test_a_line_of_any_version_leads_back_to_what_is_stored(store):
    for event in stored(store):
        assert log.stored(log.published(event, LOG), LOG) == event


@pytest.mark.usefixtures("mixed")
def test_a_stream_names_the_version(store):
    _, first, second = stored(store)

    assert b"event: customer-groups.Renamed.v1\n" in frame(Recent(first, b""))
    assert b"event: customer-groups.Renamed.v2\n" in frame(Recent(second, b""))


def test_metadata_that_is_called_class_version_is_only_metadata(groups, store):
    groups.create_group("VIP", {"class_version": 2})
    groups.create_group('"class_version":2,')

    assert [event.form for event in stored(store)] == ["GroupCreated.v1"] * 2


@pytest.mark.usefixtures("two_versions")
def test_both_versions_have_a_schema_and_one_name(monkeypatch):
    of_then = eventschemas.exactly({"title": eventschemas.TEXT})
    monkeypatch.setitem(eventschemas.FORMER, "Renamed.v1", of_then)

    forms = {form.name: form for form in eventschemas.forms()}

    assert {"Renamed.v1", "Renamed.v2", "GroupCreated.v1"} <= forms.keys()
    assert "name" in forms["Renamed.v2"].data["properties"]
    for name in ("Renamed.v1", "Renamed.v2"):
        form = forms[name]
        envelope = eventschemas.envelope(form.kind, form.data, form.name)["properties"]
        assert envelope["type"] == {"const": f"customer-groups.{name}"}
        assert envelope["dataschema"] == {"const": f"/events/schemas/{name}.json"}
        assert eventschemas.document_of(name, form.data)["$id"] == f"/events/schemas/{name}.json"
        assert eventschemas.event_of(f"customer-groups.{name}") == "Renamed"
    assert eventschemas.event_of("Renamed.v3") is None
