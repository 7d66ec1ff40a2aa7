"""What went wrong as an answer: one table from refusals to status, type and code."""

import logging
from collections.abc import Sequence
from typing import Any, Literal

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from domain.errors import (
    CustomerNotFound,
    EmailTaken,
    ErasureIsFinal,
    GroupNotDeleted,
    GroupNotFound,
    MetadataTooLarge,
    NameTaken,
    Refused,
    RequestNotFound,
    UndoConflict,
    VersionMismatch,
)
from projections import history, log
from projections.merkle import TreeDamaged
from projections.pages import InvalidCursor
from projections.store import StoreUnavailable
from service.accounts import TooManyLogins
from service.api.problems import Invalid, Problem
from service.current import accounts, store
from service.front import UNKNOWN_ERROR
from service.imports import ImportRefused

logger = logging.getLogger("customer_groups")

PROBLEM_JSON = "application/problem+json"

REFUSALS: dict[type[Refused], tuple[int, str]] = {
    GroupNotFound: (404, "not_found"),
    CustomerNotFound: (404, "not_found"),
    NameTaken: (400, "invalid_data"),
    EmailTaken: (400, "invalid_data"),
    MetadataTooLarge: (400, "invalid_data"),
    GroupNotDeleted: (400, "invalid_data"),
    RequestNotFound: (404, "not_found"),
    ErasureIsFinal: (409, "conflict"),
    UndoConflict: (409, "conflict"),
    VersionMismatch: (412, "precondition_failed"),
}
"""Every refusal of the domain, with its status and the peer's word for its kind."""

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

EVENTS_BETWEEN = 100
"""How many of the events that a caller has not seen a 412 shows, the newest."""

FEW_IDS = 10
"""How many customers an event names where nobody asked for more."""

Wording = Literal["get", "update", "link"]
"""Which of the peer's sentences says that something was not found."""


