"""CustomerGroups: one method per command.

A command is one write transaction, decided inside it: take the write lock, load, ask, save. The
read models change in the same transaction. Methods called inside a `store.deciding()` of the
caller join it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from eventsourcing.application import Application, ProcessingEvent
from eventsourcing.persistence import InfrastructureFactory, Recording, Transcoder
from eventsourcing.utils import Environment

from domain.context import CUSTOMER_DELETED, because, caused_by
from domain.errors import CustomerNotFound, GroupNotFound, NameTaken, VersionMismatch
from domain.group import Group, Metadata, check_size, merge_patched, merged
from domain.transcoding import EventTranscoder
from domain.undo import LeftOut, Past, Undoing


class Store(Past, Protocol):
    """What a decision needs to know, and how it is committed."""

    @property
    def factory(self) -> InfrastructureFactory[Any]:
        """What gives the application its recorder."""

    def deciding(self) -> AbstractContextManager[None]:
        """Hold the write lock; commit at the end, roll back on an exception; nested: joins."""

    def changed(self, recordings: Sequence[Recording[str]]) -> None:
        """Apply recorded events to the read models, in the running transaction."""

    def name_taken(self, name: str, group_id: str | None) -> bool:
        """Whether a living group other than `group_id` has this very name."""

    def members_among(self, group_id: str, customer_ids: Sequence[str]) -> set[str]:
        """Return which of these customers are members. O(len(customer_ids))."""

    def groups_holding(self, customer_id: str) -> list[str]:
        """Return the ids of all groups, deleted ones too, that the customer is a member of."""

    def forget_customer(self, customer_id: str) -> None:
        """Delete the customer's row in the directory, if there is one."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command did.

    `position` is that of the last event it recorded, None when it recorded none. `added` and
    `removed` count memberships that changed, `already` and `absent` those that did not have to.
    """

    position: int | None = None
    added: int = 0
    already: int = 0
    removed: int = 0
    absent: int = 0


@dataclass(frozen=True, kw_only=True)
class GroupOutcome(Outcome):
    """What a command on one group did."""

    group_id: str


@dataclass(frozen=True, kw_only=True)
class UndoOutcome(Outcome):
    """What an undo did; the customers in `left_out` were erased since and not brought back."""

    left_out: Sequence[LeftOut]


class CustomerGroups(Application[str]):
    """The commands. Each runs under the context variable `domain.context.context`."""

    name = "customer_groups"

    def __init__(self, store: Store, *, accept_unknown_customers: bool = False) -> None:
        self.store = store
        self.accept_unknown_customers = accept_unknown_customers
        super().__init__()

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:  # noqa: ARG002
        """Return the store's own: it has been chosen by its address already."""
        return self.store.factory

    def construct_transcoder(self) -> Transcoder:
        """Return the one that writes the log's own JSON."""
        return EventTranscoder()

    def create_group(self, name: str, metadata: Metadata | None = None) -> GroupOutcome:
        """Create a group. Raises `NameTaken`, `MetadataTooLarge`."""
        check_size(metadata)
        with self.store.deciding():
            self._claim(name, None)
            group = Group(name=name, metadata=metadata)
            return GroupOutcome(group_id=group.id, position=self._save(group))

    def update_group(
        self,
        group_id: str,
        *,
        name: str | None = None,
        metadata: Callable[[Metadata | None], Metadata | None] | None = None,
        expected: int | None = None,
    ) -> GroupOutcome:
        """Rename a group and change its metadata, as far as either is given.

        `metadata` makes the new metadata of the old (see `merging` and `merge_patching`).
        `expected` is the version that the caller has seen.

        Raises `GroupNotFound`, `VersionMismatch`, `NameTaken`, `MetadataTooLarge`.
        """
        with self.store.deciding():
            group = self._load(group_id, expected)
            if name is not None and name != group.name:
                self._claim(name, group_id)
                group.rename(name)
            if metadata is not None:
                group.replace_metadata(metadata(group.metadata))
            return GroupOutcome(group_id=group_id, position=self._save(group))

    def change_customers(
        self,
        group_id: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        expected: int | None = None,
    ) -> GroupOutcome:
        """Add and remove customers of a group, all or nothing. No id twice, none in both.

        A customer that is a member already, or that is not a member, changes nothing.
        O(len(add) + len(remove)) at any size of the group.

        Raises `GroupNotFound`, `VersionMismatch`, `CustomerNotFound`.
        """
        with self.store.deciding():
            group = self._load(group_id, expected)
            if add and not self.accept_unknown_customers:
                known = self.store.customers_among(add)
                for customer_id in add:
                    if customer_id not in known:
                        raise CustomerNotFound(customer_id)
            members = self.store.members_among(group_id, [*add, *remove])
            newcomers = [customer_id for customer_id in add if customer_id not in members]
            leavers = [customer_id for customer_id in remove if customer_id in members]
            group.add_customers(newcomers)
            group.remove_customers(leavers)
            return GroupOutcome(
                group_id=group_id,
                position=self._save(group),
                added=len(newcomers),
                already=len(add) - len(newcomers),
                removed=len(leavers),
                absent=len(remove) - len(leavers),
            )

    def change_groups(
        self, customer_id: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Outcome:
        """Add a customer to groups and remove it from groups, all or nothing.

        An unknown group in `remove` changes nothing. Raises `CustomerNotFound`, `GroupNotFound`.
        """
        with self.store.deciding():
            known = self.accept_unknown_customers or self.store.customers_among([customer_id])
            if not known:
                raise CustomerNotFound(customer_id)
            joined = [
                group
                for group in (self._load(group_id) for group_id in add)
                if not self.store.members_among(group.id, [customer_id])
            ]
            left = [
                group
                for group in map(self.store.group, remove)
                if group is not None
                and not group.deleted
                and self.store.members_among(group.id, [customer_id])
            ]
            for group in joined:
                group.add_customers([customer_id])
            for group in left:
                group.remove_customers([customer_id])
            return Outcome(
                position=self._save(*joined, *left),
                added=len(joined),
                already=len(add) - len(joined),
                removed=len(left),
                absent=len(remove) - len(left),
            )

    def delete_group(self, group_id: str, *, expected: int | None = None) -> GroupOutcome:
        """Delete a group; a deleted or unknown one changes nothing. Raises `VersionMismatch`."""
        with self.store.deciding():
            group = self.store.group(group_id)
            if group is None:
                return GroupOutcome(group_id=group_id)
            if not group.deleted:
                check_version(group, expected)
            group.delete()
            return GroupOutcome(group_id=group_id, position=self._save(group))

    def restore_group(
        self, group_id: str, *, name: str | None = None, expected: int | None = None
    ) -> GroupOutcome:
        """Bring a deleted group back with its metadata and members, under `name` when given.

        Raises `GroupNotFound`, `VersionMismatch`, `GroupNotDeleted`, `NameTaken`.
        """
        with self.store.deciding():
            group = self.store.group(group_id)
            if group is None:
                raise GroupNotFound(group_id)
            check_version(group, expected)
            group.restore(group.name if name is None else name)
            self._claim(group.name, group_id)
            return GroupOutcome(group_id=group_id, position=self._save(group))

    def delete_customer(self, customer_id: str) -> Outcome:
        """Erase a customer from the directory and take it out of every group, deleted ones too.

        So a group that is restored later never brings an erased person back. An unknown customer
        changes nothing.
        """
        reason = caused_by(CUSTOMER_DELETED)
        with self.store.deciding():
            groups = [
                group
                for group in map(self.store.group, self.store.groups_holding(customer_id))
                if group is not None
            ]
            for group in groups:
                group.remove_customers([customer_id], reason)
            self.store.forget_customer(customer_id)
            return Outcome(position=self._save(*groups), removed=len(groups))

    def undo(self, request_id: str) -> UndoOutcome:
        """Record what takes back everything that a request changed, all or nothing.

        An undo is a request like any other and can be undone; its events say `undo of request
        ...` as their reason. Nothing is recorded where nothing is left to take back.

        Raises `RequestNotFound`, `ErasureIsFinal`, `UndoConflict`, `MetadataTooLarge`.
        """
        with self.store.deciding(), because(f"undo of request {request_id}"):
            undoing = Undoing(self.store, self.accept_unknown_customers)
            undoing.take_back(request_id)
            return UndoOutcome(position=self._save(*undoing.groups), left_out=undoing.left_out)

    def _load(self, group_id: str, expected: int | None = None) -> Group:
        group = self.store.group(group_id)
        if group is None or group.deleted:
            raise GroupNotFound(group_id)
        check_version(group, expected)
        return group

    def _claim(self, name: str, group_id: str | None) -> None:
        if self.store.name_taken(name, group_id):
            raise NameTaken(name)

    def _save(self, *groups: Group) -> int | None:
        recordings = self.save(*groups)
        return recordings[-1].notification.id if recordings else None

    def _record(self, processing_event: ProcessingEvent[str]) -> list[Recording[str]]:
        """Insert the events, then let the read models follow, in the same transaction."""
        if not processing_event.events:
            return []
        recordings = super()._record(processing_event)
        self.store.changed(recordings)
        return recordings


def check_version(group: Group, expected: int | None) -> None:
    """Raise `VersionMismatch` unless the group is at the version that the caller has seen."""
    if expected is not None and expected != group.version:
        raise VersionMismatch(group.id, expected, group.version)


def merging(given: Metadata | None) -> Callable[[Metadata | None], Metadata | None]:
    """Return the shallow merge of an update as a change of metadata."""
    return lambda metadata: merged(metadata, given)


def merge_patching(patch: Metadata | None) -> Callable[[Metadata | None], Metadata | None]:
    """Return the JSON merge patch (RFC 7396) of metadata as a change of it."""
    return lambda metadata: merge_patched(metadata, patch)
