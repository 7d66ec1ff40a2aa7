"""verify: do the read models equal a replay of the log? rebuild: make them anew from it."""

import gc
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Self

from eventsourcing.persistence import Mapper, StoredEvent
from ulid import ULID

from domain.transcoding import EventTranscoder
from projections import log, log_check, merkle, schema
from projections.log_check import Checked
from projections.progress import Progress, no_progress
from projections.read_models import SEARCHED, TABLES, Positioned, follow, prefixed, versions
from projections.sql import Row
from projections.sqlite import SQLiteStore
from projections.store import Changes, Store

FRESH = "fresh_"
REPLAYED = "replayed_"

BATCH = {"sqlite": 1000, "postgres": 5000}
"""How many events a rebuild replays at once; on SQLite all who write wait meanwhile."""

UNLOCKED_BATCH = max(BATCH.values())
"""How many are where nobody waits."""

BATCH_BYTES = 4 * 1024 * 1024
"""A batch ends here, however few events it has: memory is bounded."""

AT_A_TIME = 500
"""How many events are read at a time: one may have 256 KiB."""

EVENTS = (
    f"SELECT {log.EVENT} FROM stored_events"
    " WHERE notification_id > :after AND notification_id <= :until"
    " ORDER BY notification_id LIMIT :limit"
)

TAKE_OVER = f"""
INSERT INTO {FRESH}merkle_leaf
SELECT * FROM merkle_leaf WHERE number >= :first AND number < :last
"""

LEAVES_AT_ONCE = 20_000

FIRST_DIFFERENCES = 5

PAUSE_SECONDS = 0.5
"""How long a rebuild that could not put its tables in place lets the others work."""


class LogSuspect(Exception):
    """The log is not what was committed, so nothing is made from it; the message says where."""


class RebuildOvertaken(Exception):
    """Another rebuild began after this one; that one goes on, this one has changed nothing."""


@dataclass(frozen=True)
class Verified:
    """What `verify` found: nothing wrong when `problems` is empty."""

    events: int
    position: int
    problems: list[str]


def events_count(store: Store) -> int:
    """Return how many events the log holds."""
    return int(store.read("SELECT count(*) FROM stored_events")[0][0])


