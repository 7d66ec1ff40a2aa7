"""The tables: made once by `init-db`, checked by whoever starts."""

import re
from collections.abc import Iterator, Mapping, Sequence

from ulid import ULID

from projections import directory, log, requests, tree_heads
from projections.read_models import READ_MODELS, SEARCHED, prefixed, versions
from projections.store import Store

SCHEMA_VERSION = 3
"""Raised with every migration; a database of a newer version is refused."""

MIGRATIONS: Mapping[int, Sequence[str]] = {2: log.FEED_INDEXES, 3: tree_heads.SCHEMA}
"""The statements that bring the tables of an older database to each version."""

NONE: Mapping[int, Sequence[str]] = {}

_INDEX = re.compile(r"(CREATE (?:UNIQUE )?INDEX |CREATE TRIGGER )(\w+)")


class SchemaMismatch(Exception):
    """The database has no schema, an older or a newer one; the message says what to do."""


def table_statements(*, prefix: str = "", generation: int = 0) -> Iterator[str]:
    """Return the statements that make the read models' tables, ready to follow events.

    Indexes bear the number of their generation: they keep their names when a rebuild renames the
    tables, and must not meet those of the next rebuild.
    """
    for model in READ_MODELS:
        yield from _named(model.SCHEMA, prefix, generation)


def index_statements(store: Store, *, prefix: str = "", generation: int = 0) -> Iterator[str]:
    """Return the statements that make the indexes by which the tables are asked.

    Of a full table they are made in a fraction of the time that it takes to keep them up to date.
    """
    for model in READ_MODELS:
        yield from _named(getattr(model, "INDEXES", ()), prefix, generation)
    for table in SEARCHED:
        yield from _named(store.search_schema(table), prefix, generation)


def _named(statements: Sequence[str], prefix: str, generation: int) -> Iterator[str]:
    for statement in statements:
        yield prefixed(_INDEX.sub(rf"\g<1>\g<2>_{generation}", statement), prefix)


def init(
    store: Store, more: Sequence[str] = (), migrations: Mapping[int, Sequence[str]] = NONE
) -> bool:
    """Make all tables, and `more` of the caller's; return whether there were none before.

    What is there stays; an older schema is brought to this version, with the caller's `migrations`
    of its own tables. Raises `SchemaMismatch` when the database is newer than this program.
    """
    with store.defining():
        if "property" in store.table_names():
            _refuse_newer(store)
            _migrate(store, migrations)
            return False
        own = (
            *store.SCHEMA,
            *log.SCHEMA,
            *log.FEED_INDEXES,
            *directory.SCHEMA,
            *requests.IDEMPOTENCY,
            *tree_heads.SCHEMA,
        )
        for statement in (*own, *more):
            store.define(statement)
        for statement in store.search_schema(directory.SEARCHED):
            store.define(statement)
        for statement in (*table_statements(), *index_statements(store)):
            store.define(statement)
        keep(store, "log_id", f"log_{ULID()}")
        keep(store, "schema_version", str(SCHEMA_VERSION))
        keep(store, "generation", "0")
        for name, version in versions().items():
            keep(store, f"read_model.{name}", str(version))
    return True


def _migrate(store: Store, migrations: Mapping[int, Sequence[str]]) -> None:
    found = int(property_value(store, "schema_version") or 0)
    for version in range(found + 1, SCHEMA_VERSION + 1):
        for statement in (*MIGRATIONS.get(version, ()), *migrations.get(version, ())):
            store.define(statement)
    if found < SCHEMA_VERSION:  # for those whom an older program has deleted
        store.execute(directory.NOTE_ERASURE, {"name": directory.ERASED})
    keep(store, "schema_version", str(SCHEMA_VERSION))


def changed_read_models(store: Store) -> list[str]:
    """Return the names of the read models that this program keeps in another version."""
    return [
        name
        for name, version in versions().items()
        if property_value(store, f"read_model.{name}") != str(version)
    ]


def check(store: Store, *, or_older: bool = False) -> None:
    """Raise `SchemaMismatch` unless the database is as this program needs it, `or_older`."""
    if "property" not in store.table_names():
        raise SchemaMismatch("The database is empty; run `customer-groups init-db` first.")
    _refuse_newer(store)
    found = int(property_value(store, "schema_version") or 0)
    if not or_older and (found < SCHEMA_VERSION or changed_read_models(store)):
        raise SchemaMismatch(
            "The database is older than this program; run `customer-groups init-db` to upgrade it."
        )


def _refuse_newer(store: Store) -> None:
    found = int(property_value(store, "schema_version") or 0)
    newer = any(
        int(property_value(store, f"read_model.{name}") or 0) > version
        for name, version in versions().items()
    )
    if found > SCHEMA_VERSION or newer:
        raise SchemaMismatch(
            "The database was made by a newer version of customer-groups; start that version."
        )


def property_value(store: Store, name: str) -> str | None:
    """Return what is kept under a name in the database itself."""
    rows = store.read("SELECT value FROM property WHERE name = :name", name=name)
    return rows[0][0] if rows else None


def keep(store: Store, name: str, value: str) -> None:
    """Keep a value under a name, in the running transaction."""
    store.execute(
        "INSERT INTO property VALUES (:name, :value)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        {"name": name, "value": value},
    )
