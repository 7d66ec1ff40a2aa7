"""Sending webhooks: in order to each endpoint, again until accepted, none waiting for another.

One thread looks, decides and writes; each request on its way has a thread of its own. Who delivers
to an endpoint holds its lease, so that several deliverers may run: a lease whose holder has stopped
moving it is free again. Sent at least once, under the same `webhook-id`; nothing is passed over.
"""

import logging
import queue
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import SystemRandom
from typing import NamedTuple
from urllib.parse import urlsplit

from standardwebhooks import Webhook
from ulid import ULID

from projections import log
from projections.log import LoggedEvent
from projections.store import Store, StoreUnavailable
from service import outgoing
from service.outgoing import Answered
from service.retries import Schedule
from service.webhooks import Attempt, Hook, Standing, Webhooks

logger = logging.getLogger("customer_groups")

MOST_AT_ONCE = 64
"""How many endpoints are sent to at the same time."""

TURN = 50
"""After so many deliveries an endpoint lets those go first that found no place."""

PAGE = 20
"""How many events are read ahead for an endpoint; one may have 256 KiB."""

LOOK_SECONDS = 1.0
CLOUD_EVENT = "application/cloudevents+json; charset=utf-8"

chance = SystemRandom().random


SCHEDULE = Schedule()


@dataclass(eq=False)
class Held:
    """An endpoint whose lease is ours, with the events that it is sent next."""

    hook: Hook
    lease: str
    events: Sequence[LoggedEvent]
    renewed: float
    turn: int = 0


class Result(NamedTuple):
    """What came of sending the first of the events."""

    held: Held
    at: int
    answered: Answered


