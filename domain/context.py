"""Who is asking, in which request, and why: what every event says besides itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypedDict


class Actor(TypedDict):
    """Who caused an event: never a name or an e-mail, those are looked up when read."""

    type: Literal["user", "api_key", "system"]
    id: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a request adds to each of the events it causes.

    `request_id` is ours (a ULID); `correlation_id` the caller's own name of the request;
    `traceparent` as in W3C Trace Context; `reason` in the caller's words.
    """

    actor: Actor
    request_id: str
    correlation_id: str | None = None
    traceparent: str | None = None
    reason: str | None = None


context: ContextVar[Context] = ContextVar("context")  # no default: an anonymous fact is a bug

decided_at: ContextVar[datetime] = ContextVar("decided_at")
"""The time of the running decision (UTC), set by the store once it holds the write lock."""

CUSTOMER_DELETED = "customer deleted"

LONGEST_REASON = 500
"""Characters; what was published is held to it for ever."""


def caused_by(cause: str) -> str:
    """Return a cause of ours as the reason of an event, with the caller's own words behind it."""
    given = context.get().reason
    return cause if given is None else f"{cause}: {given}"[:LONGEST_REASON]


def is_erasure(reason: str | None) -> bool:
    """Whether an event with this reason took a deleted customer out of a group."""
    return reason is not None and reason.partition(": ")[0] == CUSTOMER_DELETED


@contextmanager
def because(cause: str) -> Iterator[None]:
    """Let events tell of a cause of ours."""
    token = context.set(replace(context.get(), reason=caused_by(cause)))
    try:
        yield
    finally:
        context.reset(token)
