"""Every answer as JSON Schema, by its name; bodies are generated from `schemas.py`."""

from service.accounts import SCOPES
from service.api.fields import CUSTOMER_COLUMNS, GROUP_COLUMNS
from service.api.openapi.shapes import (
    CURSOR,
    CUSTOMER,
    EVENTS,
    FLAG,
    GROUP,
    ID,
    NUMBER,
    OBJECT,
    PERHAPS_UNKNOWN,
    TEXT,
    TIME,
    Shape,
    array,
    exactly,
    labelled_event,
    nullable,
    page,
    ref,
    selected,
)
from service.errors import CODES

KINDS = (
    "invalid_data",
    "not_found",
    "not_allowed",
    "conflict",
    "precondition_failed",
    "idempotency_error",
    "too_many_requests",
    "unavailable",
)
"""The peer's words for what went wrong: `type` of a problem."""

USER = exactly(
    {
        "id": TEXT,
        "first_name": nullable(TEXT),
        "last_name": nullable(TEXT),
        "email": TEXT,
        "avatar_url": nullable(TEXT),
        "metadata": nullable(OBJECT),
        "created_at": TIME,
        "updated_at": TIME,
        "deleted_at": nullable(TIME),
    }
)

API_KEY = exactly(
    {
        "id": TEXT,
        "token": TEXT | {"description": "Shown once, when it is made; empty ever after."},
        "redacted": TEXT | {"examples": ["sk_102***252"]},
        "title": TEXT,
        "type": {"const": "secret"},
        "last_used_at": nullable(TIME) | {"description": "To the minute."},
        "created_by": TEXT,
        "revoked_by": nullable(TEXT),
        "revoked_at": nullable(TIME),
        "created_at": TIME,
        "updated_at": TIME,
        "deleted_at": nullable(TIME),
        "scopes": array({"enum": list(SCOPES)}),
    }
)

CLAIMS = exactly(
    {
        "actor_id": TEXT,
        "actor_type": {"const": "user"},
        "auth_identity_id": TEXT,
        "auth_provider": {"const": "emailpass"},
        "app_metadata": exactly({"user_id": TEXT}),
        "user_metadata": OBJECT,
        "iat": NUMBER,
        "exp": NUMBER,
    },
    description="What the token says.",
)

PROBLEM: Shape = {
    "type": "object",
    "description": "Problem details (RFC 9457), as the peer's clients read them too.",
    "properties": {
        "type": {"enum": list(KINDS)},
        "message": TEXT | {"description": "What was refused and what would be accepted."},
        "code": {"enum": list(CODES), "description": "The stable name of the refusal."},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT | {"description": "The same as `message`."},
        "instance": TEXT | {"description": "Names the request."},
        "errors": array(
            exactly({"message": TEXT}, {"pointer": TEXT, "parameter": TEXT}) | {"minProperties": 2}
        )
        | {"description": "Each thing that is wrong: a JSON pointer or a parameter's name."},
    },
    "required": ["type", "message", "code", "title", "status", "detail", "instance"],
}

VERSION_MISMATCH: Shape = {
    "allOf": [
        ref("Problem"),
        {
            "type": "object",
            "properties": {
                "expected": {"type": "integer", "minimum": 0},
                "current": NUMBER,
                "events": array(ref("Event"))
                | {"description": "What happened in between: the newest 100, newest first."},
            },
            "required": ["expected", "current", "events"],
        },
    ]
}


def message(type_: str, *, code: str | None = None) -> Shape:
    """Return the peer's short body of an error."""
    short = {"type": {"const": type_}, "message": TEXT}
    return exactly(short | ({"code": {"const": code}} if code else {}))


COUNTS = ("added", "already", "removed", "absent")
DETAIL = exactly(dict.fromkeys(COUNTS, NUMBER), description="Asked for by `detail=true`.")

ANSWERS: dict[str, Shape] = {
    "Group": selected(
        GROUP, GROUP_COLUMNS, "`customers_count`, `version`, `customers` on request."
    ),
    "Customer": selected(
        CUSTOMER | {"groups": array(ref("Group")) | {"description": "Asked for by `fields`."}},
        CUSTOMER_COLUMNS,
        "`groups` on request.",
    ),
    "EmbeddedCustomer": selected(
        PERHAPS_UNKNOWN, CUSTOMER_COLUMNS, "All null but `id` where this service does not keep it."
    ),
    "Member": exactly(
        PERHAPS_UNKNOWN | {"added_at": TIME},
        description="All null but `id` and `added_at` where this service does not keep it.",
    ),
    "GroupAnswer": exactly({"customer_group": ref("Group")}),
    "GroupLinksAnswer": exactly({"customer_group": ref("Group")}, {"detail": DETAIL}),
    "GroupPage": page("customer_groups", "Group"),
    "GroupDeleted": exactly(
        {"id": TEXT, "object": {"const": "customer_group"}, "deleted": {"const": True}}
    ),
    "MemberPage": exactly(
        {
            "customers": array(ref("Member")),
            "count": NUMBER,
            "next_cursor": CURSOR,
            "prev_cursor": CURSOR,
        },
        {
            "offset": NUMBER | {"description": "When the page was asked for by `offset`."},
            "count_capped": {"const": True, "description": "Whether `count` stopped at 10,000."},
        },
    ),
    "History": exactly({"events": array(ref("Event")), "next_cursor": CURSOR}),
    "Event": {"oneOf": [labelled_event(kind) for kind in EVENTS]},
    "CustomerAnswer": exactly({"customer": ref("Customer")}),
    "CustomerLinksAnswer": exactly({"customer": ref("Customer")}, {"detail": DETAIL}),
    "CustomerPage": page("customers", "Customer"),
    "CustomerDeleted": exactly(
        {"id": TEXT, "object": {"const": "customer"}, "deleted": {"const": True}}
    ),
    "Imported": exactly(
        dict.fromkeys(("created", "updated", "unchanged", "refused"), NUMBER)
        | {
            "errors": array(exactly({"line": NUMBER, "message": TEXT}))
            | {"maxItems": 1000, "description": "Why rows were refused, the first 1,000."}
        }
    ),
    "LookupAnswer": exactly(
        {
            "results": array(
                exactly(
                    {
                        "value": TEXT,
                        "customer_ids": array(ID["customer"]),
                        "member": nullable(FLAG)
                        | {"description": "Null where no group was named or nobody was found."},
                    }
                )
            )
        }
    ),
    "Memberships": exactly(
        {
            "memberships": {
                "type": "object",
                "additionalProperties": array(ID["group"]),
                "description": "Of each customer asked for, which of the groups it is in.",
            }
        }
    ),
    "Token": exactly({"token": TEXT}),
    "Session": exactly({"user": CLAIMS}),
    "SessionEnded": exactly({"success": {"const": True}}),
    "UserAnswer": exactly({"user": USER}),
    "ApiKeyAnswer": exactly({"api_key": API_KEY}),
    "ApiKeyPage": exactly(
        {"api_keys": array(API_KEY), "count": NUMBER, "offset": NUMBER, "limit": NUMBER}
    ),
    "OpenApi": OBJECT | {"description": "This document."},
    "Problem": PROBLEM,
    "VersionMismatch": VERSION_MISMATCH,
    "Unauthorized": exactly({"message": TEXT}),
    "WrongPassword": message("unauthorized"),
    "UnknownError": message("unknown_error", code="unknown_error"),
    "Stopping": message("unavailable", code="stopping"),
}
"""Every shape of an answer, by its name in the document."""
