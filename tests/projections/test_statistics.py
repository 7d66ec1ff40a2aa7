"""What PostgreSQL's planner knows of tables that were filled a moment ago."""

import pytest

from domain.application import CustomerGroups
from projections.rebuild import rebuild, verify
from projections.store import FIRST_ANALYSIS
from tests.asking import Asking

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
def groups(own_store):
    return Asking(CustomerGroups(own_store, accept_unknown_customers=True))


@pytest.fixture
def known(own_store):
    """How many rows the planner believes a table to have; below 0, it has never looked."""

    def known(table):
        return own_store.read("SELECT reltuples FROM pg_class WHERE relname = :t", t=table)[0][0]

    return known


def fill(groups):
    vip = groups.create_group("VIP").group_id
    ids = [f"cus_{number:05}" for number in range(FIRST_ANALYSIS)]
    groups.change_customers(vip, add=ids)
    groups.change_customers(vip, remove=ids[:500])


def test_bulk_changes_are_known_when_they_are_committed(groups, known):
    groups.create_group("First")
    assert known("membership") < 0

    fill(groups)

    assert known("membership") == FIRST_ANALYSIS
    assert known("group_list") == 2


def test_a_rebuild_leaves_tables_that_are_known(groups, own_store, known):
    fill(groups)

    rebuild(own_store)

    assert known("membership") == FIRST_ANALYSIS


def test_a_replay_beside_the_live_tables_knows_its_own(groups, own_store, monkeypatch):
    fill(groups)
    analyzed = []
    analyze = own_store.analyze
    monkeypatch.setattr(
        own_store, "analyze", lambda prefix: (analyzed.append(prefix), analyze(prefix))
    )

    assert verify(own_store).problems == []

    assert analyzed == ["replayed_"]
