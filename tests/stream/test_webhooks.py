"""Webhooks as receivers meet them: real `customer-groups deliver` processes, real HTTP."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest

from domain.application import CustomerGroups
from projections import log
from projections.stores import open_store
from service.app import prepare
from service.delivery import Deliverer
from service.retries import Schedule
from service.settings import Settings
from service.webhooks import Webhooks
from tests.asking import Asking
from tests.serving import until
from tests.stream.receiving import Receiver, hanging

SOON = {
    "first_seconds": 0.05,
    "longest_seconds": 0.2,
    "lease_seconds": 2.0,
    "step_seconds": 1.0,
    "total_seconds": 1.0,
}
"""A schedule for those who cannot wait."""


class Shop:
    """A database with groups and webhooks, and the deliverers that work for it."""

    def __init__(self, url, directory):
        self.url = url
        self.directory = directory
        self.store = open_store(url)
        self.groups = Asking(CustomerGroups(self.store))
        self.webhooks = Webhooks(self.store)
        self.receivers = []
        self.deliverers = []
        self.threads = []

    def receiver(self, *answer, start=True):
        self.receivers.append(Receiver(*answer))
        return self.receivers[-1].start() if start else self.receivers[-1]

    def webhook(self, receiver, **more):
        """Return the id and the secret of a new webhook."""
        made, secret = self.webhooks.create(receiver.url, "user_admin", **more)
        return made["id"], secret

    def deliver(self, schedule=SOON, **settings):
        """Start a deliverer; without a schedule it is the very command."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CUSTOMER_GROUPS_")
        }
        settings = {"DATABASE_URL": self.url, "ALLOW_PRIVATE_WEBHOOKS": "yes"} | settings
        environment |= {f"CUSTOMER_GROUPS_{name}": value for name, value in settings.items()}
        command = ["tests.stream.deliver_soon", json.dumps(schedule)]
        if schedule is None:
            command = ["service.cli", "deliver"]
        with (self.directory / "deliver.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], env=environment, stdout=output, stderr=output
            )
        self.deliverers.append(process)
        return process

    def deliver_here(self, *, allow_private=True, **schedule):
        """Deliver in a thread of this process, which begins sooner than a process of its own."""
        deliverer = Deliverer(
            open_store(self.url),
            allow_private=allow_private,
            schedule=Schedule(**SOON | schedule),
        )

        def run():
            deliverer.run()
            deliverer.store.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.threads.append((deliverer, thread))

    def said(self):
        """What the deliverers have logged."""
        return (self.directory / "deliver.log").read_text()

    def happen(self, count):
        """Let so many events happen and return their positions."""
        number = log.end(self.store.read)
        return [
            self.groups.create_group(f"Group {number + each}").position for each in range(count)
        ]

    def end(self):
        for process in self.deliverers:
            if process.poll() is None:
                process.kill()
                process.wait()
        for deliverer, thread in self.threads:
            deliverer.stop()
            thread.join()
        for receiver in self.receivers:
            receiver.stop()
        self.store.close()


def prepared(url):
    """Make a database as `init-db` does, and return its address."""
    store = open_store(url)
    prepare(Settings(admin_password="correct horse battery staple"), store)
    store.close()
    return url


@pytest.fixture(scope="module")
def prepared_postgres(new_database):
    return prepared(new_database("postgres")).rpartition("/")[2]


@pytest.fixture(scope="module")
def prepared_sqlite(new_database):
    return Path(prepared(new_database("sqlite")).removeprefix("sqlite:///"))


@pytest.fixture
def small_shop(prepared_sqlite, tmp_path):
    """One on SQLite, for rules to which the database does not matter."""
    shutil.copy(prepared_sqlite, tmp_path / "groups.db")
    made = Shop(f"sqlite:///{tmp_path / 'groups.db'}", tmp_path)
    yield made
    made.end()


@pytest.fixture
def postgres_shop(postgres, prepared_postgres, tmp_path):
    made = Shop(postgres.create_database(template=prepared_postgres), tmp_path)
    yield made
    made.end()


@pytest.fixture(params=["small", "postgres"])
def shop(request):
    """One on either database."""
    return request.getfixturevalue(f"{request.param}_shop")


