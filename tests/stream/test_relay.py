"""The relay and a real NATS server: each event once and in order, whatever is killed."""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from click.testing import CliRunner
from nats.js.api import StreamConfig

from domain.application import CustomerGroups, merging
from projections import log
from projections.stores import open_store
from service.cli import main
from service.relay import CONFIG, STREAM, Cursor, Fenced, RelayStopped, connected
from service.relaying import Log, Relay
from tests.asking import Asking
from tests.nats import NatsServer
from tests.serving import COMMAND, signed_in, until


@pytest.fixture(scope="module")
def shared_nats():
    with NatsServer() as server:
        yield server


@pytest.fixture
def nats(shared_nats):
    """A NATS server to which nobody has published yet."""
    yield shared_nats
    shared_nats.remove_stream()


@pytest.fixture
def own_nats():
    """One to be stopped and killed."""
    with NatsServer() as server:
        yield server


@pytest.fixture
def shop(groups, customers):
    """One group with an event of each kind but the last: 6 events."""
    vip = groups.create_group("VIP", reason="a \u201cgood\u201d reason").group_id
    groups.update_group(vip, name="Very important")
    groups.update_group(vip, metadata=merging({"discount": 10}))
    groups.change_customers(vip, add=customers("cus_1", "cus_2"))
    groups.change_customers(vip, remove=["cus_1"])
    groups.delete_group(vip)
    return vip


class Process:
    """A running `customer-groups relay`, and what it has logged."""

    def __init__(self, database_url, nats_url, path):
        settings = {"DATABASE_URL": database_url, "NATS_URL": nats_url}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CUSTOMER_GROUPS_")}
        environment |= {f"CUSTOMER_GROUPS_{name}": value for name, value in settings.items()}
        self.path = path
        with path.open("ab") as output:
            self.process = subprocess.Popen(
                [*COMMAND, "relay"], env=environment, stdout=output, stderr=output
            )

    @property
    def said(self):
        return self.path.read_text()

    def end(self, by=signal.SIGKILL):
        self.process.send_signal(by)
        return self.process.wait(timeout=15)


@pytest.fixture
def running(database_url, tmp_path):
    """Start `customer-groups relay` processes: `running(nats.url)`."""
    started = []

    def start(nats_url):
        path = tmp_path / f"relay{len(started)}.log"
        started.append(Process(database_url, nats_url, path))
        return started[-1]

    yield start
    for relay in started:
        if relay.process.poll() is None:
            relay.end()


@pytest.fixture
def shared_groups(own_store):
    """Commands on a database that processes join."""
    return Asking(CustomerGroups(own_store))


def relay_once(store, nats):
    async def run():
        relay = Relay(store, nats.url)
        try:
            await relay.run(once=True)
        finally:
            relay.log.close()

    asyncio.run(run())


def published(store):
    identity = log.log_id(store.read)
    events = log.after(store.read, 0, limit=100_000)
    return [log.published(event, identity) for event in events]


def bodies(nats):
    return [message.body for message in nats.messages()]


def write(groups, count, name="Group"):
    for number in range(count):
        groups.create_group(f"{name} {number}")


# -- what is published ---------------------------------------------------------------------------


@pytest.mark.usefixtures("shop")
def test_each_event_is_a_message_on_the_subject_of_its_kind(store, nats):
    relay_once(store, nats)

    messages = nats.messages()
    assert [message.subject.removeprefix("customer-groups.events.") for message in messages] == [
        *("GroupCreated", "Renamed", "MetadataChanged", "CustomersAdded", "CustomersRemoved"),
        "GroupDeleted",
    ]
    assert [message.sequence for message in messages] == [1, 2, 3, 4, 5, 6]
    assert [message.body for message in messages] == published(store)


def test_the_headers_say_what_the_message_is_and_its_one_place(store, shop, nats):
    relay_once(store, nats)

    identity = log.log_id(store.read)
    second = nats.messages()[1]
    event = orjson.loads(second.body)
    position = event["data"]["position"]
    before = log.after(store.read, 0, limit=1)[0].position
    assert second.headers == {
        "Nats-Msg-Id": f"{identity}:{position}",
        "Nats-Expected-Stream": STREAM,
        "Nats-Expected-Last-Sequence": "1",
        "Nats-Expected-Last-Msg-Id": f"{identity}:{before}",
        "Content-Type": "application/cloudevents+json",
        "Ce-Specversion": "1.0",
        "Ce-Id": f"{shop}:2",
        "Ce-Source": f"/customer-groups/{identity}",
        "Ce-Type": "customer-groups.Renamed.v1",
        "Ce-Subject": shop,
        "Ce-Time": event["time"],
        "Ce-Datacontenttype": "application/json",
        "Ce-Dataschema": "/events/schemas/Renamed.v1.json",
        "Ce-Sequence": f"{position:020}",
    }


