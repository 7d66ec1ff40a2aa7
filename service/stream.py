"""Following the log over HTTP: one tailer per process, long polls and event streams in the loop.

Nobody who follows holds a thread. At the end of the log all are served from the tailer's memory;
whoever is further back reads pages of the database, two at a time.
"""

import asyncio
import json
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from projections import log
from projections.log import LoggedEvent, Wanted
from projections.store import Store, StoreUnavailable
from service.bridge import Message, Receive, Send, Threads

PAGE = 500
PAGE_BYTES = 1024 * 1024
MEMORY_BYTES = 8 * 1024 * 1024
"""How much of the newest part of the log the tailer keeps."""

HEARTBEAT_SECONDS = 15.0
SLOW_SECONDS = 20.0
"""How long a reader may take over one piece of 1 MiB before it is cut off."""

WATCH_SECONDS = 1.0
RETRY_SECONDS = 0.25
READING_THREADS = 2


class Recent(NamedTuple):
    """An event at the end of the log, and its published form."""

    event: LoggedEvent
    line: bytes


class Page(NamedTuple):
    """Wanted events after a position, and the position that they reach: none is between."""

    events: list[Recent]
    reached: int


class Tailer:
    """The newest events of the log as this process has seen them; belongs to the event loop.

    A thread watches the log as long as anybody has ever followed it. What it finds comes in order:
    positions are final, because they are given out under the write lock.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reading: Threads | None = None
        self._recent: deque[Recent] = deque()
        self._positions: list[int] = []
        self._bytes = 0
        self._floor = 0  # everything after it and up to the end is in memory
        self._end = 0
        self._started: asyncio.Future[None] | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._stopped = threading.Event()
        self._poke: Callable[[], None] = lambda: None

    async def after(self, position: int, wanted: Wanted) -> Page:
        """Return some wanted events after a position, or none and how far that is known."""
        await self._start()
        if position < self._floor:
            return await self._page(position, wanted)
        if position >= self._end:
            return Page([], position)
        found: list[Recent] = []
        size = 0
        first = bisect_right(self._positions, position)
        for number in range(first, len(self._positions)):
            recent = self._recent[number]
            if wanted.has(recent.event):
                found.append(recent)
                size += len(recent.line)
                if len(found) == PAGE or size >= PAGE_BYTES:
                    return Page(found, recent.event.position)
        return Page(found, self._end)

    async def beyond(self, position: int, seconds: float) -> bool:
        """Wait until the log goes beyond a position; False when it did not within the time."""
        await self._start()
        if self._end > position:
            return True
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            async with asyncio.timeout(seconds):
                await waiting
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(waiting)
        return True

    def stop(self) -> None:
        """End the threads soon."""
        self._stopped.set()
        self._poke()
        if self._reading is not None:
            self._reading.stop()

    async def _start(self) -> None:
        if self._started is None:
            loop = asyncio.get_running_loop()
            self._started = loop.create_future()
            self._reading = Threads("following", READING_THREADS)
            threading.Thread(target=self._watch, args=(loop,), name="tailer", daemon=True).start()
        await asyncio.shield(self._started)

    async def _page(self, position: int, wanted: Wanted) -> Page:
        """Read a page of the database, by one of a few threads."""
        pages: list[Page] = []
        assert self._reading is not None  # noqa: S101  # `_start` has run
        await self._reading.run(lambda: pages.append(self._read(position, wanted)))
        return pages[0]

    def _read(self, position: int, wanted: Wanted) -> Page:
        with self._store.reading():
            identity = log.log_id(self._store.read)
            end = log.end(self._store.read)
            events = log.after(self._store.read, position, limit=PAGE, wanted=wanted)
        found, size = [], 0
        for event in events:
            line = log.published(event, identity)
            found.append(Recent(event, line))
            size += len(line)
            if size >= PAGE_BYTES:
                break
        whole = len(found) == len(events) < PAGE
        return Page(found, end if whole else found[-1].event.position)

    # -- the tailer's own thread -------------------------------------------------------------

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        position: int | None = None
        while not self._stopped.is_set():
            try:
                with closing(self._store.watch()) as watch:
                    self._poke = watch.poke
                    if position is None:
                        position = log.end(self._store.read)
                        loop.call_soon_threadsafe(self._begin, position)
                    while not self._stopped.is_set():
                        while events := log.after(self._store.read, position, limit=PAGE):
                            name = log.log_id(self._store.read)  # an import may have brought it
                            recent = [Recent(one, log.published(one, name)) for one in events]
                            position = events[-1].position
                            loop.call_soon_threadsafe(self._append, recent)
                        watch.wait(WATCH_SECONDS)
            except StoreUnavailable:  # it may come back
                self._store.close()
                self._stopped.wait(RETRY_SECONDS)
            except RuntimeError:  # the loop is closed
                return
        self._store.close()

    def _begin(self, end: int) -> None:
        self._floor = self._end = end
        if self._started is not None and not self._started.done():
            self._started.set_result(None)

    def _append(self, recent: list[Recent]) -> None:
        for each in recent:
            self._recent.append(each)
            self._positions.append(each.event.position)
            self._bytes += len(each.line)
        self._end = recent[-1].event.position
        forgotten = 0
        while self._bytes > MEMORY_BYTES and len(self._recent) > 1:
            oldest = self._recent.popleft()
            self._bytes -= len(oldest.line)
            self._floor = oldest.event.position
            forgotten += 1
        del self._positions[:forgotten]
        waiting, self._waiting = self._waiting, set()
        for each_waiting in waiting:
            if not each_waiting.done():
                each_waiting.set_result(None)


@dataclass(frozen=True)
class Follow:
    """What a follower asked for, as Flask has checked it: from where, what, and for how long.

    `seconds` bounds a long poll; a stream has none.
    """

    after: int
    wanted: Wanted = field(default_factory=Wanted)
    seconds: float | None = None

    def text(self) -> str:
        """Return it as one line of ASCII, for a header."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Follow":
        """Read what `text` wrote."""
        values = json.loads(text)
        types, group_id, customer_id = values.pop("wanted").values()
        return cls(wanted=Wanted(tuple(types), group_id, customer_id), **values)


