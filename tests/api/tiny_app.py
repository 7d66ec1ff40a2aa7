"""A small application behind the real front: `python -m tests.api.tiny_app PORT WORKERS`."""

import os
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from threading import Event

from flask import Flask, Response, request

from projections import schema
from projections.sqlite import SQLiteStore
from service.front import ASK_FIRST, ASKED, BODY_TOO_LARGE, WAITED, Front, Lane
from service.server import serve
from service.stream import Follow, Tailer

LANES = (
    Lane("sign-in", threads=1, requests=(("POST", "/auth/user/emailpass"),)),
    Lane("import", threads=2, requests=(("POST", "/admin/customers/import"),)),
)
UNBOUNDED = "/admin/customers/import"
LIMIT = 1024
HELD_SECONDS = 20


def body_limit(_method, path):
    return None if path == UNBOUNDED else LIMIT


class Tiny:
    """Views that hold, break, stream and ask for patience, and the counts a test waits for."""

    def __init__(self):
        self.gate = Event()
        self.counts = {"held": 0, "bodies": 0, "streams": 0, "asked": 0, "echoes": 0}
        self.app = Flask(__name__)
        self.app.url_map.strict_slashes = False
        rules = {
            "/hello": self.hello,
            "/counts": self.show_counts,
            "/open": self.open_gate,
            "/hold/<float:seconds>": self.hold,
            "/echo": self.echo,
            UNBOUNDED: self.echo,
            "/auth/user/emailpass": self.echo,
            "/environ/<path:rest>": self.environ,
            "/blocks/<int:count>": self.blocks,
            "/broken/<int:good_bytes>": self.broken,
            "/patience/<int:refusals>/<float:seconds>": self.patience,
            "/events": self.events,
            "/events/stream": self.stream,
        }
        for number, (rule, view) in enumerate(rules.items()):
            self.app.add_url_rule(rule, str(number), view, methods=["GET", "POST"])

    def wsgi(self, environ, start_response):
        if environ["PATH_INFO"] == "/crash":
            raise RuntimeError("outside of Flask")
        if ASK_FIRST in environ:
            start_response(f"{ASKED} No Content", [])
            return []
        return self.app(environ, start_response)

    def hello(self):
        return {"hello": "world", "worker": os.getpid()}

    def show_counts(self):
        return self.counts

    def open_gate(self):
        gate, self.gate = self.gate, Event()
        gate.set()
        return {}

    def hold(self, seconds):
        self.counts["held"] += 1
        try:
            self.gate.wait(seconds)
        finally:
            self.counts["held"] -= 1
        return {"held": seconds}

    def echo(self):
        if BODY_TOO_LARGE in request.environ:
            received = len(request.get_data())
            return {"limit": request.environ[BODY_TOO_LARGE], "received": received}, 413
        self.counts["echoes"] += 1
        body = request.get_data()
        if body == b"hold":
            self.hold(HELD_SECONDS)
        return {"digest": sha256(body).hexdigest(), "content_length": request.content_length}

    def environ(self, rest):
        shown = {name: value for name, value in request.environ.items() if isinstance(value, str)}
        return {"rest": rest, **shown}

    def blocks(self, count):
        def body():
            self.counts["bodies"] += 1
            try:
                for number in range(count):
                    yield b"%08d" % number * 1024
            finally:
                self.counts["bodies"] -= 1

        return Response(body())

    def broken(self, good_bytes):
        def body():
            yield b"x" * good_bytes
            raise RuntimeError("the disk is full")

        return Response(body())

    def patience(self, refusals, seconds):
        self.counts["asked"] += 1
        if self.counts["asked"] <= refusals:
            return {"body": request.get_data(as_text=True)}, 503, {"X-Front-Wait": str(seconds)}
        return {"body": request.get_data(as_text=True)}

    def events(self):
        if WAITED in request.environ:
            return {"waited": True}
        self.counts["streams"] += 1
        return Response(headers={"X-Front-Follow": Follow(after=0, seconds=HELD_SECONDS).text()})

    def stream(self):
        self.counts["streams"] += 1
        return Response(headers={"X-Front-Follow": Follow(after=0).text()})


def empty_log():
    """A log that nothing is ever appended to."""
    store = SQLiteStore(Path(tempfile.mkdtemp()) / "groups.db")
    schema.init(store)
    return store


def build():
    tiny = Tiny()
    return Front(
        tiny.wsgi,
        body_limit=body_limit,
        lanes=LANES,
        tailer=Tailer(empty_log()),
        close=lambda: print("closed", flush=True),
    )


def build_without_database():
    raise RuntimeError("the database is newer than the program")


def __getattr__(name):
    """A module that takes long to load: whoever wants `late` of it waits."""
    if name != "late":
        raise AttributeError(name)
    print("loading", flush=True)
    Event().wait(30)


if __name__ == "__main__":
    port, workers, factory = sys.argv[1:]
    serve(f"tests.api.tiny_app:{factory}", host="127.0.0.1", port=int(port), workers=int(workers))
