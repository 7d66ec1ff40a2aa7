"""What each event says, as JSON Schema 2020-12: generated from the event classes.

What was published as `.v1` stays `.v1`, so the bounds are written out here: they do not follow when
the API accepts less one day, and whoever accepts more makes a new version. Whoever makes one moves
the schema of the old one to `FORMER`: its events stay in the log, as they were.
"""

import types
from collections.abc import Mapping
from dataclasses import fields
from inspect import getdoc
from typing import (
    Any,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from eventsourcing.utils import get_topic

from domain.group import Group, GroupEvent
from domain.transcoding import ENVELOPE

Shape = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

EVENTS: dict[str, type[GroupEvent]] = {
    get_topic(kind): kind
    for kind in vars(Group).values()
    if isinstance(kind, type) and issubclass(kind, GroupEvent) and hasattr(kind, "TOPIC")
}
"""The event classes by their topics."""

NOT_IN_DATA = {"originator_id", "originator_version", "originator_topic", "timestamp"}
"""Fields that the published form has under another name, or in its envelope."""

ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
TEXT: Shape = {"type": "string"}
TIME: Shape = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$",
}
GROUP_ID: Shape = {
    "type": "string",
    "pattern": f"^cusgroup_{ULID}$",
    "examples": ["cusgroup_01KAN6ZQ9R3W5V8YB2C4D6E8F0"],
}
CUSTOMER_ID: Shape = {
    "type": "string",
    "pattern": r"""^[!"$&'()*+.0-9:;<=>@A-Z\[\]^_`a-z{|}~-]{1,128}$""",
    "examples": ["cus_01KAN6ZQ9R3W5V8YB2C4D6E8F0"],
}
KEY: Shape = {"type": "string", "maxLength": 255}