async def arrival(tailer: Tailer, follow: Follow) -> None:
    """Return once there is a wanted event after the position, or the time is over."""
    position = follow.after
    deadline = asyncio.get_running_loop().time() + (follow.seconds or 0)
    while True:
        page = await tailer.after(position, follow.wanted)
        position = page.reached
        left = deadline - asyncio.get_running_loop().time()
        if page.events or left <= 0:
            return
        await tailer.beyond(position, left)


async def stream(
    tailer: Tailer,
    follow: Follow,
    headers: list[tuple[bytes, bytes]],
    receive: Receive,
    send: Send,
    still_allowed: Callable[[], Awaitable[bool]],
) -> None:
    """Send Server-Sent Events until the reader leaves, is too slow, or may not read any more.

    `id` is the position; a heartbeat tells the position reached, so that a reader of rare events
    does not begin far back again. `still_allowed` is asked with every heartbeat, and heartbeats go
    by the clock, whatever else is sent.
    """

    async def piece(body: bytes) -> None:
        message: Message = {"type": "http.response.body", "body": body, "more_body": True}
        async with asyncio.timeout(SLOW_SECONDS):
            await send(message)

    clock = asyncio.get_running_loop().time
    gone = asyncio.ensure_future(_left(receive))
    position = told = follow.after
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await piece(b"retry: 1000\n: following\n\n")
        due = clock() + HEARTBEAT_SECONDS
        while not gone.done():
            page = await tailer.after(position, follow.wanted)
            position = page.reached
            if page.events:
                await piece(b"".join(map(frame, page.events)))
                told = page.events[-1].event.position
            if clock() >= due:
                if not await still_allowed():
                    break
                reached = f"id: {position}\n" if position > told else ""
                await piece(f": heartbeat\n{reached}\n".encode())
                told = position
                due = clock() + HEARTBEAT_SECONDS
            elif not page.events:
                news = asyncio.ensure_future(tailer.beyond(position, due - clock()))
                await asyncio.wait((news, gone), return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        pass  # too slow: its connection is given up, and it resumes by the last id it has read
    finally:
        gone.cancel()


def frame(recent: Recent) -> bytes:
    """Return an event as Server-Sent Events have it."""
    event, line = recent
    head = f"id: {event.position}\nevent: customer-groups.{event.form}\ndata: "
    return b"".join((head.encode(), line, b"\n\n"))


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
