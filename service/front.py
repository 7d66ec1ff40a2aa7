"""The front: Flask in a few threads, everything that waits in none.

Slow clients, waits and streams cost the event loop a little memory; a thread only ever computes.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast
from wsgiref.types import WSGIApplication, WSGIEnvironment

from service.bridge import (
    BodyTooLong,
    ClientGone,
    Exchange,
    Message,
    Receive,
    Scope,
    Send,
    Threads,
    environ_of,
    read_body,
)
from service.stream import Follow, Tailer, arrival, stream

BODY_TOO_LARGE = "customer_groups.body_too_large"  # the limit in bytes, for Flask to refuse with
ASK_FIRST = "customer_groups.ask_first"  # would Flask take this body? `ASKED` is yes
ASKED = 204
WAITED = "customer_groups.waited"  # what there was to wait for has come, or the time is over
READING_THREADS = CHANGING_THREADS = 4
READS = ("GET", "HEAD", "OPTIONS")
RETRY_SECONDS = 0.02
GRACE_SECONDS = 3.8  # what is in flight at SIGTERM is answered or cut by then
LINGER_SECONDS, LINGER_BYTES = 2.0, 16 * 1024 * 1024

UNKNOWN_ERROR = {
    "code": "unknown_error",
    "type": "unknown_error",
    "message": "An unknown error occurred.",
}
BROKEN_BODY = {
    "code": "invalid-request",
    "type": "invalid_data",
    "message": "Invalid request: the body broke off, or is not framed as HTTP/1.1 wants it",
}
STOPPING = {
    "code": "stopping",
    "type": "unavailable",
    "message": "The service is stopping; whether this request was carried out is not known.",
}

logger = logging.getLogger("customer_groups")


@dataclass(frozen=True)
class Lane:
    """Requests, as (method, path), that are slow by intent and get threads of their own."""

    name: str
    threads: int
    requests: tuple[tuple[str, str], ...]


class Front:
    """The requests of one process: a WSGI application behind a few threads, streams behind none.

    `body_limit(method, path)` is the longest body in bytes, None where there is no bound; of a
    longer one the application gets nothing but the limit, as `BODY_TOO_LARGE` in its environ. Where
    there is no bound it is asked first, with `ASK_FIRST`, and answers `ASKED` to be sent the body.
    A 503 with `X-Front-Wait: <seconds>` is asked for again every 20 ms until they have passed. An
    answer with `X-Front-Follow` (what `Follow.text` writes) waits for events by the `tailer`:
    without seconds it becomes a stream of them, else it is asked for again, with `WAITED`, when one
    has come or the time is over. `close` is called last.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        body_limit: Callable[[str, str], int | None],
        lanes: Iterable[Lane] = (),
        tailer: Tailer | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._application = application
        self._body_limit = body_limit
        self._tailer = tailer
        self._close = close
        self._reading = Threads("reading", READING_THREADS)
        self._changing = Threads("changing", CHANGING_THREADS)  # these wait for the write lock
        self._disk = Threads("disk", 1)
        self._lanes: dict[tuple[str, str], Threads] = {}
        for lane in lanes:
            threads = Threads(lane.name, lane.threads)
            for method, path in lane.requests:
                self._lanes[method, path] = self._lanes[method, path + "/"] = threads
        self._requests: set[asyncio.Task[None]] = set()
        self._open_streams: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = _Answer(send)
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._requests.add(task)
        try:
            await self._ask(scope, receive, answer)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            await answer.cut(complete=task in self._open_streams)
        except Exception:
            logger.exception("%s %r failed", scope["method"], scope["path"])
            await answer.fail()
        finally:
            self._requests.discard(task)
            self._open_streams.discard(task)

    def stop(self) -> None:
        """Begin the end: streams close now, requests within 3.8 s. A second time, nothing."""
        if self._stopping:
            return
        self._stopping = True
        for task in self._open_streams:
            task.cancel()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._cut)

    async def close(self) -> None:
        """Wait for the requests in flight, then close what is behind them."""
        self.stop()
        if self._requests:
            await asyncio.wait(self._requests)
        if self._tailer is not None:
            self._tailer.stop()
        for threads in {self._reading, self._changing, self._disk, *self._lanes.values()}:
            threads.stop()
        self._close()

    def _cut(self) -> None:
        for task in self._requests:
            task.cancel()

    async def _ask(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        environ = environ_of(scope)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        limit = self._body_limit(method, path)
        usual = self._reading if method in READS else self._changing
        threads = self._lanes.get((method, path), usual)
        if limit is None:
            first = await self._exchange(environ | {ASK_FIRST: True}, self._changing)
            if first.status != ASKED:
                await self._refuse(first, self._changing, receive, answer)
                return
        try:
            await read_body(environ, receive, limit=limit, disk=self._disk)
        except BodyTooLong:
            environ[BODY_TOO_LARGE] = limit
            exchange = await self._exchange(environ, threads)
            await self._refuse(exchange, threads, receive, answer)
            return
        except ClientGone:
            await answer.reject()
            return
        with environ["wsgi.input"]:
            exchange = await self._exchange(environ, threads)
            if exchange.follow is not None and self._tailer is not None:
                await self._follow(exchange, environ, self._tailer, receive, answer)
            else:
                await _send(exchange, threads, receive, answer)

    async def _follow(
        self,
        exchange: Exchange,
        environ: WSGIEnvironment,
        tailer: Tailer,
        receive: Receive,
        answer: "_Answer",
    ) -> None:
        """Wait for events in the loop; no thread is held meanwhile."""
        follow = Follow.read(exchange.follow or "")
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._open_streams.add(task)

        async def still_allowed() -> bool:
            return (await self._exchange(environ, self._reading)).follow is not None

        if follow.seconds is None:
            headers = [field for field in exchange.headers if field[0] != b"content-length"]
            await stream(tailer, follow, headers, receive, answer, still_allowed)
            return
        try:
            await _unless_gone(arrival(tailer, follow), receive)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            task.uncancel()  # there is time to answer what there is
        self._open_streams.discard(task)
        exchange = await self._exchange(environ | {WAITED: True}, self._reading)
        await _send(exchange, self._reading, receive, answer)

    async def _refuse(
        self, exchange: Exchange, threads: Threads, receive: Receive, answer: "_Answer"
    ) -> None:
        """Answer before the body was read, and let the client read the answer."""
        exchange.headers.append((b"connection", b"close"))
        await _send(exchange, threads, receive, answer)
        await _linger(receive)

    async def _exchange(self, environ: WSGIEnvironment, threads: Threads) -> Exchange:
        """Call the application, again and again while it asks for patience."""
        began = time.monotonic()
        while True:
            exchange = Exchange(self._application, dict(environ))
            await threads.run(exchange.start)
            if exchange.status != 503 or exchange.wait_seconds is None or not exchange.complete:
                return exchange
            if self._stopping or time.monotonic() - began >= exchange.wait_seconds:
                return exchange
            await asyncio.sleep(RETRY_SECONDS)
            environ["wsgi.input"].seek(0)


class _Answer:
    """`send`, knowing whether the answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    def __call__(self, message: Message) -> Awaitable[None]:
        sending = self._send(message)
        self._begun = True
        return sending

    async def reject(self) -> None:
        """Say 400 to a body that broke off or made no sense; whoever is gone does not hear it."""
        if not self._begun:
            await self._whole(400, BROKEN_BODY, (b"connection", b"close"))

    async def fail(self) -> None:
        """Say 500; in mid-answer nothing, so that the server aborts the connection."""
        if not self._begun:
            await self._whole(500, UNKNOWN_ERROR)

    async def cut(self, *, complete: bool) -> None:
        """Say 503; in mid-answer end it if what was sent is `complete`, else as `fail`."""
        if not self._begun:
            await self._whole(503, STOPPING, (b"retry-after", b"1"))
        elif complete:
            with suppress(RuntimeError):  # it had ended by itself
                await self._send({"type": "http.response.body", "body": b""})

    async def _whole(self, status: int, body: object, *headers: tuple[bytes, bytes]) -> None:
        content = json.dumps(body).encode()
        length = (b"content-length", b"%d" % len(content))
        headers = ((b"content-type", b"application/json"), length, *headers)
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self({"type": "http.response.body", "body": content})


async def _send(exchange: Exchange, threads: Threads, receive: Receive, send: Send) -> None:
    """Send the pieces of an answer, each as soon as the one before is on its way."""
    start = {"type": "http.response.start", "status": exchange.status, "headers": exchange.headers}
    await send(start)
    if not exchange.complete:
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            while not exchange.complete:
                await send(
                    {"type": "http.response.body", "body": exchange.piece, "more_body": True}
                )
                if gone.done():
                    await threads.run(exchange.close)
                    return
                await threads.run(exchange.go_on)
        finally:
            gone.cancel()
    await send({"type": "http.response.body", "body": exchange.piece})


async def _unless_gone(waiting: Awaitable[None], receive: Receive) -> None:
    """Wait, but not for a client that has left."""
    gone = asyncio.ensure_future(_disconnected(receive))
    waited = asyncio.ensure_future(waiting)
    try:
        await asyncio.wait((waited, gone), return_when=asyncio.FIRST_COMPLETED)
        if waited.done():
            waited.result()
    finally:
        gone.cancel()
        waited.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _linger(receive: Receive) -> None:
    """Read on for a while: closing on unread bytes resets the connection, and loses the answer."""
    left = LINGER_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0:
                message = await receive()
                if not message.get("more_body"):
                    return
                left -= len(message["body"])
