"""What the past costs: answers as of positions all over a long log.

`python -m tests.benchmarks.past EVENTS` measures it alone, on SQLite.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from projections import log
from projections.stores import open_store
from tests.benchmarks.longlog import LongLog
from tests.serving import Server, token_of

EVENTS = 1_000_000
GROUPS = 10_000
MEMBERS = 100_000
TIMES = 200
GROUPS_PATH = "/admin/customer-groups"

Latencies = dict[str, list[float]]
"""Milliseconds of each answer, in their order, by what was asked for."""


def measure(database_url: str, directory: Path, events: int = EVENTS) -> Latencies:
    """Fill a database, serve it and ask one thing after the other, each at another position."""
    server = Server(database_url, directory)
    prepared = server.cli("init-db")
    assert prepared.returncode == 0, prepared.stderr
    store = open_store(database_url)
    made = LongLog(events, GROUPS, MEMBERS)
    made.fill(store)
    end = log.end(store.read)
    store.close()
    large = f"{GROUPS_PATH}/{made.large}"
    rows = {
        "list 20": f"{GROUPS_PATH}?limit=20",
        "list 20 by name": f"{GROUPS_PATH}?limit=20&order=name",
        "list 20 by customers_count": f"{GROUPS_PATH}?limit=20&order=-customers_count",
        "list q=": f"{GROUPS_PATH}?limit=20&q=loyal",
        "one group": f"{large}?fields=%2Bcustomers_count",
        "customers of the 100,000 group": f"{large}/customers?limit=20",
        "the same by e-mail": f"{large}/customers?limit=20&order=email",
        "the same q=": f"{large}/customers?limit=20&q=first",
        "groups of a customer": f"/admin/customers/{made.customers[0]}/customer-groups",
    }
    dice = random.Random(5)
    measured: Latencies = {}
    with server.start(prepare=False), requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token_of(server)}"
        for row, path in rows.items():
            url = f"{server.url}{path}{'&' if '?' in path else '?'}as_of="
            asked = [dice.randint(MEMBERS // 500, end) for _ in range(TIMES)]
            measured[row] = sorted(_milliseconds(session, f"{url}{at}") for at in asked)
    return measured


def _milliseconds(session: requests.Session, url: str) -> float:
    began = time.perf_counter()
    answer = session.get(url, timeout=60)
    assert answer.status_code == 200, answer.text
    return 1000 * (time.perf_counter() - began)


def table(measured: dict[str, Latencies]) -> Iterator[str]:
    """Return the lines of the table, by the name of the database."""
    yield f"Positions all over a log of {GROUPS:,} groups; milliseconds, one request at a time.\n"
    yield "| as of | " + " | ".join(f"{name} p50 | p99" for name in measured) + " |"
    yield "|---|" + "---:|---:|" * len(measured)
    for row in next(iter(measured.values())):
        figures = (found[row] for found in measured.values())
        cells = (
            f"{statistics.median(each):.1f} | {each[len(each) * 99 // 100]:.1f}" for each in figures
        )
        yield f"| {row} | {' | '.join(cells)} |"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/past.db"
        print("\n".join(table({"SQLite": measure(database, Path(folder), int(sys.argv[1]))})))
