"""Group: its events first, then its rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import orjson
from eventsourcing.domain import (
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    CanSnapshotAggregate,
    event,
)
from ulid import ULID

from domain.context import Actor, context, decided_at
from domain.errors import GroupNotDeleted, MetadataTooLarge

Metadata = dict[str, Any]

IDS_PER_EVENT = 1000
"""How many customers one event names at most; keeps every event under 256 KiB."""

METADATA_BYTES = 64 * 1024
METADATA_KEYS = 200


@dataclass(frozen=True, kw_only=True)
class GroupEvent(CanMutateAggregate[str]):
    """What every event of a group says besides itself: who, when, why, in which request."""

    originator_id: str
    originator_version: int
    timestamp: datetime
    actor: Actor = field(default_factory=lambda: context.get().actor)
    request_id: str = field(default_factory=lambda: context.get().request_id)
    correlation_id: str | None = field(default_factory=lambda: context.get().correlation_id)
    traceparent: str | None = field(default_factory=lambda: context.get().traceparent)
    reason: str | None = field(default_factory=lambda: context.get().reason)

    @staticmethod
    def create_timestamp() -> datetime:
        """The time at which the running decision got the write lock."""
        return decided_at.get()


class Group(BaseAggregate[str]):
    """A named segment of customers. Knows how many members it has, not who they are."""

    TOPIC = "Group"  # stored for ever, so written out: moving this module must not break history

    class Event(GroupEvent):
        """The base that the library looks for under this name."""

    @dataclass(frozen=True, kw_only=True)
    class GroupCreated(Event, CanInitAggregate[str]):
        """A group exists."""

        TOPIC = "GroupCreated"
        originator_topic: str = "Group"  # the transcoder leaves it out of the log
        name: str
        metadata: Metadata | None

    @dataclass(frozen=True, kw_only=True)
    class Renamed(Event):
        """Its name changed; never recorded when equal."""

        TOPIC = "Renamed"
        name: str

    @dataclass(frozen=True, kw_only=True)
    class MetadataChanged(Event):
        """Exactly what changed: keys set, keys removed, or all of it cleared to null."""

        TOPIC = "MetadataChanged"
        set: Metadata
        removed: list[str]
        cleared: bool

    @dataclass(frozen=True, kw_only=True)
    class CustomersAdded(Event):
        """These customers joined; none of them was a member."""

        TOPIC = "CustomersAdded"
        customer_ids: list[str]

    @dataclass(frozen=True, kw_only=True)
    class CustomersRemoved(Event):
        """These customers left; all of them were members."""

        TOPIC = "CustomersRemoved"
        customer_ids: list[str]

    @dataclass(frozen=True, kw_only=True)
    class GroupDeleted(Event):
        """The group ends; its members are hidden, not ended; its name is free."""

        TOPIC = "GroupDeleted"

    @dataclass(frozen=True, kw_only=True)
    class GroupRestored(Event):
        """The group is back with its metadata and members, perhaps under another name."""

        TOPIC = "GroupRestored"
        name: str

    @dataclass(frozen=True, kw_only=True)
    class Snapshot(CanSnapshotAggregate[str]):
        """A group as its read models hold it, committed with event number `originator_version`."""

        TOPIC = "GroupSnapshot"
        originator_id: str
        originator_version: int
        timestamp: datetime
        topic: str
        state: dict[str, Any]

    name: str
    metadata: Metadata | None
    deleted: bool
    customers_count: int

    @event(GroupCreated)
    def __init__(self, name: str, metadata: Metadata | None) -> None:
        self.name = name
        self.metadata = metadata
        self.deleted = False
        self.customers_count = 0

    @staticmethod
    def create_id() -> str:
        """Return `cusgroup_` and a ULID of the decision's time."""
        return f"cusgroup_{ULID.from_datetime(decided_at.get())}"

    @classmethod
    def from_read_model(
        cls,
        group_id: str,
        version: int,
        *,
        name: str,
        metadata: Metadata | None,
        deleted: bool,
        customers_count: int,
        created_at: datetime,
    ) -> Self:
        """Return the group without replay: a read model row is a snapshot at its version."""
        group = cls.Snapshot(
            originator_id=group_id,
            originator_version=version,
            timestamp=created_at,
            topic=cls.TOPIC,
            state={
                "_created_on": created_at,
                "_modified_on": created_at,
                "name": name,
                "metadata": metadata,
                "deleted": deleted,
                "customers_count": customers_count,
            },
        ).mutate(None)
        assert isinstance(group, cls)  # noqa: S101 - narrows the library's type
        return group

    def rename(self, name: str) -> None:
        """Record the new name; the same name, nothing recorded."""
        if name != self.name:
            self._renamed(name=name)

    @event(Renamed)
    def _renamed(self, name: str) -> None:
        self.name = name

    def replace_metadata(self, metadata: Metadata | None) -> None:
        """Record how `metadata` differs from what is there, key by key; no difference, nothing.

        Raises `MetadataTooLarge`.
        """
        check_size(metadata)
        if metadata is None:
            if self.metadata is not None:
                self._metadata_changed(set={}, removed=[], cleared=True)
            return
        before = self.metadata or {}
        changed = {key: value for key, value in metadata.items() if not same(before, key, value)}
        removed = [key for key in before if key not in metadata]
        if changed or removed or self.metadata is None:
            self._metadata_changed(set=changed, removed=removed, cleared=False)

    @event(MetadataChanged)
    def _metadata_changed(self, set: Metadata, removed: list[str], cleared: bool) -> None:  # noqa: A002
        self.metadata = changed_metadata(self.metadata, set, removed, cleared)

    def add_customers(self, newcomers: Sequence[str]) -> None:
        """Record `newcomers`, ids that are not members yet, 1,000 to an event; none, nothing."""
        for start in range(0, len(newcomers), IDS_PER_EVENT):
            self._added(customer_ids=list(newcomers[start : start + IDS_PER_EVENT]))

    @event(CustomersAdded)
    def _added(self, customer_ids: list[str]) -> None:  # replay runs this, never the rule
        self.customers_count += len(customer_ids)

    def remove_customers(self, leavers: Sequence[str], reason: str | None = None) -> None:
        """Record `leavers`, ids that are members, 1,000 to an event; none, nothing recorded.

        `reason`, when given, stands in the events in place of the request's own.
        """
        for start in range(0, len(leavers), IDS_PER_EVENT):
            ids = list(leavers[start : start + IDS_PER_EVENT])
            if reason is None:
                self._removed(customer_ids=ids)
            else:
                self.trigger_event(self.CustomersRemoved, customer_ids=ids, reason=reason)

    @event(CustomersRemoved)
    def _removed(self, customer_ids: list[str]) -> None:
        self.customers_count -= len(customer_ids)

    def delete(self) -> None:
        """Record the end of the group; a deleted group, nothing recorded."""
        if not self.deleted:
            self._deleted()

    @event(GroupDeleted)
    def _deleted(self) -> None:
        self.deleted = True

    def restore(self, name: str) -> None:
        """Record that the group is back, under `name`. Raises `GroupNotDeleted`."""
        if not self.deleted:
            raise GroupNotDeleted(self.id)
        self._restored(name=name)

    @event(GroupRestored)
    def _restored(self, name: str) -> None:
        self.deleted = False
        self.name = name


