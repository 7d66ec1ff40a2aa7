"""The customers of a real shop: imported, grouped over REST, verified, rebuilt."""

import csv
import os
import re
from pathlib import Path

import pytest

from tests.api.answers import GROUPS
from tests.serving import Server, signed_in

FILE = Path(__file__).parents[3] / "shared/data/cdnow_customers.csv"
CUSTOMERS = 23_570
IMPORT_SECONDS = 15
MOST_IDS = 10_000
SIZES = {"Loyal": 1154, "One-timers": 11_908, "Big spenders": 734}
BELONGS = {
    "Loyal": lambda row: int(row["orders"]) >= 10,
    "One-timers": lambda row: int(row["orders"]) == 1,
    "Big spenders": lambda row: float(row["spent_usd"]) >= 500,
}


@pytest.fixture(scope="module")
def rows():
    """The customers of the file; a visible skip on a machine that does not have it."""
    if not FILE.exists():
        missing = f"{FILE} is not there: the real shop was not tried"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with FILE.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.big)])
def running(request, rows, new_database, tmp_path_factory):
    """A service of its own on either database."""
    assert len(rows) == CUSTOMERS
    with Server(new_database(request.param), tmp_path_factory.mktemp("shop")) as server:
        yield server


@pytest.fixture(scope="module")
def imported(running):
    """What `import-customers` said."""
    return running.cli("import-customers", str(FILE))


@pytest.fixture(scope="module")
def api(running, imported):
    assert imported.returncode == 0, imported.stderr
    return signed_in(running)


@pytest.fixture(scope="module")
def made(api, rows):
    """The ids of the three groups, by name, and of the customers that belong in each."""
    found = {}
    for name, belongs in BELONGS.items():
        group = api.post(GROUPS, {"name": name, "metadata": {"source": "CDNOW"}}).json()
        group_id = group["customer_group"]["id"]
        ids = [row["id"] for row in rows if belongs(row)]
        for start in range(0, len(ids), MOST_IDS):
            api.add(group_id, *ids[start : start + MOST_IDS])
        found[name] = group_id, ids
    return found


def answers(api, made):
    """The bytes of lists, details, histories and all members pages, by what was asked."""
    orders = ("id", "name", "created_at", "updated_at", "customers_count")
    extras = "fields=%2Bcustomers_count,%2Bversion"
    waiting = [GROUPS, *(f"{GROUPS}?{extras}&order=-{order}" for order in orders)]
    for group_id, _ in made.values():
        path = f"{GROUPS}/{group_id}"
        members = f"{path}/customers?limit=1000"
        waiting += [path, f"{path}?{extras}", f"{path}/history", f"{members}&offset=500"]
        waiting += [f"{members}&order={order}" for order in ("-added_at", "email", "-created_at")]
    said = {}
    while waiting:
        answer = api.get(path := waiting.pop())
        assert answer.status_code == 200, answer.text
        said[path] = answer.content
        if "next" in answer.links:
            waiting.append(answer.links["next"]["url"])
    return said


def test_the_import_takes_every_customer_in_good_time(imported):
    assert imported.returncode == 0, imported.stderr
    said = re.match(
        r"23,570 created, 0 updated, 0 unchanged, 0 refused in ([\d.]+) s\.", imported.stdout
    )

    assert said, imported.stdout
    assert float(said[1]) < IMPORT_SECONDS


def test_the_columns_of_the_shop_stand_in_the_metadata(api, rows):
    customer = api.get(f"/admin/customers/{rows[0]['id']}").json()["customer"]

    assert customer["metadata"] == {key: rows[0][key] for key in rows[0] if key != "id"}


def test_three_groups_hold_exactly_their_customers(api, made):
    listed = api.get(GROUPS, params={"fields": "name,customers_count"}).json()["customer_groups"]

    assert {row["name"]: row["customers_count"] for row in listed} == SIZES
    assert {name: len(ids) for name, (_, ids) in made.items()} == SIZES


@pytest.mark.parametrize("name", SIZES)
def test_the_members_pages_add_up_to_the_count(api, made, name):
    group_id, ids = made[name]
    path = f"{GROUPS}/{group_id}/customers"

    pages, cursor = [], ""
    while cursor is not None:
        pages.append(api.get(path, params={"limit": 1000, "cursor": cursor}).json())
        cursor = pages[-1]["next_cursor"]

    assert {page["count"] for page in pages} == {SIZES[name]}
    assert sorted(row["id"] for page in pages for row in page["customers"]) == sorted(ids)


@pytest.mark.usefixtures("made")
def test_the_import_run_again_changes_nothing(running):
    again = running.cli("import-customers", str(FILE))

    assert again.stdout.startswith("0 created, 0 updated, 23,570 unchanged, 0 refused")


@pytest.mark.usefixtures("made")
def test_verify_finds_nothing_wrong(running):
    verified = running.cli("verify")

    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "nothing wrong" in verified.stdout


def test_after_a_rebuild_the_answers_are_the_same_byte_for_byte(running, api, made):
    before = answers(api, made)
    assert len(before) > 50

    rebuilt = running.cli("rebuild")

    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "Rebuilt from" in rebuilt.stdout
    assert answers(api, made) == before
    assert running.cli("verify").returncode == 0
