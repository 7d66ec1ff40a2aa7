"""The query strings of routes: from what `query.parse` gives to requests the read side answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from marshmallow import ValidationError

from domain.group import IDS_PER_EVENT
from projections.history import ALWAYS, Span
from service.api.fields import CUSTOMER_COLUMNS, GROUP_COLUMNS, GROUP_EXTRAS, Fields
from service.api.filters import (
    AnyOf,
    CustomerFilters,
    EventTypes,
    GroupFilters,
    MemberFilters,
    Moment,
    Point,
    count_branches,
)
from service.api.paging import Ignored, Number, Order, Search, Selection, Single, Truth
from service.api.problems import Fault, Query, faults

LARGEST_PAGE = 1_000
LONGEST_WAIT_SECONDS = 30
DEFAULT_PAGE = 50

GROUP_ORDERS = ("id", "name", "created_at", "updated_at", "customers_count")
CUSTOMER_ORDERS = (
    "id",
    "created_at",
    "updated_at",
    "email",
    "first_name",
    "last_name",
    "has_account",
)
MEMBER_ORDERS = (
    "added_at",
    "email",
    "first_name",
    "last_name",
    "has_account",
    "created_at",
    "updated_at",
)
MEMBER_FIELDS = Fields((*CUSTOMER_COLUMNS, "added_at"), None, is_default=True)

_GROUP_SELECTION: dict[str, Any] = {
    "defaults": GROUP_COLUMNS,
    "extras": GROUP_EXTRAS,
    "relation": "customers",
    "relation_defaults": CUSTOMER_COLUMNS,
}
_CUSTOMER_SELECTION: dict[str, Any] = {
    "defaults": CUSTOMER_COLUMNS,
    "relation": "groups",
    "relation_defaults": GROUP_COLUMNS,
    "relation_extras": GROUP_EXTRAS,
}


@dataclass(frozen=True, slots=True)
class ListRequest:
    """One page of a list.

    `cursor` is None for a page by offset and "" for the first page by keyset. `order` is a column
    and whether it descends. `words` must all be found; they are case-folded and NFC.

    `conditions` is a tree: a column with the list of values it may have (`has_account`: a bool);
    a date or `customers_count` with a dict of operators (`$eq`, `$gte`, `$gt`, `$lte`, `$lt`) and
    integers, dates as milliseconds since 1970; `$or` and `$and` with lists of such trees.

    `as_of` is a position of the log, a time, or None for the list as it is now.
    """

    limit: int
    offset: int
    cursor: str | None
    order: tuple[str, bool]
    fields: Fields
    conditions: dict[str, Any]
    words: tuple[str, ...]
    as_of: int | datetime | None = None

    @property
    def paging(self) -> dict[str, Any]:
        """Which page of what is found, in which order: as every list's `page` takes it."""
        names = ("limit", "offset", "cursor", "order", "words")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class RetrieveRequest:
    """What to answer of one object; `detail` asks a change of links for its counts.

    `as_of` is a position of the log, a time, or None for the object as it is now.
    """

    fields: Fields
    detail: bool = False
    as_of: int | datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """One page of a history; `cursor` None is the newest page.

    At most `ids` customer ids of each event are named; None: as the events have them.
    """

    limit: int
    cursor: str | None
    span: Span = ALWAYS
    ids: int | None = None
    group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """How to import; `dry_run` only says what would happen."""

    dry_run: bool


