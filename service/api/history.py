"""What happened to a group or a customer, as it is answered: who, when, why, before and after."""

from collections.abc import Collection, Sequence
from typing import Any

from flask import Response

from domain.errors import CustomerNotFound, GroupNotFound
from domain.group import Group, GroupEvent, Metadata, changed_metadata
from projections import directory, history, log, membership, past
from projections.history import Found
from projections.log import LoggedEvent
from projections.pages import decode_cursor, encode_cursor
from service.api.answers import json_response
from service.api.queries import HistoryRequest
from service.current import settings, store
from service.errors import FEW_IDS, labelled

Event = dict[str, Any]


def group_history(group_id: str, asked: HistoryRequest) -> Response:
    """Return a page of a group's history, deleted or not. Raises `GroupNotFound`."""
    scope = repr(("history", group_id, asked.span))
    with store().reading():
        found = history.of_group(
            store().read, group_id, asked.span, limit=asked.limit, before=_before(scope, asked)
        )
        if not found.events and not log.of_group(store().read, group_id, limit=1):
            raise GroupNotFound(group_id)
        return _page(scope, with_changes(found.events, asked.ids), found)


def customer_history(customer_id: str, asked: HistoryRequest) -> Response:
    """Return a page of a customer's joins and leaves, erased or not. Raises `CustomerNotFound`."""
    scope = repr(("history of", customer_id, asked.span, asked.group_ids))
    with store().reading():
        found, groups = history.of_customer(
            store().read,
            customer_id,
            asked.span,
            group_ids=asked.group_ids,
            limit=asked.limit,
            before=_before(scope, asked),
        )
        if not found.events and not _known(customer_id):
            raise CustomerNotFound(customer_id)
        events = labelled(found.events)
    for event, group in zip(events, groups, strict=True):
        event["data"]["customer_ids"] = [customer_id]
        event["group"] = group._asdict()
        left = event["type"].split(".")[1] == "CustomersRemoved"
        event["changes"] = {"member": [left, not left]}
    return _page(scope, events, found)


def _known(customer_id: str) -> bool:
    read = store().read
    return (
        settings().accept_unknown_customers
        or directory.one(read, customer_id) is not None
        or membership.was_member(read, customer_id)
    )


def _before(scope: str, asked: HistoryRequest) -> int | None:
    return decode_cursor(scope, asked.cursor, (int,))[1][0] if asked.cursor else None


def _page(scope: str, events: list[Event], found: Found) -> Response:
    end = found.next_before
    cursor = None if end is None else encode_cursor(scope, 0, (end,))
    return json_response({"events": events, "next_cursor": cursor})


def with_changes(events: Sequence[LoggedEvent], ids: int | None = None) -> list[Event]:
    """Return events in their published form, each with `actor` and `changes`: before and after.

    At most `ids` customers of each are named; without it all in `data`, few in `changes`.
    """
    read, recorded = store().read, [past.recorded(event) for event in events]
    described = [one.position for one in recorded if isinstance(one.event, DESCRIBING)]
    counted = [one.position for one in recorded if isinstance(one.event, COUNTING)]
    before = history.documents_before(read, described) if described else {}
    counts = history.counts_after(read, counted) if counted else {}
    answered = labelled(events)
    for line, (position, event) in zip(answered, recorded, strict=True):
        most = FEW_IDS if ids is None else ids
        line["changes"] = changes(event, before.get(position, {}), counts.get(position, 0), most)
        if ids is not None and "customer_ids" in line["data"]:
            del line["data"]["customer_ids"][ids:]
    return answered


def undone(answered: dict[str, Any], *, dry_run: bool, ids: int | None) -> Response:
    """Return what an undo recorded, oldest first; of a rehearsal without what is not final."""
    recorded = answered["positions"]
    events = []
    if recorded is not None:
        events = with_changes(history.between(store().read, *recorded), ids)
    for event in events if dry_run else ():
        del event["id"], event["sequence"], event["data"]["position"]
    return json_response(
        {
            "request_id": answered["request_id"],
            "dry_run": dry_run,
            "events": events,
            "left_out": answered["left_out"],
        }
    )


DESCRIBING = (Group.Renamed, Group.MetadataChanged, Group.GroupRestored)
COUNTING = (Group.CustomersAdded, Group.CustomersRemoved)


def changes(event: GroupEvent, before: dict[str, Any], count: int, ids: int) -> dict[str, Any]:
    """Return what an event changed, as pairs of before and after.

    `before` is the group's document then, `count` its members afterwards; at most `ids` customers
    are named.
    """
    if isinstance(event, Group.GroupCreated):
        metadata = event.metadata
        described = _pairs(None, metadata, metadata) if metadata else {}
        return {"name": [None, event.name]} | described
    if isinstance(event, Group.MetadataChanged):
        metadata = before["metadata"]
        touched = (metadata or {}) if event.cleared else [*event.set, *event.removed]
        after = changed_metadata(metadata, event.set, event.removed, event.cleared)
        return _pairs(metadata, after, touched)
    if isinstance(event, COUNTING):
        joined = isinstance(event, Group.CustomersAdded)
        many = len(event.customer_ids)
        named = {"count": many, "ids": event.customer_ids[:ids]}
        return {
            "customers": {"added" if joined else "removed": named},
            "customers_count": [count - many if joined else count + many, count],
        }
    changed: dict[str, Any] = {}
    if not isinstance(event, Group.Renamed):
        deleted = isinstance(event, Group.GroupDeleted)
        changed["deleted"] = [not deleted, deleted]
    if isinstance(event, Group.Renamed | Group.GroupRestored) and event.name != before["name"]:
        changed["name"] = [before["name"], event.name]
    return changed


def _pairs(
    before: Metadata | None, after: Metadata | None, keys: Collection[str]
) -> dict[str, Any]:
    """Return these keys of metadata with both values, and which of them are on one side only."""
    old, new = before or {}, after or {}
    return {
        "metadata": {key: [old.get(key), new.get(key)] for key in keys},
        "metadata_keys": {
            "added": [key for key in keys if key not in old],
            "removed": [key for key in keys if key not in new],
        },
    }