def test_the_messages_are_the_lines_of_the_feed_byte_for_byte(start, nats):
    server = start()
    api = signed_in(server)
    group = api.group("Zürich \u2028 \U0001f600", metadata={"a": [1.0, "\u0001", None]})
    api.add(group["id"], *api.customers(1500))

    done = server.cli("relay", "--nats", nats.url, "--once")

    assert done.returncode == 0, done.stderr
    feed = api.get("/events?after=0", headers={"Accept": "application/x-ndjson"})
    assert bodies(nats) == feed.content.splitlines()[:-1]
    assert len(bodies(nats)) >= 3


def test_the_stream_is_made_to_keep_everything_in_a_file(sqlite_store, nats):
    relay_once(sqlite_store, nats)

    config = nats.ask(lambda stream: stream.stream_info(STREAM)).config
    assert (config.subjects, config.storage, config.retention, config.max_age) == (
        *(["customer-groups.events.>"], "file", "limits", 0),
    )
    assert config.deny_delete
    assert config.deny_purge


def test_a_relay_goes_on_behind_the_last_message(store, groups, nats):
    write(groups, 3, "First")
    relay_once(store, nats)
    write(groups, 2, "Then")
    relay_once(store, nats)
    relay_once(store, nats)

    assert bodies(nats) == published(store)
    assert len(bodies(nats)) == 5


def test_more_than_fits_under_way_at_once_is_published_in_order(store, groups, nats, monkeypatch):
    monkeypatch.setattr("service.relaying.PAGE_BYTES", 2000)
    write(groups, 20)

    relay_once(store, nats)

    assert bodies(nats) == published(store)


# -- the fence -----------------------------------------------------------------------------------


def publish(store, nats, *cursors, before=None):
    """Publish the whole log behind each of the cursors at the same time; what came of it."""

    async def each(reader, lines, cursor):
        async with connected(nats.url) as broker:
            await broker.last()
            if before is not None:
                await before()
            return await broker.publish(reader.id, lines, cursor)

    async def all_of_them():
        reader = Log(store)
        try:
            await reader.identify()
            lines = await reader.after(0)
            tasks = (each(reader, lines, cursor) for cursor in cursors)
            return await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            reader.close()

    return asyncio.run(all_of_them())


def test_relays_that_publish_the_same_at_once_give_one_message_an_event(store, groups, nats):
    write(groups, 100)

    outcomes = publish(store, nats, *[Cursor(0, 0)] * 4)

    assert sum(isinstance(outcome, Fenced) for outcome in outcomes) >= 3
    found = bodies(nats)
    assert found == published(store)[: len(found)]
    relay_once(store, nats)
    assert bodies(nats) == published(store)


def test_a_strangers_message_never_stands_in_for_an_event(store, groups, nats):
    """By its sequence alone the second event would fit behind the stranger's, and the first fail:
    a gap for ever."""
    write(groups, 5)

    async def strange():
        async with connected(nats.url) as broker:
            await broker._stream.publish("customer-groups.events.Odd", b"not an event")

    (outcome,) = publish(store, nats, Cursor(0, 0), before=strange)

    assert isinstance(outcome, Fenced)
    assert bodies(nats) == [b"not an event"]
    with pytest.raises(RelayStopped, match="holds messages of a stranger"):
        relay_once(store, nats)


def test_another_log_is_refused(store, groups, nats):
    write(groups, 3)
    relay_once(store, nats)
    first = log.log_id(store.read)
    with store.defining():
        store.define("UPDATE property SET value = 'log_other' WHERE name = 'log_id'")
    try:
        with pytest.raises(RelayStopped, match=f"holds {first}, and this is the log log_other"):
            relay_once(store, nats)
    finally:
        with store.defining():
            store.define(f"UPDATE property SET value = '{first}' WHERE name = 'log_id'")

    assert len(bodies(nats)) == 3


@pytest.mark.parametrize("lost", [1, 2])
def test_an_older_copy_of_the_log_is_refused(store, groups, nats, lost):
    write(groups, 3)
    relay_once(store, nats)
    newest = [event.position for event in log.after(store.read, 0, limit=9)][-lost:]
    with store.defining():
        for position in newest:
            store.define(f"DELETE FROM stored_events WHERE notification_id = {position}")

    with pytest.raises(RelayStopped, match="is this database an older copy"):
        relay_once(store, nats)