class Deliverer:
    """Delivers until `stop`. `allow_private` lets it send to addresses that are not public."""

    def __init__(
        self, store: Store, *, allow_private: bool = False, schedule: Schedule = SCHEDULE
    ) -> None:
        self.store = store
        self.webhooks = Webhooks(store)
        self.schedule = schedule
        self._allow_private = allow_private
        self._log = ""
        self._held: dict[str, Held] = {}
        self._results: list[Result] = []
        self._news: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._leases: dict[str, tuple[str | None, int, float]] = {}
        self._reached: dict[str, tuple[int, int]] = {}
        self._served: dict[str, float] = {}
        self._crowded = False
        self._next_ms = 0

    def run(self) -> None:
        """Deliver until `stop`; goes on by itself when the database was away."""
        watching = threading.Thread(target=self._watch, name="watch", daemon=True)
        watching.start()
        tick = min(LOOK_SECONDS, self.schedule.lease_seconds / 8)
        is_away = False
        while not self._stopped.is_set():
            try:
                self._settle()
                self._renew()
                self._begin()
                is_away = False
            except StoreUnavailable as error:
                if not is_away:
                    logger.warning("the database is away: %s", error)
                is_away = True
                self.store.close()
                self._stopped.wait(LOOK_SECONDS / 4)
            self._collect(min(tick, max(0.0, self._next_ms / 1000 - time.time())))
        self._finish()
        watching.join(2 * LOOK_SECONDS)

    def stop(self) -> None:
        """End soon: what is on its way has a moment to arrive, what has not goes again later."""
        self._stopped.set()
        self._news.put(None)

    # -- what the one thread does ------------------------------------------------------------

    def _begin(self) -> None:
        """Take the leases of endpoints that have something to be sent, and send the first of it."""
        now = _now()
        self._next_ms = now + int(LOOK_SECONDS * 1000)
        self._crowded = False
        hooks = self.webhooks.active()
        self._forget({hook.id for hook in hooks})
        end = log.end(self.store.read)
        began = time.monotonic()
        found: list[Held] = []
        for hook in sorted(hooks, key=lambda hook: self._served.get(hook.id, 0.0)):
            if hook.id in self._held or not self._is_free(hook):
                continue
            if hook.next_attempt_at > now:
                self._next_ms = min(self._next_ms, hook.next_attempt_at)
                continue
            events = self._after(hook, hook.position, end)
            if events and len(self._held) + len(found) >= MOST_AT_ONCE:
                self._crowded = True
                break
            if events:
                found.append(Held(hook, str(ULID()), events, began))
        if not found:
            return
        self._log = log.log_id(self.store.read)  # now that there are events: an import brings both
        found.sort(key=lambda held: held.hook.id)  # two deliverers lock the rows in one order
        with self.store.filling():
            claimed = [held for held in found if self.webhooks.claim(held.hook, held.lease)]
        for held in claimed:
            self._held[held.hook.id] = held
            self._send(held)

    def _settle(self) -> None:
        """Write down what came back, all in one transaction, and send what comes next."""
        if not self._results:
            return
        began = time.monotonic()
        results = sorted(self._results, key=lambda result: result.held.hook.id)
        end = log.end(self.store.read)
        settled: list[tuple[Result, Standing, Sequence[LoggedEvent]]] = []
        for result in results:
            held, answered = result.held, result.answered
            sent = held.events[0].position
            standing = self.schedule.standing(held.hook, sent, answered, _now(), chance())
            rests = self._stopped.is_set() or (self._crowded and held.turn >= TURN)
            follow: Sequence[LoggedEvent] = ()
            if answered.error is None and not rests:
                follow = held.events[1:] or self._after(held.hook, sent, end)
            settled.append((result, standing, follow))
        with self.store.filling():
            kept = [
                self.webhooks.settle(
                    result.held.hook,
                    result.held.lease,
                    _attempt(result),
                    standing,
                    keep=bool(follow),
                )
                for result, standing, follow in settled
            ]
        self._results.clear()
        for (result, standing, follow), is_kept in zip(settled, kept, strict=True):
            held = result.held
            _tell(result, standing)
            self._served[held.hook.id] = time.monotonic()
            if not is_kept:
                self._held.pop(held.hook.id, None)
                continue
            held.events = follow
            held.hook = held.hook._replace(
                position=standing.position, failures=0, failing_since=None
            )
            held.renewed = began
            held.turn += 1
            self._send(held)

    def _renew(self) -> None:
        due = time.monotonic() - self.schedule.lease_seconds / 4
        held = [each for each in self._held.values() if each.renewed < due]
        if held:
            began = time.monotonic()
            with self.store.filling():
                for each in sorted(held, key=lambda each: each.hook.id):
                    self.webhooks.renew(each.hook, each.lease)
            for each in held:
                each.renewed = began

    def _send(self, held: Held) -> None:
        if time.monotonic() - held.renewed > self.schedule.lease_seconds / 2:
            self._held.pop(held.hook.id, None)  # held up so long that others may hold it by now
            return
        name = f"to {held.hook.id}"
        threading.Thread(target=self._post, args=(held,), name=name, daemon=True).start()

    def _after(self, hook: Hook, position: int, end: int) -> Sequence[LoggedEvent]:
        """Return events to send, without reading again what is known to hold none."""
        epoch, reached = self._reached.get(hook.id, (hook.epoch, 0))
        start = max(position, reached) if epoch == hook.epoch else position
        if start >= end:
            return ()
        events = log.after(self.store.read, start, limit=PAGE, wanted=hook.wanted)
        if not events:
            self._reached[hook.id] = (hook.epoch, end)
        return events

    def _is_free(self, hook: Hook) -> bool:
        """Whether nobody holds the lease, or its holder has not moved it for its whole time."""
        if hook.lease is None:
            return True
        lease, beat, seen = self._leases.get(hook.id, (None, 0, 0.0))
        if (lease, beat) != (hook.lease, hook.beat):
            self._leases[hook.id] = (hook.lease, hook.beat, time.monotonic())
            return False
        return time.monotonic() - seen > self.schedule.lease_seconds

    def _forget(self, alive: set[str]) -> None:
        for gone in (self._leases.keys() | self._reached.keys() | self._served.keys()) - alive:
            self._leases.pop(gone, None)
            self._reached.pop(gone, None)
            self._served.pop(gone, None)

    def _collect(self, seconds: float) -> None:
        """Wait for an answer, a commit or the time; take in all that is there."""
        with suppress(queue.Empty):
            news = self._news.get(timeout=seconds) if seconds else self._news.get_nowait()
            while True:
                if news is not None:
                    self._results.append(news)
                news = self._news.get_nowait()

    def _finish(self) -> None:
        """Let what is on its way arrive; a lease that is not given back runs out by itself."""
        deadline = time.monotonic() + self.schedule.stop_seconds
        with suppress(StoreUnavailable):
            self._settle()
            while self._held and time.monotonic() < deadline:
                self._collect(0.1)
                self._settle()

    # -- what the other threads do -----------------------------------------------------------

    def _post(self, held: Held) -> None:
        at, answered = _now(), Answered(None, "the deliverer failed", 0)
        try:
            hook, event = held.hook, held.events[0]
            line = log.published(event, self._log)
            answered = outgoing.post(
                hook.url,
                line,
                signed(hook.secret, f"{self._log}:{event.position}", line),
                allow_private=self._allow_private,
                step_seconds=self.schedule.step_seconds,
                total_seconds=self.schedule.total_seconds,
            )
        finally:
            self._news.put(Result(held, at, answered))

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                with closing(self.store.watch()) as watch:
                    while not self._stopped.is_set():
                        watch.wait(LOOK_SECONDS)
                        self._news.put(None)
            except StoreUnavailable:
                self._stopped.wait(LOOK_SECONDS / 4)
            finally:
                self.store.close()


def signed(secret: str, webhook_id: str, line: bytes) -> dict[str, str]:
    """Return the headers of a delivery, as Standard Webhooks has them."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        "Content-Type": CLOUD_EVENT,
        "User-Agent": "customer-groups",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, now, line.decode()),
    }


def _now() -> int:
    return int(time.time() * 1000)


def _attempt(result: Result) -> Attempt:
    held, at, answered = result
    return Attempt(
        held.events[0].position,
        held.hook.failures + 1,
        at,
        answered.duration_ms,
        answered.status,
        answered.error,
    )


def _tell(result: Result, standing: Standing) -> None:
    """Log what went wrong; of the address the host only, a path may be a secret."""
    held, _, answered = result
    if answered.error is None:
        return
    logger.warning(
        "webhook %s to %s: position %s was not accepted, attempt %s: %s%s",
        held.hook.id,
        urlsplit(held.hook.url).hostname,
        held.events[0].position,
        held.hook.failures + 1,
        answered.error,
        f"; paused, {standing.reason}" if standing.state == "paused" else "",
    )
