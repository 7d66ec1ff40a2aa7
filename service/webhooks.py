"""Webhooks: who is sent which events, how far that has come, and what came of each attempt.

A secret is kept as it is, not as a hash, because every delivery is signed with it: whoever can read
the database can sign in our name. It is answered once, when it is made, and never logged.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ulid import ULID

from domain.context import decided_at
from projections import log
from projections.documents import moment, shown
from projections.log import Wanted
from projections.store import Store

SCHEMA = (
    """
    CREATE TABLE webhook (
      id TEXT PRIMARY KEY, url TEXT NOT NULL, types TEXT NOT NULL, group_id TEXT,
      secret TEXT NOT NULL, position BIGINT NOT NULL, state TEXT NOT NULL, reason TEXT,
      failures BIGINT NOT NULL, failing_since BIGINT, next_attempt_at BIGINT NOT NULL,
      last_attempt_at BIGINT, last_status BIGINT, last_error TEXT, attempts BIGINT NOT NULL,
      created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
      epoch BIGINT NOT NULL, lease TEXT, beat BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE webhook_delivery (
      webhook_id TEXT NOT NULL, number BIGINT NOT NULL, position BIGINT NOT NULL,
      attempt BIGINT NOT NULL, at BIGINT NOT NULL, status BIGINT, duration_ms BIGINT NOT NULL,
      error TEXT, PRIMARY KEY (webhook_id, number)
    )
    """,
)
"""`at` and `..._at` of deliveries are milliseconds since 1970; `types` words, split by blanks.

All up to `position` is accepted. `epoch` counts changes after which an attempt under way no longer
counts. `lease` is who delivers right now, and `beat` moves while that is alive.
"""

MIGRATIONS: Mapping[int, Sequence[str]] = {2: SCHEMA}
"""The statements that bring older tables to each version of the schema."""

DELIVERIES_KEPT = 1_000
"""How many of the newest attempts are kept of each webhook."""

SHOWN = (
    "id, url, types, group_id, position, state, reason, failures, failing_since, next_attempt_at,"
    " last_attempt_at, last_status, last_error, attempts, created_by, created_at, updated_at"
)

CHANGED = ("url", "types", "group_id")

SENT = (
    "id, url, types, group_id, secret, position, failures, failing_since, next_attempt_at, epoch,"
    " lease, beat"
)

INSERT = """
INSERT INTO webhook
VALUES (:id, :url, :types, :group_id, :secret, :position, 'active', NULL, 0, NULL, 0, NULL, NULL,
        NULL, 0, :by, :now, :now, 0, NULL, 0)
"""

AT_ONCE = "failures = 0, failing_since = NULL, next_attempt_at = 0"

CLAIM = """
UPDATE webhook SET lease = :lease, beat = beat + 1
WHERE id = :id AND state = 'active' AND epoch = :epoch AND beat = :beat
"""
"""Of two who have seen the same beat, one."""

SETTLE = """
UPDATE webhook
SET position = :position, failures = :failures, failing_since = :failing_since,
    next_attempt_at = :next_attempt_at, last_attempt_at = :at, last_status = :status,
    last_error = :error, beat = beat + 1,
    reason = CASE WHEN state = 'active' THEN CAST(:reason AS TEXT) ELSE reason END,
    state = CASE WHEN state = 'active' THEN CAST(:state AS TEXT) ELSE state END
WHERE id = :id AND lease = :lease AND epoch = :epoch
"""
"""A pause that came meanwhile stays."""

RELEASE = """
UPDATE webhook SET lease = NULL
WHERE id = :id AND lease = :lease
  AND (CAST(:keep AS BIGINT) = 0 OR state <> 'active' OR epoch <> :epoch)
"""

COUNT = "UPDATE webhook SET attempts = attempts + 1 WHERE id = :id"

NOTE = """
INSERT INTO webhook_delivery
SELECT id, attempts, :sent, :attempt, :at, CAST(:status AS BIGINT), :duration_ms,
       CAST(:error AS TEXT)
FROM webhook WHERE id = :id
"""

FORGET = """
DELETE FROM webhook_delivery
WHERE webhook_id = :id AND number <= (SELECT attempts FROM webhook WHERE id = :id) - :kept
"""


class Hook(NamedTuple):
    """An active webhook as its deliverer needs it; times are milliseconds since 1970."""

    id: str
    url: str
    wanted: Wanted
    secret: str
    position: int
    failures: int
    failing_since: int | None
    next_attempt_at: int
    epoch: int
    lease: str | None
    beat: int


class Attempt(NamedTuple):
    """One request that was sent, or could not be; `error` is None when it was accepted."""

    position: int
    number: int
    at: int
    duration_ms: int
    status: int | None
    error: str | None


class Standing(NamedTuple):
    """Where a webhook stands after an attempt."""

    position: int
    failures: int = 0
    failing_since: int | None = None
    next_attempt_at: int = 0
    state: str = "active"
    reason: str | None = None


class BeyondEnd(Exception):
    """The log is shorter than the position to go on from."""

    def __init__(self, position: int, end: int) -> None:
        super().__init__(f"Position {position} is beyond the end of this log, {end}")


class Webhooks:
    """The webhooks of one database."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # -- for admins --------------------------------------------------------------------------

    def create(
        self,
        url: str,
        created_by: str,
        *,
        types: Sequence[str] | None = None,
        group_id: str | None = None,
        after: int | None = None,
    ) -> tuple[dict[str, Any], str]:
        """Make a webhook; return it as the API shows it, and its secret, which is shown once.

        It begins after a position, or at the end of the log. Raises `BeyondEnd`.
        """
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        with self.store.deciding():
            webhook_id = f"wh_{ULID.from_datetime(decided_at.get())}"
            self.store.write(
                INSERT,
                id=webhook_id,
                url=url,
                types=" ".join(types or ()),
                group_id=group_id,
                secret=secret,
                position=self._within(after),
                by=created_by,
                now=moment(decided_at.get()),
            )
        return self.one(webhook_id) or {}, secret

    def one(self, webhook_id: str) -> dict[str, Any] | None:
        """Return a webhook as the API shows it."""
        rows = self.store.read(f"SELECT {SHOWN} FROM webhook WHERE id = :id", id=webhook_id)
        return _webhook(rows[0]) if rows else None

    def page(self, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Return a page of all webhooks, oldest first, and how many there are."""
        with self.store.reading():
            rows = self.store.read(
                f"SELECT {SHOWN} FROM webhook ORDER BY id LIMIT :limit OFFSET :offset",
                limit=limit,
                offset=offset,
            )
            count = self.store.read("SELECT count(*) FROM webhook")
        return [_webhook(row) for row in rows], count[0][0]

    def change(self, webhook_id: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Change `url`, `types` and `group_id` as far as they are given. None for an unknown one.

        What is on its way goes where it was sent, and counts only for what it was sent by.
        """
        values = dict(given)
        if "types" in values:
            values["types"] = " ".join(values["types"] or ())
        assignments = [f"{name} = :{name}" for name in CHANGED if name in given]
        if not assignments:
            return self.one(webhook_id)
        return self._update(
            webhook_id, f"{', '.join(assignments)}, {AT_ONCE}, epoch = epoch + 1", **values
        )

    def pause(self, webhook_id: str) -> dict[str, Any] | None:
        """Send nothing more; the position stays. None for an unknown one."""
        return self._update(
            webhook_id,
            "reason = CASE WHEN state = 'paused' THEN reason ELSE 'paused by request' END,"
            " state = 'paused'",
        )

    def resume(self, webhook_id: str) -> dict[str, Any] | None:
        """Go on from the position, at once. None for an unknown one."""
        return self._update(webhook_id, f"state = 'active', reason = NULL, {AT_ONCE}")

    def resend(self, webhook_id: str, after: int) -> dict[str, Any] | None:
        """Go on from another position, at once unless paused. None for an unknown one.

        Raises `BeyondEnd`.
        """
        with self.store.deciding():
            self._within(after)
            return self._update(
                webhook_id, f"position = :after, {AT_ONCE}, epoch = epoch + 1", after=after
            )

    def remove(self, webhook_id: str) -> bool:
        """Forget a webhook and its deliveries; return whether there was one."""
        with self.store.deciding():
            found = self.store.write("DELETE FROM webhook WHERE id = :id", id=webhook_id)
            self.store.write("DELETE FROM webhook_delivery WHERE webhook_id = :id", id=webhook_id)
        return bool(found)

    def deliveries(
        self, webhook_id: str, limit: int, offset: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Return a page of the attempts that are kept, newest first, and how many they are."""
        with self.store.reading():
            rows = self.store.read(
                "SELECT number, position, attempt, at, status, duration_ms, error"
                " FROM webhook_delivery WHERE webhook_id = :id"
                " ORDER BY number DESC LIMIT :limit OFFSET :offset",
                id=webhook_id,
                limit=limit,
                offset=offset,
            )
            count = self.store.read(
                "SELECT count(*) FROM webhook_delivery WHERE webhook_id = :id", id=webhook_id
            )
        return [_delivery(row) for row in rows], count[0][0]

    def _within(self, after: int | None) -> int:
        end = log.end(self.store.read)
        if after is not None and after > end:
            raise BeyondEnd(after, end)
        return end if after is None else after

    def _update(self, webhook_id: str, assignments: str, **values: Any) -> dict[str, Any] | None:
        with self.store.deciding():
            self.store.write(
                f"UPDATE webhook SET {assignments}, updated_at = :now WHERE id = :id",
                id=webhook_id,
                now=moment(decided_at.get()),
                **values,
            )
            return self.one(webhook_id)

    # -- for deliverers: in `store.filling()`, so that no command waits for them -------------------

    def active(self) -> list[Hook]:
        """Return all webhooks that are not paused."""
        rows = self.store.read(f"SELECT {SENT} FROM webhook WHERE state = 'active' ORDER BY id")
        return [
            Hook(id, url, Wanted(tuple(types.split()), group_id), *rest)
            for id, url, types, group_id, *rest in rows
        ]

    def claim(self, hook: Hook, lease: str) -> bool:
        """Take a webhook that nobody else holds or only the dead; return whether that went well."""
        parameters = {"id": hook.id, "epoch": hook.epoch, "beat": hook.beat, "lease": lease}
        return bool(self.store.execute(CLAIM, parameters))

    def renew(self, hook: Hook, lease: str) -> None:
        """Show that the lease is held by somebody alive."""
        statement = "UPDATE webhook SET beat = beat + 1 WHERE id = :id AND lease = :lease"
        self.store.execute(statement, {"id": hook.id, "lease": lease})

    def settle(
        self, hook: Hook, lease: str, attempt: Attempt, standing: Standing, *, keep: bool
    ) -> bool:
        """Write down an attempt and what follows from it; return whether the lease is kept.

        `keep` asks for it. What was changed since the attempt began (epoch) wins over the attempt.
        """
        execute = self.store.execute
        outcome = {"at": attempt.at, "status": attempt.status, "error": attempt.error}
        held = {"id": hook.id, "lease": lease, "epoch": hook.epoch}
        execute(SETTLE, outcome | held | standing._asdict())
        execute(RELEASE, held | {"keep": int(keep)})
        execute(COUNT, {"id": hook.id})
        more = {
            "id": hook.id,
            "sent": attempt.position,
            "attempt": attempt.number,
            "duration_ms": attempt.duration_ms,
        }
        execute(NOTE, outcome | more)
        execute(FORGET, {"id": hook.id, "kept": DELIVERIES_KEPT})
        statement = "SELECT 1 FROM webhook WHERE id = :id AND lease = :lease"
        return bool(self.store.read(statement, id=hook.id, lease=lease))


def _moment(time_ms: int | None) -> str | None:
    return None if time_ms is None else shown(time_ms)


def _webhook(row: tuple[Any, ...]) -> dict[str, Any]:
    names = [name.strip() for name in SHOWN.split(",")]
    webhook = dict(zip(names, row, strict=True)) | {"secret": ""}
    webhook["types"] = webhook["types"].split()
    webhook["next_attempt_at"] = webhook["next_attempt_at"] or None
    for name in ("failing_since", "next_attempt_at", "last_attempt_at"):
        webhook[name] = _moment(webhook[name])
    return webhook


def _delivery(row: tuple[Any, ...]) -> dict[str, Any]:
    number, position, attempt, at, status, duration_ms, error = row
    return {
        "number": number,
        "position": position,
        "attempt": attempt,
        "at": shown(at),
        "status": status,
        "duration_ms": duration_ms,
        "error": error,
    }
