"""One port: the front under granian, in as many processes as it takes."""

import asyncio
import errno
import importlib
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels

from service.bridge import Receive, Scope, Send
from service.front import Front

KILL_SECONDS = 4.4  # above the grace of the front; half a request head is out of its reach

logger = logging.getLogger("customer_groups")


class PortTaken(Exception):
    """Something listens on the port already."""


class Worker:
    """The ASGI application that a server runs: builds its front in the worker, and closes it.

    Not before, because a connection to PostgreSQL does not survive a fork.
    """

    def __init__(self, build: Callable[[], Front]) -> None:
        self._build = build
        self._front: Front | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through start-up and shutdown."""
        if self._front is not None:
            await self._front(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            front = self._front = self._build()
        except Exception as error:
            logger.exception("The service cannot start")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        _before_the_end(front.stop)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await front.close()
        await send({"type": "lifespan.shutdown.complete"})


def serve(factory: str, *, host: str, port: int, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT, then end within 5 seconds.

    `factory`, as `package.module:function`, is called once in every worker and returns its `Front`.
    What granian has to say goes to the root logger, warnings and up. Raises `PortTaken`.
    """
    granian = Granian(
        factory,
        address=_free_address(host, port),
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        runtime_threads=1,
        runtime_blocking_threads=1,
        blocking_threads=1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        backlog=2048,
        backpressure=4096,  # its own default is far lower, and every open stream counts
        workers_kill_timeout=KILL_SECONDS,  # type: ignore[arg-type]  # only ever joined with
        log_level=LogLevels.warning,
        log_dictconfig={"handlers": {}, "loggers": {"_granian": {"propagate": True}}},
    )
    granian.serve(target_loader=_worker)


def _worker(factory: str) -> Worker:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not of the first process, until it has its own
    module, _, function = factory.partition(":")
    return Worker(getattr(importlib.import_module(module), function))


def _free_address(host: str, port: int) -> str:
    """Resolve `host` and try the port: granian would share a taken one without a word."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server: TIME_WAIT
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            message = (
                f"Port {port} on {host} is in use; "
                "stop what listens there or set CUSTOMER_GROUPS_PORT."
            )
            raise PortTaken(message) from None
    return str(address[0])


def _before_the_end(stop: Callable[[], None]) -> None:
    """Call `stop` in the loop ahead of what the server does on SIGTERM.

    A server tells its application only once every connection has ended, and a stream never ends.

    Ctrl-C reaches every process of the terminal. The first one passes it on as SIGTERM; a worker
    that ended ahead of it would be taken for one that has crashed.
    """
    loop = asyncio.get_running_loop()
    handler = signal.getsignal(signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop)
        if callable(handler):
            handler(number, frame)

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