# What arrives


def test_every_event_arrives_once_in_order_as_published_and_signed(shop):
    receiver = shop.receiver()
    shop.happen(3)
    webhook_id, secret = shop.webhook(receiver)
    process = shop.deliver(schedule=None)

    happened = shop.happen(30)

    until(lambda: len(receiver.positions) >= 30)
    assert receiver.positions == happened, "from when it was made, not before"
    receiver.verify(secret)
    identity = log.log_id(shop.store.read)
    for request, event in zip(
        receiver.requests, log.after(shop.store.read, happened[0] - 1, limit=100), strict=True
    ):
        assert request.body == log.published(event, identity)
        assert request.headers["webhook-id"] == f"{identity}:{event.position}"
        assert request.headers["content-type"].startswith("application/cloudevents+json")
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    until(lambda: shop.webhooks.one(webhook_id)["position"] == happened[-1])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0
    assert secret not in shop.said()


def test_a_signature_of_another_secret_is_noticed(small_shop):
    receiver = small_shop.receiver()
    small_shop.webhook(receiver)
    _, other = small_shop.webhook(small_shop.receiver())
    small_shop.deliver_here()
    small_shop.happen(1)
    until(lambda: receiver.requests)

    with pytest.raises(Exception, match="No matching signature"):
        receiver.verify(other)


def test_only_what_is_wanted_is_sent(shop):
    everything, renamed, of_one = shop.receiver(), shop.receiver(), shop.receiver()
    vip = shop.groups.create_group("VIP").group_id
    shop.webhook(everything, after=0)
    shop.webhook(renamed, after=0, types=["Renamed", "GroupDeleted"])
    shop.webhook(of_one, after=0, group_id=vip)
    shop.deliver_here()

    shop.happen(3)
    shop.groups.update_group(vip, name="Very important")
    other = shop.groups.create_group("Wholesale").group_id
    shop.groups.update_group(other, name="Bulk")
    shop.groups.delete_group(vip)

    until(lambda: len(everything.positions) == 8)
    until(lambda: len(renamed.positions) == 3 and len(of_one.positions) == 3)
    types = [request.event["type"].split(".")[1] for request in renamed.requests]
    assert types == ["Renamed", "Renamed", "GroupDeleted"]
    assert {request.event["subject"] for request in of_one.requests} == {vip}


# Receivers that misbehave


def test_a_receiver_that_was_down_gets_every_event_in_order(small_shop):
    receiver = small_shop.receiver(start=False)
    webhook_id, secret = small_shop.webhook(receiver)
    small_shop.deliver()
    happened = small_shop.happen(20)
    until(lambda: small_shop.webhooks.one(webhook_id)["failures"] >= 3)

    receiver.start()

    happened += small_shop.happen(5)
    until(lambda: len(receiver.positions) >= 25)
    assert receiver.positions == happened
    receiver.verify(secret)
    until(lambda: small_shop.webhooks.one(webhook_id)["failures"] == 0)


def test_a_receiver_that_answers_500_for_a_while_gets_every_event_in_order(small_shop):
    receiver = small_shop.receiver(lambda number: 500 if number % 4 else 204)
    webhook_id, secret = small_shop.webhook(receiver)
    small_shop.deliver_here()

    happened = small_shop.happen(5)

    until(lambda: len(receiver.positions) >= 5)
    assert [request.position for request in receiver.requests] == [
        position for position in happened for _ in range(4)
    ], "the next one only after the one before was accepted"
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 5
    receiver.verify(secret)
    kept, count = until(
        lambda: (page := small_shop.webhooks.deliveries(webhook_id, 100, 0))[1] == 20 and page
    )
    assert count == 20
    assert [(each["attempt"], each["status"]) for each in reversed(kept)] == 5 * [
        (1, 500),
        (2, 500),
        (3, 500),
        (4, 204),
    ]
    assert kept[0]["error"] is None
    assert "500" in kept[1]["error"]


