"""verify: do the read models equal a replay of the log? rebuild: make them anew from it."""

import time
from dataclasses import dataclass

from eventsourcing.persistence import Mapper, StoredEvent

from domain.transcoding import EventTranscoder
from projections import log, log_check, schema
from projections.progress import Progress, no_progress
from projections.read_models import SEARCHED, TABLES, follow, prefixed, versions
from projections.sqlite import SQLiteStore
from projections.store import Changes, Store

FRESH = "fresh_"
REPLAYED = "replayed_"

BATCH = {"sqlite": 1000, "postgres": 5000}

EVENTS = (
    f"SELECT {log.EVENT} FROM stored_events WHERE notification_id > :after"
    " ORDER BY notification_id LIMIT :limit"
)

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


def replay(store: Store, write: Changes, after: int, limit: int) -> tuple[int, int]:
    """Apply up to `limit` events after a position; return how many, and the last one's position."""
    mapper: Mapper[str] = Mapper(EventTranscoder())
    rows = [log.LoggedEvent(*row) for row in store.read(EVENTS, after=after, limit=limit)]
    follow([(mapper.to_domain_event(StoredEvent(*row[1:])), row) for row in rows], write)
    return len(rows), rows[-1].position if rows else after


def rebuild(
    store: Store,
    progress: Progress = no_progress,
    *,
    checking: Progress = no_progress,
    accept_log: bool = False,
) -> int:
    """Make all read models anew while the service runs; return how many events were replayed.

    Fresh tables are filled batch by batch, catch up, and take the place of the old ones in one
    transaction, as soon as no long read holds those. Killed at any moment, nothing has changed.
    The log is held against its tree and the signed tree heads before. A log that these speak
    against is not made right by a tree that follows it: raises `LogSuspect`. With `accept_log` the
    tree may be wrong; a signed tree head never is.

    Raises `RebuildOvertaken`.
    """
    refuse_suspect(store, checking, accept_log=accept_log)
    generation = begin(store)
    write = Changes(store, FRESH)
    batch = BATCH[store.dialect]
    total = events_count(store)
    done, position, found = 0, 0, batch
    while found == batch:
        with store.filling():
            check_generation(store, generation)
            found, position = replay(store, write, position, batch)
        done += found
        progress(done, max(total, done))
    while True:
        with store.defining():
            check_generation(store, generation)
            found = batch
            while found:
                found, position = replay(store, write, position, batch)
                done += found
            if store.lock_tables(TABLES):
                swap(store)
                break
        time.sleep(PAUSE_SECONDS)
    progress(done, done)
    return done


def refuse_suspect(store: Store, progress: Progress, *, accept_log: bool) -> None:
    """Raise `LogSuspect` unless the log is what the tree and the signed tree heads say."""
    if not {"merkle_leaf", "tree_head"} <= store.table_names():
        return  # of a version that had none
    with store.reading():
        found = log_check.check(store, log_check.kept_heads(store.read), progress)
    if found.against:
        raise LogSuspect("\n".join(found.against))
    if found.undecided and not accept_log:
        raise LogSuspect(
            f"{found.undecided[0]}, or the tree is damaged; no signed tree head tells. When the log"
            " is right, `customer-groups rebuild --accept-log` makes the tree anew."
        )


def begin(store: Store) -> int:
    """Make fresh tables, in the place of those that another rebuild has left; return its number."""
    with store.defining():
        generation = int(schema.property_value(store, "generation") or 0) + 1
        schema.keep(store, "generation", str(generation))
        drop(store, FRESH)
        for statement in schema.read_model_statements(store, prefix=FRESH, generation=generation):
            store.define(statement)
    return generation


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


def swap(store: Store) -> None:
    """Put the fresh tables in the place of the live ones, which `lock_tables` has locked."""
    drop(store)
    for table in _tables(store):
        store.define(f"ALTER TABLE {FRESH}{table} RENAME TO {table}")
    for name, version in versions().items():
        schema.keep(store, f"read_model.{name}", str(version))


def _tables(store: Store) -> tuple[str, ...]:
    if store.dialect == "sqlite":
        return (*TABLES, *(f"{searched[0]}_search" for searched in SEARCHED))
    return TABLES


def verify(store: Store, progress: Progress = no_progress) -> Verified:
    """Replay the log beside the live read models, in one snapshot, and compare every row.

    The service goes on meanwhile. Problems are sentences that name table and row.
    """
    with store.reading():
        end = log.end(store.read)
        total = events_count(store)
        for statement in schema.read_model_statements(store, prefix=REPLAYED, searched=False):
            store.define(temporary(store, statement))
        try:
            write = Changes(store, REPLAYED)
            done, position = 0, 0
            problems = []
            while position < end:
                found, position = replay(store, write, position, BATCH[store.dialect])
                done += found
                progress(done, total)
            for table in TABLES:
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
