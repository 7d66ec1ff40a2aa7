"""Following a service's log from a machine without its database: long polls, a command an event.

At least once and in order: the position is kept after an event was handled, never before.
"""

import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.backoff import backoff
from service.feed import Away, Feed, FollowStopped, Page, Place

LONGEST_PAUSE_SECONDS = 15.0
"""Between two attempts to reach the service, and between two of a command that failed."""

logger = logging.getLogger("customer_groups")


class Ended(BaseException):
    """A signal has asked for the end."""


class PositionFile:
    """Where a follower keeps its place; one follower at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock: int | None = None

    def is_free(self, *, wait: bool) -> bool:
        """Take the file for this process and its commands; `wait` until nobody has it.

        A command that a killed follower left behind still has it, so no two ever run at once.
        """
        with self._explained():
            if self.lock is None:
                beside = self.path.with_name(self.path.name + ".lock")
                self.lock = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                return False
        return True

    def release(self) -> None:
        """Let somebody else have it."""
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def read(self) -> Place | None:
        """Return the place, None when there is no file yet."""
        with self._explained():
            if not self.path.exists():
                return None
            content = self.path.read_bytes()
        try:
            kept = json.loads(content)
            return Place(str(kept["log"]), int(kept["position"]))
        except (ValueError, LookupError, TypeError):
            raise FollowStopped(f"{self.path} does not hold a position and the log's id.") from None

    def write(self, place: Place) -> None:
        """Replace the file at once: whatever happens, it has the place before or this one."""
        beside = self.path.with_name(self.path.name + ".new")
        with self._explained():
            with beside.open("w") as file:
                file.write(json.dumps(place._asdict()) + "\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BlockingIOError:
            raise
        except OSError as problem:
            raise FollowStopped(f"{self.path} cannot be used: {problem.strerror}.") from None


class Follower:
    """Gives each event to a command until it succeeds, or prints it; ends on SIGTERM."""

    def __init__(
        self, feed: Feed, after: int, *, file: PositionFile | None, command: str | None
    ) -> None:
        self._feed = feed
        self._place = Place(None, after)
        self._file = file
        self._command = command
        self._ended = False
        self._may_break_off = False

    def run(self) -> None:
        """Follow until a signal; what was begun with an event is ended first."""
        signals = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, self._end) for number in signals]
        try:
            if self._file is not None:
                self._resume(self._file)
            while True:
                self._handle(self._next_page())
        except Ended:
            logger.info("follow: ended")
        finally:
            for number, handler in zip(signals, before, strict=True):
                signal.signal(number, handler)
            if self._file is not None:
                self._file.release()
            self._feed.close()

    def _resume(self, file: PositionFile) -> None:
        if not file.is_free(wait=False):
            logger.warning(
                "follow: waits for another follower with %s, or the command it left", file.path
            )
            with self._breaking_off():
                file.is_free(wait=True)
        self._place = file.read() or self._place

    def _next_page(self) -> Page:
        failures = 0
        while True:
            try:
                with self._breaking_off():
                    page = self._feed.page(self._place)
            except Away as problem:
                failures += 1
                if failures == 2:  # a connection that was idle for long is no news
                    logger.warning("follow: the service is away, %s", problem)
                self._pause(failures, problem.retry_after)
            else:
                if failures > 1:
                    logger.info("follow: the service is back")
                return page

    def _handle(self, page: Page) -> None:
        if self._command is None:
            sys.stdout.buffer.writelines(line + b"\n" for _, line in page.events)
            sys.stdout.buffer.flush()
        else:
            for position, line in page.events:
                self._execute(self._command, position, line)
                self._keep(Place(page.reached.log, position))
        self._keep(page.reached)

    def _execute(self, command: str, position: int, line: bytes) -> None:
        """Run the command with an event on its standard input, until it succeeds."""
        held = () if self._file is None or self._file.lock is None else (self._file.lock,)
        failures = 0
        while True:
            shell = ["/bin/sh", "-c", command]
            done = subprocess.run(shell, input=line + b"\n", pass_fds=held, check=False)  # noqa: S603  # the operator's own
            if done.returncode == 0:
                return
            failures += 1
            logger.warning(
                "follow: the command ended with %s at position %s; it is tried again",
                done.returncode,
                position,
            )
            self._pause(failures)

    def _keep(self, place: Place) -> None:
        if place != self._place:
            if self._file is not None:
                self._file.write(place)
            self._place = place
        if self._ended:
            raise Ended

    def _pause(self, failures: int, at_least: float = 0.0) -> None:
        """Wait, twice as long each time from 0.2 s to 15 s; no two for the same time."""
        with self._breaking_off():
            time.sleep(max(at_least, backoff(failures, longest=LONGEST_PAUSE_SECONDS)))

    @contextmanager
    def _breaking_off(self) -> Iterator[None]:
        """A time in which a signal ends everything at once."""
        self._may_break_off = True
        try:
            if self._ended:
                raise Ended
            yield
        finally:
            self._may_break_off = False

    def _end(self, *_: object) -> None:
        self._ended = True
        if self._may_break_off:
            raise Ended
