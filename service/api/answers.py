"""Answers made of stored documents: whole as they are, or as `fields` asks for them."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, g, request

from projections import group_list, membership
from projections.conditions import Conditions
from projections.directory import CustomerRow
from projections.documents import shown
from projections.group_list import GroupRow
from projections.membership import Member
from projections.pages import Page
from service.api.as_of import position_of
from service.api.fields import CUSTOMER_COLUMNS, GROUP_COLUMNS, Fields
from service.api.problems import Problem
from service.api.queries import ListRequest
from service.current import store
from service.errors import Answer

JSON = "application/json"

LONGEST_LINK = 4096
"""A longer header is left out: proxies and clients choke on it, and the body says as much."""

EMBEDDED_OF_ONE = 1000
EMBEDDED_IN_ALL = 10_000


def json_response(body: bytes | dict[str, Any], status: int = 200) -> Response:
    """Return JSON that belongs to the caller alone."""
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    response = Response(text, status, content_type=JSON)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Cookie"
    return response


def group_document(row: GroupRow, fields: Fields, at: int | None = None) -> bytes:
    """Return a group with what `fields` asks for, its members as they were `at` a position."""
    if fields.is_default:
        return row.document
    if fields.relation is None and fields.columns[: len(GROUP_COLUMNS)] == GROUP_COLUMNS:
        extras = {name: getattr(row, name) for name in fields.columns[len(GROUP_COLUMNS) :]}
        return b"".join((row.document[:-1], b",", orjson.dumps(extras)[1:]))
    whole = orjson.loads(row.document)
    whole |= {"customers_count": row.customers_count, "version": row.version}
    answered = {name: whole[name] for name in fields.columns}
    if fields.relation is not None:
        answered["customers"] = [
            _picked(orjson.loads(text or unknown_customer(id)), fields)
            for id, text in membership.embedded(store().read, row.group_key, at=at)
        ]
    return orjson.dumps(answered)


def customer_documents(rows: Iterable[CustomerRow], fields: Fields) -> list[bytes]:
    """Return customers with what `fields` asks for. Raises 400 for too many groups."""
    if fields.is_default:
        return [row.document for row in rows]
    documents = []
    room = EMBEDDED_IN_ALL
    for row in rows:
        whole = orjson.loads(row.document)
        answered = {name: whole[name] for name in fields.columns}
        if fields.relation is not None:
            groups = groups_to_embed(row.id, room)
            room -= len(groups)
            answered["groups"] = [
                _picked(
                    orjson.loads(group.document)
                    | {"customers_count": group.customers_count, "version": group.version},
                    fields,
                )
                for group in groups
            ]
        documents.append(orjson.dumps(answered))
    return documents


def groups_to_embed(customer_id: str, room: int) -> list[GroupRow]:
    """Return a customer's groups. Raises 400 for over 1,000, or more than there is room for."""
    most = min(EMBEDDED_OF_ONE, room)
    page = group_list.page(store(), limit=most + 1, conditions={"customers": [customer_id]})
    if len(page.rows) > most:
        which = customer_id if most == EMBEDDED_OF_ONE else ":id"
        raise too_many("groups", f"/admin/customers/{which}/customer-groups")
    return page.rows


def _picked(whole: dict[str, Any], fields: Fields) -> dict[str, Any]:
    return {name: whole[name] for name in fields.relation or ()}


def refuse_too_many(rows: Sequence[GroupRow], fields: Fields) -> None:
    """Raise 400 before more customers are embedded than one answer holds."""
    if fields.relation is None:
        return
    for row in rows:
        if row.customers_count > EMBEDDED_OF_ONE:
            raise too_many("customers", f"/admin/customer-groups/{row.id}/customers")
    if sum(row.customers_count for row in rows) > EMBEDDED_IN_ALL:
        raise too_many("customers", "/admin/customer-groups/:id/customers")


def too_many(what: str, route: str) -> Answer:
    """Return the refusal that names the paged route."""
    message = (
        f"Up to {EMBEDDED_OF_ONE} {what} of one and {EMBEDDED_IN_ALL} in one answer are embedded;"
        f" page through GET {route} instead"
    )
    return Answer(
        400,
        "invalid_data",
        "too-many-embedded",
        f"Invalid request: {message}",
        problems=(Problem(message, parameter="fields"),),
    )


def group_answer(row: GroupRow, fields: Fields, at: int | None = None) -> Response:
    """Return one group, with its version as ETag where it is as now and embeds no customers."""
    body = b"".join((b'{"customer_group":', group_document(row, fields, at), b"}"))
    response = with_position(json_response(body), at)
    if fields.relation is None and at is None:
        response.set_etag(str(row.version))
    return response


