"""A small application behind the real front, for `test_server.py`: `python -m tests.api.tiny_app PORT`."""

import asyncio
import sys
from collections.abc import Iterator
from hashlib import sha256
from threading import Event, Lock

from flask import Flask, Response, request

from service.bridge import Receive, Scope, Send
from service.front import BODY_TOO_LARGE, Front, Lane
from service.server import serve

LANES = (
    Lane("sign-in", threads=1, requests=(("POST", "/auth/user/emailpass"),)),
    Lane("import", threads=2, requests=(("POST", "/admin/customers/import"),)),
)
LIMITS = {"/admin/customers/import": None, "/bulk": 8 * 1024 * 1024}
HELD_SECONDS = 20


def body_limit(_method: str, path: str) -> int | None:
    return LIMITS.get(path, 1024)


class Gate:
    """Holds requests until it is opened, and counts them."""

    def __init__(self) -> None:
        self._opened = Event()
        self._lock = Lock()
        self.held = 0

    def hold(self, seconds: float) -> None:
        with self._lock:
            self.held += 1
        self._opened.wait(seconds)

    def open(self) -> None:
        self._opened.set()


def build() -> Front:
    app = Flask(__name__)
    gate = Gate()
    asked = {"times": 0}
    streams = {"open": 0}

    @app.route("/hello", methods=["GET", "POST"])
    def hello():
        return {"hello": "world"}

    @app.post("/echo")
    @app.post("/bulk")
    @app.post("/admin/customers/import")
    def echo():
        if BODY_TOO_LARGE in request.environ:
            message = f"The body is longer than {request.environ[BODY_TOO_LARGE]} bytes"
            return {"message": message, "received": len(request.get_data())}, 413
        body = request.get_data()
        if body == b"hold":
            gate.hold(HELD_SECONDS)
        return {
            "length": len(body),
            "content_length": request.content_length,
            "digest": sha256(body).hexdigest(),
        }

    @app.get("/hold/<float:seconds>")
    def hold(seconds: float):
        gate.hold(seconds)
        return {"held": seconds}

    @app.get("/held")
    def held():
        return {"held": gate.held, "streams": streams["open"], "asked": asked["times"]}

    @app.post("/open")
    def open_gate():
        gate.open()
        return {"opened": True}

    @app.get("/environ/<path:rest>")
    def environ(rest: str):
        shown = {name: value for name, value in request.environ.items() if isinstance(value, str)}
        return {**shown, "rest": rest}

    @app.get("/lines/<int:count>")
    def lines(count: int):
        return Response(b"%07d\n" % number for number in range(count))

    @app.get("/endless")
    def endless():
        def forever() -> Iterator[bytes]:
            streams["open"] += 1
            try:
                while True:
                    yield b"x" * 65536
            finally:
                streams["open"] -= 1

        return Response(forever())

    @app.get("/broken/<int:good_bytes>")
    def broken(good_bytes: int):
        def body() -> Iterator[bytes]:
            yield b"x" * good_bytes
            raise RuntimeError("the disk is full")

        return Response(body())

    @app.get("/patience/<int:refusals>/<float:seconds>")
    def patience(refusals: int, seconds: float):
        asked["times"] += 1
        if asked["times"] <= refusals:
            return {"message": "not yet"}, 503, {"X-Front-Wait": str(seconds)}
        return {"asked": asked["times"]}

    def wsgi(environ, start_response):
        if environ["PATH_INFO"] == "/crash":
            raise RuntimeError("outside of Flask")
        return app(environ, start_response)

    async def ticks(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        streams["open"] += 1
        try:
            await asyncio.Event().wait()
        finally:
            streams["open"] -= 1

    async def poll(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    return Front(
        wsgi,
        body_limit=body_limit,
        lanes=LANES,
        streams={"/events/stream": ticks, "/events": poll},
        close=lambda: print("closed", flush=True),
    )


if __name__ == "__main__":
    serve("tests.api.tiny_app:build", host="127.0.0.1", port=int(sys.argv[1]), workers=int(sys.argv[2]))
