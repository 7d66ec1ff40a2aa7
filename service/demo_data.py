"""A small, pleasant shop to look around in: made-up customers, and groups with a history."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from domain.application import CustomerGroups, merging
from projections import directory_import, group_list
from projections.directory_import import Imported
from projections.store import Store

FIRST_NAMES = (  # noqa: SIM905 - names read better than quotes
    "Ada Aylin Ben Chiara Dalia Elif Emeka Fatima Felix Grace Hana Hugo Ines Ivan Jonas Kenji"
    " Lena Liam Lucía Maja Mateo Mei Nadia Noah Olga Oskar Priya Quinn Rosa Samir Sofia Tariq"
    " Tove Uma Viktor Wanda Xin Yara Zoë Åsa"
).split()
LAST_NAMES = (  # noqa: SIM905 - names read better than quotes
    "Abebe Andersen Bauer Becker Costa Dubois Eriksson Fischer García Haddad Ito Jansen Kaya"
    " Kowalska Lindqvist Moreau Nguyen Novak Okafor Patel Petrov Rossi Santos Schäfer Silva"
    " Suzuki Tanaka Weber Yilmaz Zhang"
).split()
COMPANIES = (
    "Nordlicht GmbH",
    "Atelier Moreau",
    "Casa Verde Lda",
    "Kaya Tekstil",
    "Blue Harbour Ltd",
    "Ito Trading",
)

GROUPS: tuple[tuple[str, int, dict[str, Any] | None], ...] = (
    ("VIP", 24, {"discount_percent": 10, "tier": "gold", "contact": "key accounts"}),
    (
        "Wholesale",
        40,
        {"discount_percent": 25, "minimum_order": {"EUR": 500}},
    ),
    ("Wholesale Europe", 18, {"discount_percent": 22, "countries": ["DE", "FR", "IT", "ES"]}),
    ("Newsletter", 160, {"source": "website"}),
    ("Employees", 12, {"discount_percent": 30, "internal": True}),
    ("Students", 36, {"discount_percent": 15, "proof_needed": True}),
    ("Beta testers", 9, {"flags": ["new-checkout", "wishlists"]}),
    ("Press", 5, None),
    ("Black Friday 2026", 80, {"valid_until": "2026-11-30"}),
    ("One-time buyers", 64, None),
    ("Café Zürich regulars", 14, {"language": "de-CH"}),
    ("Waiting list", 0, {}),
)


@dataclass(frozen=True)
class Made:
    """How much was made."""

    groups: int
    customers: int


def fill(
    store: Store,
    application: CustomerGroups,
    acting: Callable[[str | None], AbstractContextManager[None]],
    show: Callable[[int, int], None],
) -> Made:
    """Make what is not there yet; always the same shop."""
    dice = random.Random(2026)  # noqa: S311 - the same shop for everyone
    rows = [_customer(number, dice) for number in range(1, 241)]
    imported = Imported()
    directory_import.import_batch(store, list(enumerate(rows)), "cli", imported)
    ids = [str(row["id"]) for row in rows]
    made = 0
    for number, (name, size, metadata) in enumerate(GROUPS):
        chosen = dice.sample(ids, size)
        if group_list.holder_of_name(store.read, name) is None:
            _group(application, acting, name, chosen, metadata)
            made += 1
        show(number + 1, len(GROUPS))
    return Made(made, imported.created)


def _customer(number: int, dice: random.Random) -> dict[str, Any]:
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    return {
        "id": f"cus_demo_{number:03}",
        "email": f"customer{number:03}@shop.example",
        "first_name": first,
        "last_name": last,
        "company_name": dice.choice(COMPANIES) if number % 4 == 0 else None,
        "phone": f"+49 30 5550 {number:03}" if number % 3 == 0 else None,
        "has_account": number % 2 == 0,
        "metadata": {"orders": str(dice.randint(1, 30))},
    }


def _group(
    application: CustomerGroups,
    acting: Callable[[str | None], AbstractContextManager[None]],
    name: str,
    customers: list[str],
    metadata: dict[str, Any] | None,
) -> None:
    with acting("demo: a group is made"):
        group_id = application.create_group(f"{name} (draft)", None).group_id
    with acting("demo: the name is agreed"):
        application.update_group(group_id, name=name, metadata=merging(metadata))
    with acting("demo: first customers"):
        application.change_customers(group_id, add=customers)
    if customers[2:]:
        with acting("demo: one left"):
            application.change_customers(group_id, remove=customers[:1])
        with acting("demo: and came back"):
            application.change_customers(group_id, add=customers[:1])
