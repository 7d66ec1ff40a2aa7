"""The read models, in the order in which they follow an event, and the names of their tables."""

import re
from functools import lru_cache

from projections import group_detail, group_list, membership, requests

READ_MODELS = (group_list, group_detail, membership, requests)

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


def versions() -> dict[str, int]:
    """Return the version of each read model by its name."""
    return {model.__name__.partition(".")[2]: model.VERSION for model in READ_MODELS}


@lru_cache(maxsize=2048)
def prefixed(statement: str, prefix: str) -> str:
    """Return the statement with the names of the read models' tables prefixed."""
    return _NAMES.sub(rf"{prefix}\g<0>", statement) if prefix else statement
