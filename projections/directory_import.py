"""Customers from files: a batch of rows becomes one transaction, in which each row stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from ulid import ULID

from domain.context import decided_at
from domain.errors import EmailTaken, MetadataTooLarge
from domain.group import check_size
from projections.directory import INSERT, UPDATE, Fields, blank, columns
from projections.documents import moment

if TYPE_CHECKING:
    from projections.store import Store

DOCUMENTS = "SELECT c.document FROM each(:ids) JOIN customer c ON c.id = each.value"

DOCUMENTS_BY_EMAIL = "SELECT c.document FROM each(:emails) JOIN customer c ON c.email = each.value"

RELEASE_EMAILS = "UPDATE customer SET email = NULL WHERE id IN (SELECT each.value FROM each(:ids))"

ERRORS_NAMED = 1000


@dataclass
class Imported:
    """What an import did, row by row; `errors` are line and message of the first 1,000 refused."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, line: int, message: str) -> None:
        """Count a refused row."""
        self.refused += 1
        if len(self.errors) < ERRORS_NAMED:
            self.errors.append((line, message))


def import_batch(
    store: "Store",
    rows: Sequence[tuple[int, Fields]],
    created_by: str,
    imported: Imported,
    *,
    dry_run: bool = False,
) -> None:
    """Create and update customers by up to 1,000 rows of line and fields, in one transaction.

    A row is matched by its `id`, else by its e-mail and `has_account`, else refused. Only the
    fields it has change; metadata is merged key by key. Running it again is safe. `imported` is
    added to once the batch is committed.
    """
    with store.deciding():
        batch = _Batch(store, rows, created_by)
        for line, row in rows:
            batch.take(line, row)
        if not dry_run:
            batch.write()
    imported.created += batch.done.created
    imported.updated += batch.done.updated
    imported.unchanged += batch.done.unchanged
    for line, message in batch.done.errors:
        imported.refuse(line, message)


class _Batch:
    """The customers that a batch is about, as they were and as its rows leave them."""

    def __init__(self, store: "Store", rows: Sequence[tuple[int, Fields]], created_by: str) -> None:
        self.store = store
        self.created_by = created_by
        self.done = Imported()
        ids = sorted({row["id"] for _, row in rows if row.get("id") is not None})
        found = self._documents(DOCUMENTS, ids=ids)
        emails = {one["email"] for one in [*found, *(row for _, row in rows)] if one.get("email")}
        found += self._documents(DOCUMENTS_BY_EMAIL, emails=sorted(emails))
        self.before = {document["id"]: document for document in found}
        self.now = dict(self.before)
        self.holders = {_email(one): one["id"] for one in self.now.values() if one["email"]}

    def _documents(self, statement: str, **wanted: list[str]) -> list[dict[str, Any]]:
        return [orjson.loads(document) for (document,) in self.store.read(statement, **wanted)]

    def take(self, line: int, row: Fields) -> None:
        """Let a row change its customer, or refuse it."""
        customer_id = self._customer_of(row)
        if customer_id is None:
            self.done.refuse(line, "the row has neither an id nor an email, one is needed")
            return
        old = self.now.get(customer_id)
        base = blank(customer_id, self.created_by) if old is None else old
        new = base | {key: value for key, value in row.items() if key != "id"}
        new["has_account"] = bool(new["has_account"])
        if row.get("metadata") is not None:
            new["metadata"] = (base["metadata"] or {}) | row["metadata"]
        try:
            check_size(new["metadata"])
            if new["email"] and self.holders.get(_email(new), customer_id) != customer_id:
                raise EmailTaken(new["email"], new["has_account"])
        except (MetadataTooLarge, EmailTaken) as refusal:
            self.done.refuse(line, str(refusal))
            return
        if old is None:
            self.done.created += 1
        elif orjson.dumps(old) == orjson.dumps(new):
            self.done.unchanged += 1
            return
        else:
            self.done.updated += 1
            self.holders.pop(_email(old), None)
            new["updated_at"] = moment(decided_at.get())
        if new["email"]:
            self.holders[_email(new)] = customer_id
        self.now[customer_id] = new

    def _customer_of(self, row: Fields) -> str | None:
        if row.get("id") is not None:
            return str(row["id"])
        if row.get("email") is None:
            return None
        holder = self.holders.get((row["email"], row.get("has_account") or False))
        return holder or f"cus_{ULID.from_datetime(decided_at.get())}"

    def write(self) -> None:
        """Write what is new and what changed.

        The e-mails that move are let go of first: one row may free what a later one takes.
        """
        new = [one for id, one in self.now.items() if id not in self.before]
        changed = [one for id, one in self.now.items() if one is not self.before.get(id, one)]
        moved = [one["id"] for one in changed if _email(one) != _email(self.before[one["id"]])]
        if moved:
            self.store.write(RELEASE_EMAILS, ids=sorted(moved))
        self.store.write.many(INSERT, [columns(document) for document in new])
        rows = [columns(document) for document in changed]
        for row in rows:
            del row["created_at"]
        self.store.write.many(UPDATE, rows)
        if new:
            self.store.write("UPDATE customer_total SET living = living + :new", new=len(new))


def _email(document: dict[str, Any]) -> tuple[str | None, bool]:
    return document["email"], document["has_account"]