@dataclass(frozen=True)
class Stretch:
    """The next events of the log: as they are meant, each with its position, and as stored."""

    events: list[Positioned]
    rows: list[Row]

    @classmethod
    def after(cls, store: Store, after: int, limit: int, until: int = log.NO_BOUND) -> Self:
        """Read up to `limit` events after a position, fewer where they are large."""
        mapper: Mapper[str] = Mapper(EventTranscoder())
        meant: list[Positioned] = []
        rows: list[Row] = []
        size = 0
        while len(rows) < limit and size < BATCH_BYTES:
            some = min(AT_A_TIME, limit - len(rows))
            found = store.read(EVENTS, after=after, until=until, limit=some)
            if not found:
                break
            for row in found:
                meant.append((mapper.to_domain_event(StoredEvent(*row[1:])), row[0]))
                size += len(row[4])
            rows += found
            after = found[-1][0]
        return cls(meant, rows)

    @property
    def end(self) -> int:
        """The position of the last."""
        return int(self.rows[-1][0])

    def replay(self, write: Changes, *, at_once: bool = False, tree: bool = True) -> None:
        """Let tables follow; `at_once` as in `follow`, no `tree`: all but that."""
        logged = [log.LoggedEvent._make(row) for row in self.rows] if tree else ()
        follow(self.events, write, tree=logged, at_once=at_once)


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """Spare the search for cycles: a replay makes none, and to search takes a tenth of its time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@nothing_to_collect()
def rebuild(
    store: Store,
    progress: Progress = no_progress,
    *,
    checking: Progress = no_progress,
    accept_log: bool = False,
) -> int:
    """Make all read models anew while the service runs; return how many events were replayed.

    Fresh tables are filled batch by batch, get their indexes, catch up, and take the place of the
    old ones in one transaction, as soon as no long read holds those. Killed at any moment, nothing
    has changed.

    The log is held against its tree and the signed tree heads before, and a tree that is right is
    taken over. A log that these speak against is not made right by a tree that follows it: raises
    `LogSuspect`. With `accept_log` the tree may be wrong; a signed tree head never is.

    Raises `RebuildOvertaken`.
    """
    with store.leaving_traces():  # personal data is in the directory, and only there
        return _rebuild(store, progress, refuse_suspect(store, checking, accept_log=accept_log))


def _rebuild(store: Store, progress: Progress, checked: Checked | None) -> int:
    until = checked.position if checked else log.end(store.read)
    generation = begin(store)
    write = Changes(store, FRESH)
    batch = BATCH[store.dialect]
    total = events_count(store)
    done, position = 0, 0

    def fill(until: int, **how: bool) -> None:
        nonlocal done, position
        while position < until:
            stretch = Stretch.after(store, position, batch, until)  # while others write
            with store.filling():
                check_generation(store, generation)
                stretch.replay(write, **how)
            done, position = done + len(stretch.rows), stretch.end
            progress(done, max(total, done))

    fill(until, at_once=True, tree=checked is None)
    if checked is not None:
        take_over_tree(store, write, generation, checked)
    index(store, generation)
    fill(log.end(store.read))
    while True:
        with store.defining():
            check_generation(store, generation)
            while (stretch := Stretch.after(store, position, batch)).rows:
                stretch.replay(write)
                done, position = done + len(stretch.rows), stretch.end
            if swap(store):
                break
        time.sleep(PAUSE_SECONDS)
    progress(done, done)
    return done


def refuse_suspect(store: Store, progress: Progress, *, accept_log: bool) -> Checked | None:
    """Raise `LogSuspect` unless the log is what the tree and the signed tree heads say.

    Returns what was found where they agree, None where the tree has to be made anew.
    """
    if not {"merkle_leaf", "tree_head"} <= store.table_names():
        return None  # of a version that had none
    with store.reading():
        found = log_check.check(store, log_check.kept_heads(store.read), progress)
    if found.against:
        raise LogSuspect("\n".join(found.against))
    if found.undecided and not accept_log:
        raise LogSuspect(
            f"{found.undecided[0]}, or the tree is damaged; no signed tree head tells. When the log"
            " is right, `customer-groups rebuild --accept-log` makes the tree anew."
        )
    return None if found.problems else found


def begin_new_log(store: Store) -> str:
    """Give the log another id and return it: once restored, its positions mean other events.

    Every published line has the id, so the tree is made anew. Raises `LogSuspect`.
    """
    refuse_suspect(store, no_progress, accept_log=False)
    log_id, position = f"log_{ULID()}", 0
    with store.defining():
        schema.keep(store, "log_id", log_id)
        store.write("DELETE FROM merkle_leaf")
        store.write("DELETE FROM merkle_subtree")
        while events := log.after(store.read, position, limit=AT_A_TIME):
            merkle.append(events, store.write)
            position = events[-1].position
    return log_id


def begin(store: Store) -> int:
    """Make fresh tables, in the place of those that another rebuild has left; return its number."""
    with store.defining():
        generation = int(schema.property_value(store, "generation") or 0) + 1
        schema.keep(store, "generation", str(generation))
        drop(store, FRESH)
        for statement in schema.table_statements(prefix=FRESH, generation=generation):
            store.define(statement)
    return generation


def take_over_tree(store: Store, write: Changes, generation: int, checked: Checked) -> None:
    """Copy the leaves against which the log was held, and keep the roots over them."""
    for first in range(0, checked.events, LEAVES_AT_ONCE):
        with store.filling():
            check_generation(store, generation)
            last = min(first + LEAVES_AT_ONCE, checked.events)
            store.execute(TAKE_OVER, {"first": first, "last": last})
    with store.filling():
        check_generation(store, generation)
        write.insert("merkle_subtree", checked.subtrees)


def index(store: Store, generation: int) -> None:
    """Give fresh tables that are full their indexes, each in a transaction of its own."""
    for statement in schema.index_statements(store, prefix=FRESH, generation=generation):
        with store.filling():
            check_generation(store, generation)
            store.define(statement)


def check_generation(store: Store, generation: int) -> None:
    """Raise `RebuildOvertaken`, or keep other rebuilds from beginning before the transaction ends.

    So it writes: the lock on the row is what stops a rebuild that begins from putting empty tables
    under the batch that is being filled.
    """
    statement = "UPDATE property SET value = value WHERE name = 'generation' AND value = :mine"
    if not store.execute(statement, {"mine": str(generation)}):
        raise RebuildOvertaken("another rebuild has begun since; this one has changed nothing")


def drop(store: Store, prefix: str = "") -> None:
    """Drop the read models' tables of a prefix, as far as they are there."""
    for table in _tables(store):
        store.define(f"DROP TABLE IF EXISTS {prefixed(table, prefix)}")


