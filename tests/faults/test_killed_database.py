"""PostgreSQL itself killed in the middle of changes, and started again."""

import pytest

from projections import schema
from projections.postgres import PostgresStore
from projections.rebuild import verify
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
