"""What a stream does while nothing happens, by shorter times than a service has.

(--big: the same of a service, by its own 15 seconds.)
"""

import asyncio
from itertools import count

import pytest
import requests

from domain.application import CustomerGroups
from projections import log
from projections.log import Wanted
from service import stream as stream_module
from service.stream import Follow, Tailer, stream
from tests.api.answers import GROUPS
from tests.asking import Asking
from tests.serving import signed_in
from tests.stream.following import Consumer, frames

RARE = Wanted(types=("GroupDeleted",))


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(stream_module, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(stream_module, "SLOW_SECONDS", 0.1)


def streamed(store, follow, heartbeats, send=None):
    """Return the body of a stream that its reader may read for so many heartbeats."""
    pieces, allowed = [], iter([True] * heartbeats)

    async def run():
        async def receive():
            await asyncio.Event().wait()  # the reader never leaves

        async def keep(message):
            pieces.append(message.get("body", b""))
            if send is not None:
                await send(message)

        async def still_allowed():
            return next(allowed, False)

        tailer = Tailer(store)
        try:
            async with asyncio.timeout(10):
                await stream(tailer, follow, [], receive, keep, still_allowed)
        finally:
            tailer.stop()

    asyncio.run(run())
    return b"".join(pieces).decode()


@pytest.fixture
def groups(sqlite_store):
    return Asking(CustomerGroups(sqlite_store))


def test_a_reader_of_rare_events_is_told_how_far_it_is_once(sqlite_store, groups):
    """Without it, it would begin far back each time it resumes."""
    for name in ("VIP", "Wholesale"):
        groups.create_group(name)

    body = streamed(sqlite_store, Follow(0, RARE), heartbeats=3)

    assert body.count(": heartbeat\n") == 3
    assert body.count("id: ") == 1
    assert f": heartbeat\nid: {log.end(sqlite_store.read)}\n\n" in body


def test_a_reader_who_may_no_longer_read_is_left_at_the_next_heartbeat(sqlite_store):
    assert ": heartbeat" not in streamed(sqlite_store, Follow(0), heartbeats=0)


def test_a_reader_who_may_no_longer_read_is_left_however_much_happens(sqlite_store, groups):
    names = count()

    async def something_happens(_message):
        groups.create_group(f"VIP {next(names)}")

    body = streamed(sqlite_store, Follow(0), heartbeats=2, send=something_happens)

    assert body.count(": heartbeat\n") == 2
    assert body.count("data: ") > 2


def test_a_reader_who_is_too_slow_is_cut_off(sqlite_store, groups):
    groups.create_group("VIP")

    async def never_taken(message):
        if b"data: " in message.get("body", b""):
            await asyncio.Event().wait()

    body = streamed(sqlite_store, Follow(0), heartbeats=3, send=never_taken)

    assert body.endswith("\n\n")
    assert "heartbeat" not in body


@pytest.mark.big
def test_a_service_tells_a_reader_of_rare_events_how_far_it_is(start):
    server = start()
    api = signed_in(server)
    for _ in range(3):
        api.group()
    end = api.get("/events").json()["end"]
    consumer = Consumer(server.url, api.token, type="GroupDeleted")

    with consumer.stream() as answer:
        assert api.get(GROUPS).status_code == 200
        told = next(int(frame["id"]) for frame in frames(answer) if "id" in frame)

    assert told == end


@pytest.mark.big
def test_a_key_that_is_revoked_ends_its_streams_at_the_next_heartbeat(start):
    server = start()
    api = signed_in(server)
    made = api.post("/admin/api-keys", {"title": "x", "type": "secret"}).json()["api_key"]
    session = requests.Session()
    session.auth = (made["token"], "")
    with session.get(f"{server.url}/events/stream", stream=True, timeout=40) as answer:
        lines = answer.iter_lines()
        next(lines)

        api.post(f"/admin/api-keys/{made['id']}/revoke", {})

        assert b"heartbeat" not in b"".join(lines)
