"""One group's document: the JSON of its seven default keys, kept as the bytes that are answered."""

from functools import singledispatch
from typing import Any

import orjson

from domain.group import Group, GroupEvent, changed_metadata
from projections.batch import Batch
from projections.documents import moment, time_shown
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

UPDATE = "UPDATE group_detail SET document = :document WHERE group_key = :key"

AGGREGATE = """
SELECT g.version, g.customers_count, g.deleted, d.document
FROM group_list g JOIN group_detail d ON d.group_key = g.group_key
WHERE g.id = :id
"""


@singledispatch
def apply(event: Any, position: int, batch: Batch) -> None:
    """Let the document follow an event; a membership change leaves it alone."""


@apply.register
def _(event: Group.GroupCreated, position: int, batch: Batch) -> None:
    created_at = moment(event.timestamp)
    document = {
        "id": event.originator_id,
        "name": event.name,
        "created_by": event.actor["id"],
        "created_at": created_at,
        "updated_at": created_at,
        "deleted_at": None,
        "metadata": event.metadata,
    }
    batch.groups[event.originator_id].document = orjson.dumps(document)


@apply.register
def _(event: Group.Renamed, position: int, batch: Batch) -> None:
    _change(event, batch, name=event.name, updated_at=moment(event.timestamp))


@apply.register
def _(event: Group.MetadataChanged, position: int, batch: Batch) -> None:
    metadata = _document(event, batch)["metadata"]
    _change(
        event,
        batch,
        metadata=changed_metadata(metadata, event.set, event.removed, event.cleared),
        updated_at=moment(event.timestamp),
    )


@apply.register
def _(event: Group.GroupDeleted, position: int, batch: Batch) -> None:
    _change(event, batch, deleted_at=moment(event.timestamp))


@apply.register
def _(event: Group.GroupRestored, position: int, batch: Batch) -> None:
    renamed = _document(event, batch)["name"] != event.name
    moved = {"updated_at": moment(event.timestamp)} if renamed else {}
    _change(event, batch, name=event.name, deleted_at=None, **moved)


def _document(event: GroupEvent, batch: Batch) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(batch.groups[event.originator_id].document)
    return document


def _change(event: GroupEvent, batch: Batch, **changed: Any) -> None:
    document = orjson.dumps(_document(event, batch) | changed)
    batch.groups[event.originator_id].document = document


def save(batch: Batch, write: Write) -> None:
    """Write the document of each group that has another one now."""
    groups = batch.groups.values()
    changed = [group for group in groups if group.is_described and not group.is_new]
    write.update(UPDATE, [{"key": group.key, "document": group.document} for group in changed])
    write.insert("group_detail", [(group.key, group.document) for group in groups if group.is_new])


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
