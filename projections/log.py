"""The log as others see it: the published form of an event, and pages of it."""

from datetime import datetime
from typing import NamedTuple

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

TIME = slice(14, 41)
REST = slice(43, None)
"""Where `domain.transcoding` puts the time, and what comes after it."""

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

NO_BOUND = 2**62


class LoggedEvent(NamedTuple):
    """An event as it is stored; `state` is JSON that begins with its time."""

    position: int
    group_id: str
    version: int
    topic: str
    state: bytes


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


def published(event: LoggedEvent, log: str) -> bytes:
    """Return the published form: a CloudEvents 1.0 line, spliced around the stored bytes.

    Whatever was published once stays so, byte for byte, for ever.
    """
    position, group_id, version, topic, state = event
    time = state[TIME].decode()
    head = (
        f'{{"specversion":"1.0","id":"{group_id}:{version}","source":"/customer-groups/{log}",'
        f'"type":"customer-groups.{topic}.v1","subject":"{group_id}","time":"{time}",'
        f'"datacontenttype":"application/json","dataschema":"/events/schemas/{topic}.v1.json",'
        f'"sequence":"{position:020}","data":{{"position":{position},"group_id":"{group_id}",'
        f'"version":{version},'
    )
    return b"".join((head.encode(), state[REST], b"}"))