def test_a_receiver_that_hangs_is_given_up_and_holds_nobody_up(small_shop):
    slow, quick = small_shop.receiver(hanging(30)), small_shop.receiver()
    hung, _ = small_shop.webhook(slow)
    small_shop.webhook(quick)
    small_shop.deliver_here(total_seconds=5.0, step_seconds=5.0)
    happened = small_shop.happen(20)

    until(lambda: quick.positions == happened)

    assert small_shop.webhooks.one(hung)["attempts"] == 0, "the first attempt still hangs"
    failed = until(lambda: (one := small_shop.webhooks.one(hung))["failures"] and one)
    assert "no answer" in failed["last_error"]
    assert failed["position"] < happened[0]


def test_redirects_are_not_followed(small_shop):
    other = small_shop.receiver()
    receiver = small_shop.receiver(lambda _: (307, {"Location": other.url}, b""))
    webhook_id, _ = small_shop.webhook(receiver)
    small_shop.deliver_here()
    small_shop.happen(1)

    failed = until(lambda: (one := small_shop.webhooks.one(webhook_id))["failures"] and one)

    assert failed["last_status"] == 307
    assert "redirects are not followed" in failed["last_error"]
    assert other.requests == []


def test_a_receiver_that_is_gone_is_paused_where_it_was(small_shop):
    receiver = small_shop.receiver(lambda number: 410 if number == 3 else 200)
    webhook_id, _ = small_shop.webhook(receiver)
    small_shop.deliver_here()
    happened = small_shop.happen(5)
    paused = until(
        lambda: (one := small_shop.webhooks.one(webhook_id))["state"] == "paused" and one
    )
    assert paused["position"] == happened[1]
    assert "410" in paused["reason"]

    resumed = small_shop.webhooks.resume(webhook_id)

    assert (resumed["state"], resumed["reason"], resumed["failures"]) == ("active", None, 0)
    until(lambda: receiver.positions == happened)


def test_a_receiver_that_never_accepts_is_paused_in_the_end(small_shop):
    receiver = small_shop.receiver(lambda _: (500, {}, b"no\x00\x1b[31m " + b"x" * 100_000))
    webhook_id, _ = small_shop.webhook(receiver)
    small_shop.deliver_here(give_up_seconds=1.0)
    begin = small_shop.webhooks.one(webhook_id)["position"]
    happened = small_shop.happen(2)

    paused = until(
        lambda: (one := small_shop.webhooks.one(webhook_id))["state"] == "paused" and one
    )

    assert paused["position"] == begin, "nothing was passed over"
    assert paused["failures"] > 1
    assert "nothing was accepted for" in paused["reason"]
    assert len(paused["last_error"]) <= 200
    assert paused["last_error"].isprintable()
    receiver.answer = lambda _: 200
    small_shop.webhooks.resume(webhook_id)
    until(lambda: receiver.positions == happened)


def test_a_receiver_that_asks_for_time_is_given_it(small_shop):
    receiver = small_shop.receiver(lambda _: (503, {"Retry-After": "3600"}, b""))
    webhook_id, _ = small_shop.webhook(receiver)
    small_shop.deliver_here(longest_seconds=7200.0)
    small_shop.happen(1)

    failed = until(lambda: (one := small_shop.webhooks.one(webhook_id))["failures"] and one)

    last, following = (
        datetime.fromisoformat(failed[name]) for name in ("last_attempt_at", "next_attempt_at")
    )
    assert 3600 <= (following - last).total_seconds() < 3660


def test_a_private_address_is_refused_when_it_is_connected_to(small_shop):
    receiver = small_shop.receiver()
    webhook_id, _ = small_shop.webhook(receiver)  # made when it was allowed, or led elsewhere
    small_shop.deliver_here(allow_private=False)
    small_shop.happen(1)

    failed = until(lambda: (one := small_shop.webhooks.one(webhook_id))["failures"] and one)

    assert "not a public address" in failed["last_error"]
    assert failed["last_status"] is None
    assert receiver.requests == []


# What admins do meanwhile


