"""The read models, in the order in which they follow an event, and the names of their tables."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from projections import group_detail, group_list, group_states, membership, merkle, requests
from projections.batch import Batch, begin
from projections.log import LoggedEvent
from projections.sql import Write

FOLLOWERS = (group_list, group_detail, group_states, membership, requests)
"""What follows each event; the Merkle tree is made of the stored bytes."""

READ_MODELS = (*FOLLOWERS, merkle)

SEARCHED = (group_list.SEARCHED,)
"""Table, key and column of each trigram index over a read model."""

TABLES = tuple(
    name
    for read_model in READ_MODELS
    for statement in read_model.SCHEMA
    for name in re.findall(r"CREATE TABLE (\w+)", statement)
)
"""All tables that a rebuild makes anew."""

_NAMES = re.compile(rf"\b({'|'.join(sorted(TABLES, key=len, reverse=True))})(_search)?\b")


Positioned = tuple[Any, int]
"""An event as it is meant, and its position."""


def follow(
    events: Sequence[Positioned],
    write: Write,
    *,
    tree: Sequence[LoggedEvent],
    at_once: bool = False,
) -> None:
    """Let all read models follow the next events of the log, and the tree the same as stored.

    `at_once`: as one batch, into tables that have no `INDEXES` yet. Of several names that a group
    had a batch writes the last, so that two groups may have the same until all are written.
    """
    for batch in [events] if at_once else [[one] for one in events]:
        apply(batch, write)
    if tree:
        merkle.append(tree, write)


def apply(events: Sequence[Positioned], write: Write) -> None:
    """Let all but the tree follow a batch of events, each with its position."""
    batch = begin([event for event, _ in events], write.read)
    for event, position in events:
        for apply_to in _appliers(event.__class__):
            apply_to(event, position, batch)
    for read_model in FOLLOWERS:
        read_model.save(batch, write)


@lru_cache
def _appliers(kind: type) -> tuple[Callable[[Any, int, Batch], None], ...]:
    return tuple(read_model.apply.dispatch(kind) for read_model in FOLLOWERS)


def versions() -> dict[str, int]:
    """Return the version of each read model by its name."""
    return {model.__name__.partition(".")[2]: model.VERSION for model in READ_MODELS}


@lru_cache(maxsize=2048)
def prefixed(statement: str, prefix: str) -> str:
    """Return the statement with the names of the read models' tables prefixed."""
    return _NAMES.sub(rf"{prefix}\g<0>", statement) if prefix else statement