def changed_metadata(
    metadata: Metadata | None, changed: Metadata, removed: Sequence[str], cleared: bool
) -> Metadata | None:
    """Return it after a `MetadataChanged`; a replaced key keeps its place, a new one is last."""
    if cleared:
        return None
    kept = {key: value for key, value in (metadata or {}).items() if key not in removed}
    return kept | changed


def merged(metadata: Metadata | None, given: Metadata | None) -> Metadata | None:
    """Return what an update makes of metadata: a shallow merge in which `""` deletes a key.

    `None` clears everything, `{}` changes nothing, a null value is stored. Medusa's rule.
    """
    if given is None:
        return None
    if not given:
        return metadata
    dropped = [key for key, value in given.items() if value == ""]
    kept = {key: value for key, value in given.items() if key not in dropped}
    if metadata is None and not kept:
        return None
    return changed_metadata(metadata, kept, dropped, cleared=False)


def merge_patched(target: Any, patch: Any) -> Any:
    """Return `target` after the JSON merge patch `patch` (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patched(result.get(key), value)
    return result


def same(metadata: Metadata, key: str, value: Any) -> bool:
    """Whether `key` is there with this very JSON value (1, 1.0 and true are three values)."""
    return key in metadata and orjson.dumps(metadata[key]) == orjson.dumps(value)


def check_size(metadata: Metadata | None) -> None:
    """Raise `MetadataTooLarge` beyond 64 KiB as JSON or 200 keys."""
    if metadata is None:
        return
    if len(metadata) > METADATA_KEYS:
        raise MetadataTooLarge(
            f"metadata would have {len(metadata)} keys; at most {METADATA_KEYS} are accepted"
        )
    size = len(orjson.dumps(metadata))
    if size > METADATA_BYTES:
        raise MetadataTooLarge(
            f"metadata would be {size} bytes as JSON; at most {METADATA_BYTES} are accepted"
        )
