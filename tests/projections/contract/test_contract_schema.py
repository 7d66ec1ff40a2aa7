"""The tables are made once; a program and a database that do not fit say so in a sentence."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from projections import group_list, schema
from projections.schema import SCHEMA_VERSION, SchemaMismatch
from projections.sqlite import SQLiteStore
from projections.store import StoreUnavailable
from projections.stores import InvalidAddress, open_store


@pytest.fixture(params=["sqlite", "postgres"])
def empty_store(request, tmp_path):
    """A store without tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/new/groups.db"
    else:
        url = request.getfixturevalue("postgres").create_database()
    store = open_store(url)
    yield store
    store.close()
    if request.param == "postgres":
        request.getfixturevalue("postgres").drop_database(url)


def keep(store, name, value):
    with store.defining():
        schema.keep(store, name, value)


def test_a_database_without_tables_is_refused(empty_store):
    with pytest.raises(SchemaMismatch, match="is empty; run `customer-groups init-db` first"):
        schema.check(empty_store)


def test_init_makes_the_tables_and_says_so_once(empty_store):
    assert schema.init(empty_store)
    log_id = schema.property_value(empty_store, "log_id")
    schema.check(empty_store)

    assert not schema.init(empty_store)
    schema.check(empty_store)
    assert schema.property_value(empty_store, "log_id") == log_id
    assert log_id.startswith("log_")


def test_init_makes_the_tables_of_its_caller_too(empty_store):
    schema.init(empty_store, ["CREATE TABLE shoe (size BIGINT PRIMARY KEY)"])

    assert "shoe" in empty_store.table_names()


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # the other has one kind of number
def test_every_number_has_64_bits(store):
    """Positions, milliseconds and sums outgrow 32 bits, and the log is for ever."""
    narrow = store.read(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public'"
        " AND data_type IN ('smallint', 'integer', 'real', 'numeric', 'double precision')"
    )

    assert narrow == []


def test_several_may_init_at_once(empty_store):
    def init(_):
        try:
            return schema.init(empty_store)
        finally:
            empty_store.close()

    with ThreadPoolExecutor(4) as together:
        assert sorted(together.map(init, range(4))) == [False, False, False, True]

    schema.check(empty_store)


def test_an_init_that_fails_leaves_nothing(empty_store):
    with pytest.raises(Exception, match="syntax"):
        schema.init(empty_store, ["CREATE TABEL shoe"])

    assert "property" not in empty_store.table_names()
    assert schema.init(empty_store)


def test_a_newer_database_is_refused(own_store):
    keep(own_store, "schema_version", str(SCHEMA_VERSION + 1))

    for refused in (schema.check, schema.init):
        with pytest.raises(SchemaMismatch, match="by a newer version of customer-groups"):
            refused(own_store)


def test_an_older_database_is_refused(own_store):
    keep(own_store, "schema_version", "0")

    with pytest.raises(SchemaMismatch, match="older than this program; run `customer-groups init"):
        schema.check(own_store)


def test_a_read_model_of_another_version_is_refused(own_store, monkeypatch):
    monkeypatch.setattr(group_list, "VERSION", group_list.VERSION + 1)

    assert schema.changed_read_models(own_store) == ["group_list"]
    with pytest.raises(SchemaMismatch, match="older than this program"):
        schema.check(own_store)


def test_a_newer_read_model_is_refused(own_store):
    keep(own_store, "read_model.group_list", str(group_list.VERSION + 1))

    for refused in (schema.check, schema.init):
        with pytest.raises(SchemaMismatch, match="newer version"):
            refused(own_store)


@pytest.mark.parametrize(
    "url",
    ["", "sqlite:///", "sqlite://x.db", "mysql://root@localhost/x", "postgresql://host", "x.db"],
)
def test_an_address_that_names_no_store_says_what_does(url):
    with pytest.raises(InvalidAddress, match="accepts sqlite:///path/to"):
        open_store(url)


def test_a_database_that_is_not_there_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("in the way")

    for url in ("postgresql://postgres@127.0.0.1:1/x", f"sqlite:///{tmp_path}/file/groups.db"):
        with pytest.raises(StoreUnavailable, match="cannot"):
            open_store(url).read("SELECT 1")


def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    path = tmp_path / "groups.db"
    path.write_bytes(b"this is not a database " * 100)

    with pytest.raises(StoreUnavailable, match=r"cannot open .*groups\.db"):
        SQLiteStore(path).read("SELECT 1")


def test_an_address_may_hold_what_a_path_may_hold(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/a%20b%25/gr%C3%BCppen.db")
    schema.init(store)
    store.close()

    assert (tmp_path / "a b%" / "grüppen.db").exists()
