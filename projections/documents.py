"""What is stored as bytes and answered as it is: JSON documents and the times in them."""

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime, timedelta

TIME_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND, MICROSECOND = timedelta(milliseconds=1), timedelta(microseconds=1)

RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)


def milliseconds(time: datetime) -> int:
    """Return the time as whole milliseconds since 1970, truncated."""
    return (time - TIME_ZERO) // MILLISECOND


def microseconds(time: datetime) -> int:
    """Return the time as microseconds since 1970."""
    return (time - TIME_ZERO) // MICROSECOND


def moment(time: datetime) -> str:
    """Return a time as `2026-11-22T04:28:36.211Z`, truncated."""
    return f"{time.astimezone(UTC).isoformat(timespec='milliseconds')[:23]}Z"


def shown(time_ms: int) -> str:
    """Return milliseconds since 1970 as `moment` does."""
    return moment(TIME_ZERO + time_ms * MILLISECOND)


def folded(text: str | None) -> str:
    """Return text as it is searched and sorted: case-folded, composed; nothing is empty text."""
    if not text:
        return ""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def time_shown(text: str) -> datetime:
    """Return the time that `shown` wrote."""
    return datetime.fromisoformat(text)


def instant(text: str) -> datetime | None:
    """Return the time of RFC 3339 text with its zone, exact to the microsecond, else None.

    The plus of the zone may have become a blank on its way.
    """
    mended = re.sub(r" (?=\d\d:\d\d$)", "+", text)
    if RFC_3339.fullmatch(mended):
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(mended.upper()).astimezone(UTC)
    return None
