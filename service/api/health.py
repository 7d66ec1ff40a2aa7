"""`/health`: is the process alive, and can it work."""

from flask import Blueprint, Response

from projections import schema
from projections.store import StoreUnavailable
from service.current import store
from service.errors import RETRY, Answer

health = Blueprint("health", __name__, url_prefix="/health")


def _ok() -> Response:
    return Response("OK", content_type="text/plain; charset=utf-8")


@health.get("")
def alive() -> Response:
    """Say OK while the process answers."""
    return _ok()


@health.get("/live")
def live() -> Response:
    """Say OK while the process answers."""
    return _ok()


@health.get("/ready")
def ready() -> Response:
    """Say OK when the database is reachable and its schema is the program's."""
    try:
        schema.check(store())
    except (schema.SchemaMismatch, StoreUnavailable) as error:
        raise Answer(503, "unavailable", "unavailable", str(error), headers=RETRY) from error
    return _ok()
