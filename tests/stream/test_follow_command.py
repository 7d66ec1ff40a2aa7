"""`customer-groups follow`: each event to a command, at least once and in order."""

import json
import os
import random
import signal
import time

import pytest
from click.testing import CliRunner

from projections import log
from service.cli import main
from tests.api.answers import GROUPS
from tests.serving import signed_in, unique, until
from tests.stream.consumers import Following, new_key


@pytest.fixture(scope="module")
def key(sqlite_server):
    """A key that may read events and nothing else."""
    return new_key(sqlite_server, "events:read")


@pytest.fixture(scope="module")
def shop(sqlite_server):
    return signed_in(sqlite_server)


@pytest.fixture
def vip(shop):
    """A group with three events."""
    group = shop.group()["id"]
    more_events(shop, group, 2)
    return group


@pytest.fixture
def follow(sqlite_server, tmp_path, key, vip):
    """Follow the group, by default with a position file: `follow("--exec", "cat >> seen")`."""
    running = []

    def start(*options, server=sqlite_server, key=key, file="position"):
        options = ["--group", vip, *options, *(["--position-file", file] if file else [])]
        running.append(Following(server, tmp_path, key, *options))
        return running[-1]

    yield start
    for consumer in running:
        consumer.__exit__()


def more_events(shop, group_id, count):
    for _ in range(count):
        answer = shop.post(f"{GROUPS}/{group_id}", {"metadata": {"n": unique("n")}})
        assert answer.status_code == 200, answer.text


def published(server, group_id):
    """The published lines of a group, oldest first."""
    with server.store() as store:
        events = log.after(store.read, 0, limit=100_000, wanted=log.Wanted(group_id=group_id))
        return [log.published(event, log.log_id(store.read)) for event in events]


def positions(lines):
    return [json.loads(line)["data"]["position"] for line in lines]