def test_what_is_paused_on_its_way_still_counts_and_nothing_follows(small_shop):
    arrived, go = threading.Event(), threading.Event()

    def hold(_):
        arrived.set()
        go.wait(10)
        return 200

    receiver = small_shop.receiver(hold)
    webhook_id, _ = small_shop.webhook(receiver)
    small_shop.deliver_here(total_seconds=15.0, step_seconds=15.0)
    happened = small_shop.happen(3)
    assert arrived.wait(10)

    small_shop.webhooks.pause(webhook_id)
    go.set()

    until(lambda: small_shop.webhooks.one(webhook_id)["position"] == happened[0])
    assert small_shop.webhooks.one(webhook_id)["reason"] == "paused by request"
    small_shop.webhooks.resume(webhook_id)
    until(lambda: receiver.positions == happened)


def test_what_was_on_its_way_elsewhere_is_sent_to_the_new_address(small_shop):
    arrived, go = threading.Event(), threading.Event()

    def hold(_):
        arrived.set()
        go.wait(10)
        return 200

    old, new = small_shop.receiver(hold), small_shop.receiver()
    webhook_id, _ = small_shop.webhook(old)
    small_shop.deliver_here(total_seconds=15.0, step_seconds=15.0)
    happened = small_shop.happen(3)
    assert arrived.wait(10)

    small_shop.webhooks.change(webhook_id, {"url": new.url})
    go.set()

    until(lambda: new.positions == happened)
    assert old.positions == happened[:1]


def test_events_are_sent_again_from_a_position_under_the_same_ids(shop):
    receiver = shop.receiver()
    webhook_id, _ = shop.webhook(receiver)
    shop.deliver_here()
    happened = shop.happen(6)
    until(lambda: shop.webhooks.one(webhook_id)["position"] == happened[-1])

    shop.webhooks.resend(webhook_id, happened[2])

    until(lambda: receiver.positions == happened + happened[3:])
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids[6:] == ids[3:6]


def test_a_webhook_that_is_deleted_gets_nothing_more(small_shop):
    receiver, other = small_shop.receiver(), small_shop.receiver()
    webhook_id, _ = small_shop.webhook(receiver)
    small_shop.webhook(other)
    small_shop.deliver_here()
    happened = small_shop.happen(2)
    until(lambda: receiver.positions == happened)

    small_shop.webhooks.remove(webhook_id)

    more = small_shop.happen(5)
    until(lambda: other.positions == happened + more)
    assert receiver.positions == happened
    assert small_shop.webhooks.deliveries(webhook_id, 10, 0) == ([], 0)


# Several deliverers, and those that die


def test_two_deliverers_share_the_work_and_keep_the_order(shop, sized):
    receivers = [shop.receiver() for _ in range(4)]
    for receiver in receivers:
        shop.webhook(receiver)
    processes = [shop.deliver(), shop.deliver()]

    happened = shop.happen(sized(40, 400))

    for receiver in receivers:
        until(lambda receiver=receiver: len(receiver.positions) >= len(happened), seconds=60)
        assert receiver.positions == happened, "each once, while nobody dies"
        assert receiver.most_at_once == 1
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=6) == 0


def test_a_deliverer_that_ends_leaves_its_work_to_others_at_once(small_shop):
    receiver = small_shop.receiver()
    small_shop.webhook(receiver)
    first = small_shop.deliver({**SOON, "lease_seconds": 600.0})
    happened = small_shop.happen(20)
    until(lambda: receiver.positions)
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=6) == 0

    small_shop.deliver({**SOON, "lease_seconds": 600.0})

    until(lambda: len(receiver.positions) >= 20)
    assert receiver.positions == happened


def test_killed_deliverers_pass_nothing_over_and_turn_nothing_round(shop, sized):
    receiver = shop.receiver()
    shop.webhook(receiver)
    chance = random.Random(4711)
    kills = sized(1, 20)
    happened = []
    for number in range(kills):
        process, other = shop.deliver(), shop.deliver()
        happened += shop.happen(20)
        wanted = len(set(receiver.positions)) + 1 + chance.randrange(15)
        until(lambda wanted=wanted: len(set(receiver.positions)) >= wanted, seconds=30)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        if number % 2:
            other.kill()
            other.wait()
        else:
            other.send_signal(signal.SIGTERM)

    shop.deliver()

    until(lambda: set(receiver.positions) == set(happened), seconds=60)
    assert receiver.positions == sorted(receiver.positions), "maybe twice, never turned round"
