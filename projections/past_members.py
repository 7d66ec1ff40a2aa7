"""Who was in a group at a position: the pages of `membership.members` as they were."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from projections.conditions import Conditions, contained, where
from projections.directory import COLUMNS, SEARCHED
from projections.intervals import EACH_SPAN, LONGEST, ended_after, open_at
from projections.pages import Listing, Order, Source
from projections.sql import Read, Row

if TYPE_CHECKING:
    from projections.store import Store

T = TypeVar("T")

CUSTOMER = "LEFT JOIN customer c ON c.id = m.customer_id"

COUNT = """
SELECT coalesce((SELECT n.customers_count FROM group_count n
  WHERE n.group_key = :group AND n.position <= :at ORDER BY n.position DESC LIMIT 1), 0)
"""

EMBEDDED = f"""
SELECT m.customer_id, c.document FROM membership m {CUSTOMER}
WHERE m.group_key = :group AND {open_at("m")}
UNION ALL
SELECT m.customer_id, c.document FROM {EACH_SPAN} CROSS JOIN membership m {CUSTOMER}
WHERE m.group_key = :group AND {ended_after("m")}
ORDER BY 1
"""


def listing(
    store: "Store",
    make: Callable[..., T],
    group_key: int,
    *,
    at: int,
    order: tuple[str, bool],
    sorting: Order,
    conditions: Conditions | None,
    words: tuple[str, ...],
    by_customer: bool,
    count_cap: int,
) -> Listing[T]:
    """Return the list of those who were members, made of id, document and since when.

    Unfiltered and by `added_at` a page costs the same at any position. Other orders look at all
    members of then, filters and words at them or, `by_customer`, at the customers that they find.
    Customers are as they are now: one that was erased has no document, and nothing finds it.
    """
    parameters: dict[str, Any] = {"group": group_key, "at": at}
    filters = where(conditions, COLUMNS, parameters)
    test = filters + contained(store, words, "c.search", parameters)
    if by_customer and test:
        hits, found = store.text_hits(SEARCHED, "c", words, parameters)
        sources = _by_customer(store, hits, f"{found}{filters}")
    else:
        sources = _of_group(store, test)
    filtered = bool(conditions or words)
    (source, condition), *others = sources
    return Listing(
        make=make,
        columns="page.customer_id, c.document, page.since_at",
        found="m.customer_id, m.since_at",
        source=source,
        condition=condition,
        others=tuple(others),
        in_order=_in_order(test) if order[0] == "added_at" else (),
        joins="LEFT JOIN customer c ON c.id = page.customer_id",
        parameters=parameters,
        total=None if test or order[0] != "added_at" else COUNT,
        count_cap=count_cap if filtered else None,
        order=sorting,
        descending=order[1],
        scope=repr(("members", group_key, at, order, conditions, words)),
    )


def _in_order(test: str) -> tuple[Source, ...]:
    """Return walks through an index, each in the order of `added_at`."""
    conditions = (open_at("m"), *(ended_after("m", span) for span in range(len(LONGEST))))
    source = f"membership m {CUSTOMER}" if test else "membership m"
    return tuple((source, f"m.group_key = :group AND {each}{test}") for each in conditions)


def _of_group(store: "Store", test: str) -> tuple[Source, ...]:
    """Return all who were members and pass a test."""
    of_group = f"m.group_key = :group AND {ended_after('m')}"
    ended = store.probed("membership", "m", of_group)
    return (
        (f"membership m {CUSTOMER}", f"m.group_key = :group AND {open_at('m')}{test}"),
        (f"{EACH_SPAN} CROSS JOIN {ended} {CUSTOMER}", f"{of_group}{test}"),
    )


def _by_customer(store: "Store", hits: str, condition: str) -> tuple[Source, ...]:
    """Return the customers under a condition who were members."""
    left = "m.until_position > :at AND m.since_position <= :at"
    probes = (
        f"m.customer_id = c.id AND m.group_key = :group AND {open_at('m')}",
        # with a plus, so that nobody looks through all the past members of the group
        f"m.customer_id = c.id AND +m.group_key = :group AND {left}",
    )
    return tuple(
        (f"{hits} CROSS JOIN {store.probed('membership', 'm', probe)}", f"{condition} AND {probe}")
        for probe in probes
    )


def embedded(read: Read, group_key: int, at: int) -> list[Row]:
    """Return id and document of every member of then, by id."""
    return read(EMBEDDED, group=group_key, at=at)
