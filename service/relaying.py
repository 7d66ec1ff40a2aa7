"""Relaying: what the log has and the stream at the broker has not, for as long as it runs."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from projections import log
from projections.store import Store, StoreUnavailable, Watch
from service.backoff import backoff
from service.relay import STREAM, Broker, BrokerAway, Cursor, Fenced, Line, RelayStopped, connected

PAGE = 500
PAGE_BYTES = 1024 * 1024
"""How much is under way at once; what one page holds."""

WATCH_SECONDS = 0.5
REPORT_SECONDS = 5.0
LATE_SECONDS = 1.0
"""An event that has waited longer makes the relay say that it is behind."""

LONGEST_PAUSE_SECONDS = 5.0
LONGEST_STANDBY_SECONDS = 2.0

logger = logging.getLogger("customer_groups")
T = TypeVar("T")


class Log:
    """The log, read by a thread of its own."""

    def __init__(self, store: Store) -> None:
        self.id = ""
        self._store = store
        self._watch: Watch | None = None
        self._thread = ThreadPoolExecutor(1, "log")

    async def identify(self) -> None:
        """Read the log's id."""
        self.id = await self._run(lambda: log.log_id(self._store.read))

    async def after(self, position: int, limit: int = PAGE) -> list[Line]:
        """Return the next events, as many as may be under way at once."""
        return await self._run(lambda: self._after(position, limit))

    async def end(self) -> int:
        """Return the position of the newest event."""
        return await self._run(lambda: log.end(self._store.read))

    async def is_replica(self) -> bool:
        """Whether the database follows another one and may not have its newest events yet."""
        return await self._run(self._store.is_replica)

    async def wait(self) -> None:
        """Return when there may be something new."""
        await self._run(self._wait)

    def close(self) -> None:
        """Let go of the database."""
        self._thread.submit(self._forget)
        self._thread.shutdown()

    async def _run(self, call: Callable[[], T]) -> T:
        def run() -> T:
            try:
                return call()
            except StoreUnavailable:
                self._forget()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _after(self, position: int, limit: int) -> list[Line]:
        lines, size = [], 0
        events = log.after(self._store.read, position, limit=limit)
        if position == 0:
            self.id = log.log_id(self._store.read)  # an import brings it together with the events
        for event in events:
            time_of = datetime.fromisoformat(event.state[log.TIME].decode())
            body = log.published(event, self.id)
            lines.append(Line(event.position, event.topic, time_of, body))
            size += len(body)
            if size >= PAGE_BYTES:
                break
        return lines

    def _wait(self) -> None:
        if self._watch is None:
            self._watch = self._store.watch()  # what came before it is there to be read now
        else:
            self._watch.wait(WATCH_SECONDS)

    def _forget(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()
        self._store.close()


class Relay:
    """Publishes what the log has and the stream has not, for as long as it runs."""

    def __init__(self, store: Store, url: str) -> None:
        self.log = Log(store)
        self._url = url
        self._cursor: Cursor | None = None
        self._failures = 0
        self._state = ""
        self._next_report = 0.0

    async def run(self, *, once: bool = False) -> None:
        """Relay until cancelled or, with `once`, to the end of the log.

        Raises `RelayStopped`; with `once` also when NATS or the database cannot be reached.
        """
        while True:
            try:
                async with connected(self._url) as broker:
                    await self._relay(broker, once)
                return
            except (BrokerAway, StoreUnavailable) as error:
                trouble = str(error)
            if once:
                raise RelayStopped(trouble)
            if self._is_news(trouble):
                logger.warning("relay: %s; %s, trying again", trouble, await self._lag())
            self._failures += 1
            await asyncio.sleep(backoff(self._failures, longest=LONGEST_PAUSE_SECONDS))

    async def _relay(self, broker: Broker, once: bool) -> None:
        cursor = await self._resume(broker)
        logger.info(
            "relay: the log %s to the stream %s; %s", self.log.id, STREAM, await self._lag()
        )
        self._state = ""
        while True:
            lines = await self.log.after(cursor.position)
            if lines:
                await self._report(lines)
                try:
                    cursor = self._cursor = await broker.publish(self.log.id, lines, cursor)
                except Fenced:
                    cursor = await self._stand_by(broker, once)
                self._failures = 0
                continue
            self._failures = 0
            if self._is_news("caught up", repeat=False):
                logger.info("relay: caught up at position %d", cursor.position)
            if once:
                return
            broker.check()
            await self.log.wait()

    async def _resume(self, broker: Broker) -> Cursor:
        """Return where the stream stands. Raises `RelayStopped` for what this log never said."""
        await self.log.identify()
        last = await broker.last()
        cursor = Cursor(0, 0)
        if last is not None:
            name, _, position = last.message_id.rpartition(":")
            if name != self.log.id or not position.isdecimal():
                raise RelayStopped(
                    f"The stream {STREAM} holds {name or 'messages of a stranger'}, and this is the"
                    f" log {self.log.id}; a restored backup is another log. Remove the stream, or"
                    " use another NATS account, to publish this log from its beginning."
                )
            cursor = Cursor(last.sequence, int(position))
            found = await self.log.after(cursor.position - 1, 1)
            if [line.body for line in found] != [last.body] and (
                found or not await self.log.is_replica()
            ):
                raise RelayStopped(
                    f"The stream {STREAM} says something else than the log {self.log.id} of"
                    f" position {position}: is this database an older copy? Remove the stream to"
                    " publish this one from its beginning."
                )
        self._cursor = cursor
        return cursor

    async def _stand_by(self, broker: Broker, once: bool) -> Cursor:
        """Let another relay work until it stands still although there is something to publish."""
        if self._is_news("standing by", repeat=False):
            logger.info("relay: standing by, another relay publishes to the stream %s", STREAM)
        looks = 0
        cursor = await self._resume(broker)
        while True:
            end = await self.log.end()
            if once and cursor.position >= end:
                return cursor
            looks += 1
            await asyncio.sleep(backoff(looks, longest=LONGEST_STANDBY_SECONDS))
            before, cursor = cursor, await self._resume(broker)
            if cursor == before and end > cursor.position:
                if self._is_news("taking over", repeat=False):
                    logger.info("relay: goes on publishing; %s", await self._lag())
                return cursor

    async def _report(self, lines: Sequence[Line]) -> None:
        """Say how far behind it is when that is worth a line."""
        waited = (datetime.now(UTC) - lines[0].time).total_seconds()
        if waited > LATE_SECONDS and self._is_news("behind"):
            logger.info("relay: %s, the next event waits since %.1f s", await self._lag(), waited)

    async def _lag(self) -> str:
        """Return how far the stream is behind the log, as far as that is known."""
        if self._cursor is None:
            return "lag unknown"
        position, lag = self._cursor.position, "unknown"
        with suppress(StoreUnavailable):
            lag = f"{max(0, await self.log.end() - position)} positions"
        return f"at position {position}, lag {lag}"

    def _is_news(self, state: str, *, repeat: bool = True) -> bool:
        """Whether to log a state: when it is another one, and every few seconds."""
        now = time.monotonic()
        if state == self._state and not (repeat and now >= self._next_report):
            return False
        self._state, self._next_report = state, now + REPORT_SECONDS
        return True


async def relay(store: Store, url: str, *, once: bool = False) -> None:
    """Relay until SIGTERM or Ctrl-C or, with `once`, to the end of the log."""
    running = Relay(store, url)
    task = asyncio.ensure_future(running.run(once=once))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        logger.info("relay: ended")
    finally:
        running.log.close()
