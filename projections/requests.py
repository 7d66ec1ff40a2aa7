"""What each request recorded, and what it was answered: for undo, repeats, whose an event is."""

from functools import singledispatch
from typing import Any

from domain.group import GroupEvent
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
    "CREATE UNIQUE INDEX requests_by_position ON requests (first_position)",
)
"""`recorded_at` is microseconds since 1970, `actor` the id of whoever asked; the events of one
request are neighbours in the log."""

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


@singledispatch
def apply(event: Any, position: int, write: Write) -> None:
    """Note that the request recorded the event at this position."""


@apply.register
def _(event: GroupEvent, position: int, write: Write) -> None:
    write(
        "INSERT INTO requests VALUES (:request, :position, :position, :at, :actor)"
        " ON CONFLICT (request_id) DO UPDATE SET last_position = excluded.last_position",
        request=event.request_id,
        position=position,
        at=microseconds(event.timestamp),
        actor=event.actor["id"],
    )


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