class ListQuery(Query):
    """Paging and search, which every list has; its filters are a schema of their own."""

    filters: ClassVar[Query]

    limit = Number(served=LARGEST_PAGE, load_default=DEFAULT_PAGE)
    offset = Number(load_default=0)
    cursor = Single(load_default=None)
    q = Search(load_default=())

    def load(self, data: Any, **_options: Any) -> ListRequest:
        """Return the page asked for. Raises `Invalid`."""
        values = super().load(data)
        return ListRequest(
            limit=values["limit"],
            offset=values["offset"],
            cursor=values["cursor"],
            order=values["order"],
            fields=values["fields"],
            conditions=values["conditions"],
            words=values["q"],
            as_of=values.get("as_of"),
        )

    def checked(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of this schema, and those of the filters as `conditions`."""
        filters = {name: value for name, value in data.items() if name not in self.names}
        if not filters:
            return self._paging(data) | {"conditions": {}}
        found: list[Fault] = []
        values: dict[str, Any] = {}
        try:
            values = self._paging({name: data[name] for name in data if name in self.names})
        except ValidationError as error:
            found += faults(error)
        try:
            count_branches(filters)
            values["conditions"] = self.filters.checked(filters)
        except ValidationError as error:
            found += faults(error)
        if found:
            raise ValidationError(found)
        return values

    def _paging(self, data: Mapping[str, Any]) -> dict[str, Any]:
        if "cursor" in data and "offset" in data:
            message = "A page is asked for by 'cursor' or by 'offset', not by both"
            raise ValidationError([Fault(message, ("cursor",))])
        return super().checked(data)


class GroupListQuery(ListQuery):
    """Lists of groups: all of them, or a customer's."""

    filters = GroupFilters()

    order = Order(GROUP_ORDERS, default=("id", False))
    selection = Selection(**_GROUP_SELECTION)
    with_deleted = Ignored()
    as_of = Point(load_default=None)


class CustomerListQuery(ListQuery):
    """The list of customers."""

    filters = CustomerFilters()

    order = Order(CUSTOMER_ORDERS, default=("id", False))
    selection = Selection(**_CUSTOMER_SELECTION)
    with_deleted = Ignored()


class MembersQuery(ListQuery):
    """The members of a group; by keyset unless an offset is given."""

    filters = MemberFilters()

    limit = Number(smallest=1, largest=LARGEST_PAGE, load_default=DEFAULT_PAGE)
    order = Order(MEMBER_ORDERS, default=("added_at", True))
    as_of = Point(load_default=None)

    def _paging(self, data: Mapping[str, Any]) -> dict[str, Any]:
        values = super()._paging(data)
        if "offset" not in data and values["cursor"] is None:
            values["cursor"] = ""
        return values | {"fields": MEMBER_FIELDS}


class RetrieveQuery(Query):
    """What the answer of one object, or of a change to it, is asked to hold."""

    def load(self, data: Any, **_options: Any) -> RetrieveRequest:
        """Return what to answer. Raises `Invalid`."""
        return RetrieveRequest(**super().load(data))


class GroupQuery(RetrieveQuery):
    """One group."""

    selection = Selection(**_GROUP_SELECTION)


class GroupAsOfQuery(GroupQuery):
    """One group as it is or was."""

    as_of = Point(load_default=None)


class GroupLinksQuery(GroupQuery):
    """A change of a group's customers."""

    detail = Truth(bare=True, load_default=False)


class CustomerQuery(RetrieveQuery):
    """One customer."""

    selection = Selection(**_CUSTOMER_SELECTION)


class CustomerLinksQuery(CustomerQuery):
    """A change of a customer's groups."""

    detail = Truth(bare=True, load_default=False)


class PastQuery(Query):
    """A page of what happened, and which events are wanted."""

    limit = Number(smallest=1, largest=LARGEST_PAGE, load_default=DEFAULT_PAGE)
    cursor = Single(load_default=None)
    type = EventTypes(load_default=())
    actor = AnyOf(load_default=())
    since = Moment(load_default=None)
    until = Moment(load_default=None)

    def load(self, data: Any, **_options: Any) -> HistoryRequest:
        """Return the page asked for. Raises `Invalid`."""
        asked = super().load(data)
        span = Span(
            types=tuple(asked.pop("type")),
            actors=tuple(asked.pop("actor")),
            since=asked.pop("since"),
            until=asked.pop("until"),
        )
        return HistoryRequest(span=span, **asked)


class HistoryQuery(PastQuery):
    """A page of a group's history."""

    ids = Number(largest=IDS_PER_EVENT, load_default=None)


class CustomerHistoryQuery(PastQuery):
    """A page of a customer's history."""

    group_ids = AnyOf(data_key="group_id", load_default=())

    def load(self, data: Any, **_options: Any) -> HistoryRequest:
        """Return the page asked for. Raises `Invalid`."""
        asked = super().load(data)
        return replace(asked, group_ids=tuple(asked.group_ids))


class UndoQuery(Query):
    """How to undo; `dry_run` only shows what would be recorded."""

    dry_run = Truth(bare=True, load_default=False)
    ids = Number(largest=IDS_PER_EVENT, load_default=None)


class FollowQuery(Query):
    """Where in the log to begin, and which events are wanted."""

    after = Number(load_default=None)
    since = Moment(load_default=None)
    log = Single(load_default=None)
    type = AnyOf(load_default=())
    group_id = Single(load_default=None)
    customer_id = Single(load_default=None)


class FeedQuery(FollowQuery):
    """A page of the log, or all of it from there; `wait` holds an empty page back."""

    limit = Number(smallest=1, largest=LARGEST_PAGE, load_default=None)
    wait = Number(largest=LONGEST_WAIT_SECONDS, load_default=0)


class ImportQuery(Query):
    """How to import customers."""

    dry_run = Truth(bare=True, load_default=False)

    def load(self, data: Any, **_options: Any) -> ImportRequest:
        """Return how to import. Raises `Invalid`."""
        return ImportRequest(**super().load(data))


class InclusionQuery(Query):
    """The event that is to be proven, and the size of the tree, None for the newest."""

    position = Number(smallest=1, required=True)
    tree_size = Number(smallest=1, load_default=None)


class ConsistencyQuery(Query):
    """The sizes of two trees: `from`, and `to`, None for the newest."""

    first = Number(data_key="from", attribute="from", required=True)
    second = Number(data_key="to", attribute="to", load_default=None)


class PageQuery(Query):
    """A page of a short list, by offset."""

    limit = Number(served=LARGEST_PAGE, load_default=DEFAULT_PAGE)
    offset = Number(load_default=0)
