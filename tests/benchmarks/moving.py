"""A long log taken away, checked and brought in: events a second, and memory.

`python -m tests.benchmarks.moving EVENTS` measures it alone, on SQLite.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from projections import merkle, schema
from projections.log import LoggedEvent
from projections.stores import open_store
from service.signing import signed_head
from tests.benchmarks.longlog import AT_ONCE, LongLog
from tests.serving import COMMAND

EVENTS = 300_000
GROUPS = 1000
MEMBERS = 1000


class Figure(NamedTuple):
    """Of one command."""

    what: str
    per_second: float
    megabytes: float


def fill(url: str, events: int) -> None:
    """Write a log and its tree, and no other read model: an export needs none."""
    store = open_store(url)
    schema.init(store)
    made = LongLog(events, GROUPS, MEMBERS)
    made.customers = [f"cus_{number:07}" for number in range(MEMBERS * 6 // 5)]
    rows = islice(made._rows(), events)
    while some := [*islice(rows, AT_ONCE)]:
        with store.deciding():
            positions = store.insert_events(some)
            logged = [LoggedEvent(at, *row) for at, row in zip(positions, some, strict=True)]
            merkle.append(logged, store.write)
    signed_head(store)
    store.close()


def timed(what: str, url: str, events: int, *arguments: str) -> Figure:
    """Run a command and return how fast it was, its start included, and the most it held."""
    environment = os.environ | {"CUSTOMER_GROUPS_DATABASE_URL": url}
    began, megabytes = time.monotonic(), 0.0
    process = subprocess.Popen([*COMMAND, *arguments], env=environment, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = Path(f"/proc/{process.pid}/status").read_text().partition("VmHWM:")[2].split()
        megabytes = max(megabytes, int(peak[0]) / 1024 if peak else 0)
        time.sleep(0.05)
    assert process.returncode == 0, what
    return Figure(what, events / (time.monotonic() - began), megabytes)


def measure(source: str, target: str, directory: Path, events: int = EVENTS) -> list[Figure]:
    """Return the figures of a log that goes from one database into another, both not there yet."""
    fill(source, events)
    store = open_store(target)
    schema.init(store)
    store.close()
    out = str(directory / "export")
    return [
        timed("export", source, events, "export", "--out", out),
        timed("verify --export", source, events, "verify", "--export", out),
        timed("import", target, events, "import", "--from", out),
        timed("rebuild", target, events, "rebuild"),
        timed("verify", target, events, "verify"),
    ]


def table(figures: list[Figure]) -> Iterator[str]:
    """Return the lines of the table."""
    yield "| a log | events/s | most memory |"
    yield "|---|---:|---:|"
    for figure in figures:
        yield f"| {figure.what} | {figure.per_second:,.0f} | {figure.megabytes:,.0f} MB |"


if __name__ == "__main__":
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        urls = [f"sqlite:///{here / name}" for name in ("source.db", "target.db")]
        print("\n".join(table(measure(*urls, here, count))))
