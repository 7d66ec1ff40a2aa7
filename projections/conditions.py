"""Filters of a list as SQL: every value is a parameter, every name is one of ours."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from projections.store import Store

Conditions = dict[str, Any]
"""A tree of filters, all of which must hold.

A name with a list of texts: any of them. A name with a boolean: that. `created_at`, `updated_at`,
`customers_count` with `{"$gte"|"$gt"|"$lte"|"$lt"|"$eq": whole number}`. `$or` and `$and` with a
list of such trees.
"""

OPERATORS = {"$gte": ">=", "$gt": ">", "$lte": "<=", "$lt": "<", "$eq": "="}

Searched = tuple[str, str, str]
"""A table, its key and the column of it that is searched and has a trigram index."""

SHORTEST_TRIGRAM_WORD = 3


def where(
    conditions: Conditions | None, columns: Mapping[str, str], parameters: dict[str, Any]
) -> str:
    """Return ` AND ...` for the filters, "" when there is none; their values go to `parameters`.

    `columns` says how each filter reads: a condition with `{}` in it for texts, a column for
    numbers and booleans.
    """
    parts = _parts(conditions or {}, columns, parameters, count())
    return "".join(f" AND {part}" for part in parts)


def contained(store: "Store", words: Sequence[str], column: str, parameters: dict[str, Any]) -> str:
    """Return ` AND ...`: the column, which is read, holds every word."""
    parts = []
    for word in words:
        name = f"word{len(parameters)}"
        parameters[name] = word
        parts.append(f" AND {store.text_contains(column, f':{name}')}")
    return "".join(parts)


def by_length(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words that a trigram index finds, and those too short for it."""
    long = [word for word in words if len(word) >= SHORTEST_TRIGRAM_WORD]
    return long, [word for word in words if word not in long]


def _parts(
    conditions: Conditions, columns: Mapping[str, str], parameters: dict[str, Any], numbers: Any
) -> list[str]:
    parts = []
    for name, value in conditions.items():
        if name in ("$or", "$and"):
            branches = [
                " AND ".join(_parts(branch, columns, parameters, numbers)) or "TRUE"
                for branch in value
            ]
            joined = (" OR " if name == "$or" else " AND ").join(f"({b})" for b in branches)
            parts.append(f"({joined})")
        elif isinstance(value, dict):
            for operator, bound in value.items():
                parameter = f"p{next(numbers)}"
                parameters[parameter] = bound
                parts.append(f"{columns[name]} {OPERATORS[operator]} :{parameter}")
        elif isinstance(value, bool):
            parts.append(f"{columns[name]} = {int(value)}")
        else:
            parameter = f"p{next(numbers)}"
            if len(value) == 1:
                parameters[parameter] = value[0]
                parts.append(columns[name].replace("{}", f":{parameter}"))
            else:
                parameters[parameter] = list(value)
                several = columns[name].replace("= {}", "IN (SELECT each.value FROM each({}))")
                parts.append(several.replace("{}", f":{parameter}"))
    return parts