def swap(store: Store) -> bool:
    """Put the fresh tables in the place of the live ones; False when a reader is not done soon."""
    if not store.lock_tables(TABLES, [FRESH + table for table in TABLES]):
        return False
    drop(store)
    for table in _tables(store):
        store.define(f"ALTER TABLE {FRESH}{table} RENAME TO {table}")
    for name, version in versions().items():
        schema.keep(store, f"read_model.{name}", str(version))
    return True


def _tables(store: Store) -> tuple[str, ...]:
    if store.dialect == "sqlite":
        return (*TABLES, *(f"{searched[0]}_search" for searched in SEARCHED))
    return TABLES


@nothing_to_collect()
def verify(
    store: Store, progress: Progress = no_progress, *, checked: Checked | None = None
) -> Verified:
    """Replay the log beside the live read models, in one snapshot, and compare every row.

    The service goes on meanwhile. Problems are sentences that name table and row. `checked`: what
    was found when in this snapshot the log was held against the leaves of its tree.
    """
    with store.reading():
        end = log.end(store.read)
        total = events_count(store)
        for statement in schema.table_statements(prefix=REPLAYED):
            store.define(temporary(store, statement))
        try:
            write = Changes(store, REPLAYED)
            done, position = 0, 0
            problems = []
            if checked is not None:
                write.insert("merkle_subtree", checked.subtrees)
            while position < end:
                stretch = Stretch.after(store, position, UNLOCKED_BATCH)
                stretch.replay(write, at_once=True, tree=checked is None)
                done, position = done + len(stretch.rows), stretch.end
                progress(done, total)
            for table in TABLES:
                if checked is None or table != "merkle_leaf":
                    problems += differences(store, table)
            if isinstance(store, SQLiteStore):
                problems += search_differences(store)
        finally:
            if store.dialect == "sqlite":
                for table in TABLES:
                    store.define(f"DROP TABLE IF EXISTS temp.{REPLAYED}{table}")
    return Verified(done, end, problems)


def temporary(store: Store, statement: str) -> str:
    """Return a statement of the schema for tables of this connection only."""
    statement = statement.replace("CREATE TABLE", "CREATE TEMP TABLE")
    if store.dialect == "sqlite":
        for kind in ("CREATE INDEX ", "CREATE UNIQUE INDEX "):
            statement = statement.replace(kind, f"{kind}temp.")
    return statement


def differences(store: Store, table: str) -> list[str]:
    """Return what the live table has and the replay has not, and the reverse."""
    if in_order(store, table):
        return []
    found = []
    for what, left, right in (
        ("not what the log says", table, REPLAYED + table),
        ("missing", REPLAYED + table, table),
    ):
        rows = store.read(
            f"SELECT * FROM {left} EXCEPT SELECT * FROM {right} LIMIT {FIRST_DIFFERENCES}"
        )
        found += [f"{table}: {what}: {row!r}" for row in rows]
    if not found:  # EXCEPT sees no row that is there twice
        there, replayed = (
            store.read(f"SELECT count(*) FROM {name}")[0][0] for name in (table, REPLAYED + table)
        )
        if there != replayed:
            found.append(f"{table}: {there} rows, not {replayed}: some are there more than once")
    return found


def in_order(store: Store, table: str) -> bool:
    """Whether the live table and the replay are the same, row by row in the order of their keys.

    At a quarter of what it costs to find out what is different when they are not.
    """
    columns = store.read(f"SELECT * FROM {table} LIMIT 1")
    keys = ", ".join(map(str, range(1, 1 + min(3, len(columns[0]))))) if columns else "1"
    live, replayed = (
        store.chunks(f"SELECT * FROM {name} ORDER BY {keys}") for name in (table, REPLAYED + table)
    )
    with closing(live), closing(replayed):
        return all(left == right for left, right in zip_longest(live, replayed))


def search_differences(store: SQLiteStore) -> list[str]:
    """Return what the copies of text in the trigram indexes have wrong."""
    found = []
    for table, key, column in SEARCHED:
        for left, right in (
            (f"SELECT rowid, text FROM {table}_search", f"SELECT {key}, {column} FROM {table}"),
            (f"SELECT {key}, {column} FROM {table}", f"SELECT rowid, text FROM {table}_search"),
        ):
            rows = store.read(f"{left} EXCEPT {right} LIMIT {FIRST_DIFFERENCES}")
            found += [f"{table}_search: out of step: {row!r}" for row in rows]
    return found
