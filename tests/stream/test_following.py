"""Whoever follows sees every event once, in order, whatever happens meanwhile."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from tests.api.answers import GROUPS
from tests.serving import Api, signed_in, unique
from tests.stream.following import Consumer, positions

WRITERS = 8


class Reader:
    """Follows until it is told where the end is; leaves off and resumes at random."""

    def __init__(self, url, token, seed):
        self.consumer = Consumer(url, token)
        self.random = random.Random(seed)
        self.seen = []
        self.end = None

    def read(self):
        ways = (self.by_pages, self.by_waiting, self.by_stream, self.by_lines)
        while not self.is_done():
            with suppress(requests.RequestException):
                self.random.choice(ways)()

    def note(self, events):
        self.seen += positions(events)

    def is_done(self):
        return self.end is not None and self.consumer.after >= self.end

    def by_pages(self):
        self.note(self.consumer.page(limit=self.random.randint(1, 300))["events"])

    def by_waiting(self):
        self.note(self.consumer.page(wait=1)["events"])

    def by_lines(self):
        *events, cursor = self.consumer.lines(limit=self.random.randint(1, 500))
        self.note(events)
        self.consumer.after = cursor["next"]

    def by_stream(self):
        events = self.consumer.events()
        most = self.random.randint(1, 400)
        for event in events:
            self.note([event])
            if len(self.seen) % most == 0 or self.is_done():
                break
        events.close()


def write(api: Api, seed: int, times: int, groups: list[str], customers: list[str]) -> None:
    """Change groups at random; some changes conflict, some are refused and rolled back."""
    chance = random.Random(seed)
    for _ in range(times):
        path = f"{GROUPS}/{chance.choice(groups)}"
        some = chance.sample(customers, 3)
        change, body, headers = chance.choice(
            (
                ("/customers", {"add": some}, {}),
                ("/customers", {"remove": some}, {}),
                ("", {"name": unique("Name ")}, {}),
                ("", {"metadata": {"n": chance.random()}}, {}),
                ("", {"name": "Taken"}, {}),
                ("/customers", {"add": [*some, "cus_unknown"]}, {}),
                ("", {"name": unique("Late ")}, {"If-Match": '"1"'}),
            )
        )
        api.post(path + change, body, headers=headers)


@pytest.mark.parametrize(("kind", "most"), [("postgres", 3), ("sqlite", 2)])
def test_every_reader_sees_every_event_once_in_order(start, new_database, sized, kind, most):
    url, processes = new_database(kind), sized(2, most)
    servers = [start(url) for _ in range(processes)]
    apis = [signed_in(server) for server in servers]
    groups = [apis[0].group()["id"] for _ in range(5)]
    apis[0].group(name="Taken")
    customers = apis[0].customers(50)
    readers = [
        Reader(servers[number % processes].url, apis[0].token, number)
        for number in range(sized(8, 20))
    ]
    changes = sized(240, 20_000)

    threads = [threading.Thread(target=reader.read, daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    with ThreadPoolExecutor(WRITERS) as writers:
        for number in range(WRITERS):
            writers.submit(
                write, apis[number % processes], number, changes // WRITERS, groups, customers
            )
    end = apis[0].get("/events").json()["end"]
    for reader in readers:
        reader.end = end
    apis[0].group()  # wakes who waits in a stream
    for thread in threads:
        thread.join(timeout=120)

    with servers[0].store() as store:
        logged = [
            row[0]
            for row in store.read(
                "SELECT notification_id FROM stored_events"
                " WHERE notification_id <= :end"
                " ORDER BY notification_id",
                end=end,
            )
        ]
    for reader in readers:
        seen = [position for position in reader.seen if position <= end]
        assert seen == logged
