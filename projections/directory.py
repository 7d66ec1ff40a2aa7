"""Customers: reference data, never rebuilt. Names and e-mails live here, and only here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from ulid import ULID

from domain.context import decided_at
from domain.errors import CustomerNotFound, EmailTaken
from domain.group import check_size, merged
from projections.conditions import Conditions, contained, where
from projections.documents import folded, milliseconds, moment, time_shown
from projections.pages import Listing, Order, Page, Walk
from projections.sql import Read, Write

if TYPE_CHECKING:
    from projections.store import Store

SCHEMA = (
    """
    CREATE TABLE customer (
      customer_key SERIAL8 PRIMARY KEY,
      id TEXT COLLATE "C" NOT NULL,
      email TEXT COLLATE "C",
      email_folded TEXT COLLATE "C" NOT NULL,
      first_folded TEXT COLLATE "C" NOT NULL,
      last_folded TEXT COLLATE "C" NOT NULL,
      has_account BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      search TEXT COLLATE "C" NOT NULL,
      document BYTEA NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX customer_id ON customer (id)",
    "CREATE UNIQUE INDEX customer_email ON customer (email, has_account) WHERE email IS NOT NULL",
    "CREATE INDEX customer_by_email ON customer (email_folded, id)",
    "CREATE INDEX customer_by_first_name ON customer (first_folded, id)",
    "CREATE INDEX customer_by_last_name ON customer (last_folded, id)",
    "CREATE INDEX customer_by_account ON customer (has_account, id)",
    "CREATE INDEX customer_by_creation ON customer (created_at, id)",
    "CREATE INDEX customer_by_update ON customer (updated_at, id)",
    "CREATE TABLE customer_total (living BIGINT NOT NULL)",
    "INSERT INTO customer_total VALUES (0)",
)
"""Times are milliseconds since 1970; `search` is what `q` looks in, folded, a field a line."""

SEARCHED = ("customer", "customer_key", "search")
"""Table, key and column that have a trigram index."""

TEXTS = ("company_name", "first_name", "last_name", "email", "phone")

ORDERS = {
    "id": Order(("c.id", str)),
    "email": Order(("c.email_folded", str), ("c.id", str)),
    "first_name": Order(("c.first_folded", str), ("c.id", str)),
    "last_name": Order(("c.last_folded", str), ("c.id", str)),
    "has_account": Order(("c.has_account", int), ("c.id", str)),
    "created_at": Order(("c.created_at", int), ("c.id", str)),
    "updated_at": Order(("c.updated_at", int), ("c.id", str)),
}

COLUMNS = {
    "id": "c.id = {}",
    "email": "c.email = {}",
    "has_account": "c.has_account",
    "created_at": "c.created_at",
    "updated_at": "c.updated_at",
    "groups": "c.id IN (SELECT m.customer_id FROM membership m"
    " JOIN group_list g ON g.group_key = m.group_key"
    " WHERE g.id = {} AND g.deleted = 0 AND m.until_position IS NULL)",
}
"""How each filter reads; `{}` is one value or all of several."""

LOOKED_AT = COLUMNS | {
    "groups": "EXISTS (SELECT 1 FROM membership m JOIN group_list g ON g.group_key = m.group_key"
    " WHERE m.customer_id = c.id AND g.id = {} AND g.deleted = 0 AND m.until_position IS NULL)",
}
"""How each filter reads where it is asked of one customer after the other."""

INSERT = """
INSERT INTO customer (id, email, email_folded, first_folded, last_folded, has_account, created_at,
  updated_at, search, document)
VALUES (:id, :email, :email_folded, :first_folded, :last_folded, :has_account, :created_at,
  :updated_at, :search, :document)
"""

UPDATE = """
UPDATE customer SET email = :email, email_folded = :email_folded, first_folded = :first_folded,
  last_folded = :last_folded, has_account = :has_account, updated_at = :updated_at,
  search = :search, document = :document
WHERE id = :id
"""