ABOUT: Mapping[str, Shape] = {
    "name": {"description": "The group's name.", "minLength": 1, "maxLength": 255},
    "metadata": {
        "description": "The caller's own values; at most 64 KiB as JSON.",
        "maxProperties": 200,
        "propertyNames": KEY,
    },
    "set": {
        "description": "Keys added or replaced, with their values.",
        "maxProperties": 200,
        "propertyNames": KEY,
    },
    "removed": {
        "description": "Keys removed.",
        "maxItems": 200,
        "uniqueItems": True,
        "items": KEY,
    },
    "cleared": {"description": "Whether all metadata became null."},
    "customer_ids": {
        "description": "The customers, each once.",
        "minItems": 1,
        "maxItems": 1000,
        "uniqueItems": True,
        "items": CUSTOMER_ID,
    },
    "actor": {"description": "Who did it; `id` is that of the user or the API key."},
    "request_id": {
        "description": "Our id of the request; its events are neighbours in the log.",
        "pattern": f"^{ULID}$",
    },
    "correlation_id": {
        "description": "The caller's own id of the request.",
        "pattern": "^[!-~]{1,128}$",
    },
    "traceparent": {
        "description": "W3C trace context.",
        "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    },
    "reason": {
        "description": "Why, in the caller's words; `customer deleted` or `undo of request` and its"
        " id where that was the cause, before a colon and these words.",
        "minLength": 1,
        "maxLength": 500,
    },
}
"""Of each field what its type does not say; without a description there is no schema."""


class Form(NamedTuple):
    """A shape in which events stand in the log: its name, `Renamed.v1`, and the schema of `data`.

    `key` names it in documents: the event alone for the version that is written today.
    """

    key: str
    name: str
    kind: type[GroupEvent]
    data: Shape


FORMER: dict[str, Shape] = {}
"""The `data` of versions that are no longer written, by their names, as they were served."""


def name_of(kind: type[GroupEvent]) -> str:
    """Return the name of an event and the version that is written today."""
    return f"{get_topic(kind)}.v{getattr(kind, 'class_version', 1)}"


def forms() -> list[Form]:
    """Return all shapes that the log may hold."""
    today = [Form(topic, name_of(kind), kind, data(kind)) for topic, kind in EVENTS.items()]
    former = [
        Form(name, name, EVENTS[name.partition(".")[0]], shape) for name, shape in FORMER.items()
    ]
    return today + former


def event_of(name: str) -> str | None:
    """Return the event that a name means, short or as `type` has it in full; None for no event.

    The version is none of its concern: who asks for `.v1` must not miss what became `.v2`.
    """
    topic, _, version = name.removeprefix("customer-groups.").partition(".")
    newest = getattr(EVENTS.get(topic), "class_version", 1)
    is_known = version in ("", *(f"v{number}" for number in range(1, newest + 1)))
    return topic if topic in EVENTS and is_known else None


def dataschema(name: str) -> str:
    """Return what the published form says under this name."""
    return f"/events/schemas/{name}.json"


def schema(kind: type[GroupEvent]) -> Shape:
    """Return the schema of an event's `data` as a document that stands alone."""
    return document_of(name_of(kind), data(kind))


def document_of(name: str, data: Shape) -> Shape:
    """Return a schema as a document that stands alone."""
    title = name.partition(".")[0]
    return {"$schema": DIALECT, "$id": dataschema(name), "title": title, **data}


def data(kind: type[GroupEvent]) -> Shape:
    """Return the schema of an event's `data`. Raises `LookupError` for what nobody described."""
    hints = {field.name: field.type for field in fields(kind) if field.name not in NOT_IN_DATA}
    names = [name for name in hints if name not in ENVELOPE]
    properties = {
        "position": {
            "description": "Where it is in the log: strictly increasing, not dense.",
            "type": "integer",
            "minimum": 1,
        },
        "group_id": GROUP_ID | {"description": "The group that it happened to."},
        "version": {
            "description": "Which event of the group it is, without a gap.",
            "type": "integer",
            "minimum": 1,
        },
    } | {name: of_type(hints[name]) | ABOUT[name] for name in (*names, *ENVELOPE)}
    return exactly(properties) | {"description": getdoc(kind)}


def envelope(kind: type[GroupEvent], data: Shape, name: str | None = None) -> Shape:
    """Return the schema of an event's published form: CloudEvents 1.0 in structured JSON.

    `name` is that of a `Form`, without it the one that is written today.
    """
    name = name or name_of(kind)
    properties = {
        "specversion": {"const": "1.0"},
        "id": {
            "description": "Group and version, joined by a colon: unique in this log.",
            "type": "string",
            "pattern": f"^cusgroup_{ULID}:[1-9][0-9]*$",
        },
        "source": {
            "description": "Names the log: another one after a restore from a backup.",
            "type": "string",
            "pattern": "^/customer-groups/log_[0-9A-Z]{26}$",
        },
        "type": {"const": f"customer-groups.{name}"},
        "subject": GROUP_ID | {"description": "The group that it happened to."},
        "time": TIME | {"description": "UTC, never earlier than the event before it."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"const": dataschema(name)},
        "sequence": {
            "description": "`position` as text that sorts as the numbers do.",
            "type": "string",
            "pattern": "^[0-9]{20}$",
        },
        "data": data,
    }
    return exactly(properties) | {"description": getdoc(kind)}


def exactly(properties: Mapping[str, Shape]) -> Shape:
    """Return an object that has all of these keys and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


PLAIN: Mapping[Any, str] = {str: "string", bool: "boolean", int: "integer", dict: "object"}


def of_type(hint: Any) -> Shape:
    """Return the shape of a field's type. Raises `LookupError` for a type that no event has had."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (kind,) = [of_type(each) for each in inner if each is not types.NoneType]
        return kind | {"type": [kind["type"], "null"]}
    if origin is list:
        return {"type": "array", "items": of_type(inner[0])}
    if origin is Literal:
        return {"type": "string", "enum": list(inner)}
    if is_typeddict(hint):
        return exactly({name: of_type(each) for name, each in get_type_hints(hint).items()})
    return {"type": PLAIN[origin or hint]}


FORMS = forms()
