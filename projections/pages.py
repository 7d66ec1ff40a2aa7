"""Pages of a list: by offset or by keyset, in one query with their exact count."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson

if TYPE_CHECKING:
    from projections.store import Store

T = TypeVar("T")

LARGEST = 2**63
"""No whole number in the database is as large; a cursor that says so was not made by us."""


class InvalidCursor(Exception):
    """The cursor was not made by us for this very list, order and filters."""


class Order:
    """The columns that a list is sorted by, the last of which is unique, with their types."""

    def __init__(self, *columns: tuple[str, type]) -> None:
        self.columns = tuple(column for column, _ in columns)
        self.types = tuple(kind for _, kind in columns)

    def by(self, descending: bool) -> str:
        """Return what stands after ORDER BY where the rows are found."""
        return ", ".join(f"{column} {direction(descending)}" for column in self.columns)

    def after(self, descending: bool) -> str:
        """Return the condition of a row being after the key in `:after0`, `:after1`, ..."""
        keys = ", ".join(f":after{number}" for number in range(len(self.columns)))
        return f"({', '.join(self.columns)}) {'<' if descending else '>'} ({keys})"


def direction(descending: bool) -> str:
    """Return the SQL word."""
    return "DESC" if descending else "ASC"


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows of a list; `count` is how many match in all, capped where `count_capped` says so."""

    rows: list[T]
    count: int
    next_cursor: str | None = None
    previous_cursor: str | None = None
    count_capped: bool = False


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[T]):
    """A list to take a page of.

    The rows are found first (`found` columns of `source` where `condition`, in `order`), and only
    then their documents are fetched (`columns` by way of `joins`, where the found row is `page`).
    `scope` is what a cursor is bound to. `total` is a query for the maintained count, where there
    is one; `count_cap` bounds how far the count goes otherwise.
    """

    make: Callable[..., T]
    columns: str
    found: str
    source: str
    joins: str
    condition: str
    order: Order
    descending: bool
    scope: str
    parameters: dict[str, Any] = field(default_factory=dict)
    total: str | None = None
    count_cap: int | None = None

    def page(self, store: "Store", limit: int, offset: int, cursor: str | None) -> Page[T]:
        """Return a page of up to `limit` rows; `cursor` ("" for the first page) instead of offset.

        Raises `InvalidCursor`.
        """
        backwards, key = decode_cursor(self.scope, cursor, self.order.types) if cursor else (0, ())
        descending = self.descending != bool(backwards)
        condition = self.condition
        parameters = self.parameters | ({"offset": offset} if offset else {})
        # PostgreSQL plans a parameter in LIMIT or OFFSET anew each time, which takes 0.4 ms
        limits = f"LIMIT {limit + 1}{' OFFSET :offset' if offset else ''}"
        if key:
            condition += f" AND {self.order.after(descending)}"
            parameters |= {f"after{number}": value for number, value in enumerate(key)}
        width = len(self.order.columns)
        sorts = [f"sort{number}" for number in range(width)]
        sorted_by = ", ".join(f"{c} AS {s}" for c, s in zip(self.order.columns, sorts, strict=True))
        statement = (
            f"SELECT {self.columns}, {', '.join(sorts)}, ({self._counted()})"
            f" FROM (SELECT {self.found}, {sorted_by}"
            f" FROM {self.source} WHERE {condition}"
            f" ORDER BY {self.order.by(descending)} {limits}) page {self.joins}"
            f" ORDER BY {', '.join(f'{sort} {direction(descending)}' for sort in sorts)}"
        )
        found = store.read(statement, **parameters) if limit else []
        if found:
            count = found[0][-1]
        elif limit and not (offset or key):
            count = 0
        else:
            count = store.read(f"SELECT ({self._counted()})", **self.parameters)[0][0]
        more, rows = len(found) > limit, [row[:-1] for row in found[:limit]]
        if backwards:
            rows.reverse()
        capped = self.count_cap is not None and count > self.count_cap
        return Page(
            rows=[self.make(*row[:-width]) for row in rows],
            count=min(count, self.count_cap) if self.count_cap is not None and capped else count,
            count_capped=capped,
            next_cursor=encode_cursor(self.scope, 0, rows[-1][-width:])
            if rows and (more or backwards)
            else None,
            previous_cursor=encode_cursor(self.scope, 1, rows[0][-width:])
            if rows and (more if backwards else bool(key))
            else None,
        )

    def _counted(self) -> str:
        """Return the query for the count: part of the page's own, so that both see one state."""
        if self.total is not None:
            return self.total
        rows = f"FROM {self.source} WHERE {self.condition}"
        if self.count_cap is not None:
            rows = f"FROM (SELECT 1 AS one {rows} LIMIT {self.count_cap + 1}) capped"
        return f"SELECT count(*) {rows}"


def encode_cursor(scope: str, backwards: int, key: tuple[Any, ...]) -> str:
    """Return an opaque cursor that goes on after the row of this key, bound to `scope`."""
    text = orjson.dumps([_digest(scope), backwards, *key])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decode_cursor(scope: str, cursor: str, types: tuple[type, ...]) -> tuple[int, tuple[Any, ...]]:
    """Return whether it goes backwards, and the key. Raises `InvalidCursor`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        scoped, backwards, *key = orjson.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, TypeError):
        raise InvalidCursor from None
    if scoped != _digest(scope) or backwards not in (0, 1):
        raise InvalidCursor
    if [type(part) for part in key] != list(types) or any(
        abs(part) >= LARGEST if isinstance(part, int) else "\0" in part for part in key
    ):
        raise InvalidCursor
    return backwards, tuple(key)


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()[:12]
