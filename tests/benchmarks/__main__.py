"""Measure a running `serve` on each database and print the figures beside those of the peer."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import requests

from tests.benchmarks import erasing, moving, past, proving, shop, streams
from tests.benchmarks.client import CONNECTIONS, Figures, load, rendered
from tests.benchmarks.shop import Shop
from tests.postgres import PostgresServer, free_port
from tests.serving import Server, token_of

SECONDS = 4
WARM_UP_SECONDS = 0.5
BULK = 1000
BULK_GROUPS = 40
GROUPS_PATH = "/admin/customer-groups"

PEER = {
    "list 20": (176, 93, 130),
    "list q=": (162, 100, 144),
    "one group": (277, 57, 106),
    "customers of a small group": (22, 687, 2399),
    "first page of the 100,000 group": (3.5, 3834, 4784),
    "create": (75, 197, 417),
    "rename": (55, 254, 691),
    "add 1 customer": (97, 164, 208),
    "add 1,000 customers": (4.5, 2652, 4269),
    "remove 1,000 customers": (3.7, 3427, 7744),
    "delete": (115, 136, 192),
}
"""Requests/s, p50 and p99 ms of Medusa 2.21.2, production build, PostgreSQL, 16 connections."""

Measured = dict[str, Figures]


class Bench:
    """The rows of the table, each as the requests that measure it.

    What a row changes, no other row has changed before: no request finds its work done already.
    """

    def __init__(self, server: Server, made: Shop) -> None:
        self.port = server.port
        self.shop = made
        self.token = token_of(server)
        self.numbers = itertools.count()
        self.bulk: list[tuple[str, int]] = []
        self.created: list[str] = []

    def measure(self, show: Callable[[int], None]) -> Measured:
        """Return the figures of every row."""
        small, large = self.shop.small, f"{GROUPS_PATH}/{self.shop.large}"
        reads = {
            "list 20": lambda n: f"{GROUPS_PATH}?limit=20&offset={n % 900}",
            "list q=": lambda n: f"{GROUPS_PATH}?limit=20&q=whole%20{n % 100:02}",
            "one group": lambda n: f"{GROUPS_PATH}/{small[n % len(small)]}",
            "customers of a small group": lambda n: (
                f"{GROUPS_PATH}/{small[n % len(small)]}/customers?limit=20"
            ),
            "first page of the 100,000 group": lambda _: f"{large}/customers?limit=20",
        }
        measured = {}
        for row, path in reads.items():
            asked = (rendered("GET", path(n), self.token) for n in itertools.count())
            load(self.port, asked, WARM_UP_SECONDS)
            measured[row] = load(self.port, asked, SECONDS)
            show(1)
        writes = {
            "create": self.creates,
            "rename": self.renames,
            "add 1 customer": self.adds,
            "add 1,000 customers": self.bulk_adds,
            "remove 1,000 customers": self.bulk_removes,
            "delete": self.deletes,
        }
        for row, ask in writes.items():
            figures = load(self.port, ask(), SECONDS, keep_bodies=row == "create")
            if row == "create":
                groups = [json.loads(body)["customer_group"] for body in figures.bodies]
                self.created = [group["id"] for group in groups]
            measured[row] = figures
            show(1)
        for row, figures in measured.items():
            assert set(figures.statuses) == {200}, f"{row}: {figures.statuses}"
        return measured

    def post(self, path: str, body: object) -> bytes:
        return rendered("POST", path, self.token, json.dumps(body).encode())

    def creates(self) -> Iterator[bytes]:
        while True:
            yield self.post(GROUPS_PATH, {"name": f"Created {next(self.numbers)}"})

    def renames(self) -> Iterator[bytes]:
        for group_id in itertools.cycle(self.shop.small):
            name = f"Renamed {next(self.numbers)}"
            yield self.post(f"{GROUPS_PATH}/{group_id}", {"name": name})

    def adds(self) -> Iterator[bytes]:
        newcomers = self.shop.customers[shop.GROUPS * shop.SMALL :]
        for number, customer_id in enumerate(newcomers):
            group_id = self.shop.small[number % len(self.shop.small)]
            yield self.post(f"{GROUPS_PATH}/{group_id}/customers", {"add": [customer_id]})

    def bulk_adds(self) -> Iterator[bytes]:
        for start in range(0, shop.CUSTOMERS, BULK):
            for group_id in self.created[:BULK_GROUPS]:
                self.bulk.append((group_id, start))
                yield self.post(*self.bulk_change("add", group_id, start))

    def bulk_removes(self) -> Iterator[bytes]:
        for group_id, start in self.bulk:
            yield self.post(*self.bulk_change("remove", group_id, start))

    def bulk_change(self, what: str, group_id: str, start: int) -> tuple[str, object]:
        ids = self.shop.customers[start : start + BULK]
        return f"{GROUPS_PATH}/{group_id}/customers", {what: ids}

    def deletes(self) -> Iterator[bytes]:
        for group_id in self.created:
            yield rendered("DELETE", f"{GROUPS_PATH}/{group_id}", self.token)


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


def bench(name: str, database_url: str, directory: Path) -> Measured:
    """Fill a database, serve it with one worker and measure."""
    server = Server(database_url, directory)
    prepared = server.cli("init-db")
    assert prepared.returncode == 0, prepared.stderr
    with progress(f"{name}: making a shop", shop.STEPS) as show:
        made = shop.fill(database_url, show)
    with server.start(prepare=False), progress(f"{name}: measuring", len(PEER)) as show:
        return Bench(server, made).measure(show)


def bench_bare_front() -> Figures:
    """Measure an application that does nothing, behind the same front."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.bare", str(port)])
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                requests.get(f"http://127.0.0.1:{port}/", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.02)
        asked = itertools.repeat(rendered("GET", "/", None))
        load(port, asked, WARM_UP_SECONDS)
        return load(port, asked, SECONDS)
    finally:
        process.terminate()
        process.wait(timeout=15)


