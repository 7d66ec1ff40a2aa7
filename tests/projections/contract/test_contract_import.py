"""Importing customers: a batch is one transaction and means what its rows mean one by one."""

from datetime import timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import directory, directory_import
from projections.directory_import import Imported


@pytest.fixture
def load(store):
    """Import rows, by lines from 2 on; returns what it did."""

    def load(*rows, imported=None, **how):
        imported = imported or Imported()
        numbered = [*enumerate(rows, start=2)]
        directory_import.import_batch(store, numbered, "user_eve", imported, **how)
        return imported

    return load


@pytest.fixture
def people(store):
    """All customers by id, as far as an import decides about them."""

    def people():
        rows = store.read("SELECT id, document FROM customer ORDER BY id")
        return {id: orjson.loads(document) for id, document in rows}

    return people


def counts(imported):
    return (imported.created, imported.updated, imported.unchanged, imported.refused)


def test_rows_are_created_updated_left_and_refused(load, people):
    load({"id": "a", "phone": "1"}, {"id": "b", "phone": "1"})

    imported = load(
        {"id": "a", "phone": "2"},
        {"id": "b", "phone": "1"},
        {"id": "c", "phone": "1"},
        {"phone": "1"},
    )

    assert counts(imported) == (1, 1, 1, 1)
    assert imported.errors == [(5, "the row has neither an id nor an email, one is needed")]
    assert {id: person["phone"] for id, person in people().items()} == {
        "a": "2",
        "b": "1",
        "c": "1",
    }


def test_running_an_import_again_changes_nothing(load, people, clock):
    rows = [
        {"email": "a@example.com", "first_name": "Ada", "metadata": {"a": 1}},
        {"id": "b", "email": "b@example.com", "has_account": True},
        {"email": "b@example.com"},
    ]
    assert counts(load(*rows)) == (3, 0, 0, 0)
    before = people()
    clock.time += timedelta(days=1)

    assert counts(load(*rows)) == (0, 0, 3, 0)
    assert people() == before


def test_a_row_is_matched_by_its_id_even_when_its_email_names_another(load, people):
    load({"id": "a", "email": "a@example.com"}, {"id": "b", "email": "b@example.com"})

    imported = load({"id": "a", "email": "b@example.com"})

    assert counts(imported) == (0, 0, 0, 1)
    assert imported.errors == [
        (2, "Customer with email: b@example.com, has_account: false, already exists.")
    ]
    assert people()["a"]["email"] == "a@example.com"


def test_a_row_without_id_is_matched_by_email_and_account(load, people):
    load(
        {"id": "guest", "email": "a@example.com"},
        {"id": "account", "email": "a@example.com", "has_account": True},
    )

    imported = load(
        {"email": "a@example.com", "phone": "1"},
        {"email": "a@example.com", "phone": "2", "has_account": True},
        {"email": "A@example.com", "phone": "3"},
    )

    assert counts(imported) == (1, 2, 0, 0)
    assert people()["guest"]["phone"] == "1"
    assert people()["account"]["phone"] == "2"


def test_only_the_fields_of_the_row_change(load, people):
    load({"id": "a", "first_name": "Ada", "phone": "1", "has_account": True, "metadata": {"a": 1}})

    load({"id": "a", "phone": None})

    person = people()["a"]
    assert (person["first_name"], person["phone"]) == ("Ada", None)
    assert (person["has_account"], person["metadata"]) == (True, {"a": 1})


def test_metadata_is_merged_key_by_key_and_null_clears_it(load, people):
    load({"id": "a", "metadata": {"a": 1, "b": 2}}, {"id": "b", "metadata": {"a": 1}})

    load({"id": "a", "metadata": {"b": 3, "c": None}}, {"id": "b", "metadata": None})

    assert people()["a"]["metadata"] == {"a": 1, "b": 3, "c": None}
    assert people()["b"]["metadata"] is None


def test_metadata_that_outgrows_its_bounds_refuses_its_row_only(load, people):
    imported = load({"id": "a", "metadata": {"a": "x" * 65536}}, {"id": "b"})

    assert counts(imported) == (1, 0, 0, 1)
    assert [*people()] == ["b"]


