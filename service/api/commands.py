"""Running a command for a request: once, however often it is repeated, and answered as it was.

With an `Idempotency-Key`, what is needed to answer is kept in the command's own transaction:
counts, positions and the group's document; never a credential or a customer. A refusal is not
kept: the repeat is decided anew.
"""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson
from flask import Response, request

from domain.application import GroupOutcome, Outcome, UndoOutcome
from domain.context import context
from domain.errors import CustomerNotFound, GroupNotFound
from projections import directory, group_list, requests
from projections.directory import CustomerRow
from projections.group_list import GroupRow
from service.api import query
from service.api.answers import (
    caller_id,
    customer_answer,
    deleted,
    group_answer,
    refuse_too_many,
    unknown_customer,
    with_position,
)
from service.api.bodies import NotUtf8, parse_json
from service.api.history import undone
from service.api.problems import Checked, Invalid, Problem
from service.api.queries import CustomerLinksQuery, GroupLinksQuery, RetrieveRequest, UndoQuery
from service.api.values import customer_id_problem
from service.auth import reason
from service.current import settings, store
from service.errors import Answer

GROUP = GroupLinksQuery()
CUSTOMER = CustomerLinksQuery()
UNDO = UndoQuery()

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"')

Answered = dict[str, Any]
"""What an answer is made of: `kind`, the ids, the group's row, `position` and `detail`."""


Command = Callable[[], Answered]


def body(schema: Checked) -> Any:
    """Return the checked body. Raises `Invalid`, and 415 for what is not UTF-8."""
    return schema.load(parsed_body())


def parsed_body() -> dict[str, Any]:
    """Return the object in the body. Raises `Invalid`, and 415 for what is not UTF-8."""
    try:
        return parse_json(request.get_data())
    except NotUtf8 as error:
        raise Answer(415, "invalid_data", "unsupported-media-type", str(error)) from None


def query_of(schema: Checked) -> Any:
    """Return the checked query string. Raises `Invalid`."""
    return schema.load(query.parse(request.query_string))


def expected_version() -> int | None:
    """Return the version in `If-Match`, None for none and for `*`. Raises `Invalid`."""
    text = request.headers.get("If-Match")
    if text is None or text.strip() == "*":
        return None
    found = _ETAG.fullmatch(text.strip())
    if found is None:
        raise Invalid([Problem('If-Match accepts one version such as "7", or *')])
    return int(found[1])


def refuse_impossible_ids(customer_ids: Sequence[str]) -> None:
    """Raise `Invalid` for ids that no customer may have, where nobody looks them up."""
    if not settings().accept_unknown_customers:
        return
    for customer_id in customer_ids:
        problem = customer_id_problem(customer_id, allow_at=settings().allow_at_in_ids)
        if problem:
            raise Invalid([Problem(problem, pointer="/add")])


@dataclass(frozen=True)
class Once:
    """An `Idempotency-Key`: what it belongs to, and what the request must be again."""

    id: str
    fingerprint: str

    @classmethod
    def of_request(cls) -> "Once | None":
        """Return the key of this request, if it has one. Raises `Invalid`."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not _KEY.fullmatch(key):
            raise Invalid([Problem("Idempotency-Key accepts 1 to 255 visible ASCII characters")])
        return cls(
            id=_digest(caller_id(), request.method, request.path.rstrip("/"), key),
            fingerprint=_digest(request.query_string, request.get_data()),
        )

    def kept(self) -> Answered | None:
        """Return what was answered before. Raises 422 when that was another request."""
        found = requests.kept_answer(store().read, self.id, int(time.time()))
        if found is None:
            return None
        fingerprint, answered = found
        if fingerprint != self.fingerprint:
            raise Answer(
                422,
                "idempotency_error",
                "idempotency-key-reused",
                "This Idempotency-Key came with another query or body before; use a new one",
            )
        kept: Answered = orjson.loads(answered)
        return kept

    def keep(self, answered: Answered) -> None:
        """Keep what is answered, in the command's transaction."""
        requests.keep_answer(
            store().write,
            self.id,
            self.fingerprint,
            orjson.dumps(answered),
            int(time.time()),
        )


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8) + data)
    return digest.hexdigest()


