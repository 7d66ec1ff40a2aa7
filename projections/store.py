"""What both stores have in common: the write transaction, reads, and what a decision needs."""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from weakref import WeakSet

from eventsourcing.persistence import Notification, Recording

from domain.context import decided_at
from domain.group import Group
from projections import directory, group_detail, group_list, log, membership
from projections.conditions import Searched
from projections.past import PastOfStore
from projections.read_models import follow, prefixed
from projections.recorder import Factory
from projections.sql import Row

T = TypeVar("T")


class StoreUnavailable(Exception):
    """The database cannot be used right now: unreachable, busy, read-only or full."""


class ConnectionLost(StoreUnavailable):
    """The connection broke; what ran on it has not happened and may be tried again."""


ATTEMPTS = 5
"""How often something is tried when the connection to the database breaks under it."""


def persistently(call: Callable[[], T]) -> T:
    """Call again while the connection breaks; the fifth time raise `StoreUnavailable`.

    Nothing has happened when it broke, so trying again does nothing twice.
    """
    for _ in range(ATTEMPTS - 1):
        with suppress(ConnectionLost):
            return call()
    try:
        return call()
    except ConnectionLost as error:
        raise StoreUnavailable(str(error)) from error


CHUNK = 5000
"""How many rows are fetched at a time where a whole table is read."""

FIRST_ANALYSIS = 1000
"""After so many changed rows the planner is told what is in the tables; then at twice as many."""


@dataclass(eq=False)
class Changes:
    """`Write` for one set of tables: the live ones, or those of a rebuild (by their prefix)."""

    store: "Store"
    prefix: str = ""
    changed: int = 0
    analyzed: int = 0

    def __call__(self, statement: str, /, **parameters: Any) -> int:
        """Return how many rows were changed."""
        changed = self.store.execute(prefixed(statement, self.prefix), parameters)
        self.count(changed)
        return changed

    def many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run a statement once for each row."""
        self._each(self.store.execute_many, statement, rows)

    def update(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run an UPDATE for each row, no two of which concern the same; no value is None."""
        self._each(self.store.update_many, statement, rows)

    def _each(self, run: Callable[..., None], statement: str, rows: Sequence[Any]) -> None:
        if len(rows) == 1:
            self(statement, **rows[0])
        elif rows:
            run(prefixed(statement, self.prefix), rows)
            self.count(len(rows))

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows: all columns of the table, in their order."""
        if rows:
            self.store.insert(prefixed(table, self.prefix), rows)
            self.count(len(rows))

    def count(self, rows: int) -> None:
        """Count changed rows, and refresh the planner's statistics when the tables outgrew them."""
        self.changed += rows
        if self.changed - self.analyzed >= max(FIRST_ANALYSIS, self.analyzed):
            self.analyzed = self.changed
            self.store.analyze(self.prefix)

    def read(self, statement: str, /, **parameters: Any) -> list[Row]:
        """Return all rows."""
        return self.store.query(prefixed(statement, self.prefix), parameters)


class Watch(ABC):
    """Waits for commits of any thread and process; belongs to the thread that made it.

    Look for new events after it was made and after each `wait`: then none is missed.
    """

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Return when something may have been committed, at the latest after so many seconds."""

    def poke(self) -> None:  # noqa: B027  # where waiting is woken otherwise, nothing
        """End the wait of the watch's thread soon; may be called by any thread."""

    def close(self) -> None:  # noqa: B027  # where nothing is held, nothing
        """Let go of what it holds."""


