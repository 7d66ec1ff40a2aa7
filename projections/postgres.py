"""The production store: PostgreSQL, one advisory lock for all who write."""

import re
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, cast
from uuid import uuid4

import psycopg

from projections.conditions import Searched, by_length, contained
from projections.read_models import prefixed
from projections.sql import Row
from projections.store import CHUNK, ConnectionLost, Store, StoreUnavailable, Watch

LOCK_SECONDS = 30
"""How long a command waits for its turn to write."""

WRITE_LOCK = 0x6375_7367_726F_7570
"""The number of the advisory lock that every write transaction takes first ("cusgroup")."""

TAKE_LOCK = f"SELECT pg_advisory_xact_lock({WRITE_LOCK}), pg_is_in_recovery()"

DECISION = (
    "CREATE TABLE decision (writer TEXT PRIMARY KEY, number BIGINT NOT NULL,"
    " decided_at TIMESTAMPTZ NOT NULL)"
)
"""The number of each thread's newest transaction, committed with it: the proof that it was.

PostgreSQL's own numbers are none: after a crash it gives those of lost transactions out again, and
`pg_xact_status` then says of a change that nobody has that it was committed.
"""

COMMIT = """
INSERT INTO decision VALUES ('{writer}', {number}, now())
ON CONFLICT (writer) DO UPDATE SET number = excluded.number, decided_at = excluded.decided_at;
NOTIFY customer_groups;
COMMIT
"""

LISTEN = "LISTEN customer_groups"

POLL_SECONDS = 1.0
"""How often a watch looks in any case: a NOTIFY may be lost."""

FORGET_WRITERS = "DELETE FROM decision WHERE decided_at < now() - interval '1 day'"

BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE group_list IN ACCESS SHARE MODE"
"""The lock comes before the first read, with which the snapshot begins: no rebuild can put tables
in place that are newer than the snapshot, which would look empty in it."""

PASS_LOCK = f"SELECT pg_advisory_lock({WRITE_LOCK}), pg_advisory_unlock({WRITE_LOCK})"

TAKEOVER_MS = 100
"""How long a rebuild waits for readers while everybody waits for it."""

ANALYZE = (
    "ANALYZE (SKIP_LOCKED) customer, group_list, group_detail, group_state, group_count, membership"
)

VACUUM = "VACUUM (ANALYZE, INDEX_CLEANUP ON, TRUNCATE OFF) {}"

RECONNECT_SECONDS = 10
"""How long a command whose COMMIT was not answered waits to learn what became of it."""

INSERT_EVENTS = """
INSERT INTO stored_events (originator_id, originator_version, topic, state)
SELECT id, version, topic, state
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bytea[])
  WITH ORDINALITY AS event(id, version, topic, state, number)
ORDER BY number
RETURNING notification_id
"""

GO_ON_AFTER = "SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), :position)"

_EACH = re.compile(r"\beach\((:\w+)\)")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")

KINDS = {int: "bigint", str: "text", bytes: "bytea"}


@lru_cache(maxsize=2048)
def translated(statement: str) -> bytes:
    """Return the statement as psycopg reads it."""
    statement = _EACH.sub(r"unnest(CAST(\1 AS text[])) AS each(value)", statement)
    return _PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%")).encode()


@lru_cache(maxsize=64)
def for_all(statement: str, kinds: tuple[tuple[str, str], ...]) -> bytes:
    """Return an UPDATE of one row as that of many, whose parameters are lists of these types."""
    change, where, condition = _PARAMETER.sub(r"each.of_\1", statement).partition("WHERE")
    lists = ", ".join(f"%({name})s::{kind}[]" for name, kind in kinds)
    names = ", ".join(f"of_{name}" for name, _ in kinds)
    return f"{change} FROM unnest({lists}) AS each({names}) {where}{condition}".encode()


