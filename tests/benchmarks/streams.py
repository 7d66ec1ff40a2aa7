"""What following costs: throughput of feed and relay, the way to a follower, idle streams."""

import itertools
import json
import resource
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from domain.application import CustomerGroups
from projections.stores import open_store
from tests.asking import Asking
from tests.benchmarks.client import load, rendered
from tests.nats import NatsServer
from tests.serving import Server, token_of
from tests.stream.following import Consumer, idle_streams

EVENTS = 50_000
AT_ONCE = 500
CHANGES = 300
STREAMS = 1000
SECONDS = 4


@dataclass(frozen=True)
class Measured:
    """Events a second to one reader; ms from decision to follower; what idle streams cost."""

    feed_per_second: float
    behind_slow_reader: float
    relayed_per_second: float
    latency_ms: float
    latency_99_ms: float
    extra_megabytes: float
    threads: int
    throughput_ratio: float
    exit_seconds: float


def fill(database_url: str) -> None:
    """Make a log of 50,000 events."""
    store = open_store(database_url)
    groups = Asking(CustomerGroups(store))
    for start in range(0, EVENTS, AT_ONCE):
        with store.deciding():
            for number in range(start, start + AT_ONCE):
                groups.create_group(f"Group {number:06}")
    store.close()


def read_feed(url: str, token: str) -> float:
    """Read the whole log as NDJSON and return events a second."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/x-ndjson"}
    began = time.perf_counter()
    lines = 0
    with requests.get(f"{url}/events", headers=headers, stream=True, timeout=300) as answer:
        for piece in answer.raw.stream(1 << 20):
            lines += piece.count(b"\n")
    return (lines - 1) / (time.perf_counter() - began)


@contextmanager
def slow_reader(url: str, token: str) -> Iterator[None]:
    """Somebody who asks for the whole log and reads nothing of it."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/x-ndjson"}
    with requests.get(f"{url}/events", headers=headers, stream=True, timeout=300):
        yield


def relay(server: Server) -> float:
    """Relay the whole log to an empty NATS server and return events a second, start included."""
    with NatsServer() as nats:
        began = time.perf_counter()
        done = server.cli("relay", "--once", "--nats", nats.url)
        seconds = time.perf_counter() - began
        assert done.returncode == 0, done.stderr
        return nats.last_sequence() / seconds


def latencies_ms(server: Server, token: str) -> list[float]:
    """Return for each of 300 changes the time from its decision to a follower, in ms."""
    end = Consumer(server.url, token).page(limit=1)["end"]
    consumer = Consumer(server.url, token, after=end)
    found: list[float] = []
    opened = threading.Event()

    def follow() -> None:
        events = consumer.events(on_open=opened.set)
        for event in itertools.islice(events, CHANGES):
            decided = datetime.fromisoformat(event["time"])
            found.append((datetime.now(UTC) - decided).total_seconds() * 1000)
        events.close()

    following = threading.Thread(target=follow)
    following.start()
    opened.wait(30)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    for number in range(CHANGES):
        session.post(f"{server.url}/admin/customer-groups", json={"name": f"Late {number}"})
    following.join(60)
    return found


def per_second(server: Server, token: str) -> float:
    """Requests a second for one group, 16 connections."""
    group = requests.get(
        f"{server.url}/admin/customer-groups?limit=1",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).json()["customer_groups"][0]
    asked = itertools.repeat(rendered("GET", f"/admin/customer-groups/{group['id']}", token))
    return load(server.port, asked, SECONDS).per_second


def measure(database_url: str, directory: Path) -> Measured:
    """Fill a database, serve it with one worker and measure."""
    server = Server(database_url, directory)
    prepared = server.cli("init-db")
    assert prepared.returncode == 0, prepared.stderr
    fill(database_url)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit[1], 8192), limit[1]))
    with server.start(prepare=False):
        token = token_of(server)
        read_feed(server.url, token)
        feed = read_feed(server.url, token)
        with slow_reader(server.url, token):
            behind = read_feed(server.url, token)
        relayed = relay(server)
        late = sorted(latencies_ms(server, token))
        alone = per_second(server, token)
        before = server.megabytes()
        with ExitStack() as stack:
            idle_streams(server, token, STREAMS, stack)
            after, threads = server.megabytes(), server.threads()
            together = per_second(server, token)
            began = time.perf_counter()
            server.stop()
            ended = time.perf_counter() - began
    return Measured(
        feed_per_second=feed,
        behind_slow_reader=behind,
        relayed_per_second=relayed,
        latency_ms=statistics.median(late),
        latency_99_ms=late[len(late) * 99 // 100],
        extra_megabytes=after - before,
        threads=threads,
        throughput_ratio=together / alone,
        exit_seconds=ended,
    )


def table(measured: dict[str, Measured]) -> Iterator[str]:
    """Return the lines of the table."""
    yield "| following | wanted | " + " | ".join(measured) + " |"
    yield "|---|---:|" + "---:|" * len(measured)
    rows = {
        "feed as NDJSON, events/s": ("50,000 / 30,000", "feed_per_second", ",.0f"),
        "the same beside a reader who does not read": ("", "behind_slow_reader", ",.0f"),
        "relayed to NATS, events/s": ("", "relayed_per_second", ",.0f"),
        "decision to follower, median ms": ("50", "latency_ms", ".1f"),
        "decision to follower, p99 ms": ("", "latency_99_ms", ".1f"),
        "1,000 idle streams: more MB": ("150", "extra_megabytes", ".0f"),
        "1,000 idle streams: threads": ("30", "threads", "d"),
        "1,000 idle streams: API, ratio": ("0.80", "throughput_ratio", ".2f"),
        "1,000 idle streams: exit, s": ("5", "exit_seconds", ".1f"),
    }
    for row, (wanted, name, form) in rows.items():
        figures = (json.loads(json.dumps(vars(found)))[name] for found in measured.values())
        yield f"| {row} | {wanted} | " + " | ".join(f"{each:{form}}" for each in figures) + " |"
