"""What each request recorded, and what it was answered: for undo, repeats, whose an event is."""

from functools import singledispatch
from typing import Any

from domain.group import GroupEvent
from projections.batch import Batch
from projections.documents import microseconds
from projections.sql import Read, Write

VERSION = 2

SCHEMA = (
    """
    CREATE TABLE requests (
      request_id TEXT COLLATE "C" PRIMARY KEY,
      first_position BIGINT NOT NULL,
      last_position BIGINT NOT NULL,
      recorded_at BIGINT NOT NULL,
      actor TEXT COLLATE "C" NOT NULL
    )
    """,
)
"""`recorded_at` is microseconds since 1970, `actor` the id of whoever asked; the events of one
request are neighbours in the log."""

INDEXES = ("CREATE UNIQUE INDEX requests_by_position ON requests (first_position)",)

IDEMPOTENCY = (
    """
    CREATE TABLE idempotency (
      id TEXT COLLATE "C" PRIMARY KEY,
      fingerprint TEXT NOT NULL,
      answer BYTEA NOT NULL,
      kept_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX idempotency_by_age ON idempotency (kept_at)",
)
"""Not a read model: answers that are kept for a while. `kept_at` is seconds since 1970."""

KEPT_SECONDS = 24 * 60 * 60

SWEPT_AT_ONCE = 100


NOTE = """
INSERT INTO requests VALUES (:request, :first, :last, :at, :actor)
ON CONFLICT (request_id) DO UPDATE SET last_position = excluded.last_position
"""

KNOWN = """
SELECT r.request_id FROM each(:ids) CROSS JOIN requests r WHERE r.request_id = each.value
"""


@singledispatch
def apply(event: Any, position: int, batch: Batch) -> None:
    """Note that the request recorded the event at this position."""


@apply.register
def _(event: GroupEvent, position: int, batch: Batch) -> None:
    row = batch.requests.get(event.request_id)
    if row is None:
        at, actor = microseconds(event.timestamp), event.actor["id"]
        batch.requests[event.request_id] = [event.request_id, position, position, at, actor]
    else:
        row[2] = position


def save(batch: Batch, write: Write) -> None:
    """Write the requests that are new, and where those end now that recorded something before."""
    known = [*batch.requests]
    if len(known) > 1:
        known = [row[0] for row in write.read(KNOWN, ids=known)]
    columns = ("request", "first", "last", "at", "actor")
    rows = [batch.requests.pop(request) for request in known]
    write.many(NOTE, [dict(zip(columns, row, strict=True)) for row in rows])
    write.insert("requests", [*batch.requests.values()])


def positions(read: Read, request_id: str) -> tuple[int, int] | None:
    """Return the first and the last position that a request recorded."""
    rows = read(
        "SELECT first_position, last_position FROM requests WHERE request_id = :id", id=request_id
    )
    return (rows[0][0], rows[0][1]) if rows else None


def kept_answer(read: Read, id: str, now_seconds: int) -> tuple[str, bytes] | None:
    """Return the fingerprint and the answer of an idempotency key that is not older than 24 h."""
    rows = read(
        "SELECT fingerprint, answer FROM idempotency WHERE id = :id AND kept_at > :oldest",
        id=id,
        oldest=now_seconds - KEPT_SECONDS,
    )
    return (rows[0][0], bytes(rows[0][1])) if rows else None


def keep_answer(write: Write, id: str, fingerprint: str, answer: bytes, now_seconds: int) -> None:
    """Keep an answer for 24 h, and drop up to a hundred that are older."""
    write(
        "DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency"
        " WHERE kept_at <= :oldest ORDER BY kept_at LIMIT :limit)",
        oldest=now_seconds - KEPT_SECONDS,
        limit=SWEPT_AT_ONCE,
    )
    write(
        "INSERT INTO idempotency VALUES (:id, :fingerprint, :answer, :now)"
        " ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint,"
        " answer = excluded.answer, kept_at = excluded.kept_at",
        id=id,
        fingerprint=fingerprint,
        answer=answer,
        now=now_seconds,
    )
