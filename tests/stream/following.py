"""Consumers of the log, as services write them: by pages, by long polls, by Server-Sent Events."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import requests

from tests.serving import Server

Event = dict[str, Any]


class Consumer:
    """Knows a service, its token and the position up to which it has read."""

    def __init__(self, url: str, token: str, after: int = 0, **wanted: Any) -> None:
        self.url = url
        self.after = after
        self.wanted = wanted
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def page(self, **parameters: Any) -> Any:
        """Ask for a page of the feed after the position; go on from there the next time."""
        asked = {"after": self.after} | self.wanted | parameters
        answer = self.session.get(f"{self.url}/events", params=asked, timeout=60)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        self.after = page["next"]
        return page

    def lines(self, **parameters: Any) -> list[Any]:
        """Return the lines of the feed as NDJSON, the last of which is the cursor."""
        asked = {"after": self.after} | self.wanted | parameters
        headers = {"Accept": "application/x-ndjson"}
        answer = self.session.get(f"{self.url}/events", params=asked, headers=headers, timeout=300)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.content.splitlines()]

    def stream(self, **headers: str) -> requests.Response:
        """Open an event stream after the position."""
        answer = self.session.get(
            f"{self.url}/events/stream",
            params=self.wanted
            if "Last-Event-ID" in headers
            else self.wanted | {"after": self.after},
            headers=headers,
            stream=True,
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return answer

    def events(self, on_open: Callable[[], object] = lambda: None) -> Iterator[Event]:
        """Yield the events of a stream until it breaks off; a generator that is closed cuts it."""
        with closing(self.stream()) as answer:
            on_open()
            for fields in frames(answer):
                if "data" in fields:
                    self.after = int(fields["id"])
                    yield json.loads(fields["data"])


def frames(answer: requests.Response) -> Iterator[dict[str, str]]:
    """Yield the fields of each frame of an event stream; a comment has the name ""."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines(chunk_size=65536):  # at most: what has come is there at once
        if not line:
            if fields:
                yield fields
            fields = {}
            continue
        name, _, value = line.decode().partition(":")
        fields[name] = value.removeprefix(" ")


def positions(events: list[Event]) -> list[int]:
    """Return the positions of events in their published form."""
    return [event["data"]["position"] for event in events]


def asking(server: Server, token: str, path: str, buffered: int | None = None) -> socket.socket:
    """Ask for a path on a connection of its own, and do not wait for the answer.

    `buffered` is how many bytes the system may take of it before they are read.
    """
    connection = socket.socket()
    connection.settimeout(60)
    if buffered is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffered)
    connection.connect(("127.0.0.1", server.port))
    lines = (f"GET {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", "", "")
    connection.sendall("\r\n".join(lines).encode())
    return connection


def idle_streams(server: Server, token: str, count: int, stack: ExitStack) -> list[socket.socket]:
    """Open so many streams at the end of the log; each has begun when this returns."""
    end = Consumer(server.url, token).page(limit=1)["end"]
    path = f"/events/stream?after={end}"
    streams = [stack.enter_context(asking(server, token, path)) for _ in range(count)]
    for connection in streams:
        received = b""
        while b": following" not in received:
            piece = connection.recv(4096)
            assert piece, received
            received += piece
    return streams
