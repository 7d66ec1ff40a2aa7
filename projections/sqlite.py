"""The embedded store: one file, WAL, one writer at a time."""

import os
import re
import sqlite3
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakSet

import orjson

from projections.conditions import Searched, by_length, contained
from projections.sql import Row
from projections.store import CHUNK, Store, StoreUnavailable, Watch

POLL_SECONDS = 0.02
"""How often a watch looks for commits of other processes: 1.5 % of a core."""

LOCK_SECONDS = 30.0
"""How long a command waits for its turn to write."""

CHECKPOINT_MS = 50
"""How long writers may wait for readers to leave the write-ahead log."""

PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = {synchronous};
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16384;
PRAGMA mmap_size = 1073741824;
"""

BOUNDED = """
PRAGMA mmap_size = 0;
PRAGMA temp_store = FILE;
PRAGMA temp.cache_size = -65536;
PRAGMA temp.journal_mode = OFF;
"""
"""64 MiB of temporary tables; they need no journal, for none outlives an error."""

LEVELS = ("OFF", "NORMAL", "FULL")
"""How long a commit waits for the disk."""

_EACH = re.compile(r"\beach\((:\w+)\)")

INSERT_EVENT = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
    " VALUES (?, ?, ?, ?)"
)


@lru_cache(maxsize=2048)
def translated(statement: str) -> str:
    """Return the statement as SQLite reads it."""
    statement = statement.replace(' COLLATE "C"', "").replace("SERIAL8 PRIMARY", "INTEGER PRIMARY")
    statement = statement.replace("BIGINT PRIMARY", "INTEGER PRIMARY")
    return _EACH.sub(r"json_each(\1) AS each", statement)


def bound(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters as SQLite takes them: a list as JSON."""
    return {
        name: orjson.dumps(value).decode() if isinstance(value, list) else value
        for name, value in parameters.items()
    }


