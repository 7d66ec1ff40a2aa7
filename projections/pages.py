"""Pages of a list: by offset or by keyset, in one snapshot with their count."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson

from projections.sql import Row

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

    @property
    def sorts(self) -> "Order":
        """The order of found rows, whose columns are named `sort0`, `sort1`, ..."""
        names = (f"sort{number}" for number in range(len(self.columns)))
        return Order(*zip(names, self.types, strict=True))

    @property
    def selected(self) -> str:
        """What stands after SELECT where the rows are found."""
        named = zip(self.columns, self.sorts.columns, strict=True)
        return ", ".join(f"{column} AS {sort}" for column, sort in named)

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


FEW = 1_000
"""So many hits are simply all taken and sorted: 3 to 7 ms."""

LOOKED_AT = 100
"""A walk looks at so many rows for each that is asked for: it finds what 1 % of the rows are."""

LONGEST_WALK = 50_000
"""No walk looks at more rows (65 to 200 ms), nor is one begun that had to find 5 % of these."""


Source = tuple[str, str]
"""What stands after FROM, and after WHERE."""


@dataclass(frozen=True)
class Walk:
    """How to go through a list in its order by an index and look at each row.

    The rows are those of `table` (name and alias) that meet `condition`; `joined` to others, they
    are in the list where `test`. One in `share` is, filters aside.
    """

    table: str
    condition: str
    joined: str
    test: str
    share: int = 1


@dataclass(frozen=True)
class _Asked:
    """Which page: `limit` rows after `offset` others, or after those up to `key`."""

    limit: int
    offset: int
    key: tuple[Any, ...]
    descending: bool

    @property
    def limits(self) -> str:
        # PostgreSQL plans a parameter in LIMIT or OFFSET anew each time, which takes 0.4 ms
        return f"LIMIT {self.limit + 1}{' OFFSET :offset' if self.offset else ''}"

    @property
    def reach(self) -> str:
        return "LIMIT :reach" if self.offset else self.limits

    @property
    def parameters(self) -> dict[str, Any]:
        last = self.offset + self.limit + 1
        offset = {"offset": self.offset, "reach": last} if self.offset else {}
        return offset | {f"after{number}": value for number, value in enumerate(self.key)}

    def after(self, order: Order) -> str:
        return f" AND {order.after(self.descending)}" if self.key else ""

    def by(self, order: Order) -> str:
        return f"ORDER BY {order.by(self.descending)}"


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[T]):
    """A list to take a page of.

    The rows are found first (`found` columns of `source` where `condition`, in `order`), and only
    then their documents are fetched (`columns` by way of `joins`, where the found row is `page`).
    `scope` is what a cursor is bound to. `total` is a query for the maintained count, where there
    is one: then `source` is in the list's order already. Else it finds the hits of a search or of
    filters in the quickest way, whatever their order; `count_cap` bounds how far they are counted,
    and `walk` helps where they are many. `others` are further sources, each with its condition,
    whose rows are in the list too; no row is in two. `in_order` are sources of the same rows each
    of which is in the list's order, for a list with a total and for hits that are many.
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
    walk: Walk | None = None
    others: tuple[Source, ...] = ()
    in_order: tuple[Source, ...] = ()

    def page(self, store: "Store", limit: int, offset: int, cursor: str | None) -> Page[T]:
        """Return a page of up to `limit` rows; `cursor` ("" for the first page) instead of offset.

        Raises `InvalidCursor`.
        """
        backwards, key = decode_cursor(self.scope, cursor, self.order.types) if cursor else (0, ())
        asked = _Asked(limit, offset, key, self.descending != bool(backwards))
        with nullcontext() if self.total is not None else store.reading():
            found, count = self._found(store, asked)
        more, rows = len(found) > limit, found[:limit]
        if backwards:
            rows.reverse()
        capped = self.count_cap is not None and count > self.count_cap
        width = len(self.order.columns)
        return Page(
            rows=[self.make(*row[: -width - 1]) for row in rows],
            count=min(count, self.count_cap) if self.count_cap is not None and capped else count,
            count_capped=capped,
            next_cursor=encode_cursor(self.scope, 0, rows[-1][-width - 1 : -1])
            if rows and (more or backwards)
            else None,
            previous_cursor=encode_cursor(self.scope, 1, rows[0][-width - 1 : -1])
            if rows and (more if backwards else bool(key))
            else None,
        )

    def _found(self, store: "Store", asked: _Asked) -> tuple[list[Row], int]:
        """Return the rows, one more than asked for if there are more, and the count.

        Few hits are all taken and sorted. Many are dense, so that a walk soon meets enough of them,
        unless they stand together elsewhere in the order: then all of them are sorted after all.
        """
        if not asked.limit:
            return [], self._count(store)
        if self.total is not None and self.in_order:
            found = self._take(store, asked, "hits WHERE TRUE", self.total, self._merged(asked))
            return found, self._counted(store, asked, found)
        if self.total is not None:
            found = self._take(store, asked, f"{self.source} WHERE {self.condition}", self.total)
            return found, self._counted(store, asked, found)
        if self.walk is not None:
            found, count = self._sorted(store, asked, FEW + 1)
            if count <= FEW:
                return found, count
            needed = (asked.offset + asked.limit + 1) * self.walk.share
            if 20 * needed <= LONGEST_WALK:
                looked_at = min(LOOKED_AT * needed, LONGEST_WALK)
                found = self._walked(store, asked, self.walk, looked_at)
                if len(found) > asked.limit:
                    return found, self._count(store)
        if self.in_order:
            found, count = self._sorted(store, asked, FEW + 1)
            if count <= FEW:
                return found, count
            found = self._take(store, asked, "hits WHERE TRUE", "NULL", self._merged(asked))
            return found, self._count(store)
        return self._sorted(store, asked, None)

    def _sorted(self, store: "Store", asked: _Asked, most: int | None) -> tuple[list[Row], int]:
        """Take all hits, or so many at most, and of these the page and the count."""
        hits = self._hits(f"{self.found}, {self.order.selected}", most)
        found = self._take(store, asked, "hits WHERE TRUE", "SELECT count(*) FROM hits", hits)
        return found, self._counted(store, asked, found, most)

    def _walked(self, store: "Store", asked: _Asked, walk: Walk, looked_at: int) -> list[Row]:
        """Look at so many rows in the list's order."""
        rows = (
            f"SELECT * FROM {walk.table} WHERE {walk.condition}{asked.after(self.order)}"
            f" {asked.by(self.order)} LIMIT {looked_at}"
        )
        source = f"({rows}) {walk.table.split()[-1]} {walk.joined} WHERE {walk.test}"
        return self._take(store, asked, source, "NULL")

    def _take(
        self, store: "Store", asked: _Asked, source: str, counted: str, hits: str = ""
    ) -> list[Row]:
        """Return the rows of the page with their sort columns and a count, in one query.

        They come from `source`, or from `hits` where it is given and `source` only names it.
        """
        sorts = self.order.sorts
        order, found = (
            (sorts, "*") if hits else (self.order, f"{self.found}, {self.order.selected}")
        )
        statement = (
            f"{f'WITH hits AS MATERIALIZED ({hits}) ' if hits else ''}"
            f"SELECT {self.columns}, {', '.join(sorts.columns)}, ({counted})"
            f" FROM (SELECT {found} FROM {source}{asked.after(order)}"
            f" {asked.by(order)} {asked.limits}) page {self.joins} {asked.by(sorts)}"
        )
        ask = store.search if self.total is None else store.read
        return ask(statement, **self.parameters, **asked.parameters)

    def _hits(self, columns: str, most: int | None) -> str:
        limit = "" if most is None else f" LIMIT {most}"
        sources = ((self.source, self.condition), *self.others)
        parts = (f"SELECT {columns} FROM {source} WHERE {test}" for source, test in sources)
        return f"{' UNION ALL '.join(parts)}{limit}"

    def _merged(self, asked: _Asked) -> str:
        """Take of each source that is in the list's order what the page may need."""
        columns = f"{self.found}, {self.order.selected}"
        after, by = asked.after(self.order), asked.by(self.order)
        return " UNION ALL ".join(
            f"SELECT * FROM (SELECT {columns} FROM {source} WHERE {test}{after} {by} {asked.reach})"
            f" part{number}"
            for number, (source, test) in enumerate(self.in_order)
        )

    def _counted(
        self, store: "Store", asked: _Asked, found: list[Row], most: int | None = None
    ) -> int:
        """Return the count that came with the rows; a page beyond the end brings none."""
        if found:
            return int(found[0][-1])
        return self._count(store, most) if asked.offset or asked.key else 0

    def _count(self, store: "Store", most: int | None = None) -> int:
        """Count up to `most`, or to one more than the cap."""
        if self.total is not None:
            return int(store.read(self.total, **self.parameters)[0][0])
        if most is None and self.count_cap is not None:
            most = self.count_cap + 1
        hits = self._hits("1 AS one", most)
        return int(store.search(f"SELECT count(*) FROM ({hits}) hits", **self.parameters)[0][0])


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