class PostgresStore(Store):
    """A store in a PostgreSQL database. One connection a thread, made anew when it was lost."""

    dialect = "postgres"
    SCHEMA = ("CREATE EXTENSION IF NOT EXISTS pg_trgm", DECISION)

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    @property
    def connection(self) -> psycopg.Connection[Row]:
        """This thread's connection, made anew when it was lost."""
        connection: psycopg.Connection[Row] | None = getattr(self._thread, "connection", None)
        if connection is None or connection.closed:
            try:
                connection = psycopg.connect(
                    self.url,
                    autocommit=True,
                    connect_timeout=5,
                    application_name="customer-groups",
                    options=f"-c lock_timeout={LOCK_SECONDS}s -c search_path=public,pg_temp"
                    " -c idle_in_transaction_session_timeout=60s -c jit=off",
                )
            except psycopg.Error as error:
                reason = " ".join(str(error).split())
                raise StoreUnavailable(f"cannot reach the database: {reason}") from error
            connection.prepare_threshold = 2
            self._thread.connection = connection
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Tell a lost connection and a database that cannot write from a mistake of ours."""
        try:
            yield
        except psycopg.errors.LockNotAvailable as error:
            raise StoreUnavailable(f"the write lock was not free for {LOCK_SECONDS} s") from error
        except (
            psycopg.errors.DiskFull,
            psycopg.errors.ReadOnlySqlTransaction,
            psycopg.errors.TooManyConnections,
        ) as error:
            raise StoreUnavailable(str(error)) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self.close()
            raise ConnectionLost(f"the connection to the database broke: {error}") from error
        except psycopg.Error as error:  # its details quote rows, and would stand in our own log
            is_about_values = isinstance(error, psycopg.DataError)
            said = error.sqlstate if is_about_values else error.diag.message_primary
            raise type(error)(said or "") from None

    def query(self, statement: str, parameters: dict[str, Any]) -> list[Row]:
        """Run a query and return all its rows."""
        with self._errors():
            return self.connection.execute(translated(statement), parameters).fetchall()

    def search(self, statement: str, /, **parameters: Any) -> list[Row]:
        """Run a query unprepared: PostgreSQL plans a prepared one without its parameters."""
        with self._errors():
            return self.connection.execute(
                translated(statement), parameters, prepare=False
            ).fetchall()

    def execute(self, statement: str, parameters: dict[str, Any]) -> int:
        """Run a statement and return how many rows it changed."""
        with self._errors():
            changed = self.connection.execute(translated(statement), parameters).rowcount
        self._thread.has_written = True
        return changed

    def execute_many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run a statement once for each row."""
        with self._errors(), self.connection.cursor() as cursor:
            cursor.executemany(cast("Any", translated(statement).decode()), rows)
        self._thread.has_written = True

    def update_many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run an UPDATE for all rows at once: each parameter is a list of values, one a row."""
        kinds = tuple((name, KINDS[type(value)]) for name, value in rows[0].items())
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        with self._errors():
            self.connection.execute(for_all(statement, kinds), columns)
        self._thread.has_written = True

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows of all columns, many of them by COPY."""
        places = ", ".join(["%s"] * len(rows[0]))
        with self._errors(), self.connection.cursor() as cursor:
            if len(rows) == 1:
                cursor.execute(f"INSERT INTO {table} VALUES ({places})".encode(), rows[0])
            else:
                with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                    for row in rows:
                        copy.write_row(row)
        self._thread.has_written = True

    def chunks(self, statement: str) -> Generator[list[Row], None, None]:
        """Yield the rows of a query in their order."""
        with self._errors(), self.connection.cursor(f"chunks_{uuid4().hex}") as cursor:
            cursor.execute(statement.encode())
            while rows := cursor.fetchmany(CHUNK):
                yield rows

    def analyze(self, prefix: str) -> None:
        """Refresh the planner's statistics, which autovacuum does late and in a rebuild never.

        Without them a new group counts as one of a single member: to search it for a word that all
        of its 10,000 members have takes 5 s, to take 1,000 of them out in a replay half a second.
        """
        with self._errors():
            self.connection.execute(prefixed(ANALYZE, prefix).encode())

    def vacuum(self, table: str) -> None:
        """Take dead rows out of a table and its indexes, and sample its columns anew.

        Nobody waits for it. What an older transaction may still read stays for the next time.
        """
        with self._errors():
            self.connection.execute(VACUUM.format(table).encode(), prepare=False)

    def define(self, statement: str) -> None:
        """Run a statement of the schema."""
        with self._errors():
            self.connection.execute(statement.encode())
        self._thread.has_written = True

    def insert_events(self, rows: Sequence[tuple[str, int, str, bytes]]) -> list[int]:
        """Append events and return their positions."""
        with self._errors():
            columns = [list(column) for column in zip(*rows, strict=True)]
            inserted = self.connection.execute(INSERT_EVENTS, columns).fetchall()
        self._thread.has_written = True
        return sorted(position for (position,) in inserted)

    def go_on_after(self, position: int) -> None:
        """Move the sequence of positions on."""
        self.query(GO_ON_AFTER, {"position": position})

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors():
            connection = self.connection
            connection.execute("BEGIN")
        self._thread.has_written = False
        try:
            with self._errors():
                is_replica = connection.execute(TAKE_LOCK).fetchall()[0][1]
            if is_replica:
                raise StoreUnavailable("this database only follows another one")
            yield
            self._commit(connection)
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            raise

    def _commit(self, connection: psycopg.Connection[Row]) -> None:
        """Commit; when no answer comes, find out whether it happened."""
        if not self._thread.has_written:
            with suppress(psycopg.Error):  # there is nothing to lose
                connection.execute("COMMIT")
            return
        if not hasattr(self._thread, "writer"):
            self._thread.writer, self._thread.number = uuid4().hex, 0
            with self._errors():
                connection.execute(FORGET_WRITERS)
        self._thread.number += 1
        statement = COMMIT.format(writer=self._thread.writer, number=self._thread.number)
        try:
            connection.execute(statement.encode(), prepare=False)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self.close()
            if not self._committed(self._thread.number):
                raise ConnectionLost(f"the connection broke before COMMIT: {error}") from error

    def _committed(self, number: int) -> bool:
        """Return what became of a transaction whose COMMIT was not answered.

        Waits for the write lock, which that transaction held until it ended one way or the other,
        and for a database that restarts. Raises `StoreUnavailable` when it does not come back.
        """
        deadline = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                self.query(PASS_LOCK, {})
                newest = self.query(
                    "SELECT number FROM decision WHERE writer = :writer",
                    {"writer": self._thread.writer},
                )
            except StoreUnavailable as error:
                if time.monotonic() > deadline:
                    raise StoreUnavailable(
                        "the database did not come back to tell whether the change was committed"
                    ) from error
                time.sleep(0.1)
            else:
                return newest == [(number,)]

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Write tables that nobody else writes: a transaction without the write lock."""
        with self._errors(), self.connection.transaction():
            yield

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        with self._errors():
            connection = self.connection
            connection.execute(BEGIN_SNAPSHOT, prepare=False)
        try:
            yield
        finally:
            if not connection.closed:
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")

    def text_hits(
        self, searched: Searched, alias: str, words: Sequence[str], parameters: dict[str, Any]
    ) -> tuple[str, str]:
        """Leave it to the planner, which knows by its statistics whether a long word is rare.

        Then it starts at the trigram index; else it reads the table until it has enough.
        """
        table, _, column = searched
        long, short = by_length(words)
        likes = []
        for number, word in enumerate(long):
            escaped = re.sub(r"([\\%_])", r"\\\1", word)
            parameters[f"like{number}"] = f"%{escaped}%"
            likes.append(f"{alias}.{column} LIKE :like{number}")
        condition = " AND ".join(likes) or "TRUE"
        return f"{table} {alias}", condition + contained(
            self, short, f"{alias}.{column}", parameters
        )

    def probed(self, table: str, alias: str, condition: str) -> str:
        """Return a join that PostgreSQL cannot turn round, whatever it thinks of the sizes."""
        return f"LATERAL (SELECT * FROM {table} {alias} WHERE {condition} OFFSET 0) {alias}"

    def ranged(self, first: str, value: str, second: str, low: str, high: str) -> str:
        """Return a comparison of rows: only an index that has both columns answers it.

        With statistics PostgreSQL else prefers the key of `second`, and reads all of a long log.
        """
        columns = f"({first}, {second})"
        return f"{columns} > ({value}, {low}) AND {columns} <= ({value}, {high})"

    def text_contains(self, column: str, parameter: str) -> str:
        """Return a condition by reading the column."""
        return f"strpos({column}, {parameter}) > 0"

    def search_schema(self, searched: Searched) -> list[str]:
        """Return the statement of a trigram index; without a pending list, which slows searches."""
        table, _, column = searched
        return [
            f"CREATE INDEX {table}_search ON {table} USING gin ({column} gin_trgm_ops)"
            " WITH (fastupdate = off)"
        ]

    def lock_tables(self, tables: Sequence[str], ours: Sequence[str] = ()) -> bool:
        """Wait a moment for all who read the tables, then keep everybody off.

        `ours` nobody reads, but autovacuum may be at work on one, which gives way after a second:
        they come first, while nobody else waits.

        Giving up soon matters twice: nobody waits behind a long read, and a reader that holds one
        of the tables and wants another goes on, where waiting for it would be a deadlock.
        The first is the one that every snapshot takes first: who waits for it holds none of the
        others, for which its reader would wait. Tables that an older program has not made are none.
        """
        names = self.table_names()
        there = ", ".join(table for table in tables if table in names)
        if ours:
            self.define(f"LOCK TABLE {', '.join(ours)} IN ACCESS EXCLUSIVE MODE")
        try:
            with self.connection.transaction():
                self.connection.execute(f"SET LOCAL lock_timeout = {TAKEOVER_MS}")
                self.define(f"LOCK TABLE {there} IN ACCESS EXCLUSIVE MODE")
                self.connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        except StoreUnavailable as error:
            if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                return False
            raise
        return True

    def table_names(self) -> set[str]:
        """Return the names of the tables that exist."""
        statement = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        return {row[0] for row in self.query(statement, {})}

    def watch(self) -> "PostgresWatch":
        """Return what hears NOTIFY, and looks once a second besides."""
        return PostgresWatch(self)

    def is_replica(self) -> bool:
        """Whether this database only follows another one."""
        return bool(self.query("SELECT pg_is_in_recovery()", {})[0][0])

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._thread, "connection", None)
        if connection is not None:
            self._thread.connection = None
            with suppress(psycopg.Error):
                connection.close()


class PostgresWatch(Watch):
    """Listens on a connection of its own, made anew when it was lost."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._connection: psycopg.Connection[Row] | None = None
        self._listen()

    def wait(self, seconds: float) -> None:
        """Return on a NOTIFY, within a second in any case, and when the connection was lost."""
        patience = min(seconds, POLL_SECONDS)
        if self._connection is None:
            time.sleep(patience)
            self._listen()
            return
        try:
            for _ in self._connection.notifies(timeout=patience, stop_after=1):
                pass
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self.close()
            self._listen()

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _listen(self) -> None:
        """Listen if the database lets us: it may restart, and a replica never does."""
        connection = None
        try:
            connection = psycopg.connect(
                self._store.url,
                autocommit=True,
                connect_timeout=1,
                application_name="customer-groups watch",
            )
            connection.execute(LISTEN)
        except psycopg.Error:
            if connection is not None:
                connection.close()
        else:
            self._connection = connection
