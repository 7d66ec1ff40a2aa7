"""What it costs to clear away what deleted customers left, and how long others wait meanwhile."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from domain.application import CustomerGroups
from projections import erasure, schema
from projections.sqlite import SQLiteStore
from projections.store import Store
from projections.stores import open_store
from tests.asking import Asking
from tests.audit.persons import ERASED, crowd, live

CUSTOMERS = 100_000


class Taken(NamedTuple):
    """How long something took, and the longest that a command of somebody else took meanwhile."""

    seconds: float
    longest_wait_ms: float


def measure(url: str) -> dict[str, Taken]:
    """Delete one customer of many, sweep and, on SQLite, rewrite the file, while others write."""
    store = open_store(url)
    schema.init(store)
    groups = Asking(CustomerGroups(store))
    crowd(store, CUSTOMERS)
    live(store, groups)
    groups.delete_customer(ERASED)
    measured = {"nothing, for 3 s": _beside(store, groups, lambda: time.sleep(3))}
    measured["sweep"] = _beside(store, groups, lambda: _until_swept(store))
    if isinstance(store, SQLiteStore):
        file = store
        measured["rewrite"] = _beside(store, groups, lambda: erasure.rewrite(file))
    store.close()
    return measured


def _until_swept(store: Store) -> None:
    while not erasure.sweep(store):
        pass


def _beside(store: Store, groups: Asking, work: Callable[[], object]) -> Taken:
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            began = time.monotonic()
            groups.create_group(f"Group {began}")
            waits.append(time.monotonic() - began)
        store.close()

    writing = threading.Thread(target=write)
    writing.start()
    began = time.monotonic()
    work()
    seconds = time.monotonic() - began
    done.set()
    writing.join()
    return Taken(seconds, max(waits) * 1000)


def table(measured: dict[str, dict[str, Taken]]) -> list[str]:
    """Return the figures as lines."""
    lines = [f"After a deletion among {CUSTOMERS:,} customers, in the background:"]
    for name, found in measured.items():
        for work, taken in found.items():
            lines.append(
                f"  {name}, {work}: {taken.seconds:.2f} s,"
                f" others wait up to {taken.longest_wait_ms:.0f} ms"
            )
    return lines
