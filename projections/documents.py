"""What is stored as bytes and answered as it is: JSON documents and the times in them."""

import unicodedata
from datetime import UTC, datetime, timedelta

TIME_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(time: datetime) -> int:
    """Return the time as whole milliseconds since 1970, truncated."""
    return (time - TIME_ZERO) // timedelta(milliseconds=1)


def microseconds(time: datetime) -> int:
    """Return the time as microseconds since 1970."""
    return (time - TIME_ZERO) // timedelta(microseconds=1)


def shown(time_ms: int) -> str:
    """Return milliseconds since 1970 as `2026-11-22T04:28:36.211Z`."""
    seconds, ms = divmod(time_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03}Z"


def folded(text: str | None) -> str:
    """Return text as it is searched and sorted: case-folded, composed; nothing is empty text."""
    if not text:
        return ""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def time_shown(text: str) -> datetime:
    """Return the time that `shown` wrote."""
    return datetime.fromisoformat(text)