def shown(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}"


def table(measured: dict[str, Measured]) -> Iterator[str]:
    """Return the lines of the table of all rows."""
    head = "| request | peer req/s | p50 | p99 |"
    for name in measured:
        head += f" {name} req/s | p50 | p99 | ratio |"
    yield head
    yield "|---|" + "---:|" * (head.count("|") - 2)
    for row, (peer, p50, p99) in PEER.items():
        line = f"| {row} | {shown(peer)} | {p50:,} | {p99:,} |"
        for figures in (found[row] for found in measured.values()):
            latencies = (figures.percentile_ms(50), figures.percentile_ms(99))
            line += f" {shown(figures.per_second)} | {shown(latencies[0])} | {shown(latencies[1])}"
            line += f" | {figures.per_second / peer:,.0f} x |"
        yield line


def follow(postgres: PostgresServer, directory: Path) -> dict[str, streams.Measured]:
    """Measure what following costs on each database."""
    followed = {}
    with progress("Following", 2) as show:
        followed["SQLite"] = streams.measure(f"sqlite:///{directory / 'log.db'}", directory)
        show(1)
        followed["PostgreSQL"] = streams.measure(postgres.create_database(), directory)
        show(1)
    return followed


def audit(postgres: PostgresServer, directory: Path) -> list[Iterable[str]]:
    """Measure the past, erasing, a log that moves and its tree; returns the lines of each table."""
    with progress("The past", 2) as show:
        asked = {"SQLite": past.measure(f"sqlite:///{directory / 'past.db'}", directory)}
        show(1)
        asked["PostgreSQL"] = past.measure(postgres.create_database(), directory)
        show(1)
    with progress("Erasing", 2) as show:
        erased = {"SQLite": erasing.measure(f"sqlite:///{directory / 'erasing.db'}")}
        show(1)
        erased["PostgreSQL"] = erasing.measure(postgres.create_database())
        show(1)
    with progress(f"A log of {moving.EVENTS:,} events moves", 1) as show:
        ends = (f"sqlite:///{directory / name}" for name in ("from.db", "to.db"))
        moved = moving.measure(*ends, directory)
        show(1)
    with progress(f"The tree of {proving.EVENTS:,} events", 2) as show:
        proved = {"SQLite": proving.measure(f"sqlite:///{directory / 'tree.db'}")}
        show(1)
        proved["PostgreSQL"] = proving.measure(postgres.create_database())
        show(1)
    return [
        moving.table(moved),
        proving.table(proved),
        past.table(asked),
        erasing.table(erased),
    ]


@click.command()
@click.option("--following", is_flag=True, help="Only what following costs.")
def main(following: bool) -> None:
    """Measure a running `serve` on each database and print the figures beside those of the peer."""
    began = time.monotonic()
    measured = {}
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as postgres:
        directory = Path(folder)
        if not following:
            with progress("Flask alone: measuring", 1) as show:
                bare = bench_bare_front()
                show(1)
            measured["SQLite"] = bench("SQLite", f"sqlite:///{directory / 'shop.db'}", directory)
            measured["PostgreSQL"] = bench("PostgreSQL", postgres.create_database(), directory)
        followed = follow(postgres, directory)
        audited = [] if following else audit(postgres, directory)
    if measured:
        print_requests(measured, bare)
    for lines in (streams.table(followed), *audited):
        print("\n" + "\n".join(lines))
    print(f"\nTook {time.monotonic() - began:.0f} s.")


def print_requests(measured: dict[str, Measured], bare: Figures) -> None:
    print(
        f"\n{shop.GROUPS:,} groups, {shop.CUSTOMERS:,} customers, one group of {shop.LARGE:,};"
        f" {CONNECTIONS} connections; 1 worker; load generator, service and database on the same"
        f" {os.cpu_count()} CPUs; milliseconds.\nThe peer was measured on another day on a like"
        " machine: its ratio is an order of magnitude.\n"
    )
    print("\n".join(table(measured)))
    print(
        f"\nWithin this run: Flask alone, an answer of 18 bytes behind the same front,"
        f" {shown(bare.per_second)} req/s."
    )
    for name, found in measured.items():
        listed = found["list 20"].per_second
        print(f"list 20 on {name} reaches {listed / bare.per_second:.2f} of that.")


if __name__ == "__main__":
    main()