class SQLiteStore(Store):
    """A store in one file. Threads of one process queue fairly for the write lock."""

    dialect = "sqlite"

    def __init__(self, path: str | Path, *, synchronous: str = "FULL") -> None:
        super().__init__()
        self.path = Path(path)
        self._synchronous = synchronous
        self._pragmas = PRAGMAS.format(synchronous=synchronous)
        self._turn = threading.Lock()
        self._watches: WeakSet[SQLiteWatch] = WeakSet()

    def bound_memory(self) -> None:
        """Hold little of the file, and keep temporary tables in files too, for long commands.

        What reads a mapped file from end to end would hold it all.
        """
        self._pragmas += BOUNDED

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._thread, "connection", None)
        if connection is None:
            try:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with suppress(FileExistsError):  # a new file is for us alone; an old one is left
                    # alone: closing it would let go of the locks that other threads have on it
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL, 0o600))
                connection = sqlite3.connect(
                    self.path,
                    isolation_level=None,
                    timeout=LOCK_SECONDS,
                    check_same_thread=False,
                    cached_statements=512,
                )
                connection.executescript(self._pragmas)
            except (sqlite3.Error, OSError) as error:
                raise StoreUnavailable(f"cannot open {self.path}: {error}") from error
            self._thread.connection = connection
        return connection

    def query(self, statement: str, parameters: dict[str, Any]) -> list[Row]:
        """Run a query and return all its rows."""
        try:
            return self.connection.execute(translated(statement), bound(parameters)).fetchall()
        except sqlite3.DatabaseError as error:
            raise unavailable(error) from error

    def execute(self, statement: str, parameters: dict[str, Any]) -> int:
        """Run a statement and return how many rows it changed."""
        try:
            return self.connection.execute(translated(statement), bound(parameters)).rowcount
        except sqlite3.DatabaseError as error:
            raise unavailable(error) from error

    def execute_many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run a statement once for each row."""
        try:
            self.connection.executemany(translated(statement), rows)
        except sqlite3.DatabaseError as error:
            raise unavailable(error) from error

    update_many = execute_many

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows of all columns."""
        places = ", ".join("?" * len(rows[0]))
        try:
            self.connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        except sqlite3.DatabaseError as error:
            raise unavailable(error) from error

    def chunks(self, statement: str) -> Generator[list[Row], None, None]:
        """Yield the rows of a query in their order."""
        with closing(self.connection.execute(translated(statement))) as cursor:
            while rows := cursor.fetchmany(CHUNK):
                yield rows

    def analyze(self, prefix: str) -> None:
        """Do nothing: SQLite plans the same with and without statistics."""

    def define(self, statement: str) -> None:
        """Run a statement of the schema."""
        self.connection.execute(translated(statement))

    def insert_events(self, rows: Sequence[tuple[str, int, str, bytes]]) -> list[int]:
        """Append events and return their positions."""
        try:
            return [self.connection.execute(INSERT_EVENT, row).lastrowid or 0 for row in rows]
        except sqlite3.DatabaseError as error:
            raise unavailable(error) from error

    def go_on_after(self, position: int) -> None:
        """Do nothing: SQLite looks at the newest position itself."""

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=LOCK_SECONDS):
            raise StoreUnavailable(f"the write lock was not free for {LOCK_SECONDS:g} s")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._own_turn():
            connection = self.connection
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.DatabaseError as error:
                raise unavailable(error) from error
            try:
                yield
                connection.execute("COMMIT")
                for watch in self._watches.copy():
                    watch.poke()
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.DatabaseError):
                    raise unavailable(error) from error
                raise

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Do not wait for the disk: the next commit that waits, by anyone, waits for this one too.

        When the power fails before, it has not happened, and neither has what came after it.
        """
        self.query(f"PRAGMA synchronous = {min(self._synchronous, 'NORMAL', key=LEVELS.index)}", {})
        try:
            with super().filling():
                yield
        finally:
            self.query(f"PRAGMA synchronous = {self._synchronous}", {})

    def empty_log(self) -> bool:
        """Bring the write-ahead log into the file and cut it to nothing.

        False when readers need what is in it: nobody waits for them longer than a moment.
        """
        self.query("PRAGMA wal_checkpoint(PASSIVE)", {})
        with self._own_turn():
            self.query(f"PRAGMA busy_timeout = {CHECKPOINT_MS}", {})
            try:
                return not self.query("PRAGMA wal_checkpoint(TRUNCATE)", {})[0][0]
            finally:
                self.query(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000:.0f}", {})

    def rewrite(self, *, in_memory: bool) -> None:
        """Write the whole file anew (VACUUM), by way of memory or of a temporary file.

        Writers wait; readers go on.
        """
        with self._own_turn():
            self.query(f"PRAGMA temp_store = {'MEMORY' if in_memory else 'FILE'}", {})
            try:
                self.query("VACUUM", {})
            finally:
                self.query("PRAGMA temp_store = MEMORY", {})

    @contextmanager
    def leaving_traces(self) -> Iterator[None]:
        """Overwrite nothing that is deleted: to drop the tables of a long log then takes a tenth.

        All who write wait for that.
        """
        self.query("PRAGMA secure_delete = OFF", {})
        try:
            yield
        finally:
            self.query("PRAGMA secure_delete = ON", {})

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        connection = self.connection
        connection.execute("BEGIN")
        try:
            yield
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def text_hits(
        self, searched: Searched, alias: str, words: Sequence[str], parameters: dict[str, Any]
    ) -> tuple[str, str]:
        """Start at the FTS5 index, or for short words alone at its texts, half as wide as the rows.

        As the outer loop the index streams; `IN (SELECT rowid ...)` would collect all it has first.
        """
        table, key, column = searched
        index = f"{table}_search"
        long, short = by_length(words)
        if not words:
            return f"{table} {alias}", "TRUE"
        if not long:
            source, condition = f"{index}_content s", f"{alias}.{key} = s.id"
            return f"{source} CROSS JOIN {table} {alias}", condition + contained(
                self, short, "s.c0", parameters
            )
        parameters["phrases"] = " AND ".join('"' + word.replace('"', '""') + '"' for word in long)
        condition = f"s.{index} MATCH :phrases AND {alias}.{key} = s.rowid"
        return f"{index} s CROSS JOIN {table} {alias}", condition + contained(
            self, short, f"{alias}.{column}", parameters
        )

    def probed(self, table: str, alias: str, condition: str) -> str:  # noqa: ARG002
        """Return the table: SQLite never turns a CROSS JOIN round."""
        return f"{table} {alias}"

    def ranged(self, first: str, value: str, second: str, low: str, high: str) -> str:
        """Return the condition column by column: SQLite compares rows by their first one only."""
        return f"{first} = {value} AND {second} > {low} AND {second} <= {high}"

    def text_contains(self, column: str, parameter: str) -> str:
        """Return a condition by reading the column."""
        return f"instr({column}, {parameter}) > 0"

    def search_schema(self, searched: Searched) -> list[str]:
        """Return the statements of a trigram index with its own copy of the text.

        An external-content index would break when `rebuild` renames its table.
        """
        table, key, column = searched
        index = f"{table}_search"
        return [
            f"CREATE VIRTUAL TABLE {index} USING fts5(text, columnsize=0,"
            " tokenize='trigram case_sensitive 1')",
            f"CREATE TRIGGER {index}_insert AFTER INSERT ON {table} BEGIN"
            f" INSERT INTO {index} (rowid, text) VALUES (new.{key}, new.{column}); END",
            f"CREATE TRIGGER {index}_update AFTER UPDATE OF {column} ON {table}"
            f" WHEN new.{column} <> old.{column} BEGIN"
            f" UPDATE {index} SET text = new.{column} WHERE rowid = new.{key}; END",
            f"CREATE TRIGGER {index}_delete AFTER DELETE ON {table} BEGIN"
            f" DELETE FROM {index} WHERE rowid = old.{key}; END",
            f"INSERT INTO {index} (rowid, text) SELECT {key}, {column} FROM {table}",
        ]

    def lock_tables(self, tables: Sequence[str], ours: Sequence[str] = ()) -> bool:  # noqa: ARG002
        """Do nothing: readers go on in the snapshot that they began with."""
        return True

    def table_names(self) -> set[str]:
        """Return the names of the tables that exist."""
        return {row[0] for row in self.query("SELECT name FROM sqlite_master", {})}

    def watch(self) -> "SQLiteWatch":
        """Return what sees commits of this process at once and of others within 20 ms."""
        watch = SQLiteWatch(self)
        self._watches.add(watch)
        return watch

    def commits(self) -> int:
        """Return a number that moves when another connection commits."""
        version: int = self.query("PRAGMA data_version", {})[0][0]
        return version

    def is_replica(self) -> bool:
        """Never: one file, one machine."""
        return False

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._thread, "connection", None)
        if connection is not None:
            self._thread.connection = None
            connection.close()


class SQLiteWatch(Watch):
    """Sees `PRAGMA data_version` move, which commits of any other connection do."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store
        self._poked = threading.Event()
        self._seen = store.commits()

    def wait(self, seconds: float) -> None:
        """Return when another connection has committed, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._poked.wait(POLL_SECONDS)
            self._poked.clear()
            version = self._store.commits()
            if version != self._seen:
                self._seen = version
                return

    def poke(self) -> None:
        """Look now, not at the next poll."""
        self._poked.set()


def unavailable(error: sqlite3.DatabaseError) -> Exception:
    """Return what to raise: `StoreUnavailable` for a busy, full or unreadable file."""
    states = ("BUSY", "LOCKED", "FULL", "IOERR", "READONLY", "CANTOPEN", "CORRUPT")
    name = getattr(error, "sqlite_errorname", "")
    if any(state in name for state in states):
        return StoreUnavailable(str(error))
    return error
