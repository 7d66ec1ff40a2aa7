"""The log of an export into a database that has none: the same positions, the same id."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from eventsourcing.persistence import Mapper, StoredEvent

from domain.transcoding import EventTranscoder
from projections import log, merkle, rebuild, schema
from projections.log import LoggedEvent
from projections.progress import Progress, no_progress
from projections.read_models import apply
from projections.rebuild import FRESH, RebuildOvertaken
from projections.store import Changes, Store, StoreUnavailable


class LogNotEmpty(Exception):
    """The database has a log already."""


class NotALog(Exception):
    """An event cannot follow the ones before it; the message names its position."""


def import_log(
    store: Store,
    log_id: str,
    events: Iterable[LoggedEvent],
    again: Iterable[LoggedEvent],
    *,
    count: int,
    progress: Progress = no_progress,
    finish: Callable[[], Any] = lambda: None,
) -> None:
    """Make these `count` events the log of an empty database; `again` are the same once more.

    First fresh tables are filled with what the events say, batch by batch, beside the empty ones
    that everybody sees. Then one transaction takes in the events and puts the tables in place; it
    runs `finish` last. Stopped at any moment before its end, nothing has changed, and the import
    may begin again. What the events raise stops it. Progress has two steps for each event.

    Raises `LogNotEmpty`, `NotALog`, `RebuildOvertaken` when a rebuild or another import begins.
    """
    _refuse_another(store)
    generation = rebuild.begin(store)
    fresh = Changes(store, FRESH)
    done = 0
    for batch in _batches(events, rebuild.BATCH[store.dialect]):
        _fill(store, generation, fresh, batch)
        done += len(batch)
        progress(done, 2 * count)
    _index(store, generation)
    with store.defining():
        rebuild.check_generation(store, generation)
        _refuse_another(store)
        schema.keep(store, "log_id", log_id)
        for batch in _batches(again, rebuild.BATCH[store.dialect]):
            store.insert("stored_events", batch)
            merkle.append(batch, fresh)
            done += len(batch)
            progress(done, 2 * count)
        end = log.end(store.read)
        if end:
            store.go_on_after(end)
        while not rebuild.swap(store):
            time.sleep(rebuild.PAUSE_SECONDS)
        finish()


def _refuse_another(store: Store) -> None:
    if log.end(store.read):
        identity = log.log_id(store.read)
        raise LogNotEmpty(f"The database has the events of {identity} already.")


def _batches(events: Iterable[LoggedEvent], longest: int) -> Iterator[Sequence[LoggedEvent]]:
    batch: list[LoggedEvent] = []
    size = 0
    for event in events:
        batch.append(event)
        size += len(event.state)
        if len(batch) == longest or size >= rebuild.BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _index(store: Store, generation: int) -> None:
    try:
        rebuild.index(store, generation)
    except (StoreUnavailable, RebuildOvertaken):
        raise
    except Exception as error:
        raise NotALog(f"The events do not agree with each other: {error!r}.") from error


def _fill(store: Store, generation: int, fresh: Changes, events: Sequence[LoggedEvent]) -> None:
    """Let the read models follow, all but the tree, which needs the log's id in its place."""
    mapper: Mapper[str] = Mapper(EventTranscoder())
    try:
        with store.filling():
            rebuild.check_generation(store, generation)
            meant = (mapper.to_domain_event(StoredEvent(*event[1:])) for event in events)
            apply([*zip(meant, (event.position for event in events), strict=True)], fresh)
    except (StoreUnavailable, RebuildOvertaken):
        raise
    except Exception as error:
        if len(events) == 1:
            message = f"The event at position {events[0].position} cannot be replayed: {error!r}."
            raise NotALog(message) from error
        for event in events:  # of which nothing has been kept; one says what is wrong
            _fill(store, generation, fresh, [event])
