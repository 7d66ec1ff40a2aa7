"""What the log says, in lines for people: a group event by event, and what is different."""

from collections.abc import Iterator
from typing import Any

import orjson
from eventsourcing.persistence import Mapper, StoredEvent

from domain.group import Group, GroupEvent
from domain.transcoding import EventTranscoder, rfc3339
from projections import log
from projections.differences import Difference
from projections.log import LoggedEvent, Wanted
from projections.sql import Read

BATCH = 100


def replayed(read: Read, group_id: str, until: int) -> Iterator[str]:
    """Yield the lines of a group's events up to a position, and what they make of it."""
    mapper: Mapper[str] = Mapper(EventTranscoder())
    group: Group | None = None
    for logged in _events(read, group_id, until):
        event: Any = mapper.to_domain_event(StoredEvent(*logged[1:]))
        before = group and (group.name, group.metadata)
        group = event.mutate(group)
        yield _headline(logged, event)
        yield from (f"    {line}" for line in _said(event, before, group))
    if group is None:
        return
    yield ""
    yield f"{group_id} as of position {until}: {'deleted' if group.deleted else 'living'}"
    yield f"    name {_json(group.name)}"
    yield f"    {group.customers_count:,} customers"
    yield f"    metadata {_json(group.metadata)}"


def _events(read: Read, group_id: str, until: int) -> Iterator[LoggedEvent]:
    position = 0
    while found := log.after(read, position, limit=BATCH, wanted=Wanted(group_id=group_id)):
        for logged in found:
            if logged.position > until:
                return
            yield logged
        position = found[-1].position


def _headline(logged: LoggedEvent, event: GroupEvent) -> str:
    reason = "" if event.reason is None else f", because {_json(event.reason)}"
    return (
        f"{logged.position:>9}  version {logged.version:<5} {rfc3339(event.timestamp)}"
        f"  {logged.topic} by {event.actor['type']} {event.actor['id']}{reason}"
    )


def _said(event: Any, before: Any, group: Group | None) -> Iterator[str]:
    name, metadata = before or (None, None)
    match event:
        case Group.GroupCreated():
            yield f"name {_json(event.name)}"
            yield f"metadata {_json(event.metadata)}"
        case Group.Renamed() | Group.GroupRestored():
            yield f"name {_json(name)} -> {_json(event.name)}"
        case Group.MetadataChanged():
            yield from metadata_lines(metadata, group and group.metadata)
        case Group.CustomersAdded():
            yield f"joined {len(event.customer_ids):,}: {' '.join(event.customer_ids)}"
        case Group.CustomersRemoved():
            yield f"left {len(event.customer_ids):,}: {' '.join(event.customer_ids)}"


def metadata_lines(before: Any, after: Any) -> Iterator[str]:
    """Yield a line for each key that is not the same."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after and not (before or after):
            yield f"metadata {_json(before)} -> {_json(after)}"
        before, after = before or {}, after or {}
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in after:
            yield f"metadata {_json(key)}: {_json(before[key])} -> removed"
        elif key not in before:
            yield f"metadata {_json(key)}: {_json(after[key])} is new"
        elif _json(before[key]) != _json(after[key]):
            yield f"metadata {_json(key)}: {_json(before[key])} -> {_json(after[key])}"


def described(found: Difference) -> Iterator[str]:
    """Yield the lines of what is different with a group."""
    before, after = found.before, found.after
    now = after or before
    name = "" if now is None else f" {_json(now['name'])}"
    if after is None:
        fate = "created and deleted" if found.is_new else "deleted" if before else "still deleted"
    elif before is None:
        fate = "created" if found.is_new else "restored"
    else:
        fate = "changed"
    yield f"{found.group_id}{name} {fate}"
    if before and after:
        if before["name"] != after["name"]:
            yield f"    name {_json(before['name'])} -> {_json(after['name'])}"
        yield from (f"    {line}" for line in metadata_lines(before["metadata"], after["metadata"]))
    elif after:
        yield from (f"    {line}" for line in metadata_lines(None, after["metadata"]))
    if found.joined or found.left:
        yield f"    members: {found.joined:,} joined, {found.left:,} left"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
