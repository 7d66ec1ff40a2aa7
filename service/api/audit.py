"""`/audit`: signed tree heads, proofs, and the file that checks them without us."""

import base64
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from projections import log, merkle
from service import auditor, signing
from service.api.answers import JSON, json_response
from service.api.commands import query_of
from service.api.docs import Page
from service.api.problems import Invalid, Problem
from service.api.queries import ConsistencyQuery, InclusionQuery
from service.auth import requires
from service.current import store
from service.errors import RETRY, Answer

audit = Blueprint("audit", __name__, url_prefix="/audit")

INCLUSION = InclusionQuery()
CONSISTENCY = ConsistencyQuery()

TEXT = "text/plain; charset=utf-8"


@audit.get("/tree-head")
@requires("events:read")
def get_tree_head() -> Response:
    """Return the signed tree head of the whole log, as a C2SP checkpoint; keep it elsewhere."""
    try:
        kept = signing.signed_head(store())
    except signing.CannotSign as error:
        raise Answer(503, "unavailable", "cannot-sign", str(error), headers=RETRY) from error
    if request.accept_mimetypes.best_match(("text/plain", JSON), default="text/plain") == JSON:
        head = signing.read(kept)
        return json_response(
            {
                "log": head.log,
                "size": head.size,
                "root": encoded(head.root),
                "time": shown(head.time),
                "key": kept.public_key,
                "checkpoint": kept.checkpoint,
            }
        )
    response = Response(kept.checkpoint, content_type=TEXT)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Cookie, Accept"
    return response


@audit.get("/proof/inclusion")
@requires("events:read")
def get_inclusion() -> Response:
    """Prove that the event at a position is in the tree of so many leaves."""
    asked = query_of(INCLUSION)
    with store().reading():
        read = store().read
        size = size_of("tree_size", asked["tree_size"], smallest=1)
        number = merkle.number_at(read, asked["position"])
        if number is None:
            message = f"There is no event at position {asked['position']}"
            raise Answer(404, "not_found", "event-not-found", message)
        if number >= size:
            message = f"Field 'tree_size' accepts {number + 1} to {merkle.size(read)} here"
            raise Invalid([Problem(f"{message}, got: '{size}'", parameter="tree_size")])
        return json_response(
            {
                "log": log.log_id(read),
                "position": asked["position"],
                "leaf": number,
                "leaf_hash": encoded(merkle.leaf_hash(read, number)),
                "tree_size": size,
                "root": encoded(merkle.root(read, size)),
                "hashes": [encoded(one) for one in merkle.inclusion(read, number, size)],
            }
        )


@audit.get("/proof/consistency")
@requires("events:read")
def get_consistency() -> Response:
    """Prove that the tree of `to` leaves begins with all of the tree of `from`."""
    asked = query_of(CONSISTENCY)
    with store().reading():
        read = store().read
        second = size_of("to", asked["to"])
        first = asked["from"]
        if first > second:
            message = f"Field 'from' accepts 0 to {second} here, got: '{first}'"
            raise Invalid([Problem(message, parameter="from")])
        return json_response(
            {
                "log": log.log_id(read),
                "from": first,
                "to": second,
                "from_root": encoded(merkle.root(read, first)),
                "to_root": encoded(merkle.root(read, second)),
                "hashes": [encoded(one) for one in merkle.consistency(read, first, second)],
            }
        )


@audit.get("/public-key")
def get_public_key() -> Response:
    """Return all keys that ever signed tree heads of this log, the oldest first."""
    read = store().read
    return json_response({"log": log.log_id(read), "keys": signing.public_keys(read)})


@audit.get("/verifier.py")
def get_verifier() -> Response:
    """Return the program that checks exports, proofs and tree heads: one file, to be read."""
    return verifier().answer()


@cache
def verifier() -> Page:
    """Return the file, as it is in this program."""
    return Page(Path(auditor.__file__).read_bytes(), "text/x-python; charset=utf-8")


def size_of(name: str, asked: int | None, *, smallest: int = 0) -> int:
    """Return the size of a tree that was asked for, by default the newest. Raises `Invalid`."""
    newest = merkle.size(store().read)
    if asked is None:
        return newest
    if not smallest <= asked <= newest:
        message = f"Field '{name}' accepts {smallest} to {newest}, got: '{asked}'"
        raise Invalid([Problem(message, parameter=name)])
    return asked


def encoded(value: bytes) -> str:
    """Return bytes as base64, as checkpoints have them."""
    return base64.b64encode(value).decode()


def shown(time: datetime | None) -> Any:
    """Return a signed time, which is one of whole seconds."""
    return None if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}"
