"""A receiver of webhooks, as somebody else would write one, that can be told to misbehave."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from standardwebhooks import Webhook

from tests.postgres import free_port


class Received(NamedTuple):
    """One request, and how it was answered."""

    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def position(self) -> int:
        return self.event["data"]["position"]


Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (200, {}, b"")


class Receiver:
    """Listens on a port of its own from `start` to `stop`; `answer` decides what it says.

    `answer(number)` gets the number of the request, from 1, and returns a status, or status,
    headers and body; it may take its time.
    """

    def __init__(self, answer: Callable[[int], int | Answer] = lambda _: 200) -> None:
        self.port = free_port()
        self.answer = answer
        self.requests: list[Received] = []
        self.at_once = 0
        self.most_at_once = 0
        self._count = 0
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/groups?tenant=shop"

    def start(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            do_GET = do_POST  # noqa: N815  # the name is given

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        serve = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        serve.start()
        return self

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self._count += 1
            number = self._count
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        length = int(handler.headers["Content-Length"] or 0)
        body = handler.rfile.read(length)
        if len(body) < length:  # whoever asked was killed before it had said what
            with self._lock:
                self.at_once -= 1
            handler.close_connection = True
            return
        answered = self.answer(number)
        status, headers, text = answered if isinstance(answered, tuple) else (answered, {}, b"")
        with self._lock:
            received = {name.lower(): value for name, value in handler.headers.items()}
            self.requests.append(Received(received, body, status))
            self.at_once -= 1
        try:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(text)
        except OSError:
            pass  # whoever asked is gone

    @property
    def accepted(self) -> list[Received]:
        return [request for request in list(self.requests) if 200 <= request.status < 300]

    @property
    def positions(self) -> list[int]:
        """The positions of what was accepted, in the order of their arrival."""
        return [request.position for request in self.accepted]

    def verify(self, secret: str) -> None:
        """Check every signature with the standard's own library."""
        for request in list(self.requests):
            Webhook(secret).verify(request.body, request.headers)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def hanging(seconds: float) -> Callable[[int], int]:
    """An answer that comes too late for whoever waits less."""

    def answer(_: int) -> int:
        time.sleep(seconds)  # the receiver's slowness, not a test that waits
        return 200

    return answer
