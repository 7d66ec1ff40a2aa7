"""Who is asking, in which request, and why: what every event says besides itself."""

from contextvars import ContextVar
from dataclasses import dataclass
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
