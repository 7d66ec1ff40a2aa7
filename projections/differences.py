"""What is different between two positions: groups, their names and metadata, how many members."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from projections import group_list
from projections.sql import Read

TOUCHED = """
SELECT g.group_key, g.id FROM group_list g WHERE g.id IN (
  SELECT e.originator_id FROM stored_events e
  WHERE e.notification_id > :start AND e.notification_id <= :end)
ORDER BY g.group_key
"""

JOINED = """
SELECT m.group_key, count(*) FROM membership m
WHERE m.since_position > :start AND m.since_position <= :end
AND (m.until_position IS NULL OR m.until_position > :end)
AND NOT EXISTS (SELECT 1 FROM membership o
  WHERE o.customer_id = m.customer_id AND o.group_key = m.group_key
  AND o.since_position <= :start AND o.until_position > :start)
GROUP BY m.group_key
"""

LEFT = """
SELECT m.group_key, count(*) FROM membership m
WHERE m.since_position <= :start AND m.until_position > :start AND m.until_position <= :end
AND NOT EXISTS (SELECT 1 FROM membership o
  WHERE o.customer_id = m.customer_id AND o.group_key = m.group_key
  AND o.until_position IS NULL AND o.since_position <= :end)
AND NOT EXISTS (SELECT 1 FROM membership o
  WHERE o.customer_id = m.customer_id AND o.group_key = m.group_key
  AND o.until_position > :end AND o.since_position > :start AND o.since_position <= :end)
GROUP BY m.group_key
"""


@dataclass(frozen=True)
class Difference:
    """One group's; `before` and `after` are its documents, None where it did not live.

    `is_new`: it was created after the first position. `joined` customers are members at the second
    position and were not at the first, `left` the other way round.
    """

    group_id: str
    is_new: bool
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    joined: int
    left: int


def between(read: Read, start: int, end: int) -> Iterator[Difference]:
    """Yield what is different at position `end` from what was at `start`, by age of the groups.

    What changed and changed back is no difference. Costs the events between, and a walk through
    all memberships.
    """
    joined: dict[int, int] = {row[0]: row[1] for row in read(JOINED, start=start, end=end)}
    left: dict[int, int] = {row[0]: row[1] for row in read(LEFT, start=start, end=end)}
    for group_key, group_id in read(TOUCHED, start=start, end=end):
        found = Difference(
            group_id,
            group_key > start,
            _document(read, group_id, start),
            _document(read, group_id, end),
            joined.get(group_key, 0),
            left.get(group_key, 0),
        )
        is_same = _said(found.before) == _said(found.after) and not found.is_new
        if not is_same or found.joined or found.left:
            yield found


def _document(read: Read, group_id: str, at: int) -> dict[str, Any] | None:
    row = group_list.one(read, group_id, at=at)
    return None if row is None else orjson.loads(row.document)


def _said(document: dict[str, Any] | None) -> Any:
    return document and (document["name"], orjson.dumps(document["metadata"]))
