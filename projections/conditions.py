"""Filters of a list as SQL: every value is a parameter, every name is one of ours."""

from collections.abc import Mapping
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

SHORTEST_TRIGRAM_WORD = 3


def where(
    store: "Store",
    conditions: Conditions,
    columns: Mapping[str, str],
    words: tuple[str, ...],
    searched: tuple[str, str, str],
    alias: str,
) -> tuple[str, dict[str, Any]]:
    """Return ` AND ...` for the filters and the search, with its parameters; "" when there is none.

    `columns` says how each filter reads: a condition with `{}` in it for texts, a column for
    numbers and booleans. `searched` is the table, key and column of the trigram index.
    """
    parameters: dict[str, Any] = {}
    numbers = count()
    parts = _parts(conditions, columns, parameters, numbers)
    parts += search(store, words, searched, alias, parameters)
    return "".join(f" AND {part}" for part in parts), parameters


def search(
    store: "Store",
    words: tuple[str, ...],
    searched: tuple[str, str, str],
    alias: str,
    parameters: dict[str, Any],
    *,
    scan: bool = False,
) -> list[str]:
    """Return the conditions under which every word is a substring of the searched column.

    `scan` reads the column instead of the trigram index, which is quicker where few rows are left.
    """
    indexed = [] if scan else [word for word in words if len(word) >= SHORTEST_TRIGRAM_WORD]
    parts = [store.text_matches(searched, alias, indexed, parameters)] if indexed else []
    for number, word in enumerate(word for word in words if word not in indexed):
        parameters[f"word{number}"] = word
        parts.append(store.text_contains(f"{alias}.{searched[2]}", f":word{number}"))
    return parts


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
                parts.append(columns[name].format(f":{parameter}"))
            else:
                parameters[parameter] = list(value)
                several = columns[name].replace("= {}", "IN (SELECT each.value FROM each({}))")
                parts.append(several.format(f":{parameter}"))
    return parts