def carried_out(prepare: Callable[[], Command]) -> Response:
    """Answer a repeat as before; else check the request, carry it out, keep the answer.

    `prepare` checks the shape and returns the command, which runs under the write lock and returns
    what to answer.
    """
    once = Once.of_request()
    if once:
        with suppress(Invalid):  # only 415 comes before the repeat
            parsed_body()
    kept = once.kept() if once else None
    if kept is None:
        context.set(replace(context.get(), reason=reason()))
        command = prepare()
        with store().deciding():
            kept = once.kept() if once else None  # a twin may have been quicker
            if kept is None:
                answered = command()
                if once:
                    once.keep(answered)
                return answer(answered)
    response = answer(kept)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def of_group(outcome: GroupOutcome) -> Answered:
    """Return what the answer to a change of a group is made of. Raises 400 for too many members."""
    row = group_list.one(store().read, outcome.group_id)
    if row is None:
        raise GroupNotFound(outcome.group_id)
    refuse_too_many([row], _group_request().fields)
    return {
        "kind": "group",
        "key": row.group_key,
        "id": row.id,
        "document": row.document.decode(),
        "customers_count": row.customers_count,
        "version": row.version,
    } | _of_outcome(outcome)


def of_deletion(id: str, what: str, outcome: Outcome) -> Answered:
    """Return what the answer to a deletion is made of."""
    return {"kind": "deleted", "id": id, "what": what} | _of_outcome(outcome)


def of_customer(customer_id: str, outcome: Outcome) -> Answered:
    """Return what the answer to a change of a customer's groups is made of: not the customer."""
    return {"kind": "customer", "id": customer_id} | _of_outcome(outcome)


def of_undo(request_id: str, outcome: UndoOutcome) -> Answered:
    """Return what the answer to an undo is made of: where its events are, and who is left out."""
    recorded = requests.positions(store().read, context.get().request_id)
    return {
        "kind": "undone",
        "request_id": request_id,
        "positions": recorded if outcome.position is not None else None,
        "left_out": [left_out._asdict() for left_out in outcome.left_out],
    } | _of_outcome(outcome)


def _of_outcome(outcome: Outcome) -> Answered:
    return {
        "position": outcome.position,
        "detail": {
            "added": outcome.added,
            "already": outcome.already,
            "removed": outcome.removed,
            "absent": outcome.absent,
        },
    }


def answer(answered: Answered) -> Response:
    """Return the answer that is made of this, as the query string asks for it."""
    if answered["kind"] == "deleted":
        return with_position(deleted(answered["id"], answered["what"]), answered["position"])
    if answered["kind"] == "undone":
        how = query_of(UNDO)
        return with_position(undone(answered, **how), answered["position"])
    if answered["kind"] == "customer":
        asked = query_of(CUSTOMER)
        row = directory.one(store().read, answered["id"])
        if row is None and settings().accept_unknown_customers:
            row = CustomerRow(answered["id"], unknown_customer(answered["id"]))
        if row is None:
            raise CustomerNotFound(answered["id"])
        response = customer_answer(row, asked.fields)
    else:
        asked = _group_request()
        row_of_group = GroupRow(
            answered["key"],
            answered["id"],
            answered["document"].encode(),
            answered["customers_count"],
            answered["version"],
        )
        response = group_answer(row_of_group, asked.fields)
    if asked.detail:
        response.set_data(
            response.get_data()[:-1] + b',"detail":' + orjson.dumps(answered["detail"]) + b"}"
        )
    return with_position(response, answered["position"])


def _group_request() -> RetrieveRequest:
    asked: RetrieveRequest = query_of(GROUP)
    return asked