def test_an_event_that_says_something_else_is_noticed(store, groups, nats):
    write(groups, 2)
    relay_once(store, nats)
    with store.defining():
        store.define("UPDATE stored_events SET topic = 'Renamed'")

    with pytest.raises(RelayStopped, match="says something else than the log"):
        relay_once(store, nats)


@pytest.mark.parametrize(
    "settings", [{"subjects": ["customer-groups.>"]}, {"max_age": 60}, {"retention": "workqueue"}]
)
def test_a_stream_that_cannot_be_a_cursor_is_refused(sqlite_store, nats, settings):
    config = StreamConfig(**{"name": STREAM, "subjects": CONFIG.subjects} | settings)
    nats.ask(lambda stream: stream.add_stream(config))

    with pytest.raises(RelayStopped, match=r"must have the subject customer-groups\.events\.>"):
        relay_once(sqlite_store, nats)


def test_a_stream_that_has_lost_its_last_message_is_refused(sqlite_store, nats):
    config = StreamConfig(name=STREAM, subjects=CONFIG.subjects)
    nats.ask(lambda stream: stream.add_stream(config))
    nats.ask(lambda stream: stream.publish("customer-groups.events.Odd", b"x"))
    nats.ask(lambda stream: stream.purge_stream(STREAM))

    with pytest.raises(RelayStopped, match="has lost its last message"):
        relay_once(sqlite_store, nats)


def test_an_event_longer_than_nats_takes_is_named_and_not_skipped(sqlite_store):
    groups = Asking(CustomerGroups(sqlite_store))
    with NatsServer(max_payload="4KB") as nats:
        write(groups, 1, "Before")
        relay_once(sqlite_store, nats)
        groups.create_group("Long", metadata={"text": "x" * 5000})
        write(groups, 1, "After")

        with pytest.raises(
            RelayStopped, match=r"at position \d, of \d{4} bytes; raise its max_payload"
        ):
            relay_once(sqlite_store, nats)

        assert len(bodies(nats)) == 1


# -- what is killed and restarted ----------------------------------------------------------------


