"""The query parameters of `queries.py` as OpenAPI parameter objects.

Written by hand: apispec knows no nested parameters, and clients read these descriptions.
"""

from collections.abc import Sequence
from typing import Any

from domain.group import IDS_PER_EVENT
from service.api.bodies import LARGEST_WHOLE_NUMBER
from service.api.eventschemas import EVENTS
from service.api.filters import DEEPEST_BRANCH, MOST_BRANCHES
from service.api.paging import LONGEST_SEARCH
from service.api.queries import (
    CUSTOMER_ORDERS,
    DEFAULT_PAGE,
    GROUP_ORDERS,
    LARGEST_PAGE,
    LONGEST_WAIT_SECONDS,
    MEMBER_ORDERS,
)
from service.errors import FEW_IDS

Parameter = dict[str, Any]

_MOMENT = {
    "type": "string",
    "anyOf": [{"format": "date-time"}, {"format": "date"}],
    "examples": ["2026-11-22T04:28:36.211Z", "2026-11-22"],
}
_COUNT = {"type": "integer", "minimum": 0, "maximum": LARGEST_WHOLE_NUMBER}
_SIZE = _COUNT | {"minimum": 1}


def _one(name: str, description: str, **schema: Any) -> Parameter:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _any_of(name: str, description: str) -> Parameter:
    spelled = f"Any of these values: `{name}=a`, repeated, or as `{name}[]=a` or `{name}[0]=a`."
    values = {"type": "array", "items": {"type": "string"}}
    return _one(name, f"{description} {spelled}", **values) | {"style": "form", "explode": True}


def _compared(name: str, description: str, value: dict[str, Any]) -> Parameter:
    bounds = {
        "type": "object",
        "properties": dict.fromkeys(("$gte", "$gt", "$lte", "$lt"), value),
        "minProperties": 1,
        "additionalProperties": False,
    }
    spelled = f"Bounds as `{name}[$gte]=...`; `{name}=...` is equality."
    return _one(name, f"{description} {spelled}", **bounds) | {
        "style": "deepObject",
        "explode": True,
    }


def _branches(filters: list[Parameter]) -> list[Parameter]:
    """Return `$or` and `$and` of these filters, two levels deep."""
    branches: dict[str, Any] = {}
    for _level in range(DEEPEST_BRANCH):
        properties = {each["name"]: each["schema"] for each in filters}
        if branches:
            properties |= dict.fromkeys(("$or", "$and"), branches)
        branch = {
            "type": "object",
            "properties": properties,
            "minProperties": 1,
            "additionalProperties": False,
        }
        branches = {
            "type": "object",
            "propertyNames": {"pattern": "^[0-9]+$"},
            "additionalProperties": branch,
            "minProperties": 1,
            "maxProperties": MOST_BRANCHES,
        }
    return [
        _one(
            name,
            f"Filters of which {joined} must hold, as `{name}[0][id]=...`; "
            f"{MOST_BRANCHES} branches altogether.",
            **branches,
        )
        | {"style": "deepObject", "explode": True}
        for name, joined in (("$or", "one"), ("$and", "all"))
    ]


def _filters(*filters: Parameter) -> list[Parameter]:
    return [*filters, *_branches([*filters])]


_OFFSET = _one("offset", "How many to pass over. Not together with `cursor`.", default=0, **_COUNT)


def _page(limit: Parameter) -> list[Parameter]:
    return [
        limit,
        _OFFSET,
        _one(
            "cursor",
            "Asks for paging by keyset, at the same speed at any depth: empty for the first page, "
            "then `next_cursor` of the page before.",
            type="string",
        ),
        _one(
            "q",
            "Words, case-blind, each of which must be found; empty searches nothing.",
            type="string",
            maxLength=LONGEST_SEARCH,
        ),
    ]


def _limit(smallest: int, largest: int, description: str) -> Parameter:
    return _one(
        "limit",
        description,
        type="integer",
        minimum=smallest,
        maximum=largest,
        default=DEFAULT_PAGE,
    )


def _order(names: Sequence[str], default: str) -> Parameter:
    accepted = [sign + name for name in names for sign in ("", "-")]
    description = "What to sort by, descending with a `-`; ties go by id in the same direction."
    return _one("order", description, type="string", enum=accepted, default=default)


def _fields(relation: str) -> Parameter:
    description = (
        "Keys to answer, split at commas. Plain names answer only these and `id`; otherwise `+x` "
        f"adds to the default keys and `-x` takes away. `*{relation}` embeds all default keys of "
        f"the {relation}, `{relation}.x` one. Unknown names are ignored."
    )
    return _one("fields", description, type="string")


