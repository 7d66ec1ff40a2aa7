"""The data of the measurement: 1,000 groups, 200,000 customers, one group of 100,000 members."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.application import CustomerGroups
from projections import directory_import
from projections.stores import open_store
from tests.asking import Asking

GROUPS = 1000
CUSTOMERS = 200_000
LARGE = 100_000
SMALL = 20
IN_A_REQUEST = 10_000
ROWS = 1000

Show = Callable[[int], None]


@dataclass(frozen=True)
class Shop:
    """The ids of what was made; each of `small` has 20 members."""

    customers: list[str]
    small: list[str]
    large: str


def fill(database_url: str, show: Show) -> Shop:
    """Make the shop in a database that has its tables; `show` is told of each finished step."""
    store = open_store(database_url)
    groups = Asking(CustomerGroups(store))
    customers = [f"cus_{number:026}" for number in range(CUSTOMERS)]
    for start in range(0, CUSTOMERS, ROWS):
        rows = [(number, customer(number)) for number in range(start, start + ROWS)]
        imported = directory_import.Imported()
        directory_import.import_batch(store, rows, "user_bench", imported)
        show(ROWS)
    with store.deciding():
        made = [groups.create_group(name(number)).group_id for number in range(GROUPS)]
    show(GROUPS)
    large, *small = made
    for start in range(0, LARGE, IN_A_REQUEST):
        groups.change_customers(large, add=customers[start : start + IN_A_REQUEST])
        show(IN_A_REQUEST)
    with store.deciding():
        for number, group_id in enumerate(small):
            groups.change_customers(group_id, add=customers[number * SMALL : (number + 1) * SMALL])
    show(GROUPS)
    store.close()
    return Shop(customers, small, large)


STEPS = CUSTOMERS + GROUPS + LARGE + GROUPS


def name(number: int) -> str:
    kind = ("Wholesale", "Newsletter", "Loyal", "Students", "Press")[number % 5]
    return f"{kind} {number:04}"


def customer(number: int) -> dict[str, object]:
    return {
        "id": f"cus_{number:026}",
        "email": f"customer{number}@shop.example",
        "first_name": f"First{number % 977}",
        "last_name": f"Last{number % 1993}",
        "has_account": number % 2 == 0,
    }