class Answer(Exception):
    """An answer that ends the request: the reason it cannot be served."""

    def __init__(
        self,
        status: int,
        kind: str,
        code: str,
        message: str,
        *,
        problems: tuple[Problem, ...] = (),
        headers: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.problems = problems
        self.headers = headers or {}
        self.more = more or {}


CODES = {
    "invalid-request": (400, "the body, the query or a header has the wrong shape"),
    "invalid-cursor": (400, "the cursor belongs to another list, order or filter"),
    "reason-required": (400, "this service wants X-Reason on every change"),
    "too-many-embedded": (400, "more customers or groups than one answer embeds"),
    "name-taken": (400, "another living group has this name"),
    "email-taken": (400, "another customer has this e-mail"),
    "metadata-too-large": (400, "metadata would outgrow its bounds"),
    "group-not-deleted": (400, "only a deleted group can be restored"),
    "cross-site": (403, "a change under a session cookie came from another site"),
    "missing-scope": (403, "the API key has other scopes than this route needs"),
    "group-not-found": (404, "no living group has this id"),
    "customer-not-found": (404, "no customer has this id"),
    "request-not-found": (404, "no request of this id has changed a group"),
    "event-not-found": (404, "no event of the log has this position"),
    "not-found": (404, "there is no such route or thing"),
    "method-not-allowed": (405, "the route has other methods, see Allow"),
    "conflict": (409, "the change lost a race; repeat it after Retry-After"),
    "position-beyond-end": (409, "the log is shorter than the position asked for: another log?"),
    "other-log": (409, "the consumer has followed another log; after a restore, begin at 0"),
    "erasure-is-final": (409, "the request deleted a customer, which cannot be undone"),
    "undo-conflict": (409, "later events changed what the request had changed; see `events`"),
    "version-mismatch": (412, "the group has changed since the version in If-Match"),
    "body-too-large": (413, "the body is longer than this route takes"),
    "unsupported-media-type": (415, "the body is of another type than this route takes"),
    "idempotency-key-reused": (422, "the Idempotency-Key came with another request before"),
    "too-many-logins": (429, "too many wrong passwords; see Retry-After"),
    "cannot-sign": (503, "no tree head can be signed: the key or the tree is not as it should be"),
    "tree-damaged": (503, "leaves of the Merkle tree are missing; see `verify --log`"),
    "unavailable": (503, "the database cannot be used right now; see Retry-After"),
}
"""Every `code` of a problem with its status and what it means; these never change."""


def problem(answer: Answer) -> Response:
    """Return an answer as problem details (RFC 9457) that the peer's clients understand too."""
    message = str(answer)
    body = {
        "type": answer.kind,
        "message": message,
        "code": answer.code,
        "title": TITLES.get(answer.status, "Error"),
        "status": answer.status,
        "detail": message,
        "instance": f"urn:customer-groups:request:{g.get('request_id', '')}",
    }
    if answer.problems:
        body["errors"] = [
            {"parameter": found.parameter, "message": found.message}
            if found.parameter is not None
            else {"pointer": found.pointer or "", "message": found.message}
            for found in answer.problems
        ]
    response = Response(orjson.dumps(body | answer.more), answer.status, content_type=PROBLEM_JSON)
    response.headers.update(answer.headers)
    return response


def unauthorized() -> Response:
    """Return the peer's answer to no or wrong credentials."""
    return Response(b'{"message":"Unauthorized"}', 401, content_type="application/json")


def wording(refusal: Refused) -> str:
    """Return the peer's own sentence for a refusal, which differs from route to route."""
    how: Wording = g.get("wording", "get")
    if isinstance(refusal, GroupNotFound):
        what, id, link = "Customer group", refusal.group_id, "customer_group_id"
    elif isinstance(refusal, CustomerNotFound):
        what, id, link = "Customer", refusal.customer_id, "customer_id"
    else:
        return str(refusal)
    if how == "link":
        return f"You tried to set relationship {link}: {id}, but such entity does not exist"
    return (
        f'{what} with id "{id}" not found' if how == "update" else f"{what} with id: {id} not found"
    )


def refused(refusal: Refused) -> Response:
    """Answer a refusal of the domain."""
    status, kind = REFUSALS[type(refusal)]
    message, more = wording(refusal), {}
    if isinstance(refusal, VersionMismatch):
        more = missed(refusal)
    elif isinstance(refusal, UndoConflict):
        message, more = in_the_way(refusal)
    return problem(Answer(status, kind, refusal.code, message, more=more))


def missed(refusal: VersionMismatch) -> dict[str, Any]:
    """Return what a caller with an old version has not seen yet: the newest 100 events."""
    with store().reading():
        events = log.of_group(
            store().read, refusal.group_id, after=refusal.expected, limit=EVENTS_BETWEEN
        )
        return {
            "expected": refusal.expected,
            "current": refusal.current,
            "events": labelled(events),
        }


def in_the_way(refusal: UndoConflict) -> tuple[str, dict[str, Any]]:
    """Return the sentence that tells what an undo met, and the later events themselves."""
    with store().reading():
        events = labelled(history.at_positions(store().read, refusal.positions), ids=FEW_IDS)
    newest = events[0]
    actor = newest["actor"]
    more = f", and {len(events) - 1} more" if len(events) > 1 else ""
    message = (
        f"Request {refusal.request_id} cannot be undone, since later events changed the same:"
        f" {newest['type'].split('.')[1]} of {newest['subject']} at position"
        f" {newest['data']['position']}, by {actor['label'] or actor['id']} at"
        f" {newest['time']}{more}"
    )
    return message, {"events": events}


def labelled(events: Sequence[log.LoggedEvent], *, ids: int | None = None) -> list[dict[str, Any]]:
    """Return events in their published form, each with `actor` and what people call it.

    With `ids` at most so many customers of each are named.
    """
    identity = log.log_id(store().read)
    lines = [orjson.loads(log.published(event, identity)) for event in events]
    for line in lines:
        if ids is not None and "customer_ids" in line["data"]:
            line["data"]["customer_ids"] = line["data"]["customer_ids"][:ids]
    labels = accounts().labels({line["data"]["actor"]["id"] for line in lines})
    return [
        line | {"actor": line["data"]["actor"] | {"label": labels.get(line["data"]["actor"]["id"])}}
        for line in lines
    ]


def invalid(error: Invalid) -> Response:
    """Answer a request of the wrong shape with all that is wrong with it."""
    message = f"Invalid request: {error}"
    return problem(
        Answer(400, "invalid_data", "invalid-request", message, problems=tuple(error.problems))
    )


def register(app: Flask) -> None:
    """Let the application answer every exception."""
    app.register_error_handler(Refused, refused)
    app.register_error_handler(Invalid, invalid)
    app.register_error_handler(Answer, problem)

    @app.errorhandler(InvalidCursor)
    def invalid_cursor(_: InvalidCursor) -> Response:
        message = "Invalid request: this cursor was not made for this list, order and filters"
        where = (Problem(message, parameter="cursor"),)
        return problem(Answer(400, "invalid_data", "invalid-cursor", message, problems=where))

    @app.errorhandler(ImportRefused)
    def unreadable(error: ImportRefused) -> Response:
        return problem(Answer(400, "invalid_data", "invalid-request", f"Invalid request: {error}"))

    @app.errorhandler(StoreUnavailable)
    def unavailable(error: StoreUnavailable) -> Response:
        logger.warning("The database is unavailable: %s", error)
        message = "The database cannot be used right now; try again"
        return problem(Answer(503, "unavailable", "unavailable", message, headers=RETRY))

    @app.errorhandler(TreeDamaged)
    def damaged(error: TreeDamaged) -> Response:
        logger.error("The Merkle tree is damaged: %s", error)
        message = "The Merkle tree is damaged; `customer-groups verify --log` says where"
        return problem(Answer(503, "unavailable", "tree-damaged", message, headers=RETRY))

    @app.errorhandler(TooManyLogins)
    def too_many(error: TooManyLogins) -> Response:
        headers = {"Retry-After": str(error.retry_after_seconds)}
        return problem(
            Answer(429, "too_many_requests", "too-many-logins", str(error), headers=headers)
        )

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if status == 405:
            allowed = error.get_response().headers.get("Allow", "")
            message = f"{request.method} is not allowed here; allowed: {allowed}"
            return problem(
                Answer(
                    405, "not_allowed", "method-not-allowed", message, headers={"Allow": allowed}
                )
            )
        if status == 404:
            return problem(
                Answer(404, "not_found", "not-found", f"There is no {request.path} here")
            )
        if status == 413:
            return problem(Answer(413, "invalid_data", "body-too-large", str(error.description)))
        if 300 <= status < 400:
            return Response(status=status, headers=error.get_response().headers)
        return problem(Answer(status, "invalid_data", "invalid-request", str(error.description)))

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        if "IntegrityError" in type(error).__name__ or "UniqueViolation" in type(error).__name__:
            logger.error("A change lost a race that the write lock rules out", exc_info=error)
            message = "The change conflicts with another one; repeat it"
            return problem(Answer(409, "conflict", "conflict", message, headers=RETRY))
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
        return Response(orjson.dumps(UNKNOWN_ERROR), 500, content_type="application/json")


RETRY = {"Retry-After": "1"}
