"""The searchable list of groups: one narrow row a group, so membership changes stay cheap."""

from functools import singledispatch
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.group import Group, GroupEvent
from projections import group_states
from projections.batch import Batch, GroupNow
from projections.conditions import Conditions, contained, where
from projections.documents import folded, milliseconds
from projections.pages import Listing, Order, Page, Walk
from projections.sql import Read, Write

if TYPE_CHECKING:
    from projections.store import Store

VERSION = 1

SCHEMA = (
    """
    CREATE TABLE group_list (
      group_key BIGINT PRIMARY KEY,
      id TEXT COLLATE "C" NOT NULL,
      name TEXT COLLATE "C" NOT NULL,
      name_folded TEXT COLLATE "C" NOT NULL,
      created_by TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      customers_count BIGINT NOT NULL,
      version BIGINT NOT NULL,
      deleted BIGINT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX group_list_id ON group_list (id)",
    "CREATE TABLE group_total (living BIGINT NOT NULL)",
    "INSERT INTO group_total VALUES (0)",
)
"""`group_key` is the position of the group's first event; times are milliseconds since 1970."""

INDEXES = (
    "CREATE UNIQUE INDEX group_list_name ON group_list (name) WHERE deleted = 0",
    "CREATE INDEX group_list_by_id ON group_list (id) WHERE deleted = 0",
    "CREATE INDEX group_list_by_name ON group_list (name_folded, name, id) WHERE deleted = 0",
    "CREATE INDEX group_list_by_creation ON group_list (created_at, id) WHERE deleted = 0",
    "CREATE INDEX group_list_by_update ON group_list (updated_at, id) WHERE deleted = 0",
    "CREATE INDEX group_list_by_count ON group_list (customers_count, id) WHERE deleted = 0",
    "CREATE INDEX group_list_by_creator ON group_list (created_by, id) WHERE deleted = 0",
)

SEARCHED = ("group_list", "group_key", "name_folded")
"""Table, key and column that have a trigram index."""

ORDERS = {
    "id": Order(("g.id", str)),
    "name": Order(("g.name_folded", str), ("g.name", str), ("g.id", str)),
    "created_at": Order(("g.created_at", int), ("g.id", str)),
    "updated_at": Order(("g.updated_at", int), ("g.id", str)),
    "customers_count": Order(("g.customers_count", int), ("g.id", str)),
}

COLUMNS = {
    "id": "g.id = {}",
    "name": "g.name = {}",
    "created_by": "g.created_by = {}",
    "created_at": "g.created_at",
    "updated_at": "g.updated_at",
    "customers_count": "g.customers_count",
    "customers": "g.group_key IN (SELECT group_key FROM membership"
    " WHERE customer_id = {} AND until_position IS NULL)",
}
"""How each filter reads; `{}` is one value or all of several."""


class GroupRow(NamedTuple):
    """A group as it is answered: its document has the 7 default keys."""

    group_key: int
    id: str
    document: bytes
    customers_count: int
    version: int


ROW = "g.group_key, g.id, d.document, g.customers_count, g.version"

ONE = f"""
SELECT {ROW} FROM group_list g JOIN group_detail d ON d.group_key = g.group_key
WHERE g.id = :id AND g.deleted = 0
"""


UPDATE = """
UPDATE group_list SET name = :name, name_folded = :folded, updated_at = :updated_at,
  customers_count = :count, version = :version, deleted = :deleted
WHERE group_key = :key
"""

UPDATE_COUNT = """
UPDATE group_list SET customers_count = :count, version = :version WHERE group_key = :key
"""
"""For a group that only had its members changed: touches fewer indexes."""


@singledispatch
def apply(event: Any, position: int, batch: Batch) -> None:
    """Let the list follow an event."""


@apply.register
def _(event: Group.GroupCreated, position: int, batch: Batch) -> None:
    at = milliseconds(event.timestamp)
    group_id, name = event.originator_id, event.name
    if group_id in batch.groups:
        raise ValueError(f"{group_id} is there already")
    batch.groups[group_id] = GroupNow(
        position, group_id, name, folded(name), event.actor["id"], at, at, is_new=True
    )
    batch.living += 1


@apply.register
def _(event: Group.Renamed, position: int, batch: Batch) -> None:
    group = _described(event, batch)
    _rename(group, event.name)
    group.updated_at = milliseconds(event.timestamp)


@apply.register
def _(event: Group.MetadataChanged, position: int, batch: Batch) -> None:
    _described(event, batch).updated_at = milliseconds(event.timestamp)


@apply.register
def _(event: Group.CustomersAdded, position: int, batch: Batch) -> None:
    _changed(event, batch).customers_count += len(event.customer_ids)


@apply.register
def _(event: Group.CustomersRemoved, position: int, batch: Batch) -> None:
    _changed(event, batch).customers_count -= len(event.customer_ids)


@apply.register
def _(event: Group.GroupDeleted, position: int, batch: Batch) -> None:
    _described(event, batch).deleted = 1
    batch.living -= 1


@apply.register
def _(event: Group.GroupRestored, position: int, batch: Batch) -> None:
    group = _described(event, batch)
    group.deleted = 0
    if event.name != group.name:
        _rename(group, event.name)
        group.updated_at = milliseconds(event.timestamp)
    batch.living += 1


def _changed(event: GroupEvent, batch: Batch) -> GroupNow:
    group = batch.groups[event.originator_id]
    group.version = event.originator_version
    return group


def _described(event: GroupEvent, batch: Batch) -> GroupNow:
    group = _changed(event, batch)
    group.is_described = True
    return group


def _rename(group: GroupNow, name: str) -> None:
    group.name, group.name_folded = name, folded(name)


def save(batch: Batch, write: Write) -> None:
    """Write the row of each group, and how many live."""
    new, described, counted = [], [], []
    for group in batch.groups.values():
        row: dict[str, Any] = {
            "key": group.key,
            "count": group.customers_count,
            "version": group.version,
        }
        if group.is_new:
            new.append(_row(group))
        elif group.is_described:
            row |= {"name": group.name, "folded": group.name_folded}
            described.append(row | {"updated_at": group.updated_at, "deleted": group.deleted})
        else:
            counted.append(row)
    write.update(UPDATE, described)
    write.update(UPDATE_COUNT, counted)
    write.insert("group_list", new)
    if batch.living:
        write("UPDATE group_total SET living = living + :change", change=batch.living)


def _row(group: GroupNow) -> tuple[Any, ...]:
    return (
        group.key,
        group.id,
        group.name,
        group.name_folded,
        group.created_by,
        group.created_at,
        group.updated_at,
        group.customers_count,
        group.version,
        group.deleted,
    )


def holder_of_name(read: Read, name: str) -> str | None:
    """Return the id of the living group of this very name."""
    rows = read("SELECT id FROM group_list WHERE name = :name AND deleted = 0", name=name)
    return rows[0][0] if rows else None


def one(read: Read, group_id: str, *, at: int | None = None) -> GroupRow | None:
    """Return a living group, as it was at a position where one is given."""
    if at is not None:
        row = group_states.one(read, group_id, at)
        return GroupRow(*row) if row else None
    rows = read(ONE, id=group_id)
    return GroupRow(*rows[0]) if rows else None


def page(
    store: "Store",
    *,
    limit: int,
    offset: int = 0,
    cursor: str | None = None,
    order: tuple[str, bool] = ("id", False),
    conditions: Conditions | None = None,
    words: tuple[str, ...] = (),
    at: int | None = None,
) -> Page[GroupRow]:
    """Return one page of living groups and the exact count of all that match.

    `order` is a key of `ORDERS` and whether it descends; `words` are folded and each must be a
    substring of the name; `cursor` (empty for the first page) in place of `offset` pages by keyset.
    With `at`, all of it is as it was at that position.

    Raises `InvalidCursor`.
    """
    if at is not None:
        past = group_states.listing(
            store, GroupRow, order=order, conditions=conditions, words=words, at=at
        )
        return past.page(store, limit, offset, cursor)
    parameters: dict[str, Any] = {}
    source, found = store.text_hits(SEARCHED, "g", words, parameters)
    filters = where(conditions, COLUMNS, parameters)
    test = filters + contained(store, words, "g.name_folded", parameters)
    return Listing(
        make=GroupRow,
        columns=ROW,
        found="g.group_key",
        source=source,
        joins="JOIN group_list g ON g.group_key = page.group_key"
        " JOIN group_detail d ON d.group_key = page.group_key",
        condition=f"{found} AND g.deleted = 0{filters}",
        parameters=parameters,
        total=None if test else "SELECT living FROM group_total",
        order=ORDERS[order[0]],
        descending=order[1],
        scope=repr(("groups", order, conditions, words)),
        walk=Walk("group_list g", "g.deleted = 0", "", f"TRUE{test}"),
    ).page(store, limit, offset, cursor)
