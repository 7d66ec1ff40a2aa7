"""The README's pricing service: the very lines that it shows, killed and asked."""

import random
import threading
import time

import pytest
import requests

from domain.application import CustomerGroups
from projections import log
from tests.api.answers import GROUPS
from tests.asking import Asking
from tests.serving import signed_in, unique
from tests.stream.consumers import Pricing, answers, kept, new_key, pricing_service

CUSTOMERS = "/admin/customers"


class Writer:
    """Changes everything that a pricing service has to follow, at random, until it is stopped."""

    def __init__(self, server, groups, seed):
        self.api = signed_in(server)
        self.groups = groups
        self.chance = random.Random(seed)
        self.customers = self.api.customers(120)
        self.living = [self.api.group()["id"] for _ in range(6)]
        self.deleted = []
        self.erased = set()
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(0.005):  # leaves something of the machine to who follows
            self.change()
        self.groups.application.store.close()  # this thread's connection

    def change(self):
        group = self.chance.choice(self.living)
        some = self.chance.sample(self.customers, self.chance.choice((1, 20, 100)))
        what = self.chance.choices(
            (self.add, self.remove, self.delete, self.restore, self.erase, self.rename),
            (40, 30, 8, 8, 2, 6),
        )[0]
        what(group, some)

    def add(self, group, some):
        self.linked(group, {"add": [each for each in some if each not in self.erased]})

    def remove(self, group, some):
        self.linked(group, {"remove": [each for each in some if each not in self.erased]})

    def linked(self, group, change):
        if any(change.values()):
            answer = self.api.post(f"{GROUPS}/{group}/customers", change)
            assert answer.status_code == 200, answer.text

    def delete(self, group, _):
        if len(self.living) > 2:
            self.living.remove(group)
            self.deleted.append(group)
            assert self.api.delete(f"{GROUPS}/{group}").status_code == 200

    def delete_one_with_members(self):
        group = self.api.group()["id"]
        self.add(group, self.customers)
        assert self.api.delete(f"{GROUPS}/{group}").status_code == 200

    def restore(self, *_):
        if self.deleted:
            self.living.append(self.deleted.pop())
            self.groups.restore_group(self.living[-1])

    def erase(self, _, some):
        if len(self.erased) < len(self.customers) // 2 and some[0] not in self.erased:
            self.erased.add(some[0])
            assert self.api.delete(f"{CUSTOMERS}/{some[0]}").status_code == 200

    def rename(self, group, _):
        answer = self.api.post(f"{GROUPS}/{group}", {"name": unique("Name ")})
        assert answer.status_code == 200, answer.text

    def truth(self, customer_id):
        """The groups of a customer, as the service answers."""
        if customer_id in self.erased:
            return set()
        path = f"{CUSTOMERS}/{customer_id}/customer-groups"
        found = self.api.walk(path, "customer_groups", limit=100)
        return {group["id"] for group in found}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_pricing_service_killed_at_random_ends_up_with_the_truth(
    start, new_database, tmp_path, sized, kind
):
    server = start(new_database(kind))
    here = tmp_path / "pricing"
    here.mkdir()
    key = new_key(server, "events:read")
    chance = random.Random(kind)
    with server.store() as store:
        writer = Writer(server, Asking(CustomerGroups(store)), kind)
        for _ in range(sized(40, 1000)):
            writer.change()
        writing = threading.Thread(target=writer.run)
        writing.start()
        try:
            for _ in range(sized(3, 50)):
                before = kept(here)
                with Pricing(server, here, key) as pricing:
                    pricing.reaches(before + 1)
                    time.sleep(chance.uniform(0, 0.05))  # the moment of the kill is chance
                    pricing.kill()
        finally:
            writer.stopped.set()
            writing.join(timeout=60)
        writer.delete_one_with_members()
        end = log.end(store.read)
    with Pricing(server, here, key) as pricing:
        pricing.reaches(end)

    truth = {customer_id: writer.truth(customer_id) for customer_id in writer.customers}

    assert answers(here, writer.customers) == truth
    assert writer.erased
    assert any(truth.values())


def test_a_pricing_service_is_told_of_another_log_and_keeps_what_it_has(start, tmp_path):
    server = start()
    api = signed_in(server)
    customer, group = api.customers(1)[0], api.group()["id"]
    api.add(group, customer)
    here = tmp_path / "pricing"
    here.mkdir()
    key = new_key(server, "events:read")
    with Pricing(server, here, key) as pricing:
        pricing.reaches(2)
        pricing.kill()
    assert requests.get(server.url + GROUPS, auth=(key, ""), timeout=30).status_code == 403
    with server.store() as store, store.defining():
        store.define("UPDATE property SET value = 'log_restored' WHERE name = 'log_id'")

    with Pricing(server, here, key) as pricing:
        assert pricing.process.wait(timeout=60) == 1
        assert "other-log" in pricing.said

    assert answers(here, [customer]) == {customer: {group}}
    assert kept(here) == 2


def test_the_documented_consumer_has_about_twenty_statements_and_needs_python_alone():
    text = pricing_service()

    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("import ")]
    assert len(lines) <= 36
    assert "import http.client, json, os, sqlite3, sys, time, urllib.request\n" in text
