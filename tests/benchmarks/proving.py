"""The Merkle tree of a long log: what it adds to a change, and what checks and proofs cost.

`python -m tests.benchmarks.proving EVENTS` measures it alone, on both databases.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from projections import log, merkle, rebuild
from projections.store import Store
from projections.stores import open_store
from service import signing
from service.verification import check_log
from tests.benchmarks.moving import Figure, fill, timed
from tests.postgres import PostgresServer

EVENTS = 200_000
TIMES = 50

Measured = dict[str, str]
"""Figures by what they are of."""


def milliseconds(call: Callable[[], object], times: int = TIMES) -> float:
    """The median of so many calls."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def measure(url: str, events: int = EVENTS) -> Measured:
    """Fill a database of a schema that is not there yet, and measure."""
    fill(url, events)
    found: Figure = timed("verify --log", url, events, "verify", "--log")
    store = open_store(url)
    read = store.read
    began = time.process_time()
    assert check_log(store).problems == []
    per_cpu_second = events / (time.process_time() - began)
    replayed = replays(store)
    size = merkle.size(read)
    middle = log.after(read, 0, limit=1)[0].position + size // 3
    included = milliseconds(
        lambda: merkle.inclusion(read, merkle.number_at(read, middle) or 0, size)
    )
    consistent = milliseconds(lambda: merkle.consistency(read, size // 3, size - 1))
    measured = {
        "verify --log, events/s": f"{found.per_second:,.0f}",
        "the same, MB": f"{found.megabytes:.0f}",
        "the same, events per second of our CPU": f"{per_cpu_second:,.0f}",
        "decode-only replay, events/s": f"{replayed[0]:,.0f}",
        "rebuild, of that": f"{replayed[1] / replayed[0]:.2f}",
        "whole verify, of that": f"{replayed[2] / replayed[0]:.2f}",
        "root, ms": f"{milliseconds(lambda: merkle.root(read, size - 1)):.2f}",
        "inclusion of a position, ms": f"{included:.2f}",
        "consistency, ms": f"{consistent:.2f}",
        "signed tree head of a log that grew, ms": f"{grown(store):.2f}",
        "leaf of one event in its transaction, us": f"{appended(store, 1) * 1000:.1f}",
        "of each of a hundred, us": f"{appended(store, 100) * 10:.1f}",
    }
    store.close()
    return measured


def replays(store: Store) -> tuple[float, float, float]:
    """Events a second: a replay that only decodes, `rebuild`, whole `verify`; in this process.

    The first reads and decodes in the very batches of a rebuild, and does nothing with them.
    """
    events, batch = rebuild.events_count(store), rebuild.BATCH[store.dialect]

    def decode() -> None:
        position = 0
        while (stretch := rebuild.Stretch.after(store, position, batch)).rows:
            position = stretch.end

    def verify() -> None:
        with store.reading():
            checked = check_log(store)
            assert rebuild.verify(store, checked=checked).problems == []

    works = (decode, lambda: rebuild.rebuild(store), verify)
    decoded, rebuilt, verified = (events * 1000 / milliseconds(work, 3) for work in works)
    return decoded, rebuilt, verified


def appended(store: Store, count: int) -> float:
    """How long it takes to add leaves, and to keep the subtrees they complete (ms)."""
    events = log.after(store.read, 0, limit=count)
    taken = []
    with store.deciding():
        for _ in range(600 // min(count, 10)):
            began = time.perf_counter()
            merkle.append(events, store.write)
            taken.append(time.perf_counter() - began)
    return sum(taken) / len(taken) * 1000


def grown(store: Store) -> float:
    """How long it takes to sign when there is another leaf (ms)."""
    events = log.after(store.read, 0, limit=1)

    def sign() -> None:
        with store.deciding():
            merkle.append(events, store.write)
        signing.signed_head(store)

    return milliseconds(sign)


def table(measured: dict[str, Measured]) -> Iterator[str]:
    """Return the lines of the table, by the name of the database."""
    yield "| the tree of a log | " + " | ".join(measured) + " |"
    yield "|---|" + "---:|" * len(measured)
    for row in next(iter(measured.values())):
        yield f"| {row} | " + " | ".join(found[row] for found in measured.values()) + " |"


def main(events: int) -> None:
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as postgres:
        urls = {
            "SQLite": f"sqlite:///{Path(folder) / 'log.db'}",
            "PostgreSQL": postgres.create_database(),
        }
        print("\n".join(table({name: measure(url, events) for name, url in urls.items()})))


if __name__ == "__main__":
    main(int(sys.argv[1]))
