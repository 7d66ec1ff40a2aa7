"""Every event is a leaf of its published line from the moment it is committed."""

from contextlib import closing, suppress

import pytest

from projections import log, merkle, rebuild, schema, tree_heads
from projections.merkle import Tree, leaf
from projections.stores import open_store
from service import signing
from service.app import prepare
from service.export import export
from service.settings import Settings
from service.verification import check_log
from tests.audit.exports import checked


def test_every_event_is_a_leaf_once_it_is_committed(store, groups, customers):
    vip = groups.create_group("VIP", {"colour": "blü"}).group_id
    assert merkle.size(store.read) == 1

    groups.change_customers(vip, add=customers(2500), reason='said "so"')
    groups.update_group(vip, name="VIP 2")
    groups.delete_customer("cus_000007")
    groups.delete_group(vip)

    identity, events = log.log_id(store.read), log.after(store.read, 0, limit=100)
    tree = Tree()
    for number, event in enumerate(events):
        tree.append(leaf(log.published(event, identity)))
        assert merkle.number_at(store.read, event.position) == number
        assert merkle.position_of(store.read, number) == event.position
    assert len(events) == merkle.size(store.read) == 7
    assert merkle.root(store.read, 7) == tree.root()
    assert merkle.number_at(store.read, events[-1].position + 1) is None


def test_what_was_refused_leaves_no_leaf(store, groups):
    groups.create_group("VIP")

    with pytest.raises(Exception, match="already exists"):
        groups.create_group("VIP")

    assert merkle.size(store.read) == 1


def test_leaves_have_no_gaps_where_positions_have(store, groups):
    """PostgreSQL takes a position for a transaction that fails, and never gives it again."""
    groups.create_group("VIP")
    with suppress(RuntimeError), store.deciding():
        groups.create_group("Never")
        raise RuntimeError

    groups.create_group("Staff")

    second = log.end(store.read)
    assert second == (3 if store.dialect == "postgres" else 2)
    assert merkle.number_at(store.read, second) == 1
    assert check_log(store).problems == []


def test_a_restored_log_has_a_tree_of_its_own(store, groups, tmp_path):
    """Every line has the id of the log, so every leaf changes with it."""
    for name in ("VIP", "Staff"):
        groups.create_group(name)
    before = signing.signed_head(store)

    restored = rebuild.begin_new_log(store)
    groups.create_group("Press")

    assert check_log(store).problems == rebuild.verify(store).problems == []
    assert restored in signing.signed_head(store).checkpoint
    assert restored not in before.checkpoint
    export(store, tmp_path / "export")
    assert len(checked(tmp_path / "export")) == 3


def test_a_log_that_was_changed_is_not_made_another(store, groups):
    groups.create_group("VIP")
    before = log.log_id(store.read)
    with store.defining():
        store.execute("UPDATE stored_events SET topic = 'GroupDeleted'", {})

    with pytest.raises(rebuild.LogSuspect, match="is not the one that was committed"):
        rebuild.begin_new_log(store)

    assert log.log_id(store.read) == before


def test_a_rebuild_makes_the_same_tree(store, groups):
    for number in range(300):
        groups.create_group(f"Group {number}")
    before = [store.read(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]

    rebuild.rebuild(store)

    assert [store.read(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES] == before
    assert [len(rows) for rows in before] == [300, 1]


TABLES = ("merkle_leaf", "merkle_subtree")


@pytest.mark.parametrize(
    ("damage", "table"),
    [
        ("UPDATE merkle_leaf SET position = 99 WHERE number = 1", "merkle_leaf"),
        ("DELETE FROM merkle_leaf WHERE number = 2", "merkle_leaf"),
        ("INSERT INTO merkle_subtree SELECT 8, 0, hash FROM merkle_leaf WHERE number = 0", None),
    ],
)
def test_a_whole_verify_covers_the_tree(store, groups, damage, table):
    for name in ("VIP", "Staff", "Press"):
        groups.create_group(name)
    with store.defining():
        store.execute(damage, {})

    problems = rebuild.verify(store).problems

    assert problems
    assert {problem.partition(":")[0] for problem in problems} == {table or "merkle_subtree"}


def test_a_database_without_a_tree_gets_it_by_an_upgrade(new_url, asking_of):
    settings = Settings(admin_password="correct horse battery staple")
    with closing(open_store(new_url)) as store:
        prepare(settings, store)
        groups = asking_of(store)
        for name in ("VIP", "Staff", "Press"):
            groups.create_group(name)
        expected = merkle.root(store.read, 3)
        with store.defining():
            for table in (*TABLES, "tree_head", "signing_key"):
                store.define(f"DROP TABLE {table}")
            store.define("DELETE FROM property WHERE name = 'read_model.merkle'")
            schema.keep(store, "schema_version", "2")

        prepare(settings, store)

        assert merkle.root(store.read, 3) == expected
        assert len(tree_heads.keys(store.read)) == 1
        assert check_log(store).problems == []