def test_killed_again_and_again_every_event_is_there_once(
    own_store, database_url, own_nats, running, sized
):
    kills, restarts, events = sized(3, 20), sized(1, 3), sized(400, 10_000)
    chance = random.Random(4711)
    store = open_store(database_url)
    allowed = threading.Semaphore(0)
    relays = []

    def writing():
        groups = Asking(CustomerGroups(store))
        group_id = None
        for number in range(events):
            allowed.acquire()
            if group_id is None:
                group_id = groups.create_group("VIP").group_id
            else:
                groups.update_group(group_id, metadata=merging({"number": number}))
        store.close()

    writer = threading.Thread(target=writing, daemon=True)
    writer.start()
    done = 0
    for number in range(1, kills + 1):
        before, done = done, events * number // (kills + 1)
        allowed.release(done - before)
        relays.append(running(own_nats.url))
        wanted = chance.randrange(before, done) + 1
        until(lambda wanted=wanted: own_nats.last_sequence() >= wanted, 60)
        if number % (kills // restarts) == 0:
            own_nats.stop(chance.choice([signal.SIGTERM, signal.SIGKILL]))
            own_nats.start()
        relays[-1].end()
    allowed.release(events - done)
    relays.append(running(own_nats.url))
    until(lambda: own_nats.last_sequence() >= events, 120)
    writer.join()

    assert {relay.process.poll() for relay in relays} == {-9, None}
    assert bodies(own_nats) == published(own_store)
    assert len(bodies(own_nats)) == events


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_two_relays_one_stands_by_until_the_other_is_gone(
    shared_groups, own_store, nats, running
):
    relays = [running(nats.url), running(nats.url)]
    until(lambda: all("relay: caught up" in relay.said for relay in relays))

    def standing_by():
        last = [re.findall(r"standing by|goes on publishing", relay.said)[-1:] for relay in relays]
        return last.index(["standing by"]) if ["standing by"] in last else None

    numbers = iter(range(10_000))

    def is_told():
        shared_groups.create_group(f"Group {next(numbers)}")
        return standing_by() is not None

    until(is_told)
    active = 1 - standing_by()
    until(lambda: nats.last_sequence() == len(published(own_store)))
    relays[active].end()
    write(shared_groups, 5, "Afterwards")

    until(lambda: nats.last_sequence() == len(published(own_store)))
    assert "relay: goes on publishing" in relays[1 - active].said
    assert bodies(nats) == published(own_store)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_while_nats_is_away_the_lag_is_told_and_then_made_up(
    shared_groups, own_store, own_nats, running
):
    relay = running(own_nats.url)
    until(lambda: "caught up at position 0" in relay.said)
    own_nats.kill()
    until(lambda: "cannot publish to NATS" in relay.said)
    write(shared_groups, 3)
    until(lambda: "lag 3 positions, trying again" in relay.said)

    own_nats.start()

    until(lambda: own_nats.last_sequence() == 3)
    until(lambda: "relay: caught up at position 3" in relay.said)
    assert bodies(own_nats) == published(own_store)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_relay_waits_for_nats_from_the_start(shared_groups, own_nats, running):
    own_nats.kill()
    relay = running(own_nats.url)
    until(lambda: "cannot publish to NATS" in relay.said)
    assert "lag unknown" in relay.said
    write(shared_groups, 1)

    own_nats.start()

    until(lambda: own_nats.last_sequence() == 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stream_that_is_removed_is_published_from_its_beginning(
    shared_groups, own_store, nats, running
):
    write(shared_groups, 3, "Before")
    running(nats.url)
    until(lambda: nats.last_sequence() == 3)
    nats.remove_stream()

    write(shared_groups, 1, "After")

    until(lambda: nats.last_sequence() == 4)
    assert bodies(nats) == published(own_store)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_broken_connections_to_the_database_are_made_anew(shared_groups, own_store, nats, running):
    relay = running(nats.url)
    until(lambda: "relay: caught up" in relay.said)
    for number in range(3):
        own_store.read(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        write(shared_groups, 2, f"Round {number}")
        until(lambda number=number: nats.last_sequence() == 2 * number + 2)

    assert relay.process.poll() is None
    assert bodies(nats) == published(own_store)


def test_a_backlog_is_reported_with_its_age(store, groups, nats, clock, caplog):
    caplog.set_level("INFO", "customer_groups")
    clock.time = datetime.now(UTC) - timedelta(seconds=90)
    write(groups, 3)

    relay_once(store, nats)

    told = [record.message for record in caplog.records]
    assert re.search(r"at position 0, lag 3 positions, the next event waits since 9\d\.", told[1])
    assert told[2].startswith("relay: caught up at position ")
    assert len(told) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sigterm_ends_it_cleanly(nats, running):
    relay = running(nats.url)
    until(lambda: "relay: caught up" in relay.said)

    assert relay.end(signal.SIGTERM) == 0

    assert relay.said.endswith("relay: ended\n")
    assert "Traceback" not in relay.said


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture
def command(sqlite_template, monkeypatch):
    """Run `customer-groups relay` on an empty database, and return what it says."""
    monkeypatch.setenv("CUSTOMER_GROUPS_DATABASE_URL", f"sqlite:///{sqlite_template}")

    def run(*arguments):
        result = CliRunner().invoke(main, ["relay", *arguments])
        assert result.exit_code == 1, result.output
        return result.output

    return run


def test_without_the_extra_it_ends_with_one_sentence(command, monkeypatch):
    for module in [name for name in sys.modules if name.partition(".")[0] == "nats"]:
        monkeypatch.setitem(sys.modules, module, None)
    for module in ("service.relay", "service.relaying"):
        monkeypatch.delitem(sys.modules, module)

    said = command("--nats", "nats://127.0.0.1:4222")

    assert said.startswith("Error: The relay needs the extra `nats`")
    assert said.count("\n") == 1


def test_without_an_address_it_says_where_to_put_one(command):
    assert command() == (
        "Error: Say where NATS is: --nats nats://127.0.0.1:4222, or CUSTOMER_GROUPS_NATS_URL.\n"
    )


def test_a_wrong_address_is_refused_without_being_repeated(command):
    said = command("--nats", "http://relay:secret@127.0.0.1")

    assert said == "Error: --nats accepts an address such as nats://127.0.0.1:4222.\n"


def test_once_says_that_nats_is_away_and_keeps_the_password(command, own_nats):
    own_nats.kill()
    address = own_nats.url.removeprefix("nats://")

    said = command("--nats", f"nats://relay:secret@{address}", "--once")

    assert said.startswith(f"Error: cannot publish to NATS at {address}: ")
    assert "secret" not in said


def test_a_wrong_password_is_named_as_such(command):
    with NatsServer(authorization="{user: relay, password: secret}") as nats:
        address = nats.url.removeprefix("nats://")
        wrong = command("--nats", f"nats://relay:wrong@{address}", "--once")

        assert "Authorization" in wrong
        assert "wrong" not in wrong
