"""The read models, in the order in which they follow an event, and the names of their tables."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from projections import group_detail, group_list, group_states, membership, merkle, requests
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


def follow(events: Sequence[tuple[Any, LoggedEvent]], write: Write) -> None:
    """Let all read models follow the next events of the log, each as it is meant and as stored."""
    for event, logged in events:
        for read_model in FOLLOWERS:
            read_model.apply(event, logged.position, write)
    if events:
        merkle.append([logged for _, logged in events], write)


def versions() -> dict[str, int]:
    """Return the version of each read model by its name."""
    return {model.__name__.partition(".")[2]: model.VERSION for model in READ_MODELS}


@lru_cache(maxsize=2048)
def prefixed(statement: str, prefix: str) -> str:
    """Return the statement with the names of the read models' tables prefixed."""
    return _NAMES.sub(rf"{prefix}\g<0>", statement) if prefix else statement
