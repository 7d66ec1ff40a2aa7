"""What groups and customers look like in answers, as JSON Schema."""

from collections.abc import Mapping
from typing import Any

from service.api.bodies import LARGEST_WHOLE_NUMBER

Shape = dict[str, Any]


def ref(name: str) -> Shape:
    """Return a reference to a shape."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(shape: Shape) -> Shape:
    """Return the shape that may also be null."""
    return shape | {"type": [shape["type"], "null"]}


def array(items: Shape) -> Shape:
    """Return a list of these."""
    return {"type": "array", "items": items}


def exactly(
    required: Mapping[str, Shape],
    optional: Mapping[str, Shape] | None = None,
    description: str = "",
) -> Shape:
    """Return an object that has these keys and no other."""
    shape: Shape = {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }
    return shape | ({"description": description} if description else {})


TEXT: Shape = {"type": "string"}
FLAG: Shape = {"type": "boolean"}
NUMBER: Shape = {"type": "integer", "minimum": 0, "maximum": LARGEST_WHOLE_NUMBER}
TIME: Shape = {"type": "string", "format": "date-time", "examples": ["2026-11-22T04:28:36.211Z"]}
NULL: Shape = {"type": "null"}
OBJECT: Shape = {"type": "object", "additionalProperties": True}

CURSOR = nullable(TEXT) | {"description": "Where the list goes on; null at its end."}

ID = {
    "group": TEXT | {"examples": ["cusgroup_01KAN6ZQ9R3W5V8YB2C4D6E8F0"]},
    "customer": TEXT | {"examples": ["cus_01KAN6ZQ9R3W5V8YB2C4D6E8F0"]},
}

GROUP: dict[str, Shape] = {
    "id": ID["group"],
    "name": TEXT | {"examples": ["VIP"]},
    "created_by": TEXT | {"description": "Id of the user or API key."},
    "created_at": TIME,
    "updated_at": TIME | {"description": "When name or metadata last changed."},
    "deleted_at": nullable(TIME),
    "metadata": nullable(OBJECT),
    "customers_count": NUMBER | {"description": "How many members it has; asked for by `fields`."},
    "version": NUMBER | {"description": "How many events it has; asked for by `fields`."},
    "customers": array(ref("EmbeddedCustomer")) | {"description": "Asked for by `fields`."},
}

CUSTOMER: dict[str, Shape] = {
    "id": ID["customer"],
    "company_name": nullable(TEXT),
    "first_name": nullable(TEXT),
    "last_name": nullable(TEXT),
    "email": nullable(TEXT),
    "phone": nullable(TEXT),
    "metadata": nullable(OBJECT),
    "has_account": FLAG | {"description": "Whether the customer can sign in."},
    "created_by": nullable(TEXT),
    "created_at": TIME,
    "updated_at": TIME,
    "deleted_at": nullable(TIME),
}

PERHAPS_UNKNOWN: dict[str, Shape] = CUSTOMER | {
    name: nullable(CUSTOMER[name]) for name in ("has_account", "created_at", "updated_at")
}
"""A customer that this service need not keep is a member by its id alone, all else null."""


def selected(properties: dict[str, Shape], defaults: tuple[str, ...], extras: str) -> Shape:
    """Return what `fields` selects of an object: `id` for certain, by default the `defaults`."""
    return exactly(
        {"id": properties["id"]},
        {name: shape for name, shape in properties.items() if name != "id"},
        f"By default `{', '.join(defaults)}`; with `fields` those it names, `id` always. {extras}",
    )


def page(name: str, shape: str) -> Shape:
    """Return a list's envelope: the peer's, or that of paging by keyset."""
    items = {name: array(ref(shape)), "count": NUMBER, "limit": NUMBER}
    by_offset = exactly(items | {"offset": NUMBER}, description="Asked for by `offset`.")
    by_cursor = exactly(items | {"next_cursor": CURSOR}, description="Asked for by `cursor`.")
    return {"oneOf": [by_offset, by_cursor]}
