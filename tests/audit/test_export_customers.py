"""The customers as files: what is exported can be imported, and is the same again."""

import json
import stat

import pytest
from click.testing import CliRunner

from projections import directory, directory_import
from service import customer_export
from service.cli import main
from service.customer_export import export_customers
from service.imports import import_rows, read_csv, read_ndjson
from tests.audit.exports import url_of

NASTY = [
    {"id": "cus_plain", "email": "ada@shop.example", "first_name": "Ada", "has_account": True},
    {"id": "cus_same", "email": "ada@shop.example", "has_account": False},
    {"id": "cus_quoted", "company_name": 'Quote "A", Sons; & Co.', "last_name": " blanks "},
    {"id": "cus_unicode", "first_name": "Zoë, 🎉", "phone": "+49 30 1", "metadata": {}},
    {"id": "cus_rich", "metadata": {"n": 1.5, "ids": [1, None, 'a,b\n"c"'], "é": {"x": False}}},
    {"id": "cus_=1+1", "first_name": "=SUM(A1)", "metadata": {"": "empty key", "empty": ""}},
]


@pytest.fixture
def full(store):
    """A store with customers that are hard to write down."""
    rows = list(enumerate(NASTY))
    imported = directory_import.Imported()
    directory_import.import_batch(store, rows, "user_ada", imported)
    assert imported.created == len(NASTY)
    return store


def take_in(store, file, kind):
    with file.open("rb") as stream:
        rows = (read_csv if kind == "csv" else read_ndjson)(stream)
        return import_rows(store, rows, "user_ada")


def said(store):
    """What the customers are, but for when and by whom they were put in."""
    rows = directory.following(store.read, "", 1000)
    about = ("created_by", "created_at", "updated_at")
    return [
        {name: value for name, value in json.loads(row.document).items() if name not in about}
        for row in rows
    ]


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_customers_go_to_another_database_and_back(full, other_store, tmp_path, kind):
    first, second = tmp_path / f"first.{kind}", tmp_path / f"second.{kind}"

    exported = export_customers(full, first, kind)
    imported = take_in(other_store, first, kind)

    assert (exported.customers, exported.files) == (len(NASTY), [first])
    assert (imported.created, imported.refused) == (len(NASTY), 0)
    assert said(other_store) == said(full)
    export_customers(other_store, second, kind)
    assert second.read_bytes() == first.read_bytes()
    assert take_in(full, second, kind).unchanged == len(NASTY)


def test_an_empty_text_stays_one_in_ndjson(store, other_store, tmp_path):
    rows = [(1, {"id": "cus_1", "first_name": "", "last_name": None})]
    directory_import.import_batch(store, rows, "user_ada", directory_import.Imported())

    export_customers(store, tmp_path / "customers.ndjson", "ndjson")
    take_in(other_store, tmp_path / "customers.ndjson", "ndjson")

    assert (said(other_store)[0]["first_name"], said(other_store)[0]["last_name"]) == ("", None)


def test_more_customers_than_an_import_takes_go_into_several_files(
    full, other_store, tmp_path, monkeypatch
):
    monkeypatch.setattr(customer_export, "MOST_ROWS", 2)

    exported = export_customers(full, tmp_path / "customers.csv", "csv")

    assert [file.name for file in exported.files] == [
        "customers.csv",
        "customers-2.csv",
        "customers-3.csv",
    ]
    for file in exported.files:
        assert take_in(other_store, file, "csv").created == 2
    assert said(other_store) == said(full)


def test_no_customers_make_an_empty_file(store, tmp_path):
    exported = export_customers(store, tmp_path / "customers.csv", "csv")

    assert exported.customers == 0
    assert (tmp_path / "customers.csv").read_bytes().startswith(b"id,email,")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_command_keeps_personal_data_private_and_overwrites_nothing(full, tmp_path):
    file = tmp_path / "customers.csv"
    settings = {"CUSTOMER_GROUPS_DATABASE_URL": url_of(full)}

    done = CliRunner().invoke(main, ["export-customers", str(file)], env=settings)
    before = file.read_bytes()
    again = CliRunner().invoke(main, ["export-customers", str(file)], env=settings)

    assert done.exit_code == 0
    assert f"{len(NASTY)} customers written" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert again.exit_code == 1
    assert "is there already" in again.stderr
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob("customers*")] == ["customers.csv"]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_customers_whose_row_an_import_refuses_are_named(store, tmp_path):
    rows = [(1, {"id": "cus_large", "email": "a@b.example", "metadata": {"a": "x" * 65_500}})]
    directory_import.import_batch(store, rows, "user_ada", directory_import.Imported())
    file = tmp_path / "customers.ndjson"

    done = CliRunner().invoke(
        main,
        ["export-customers", str(file)],
        env={"CUSTOMER_GROUPS_DATABASE_URL": url_of(store)},
    )

    assert done.exit_code == 1
    assert "cus_large: the row is longer than an import takes" in done.stderr
