"""Followers go on, without a gap, when PostgreSQL or the line to it fails them.

They follow as their owners let them: whatever goes wrong, they ask again from where they are.
"""

import threading
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests

from domain.application import CustomerGroups
from projections import log, postgres
from projections.postgres import PostgresStore
from projections.store import StoreUnavailable
from tests.asking import Asking
from tests.postgres import PostgresServer
from tests.serving import Server, token_of, unique, until
from tests.stream import test_webhooks
from tests.stream.following import Consumer, frames, positions

WATCHES = "datname = current_database() AND application_name = 'customer-groups watch'"


class Follower:
    """Asks in its way for what comes after its position, again and again."""

    def __init__(self, server, token, after):
        self.consumer = Consumer(server.url, token, after)
        self.seen = []
        self.opened = threading.Event()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.follow)

    def follow(self):
        while not self.ended.is_set():
            try:
                self.ask()
            except (requests.RequestException, AssertionError):  # away, or an answer but 200
                self.ended.wait(0.05)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()


class LongPolling(Follower):
    def ask(self):
        self.opened.set()
        self.seen += positions(self.consumer.page(wait=30)["events"])


class Streaming(Follower):
    def ask(self):
        with self.consumer.stream() as answer:
            for fields in frames(answer):
                self.opened.set()
                if "data" in fields:
                    self.consumer.after = int(fields["id"])
                    self.seen.append(self.consumer.after)
                if self.ended.is_set():
                    return


class Shop:
    """A service on a PostgreSQL of its own, and who writes to its database behind its back."""

    def __init__(self, database, server, token):
        self.database = database
        self.server = server
        self.token = token
        self.store = PostgresStore(server.database_url)
        self.groups = Asking(CustomerGroups(self.store))

    def happen(self, count=1):
        for _ in range(count):
            self.groups.create_group(unique("Group "))

    def end(self):
        return log.end(self.store.read)

    def after(self, position):
        return [event.position for event in log.after(self.store.read, position, limit=1000)]

    @contextmanager
    def followers(self):
        """Followers at the end of the log; at the end each has seen what happened since, once."""
        start = self.end()
        with ExitStack() as stack:
            ways = (LongPolling, LongPolling, Streaming, Streaming)
            followers = [stack.enter_context(way(self.server, self.token, start)) for way in ways]
            assert all(follower.opened.wait(20) for follower in followers)
            yield followers
            self.happen()  # whoever waits notices that it is over
            for follower in followers:
                follower.ended.set()
        happened = self.after(start)
        for follower in followers:
            assert follower.seen in (happened, happened[:-1])


def reconnect(store):
    """This very test has lost its connection too."""
    with suppress(StoreUnavailable):
        store.read("SELECT 1")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    directory = tmp_path_factory.mktemp("lost")
    with (
        PostgresServer(fast=True) as database,
        Server(database.create_database(), directory) as server,
    ):
        made = Shop(database, server, token_of(server))
        yield made
        made.store.close()


@pytest.fixture(scope="module")
def within(shop, sized):
    """Assert that all followers are at the end of the log in time: 2 s, more beside other tests."""

    def check(followers):
        end = shop.end()
        until(lambda: all(each.seen[-1:] == [end] for each in followers), seconds=sized(6, 2))

    return check


def test_a_lost_notification_stalls_nobody(shop, within, monkeypatch):
    silent = postgres.COMMIT.replace("NOTIFY customer_groups;", "")
    assert silent != postgres.COMMIT
    with shop.followers() as followers:
        shop.happen()
        within(followers)
        monkeypatch.setattr(postgres, "COMMIT", silent)

        shop.happen(3)

        within(followers)


def test_a_killed_connection_that_listens_is_made_anew(shop, within):
    with shop.followers() as followers:
        for _ in range(3):
            until(lambda: shop.store.read(f"SELECT pid FROM pg_stat_activity WHERE {WATCHES}"))

            shop.store.read(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WATCHES}"
            )
            shop.happen(2)

            within(followers)


@pytest.mark.parametrize("way", ["fast", "immediate"])
def test_a_restart_of_the_database_leaves_no_gap(shop, within, way):
    with shop.followers() as followers:
        shop.happen(2)
        shop.database.stop(way)
        until(lambda: requests.get(f"{shop.server.url}/health/ready", timeout=5).status_code == 503)

        shop.database.start()
        reconnect(shop.store)
        shop.happen(2)

        within(followers)


def test_a_deliverer_goes_on_after_a_restart_of_the_database(shop, tmp_path):
    url = test_webhooks.prepared(shop.database.create_database())
    hooked = test_webhooks.Shop(url, tmp_path)
    with ExitStack() as stack:
        stack.callback(hooked.end)
        receiver = hooked.receiver()
        hooked.webhook(receiver)
        process = hooked.deliver()
        happened = hooked.happen(3)
        until(lambda: receiver.positions == happened)

        shop.database.restart()

        for each in (shop, hooked):
            reconnect(each.store)
        happened += hooked.happen(3)
        until(lambda: receiver.positions == happened)
        assert process.poll() is None
