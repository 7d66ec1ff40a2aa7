"""Clearing away what deleted customers left on disk: a thread of `serve`, nobody has to ask it."""

import threading
import time

from projections import erasure
from projections.sqlite import SQLiteStore
from projections.store import Store, StoreUnavailable

LOOK_SECONDS = 1.0

REST = 10
"""What took a second is not done again for ten."""

QUIET_SECONDS = 60.0
"""A large file is rewritten once nobody has written for so long."""

REWRITTEN_AGAIN_SECONDS = 24 * 60 * 60.0


class Sweeper:
    """Sweeps a database soon after each deletion of a customer, by whatever process that was."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopped = threading.Event()
        self._commits = 0
        self._quiet_since = time.monotonic()
        self._rewritten_at = -REWRITTEN_AGAIN_SECONDS

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="sweeper", daemon=True).start()

    def stop(self) -> None:
        """End soon; what is left undone is done after the next start."""
        self._stopped.set()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            began = time.monotonic()
            try:
                self._look()
            except (StoreUnavailable, OSError):  # it may come back
                self._store.close()
            pause = max(LOOK_SECONDS, REST * (time.monotonic() - began))
        self._store.close()

    def _look(self) -> None:
        if self._store.is_replica():
            return
        if erasure.is_wanted(self._store):
            erasure.sweep(self._store)
        elif isinstance(self._store, SQLiteStore) and self._is_quiet(self._store):
            now = time.monotonic()
            due = self._rewritten_at + REWRITTEN_AGAIN_SECONDS
            if now >= due and erasure.is_rewritable(self._store):
                self._rewritten_at = now
                erasure.rewrite(self._store)

    def _is_quiet(self, store: SQLiteStore) -> bool:
        """Whether no other connection has written for a while."""
        commits = store.commits()
        if commits != self._commits:
            self._commits = commits
            self._quiet_since = time.monotonic()
        return time.monotonic() - self._quiet_since >= QUIET_SECONDS
