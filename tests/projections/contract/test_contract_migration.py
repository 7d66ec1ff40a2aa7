"""A database that the first version made is brought to this one, with everything in it."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.application import CustomerGroups
from projections import erasure, group_list, log, membership, rebuild, schema
from projections.log import Wanted
from projections.schema import SCHEMA_VERSION, SchemaMismatch
from projections.stores import open_store
from service import app as service
from service.accounts import Accounts
from service.settings import Settings
from tests.asking import Asking

SETTINGS = Settings(admin_password="correct horse battery staple", unknown_customers="accept")

TABLES_OF_VERSION_1 = {
    *("account", "api_key", "customer", "customer_search", "customer_total", "group_detail"),
    *("group_list", "group_list_search", "group_total", "idempotency", "login_failure"),
    *("membership", "property", "requests", "session", "stored_events", "decision"),
}

NEW_READ_MODELS = ("group_states", "merkle")


def tables(store):
    """The names of the tables, without those that SQLite's search makes for itself."""
    if store.dialect == "postgres":
        return store.table_names()
    rows = store.read("SELECT name FROM pragma_table_list WHERE type IN ('table', 'virtual')")
    return {row[0] for row in rows if not row[0].startswith("sqlite_")}


def structure(store):
    """Columns and indexes of all tables; names of indexes bear the number of a rebuild."""
    if store.dialect == "postgres":
        columns = store.read(
            "SELECT table_name, row_number() OVER (PARTITION BY table_name ORDER BY"
            " ordinal_position), column_name, data_type, is_nullable"
            " FROM information_schema.columns WHERE table_schema = 'public'"
        )
        indexes = store.read("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
    else:
        columns = store.read(
            'SELECT m.name, p.cid, p.name, p.type, p."notnull" FROM sqlite_master m'
            " JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
        )
        indexes = store.read("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql <> ''")
    named = re.compile(r"(CREATE (?:UNIQUE )?INDEX) \S+ ")
    return sorted(columns), sorted(
        re.sub(r"\s", "", named.sub(r"\1 ", row[0]).replace('"', "")) for row in indexes
    )


@pytest.fixture
def store(new_url):
    store = open_store(new_url)
    yield store
    store.close()


@pytest.fixture
def groups(store):
    """The commands, on a database of this version with nothing in it."""
    service.prepare(SETTINGS, store)
    return Asking(CustomerGroups(store, accept_unknown_customers=True))


@pytest.fixture
def accounts(groups):
    return Accounts(groups.application.store)


@pytest.fixture
def token(accounts):
    """A key that was made before keys had scopes."""
    return accounts.create_key("old", "user_ada")[1]


@pytest.fixture
def old(groups, store):
    """A database as the first version made it, with a group of which somebody joined and left."""
    vip = groups.create_group("VIP").group_id
    groups.change_customers(vip, add=["ada", "bob"])
    groups.change_customers(vip, remove=["ada"])
    generation = schema.property_value(store, "generation")
    with store.defining():
        for index in ("stored_events_of_group", "stored_events_of_topic"):
            store.define(f"DROP INDEX {index}")
        for index in ("membership_ended", "membership_past"):
            store.define(f"DROP INDEX {index}_{generation}")
        store.define("ALTER TABLE membership DROP COLUMN span")
        store.define("ALTER TABLE api_key DROP COLUMN scopes")
        for table in tables(store) - TABLES_OF_VERSION_1:
            store.define(f"DROP TABLE {table}")
        schema.keep(store, "schema_version", "1")
        schema.keep(store, "read_model.membership", "1")
        for read_model in NEW_READ_MODELS:
            store.define(f"DELETE FROM property WHERE name = 'read_model.{read_model}'")
    assert tables(store) >= {"group_list", "api_key", "property"}
    return store


def published(store):
    identity = log.log_id(store.read)
    return [log.published(event, identity) for event in log.after(store.read, 0, limit=100)]


def test_an_older_database_is_not_served(old):
    with pytest.raises(SchemaMismatch, match="older than this program; run `customer-groups init"):
        schema.check(old)


def test_an_upgraded_database_has_the_tables_of_a_new_one(old, new_database):
    fresh = open_store(new_database(old.dialect))
    service.prepare(SETTINGS, fresh)
    expected = tables(fresh), structure(fresh)
    fresh.close()
    assert structure(old) != expected[1]

    service.prepare(SETTINGS, old)

    assert (tables(old), structure(old)) == expected
    schema.check(old)
    assert schema.property_value(old, "schema_version") == str(SCHEMA_VERSION)


def test_an_upgrade_keeps_the_log_to_the_byte(old):
    lines, identity = published(old), log.log_id(old.read)

    service.prepare(SETTINGS, old)

    assert published(old) == lines
    assert len(lines) == 3
    assert log.log_id(old.read) == identity
    assert rebuild.verify(old).problems == []


def test_a_customer_who_left_before_the_upgrade_is_found(old):
    service.prepare(SETTINGS, old)

    found = log.after(old.read, 0, limit=10, wanted=Wanted(customer_id="ada"))

    assert [event.topic for event in found] == ["CustomersAdded", "CustomersRemoved"]


def test_what_was_before_the_upgrade_can_be_asked_for(old):
    (vip,) = (row.id for row in group_list.page(old, limit=10).rows)
    service.prepare(SETTINGS, old)

    rows = [group_list.one(old.read, vip, at=position) for position in range(4)]

    assert rows[0] is None
    assert [row.customers_count for row in rows[1:]] == [0, 2, 1]
    assert [id for id, _ in membership.embedded(old.read, 1, at=2)] == ["ada", "bob"]
    assert [id for id, _ in membership.embedded(old.read, 1, at=3)] == ["bob"]


def test_what_customers_left_who_were_deleted_before_the_upgrade_is_cleared_away(old):
    assert not erasure.is_wanted(old)

    service.prepare(SETTINGS, old)

    assert erasure.is_wanted(old)
    service.prepare(SETTINGS, old)
    assert erasure.sweep(old)
    assert not erasure.is_wanted(old)


def test_a_key_from_before_the_upgrade_may_do_everything(accounts, token, old):
    service.prepare(SETTINGS, old)

    assert accounts.key_of_token(token).scopes == ("admin",)


def test_an_upgraded_database_takes_changes(old, groups):
    service.prepare(SETTINGS, old)

    gold = groups.create_group("Gold").group_id
    groups.change_customers(gold, add=["ada"])

    found = log.after(old.read, 3, limit=10, wanted=Wanted(group_id=gold))
    assert [event.topic for event in found] == ["GroupCreated", "CustomersAdded"]
    assert rebuild.verify(old).problems == []


def test_an_upgrade_happens_once(old):
    service.prepare(SETTINGS, old)
    upgraded = structure(old)

    service.prepare(SETTINGS, old)

    assert structure(old) == upgraded


def test_an_upgrade_that_fails_leaves_the_old_database(old):
    before = structure(old)
    broken = {2: (*service.MIGRATIONS[2], "CREATE TABEL shoe")}

    with pytest.raises(Exception, match="syntax"):
        schema.init(old, service.SCHEMA, broken)

    assert schema.property_value(old, "schema_version") == "1"
    assert structure(old) == before
    service.prepare(SETTINGS, old)
    schema.check(old)


def test_several_may_upgrade_at_once(old):
    def upgrade(_):
        try:
            return schema.init(old, service.SCHEMA, service.MIGRATIONS)
        finally:
            old.close()

    with ThreadPoolExecutor(4) as together:
        assert [*together.map(upgrade, range(4))] == [False] * 4

    assert schema.property_value(old, "schema_version") == str(SCHEMA_VERSION)
    assert {*schema.changed_read_models(old)} == {"membership", *NEW_READ_MODELS}
