"""Undo: the compensating events for everything that one request changed.

It never overrides what was decided since: whatever the request changed must still be as the request
left it, else the later events are named and nothing is undone. Customers that were erased since are
no obstacle, and never brought back.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Protocol

from domain.context import is_erasure
from domain.errors import ErasureIsFinal, RequestNotFound, UndoConflict
from domain.group import Group, GroupEvent, Metadata, changed_metadata, same

LIFE = (Group.GroupCreated, Group.GroupDeleted, Group.GroupRestored)
NAMING = (Group.GroupCreated, Group.Renamed, Group.GroupRestored)

MOST_CONFLICTS = 100
"""How many of the later events that are in the way a refusal names, the newest."""


class Recorded(NamedTuple):
    """An event of the log and where it is."""

    position: int
    event: GroupEvent


class Interval(NamedTuple):
    """A membership: the positions at which it began and ended (None while it lasts)."""

    since: int
    until: int | None

    @property
    def newest(self) -> int:
        """The position of the last that happened to it."""
        return self.since if self.until is None else self.until


class LeftOut(NamedTuple):
    """A customer that an undo does not bring back: erased since, or unknown."""

    group_id: str
    customer_id: str


class Past(Protocol):
    """What an undo needs to know of what happened, and of what is."""

    def group(self, group_id: str) -> Group | None:
        """Return the group, deleted or not, as its newest event left it."""

    def holder_of_name(self, name: str) -> str | None:
        """Return the id of the living group of this very name."""

    def customers_among(self, customer_ids: Sequence[str]) -> set[str]:
        """Return which of these customers the directory knows. O(len(customer_ids))."""

    def events_of_request(self, request_id: str) -> Sequence[Recorded]:
        """Return what a request recorded, oldest first; nothing for an unknown one."""

    def events_since(
        self, group_id: str, position: int, kinds: Sequence[type[GroupEvent]]
    ) -> Iterator[Recorded]:
        """Return a group's events after a position, of these kinds (none: all), newest first."""

    def described_before(self, position: int) -> tuple[str, Metadata | None]:
        """Return the name and metadata that an event's group had just before that event."""

    def newest_intervals(self, group_id: str, customer_ids: Sequence[str]) -> dict[str, Interval]:
        """Return each customer's newest membership of a group. O(len(customer_ids))."""

    def erased_since(self, customer_ids: Sequence[str], position: int) -> set[str]:
        """Return which of these customers were erased after a position, as the log tells."""


