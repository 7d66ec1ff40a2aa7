"""`/admin/customers` and `/admin/memberships`: the directory, and memberships from its side."""

from flask import Blueprint, Response, request

from domain.errors import CustomerNotFound, GroupNotFound
from projections import directory, group_list, membership
from projections.directory import CustomerRow
from service.api.answers import (
    caller_id,
    customer_answer,
    customer_documents,
    groups_listed,
    json_response,
    list_answer,
)
from service.api.commands import (
    CUSTOMER,
    Command,
    body,
    carried_out,
    of_customer,
    of_deletion,
    query_of,
    refuse_impossible_ids,
)
from service.api.history import customer_history
from service.api.problems import Invalid, Problem
from service.api.queries import (
    CustomerHistoryQuery,
    CustomerListQuery,
    CustomerQuery,
    GroupListQuery,
    ImportQuery,
)
from service.api.schemas import (
    BatchLinkGroups,
    CreateCustomer,
    Lookup,
    MembershipCheck,
    PutCustomer,
    UpdateCustomer,
)
from service.api.values import customer_id_problem
from service.auth import requires
from service.current import customer_groups, settings, store
from service.imports import import_rows, read_csv, read_ndjson

customers = Blueprint("customers", __name__, url_prefix="/admin/customers")
memberships = Blueprint("memberships", __name__, url_prefix="/admin/memberships")

LIST = CustomerListQuery()
GROUP_LIST = GroupListQuery()
ONE = CustomerQuery()
IMPORT = ImportQuery()
CREATE = CreateCustomer()
UPDATE = UpdateCustomer()
PUT = PutCustomer()
LINKS = BatchLinkGroups()
HISTORY = CustomerHistoryQuery()
LOOKUP = Lookup()
CHECK = MembershipCheck()

CSV, NDJSON = "text/csv", "application/x-ndjson"


@customers.get("")
@requires("groups:read")
def list_customers() -> Response:
    """Return a page of customers with the exact count."""
    asked = query_of(LIST)
    page = directory.page(store(), conditions=asked.conditions, **asked.paging)
    return list_answer("customers", customer_documents(page.rows, asked.fields), page, asked)


@customers.post("")
@requires("groups:write", recorded=False)
def create_customer() -> Response:
    """Create a customer."""
    asked = query_of(ONE)
    row = directory.create(store(), body(CREATE), caller_id())
    response = customer_answer(row, asked.fields)
    response.headers["Location"] = f"{customers.url_prefix}/{row.id}"
    return response


@customers.get("/<customer_id>")
@requires("groups:read")
def get_customer(customer_id: str) -> Response:
    """Return a customer."""
    asked = query_of(ONE)
    return customer_answer(known(customer_id), asked.fields)


@customers.post("/<customer_id>")
@requires("groups:write", not_found="update", recorded=False)
def update_customer(customer_id: str) -> Response:
    """Change the given fields of a customer."""
    asked = query_of(ONE)
    fields = body(UPDATE)
    with store().deciding():  # nothing is changed where the answer is refused
        return customer_answer(directory.update(store(), customer_id, fields), asked.fields)


@customers.put("/<customer_id>")
@requires("groups:write", recorded=False)
def put_customer(customer_id: str) -> Response:
    """Create or replace the customer of this id: for whoever mirrors customers from elsewhere."""
    asked = query_of(ONE)
    fields = body(PUT)
    problem = customer_id_problem(customer_id, allow_at=settings().allow_at_in_ids)
    if problem:
        raise Invalid([Problem(problem, parameter="customer_id")])
    with store().deciding():  # nothing is changed where the answer is refused
        row, created = directory.put(store(), customer_id, fields, caller_id())
        response = customer_answer(row, asked.fields, 201 if created else 200)
    if created:
        response.headers["Location"] = f"{customers.url_prefix}/{row.id}"
    return response


@customers.delete("/<customer_id>")
@requires("groups:write")
def delete_customer(customer_id: str) -> Response:
    """Erase a customer and take it out of every group; the same answer for an unknown one."""
    return carried_out(
        lambda: (
            lambda: of_deletion(
                customer_id, "customer", customer_groups().delete_customer(customer_id)
            )
        )
    )


@customers.get("/<customer_id>/customer-groups")
@requires("groups:read")
def list_groups_of_customer(customer_id: str) -> Response:
    """Return a page of the groups that a customer is in."""
    asked = query_of(GROUP_LIST)
    erased = asked.as_of is not None and membership.was_member(store().read, customer_id)
    if not (erased or settings().accept_unknown_customers):
        known(customer_id)
    return groups_listed(asked, {"$and": [{"customers": [customer_id]}, asked.conditions]})


@customers.post("/<customer_id>/customer-groups")
@requires("groups:write", not_found="link")
def change_groups_of_customer(customer_id: str) -> Response:
    """Add a customer to groups and remove it from groups, all or nothing."""

    def prepare() -> Command:
        refuse_impossible_ids([customer_id])
        query_of(CUSTOMER)
        change = body(LINKS)
        return lambda: of_customer(
            customer_id, customer_groups().change_groups(customer_id, **change)
        )

    return carried_out(prepare)


@customers.get("/<customer_id>/history")
@requires("groups:read")
def get_history_of_customer(customer_id: str) -> Response:
    """Return when a customer joined and left groups, newest first, erased or not."""
    return customer_history(customer_id, query_of(HISTORY))


@customers.post("/lookup")
@requires("groups:read", recorded=False)
def look_up() -> Response:
    """Return which customers these ids and e-mails name, and whether they are in a group."""
    asked = body(LOOKUP)
    group_id = asked.get("group_id")
    with store().reading():
        if group_id is not None and group_list.one(store().read, group_id) is None:
            raise GroupNotFound(group_id)
        found = directory.lookup(store().read, asked["values"])
        everyone = sorted({id for ids in found.values() for id in ids})
        members = (
            membership.members_among(store().read, group_id, everyone)
            if group_id is not None
            else None
        )
    results = [
        {
            "value": value,
            "customer_ids": found[value],
            "member": None
            if members is None or not found[value]
            else any(id in members for id in found[value]),
        }
        for value in asked["values"]
    ]
    return json_response({"results": results})


@customers.post("/import")
@requires("groups:write", recorded=False, accepts=(CSV, NDJSON))
def import_customers() -> Response:
    """Create and update customers by the rows of a file, which stand alone."""
    asked = query_of(IMPORT)
    read = read_ndjson if request.mimetype == NDJSON else read_csv
    rows = read(request.stream, allow_at=settings().allow_at_in_ids)
    imported = import_rows(store(), rows, caller_id(), dry_run=asked.dry_run)
    return json_response(
        {
            "created": imported.created,
            "updated": imported.updated,
            "unchanged": imported.unchanged,
            "refused": imported.refused,
            "errors": [
                {"line": line, "message": message} for line, message in sorted(imported.errors)
            ],
        }
    )


@memberships.post("/check")
@requires("groups:read", recorded=False)
def check_memberships() -> Response:
    """Return for each customer which of the groups it is in."""
    asked = body(CHECK)
    found = membership.check(store().read, asked["customer_ids"], asked["group_ids"])
    return json_response({"memberships": found})


def known(customer_id: str) -> CustomerRow:
    """Return a customer. Raises `CustomerNotFound`."""
    row = directory.one(store().read, customer_id)
    if row is None:
        raise CustomerNotFound(customer_id)
    return row
