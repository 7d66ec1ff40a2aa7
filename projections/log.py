"""The log as others see it: the published form of an event, and pages of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from projections.documents import instant
from projections.sql import Read

SCHEMA = (
    """
    CREATE TABLE stored_events (
      notification_id SERIAL8 PRIMARY KEY,
      originator_id TEXT COLLATE "C" NOT NULL,
      originator_version BIGINT NOT NULL,
      topic TEXT NOT NULL,
      state BYTEA NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX stored_events_by_group"
    " ON stored_events (originator_id, originator_version)",
    "CREATE TABLE property (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
"""`notification_id` is the position; `property` holds the log's id and the schema's versions."""

FEED_INDEXES = (
    "CREATE INDEX stored_events_of_group ON stored_events (originator_id, notification_id)",
    "CREATE INDEX stored_events_of_topic ON stored_events (topic, notification_id)",
)
"""By which a filtered page of the log finds its events without reading the others."""

TIME = slice(14, 41)
REST = slice(43, None)
"""Where `domain.transcoding` puts the time, and what comes after it."""

CLASS_VERSION = b'"class_version":'
VERSIONED = re.compile(CLASS_VERSION + rb"([2-9]|[1-9]\d{1,3}),")
"""What the rest begins with where the event was written as version 2 or later, and only so: what
is stored and what is published say the same, byte for byte."""

EVENT = "notification_id, originator_id, originator_version, topic, state"

OF_GROUP = f"""
SELECT {EVENT} FROM stored_events
WHERE originator_id = :id AND originator_version > :after AND originator_version < :before
ORDER BY originator_version DESC LIMIT :limit
"""

END = "SELECT max(notification_id) FROM stored_events"

NEWEST_TIME = (
    f"SELECT substr(state, {TIME.start + 1}, {TIME.stop - TIME.start}) FROM stored_events"
    " ORDER BY notification_id DESC LIMIT 1"
)

AT_OR_AFTER = (
    f"SELECT notification_id, substr(state, {TIME.start + 1}, {TIME.stop - TIME.start})"
    " FROM stored_events WHERE notification_id >= :position ORDER BY notification_id LIMIT 1"
)

COUNT = (
    "SELECT count(*) FROM stored_events"
    " WHERE notification_id > :after AND notification_id <= :until"
)

AFTER = f"SELECT {EVENT} FROM stored_events e WHERE "

OF_CUSTOMER = """
SELECT m.since_position FROM membership m
WHERE m.customer_id = :customer AND m.until_position IS NULL AND m.since_position > :after
UNION SELECT m.since_position FROM membership m
WHERE m.customer_id = :customer AND m.until_position IS NOT NULL AND m.since_position > :after
UNION SELECT m.until_position FROM membership m
WHERE m.customer_id = :customer AND m.until_position IS NOT NULL AND m.until_position > :after
"""
"""Whoever joined and left is in the intervals; that finds a customer's events, few as they are."""

NO_BOUND = 2**62

LONGEST_NUMBER = 19

POINT = (
    "a position such as 4711, or a time with its zone such as 2026-11-22T04:28:36.211Z (RFC 3339)"
)
"""What `point` accepts."""


class NotYet(Exception):
    """The log has not come to this position or time yet; the message says what is accepted."""


class LoggedEvent(NamedTuple):
    """An event as it is stored; `state` is JSON that begins with its time."""

    position: int
    group_id: str
    version: int
    topic: str
    state: bytes

    @property
    def form(self) -> str:
        """What is published: the event and the version it was written as, `Renamed.v1`."""
        return f"{self.topic}.v{self.written[0]}"

    @property
    def written(self) -> tuple[int, slice]:
        """The version of the event as it was written, and where the published fields begin."""
        if not self.state.startswith(CLASS_VERSION, REST.start):  # as nearly all
            return 1, REST
        versioned = VERSIONED.match(self.state, REST.start)
        return (int(versioned[1]), slice(versioned.end(), None)) if versioned else (1, REST)


@dataclass(frozen=True)
class Wanted:
    """Which events a consumer wants; what is empty or None lets everything pass."""

    types: tuple[str, ...] = ()
    group_id: str | None = None
    customer_id: str | None = None

    def has(self, event: LoggedEvent) -> bool:
        """Whether the consumer wants this event."""
        return (
            (not self.types or event.topic in self.types)
            and self.group_id in (None, event.group_id)
            and (self.customer_id is None or self.customer_id in customers_of(event))
        )


EVERYTHING = Wanted()


def customers_of(event: LoggedEvent) -> Sequence[str]:
    """Return the customers that an event names."""
    if event.topic not in ("CustomersAdded", "CustomersRemoved"):
        return ()
    ids: list[str] = orjson.loads(event.state)["customer_ids"]
    return ids


def log_id(read: Read) -> str:
    """Return the id of this log: another one after a restore from a backup."""
    value: str = read("SELECT value FROM property WHERE name = 'log_id'")[0][0]
    return value


def end(read: Read) -> int:
    """Return the position of the newest event, 0 for an empty log."""
    return read(END)[0][0] or 0


def newest_time(read: Read) -> datetime | None:
    """Return the time of the newest event, None for an empty log."""
    rows = read(NEWEST_TIME)
    return datetime.fromisoformat(bytes(rows[0][0]).decode()) if rows else None


def of_group(
    read: Read, group_id: str, *, limit: int, after: int = 0, before: int | None = None
) -> list[LoggedEvent]:
    """Return events of a group with `after` < version < `before`, newest first, at most `limit`."""
    rows = read(
        OF_GROUP,
        id=group_id,
        after=after,
        before=NO_BOUND if before is None else before,
        limit=limit,
    )
    return [LoggedEvent(*row) for row in rows]


def count(read: Read, *, after: int = 0, until: int = NO_BOUND, group_id: str | None = None) -> int:
    """Return how many events there are with `after` < position <= `until`, of a group or of all."""
    statement = COUNT if group_id is None else f"{COUNT} AND originator_id = :group"
    of_group = {} if group_id is None else {"group": group_id}
    return int(read(statement, after=after, until=until, **of_group)[0][0])


def after(
    read: Read, position: int, *, limit: int, wanted: Wanted = EVERYTHING
) -> list[LoggedEvent]:
    """Return the wanted events after a position, oldest first, at most `limit`.

    Costs what it returns: of a customer or group O(log n + its events), of topics O(limit).
    """
    parameters: dict[str, Any] = {"after": position, "limit": limit}
    conditions = ["e.notification_id > :after"]
    if wanted.customer_id is not None:
        conditions.append(f"e.notification_id IN ({OF_CUSTOMER})")
        parameters["customer"] = wanted.customer_id
    if wanted.group_id is not None:
        conditions.append("e.originator_id = :group")
        parameters["group"] = wanted.group_id
    if wanted.types:
        of_types = " OR ".join(f"e.topic = :type{n}" for n in range(len(wanted.types)))
        conditions.append(f"({of_types})")
        parameters |= {f"type{n}": topic for n, topic in enumerate(wanted.types)}
        if wanted.customer_id is None and wanted.group_id is None:
            return _of_types(read, parameters, len(wanted.types))
    statement = f"{AFTER}{' AND '.join(conditions)} ORDER BY e.notification_id LIMIT :limit"
    return [LoggedEvent(*row) for row in read(statement, **parameters)]


def _of_types(read: Read, parameters: dict[str, Any], count: int) -> list[LoggedEvent]:
    """Merge one walk through the index for each type: a rare one is found at once."""
    walks = " UNION ALL ".join(
        f"SELECT * FROM (SELECT {EVENT} FROM stored_events WHERE topic = :type{n}"
        f" AND notification_id > :after ORDER BY notification_id LIMIT :limit) of_type{n}"
        for n in range(count)
    )
    rows = read(f"{walks} ORDER BY notification_id LIMIT :limit", **parameters)
    return [LoggedEvent(*row) for row in rows]


def before(read: Read, instant: datetime) -> int:
    """Return the last position whose time is earlier than `instant`, 0 if there is none.

    Time never runs against position, so a search by halves finds it: O(log n).
    """
    wanted = instant.astimezone(UTC)
    low, high = 0, end(read)  # the answer is in low..high
    while low < high:
        middle = (low + high + 1) // 2
        position, time = read(AT_OR_AFTER, position=middle)[0]
        if datetime.fromisoformat(bytes(time).decode()) < wanted:
            low = position
        else:
            high = middle - 1
    return low


def as_of(read: Read, when: str | int | datetime) -> int:
    """Return the position that a moment stands for: itself, or the last whose time is not later.

    Text is a position where it has digits only, else a time as `documents.instant` reads it.
    Raises `ValueError` for other text, `NotYet` beyond the end of the log and in the future.
    """
    if isinstance(when, str):
        when = point(when)
    if isinstance(when, int):
        last = end(read)
        if when > last:
            raise NotYet(f"a position up to {last}, where this log ends")
        return when
    newest = newest_time(read)
    if when > max(datetime.now(UTC), newest or when.min.replace(tzinfo=UTC)):
        raise NotYet("a time that is not in the future")
    return before(read, when + timedelta(microseconds=1))


def point(text: str) -> int | datetime:
    """Return the position (digits only) or the time that text stands for. Raises `ValueError`."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < LONGEST_NUMBER else NO_BOUND
    time = instant(text)
    if time is None:
        raise ValueError(POINT)
    return time


def published(event: LoggedEvent, log: str) -> bytes:
    """Return the published form: a CloudEvents 1.0 line, spliced around the stored bytes.

    Whatever was published once stays so, byte for byte, for ever: an event that was written as
    version 1 is published as `.v1` and never upcast.
    """
    position, group_id, version, topic, state = event
    number, rest = event.written
    form, time = f"{topic}.v{number}", state[TIME].decode()
    head = (
        f'{{"specversion":"1.0","id":"{group_id}:{version}","source":"/customer-groups/{log}",'
        f'"type":"customer-groups.{form}","subject":"{group_id}","time":"{time}",'
        f'"datacontenttype":"application/json","dataschema":"/events/schemas/{form}.json",'
        f'"sequence":"{position:020}","data":{{"position":{position},"group_id":"{group_id}",'
        f'"version":{version},'
    )
    return b"".join((head.encode(), state[rest], b"}"))


_PUBLISHED = re.compile(
    rb'\{"specversion":"1\.0","id":"[^"]*","source":"[^"]*","type":"customer-groups\.(\w+)\.v(\d+)"'
    rb',"subject":"([^"]*)","time":"([^"]{27})","datacontenttype":"application/json"'
    rb',"dataschema":"[^"]*","sequence":"\d{20}","data":\{"position":(\d{1,19})'
    rb',"group_id":"[^"]*","version":(\d{1,19}),(.*)\}'
)


def stored(line: bytes, log: str) -> LoggedEvent:
    """Return the event of a published line, its state byte for byte as the log had it.

    Raises `ValueError` when the line is not what `published` makes of an event of this log.
    """
    event = parsed(line)
    if published(event, log) != line:
        raise ValueError(f"not the published form of an event of {log}")
    return event


def parsed(line: bytes) -> LoggedEvent:
    """Return the event of a line that `stored` has read before. Raises `ValueError` for others."""
    found = _PUBLISHED.fullmatch(line)
    if found is None:
        raise ValueError("not the published form of an event")
    topic, form, group_id, time, position, version, rest = found.groups()
    versioned = b"" if form == b"1" else b'"class_version":%b,' % form
    return LoggedEvent(
        int(position),
        group_id.decode(),
        int(version),
        topic.decode(),
        b'{"timestamp":"%b",%b%b' % (time, versioned, rest),
    )
