"""What an undo asks of the log and of the intervals (`domain.undo.Past`)."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from eventsourcing.persistence import Mapper, StoredEvent
from eventsourcing.utils import get_topic

from domain.group import GroupEvent, Metadata
from domain.transcoding import EventTranscoder
from domain.undo import Interval, Recorded, erased_by
from projections import group_list, requests
from projections.history import at_positions, between, documents_before
from projections.log import EVENT, NO_BOUND, LoggedEvent
from projections.sql import Row

SINCE = f"""
SELECT {EVENT} FROM stored_events
WHERE originator_id = :group AND notification_id > :after AND notification_id < :before {{of_kinds}}
ORDER BY notification_id DESC LIMIT {{limit}}
"""

OF_KINDS = "AND topic IN (SELECT each.value FROM each(:topics))"

READ_AT_ONCE = 100
"""Events, of which one may have 256 KiB."""

INTERVALS = """
SELECT m.customer_id, m.since_position, m.until_position
FROM each(:customers) CROSS JOIN membership m
WHERE m.customer_id = each.value AND m.until_position IS {} NULL
AND m.group_key = (SELECT g.group_key FROM group_list g WHERE g.id = :group)
"""

NEWEST_INTERVALS = (
    f"{INTERVALS.format('NOT')} UNION ALL {INTERVALS.format('')} ORDER BY since_position"
)

ENDED_SINCE = """
SELECT DISTINCT m.until_position FROM each(:customers) CROSS JOIN membership m
WHERE m.customer_id = each.value AND m.until_position IS NOT NULL AND m.until_position > :position
"""

_MAPPER: Mapper[str] = Mapper(EventTranscoder())


class PastOfStore(ABC):
    """The part of a store that an undo asks."""

    @abstractmethod
    def read(self, statement: str, /, **parameters: Any) -> list[Row]:
        """Run a query."""

    def holder_of_name(self, name: str) -> str | None:
        """Return the id of the living group of this very name."""
        return group_list.holder_of_name(self.read, name)

    def events_of_request(self, request_id: str) -> Sequence[Recorded]:
        """Return what a request recorded, oldest first; nothing for an unknown one."""
        found = requests.positions(self.read, request_id)
        events = map(recorded, between(self.read, *found)) if found else ()
        return [one for one in events if one.event.request_id == request_id]

    def events_since(
        self, group_id: str, position: int, kinds: Sequence[type[GroupEvent]]
    ) -> Iterator[Recorded]:
        """Return a group's events after a position, of these kinds (none: all), newest first."""
        statement = SINCE.format(of_kinds=OF_KINDS if kinds else "", limit=READ_AT_ONCE)
        topics = {"topics": [get_topic(kind) for kind in kinds]} if kinds else {}
        before = NO_BOUND
        while rows := self.read(statement, group=group_id, after=position, before=before, **topics):
            for row in rows:
                yield recorded(LoggedEvent(*row))
            before = rows[-1][0]

    def described_before(self, position: int) -> tuple[str, Metadata | None]:
        """Return the name and metadata that an event's group had just before that event."""
        document = documents_before(self.read, [position])[position]
        return document["name"], document["metadata"]

    def newest_intervals(self, group_id: str, customer_ids: Sequence[str]) -> dict[str, Interval]:
        """Return each customer's newest membership of a group. O(len(customer_ids))."""
        rows = self.read(NEWEST_INTERVALS, group=group_id, customers=sorted(customer_ids))
        return {customer_id: Interval(since, until) for customer_id, since, until in rows}

    def erased_since(self, customer_ids: Sequence[str], position: int) -> set[str]:
        """Return which of these customers were erased after a position, as the log tells.

        A customer that was in no group when it was erased has left no trace there.
        """
        ended = self.read(ENDED_SINCE, customers=sorted(customer_ids), position=position)
        endings = at_positions(self.read, [until for (until,) in ended])
        return {*customer_ids} & {erased_by(recorded(logged).event) for logged in endings}


def recorded(logged: LoggedEvent) -> Recorded:
    """Return an event of the log as the domain knows it."""
    position, group_id, version, topic, state = logged
    event = _MAPPER.to_domain_event(StoredEvent(group_id, version, topic, bytes(state)))
    return Recorded(position, event)  # type: ignore[arg-type]
