"""`/admin/customer-groups`: groups and their members."""

from collections.abc import Callable

import orjson
from flask import Blueprint, Response

from domain.application import merge_patching, merging
from domain.errors import GroupNotFound
from domain.group import Metadata
from projections import group_list, membership
from projections.group_list import GroupRow
from service.api.answers import (
    group_answer,
    groups_listed,
    members_answer,
    not_modified,
    refuse_too_many,
)
from service.api.as_of import position_of
from service.api.commands import (
    GROUP,
    Command,
    body,
    carried_out,
    expected_version,
    of_deletion,
    of_group,
    query_of,
    refuse_impossible_ids,
)
from service.api.history import group_history
from service.api.problems import Checked
from service.api.queries import (
    GroupAsOfQuery,
    GroupListQuery,
    GroupQuery,
    HistoryQuery,
    MembersQuery,
)
from service.api.schemas import BatchLink, CreateGroup, PatchGroup, RestoreGroup, UpdateGroup
from service.auth import requires
from service.current import customer_groups, settings, store

groups = Blueprint("groups", __name__, url_prefix="/admin/customer-groups")

LIST = GroupListQuery()
ONE = GroupQuery()
ONE_AS_OF = GroupAsOfQuery()
MEMBERS = MembersQuery()
HISTORY = HistoryQuery()
CREATE = CreateGroup()
UPDATE = UpdateGroup()
PATCH = PatchGroup()
LINKS = BatchLink()
RESTORE = RestoreGroup()

MERGE_PATCH = "application/merge-patch+json"

ChangeOfMetadata = Callable[[Metadata | None], Callable[[Metadata | None], Metadata | None]]


@groups.get("")
@requires("groups:read")
def list_groups() -> Response:
    """Return a page of groups with the exact count."""
    asked = query_of(LIST)
    return groups_listed(asked, asked.conditions)


@groups.post("")
@requires("groups:write")
def create_group() -> Response:
    """Create a group."""

    def prepare() -> Command:
        query_of(ONE)
        given = body(CREATE)
        return lambda: of_group(customer_groups().create_group(**given))

    response = carried_out(prepare)
    group_id = orjson.loads(response.get_data())["customer_group"]["id"]
    response.headers["Location"] = f"{groups.url_prefix}/{group_id}"
    return response


@groups.get("/<group_id>")
@requires("groups:read")
def get_group(group_id: str) -> Response:
    """Return a group."""
    asked = query_of(ONE_AS_OF)
    at = position_of(asked.as_of)
    row = living(group_id, at)
    refuse_too_many([row], asked.fields)
    return not_modified(group_answer(row, asked.fields, at))


@groups.post("/<group_id>")
@requires("groups:write", not_found="update")
def update_group(group_id: str) -> Response:
    """Rename a group and merge its metadata at the top level."""
    return carried_out(lambda: changing(group_id, UPDATE, merging))


@groups.patch("/<group_id>")
@requires("groups:write", not_found="update", accepts=(MERGE_PATCH,))
def patch_group(group_id: str) -> Response:
    """Rename a group and patch its metadata at every level (RFC 7396)."""
    return carried_out(lambda: changing(group_id, PATCH, merge_patching))


@groups.delete("/<group_id>")
@requires("groups:write")
def delete_group(group_id: str) -> Response:
    """Delete a group; the same answer for one that is not there."""

    def prepare() -> Command:
        expected = expected_version()
        return lambda: of_deletion(
            group_id, "customer_group", customer_groups().delete_group(group_id, expected=expected)
        )

    return carried_out(prepare)


@groups.get("/<group_id>/customers")
@requires("groups:read")
def list_members(group_id: str) -> Response:
    """Return a page of a group's members."""
    asked = query_of(MEMBERS)
    at = position_of(asked.as_of)
    page = membership.members(
        store(),
        living(group_id, at),
        at=at,
        conditions=asked.conditions,
        **asked.paging,
        accept_unknown=settings().accept_unknown_customers,
    )
    return members_answer(page, offset=asked.offset if asked.cursor is None else None, at=at)


@groups.post("/<group_id>/customers")
@requires("groups:write", not_found="link")
def change_members(group_id: str) -> Response:
    """Add and remove customers of a group, all or nothing."""

    def prepare() -> Command:
        query_of(GROUP)
        change, expected = body(LINKS), expected_version()
        refuse_impossible_ids(change["add"])
        return lambda: of_group(
            customer_groups().change_customers(group_id, expected=expected, **change)
        )

    return carried_out(prepare)


@groups.get("/<group_id>/history")
@requires("groups:read")
def get_history(group_id: str) -> Response:
    """Return the events of a group, deleted or not, newest first."""
    return group_history(group_id, query_of(HISTORY))


@groups.post("/<group_id>/restore")
@requires("groups:write", not_found="update")
def restore_group(group_id: str) -> Response:
    """Bring a deleted group back with its customers and metadata."""

    def prepare() -> Command:
        query_of(ONE)
        given, expected = body(RESTORE), expected_version()
        return lambda: of_group(
            customer_groups().restore_group(group_id, name=given.get("name"), expected=expected)
        )

    return carried_out(prepare)


def living(group_id: str, at: int | None = None) -> GroupRow:
    """Return a living group, as it was `at` a position. Raises `GroupNotFound`."""
    row = group_list.one(store().read, group_id, at=at)
    if row is None:
        raise GroupNotFound(group_id)
    return row


def changing(group_id: str, schema: Checked, change: ChangeOfMetadata) -> Command:
    """Check an update of a group and return it as a command."""
    query_of(ONE)
    given, expected = body(schema), expected_version()
    metadata = change(given["metadata"]) if "metadata" in given else None
    return lambda: of_group(
        customer_groups().update_group(
            group_id, name=given.get("name"), metadata=metadata, expected=expected
        )
    )
