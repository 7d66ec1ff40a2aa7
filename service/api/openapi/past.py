"""What happened, as JSON Schema: events with what was before and after."""

from collections.abc import Iterable, Mapping

from eventsourcing.utils import get_topic

from domain.group import IDS_PER_EVENT, Group
from service.api.eventschemas import FORMS, Form, envelope
from service.api.openapi.shapes import FLAG, ID, NUMBER, TEXT, Shape, array, exactly, nullable

ACTOR = exactly(
    {
        "type": {"enum": ["user", "api_key", "system"]},
        "id": TEXT,
        "label": nullable(TEXT) | {"description": "The e-mail or key's title of today."},
    }
)


def labelled(event: Shape) -> Shape:
    """Return the published form of an event with `actor` and its label beside it."""
    return besides(event, {"actor": ACTOR})


def besides(event: Shape, more: Mapping[str, Shape]) -> Shape:
    """Return an event with more keys beside those of its published form."""
    required = [*event["required"], *(name for name in more if name not in event["required"])]
    return event | {"properties": event["properties"] | dict(more), "required": required}


def pair(shape: Shape) -> Shape:
    """Return what was before and what is after."""
    return array(shape) | {"minItems": 2, "maxItems": 2}


NAME = pair(nullable(TEXT)) | {"description": "Null before it was created."}
LIFE = pair(FLAG)
DESCRIBED = {
    "metadata": {
        "type": "object",
        "additionalProperties": pair({}),
        "description": "Of each key its values before and after, null where it was not there.",
    },
    "metadata_keys": exactly(
        {"added": array(TEXT), "removed": array(TEXT)},
        description="The keys that were not there before, and those that are not after.",
    ),
}


def members(what: str) -> Shape:
    """Return how many customers joined or left, and some of them."""
    ids = array(ID["customer"]) | {"maxItems": IDS_PER_EVENT}
    some = exactly({"count": NUMBER, "ids": ids}, description="`ids` as many as were asked for.")
    return exactly({"customers": exactly({what: some}), "customers_count": pair(NUMBER)})


CHANGES: Mapping[str, Shape] = {
    "GroupCreated": exactly({"name": NAME}, DESCRIBED),
    "Renamed": exactly({"name": NAME}),
    "MetadataChanged": exactly(DESCRIBED),
    "CustomersAdded": members("added"),
    "CustomersRemoved": members("removed"),
    "GroupDeleted": exactly({"deleted": LIFE}),
    "GroupRestored": exactly({"deleted": LIFE}, {"name": NAME}),
}
"""What each event changed, as pairs of before and after."""


def told(form: Form) -> Shape:
    """Return an event as a history tells it: its customers cut short, with `changes`."""
    said = form.data["properties"]
    if "customer_ids" in said:
        said = said | {"customer_ids": said["customer_ids"] | {"minItems": 0}}
    published = envelope(form.kind, form.data | {"properties": said}, form.name)
    return besides(published, {"actor": ACTOR, "changes": CHANGES[get_topic(form.kind)]})


def provisional(event: Shape) -> Shape:
    """Return an event that may be one that nobody recorded: without its place in the log."""
    said = event["properties"]["data"]
    properties = event["properties"] | {"data": said | {"required": _but(said, ["position"])}}
    return event | {"properties": properties, "required": _but(event, ["id", "sequence"])}


def _but(shape: Shape, names: Iterable[str]) -> list[str]:
    return [name for name in shape["required"] if name not in names]


TOLD = [told(form) for form in FORMS]

JOINED_OR_LEFT = [
    besides(
        told(form),
        {
            "group": exactly(
                {"id": ID["group"], "name": TEXT, "deleted": FLAG},
                description="The group as it is today.",
            ),
            "changes": exactly({"member": LIFE}),
        },
    )
    for form in FORMS
    if form.kind in (Group.CustomersAdded, Group.CustomersRemoved)
]
"""`customer_ids` has only the customer that was asked about."""

UNDONE = exactly(
    {
        "request_id": TEXT | {"description": "The request that was taken back."},
        "dry_run": FLAG,
        "events": array({"oneOf": [provisional(event) for event in TOLD]})
        | {
            "description": "Oldest first; in a dry run without `id`, `sequence` and `position`, and"
            " with a `version` and `time` that are not final."
        },
        "left_out": array(exactly({"group_id": ID["group"], "customer_id": ID["customer"]}))
        | {"description": "Customers that were erased since, or are unknown: not brought back."},
    }
)
