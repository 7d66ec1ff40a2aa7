"""Erasure: what a deleted customer leaves in the files of the database, and how it goes by itself.

With the command's commit the customer is in no row and no index entry any more. SQLite still has
the text on disk: in the write-ahead log, as trigrams that the search index has only marked as
deleted, and, of about one customer in a hundred, in the unused part of a page that once was split.
PostgreSQL has dead rows, and samples of the columns in the planner's statistics. `sweep` clears
that away while others read and write; who deletes a customer only notes that it is wanted.
"""

import time

from projections import directory, schema
from projections.postgres import PostgresStore
from projections.sqlite import SQLiteStore
from projections.store import Store

SWEPT, REWRITTEN = "erasures_swept", "erasures_rewritten"
"""Of how many of the deleted customers nothing is left; without a large file's unused parts."""

SEARCH = f"{directory.SEARCHED[0]}_search"

MERGE = f"INSERT INTO {SEARCH} ({SEARCH}, rank) VALUES ('merge', :pages)"
"""A part of what FTS5 calls `optimize`; with a negative number of pages its beginning."""

MERGED_PAGES = 256
"""How much is merged in one transaction, which takes up to 20 ms."""

QUICKLY_REWRITTEN_BYTES = 32 * 1024 * 1024
"""A file of up to this size is rewritten at once: writers wait for less than half a second."""

LARGEST_REWRITTEN_BYTES = 1024 * 1024 * 1024
"""A file of up to this size is rewritten when nobody writes: 80 MB take a second."""


def is_wanted(store: Store, step: str = SWEPT) -> bool:
    """Whether a customer was deleted since the last `sweep`, or since the file was rewritten."""
    return _erased(store) > int(schema.property_value(store, step) or 0)


def sweep(store: Store) -> bool:
    """Clear away what deleted customers have left; False when a long read holds on to it.

    O(the search index), in small steps. Unused parts of pages are left to `rewrite` where the file
    is large.
    """
    erased = _erased(store)
    if isinstance(store, SQLiteStore):
        _merge(store)
        if not store.empty_log():
            return False
        is_small = store.path.stat().st_size <= QUICKLY_REWRITTEN_BYTES
        if is_small and is_wanted(store, REWRITTEN) and not rewrite(store):
            return False
    elif isinstance(store, PostgresStore):
        store.vacuum(directory.SEARCHED[0])
    _keep(store, SWEPT, erased)
    return True


def is_rewritable(store: Store) -> bool:
    """Whether the file holds unused parts to clear, and is not too large for that."""
    return (
        isinstance(store, SQLiteStore)
        and is_wanted(store, REWRITTEN)
        and store.path.stat().st_size <= LARGEST_REWRITTEN_BYTES
    )


def rewrite(store: SQLiteStore) -> bool:
    """Write the file anew, of which nothing but what is in use is kept; all writers wait.

    False when a long read is in the way: before it begins, as the log would only grow by it, or
    when it is done and what was written is still to come from the log into the file.
    """
    if not store.empty_log():
        return False
    erased = _erased(store)
    store.rewrite(in_memory=store.path.stat().st_size <= QUICKLY_REWRITTEN_BYTES)
    if not store.empty_log():
        return False
    _keep(store, REWRITTEN, erased)
    return True


def _erased(store: Store) -> int:
    return int(schema.property_value(store, directory.ERASED) or 0)


def _keep(store: Store, step: str, erased: int) -> None:
    with store.filling():
        schema.keep(store, step, str(erased))


def _merge(store: SQLiteStore) -> None:
    """Merge the search index to one piece, without what is marked as deleted, step by step."""
    pages = -MERGED_PAGES
    while True:
        began = time.monotonic()
        with store.filling():
            before = _changes(store)
            store.execute(MERGE, {"pages": pages})
            is_done = _changes(store) - before < 2  # as FTS5 says that there was nothing to do
        if is_done:
            return
        pages = MERGED_PAGES
        time.sleep(time.monotonic() - began)  # half of the time is for the others


def _changes(store: Store) -> int:
    changes: int = store.read("SELECT total_changes()")[0][0]
    return changes