_CLAMPED_LIMIT = _limit(
    0, LARGEST_WHOLE_NUMBER, f"The size of the page; more than {LARGEST_PAGE:,} is served as that."
)
_BOUNDED_LIMIT = _limit(1, LARGEST_PAGE, "The size of the page.")
_WITH_DELETED = _one("with_deleted", "Accepted and without effect.", type="string")
_DATES = [
    _compared("created_at", "When it was created, to the millisecond.", _MOMENT),
    _compared("updated_at", "When it was last changed, to the millisecond.", _MOMENT),
]
_HAS_ACCOUNT = _one("has_account", "Whether the customer can sign in.", type="boolean")
_AS_OF = _one(
    "as_of",
    "Answers as it was: after the event at this position, or at this time, which stands for the "
    "last position whose time is not later; `X-Position` says which. A `+` may arrive as a blank. "
    "Members are those of then, what is said of a customer is as of now, an erased one has only "
    "its id.",
    anyOf=[_COUNT, {"type": "string", "format": "date-time"}],
    examples=[4711, "2026-11-22T04:28:36.211Z"],
)
_BARE = {"anyOf": [{"type": "boolean"}, {"const": ""}], "default": False}
"""A truth value; the parameter without a value is true."""

_DETAIL = _one("detail", "Adds how many were added, already there, removed, absent.", **_BARE)

_FOLLOWED = [
    _one("after", "The position to begin after; without it and `since` at the start.", **_COUNT),
    _one(
        "since",
        "The time to begin at, with its zone; in place of `after`.",
        type="string",
        format="date-time",
        examples=["2026-11-22T04:28:36.211Z"],
    ),
    _one("log", "The id of the log that `after` is of: 409 in any other.", type="string"),
    _any_of("type", f"The events wanted: {', '.join(EVENTS)}, or as `type` has it in full."),
    _one("group_id", "Only events of this group.", type="string"),
    _one("customer_id", "Only events that name this customer.", type="string"),
]

_PAST = [
    _BOUNDED_LIMIT,
    _one("cursor", "`next_cursor` of the page before, with the same filters.", type="string"),
    _any_of("type", f"The events wanted: {', '.join(EVENTS)}, or as `type` has it in full."),
    _any_of("actor", "The id of who did it."),
    *(
        _one(
            name,
            f"{what}, with its zone.",
            type="string",
            format="date-time",
            examples=["2026-11-22T04:28:36.211Z"],
        )
        for name, what in (("since", "The earliest time"), ("until", "The latest time"))
    ),
]
_IDS = _one(
    "ids",
    "How many customer ids each event has at most; left out, `data` has all and `changes` the"
    f" first {FEW_IDS}.",
    type="integer",
    minimum=0,
    maximum=IDS_PER_EVENT,
)

PARAMETERS: dict[str, list[Parameter]] = {
    "GroupListQuery": [
        *_page(_CLAMPED_LIMIT),
        _order(GROUP_ORDERS, "id"),
        _fields("customers"),
        _WITH_DELETED,
        _AS_OF,
        *_filters(
            _any_of("id", "The group's id."),
            _any_of("name", "The group's exact name."),
            _any_of("created_by", "Who created it."),
            _any_of("customers", "Ids of customers: groups that hold any of them."),
            *_DATES,
            _compared("customers_count", "The number of members.", _COUNT),
        ),
    ],
    "CustomerListQuery": [
        *_page(_CLAMPED_LIMIT),
        _order(CUSTOMER_ORDERS, "id"),
        _fields("groups"),
        _WITH_DELETED,
        *_filters(
            _any_of("id", "The customer's id."),
            _any_of("email", "The customer's e-mail address."),
            _any_of("groups", "Ids of groups: customers in any of them."),
            _HAS_ACCOUNT,
            *_DATES,
        ),
    ],
    "MembersQuery": [
        *_page(_BOUNDED_LIMIT),
        _order(MEMBER_ORDERS, "-added_at"),
        _AS_OF,
        _any_of("id", "The customer's id."),
        _HAS_ACCOUNT,
        *_DATES,
    ],
    "GroupQuery": [_fields("customers")],
    "GroupAsOfQuery": [_fields("customers"), _AS_OF],
    "GroupLinksQuery": [_fields("customers"), _DETAIL],
    "CustomerQuery": [_fields("groups")],
    "CustomerLinksQuery": [_fields("groups"), _DETAIL],
    "InclusionQuery": [
        _one("position", "The event's position.", **_SIZE) | {"required": True},
        _one("tree_size", "How many leaves the tree has; by default all.", **_SIZE),
    ],
    "ConsistencyQuery": [
        _one("from", "The size of the older tree.", **_COUNT) | {"required": True},
        _one("to", "The size of the newer tree; by default the newest.", **_COUNT),
    ],
    "HistoryQuery": [*_PAST, _IDS],
    "CustomerHistoryQuery": [
        *_PAST,
        _any_of("group_id", "Ids of groups: only what happened there."),
    ],
    "UndoQuery": [
        _one("dry_run", "Only shows what would be recorded.", **_BARE),
        _IDS,
    ],
    "FollowQuery": _FOLLOWED,
    "FeedQuery": [
        *_FOLLOWED,
        _one(
            "limit",
            f"The size of the page, {DEFAULT_PAGE} when left out; as NDJSON everything to the end.",
            type="integer",
            minimum=1,
            maximum=LARGEST_PAGE,
        ),
        _one(
            "wait",
            "For how many seconds to hold an empty page back until there is something to tell.",
            type="integer",
            minimum=0,
            maximum=LONGEST_WAIT_SECONDS,
            default=0,
        ),
    ],
    "ImportQuery": [
        _one("dry_run", "Only says what the import would do.", **_BARE),
    ],
    "PageQuery": [_CLAMPED_LIMIT, _OFFSET],
}
