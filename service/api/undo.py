"""`/admin/events/undo`: taking back what a request changed."""

from contextlib import suppress

from flask import Blueprint, Response

from service.api.commands import Command, answer, body, carried_out, of_undo, query_of
from service.api.queries import UndoQuery
from service.api.schemas import Undo
from service.auth import requires
from service.current import customer_groups, store

undo = Blueprint("undo", __name__, url_prefix="/admin/events")

QUERY = UndoQuery()
BODY = Undo()


@undo.post("/undo")
@requires("groups:write")
def undo_request() -> Response:
    """Take back everything that a request changed, or show what that would record."""
    rehearsed = query_of(QUERY)["dry_run"]

    def prepare() -> Command:
        request_id = body(BODY)["request_id"]
        return lambda: of_undo(request_id, customer_groups().undo(request_id))

    return rehearsal(prepare()) if rehearsed else carried_out(prepare)


class _Rehearsed(Exception):
    """Rolls back what was carried out for show."""


def rehearsal(command: Command) -> Response:
    """Carry a command out, answer it, and let it not have been."""
    with suppress(_Rehearsed), store().deciding():
        response = answer(command())
        raise _Rehearsed
    del response.headers["X-Position"]
    return response
