"""One group's document: the JSON of its seven default keys, kept as the bytes that are answered."""

from functools import singledispatch
from typing import Any

import orjson

from domain.group import Group, GroupEvent, changed_metadata
from projections.documents import milliseconds, shown, time_shown
from projections.sql import Read, Write

VERSION = 1

SCHEMA = (
    """
    CREATE TABLE group_detail (
      group_key BIGINT PRIMARY KEY,
      document BYTEA NOT NULL
    )
    """,
)

DOCUMENT = """
SELECT d.group_key, d.document FROM group_list g JOIN group_detail d ON d.group_key = g.group_key
WHERE g.id = :id
"""

AGGREGATE = """
SELECT g.version, g.customers_count, g.deleted, d.document
FROM group_list g JOIN group_detail d ON d.group_key = g.group_key
WHERE g.id = :id
"""


@singledispatch
def apply(event: Any, position: int, write: Write) -> None:
    """Let the document follow an event; a membership change leaves it alone."""


@apply.register
def _(event: Group.GroupCreated, position: int, write: Write) -> None:
    created_at = shown(milliseconds(event.timestamp))
    document = {
        "id": event.originator_id,
        "name": event.name,
        "created_by": event.actor["id"],
        "created_at": created_at,
        "updated_at": created_at,
        "deleted_at": None,
        "metadata": event.metadata,
    }
    write(
        "INSERT INTO group_detail VALUES (:key, :document)",
        key=position,
        document=orjson.dumps(document),
    )


@apply.register
def _(event: Group.Renamed, position: int, write: Write) -> None:
    _change(event, write, name=event.name, updated_at=shown(milliseconds(event.timestamp)))


@apply.register
def _(event: Group.MetadataChanged, position: int, write: Write) -> None:
    metadata = _document(event, write)[1]["metadata"]
    _change(
        event,
        write,
        metadata=changed_metadata(metadata, event.set, event.removed, event.cleared),
        updated_at=shown(milliseconds(event.timestamp)),
    )


@apply.register
def _(event: Group.GroupDeleted, position: int, write: Write) -> None:
    _change(event, write, deleted_at=shown(milliseconds(event.timestamp)))


@apply.register
def _(event: Group.GroupRestored, position: int, write: Write) -> None:
    renamed = _document(event, write)[1]["name"] != event.name
    moved = {"updated_at": shown(milliseconds(event.timestamp))} if renamed else {}
    _change(event, write, name=event.name, deleted_at=None, **moved)


def _document(event: GroupEvent, write: Write) -> tuple[int, dict[str, Any]]:
    key, document = write.read(DOCUMENT, id=event.originator_id)[0]
    return key, orjson.loads(document)


def _change(event: GroupEvent, write: Write, **changed: Any) -> None:
    key, document = _document(event, write)
    write(
        "UPDATE group_detail SET document = :document WHERE group_key = :key",
        key=key,
        document=orjson.dumps(document | changed),
    )


def aggregate(read: Read, group_id: str) -> Group | None:
    """Return the aggregate, deleted or not, without replay."""
    rows = read(AGGREGATE, id=group_id)
    if not rows:
        return None
    version, customers_count, deleted, text = rows[0]
    document = orjson.loads(text)
    return Group.from_read_model(
        group_id,
        version,
        name=document["name"],
        metadata=document["metadata"],
        deleted=bool(deleted),
        customers_count=customers_count,
        created_at=time_shown(document["created_at"]),
    )
