"""Every answer as JSON Schema, by its name; bodies are generated from `schemas.py`."""

from service.accounts import SCOPES
from service.api.eventschemas import EVENTS, FORMS, envelope
from service.api.fields import CUSTOMER_COLUMNS, GROUP_COLUMNS
from service.api.openapi.audit import (
    CONSISTENCY_PROOF,
    INCLUSION_PROOF,
    PUBLIC_KEYS,
    TREE_HEAD,
)
from service.api.openapi.past import JOINED_OR_LEFT, TOLD, UNDONE, labelled
from service.api.openapi.shapes import (
    CURSOR,
    CUSTOMER,
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

WEBHOOK = exactly(
    {
        "id": TEXT | {"examples": ["wh_01KAN6ZQ9R3W5V8YB2C4D6E8F0"]},
        "url": TEXT,
        "types": array({"enum": list(EVENTS)}) | {"description": "Empty: all."},
        "group_id": nullable(TEXT) | {"description": "Events of this group only; null: of all."},
        "secret": TEXT
        | {"description": "Signs (Standard Webhooks). Shown once, when it is made; then empty."},
        "position": NUMBER | {"description": "All that is wanted up to here was accepted."},
        "state": {"enum": ["active", "paused"]},
        "reason": nullable(TEXT) | {"description": "Why it is paused."},
        "failures": NUMBER | {"description": "How many attempts in a row were not accepted."},
        "failing_since": nullable(TIME) | {"description": "After 3 days it is paused."},
        "next_attempt_at": nullable(TIME),
        "attempts": NUMBER,
        "last_attempt_at": nullable(TIME),
        "last_status": nullable(NUMBER),
        "last_error": nullable(TEXT),
        "created_by": TEXT,
        "created_at": TIME,
        "updated_at": TIME,
    }
)

DELIVERY = exactly(
    {
        "number": NUMBER,
        "position": NUMBER | {"description": "Of the event that was sent."},
        "attempt": NUMBER | {"description": "From 1 for each event."},
        "at": TIME,
        "status": nullable(NUMBER) | {"description": "Null where no answer came."},
        "duration_ms": NUMBER,
        "error": nullable(TEXT) | {"description": "Null when it was accepted."},
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
        "events": array(ref("Event"))
        | {"description": "What came in the way of an undo: the newest 100, newest first."},
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


PUBLISHED = [envelope(form.kind, form.data, form.name) for form in FORMS]

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
    "History": exactly({"events": array({"oneOf": TOLD}), "next_cursor": CURSOR}),
    "CustomerHistory": exactly({"events": array({"oneOf": JOINED_OR_LEFT}), "next_cursor": CURSOR}),
    "Undone": UNDONE,
    "Event": {"oneOf": [labelled(event) for event in PUBLISHED]},
    "EventPage": exactly(
        {
            "log": TEXT | {"description": "The id of this log."},
            "events": array({"oneOf": PUBLISHED}),
            "next": NUMBER | {"description": "The position to go on after."},
            "end": NUMBER | {"description": "The position of the newest event."},
        }
    ),
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
    "WebhookAnswer": exactly({"webhook": ref("Webhook")}),
    "WebhookPage": exactly(
        {"webhooks": array(ref("Webhook")), "count": NUMBER, "offset": NUMBER, "limit": NUMBER}
    ),
    "WebhookDeleted": exactly(
        {"id": TEXT, "object": {"const": "webhook"}, "deleted": {"const": True}}
    ),
    "Webhook": WEBHOOK,
    "DeliveryPage": exactly(
        {"deliveries": array(DELIVERY), "count": NUMBER, "offset": NUMBER, "limit": NUMBER}
    ),
    "TreeHead": TREE_HEAD,
    "InclusionProof": INCLUSION_PROOF,
    "ConsistencyProof": CONSISTENCY_PROOF,
    "PublicKeys": PUBLIC_KEYS,
    "AsyncApi": OBJECT | {"description": "An AsyncAPI 3.0 document."},
    "EventSchema": OBJECT | {"description": "A JSON Schema (2020-12)."},
    "OpenApi": OBJECT | {"description": "This document."},
    "Problem": PROBLEM,
    "VersionMismatch": VERSION_MISMATCH,
    "Unauthorized": exactly({"message": TEXT}),
    "WrongPassword": message("unauthorized"),
    "UnknownError": message("unknown_error", code="unknown_error"),
    "Stopping": message("unavailable", code="stopping"),
}
"""Every shape of an answer, by its name in the document."""
