"""From ASGI to WSGI: a request becomes an environ, an answer comes back in bounded pieces.

Everything that waits for a client is done by the event loop; threads only ever run the application.
"""

import asyncio
import io
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import suppress
from contextvars import Context
from functools import lru_cache, partial
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from threading import Thread
from typing import IO, Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

PIECE_BYTES = 64 * 1024
MEMORY_BYTES = 1024 * 1024  # a longer body waits on disk
WAIT_HEADER = b"x-front-wait"
FOLLOW_HEADER = b"x-front-follow"

_BASE: WSGIEnvironment = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "customer-groups",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}

IDLE_SECONDS = 60  # how long a body may stand still

_SLASHES = re.compile(b"/{2,}")


class ClientGone(Exception):
    """The client left before its request was complete."""


class BodyTooLong(Exception):
    """The body is longer than the limit; the rest of it has not been read."""


class Threads:
    """A few threads that run what the event loop hands them, first come, first served.

    Daemons, so that a call which outlives the grace at shutdown cannot hold up the exit.
    """

    def __init__(self, name: str, count: int) -> None:
        self._count = count
        self._calls: SimpleQueue[
            tuple[asyncio.AbstractEventLoop, asyncio.Future[None], Callable[[], object]] | None
        ] = SimpleQueue()
        for number in range(count):
            Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def run(self, call: Callable[[], object]) -> asyncio.Future[None]:
        """Run `call` on the next free thread; the future ends with it, or with what it raised."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._calls.put((loop, done, call))
        return done

    def stop(self) -> None:
        """End every thread once it is free."""
        for _ in range(self._count):
            self._calls.put(None)

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            loop, done, call = item
            error: BaseException | None = None
            try:
                call()
            except BaseException as raised:  # noqa: BLE001  # handed to whoever awaits the future
                error = raised
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, done, error)


def _settle(done: asyncio.Future[None], error: BaseException | None) -> None:
    if done.done():  # cancelled meanwhile
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


class Exchange:
    """One call of a WSGI application; `start`, `go_on` and `close` are for threads.

    Every step runs in the same context, but not always on the same thread: a generator must hold
    nothing that belongs to a thread across a `yield`.
    """

    status = 0
    headers: list[tuple[bytes, bytes]]
    wait_seconds: float | None = None
    follow: str | None = None
    piece = b""
    complete = False

    def __init__(self, application: WSGIApplication, environ: WSGIEnvironment) -> None:
        self._application = application
        self._environ = environ
        self._context = Context()
        self._gathered: list[bytes] = []
        self._blocks: Iterable[bytes] = ()
        self._rest: Iterator[bytes] = iter(())

    def start(self) -> None:
        """Call the application; afterwards status, headers and the first piece are there."""
        self._context.run(self._start)

    def go_on(self) -> None:
        """Fetch the next piece: blocks of the body up to about 64 KiB, or what is left of it."""
        self._context.run(self._gather)

    def close(self) -> None:
        """Give up the rest of the body; a second time, nothing."""
        self._context.run(self._close)

    def _start(self) -> None:
        self._blocks = self._application(self._environ, self._start_response)
        self._rest = iter(self._blocks)
        self._gather()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self.status = int(status[:3])
        self.headers = []
        for name, value in headers:
            field = _field(name)
            if field == WAIT_HEADER:
                self.wait_seconds = float(value)
            elif field == FOLLOW_HEADER:
                self.follow = value
            else:
                self.headers.append((field, value.encode("latin-1")))
        return self._gathered.append

    def _gather(self) -> None:
        gathered, size = self._gathered, 0
        try:
            for block in self._rest:
                gathered.append(block)
                size += len(block)
                if size >= PIECE_BYTES:
                    break
            else:
                self.complete = True
        except BaseException:
            self._close()
            raise
        self.piece = b"".join(gathered)
        gathered.clear()
        if self.complete:
            self._close()

    def _close(self) -> None:
        blocks, self._blocks, self._rest = self._blocks, (), iter(())
        close = getattr(blocks, "close", None)
        if close is not None:
            close()


def environ_of(scope: Scope) -> WSGIEnvironment:
    """Translate a request, as yet with an empty body."""
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    path = unquote_to_bytes(raw_path) if b"%" in raw_path else raw_path
    path = _SLASHES.sub(b"/", path)  # one spelling: limits and lanes go by it, as Flask does
    target = raw_path + b"?" + query if query else raw_path
    host, port = scope["server"]
    environ: WSGIEnvironment = {
        **_BASE,
        "REQUEST_METHOD": scope["method"].upper(),
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": target.decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.0" if scope["http_version"] in ("1", "1.0") else "HTTP/1.1",
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
    }
    environ["REQUEST_URI"] = environ["RAW_URI"]
    if scope["client"]:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = scope["client"][0], str(scope["client"][1])
    for name, value in scope["headers"]:
        variable = _variable(name)
        if not variable:
            continue
        text = value.decode("latin-1")
        if variable in environ:
            separator = "; " if variable == "HTTP_COOKIE" else ","
            text = f"{environ[variable]}{separator}{text}"
        environ[variable] = text
    return environ


@lru_cache(maxsize=512)
def _variable(name: bytes) -> str:
    """Translate a request header; to nothing where its `_` would pass for the `-` of another."""
    if b"_" in name:
        return ""
    variable = name.decode("latin-1").upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


@lru_cache(maxsize=512)
def _field(name: str) -> bytes:
    """Translate the name of a response header."""
    return name.lower().encode("latin-1")


async def read_body(
    environ: WSGIEnvironment, receive: Receive, *, limit: int | None, disk: Threads
) -> None:
    """Put the whole body of a request into its environ, with the length that was really read.

    Above 1 MiB it is kept in a file, which the caller closes. Raises `BodyTooLong`, with an empty
    body in the environ, as soon as it is known to exceed `limit` bytes; `ClientGone`.
    """
    chunked = environ.pop("HTTP_TRANSFER_ENCODING", None) is not None
    if not chunked and "CONTENT_LENGTH" not in environ:
        return
    length = None if chunked else int(environ["CONTENT_LENGTH"])
    environ["CONTENT_LENGTH"] = "0"
    if limit is not None and length is not None and length > limit:
        raise BodyTooLong
    small = length is not None and length <= MEMORY_BYTES
    body: IO[bytes] = io.BytesIO() if small else SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115
    try:
        size = await _copy(receive, body, length=length, limit=limit, disk=disk)
    except BaseException:
        body.close()
        raise
    body.seek(0)
    environ["wsgi.input"] = body
    environ["CONTENT_LENGTH"] = str(size)


async def _copy(
    receive: Receive, body: IO[bytes], *, length: int | None, limit: int | None, disk: Threads
) -> int:
    size, more = 0, length != 0
    while more:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await receive()
        except TimeoutError:
            raise ClientGone from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        block = message.get("body", b"")
        size += len(block)
        if limit is not None and size > limit:
            raise BodyTooLong
        if size > MEMORY_BYTES:
            await disk.run(partial(body.write, block))
        else:
            body.write(block)
        more = message.get("more_body", False) and size != length
    return size
