"""A person to be erased, a crowd around, and where to look for what is left."""

import random
import string
from pathlib import Path
from typing import Any

from projections import directory, directory_import
from projections.documents import folded
from projections.store import Store
from tests.asking import Asking, asking

ERASED = "cus_erased"

ODD = "\N{CYRILLIC LETTER MULTIOCULAR O}\N{GOTHIC LETTER HWAIR}\N{GEORGIAN LETTER HE}"
"""Letters that nobody else has: a trigram of the search index, which keeps no longer texts."""

PERSON: dict[str, Any] = {
    "company_name": "Straßenbau Quixwyk",
    "first_name": "Zoëphine",
    "last_name": f"Brzęczyszczykiewicz {ODD}",
    "email": "!Zoe.Brzq@Erased-Mail.Example",
    "phone": "+48 555 0142 977",
    "metadata": {"birthday": "1815-12-10", "allergies": ["Penicillinum-X"]},
}
BEFORE = PERSON | {"email": "zb1815@former-mail.example", "phone": "+48 555 0143 111"}

SEARCHED = [
    text for fields in (PERSON, BEFORE) for text in fields.values() if isinstance(text, str)
]
TRACES = sorted(
    {form.encode() for text in SEARCHED for form in (text, folded(text))}
    | {text.encode() for text in ("1815-12-10", "Penicillinum-X", ODD[1:])}
)
"""What must not be found: each text as it was written, and as it is searched and sorted."""


def live(store: Store, groups: Asking, *group_ids: str) -> None:
    """Let the person be known, move, and be a member."""
    with asking():
        directory.put(store, ERASED, BEFORE, "user_admin")
        directory.update(store, ERASED, PERSON)
    for group_id in group_ids:
        groups.change_customers(group_id, add=[ERASED])


def crowd(store: Store, count: int) -> dict[str, list[str]]:
    """Put so many made-up customers into the directory; returns their words by their ids."""
    chance = random.Random(1)
    people = {}
    for start in range(0, count, 500):
        batch = []
        for line in range(start, min(count, start + 500)):
            words = ["".join(chance.choices(string.ascii_lowercase, k=12)) for _ in range(4)]
            customer_id = f"cus_{chance.getrandbits(60):015x}"
            email, first_name, last_name, word = words
            fields = {"email": email, "first_name": first_name, "last_name": last_name}
            batch.append((line, fields | {"id": customer_id, "metadata": {"word": word}}))
            people[customer_id] = words
        directory_import.import_batch(store, batch, "user_admin", directory_import.Imported())
    return people


def found_in(content: bytes) -> list[bytes]:
    """What of the person stands in some bytes."""
    return [trace for trace in TRACES if trace in content]


def rows(store: Store) -> bytes:
    """Every value of every row of every table, of those behind the search index too."""
    tables = store.table_names()
    if store.dialect == "sqlite":
        tables = {row[0] for row in store.read("SELECT name FROM sqlite_master WHERE type='table'")}
    values = [
        value
        for table in tables
        if not table.endswith("_search")
        for row in store.read(f'SELECT * FROM "{table}"')
        for value in row
    ]
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for value in values
    )


def files(folder: Path) -> bytes:
    """What all files in a directory hold: a database's, logs, leftovers."""
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