LOOKUP = """
SELECT each.value, c.id FROM each(:values) JOIN customer c ON c.id = each.value
UNION ALL
SELECT each.value, c.id FROM each(:folded) JOIN customer c ON c.email_folded = each.value
ORDER BY 2
"""

ERASED = "erasures"
"""The property that counts deleted customers."""

NOTE_ERASURE = """
INSERT INTO property VALUES (:name, '1')
ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(property.value AS BIGINT) + 1 AS TEXT)
"""

Fields = dict[str, Any]
"""The fields of a customer that a caller sets: the texts, `has_account`, `metadata`."""


class CustomerRow(NamedTuple):
    """A customer as it is answered: its document has the 12 default keys."""

    id: str
    document: bytes


def known_among(read: Read, customer_ids: Sequence[str]) -> set[str]:
    """Return which of these customers there are. O(len(customer_ids))."""
    statement = "SELECT c.id FROM each(:ids) JOIN customer c ON c.id = each.value"
    return {row[0] for row in read(statement, ids=sorted(customer_ids))}


def one(read: Read, customer_id: str) -> CustomerRow | None:
    """Return a customer."""
    rows = read("SELECT id, document FROM customer WHERE id = :id", id=customer_id)
    return CustomerRow(*rows[0]) if rows else None


def following(read: Read, customer_id: str, limit: int) -> list[CustomerRow]:
    """Return customers in the order of their ids, after this one, at most `limit`."""
    statement = "SELECT id, document FROM customer WHERE id > :id ORDER BY id LIMIT :limit"
    return [CustomerRow(*row) for row in read(statement, id=customer_id, limit=limit)]


def total(read: Read) -> int:
    """Return how many customers there are."""
    return int(read("SELECT living FROM customer_total")[0][0])


def create(store: "Store", fields: Fields, created_by: str) -> CustomerRow:
    """Create a customer under a new id. Raises `EmailTaken`, `MetadataTooLarge`."""
    with store.deciding():
        customer_id = f"cus_{ULID.from_datetime(decided_at.get())}"
        return _insert(store, blank(customer_id, created_by) | fields)


def update(store: "Store", customer_id: str, fields: Fields) -> CustomerRow:
    """Change the given fields; metadata is merged as a group's is.

    Raises `CustomerNotFound`, `EmailTaken`, `MetadataTooLarge`.
    """
    with store.deciding():
        row = one(store.read, customer_id)
        if row is None:
            raise CustomerNotFound(customer_id)
        before = orjson.loads(row.document)
        if "metadata" in fields:
            fields = fields | {"metadata": merged(before["metadata"], fields["metadata"])}
        return _update(store, before, before | fields)


def put(
    store: "Store", customer_id: str, fields: Fields, created_by: str
) -> tuple[CustomerRow, bool]:
    """Make the customer of this id what `fields` say, the rest null; return whether it is new.

    Raises `EmailTaken`, `MetadataTooLarge`.
    """
    with store.deciding():
        row = one(store.read, customer_id)
        if row is None:
            return _insert(store, blank(customer_id, created_by) | fields), True
        before = orjson.loads(row.document)
        kept = ("created_by", "created_at", "updated_at")
        after = blank(customer_id, created_by) | {key: before[key] for key in kept} | fields
        return _update(store, before, after), False


def forget(write: Write, customer_id: str) -> None:
    """Delete the customer's row, if there is one; the caller ends its memberships.

    Notes that there is something for `projections.erasure` to clear away.
    """
    if write("DELETE FROM customer WHERE id = :id", id=customer_id):
        write("UPDATE customer_total SET living = living - 1")
        write(NOTE_ERASURE, name=ERASED)


