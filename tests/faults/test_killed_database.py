"""PostgreSQL itself killed in the middle of changes, and started again."""

import pytest

from domain.application import CustomerGroups
from projections import group_list, schema
from projections.postgres import PostgresStore
from projections.rebuild import verify
from projections.store import ConnectionLost
from tests.asking import Asking
from tests.faults.test_killed_processes import hear_until_killed, plan, positions
from tests.postgres import PostgresServer

__all__ = ["plan"]


@pytest.fixture
def server():
    """A server that writes to disk before it answers."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def database_url(server):
    url = server.create_database()
    store = PostgresStore(url)
    schema.init(store)
    store.close()
    return url


def test_every_acknowledged_change_outlives_the_database(server, store, plan, worker):
    running = worker(plan)
    running.start()

    def crash():
        server.kill()
        server.start()
        running.process.kill()

    answers = hear_until_killed(running, crash)

    store.close()
    kept = {row[0] for row in store.read("SELECT notification_id FROM stored_events")}
    assert positions(answers) <= kept
    assert {answer["error"].split("(")[0] for answer in answers if "error" in answer} <= {
        "ConnectionLost",
        "StoreUnavailable",
    }
    assert verify(store).problems == []


def test_a_change_lost_in_a_crash_is_not_mistaken_for_the_next_one(server, database_url):
    """PostgreSQL gives the number of a transaction that a crash has undone to another one."""
    lost, other = PostgresStore(database_url), PostgresStore(database_url)
    Asking(CustomerGroups(other)).create_group("Before")
    other.close()

    def decide():
        with lost.deciding():
            Asking(CustomerGroups(lost)).create_group("Lost")
            server.restart("immediate")
            Asking(CustomerGroups(other)).create_group("After")

    with pytest.raises(ConnectionLost):
        decide()
    page = group_list.page(other, limit=10, order=("name", False))
    assert [b"After" in row.document for row in page.rows] == [True, False]
    assert page.count == 2
    for store in (lost, other):
        store.close()
