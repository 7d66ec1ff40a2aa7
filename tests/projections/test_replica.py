"""A replica of the production store: it is read like the primary and never written."""

import pytest

from domain.application import CustomerGroups
from projections import directory, group_list, log, membership, schema
from projections.postgres import PostgresStore
from projections.rebuild import rebuild
from projections.store import StoreUnavailable
from tests.asking import Asking
from tests.postgres import PostgresServer


@pytest.fixture(scope="module")
def servers():
    with PostgresServer(fast=True) as primary, primary.standby() as standby:
        yield primary, standby


@pytest.fixture
def store(servers):
    """The primary."""
    store = PostgresStore(servers[0].create_database())
    schema.init(store)
    yield store
    store.close()


@pytest.fixture
def replica(servers, store):
    """The same database on the standby, as far as it has followed."""
    _, standby = servers
    standby.catch_up()
    replica = PostgresStore(standby.url(store.url.rpartition("/")[2]))
    yield replica
    replica.close()


def test_a_replica_knows_that_it_is_one(store, replica):
    assert not store.is_replica()
    assert replica.is_replica()
    schema.check(replica)


def test_a_replica_answers_what_the_primary_answers(servers, store, groups, customers, replica):
    vip = groups.create_group("VIP customers").group_id
    groups.change_customers(vip, add=customers(30))
    servers[1].catch_up()

    for one in (store, replica):
        row = group_list.one(one.read, vip)
        assert row.customers_count == 30
        assert group_list.page(one, limit=9, words=("vip", "cus")).count == 1
        assert len(membership.members(one, row, limit=100).rows) == 30
        assert directory.page(one, limit=5, conditions={"groups": [vip]}).count == 30
        assert log.end(one.read) == 2


def test_a_replica_shows_nothing_new_until_it_has_followed(servers, store, groups, replica):
    _, standby = servers
    standby.pause_replay()
    try:
        position = groups.create_group("VIP").position
        assert log.end(replica.read) == 0
    finally:
        standby.resume_replay()
    standby.catch_up()

    assert log.end(replica.read) == log.end(store.read) == position


def test_a_replica_cannot_be_written(replica):
    for refused in (
        lambda: Asking(CustomerGroups(replica)).create_group("VIP"),
        lambda: directory.put(replica, "x", {}, "user_eve"),
        lambda: rebuild(replica),
        lambda: schema.init(replica),
    ):
        with pytest.raises(StoreUnavailable):
            refused()

    assert not replica.is_deciding
    assert group_list.page(replica, limit=1).count == 0
