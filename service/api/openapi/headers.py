"""The headers of requests and answers, as OpenAPI objects by their names."""

from collections.abc import Iterable
from typing import Any

from service.api.openapi.shapes import NUMBER, TEXT, Shape
from service.auth import LONGEST_REASON, REPLICA_SECONDS

POSITION: Shape = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}


def _asked(name: str, description: str, schema: Shape = TEXT) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _answered(description: str, schema: Shape = TEXT, *, always: bool = False) -> dict[str, Any]:
    return {"description": description, "schema": schema, "required": always}


REQUEST_HEADERS = {
    "X-Request-Id": _asked(
        "X-Request-Id",
        "Your own id of the request: 1 to 128 visible ASCII characters stand in every event as"
        " `correlation_id` and come back as `X-Correlation-Id`; anything else is ignored.",
    ),
    "traceparent": _asked(
        "traceparent",
        "W3C trace context, stored in every event; anything else is ignored.",
        TEXT | {"examples": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]},
    ),
    "X-Reason": _asked(
        "X-Reason",
        f"Why, to {LONGEST_REASON} characters as percent-encoded UTF-8; stored in every event, for"
        " ever: no names in it. Not `customer deleted`, which only an erasure says. Required where"
        " the service is run with `CUSTOMER_GROUPS_REQUIRE_REASON=yes`.",
        TEXT | {"examples": ["Spring campaign"]},
    ),
    "X-Min-Position": _asked(
        "X-Min-Position",
        "Answer from a state that has seen this position, such as the `X-Position` of a change of"
        f" yours. Only ever waits on a replica, up to {REPLICA_SECONDS} s.",
        POSITION,
    ),
    "Last-Event-ID": _asked(
        "Last-Event-ID",
        "The `id` of the last event that was read, as browsers send it by themselves; wins over"
        " `after` and `since`.",
        POSITION,
    ),
    "Idempotency-Key": _asked(
        "Idempotency-Key",
        "1 to 255 visible ASCII characters, your own name for this change: for 24 hours the same"
        " request with the same key is not carried out again but answered as the first time.",
        TEXT | {"pattern": "^[!-~]([ -~]{0,253}[!-~])?$"},
    ),
    "If-Match": _asked(
        "If-Match",
        "The version that you have seen, as the `ETag` said it; with another one nothing is done."
        " `*` stands for any.",
        TEXT | {"pattern": '^(\\*|(W/)?"[0-9]{1,18}")$', "examples": ['"7"']},
    ),
    "If-None-Match": _asked(
        "If-None-Match",
        "The version that you have, as the `ETag` said it: 304 while it is the newest.",
        TEXT | {"examples": ['"7"']},
    ),
}

RESPONSE_HEADERS = {
    "X-Request-Id": _answered(
        "Our id of the request, a ULID, as it stands in every event.",
        TEXT | {"pattern": "^[0-9A-HJKMNP-TV-Z]{26}$"},
        always=True,
    ),
    "X-Correlation-Id": _answered("Your id of the request, when `X-Request-Id` gave one."),
    "X-Position": _answered(
        "The position of the last event that this request recorded, left out when it recorded"
        " none; with `as_of`, the position that the answer is of.",
        POSITION,
    ),
    "ETag": _answered(
        "The version; left out where customers are embedded or `as_of` is given.",
        TEXT | {"pattern": '^"[0-9a-f]+"$', "examples": ['"7"']},
    ),
    "Idempotent-Replayed": _answered(
        "Present when this is the answer to an earlier request with the same `Idempotency-Key`.",
        {"const": "true"},
    ),
    "Link": _answered('The next and the previous page, as `<...>; rel="next"` (RFC 8288).'),
    "Location": _answered("Where it is."),
    "Set-Cookie": _answered("The session cookie.", always=True),
    "Cache-Control": _answered(
        "May be kept by the caller alone, and asked for again.", always=True
    ),
    "Vary": _answered("`Authorization, Cookie`.", always=True),
    "Retry-After": _answered("In how many seconds to try again.", NUMBER, always=True),
    "Allow": _answered("The methods of this route.", always=True),
    "Accept-Patch": _answered("The types that a patch may have."),
    "WWW-Authenticate": _answered("How to authenticate."),
}


def given(names: Iterable[str], *, always: bool = True) -> dict[str, Any]:
    """Return the headers of an answer; `always` false makes them all optional there."""
    headers: dict[str, Any] = {}
    for name in names:
        header = RESPONSE_HEADERS[name]
        headers[name] = (
            {"$ref": f"#/components/headers/{name}"}
            if always or not header["required"]
            else header | {"required": False}
        )
    return headers
