"""`/admin/webhooks`: who is sent events, from where on, and what came of it."""

from typing import Any

from flask import Blueprint, Response

from service.api.answers import caller_id, json_response
from service.api.commands import body, query_of
from service.api.problems import Invalid, Problem
from service.api.queries import PageQuery
from service.api.schemas import CreateWebhook, ResendWebhook, UpdateWebhook
from service.auth import requires
from service.current import settings, store
from service.errors import Answer
from service.outgoing import AddressRefused, refuse_private
from service.webhooks import BeyondEnd, Webhooks

webhooks = Blueprint("webhooks", __name__, url_prefix="/admin/webhooks")

CREATE = CreateWebhook()
UPDATE = UpdateWebhook()
RESEND = ResendWebhook()
PAGE = PageQuery()


@webhooks.post("")
@requires("admin", recorded=False)
def create_webhook() -> Response:
    """Send events to an address from now on; the secret that signs them is shown this once."""
    given = body(CREATE)
    refuse_address(given["url"])
    try:
        made, secret = Webhooks(store()).create(created_by=caller_id(), **given)
    except BeyondEnd as error:
        raise beyond_end(error) from None
    response = json_response({"webhook": made | {"secret": secret}})
    response.headers["Location"] = f"{webhooks.url_prefix}/{made['id']}"
    return response


@webhooks.get("")
@requires("admin")
def list_webhooks() -> Response:
    """Return a page of all webhooks, without their secrets."""
    asked = query_of(PAGE)
    found, count = Webhooks(store()).page(asked["limit"], asked["offset"])
    return json_response({"webhooks": found, "count": count} | asked)


@webhooks.get("/<webhook_id>")
@requires("admin")
def get_webhook(webhook_id: str) -> Response:
    """Return a webhook: where it stands, and what was wrong last."""
    return answered(webhook_id, Webhooks(store()).one(webhook_id))


@webhooks.post("/<webhook_id>")
@requires("admin", recorded=False)
def update_webhook(webhook_id: str) -> Response:
    """Change where a webhook leads and what it sends; it goes on from its position."""
    given = body(UPDATE)
    if "url" in given:
        refuse_address(given["url"])
    return answered(webhook_id, Webhooks(store()).change(webhook_id, given))


@webhooks.delete("/<webhook_id>")
@requires("admin", recorded=False)
def delete_webhook(webhook_id: str) -> Response:
    """Send nothing more, and forget the webhook with its deliveries."""
    if not Webhooks(store()).remove(webhook_id):
        raise unknown(webhook_id)
    return json_response({"id": webhook_id, "object": "webhook", "deleted": True})


@webhooks.post("/<webhook_id>/pause")
@requires("admin", recorded=False)
def pause_webhook(webhook_id: str) -> Response:
    """Send nothing more for now; the position is kept."""
    return answered(webhook_id, Webhooks(store()).pause(webhook_id))


@webhooks.post("/<webhook_id>/resume")
@requires("admin", recorded=False)
def resume_webhook(webhook_id: str) -> Response:
    """Go on from the position, at once; nothing in between is left out."""
    return answered(webhook_id, Webhooks(store()).resume(webhook_id))


@webhooks.post("/<webhook_id>/resend")
@requires("admin", recorded=False)
def resend_webhook(webhook_id: str) -> Response:
    """Go on from another position: what came after it is sent, again or for the first time."""
    given = body(RESEND)
    try:
        return answered(webhook_id, Webhooks(store()).resend(webhook_id, given["after"]))
    except BeyondEnd as error:
        raise beyond_end(error) from None


@webhooks.get("/<webhook_id>/deliveries")
@requires("admin")
def list_deliveries(webhook_id: str) -> Response:
    """Return the newest attempts to deliver, of which 1,000 are kept."""
    asked = query_of(PAGE)
    if Webhooks(store()).one(webhook_id) is None:
        raise unknown(webhook_id)
    found, count = Webhooks(store()).deliveries(webhook_id, asked["limit"], asked["offset"])
    return json_response({"deliveries": found, "count": count} | asked)


def answered(webhook_id: str, webhook: dict[str, Any] | None) -> Response:
    """Return a webhook, or raise 404."""
    if webhook is None:
        raise unknown(webhook_id)
    return json_response({"webhook": webhook})


def unknown(webhook_id: str) -> Answer:
    """Return the refusal of an id that no webhook has."""
    return Answer(404, "not_found", "not-found", f"Webhook with id: {webhook_id} was not found")


def beyond_end(error: BeyondEnd) -> Answer:
    """Return the refusal of a position that the log does not have."""
    return Answer(409, "conflict", "position-beyond-end", f"{error}; is it of another log?")


def refuse_address(url: str) -> None:
    """Raise `Invalid` for a URL that leads to a private address; deliveries check again."""
    if settings().allow_private_webhooks:
        return
    try:
        refuse_private(url)
    except AddressRefused as error:
        message = f"Field 'url' accepts a public address: {error}"
        raise Invalid([Problem(message, pointer="/url")]) from None