def blank(customer_id: str, created_by: str) -> dict[str, Any]:
    """Return the document of a customer of whom nothing is known, made now."""
    now = moment(decided_at.get())
    return {
        "id": customer_id,
        "company_name": None,
        "first_name": None,
        "last_name": None,
        "email": None,
        "phone": None,
        "metadata": None,
        "has_account": False,
        "created_by": created_by,
        "created_at": now,
        "updated_at": now,
        "deleted_at": None,
    }


def _insert(store: "Store", document: dict[str, Any]) -> CustomerRow:
    check_size(document["metadata"])
    _claim(store, document)
    row = columns(document)
    store.write(INSERT, **row)
    store.write("UPDATE customer_total SET living = living + 1")
    return CustomerRow(document["id"], row["document"])


def _update(store: "Store", before: dict[str, Any], after: dict[str, Any]) -> CustomerRow:
    if orjson.dumps(before) == orjson.dumps(after):
        return CustomerRow(before["id"], orjson.dumps(before))
    check_size(after["metadata"])
    _claim(store, after)
    row = columns(after | {"updated_at": moment(decided_at.get())})
    del row["created_at"]
    store.write(UPDATE, **row)
    return CustomerRow(before["id"], row["document"])


def _claim(store: "Store", document: dict[str, Any]) -> None:
    if document["email"] is None:
        return
    rows = store.read(
        "SELECT id FROM customer WHERE email = :email AND has_account = :account AND id <> :id",
        email=document["email"],
        account=int(document["has_account"]),
        id=document["id"],
    )
    if rows:
        raise EmailTaken(document["email"], document["has_account"])


def columns(document: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a customer."""
    return {
        "id": document["id"],
        "email": document["email"],
        "email_folded": folded(document["email"]),
        "first_folded": folded(document["first_name"]),
        "last_folded": folded(document["last_name"]),
        "has_account": int(document["has_account"]),
        "created_at": milliseconds(time_shown(document["created_at"])),
        "updated_at": milliseconds(time_shown(document["updated_at"])),
        "search": folded("\n".join(document[text] or "" for text in TEXTS)),
        "document": orjson.dumps(document),
    }


def page(
    store: "Store",
    *,
    limit: int,
    offset: int = 0,
    cursor: str | None = None,
    order: tuple[str, bool] = ("id", False),
    conditions: Conditions | None = None,
    words: tuple[str, ...] = (),
) -> Page[CustomerRow]:
    """Return one page of customers and the exact count of all that match.

    `order` is a key of `ORDERS` and whether it descends; every word of `words` (folded) must be in
    one of the texts. Raises `InvalidCursor`.
    """
    parameters: dict[str, Any] = {}
    source, found = store.text_hits(SEARCHED, "c", words, parameters)
    test = where(conditions, LOOKED_AT, parameters) + contained(
        store, words, "c.search", parameters
    )
    return Listing(
        make=CustomerRow,
        columns="c.id, c.document",
        found="c.id",
        source=source,
        joins="JOIN customer c ON c.id = page.id",
        condition=found + where(conditions, COLUMNS, parameters),
        parameters=parameters,
        total=None if test else "SELECT living FROM customer_total",
        order=ORDERS[order[0]],
        descending=order[1],
        scope=repr(("customers", order, conditions, words)),
        walk=Walk("customer c", "TRUE", "", f"TRUE{test}"),
    ).page(store, limit, offset, cursor)


def lookup(read: Read, values: Sequence[str]) -> dict[str, list[str]]:
    """Return for each value, an id or an e-mail in any case, the ids of the customers it names."""
    wanted = sorted(set(values))
    by_fold = {value: folded(value) for value in wanted}
    found: dict[str, list[str]] = {}
    rows = read(LOOKUP, values=wanted, folded=sorted({fold for fold in by_fold.values() if fold}))
    for value, customer_id in rows:
        found.setdefault(value, []).append(customer_id)
    return {
        value: list(dict.fromkeys(found.get(value, []) + found.get(by_fold[value], [])))
        for value in wanted
    }