@dataclass
class Undoing:
    """Takes requests back: `groups` then hold the events to record, `left_out` says who is not."""

    past: Past
    accept_unknown_customers: bool = False
    groups: list[Group] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    _conflicts: set[int] = field(default_factory=set)
    _erased: set[str] = field(default_factory=set)

    def take_back(self, request_id: str) -> None:
        """Undo all that a request changed.

        Raises `RequestNotFound`, `ErasureIsFinal`, `UndoConflict`, `MetadataTooLarge`.
        """
        events = self.past.events_of_request(request_id)
        changes: dict[str, list[Recorded]] = {}
        for recorded in events:
            erased = erased_by(recorded.event)
            if erased is not None:
                raise ErasureIsFinal(request_id, erased)
            changes.setdefault(recorded.event.originator_id, []).append(recorded)
        if not changes:
            raise RequestNotFound(request_id)
        customers = {customer_id for _, event in events for customer_id in customers_of(event)}
        if customers:
            self._erased = self.past.erased_since([*customers], events[-1].position)
        for group_id, change in reversed(changes.items()):
            group = self.past.group(group_id)
            if group is not None:
                self._take_back_of(group, change)
                self.groups.append(group)
        if self._conflicts:
            raise UndoConflict(request_id, sorted(self._conflicts, reverse=True)[:MOST_CONFLICTS])

    def _take_back_of(self, group: Group, change: Sequence[Recorded]) -> None:
        """Undo what a request changed of one group: whether it lives, name, metadata, members."""
        life = [recorded.event for recorded in change if isinstance(recorded.event, LIFE)]
        lived = not life or isinstance(life[0], Group.GroupDeleted)
        is_deleted = bool(life) and isinstance(life[-1], Group.GroupDeleted)
        position = change[-1].position
        if is_deleted and not lived:
            return
        if not lived and self._meets(self._changes_since(group, change), MOST_CONFLICTS):
            return
        disturbed = bool(life) or group.deleted
        if disturbed and self._meets(self.past.events_since(group.id, position, LIFE)):
            return
        if life and isinstance(life[0], Group.GroupCreated):
            group.delete()
            return
        name, metadata = self._described_before(group, change)
        if lived:  # what ends leaves its name to others, whichever it was
            self._claim(name, group, change)
            if group.deleted:
                group.restore(name)
            group.rename(name)
        self._take_back_metadata(group, change, metadata)
        self._take_back_members(group, change)
        if not lived:
            group.delete()

    def _changes_since(self, group: Group, change: Sequence[Recorded]) -> Iterator[Recorded]:
        """Return what happened to the group since, erasures aside, newest first."""
        position, newest = change[-1]
        if group.version == newest.originator_version:
            return iter(())
        since = self.past.events_since(group.id, position, ())
        return (recorded for recorded in since if erased_by(recorded.event) is None)

    def _meets(self, later: Iterable[Recorded], most: int = 1) -> bool:
        """Whether there are such later events; if so, they are in the way."""
        found = [recorded.position for recorded in islice(later, most)]
        self._conflicts.update(found)
        return bool(found)

    def _described_before(
        self, group: Group, change: Sequence[Recorded]
    ) -> tuple[str, Metadata | None]:
        """Return the name and metadata before the request, looked up where it changed any."""
        if any(isinstance(event, (*NAMING, Group.MetadataChanged)) for _, event in change):
            return self.past.described_before(change[0].position)
        return group.name, group.metadata

    def _claim(self, name: str, group: Group, change: Sequence[Recorded]) -> None:
        """Find what is in the way of the name: renamed since, or somebody else's by now."""
        given = [event.name for _, event in change if isinstance(event, NAMING)]
        if given and group.name != given[-1]:
            self._meets(self.past.events_since(group.id, change[-1].position, NAMING))
        elif group.deleted or name != group.name:
            holder = self.past.holder_of_name(name)
            if holder is not None and holder != group.id:
                self._meets(self.past.events_since(holder, 0, NAMING))

    def _take_back_metadata(
        self, group: Group, change: Sequence[Recorded], before: Metadata | None
    ) -> None:
        """Give each key its value back that the request changed; the others stay as they are."""
        events = [event for _, event in change if isinstance(event, Group.MetadataChanged)]
        if not events:
            return
        after = before
        for event in events:
            after = changed_metadata(after, event.set, event.removed, event.cleared)
        touched = differing(before, after)
        lost = touched & differing(after, group.metadata)
        of_null = not touched and (before is None) != (after is None)  # from null to {} or back
        if lost or (of_null and (group.metadata is None) != (after is None)):
            later = self.past.events_since(group.id, change[-1].position, (Group.MetadataChanged,))
            self._meets(one for one in later if of_null or names_any(one.event, lost))
            return
        kept = {key: value for key, value in (group.metadata or {}).items() if key not in touched}
        back = {key: value for key, value in (before or {}).items() if key in touched}
        if before is None and not kept:
            group.replace_metadata(None)
        else:
            gone = [*(touched - back.keys())]
            group.replace_metadata(changed_metadata(group.metadata, back, gone, cleared=False))

    def _take_back_members(self, group: Group, change: Sequence[Recorded]) -> None:
        """Take out whom the request added, and bring back whom it removed."""
        added, removed = members_changed(change)
        if not added and not removed:
            return
        intervals = self.past.newest_intervals(group.id, [*added, *removed])
        leavers, returning = [], []
        for customer_id, position in added.items():
            newest = intervals[customer_id]
            if newest == Interval(position, None):
                leavers.append(customer_id)
            elif customer_id not in self._erased:
                self._conflicts.add(newest.newest)
        for customer_id, position in removed.items():
            newest = intervals[customer_id]
            if newest.until is None or (
                newest.until != position and customer_id not in self._erased
            ):
                self._conflicts.add(newest.newest)
            elif customer_id not in self._erased:
                returning.append(customer_id)
        known = set(returning)
        if returning and not self.accept_unknown_customers:
            known = self.past.customers_among(returning)
        group.remove_customers(leavers)
        group.add_customers([customer_id for customer_id in returning if customer_id in known])
        self.left_out += [
            LeftOut(group.id, customer_id) for customer_id in removed if customer_id not in known
        ]


def members_changed(change: Sequence[Recorded]) -> tuple[dict[str, int], dict[str, int]]:
    """Return whom these events added and whom they removed, all in all, and the last time where."""
    first: dict[str, bool] = {}
    last: dict[str, tuple[bool, int]] = {}
    for position, event in change:
        joined = isinstance(event, Group.CustomersAdded)
        for customer_id in customers_of(event):
            first.setdefault(customer_id, joined)
            last[customer_id] = joined, position
    added = {id: at for id, (joined, at) in last.items() if joined and first[id]}
    removed = {id: at for id, (joined, at) in last.items() if not joined and not first[id]}
    return added, removed


def customers_of(event: GroupEvent) -> Sequence[str]:
    """Return the customers that an event names."""
    if isinstance(event, Group.CustomersAdded | Group.CustomersRemoved):
        return event.customer_ids
    return ()


def erased_by(event: GroupEvent) -> str | None:
    """Return the customer whose deletion the event tells of, None for any other event."""
    if isinstance(event, Group.CustomersRemoved) and is_erasure(event.reason):
        return event.customer_ids[0] if len(event.customer_ids) == 1 else None
    return None


def differing(before: Metadata | None, after: Metadata | None) -> set[str]:
    """Return the keys that only one of these has, or that have another value."""
    left, right = before or {}, after or {}
    shared = {key for key in left.keys() & right.keys() if same(left, key, right[key])}
    return (left.keys() | right.keys()) - shared


def names_any(event: GroupEvent, keys: set[str]) -> bool:
    """Whether a change of metadata is one of any of these keys."""
    return isinstance(event, Group.MetadataChanged) and (
        event.cleared or not keys.isdisjoint([*event.set, *event.removed])
    )
