"""What happened to a group and to a customer, newest first, and what was there before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from projections import log
from projections.log import EVENT, NO_BOUND, LoggedEvent
from projections.sql import Read

LOOKED_AT = 10_000
"""How many events of a group one page looks at for those that its filters want: 20 to 50 ms."""

ACTOR = """
(SELECT r.actor FROM requests r WHERE r.first_position <= {}
 ORDER BY r.first_position DESC LIMIT 1)
"""
"""The events of a request are neighbours in the log, so its actor is that of the last begun."""

OF_GROUP = """
SELECT notification_id, topic FROM stored_events
WHERE originator_id = :group AND notification_id > :after AND notification_id < :before
ORDER BY notification_id DESC
"""

OF_CUSTOMER = """
SELECT m.group_key, m.since_position AS position, 'CustomersAdded' AS topic
FROM membership m WHERE m.customer_id = :customer AND m.until_position IS NULL
UNION ALL SELECT m.group_key, m.since_position, 'CustomersAdded'
FROM membership m WHERE m.customer_id = :customer AND m.until_position IS NOT NULL
UNION ALL SELECT m.group_key, m.until_position, 'CustomersRemoved'
FROM membership m WHERE m.customer_id = :customer AND m.until_position IS NOT NULL
"""

BETWEEN = f"""
SELECT {EVENT} FROM stored_events
WHERE notification_id BETWEEN :first AND :last ORDER BY notification_id
"""

BEFORE = """
SELECT e.notification_id, s.document
FROM each(:positions) CROSS JOIN stored_events e CROSS JOIN group_list g CROSS JOIN group_state s
WHERE e.notification_id = CAST(each.value AS BIGINT) AND g.id = e.originator_id
AND s.since_position = (SELECT max(l.since_position) FROM group_state l
  WHERE l.group_key = g.group_key AND l.since_position < e.notification_id)
"""

COUNTS = """
SELECT e.notification_id, n.customers_count
FROM each(:positions) CROSS JOIN stored_events e CROSS JOIN group_list g CROSS JOIN group_count n
WHERE e.notification_id = CAST(each.value AS BIGINT) AND g.id = e.originator_id
AND n.group_key = g.group_key AND n.position = e.notification_id
"""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Which part of a history: events of these types, by these actors, from a time to a time.

    What is empty or None lets everything pass; both times are inclusive.
    """

    types: Sequence[str] = ()
    actors: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None

    def parameters(self, read: Read, before: int | None) -> dict[str, Any]:
        """Return the parameters of `conditions`, and the bounds of the positions."""
        after = 0 if self.since is None else log.before(read, self.since)
        if self.until is not None:
            end = log.before(read, self.until + timedelta(microseconds=1)) + 1
            before = end if before is None else min(before, end)
        wanted = {"types": list(self.types), "actors": list(self.actors)}
        return {
            "after": after,
            "before": NO_BOUND if before is None else before,
            **{name: values for name, values in wanted.items() if values},
        }

    def conditions(self, topic: str, position: str) -> str:
        """Return ` AND ...` on these two columns, "" where any type and actor will do."""
        parts = []
        if self.types:
            parts.append(f" AND {topic} IN (SELECT each.value FROM each(:types))")
        if self.actors:
            actor = ACTOR.format(position)
            parts.append(f" AND {actor} IN (SELECT each.value FROM each(:actors))")
        return "".join(parts)


ALWAYS = Span()


class Found(NamedTuple):
    """A page of events, newest first, and before which position the next one begins, if any."""

    events: list[LoggedEvent]
    next_before: int | None


class GroupOfEvent(NamedTuple):
    """A group as it is today."""

    id: str
    name: str
    deleted: bool


