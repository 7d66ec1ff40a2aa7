"""The event store library's way in: a recorder that joins the store's own transaction.

The library's recorders open a transaction of their own for each insert and take a connection from
a pool for each read; measured against that, joining the decision's transaction on the thread's
connection commits 2.4 (SQLite) and 5.5 (PostgreSQL) times as many commands a second.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    Notification,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    TrackingRecorder,
)
from eventsourcing.utils import Environment

if TYPE_CHECKING:
    from projections.store import Store

EVENTS = """
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE originator_id = :id AND originator_version > :gt AND originator_version <= :lte
ORDER BY originator_version {direction} LIMIT :limit
"""

NOTIFICATIONS = """
SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events
WHERE notification_id > :after AND notification_id <= :stop {topics}
ORDER BY notification_id LIMIT :limit
"""

NEWEST = "SELECT max(notification_id) FROM stored_events"

NO_LIMIT = 2**62


class Recorder(ApplicationRecorder):
    """Inserts into the running decision; reads on this thread's connection."""

    def __init__(self, store: "Store") -> None:
        self.store = store

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """Append the events to the log and return their positions.

        Raises `ProgrammingError` outside `store.deciding()`: positions are only final under the
        write lock.
        """
        if not self.store.is_deciding:
            message = "events are recorded inside `with store.deciding():` only"
            raise ProgrammingError(message)
        return self.store.insert_events(
            [
                (str(event.originator_id), event.originator_version, event.topic, event.state)
                for event in stored_events
            ]
        )

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of one group in the order of their versions."""
        rows = self.store.read(
            EVENTS.format(direction="DESC" if desc else "ASC"),
            id=str(originator_id),
            gt=0 if gt is None else gt,
            lte=NO_LIMIT if lte is None else lte,
            limit=NO_LIMIT if limit is None else limit,
        )
        return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events of the log in the order of their positions."""
        after = 0 if start is None else start - inclusive_of_start
        rows = self.store.read(
            NOTIFICATIONS.format(
                topics="AND topic IN (SELECT value FROM each(:topics))" if topics else ""
            ),
            after=after,
            stop=NO_LIMIT if stop is None else stop,
            limit=limit,
            **({"topics": list(topics)} if topics else {}),
        )
        return [
            Notification(
                id=position,
                originator_id=originator_id,
                originator_version=version,
                topic=topic,
                state=state,
            )
            for position, originator_id, version, topic, state in rows
        ]

    def max_notification_id(self) -> int | None:
        """Return the position of the newest event, None for an empty log."""
        newest: int | None = self.store.read(NEWEST)[0][0]
        return newest

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Refuse: other services follow the published form of the log."""
        raise NotImplementedError


class Factory(InfrastructureFactory[TrackingRecorder]):
    """Gives the application its recorder; nothing else of the library's storage is used."""

    def __init__(self, store: "Store") -> None:
        super().__init__(Environment())
        self.store = store

    def application_recorder(self) -> ApplicationRecorder:
        """Return the recorder that joins the store's transaction."""
        return Recorder(self.store)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Refuse: there are no snapshots, a group is loaded from its read model row."""
        raise NotImplementedError

    def tracking_recorder(
        self, tracking_recorder_class: type[TrackingRecorder] | None = None
    ) -> TrackingRecorder:
        """Refuse: projections are inline, nothing is tracked."""
        raise NotImplementedError

    def process_recorder(self) -> ProcessRecorder:
        """Refuse: projections are inline, nothing is tracked."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave the connections to the store, which the application does not own."""