def lines_of(path):
    """The whole lines of a file that somebody may be writing, or that is not there yet."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def place(tmp_path):
    """What the position file says, at any moment a whole document."""
    path = tmp_path / "position"
    return json.loads(path.read_text()) if path.exists() else None


def stopped(url, key, *options):
    """The one sentence with which the command stops, in this process."""
    environment = {name: None for name in os.environ if name.startswith("CUSTOMER_GROUPS_")}
    arguments = ["follow", "--url", url, *options]
    result = CliRunner().invoke(main, arguments, env=environment | {"CUSTOMER_GROUPS_KEY": key})
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    *_, sentence = result.stderr.strip().splitlines()
    assert result.stdout == ""
    return sentence.removeprefix("Error: ")


# -- follow: what comes, and where it is kept ----------------------------------------------------


def test_without_a_command_the_published_lines_are_printed(
    follow, sqlite_server, shop, vip, tmp_path
):
    consumer = follow()
    until(lambda: len(lines_of(consumer.printed)) == 3)

    more_events(shop, vip, 1)

    until(lambda: len(lines_of(consumer.printed)) == 4)
    expected = published(sqlite_server, vip)
    assert lines_of(consumer.printed) == expected, "byte for byte"
    until(lambda: place(tmp_path)["position"] >= positions(expected)[-1])
    assert consumer.end() == 0


def test_the_command_gets_each_event_on_its_standard_input(follow, sqlite_server, vip, tmp_path):
    consumer = follow("--exec", "cat >> seen; echo done >> seen", file=None)

    until(lambda: len(lines_of(tmp_path / "seen")) == 6)

    expected = published(sqlite_server, vip)
    assert lines_of(tmp_path / "seen")[::2] == expected
    assert consumer.end() == 0


def test_only_what_is_asked_for_comes(follow, sqlite_server, shop, vip):
    customer, other = shop.customers(2)
    shop.add(vip, customer)
    shop.add(vip, other)
    created, _, _, added, _ = published(sqlite_server, vip)
    about = ("--type", "CustomersAdded", "--type", "GroupCreated")

    of_types = follow(*about, "--after", str(positions([created])[0]), file=None)
    until(lambda: len(lines_of(of_types.printed)) == 2)
    of_types.end()
    of_types.printed.unlink()
    of_customer = follow("--customer", customer, file=None)
    until(lambda: lines_of(of_customer.printed))

    assert lines_of(of_customer.printed) == [added]


def test_the_position_moves_past_what_was_not_asked_for(follow, sqlite_server, tmp_path):
    consumer = follow("--type", "GroupDeleted")
    until(lambda: place(tmp_path))

    with sqlite_server.store() as store:
        identity, end = log.log_id(store.read), log.end(store.read)
    assert place(tmp_path) == {"log": identity, "position": end}
    assert lines_of(consumer.printed) == []


# -- follow: nothing is missed, nothing out of order ---------------------------------------------


def test_killed_and_started_again_exactly_the_missing_events_come(
    follow, sqlite_server, shop, vip, tmp_path, sized
):
    kills = sized(4, 40)
    more_events(shop, vip, 10 * kills)
    expected = positions(published(sqlite_server, vip))
    seen = tmp_path / "seen"
    chance = random.Random(4)
    starts = []

    for number in range(kills + 1):
        before = len(lines_of(seen))
        starts.append((before, place(tmp_path)))
        consumer = follow("--exec", "cat >> seen")
        if number == kills:
            break
        until(lambda before=before: len(lines_of(seen)) > before + chance.randint(0, 3))
        consumer.kill()
    until(lambda: place(tmp_path)["position"] >= expected[-1], 60)

    came = positions(lines_of(seen))
    assert list(dict.fromkeys(came)) == expected, "each, in order"
    repeated = [number for number in range(1, len(came)) if came[number] == came[number - 1]]
    assert len(came) - len(expected) == len(repeated) <= kills, "only the one in hand comes again"


def test_a_command_that_fails_is_run_again_until_it_succeeds(follow, tmp_path):
    consumer = follow("--exec", "cat >> tried; test -e open")
    until(lambda: len(lines_of(tmp_path / "tried")) >= 3)
    first, *again = positions(lines_of(tmp_path / "tried"))
    assert set(again) == {first}, "it is not passed over"
    assert place(tmp_path) is None, "what failed is not done"
    assert "the command ended with 1" in consumer.said

    (tmp_path / "open").touch()

    until(lambda: len(set(lines_of(tmp_path / "tried"))) == 3)
    came = positions(lines_of(tmp_path / "tried"))
    assert came == sorted(came)


def test_a_command_that_a_killed_follower_left_is_waited_for(follow, tmp_path):
    command = "event=$(cat); echo >> begun; until test -e open; do sleep 0.02; done"
    command += '; printf "%s\\n" "$event" >> seen'
    killed = follow("--exec", command)
    until(lambda: lines_of(tmp_path / "begun"))
    killed.kill()

    again = follow("--exec", command)
    until(lambda: "waits for another follower" in again.said)
    assert len(lines_of(tmp_path / "begun")) == 1
    (tmp_path / "open").touch()

    until(lambda: len(set(lines_of(tmp_path / "seen"))) == 3)
    first, second, *rest = positions(lines_of(tmp_path / "seen"))
    assert first == second, "nobody knew that it succeeded"
    assert rest == sorted(set(rest))


def test_the_event_in_hand_is_ended_before_the_process_is(follow, sqlite_server, vip, tmp_path):
    command = "echo >> begun; until test -e open; do sleep 0.02; done"
    consumer = follow("--exec", command)
    until(lambda: lines_of(tmp_path / "begun"))

    consumer.process.send_signal(signal.SIGTERM)
    with pytest.raises(Exception, match="timed out"):
        consumer.process.wait(timeout=0.3)
    (tmp_path / "open").touch()

    assert consumer.process.wait(timeout=15) == 0
    assert place(tmp_path)["position"] == positions(published(sqlite_server, vip))[0]
    assert len(lines_of(tmp_path / "begun")) == 1


def test_a_signal_ends_a_long_poll_and_a_pause_at_once(follow, tmp_path):
    waiting = follow()
    until(lambda: len(lines_of(waiting.printed)) == 3 and place(tmp_path))
    began = time.monotonic()
    assert waiting.end() == 0
    assert time.monotonic() - began < 10, "it had asked for 30 s"

    failing = follow("--exec", "false", file=None)
    until(lambda: failing.said.count("tried again") >= 3)
    assert failing.end(signal.SIGINT) == 0


def test_a_service_that_is_killed_and_comes_back_is_followed_on(start, tmp_path):
    server = start()
    api = signed_in(server)
    group = api.group()["id"]
    here = tmp_path / "elsewhere"
    here.mkdir()
    with Following(server, here, new_key(server, "events:read"), "--exec", "cat >> seen") as kit:
        until(lambda: len(lines_of(here / "seen")) == 1)
        server.kill()
        until(lambda: "the service is away" in kit.said)

        server.start()
        more_events(api, group, 2)

        until(lambda: len(lines_of(here / "seen")) == 3)
        assert lines_of(here / "seen") == published(server, group)
        assert "the service is back" in kit.said


# -- follow: what it cannot go on from -----------------------------------------------------------


def test_another_log_stops_it_and_nothing_is_handed_over(sqlite_server, key, tmp_path):
    file, seen = tmp_path / "position", tmp_path / "seen"
    kept_before = '{"log": "log_01JANOTHER", "position": 1}\n'
    file.write_text(kept_before)
    options = ("--position-file", str(file), "--exec", f"cat >> {seen}")

    sentence = stopped(sqlite_server.url, key, *options)

    assert "cannot go on after position 1 of log_01JANOTHER" in sentence
    assert file.read_text() == kept_before
    assert not seen.exists()


def test_a_position_beyond_the_end_stops_it(sqlite_server, key):
    sentence = stopped(sqlite_server.url, key, "--after", "100000000")

    assert "beyond the end of this log" in sentence


def test_a_key_that_is_unknown_or_may_not_read_events_stops_it(sqlite_server):
    url = sqlite_server.url

    unknown = stopped(url, "sk_unknown")

    assert unknown == "The service does not know the key in CUSTOMER_GROUPS_KEY."
    assert "may not read events" in stopped(url, new_key(sqlite_server, "groups:read"))
    assert stopped(url, None).startswith("Put an API key into CUSTOMER_GROUPS_KEY")


@pytest.mark.parametrize("content", ["", "4711", '{"position": 1}', '{"log": "log_1", "posi'])
def test_a_position_file_of_another_kind_stops_it(sqlite_server, key, tmp_path, content):
    file = tmp_path / "position"
    file.write_text(content)

    sentence = stopped(sqlite_server.url, key, "--position-file", str(file))

    assert sentence == f"{file} does not hold a position and the log's id."


def test_a_position_file_that_cannot_be_written_stops_it(sqlite_server, key, tmp_path):
    file = tmp_path / "nowhere" / "position"

    sentence = stopped(sqlite_server.url, key, "--position-file", str(file))

    assert sentence == f"{file} cannot be used: No such file or directory."


@pytest.mark.parametrize("url", ["groups.example", "ftp://x", "http://sk_1@x", "http://x:port"])
def test_an_address_of_another_kind_stops_it(key, url):
    assert stopped(url, key).startswith("--url accepts an address such as https://")


def test_an_event_that_does_not_exist_and_an_address_of_something_else_stop_it(sqlite_server, key):
    url = sqlite_server.url

    assert "'type' accepts GroupCreated" in stopped(url, key, "--type", "Nonsense")
    assert "answered 404, is --url its address?" in stopped(f"{url}/elsewhere", key)
