"""`/events`: the log for those who follow it, as pages, as lines and as a stream."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, request

from projections import log
from projections.log import NO_BOUND, Wanted
from projections.sql import Read
from service.api.answers import JSON, json_response
from service.api.commands import query_of
from service.api.eventschemas import EVENTS, event_of
from service.api.problems import Invalid, Problem
from service.api.queries import DEFAULT_PAGE, FeedQuery, FollowQuery
from service.auth import requires
from service.current import store
from service.errors import Answer
from service.front import WAITED
from service.stream import Follow

events = Blueprint("events", __name__, url_prefix="/events")

FEED = FeedQuery()
STREAM = FollowQuery()

NDJSON = "application/x-ndjson"
EVENT_STREAM = "text/event-stream"
OWN = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie"}
"""What belongs to the caller alone and is not over when it is read."""

LINES = 500
"""How many lines are read at a time; between, no thread and no transaction is held."""

PAGE_BYTES = 8 * 1024 * 1024
"""A page is cut short here, whatever its limit: one event may have 256 KiB."""

Asked = dict[str, Any]


@events.get("")
@requires("events:read")
def get_events() -> Response:
    """Return events after a position, oldest first; as NDJSON all of them where no limit is set."""
    asked = query_of(FEED)
    wanted = wanted_of(asked)
    accepted = request.accept_mimetypes.best_match((JSON, NDJSON), default=JSON)
    with store().reading():
        identity = refuse_other_log(asked)
        after, end = beginning(asked), log.end(store().read)
        if accepted == NDJSON:
            lines = ndjson(store().read, identity, after, asked["limit"], wanted)
            return Response(lines, content_type=NDJSON, headers=OWN)
        limit = asked["limit"] or DEFAULT_PAGE
        found = log.after(store().read, after, limit=limit, wanted=wanted)
    page = fitting([log.published(event, identity) for event in found])
    if not page and asked["wait"] and WAITED not in request.environ:
        return Response(headers={"X-Front-Follow": Follow(end, wanted, asked["wait"]).text()})
    reached = (
        found[len(page) - 1].position if len(page) < len(found) or len(found) == limit else end
    )
    tail = orjson.dumps({"next": reached, "end": end})[1:]
    head = f'{{"log":"{identity}","events":['.encode()
    response = json_response(b"".join((head, b",".join(page), b"],", tail)))
    response.headers["Link"] = f'<{request.path}?{next_query(reached)}>; rel="next"'
    return response


@events.get("/stream")
@requires("events:read")
def get_stream() -> Response:
    """Stream events as Server-Sent Events, from `Last-Event-ID` or a position on."""
    asked = query_of(STREAM)
    wanted = wanted_of(asked)
    last = request.headers.get("Last-Event-ID")
    if last:
        if not (last.isascii() and last.isdigit() and len(last) <= 16):
            raise Invalid([Problem("Last-Event-ID accepts a position, a whole number")])
        asked |= {"after": int(last), "since": None}
    with store().reading():
        refuse_other_log(asked)
        after = beginning(asked)
    response = Response(content_type=EVENT_STREAM, headers=OWN)
    response.headers["X-Accel-Buffering"] = "no"
    if request.method == "GET":
        response.headers["X-Front-Follow"] = Follow(after, wanted).text()
    return response


def wanted_of(asked: Asked) -> Wanted:
    """Return the filter. Raises `Invalid` for a type that does not exist."""
    types: dict[str, None] = {}
    for name in asked["type"]:
        topic = event_of(name)
        if topic is None:
            accepted = ", ".join(EVENTS)
            raise Invalid([Problem(f"Field 'type' accepts {accepted}, got: '{name}'", "type")])
        types[topic] = None
    return Wanted(tuple(types), asked["group_id"], asked["customer_id"])


def refuse_other_log(asked: Asked) -> str:
    """Return the log's id. Raises 409 for a consumer that has followed another one."""
    identity = log.log_id(store().read)
    if asked["log"] not in (None, identity):
        raise Answer(
            409,
            "conflict",
            "other-log",
            f"This is the log {identity}, not {asked['log']}: its positions mean other events."
            " After a restore from a backup, begin again at after=0",
        )
    return identity


def beginning(asked: Asked) -> int:
    """Return the position to begin after. Raises 409 for one beyond the end of the log."""
    if asked["since"] is not None:
        if asked["after"] is not None:
            message = "Field 'since' is accepted in place of 'after', not with it"
            raise Invalid([Problem(message, parameter="since")])
        return log.before(store().read, asked["since"])
    after: int = asked["after"] or 0
    end = log.end(store().read)
    if after > end:
        raise Answer(
            409,
            "conflict",
            "position-beyond-end",
            f"Position {after} is beyond the end of this log, {end}; is it of another log?",
        )
    return after


def fitting(lines: Sequence[bytes]) -> Sequence[bytes]:
    """Return as many lines as a page holds, at least one."""
    size = 0
    for number, line in enumerate(lines):
        size += len(line)
        if size > PAGE_BYTES and number:
            return lines[:number]
    return lines


def next_query(reached: int) -> str:
    """Return the query of the page after this one."""
    given = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name not in ("after", "since")
    ]
    return urlencode([("after", reached), *given])


def ndjson(
    read: Read, identity: str, after: int, limit: int | None, wanted: Wanted
) -> Iterator[bytes]:
    """Yield events, a line each, to the end of the log; the last line is the cursor."""
    left = NO_BOUND if limit is None else limit
    position = after
    while left:
        end = log.end(read)  # before the page: it may hold more than that, never less
        size = min(LINES, left)
        found = log.after(read, position, limit=size, wanted=wanted)
        left -= len(found)
        if found:
            position = found[-1].position
            yield b"\n".join([log.published(event, identity) for event in found]) + b"\n"
        if len(found) < size:
            position = max(position, end)
            break
    yield orjson.dumps({"log": identity, "next": position, "end": log.end(read)}) + b"\n"