def of_group(
    read: Read, group_id: str, span: Span, *, limit: int, before: int | None = None
) -> Found:
    """Return a page of a group's events before a position.

    Costs the page: with `types` or `actors` no more than 10,000 events are looked at, so a page
    may have fewer than `limit`, even none, and still be followed by another.
    """
    parameters = span.parameters(read, before) | {"group": group_id}
    filters = span.conditions("h.topic", "h.notification_id")
    looked_at = LOOKED_AT if filters else limit + 1
    rows = read(
        f"SELECT {_of_event('e')} FROM (SELECT h.notification_id FROM ({OF_GROUP}"
        f" LIMIT {looked_at}) h WHERE TRUE{filters}"
        f" ORDER BY h.notification_id DESC LIMIT {limit + 1}) page"
        " JOIN stored_events e ON e.notification_id = page.notification_id"
        " ORDER BY e.notification_id DESC",
        **parameters,
    )
    events = [LoggedEvent(*row) for row in rows]
    if len(events) > limit:
        return Found(events[:limit], events[limit - 1].position)
    if not filters:
        return Found(events, None)
    bounds = {name: parameters[name] for name in ("group", "after", "before")}
    last = read(f"{OF_GROUP} LIMIT 1 OFFSET {LOOKED_AT - 1}", **bounds)
    return Found(events, last[0][0] if last else None)


def of_customer(
    read: Read,
    customer_id: str,
    span: Span,
    *,
    group_ids: Sequence[str] = (),
    limit: int,
    before: int | None = None,
) -> tuple[Found, list[GroupOfEvent]]:
    """Return a page of a customer's joins and leaves before a position, and whose they were.

    Costs the page and O(the customer's memberships, ended ones too).
    """
    parameters = span.parameters(read, before) | {"customer": customer_id}
    filters = span.conditions("h.topic", "h.position")
    if group_ids:
        parameters["groups"] = list(group_ids)
        filters += " AND g.id IN (SELECT each.value FROM each(:groups))"
    rows = read(
        f"SELECT {_of_event('e')}, page.id, page.name, page.deleted"
        f" FROM (SELECT h.position, g.id, g.name, g.deleted FROM ({OF_CUSTOMER}) h"
        " JOIN group_list g ON g.group_key = h.group_key"
        f" WHERE h.position > :after AND h.position < :before{filters}"
        f" ORDER BY h.position DESC LIMIT {limit + 1}) page"
        " JOIN stored_events e ON e.notification_id = page.position"
        " ORDER BY e.notification_id DESC",
        **parameters,
    )
    events = [LoggedEvent(*row[:5]) for row in rows]
    groups = [GroupOfEvent(id, name, bool(deleted)) for *_, id, name, deleted in rows[:limit]]
    last = events[limit - 1].position if len(events) > limit else None
    return Found(events[:limit], last), groups


def at_positions(read: Read, positions: Sequence[int]) -> list[LoggedEvent]:
    """Return the events at these positions, newest first."""
    rows = read(
        f"SELECT {_of_event('e')} FROM each(:positions) CROSS JOIN stored_events e"
        " WHERE e.notification_id = CAST(each.value AS BIGINT) ORDER BY e.notification_id DESC",
        positions=[str(position) for position in positions],
    )
    return [LoggedEvent(*row) for row in rows]


def between(read: Read, first: int, last: int) -> list[LoggedEvent]:
    """Return the events from one position to another, oldest first."""
    return [LoggedEvent(*row) for row in read(BETWEEN, first=first, last=last)]


def documents_before(read: Read, positions: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what each event's group was just before it, as it is answered.

    Of a group that was deleted then, what it was when it was deleted; nothing of one that was not.
    """
    rows = read(BEFORE, positions=[str(position) for position in positions])
    return {position: orjson.loads(document) for position, document in rows}


def counts_after(read: Read, positions: Sequence[int]) -> dict[int, int]:
    """Return how many members the group of each event, not its first, had just after it."""
    return dict(read(COUNTS, positions=[str(position) for position in positions]))


def _of_event(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in EVENT.split(", "))