def test_a_later_row_meets_what_an_earlier_one_of_its_batch_made(load, people):
    imported = load(
        {"email": "a@example.com", "phone": "1"},
        {"email": "a@example.com", "phone": "2"},
        {"email": "a@example.com", "phone": "2"},
        {"id": "b", "email": "a@example.com"},
    )

    assert counts(imported) == (1, 1, 1, 1)
    assert [person["phone"] for person in people().values()] == ["2"]


def test_an_email_that_one_row_frees_another_may_take(load, people):
    load({"id": "a", "email": "a@example.com"}, {"id": "b", "email": "b@example.com"})

    imported = load(
        {"id": "a", "email": None},
        {"id": "b", "email": "a@example.com"},
        {"id": "a", "email": "b@example.com"},
    )

    assert counts(imported) == (0, 3, 0, 0)
    assert {id: person["email"] for id, person in people().items()} == {
        "a": "b@example.com",
        "b": "a@example.com",
    }


def test_an_account_cannot_be_made_where_another_has_the_email(load, people):
    load(
        {"id": "a", "email": "x@example.com"},
        {"id": "b", "email": "x@example.com", "has_account": True},
    )

    imported = load({"id": "a", "has_account": True}, {"id": "c"})

    assert counts(imported) == (1, 0, 0, 1)
    assert people()["a"]["has_account"] is False


def test_a_dry_run_says_the_same_and_changes_nothing(load, people):
    load({"id": "a", "phone": "1"})
    before = people()
    rows = [{"id": "a", "phone": "2"}, {"id": "b"}, {"phone": "3"}, {"id": "b"}]

    dry = load(*rows, dry_run=True)

    assert people() == before
    assert load(*rows) == dry


def test_counts_add_up_over_batches_and_only_the_first_thousand_errors_are_told(load):
    imported = Imported()
    for _ in range(3):
        load(*[{"phone": "1"}] * 600, {"id": "a"}, imported=imported)

    assert counts(imported) == (1, 0, 2, 1800)
    assert len(imported.errors) == 1000


def test_imported_customers_are_counted_listed_and_found(store, load):
    load(*({"id": f"{n:03}", "first_name": f"Person {n}"} for n in range(200)))

    assert directory.page(store, limit=5).count == 200
    found = directory.page(store, limit=5, words=("person", "199"))
    assert [row.id for row in found.rows] == ["199"]


def test_a_batch_that_fails_leaves_nothing(store, load, people):
    load({"id": "a"})
    imported = Imported()

    def fail():
        with store.deciding():
            load({"id": "b"}, {"id": "a", "phone": "1"}, imported=imported)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert [*people()] == ["a"]
    assert people()["a"]["phone"] is None
    assert directory.page(store, limit=1).count == 1


ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from("abc"),
            "email": st.sampled_from(["x@example.com", "y@example.com", None]),
            "has_account": st.booleans(),
            "phone": st.sampled_from(["1", "2", None]),
            "metadata": st.sampled_from([None, {}, {"k": 1}, {"k": 2, "l": ""}]),
        },
    ),
    max_size=7,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ROWS, rows=ROWS)
def test_a_batch_means_what_its_rows_mean_one_by_one(store, load, people, before, rows):
    def outcome(*batches):
        imported = Imported()
        try:
            with store.deciding():
                load(*before)
                for batch in batches:
                    load(*batch, imported=imported)
                named = [
                    {key: value for key, value in person.items() if key[-3:] != "_at"}
                    for person in people().values()
                ]
                raise KeyboardInterrupt  # each outcome begins with an empty directory
        except KeyboardInterrupt:
            pass
        for person in named:
            if person["id"].startswith("cus_"):
                person["id"] = "new"
        lines = [message for _, message in imported.errors]
        key = orjson.dumps
        return counts(imported), sorted(map(key, named)), sorted(lines)

    assert outcome(rows) == outcome(*([row] for row in rows))