def customer_answer(row: CustomerRow, fields: Fields, status: int = 200) -> Response:
    """Return one customer."""
    (document,) = customer_documents([row], fields)
    return json_response(b"".join((b'{"customer":', document, b"}")), status)


def deleted(id: str, kind: str) -> Response:
    """Return the answer to a deletion, the same for what was not there."""
    return json_response({"id": id, "object": kind, "deleted": True})


def list_answer(
    name: str,
    documents: Iterable[bytes],
    page: Page[Any],
    asked: ListRequest,
    at: int | None = None,
) -> Response:
    """Return a list in the peer's envelope; by keyset, `next_cursor` stands for `offset`."""
    limit, offset = asked.limit, asked.offset
    tail: dict[str, Any] = {"count": page.count}
    links: dict[str, dict[str, Any]] = {}
    if asked.cursor is None:
        tail |= {"offset": offset, "limit": limit}
        if limit and offset + limit < page.count:
            links["next"] = {"offset": offset + limit}
        if limit and offset:
            links["prev"] = {"offset": max(0, offset - limit)}
    else:
        tail |= {"limit": limit, "next_cursor": page.next_cursor}
        if page.next_cursor:
            links["next"] = {"cursor": page.next_cursor}
    body = b"".join((f'{{"{name}":['.encode(), b",".join(documents), b"],", orjson.dumps(tail)[1:]))
    response = json_response(body)
    set_links(response, links, at)
    return response


def groups_listed(asked: ListRequest, conditions: Conditions) -> Response:
    """Return the page of groups that is asked for, among those under these conditions."""
    at = position_of(asked.as_of)
    page = group_list.page(store(), conditions=conditions, **asked.paging, at=at)
    refuse_too_many(page.rows, asked.fields)
    documents = (group_document(row, asked.fields, at) for row in page.rows)
    return list_answer("customer_groups", documents, page, asked, at)


def members_answer(page: Page[Member], *, offset: int | None, at: int | None) -> Response:
    """Return a page of members, each customer with `added_at`."""
    tail: dict[str, Any] = {"count": page.count}
    if page.count_capped:
        tail["count_capped"] = True
    if offset is not None:
        tail["offset"] = offset
    tail |= {"next_cursor": page.next_cursor, "prev_cursor": page.previous_cursor}
    documents = (
        member_document(member)[:-1] + f',"added_at":"{shown(member.added_at)}"}}'.encode()
        for member in page.rows
    )
    response = json_response(
        b"".join((b'{"customers":[', b",".join(documents), b"],", orjson.dumps(tail)[1:]))
    )
    links = {"next": page.next_cursor, "prev": page.previous_cursor}
    set_links(response, {rel: {"cursor": cursor} for rel, cursor in links.items() if cursor}, at)
    return response


def member_document(member: Member) -> bytes:
    """Return a member's customer; of an unknown one its id and nulls."""
    return member.document or unknown_customer(member.id)


def unknown_customer(customer_id: str) -> bytes:
    """Return the document of a customer that the directory does not know: its id and nulls."""
    return orjson.dumps(dict.fromkeys(CUSTOMER_COLUMNS) | {"id": customer_id})


def set_links(response: Response, links: dict[str, dict[str, Any]], at: int | None) -> None:
    """Say in `Link` where this list goes on, and in `X-Position` where it stands, if in the past.

    The links stay there: a time of just now may soon stand for a later position.
    """
    with_position(response, at)
    if not links:
        return
    given = [
        (name, value) if name != "as_of" else (name, str(at))
        for name, value in request.args.items(multi=True)
        if name not in ("offset", "cursor")
    ]
    link = ", ".join(
        f'<{request.path}?{urlencode([*given, *place.items()])}>; rel="{rel}"'
        for rel, place in links.items()
    )
    if len(link) <= LONGEST_LINK:
        response.headers["Link"] = link


def with_position(response: Response, position: int | None) -> Response:
    """Say in `X-Position` which event was recorded last, or is the last that the answer knows."""
    if position is not None:
        response.headers["X-Position"] = str(position)
    return response


def not_modified(response: Response) -> Response:
    """Return 304 in its place when the caller has this version already."""
    etag = response.get_etag()[0]
    if etag is not None and request.if_none_match and request.if_none_match.contains_weak(etag):
        empty = Response(status=304)
        for name in ("ETag", "Cache-Control", "Vary"):
            empty.headers[name] = response.headers[name]
        return empty
    return response


def caller_id() -> str:
    """Return the id of who asks: what `created_by` says."""
    id: str = g.caller.actor["id"]
    return id
