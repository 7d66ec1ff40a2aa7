"""A batch of events on its way into the read models: followed in memory, then written.

What an event changes depends on what the events before it left. So the groups that a batch touches
are read once, changed by event after event, and each of their rows is written once, however many
events the batch has. A command's events are batches of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.group import Group, GroupEvent
from projections.sql import Read

ROWS = """
SELECT g.group_key, g.id, g.name, g.name_folded, g.created_by, g.created_at, g.updated_at,
  g.customers_count, g.version, g.deleted
FROM each(:ids) CROSS JOIN group_list g WHERE g.id = each.value
"""

DESCRIPTIONS = """
SELECT g.id, d.document,
  (SELECT max(s.since_position) FROM group_state s WHERE s.group_key = g.group_key)
FROM each(:ids) CROSS JOIN group_list g CROSS JOIN group_detail d
WHERE g.id = each.value AND d.group_key = g.group_key
"""


@dataclass(slots=True, eq=False)
class GroupNow:
    """A group as the newest event so far has left it; times are milliseconds since 1970.

    Its `document`, and since when it is in its newest `state`, are known where an event of the
    batch changes them. `state` is the row of one that began in the batch.
    """

    key: int
    id: str
    name: str
    name_folded: str
    created_by: str
    created_at: int
    updated_at: int
    customers_count: int = 0
    version: int = 1
    deleted: int = 0
    document: bytes = b""
    since: int = 0
    state: list[Any] | None = None
    is_new: bool = False
    is_described: bool = False


@dataclass(eq=False)
class Batch:
    """The groups that a batch touches, and the rows that its events leave behind.

    Rows are lists where a later event may change them. `open` has the memberships that began in
    the batch and have not ended, by group and customer; `left` and `ended_states` are the ends of
    what began before it.
    """

    groups: dict[str, GroupNow]
    living: int = 0
    states: list[list[Any]] = field(default_factory=list)
    ended_states: list[dict[str, Any]] = field(default_factory=list)
    counts: list[tuple[int, int, int, int]] = field(default_factory=list)
    joined: list[list[Any]] = field(default_factory=list)
    open: dict[tuple[int, str], list[Any]] = field(default_factory=dict)
    left: list[dict[str, Any]] = field(default_factory=list)
    requests: dict[str, list[Any]] = field(default_factory=dict)


def begin(events: Sequence[GroupEvent], read: Read) -> Batch:
    """Return a batch that knows the groups of its events, as they are before the first of them."""
    created = {event.originator_id for event in events if isinstance(event, Group.GroupCreated)}
    ids = {event.originator_id for event in events} - created
    groups = {}
    if ids:
        rows = read(ROWS, ids=sorted(ids))
        groups = {row[1]: GroupNow(*row) for row in rows}
    moves = (Group.CustomersAdded, Group.CustomersRemoved)
    described = {event.originator_id for event in events if not isinstance(event, moves)} - created
    if described:
        for group_id, document, since in read(DESCRIPTIONS, ids=sorted(described)):
            groups[group_id].document, groups[group_id].since = document, since
    return Batch(groups)