class Store(PastOfStore):
    """A database of events, read models and reference data. One connection a thread.

    `with store.deciding():` is the only way to write. It holds the one write lock, so that nothing
    a decision depends on can change before it commits.
    """

    dialect: ClassVar[str]
    SCHEMA: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.factory = Factory(self)
        self.write = Changes(self)
        self._thread = threading.local()
        _STORES.add(self)

    def leave_to_parent(self) -> None:
        """Begin without connections in a forked process; the parent's are kept, never touched."""
        self._of_parent = self._thread
        self._thread = threading.local()

    # -- what the two stores do differently --------------------------------------------------

    @abstractmethod
    def query(self, statement: str, parameters: dict[str, Any]) -> list[Row]:
        """Run a query on this thread's connection and return all its rows."""

    @abstractmethod
    def execute(self, statement: str, parameters: dict[str, Any]) -> int:
        """Run a statement in the write transaction and return how many rows it changed."""

    @abstractmethod
    def execute_many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run a statement once for each row, in the write transaction."""

    @abstractmethod
    def update_many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run an UPDATE for each row, no two of which concern the same; no value is None."""

    @abstractmethod
    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows of all columns, at least one, in the write transaction."""

    @abstractmethod
    def chunks(self, statement: str) -> Generator[list[Row], None, None]:
        """Yield the rows of a query in their order, some thousand at a time; inside `reading`."""

    @abstractmethod
    def analyze(self, prefix: str) -> None:
        """Let the planner know what bulk writes have put in the tables of a prefix."""

    @abstractmethod
    def define(self, statement: str) -> None:
        """Run a statement of the schema, in the write transaction."""

    @abstractmethod
    def _transaction(self) -> Any:
        """Return a context manager: take the write lock; commit, or roll back on an exception."""

    @abstractmethod
    def _snapshot(self) -> Any:
        """Return a context manager: all reads in it see one state of the database."""

    @abstractmethod
    def insert_events(self, rows: Sequence[tuple[str, int, str, bytes]]) -> list[int]:
        """Append events (originator id, version, topic, state); return their positions."""

    @abstractmethod
    def go_on_after(self, position: int) -> None:
        """Give the next event a position after this one, that of the newest imported event."""

    @abstractmethod
    def text_hits(
        self, searched: Searched, alias: str, words: Sequence[str], parameters: dict[str, Any]
    ) -> tuple[str, str]:
        """Return FROM and WHERE for the rows of a table whose searched column holds each word.

        The first rows come before the last are looked for, as LIMIT wants it. Words of three
        characters or more are found by the trigram index, others by reading all texts. The table
        is called `alias`; adds to `parameters` what the condition needs. No words: all rows.
        """

    @abstractmethod
    def probed(self, table: str, alias: str, condition: str) -> str:
        """Return what to CROSS JOIN for a table in which each row before it is looked up.

        `condition` must also stand in WHERE.
        """

    @abstractmethod
    def ranged(self, first: str, value: str, second: str, low: str, high: str) -> str:
        """Return the condition that `first` is a value and `second` above `low`, up to `high`.

        It is answered by an index of both columns.
        """

    @abstractmethod
    def text_contains(self, column: str, parameter: str) -> str:
        """Return a condition: `column` holds the text of `parameter`; by reading the column."""

    @abstractmethod
    def search_schema(self, searched: Searched) -> list[str]:
        """Return the statements that make the trigram index of a table, key and column."""

    @abstractmethod
    def lock_tables(self, tables: Sequence[str], ours: Sequence[str] = ()) -> bool:
        """Keep readers off until the transaction ends; False when one of them is not done soon.

        `ours` are tables that nobody reads, which the same transaction is about to change.
        """

    @abstractmethod
    def table_names(self) -> set[str]:
        """Return the names of the tables that exist."""

    @abstractmethod
    def is_replica(self) -> bool:
        """Whether this database only follows another one."""

    @abstractmethod
    def watch(self) -> "Watch":
        """Return what tells this thread when others may have appended to the log."""

    @abstractmethod
    def close(self) -> None:
        """Close this thread's connection, and no other's."""

    # -- transactions ------------------------------------------------------------------------

    @property
    def is_deciding(self) -> bool:
        """Whether this thread holds the write lock."""
        return getattr(self._thread, "deciding", False)

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Hold the write lock and commit at the end; nested, join the outer one.

        Raises `StoreUnavailable` when the lock or the database is not to be had, and
        `ConnectionLost` when nothing has happened because the connection broke. When it broke
        while committing, the store finds out what became of the transaction.
        """
        if self.is_deciding:
            yield
            return
        with self._transaction():
            token = decided_at.set(self._time_of_decision())
            self._thread.deciding = True
            try:
                yield
            finally:
                self._thread.deciding = False
                decided_at.reset(token)

    @contextmanager
    def defining(self) -> Iterator[None]:
        """Hold the write lock and commit at the end: for the schema, when there is no log yet."""
        with self._transaction():
            yield

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Write tables that nobody else writes: a transaction, under the lock only where needed."""
        with self._transaction():
            yield

    @contextmanager
    def leaving_traces(self) -> Iterator[None]:
        """Let what is deleted stay on the disk for a while: for rows without personal data."""
        yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Make all reads in it see one state of the database; inside `deciding`, join that."""
        if self.is_deciding or getattr(self._thread, "reading", False):
            yield
            return
        with self._snapshot():
            self._thread.reading = True
            try:
                yield
            finally:
                self._thread.reading = False

    def read(self, statement: str, /, **parameters: Any) -> list[Row]:
        """Run a query; inside `deciding` it sees what the transaction has written."""
        return self.query(statement, parameters)

    def search(self, statement: str, /, **parameters: Any) -> list[Row]:
        """Run a query that is planned for its very parameters: a rare word wants another plan."""
        return self.query(statement, parameters)

    def _time_of_decision(self) -> datetime:
        """Return now, but never earlier than the newest event: time must not run back."""
        newest = log.newest_time(self.read)
        now = datetime.now(UTC)
        return now if newest is None else max(now, newest)

    # -- what a decision needs (domain.application.Store) ----------------------------------------

    def changed(self, recordings: Sequence[Recording[str]]) -> None:
        """Apply recorded events to all read models, in the running transaction."""
        events = [(one.domain_event, one.notification.id) for one in recordings]
        follow(events, self.write, tree=[stored(one.notification) for one in recordings])

    def group(self, group_id: str) -> Group | None:
        """Return the group, deleted or not, as its newest event left it."""
        return group_detail.aggregate(self.read, group_id)

    def name_taken(self, name: str, group_id: str | None) -> bool:
        """Whether a living group other than `group_id` has this very name."""
        holder = group_list.holder_of_name(self.read, name)
        return holder is not None and holder != group_id

    def members_among(self, group_id: str, customer_ids: Sequence[str]) -> set[str]:
        """Return which of these customers are members. O(len(customer_ids))."""
        return membership.members_among(self.read, group_id, customer_ids)

    def customers_among(self, customer_ids: Sequence[str]) -> set[str]:
        """Return which of these customers the directory knows. O(len(customer_ids))."""
        return directory.known_among(self.read, customer_ids)

    def groups_holding(self, customer_id: str) -> list[str]:
        """Return the ids of all groups, deleted ones too, that the customer is a member of."""
        return membership.groups_holding(self.read, customer_id)

    def forget_customer(self, customer_id: str) -> None:
        """Delete the customer's row in the directory, if there is one."""
        directory.forget(self.write, customer_id)


def stored(notification: Notification) -> log.LoggedEvent:
    """Return a recorded event with the very bytes that the log has."""
    return log.LoggedEvent(
        notification.id,
        str(notification.originator_id),
        notification.originator_version,
        notification.topic,
        notification.state,
    )


_STORES: WeakSet[Store] = WeakSet()


def _leave_to_parent() -> None:
    for store in _STORES:
        store.leave_to_parent()


os.register_at_fork(after_in_child=_leave_to_parent)
