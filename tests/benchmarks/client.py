"""A load generator on raw sockets: 16 connections, each with one request at a time.

It takes about 35 us of a core for each request, so that one core is left to the service.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

CONNECTIONS = 16
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length: "


@dataclass
class Figures:
    """What a run has measured; `bodies` are the answers, where they were kept."""

    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """The latency that so many percent of the requests stay within, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


class Connection:
    """One keep-alive connection and the answer that is arriving on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> None:
        self.received = b""
        self.size = 0
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Read what has arrived; true when that completes the answer."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("the service has closed a connection")
        self.received += piece
        if not self.size:
            end = self.received.find(HEAD_END)
            if end < 0:
                return False
            head = self.received[: end + 2].lower()
            start = head.index(LENGTH) + len(LENGTH)
            self.size = end + len(HEAD_END) + int(head[start : head.index(b"\r", start)])
        return len(self.received) >= self.size

    @property
    def status(self) -> int:
        return int(self.received[9:12])

    @property
    def body(self) -> bytes:
        return self.received.partition(HEAD_END)[2]


def load(
    port: int, requests: Iterator[bytes], seconds: float, *, keep_bodies: bool = False
) -> Figures:
    """Send the requests for so many seconds, or until there are no more; wait for all answers."""
    figures = Figures()
    with selectors.DefaultSelector() as selector:
        for request, _ in zip(requests, range(CONNECTIONS), strict=False):
            connection = Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask(request)
        began = time.perf_counter()
        while selector.get_map():
            for key, _ in selector.select():
                connection = key.data
                if not connection.is_answered():
                    continue
                now = time.perf_counter()
                figures.latencies.append(now - connection.began)
                figures.statuses[connection.status] += 1
                if keep_bodies:
                    figures.bodies.append(connection.body)
                request = next(requests, None) if now - began < seconds else None
                if request is None:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                else:
                    connection.ask(request)
    figures.seconds = time.perf_counter() - began
    return figures


def rendered(method: str, path: str, token: str | None, body: bytes = b"") -> bytes:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
