"""`GET /events/stream`: Server-Sent Events, from any position on."""

import json
import signal
import threading
from contextlib import closing

import pytest

from tests.api.answers import GROUPS
from tests.serving import signed_in, unique, until
from tests.stream.following import Consumer, asking, frames, positions


@pytest.fixture
def consumer(api, server, token):
    """A consumer that has read everything that was there before the test."""
    api.group()
    return Consumer(server.url, token, after=api.get("/events").json()["end"])


def test_it_sends_what_is_there_and_then_what_happens(api, consumer):
    old = api.group()
    events = consumer.events()
    assert next(events)["subject"] == old["id"]

    new = api.group()

    event = next(events)
    events.close()
    assert event["subject"] == new["id"]
    assert event == api.get("/events", params={"after": consumer.after - 1}).json()["events"][0]


def test_a_frame_has_the_position_as_id_and_the_type_as_event(api, consumer):
    group = api.group()

    with closing(consumer.stream()) as answer:
        frame = next(found for found in frames(answer) if "data" in found)

    event = json.loads(frame["data"])
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert event["subject"] == group["id"]
    assert (frame["id"], frame["event"]) == (
        str(event["data"]["position"]),
        "customer-groups.GroupCreated.v1",
    )


def test_last_event_id_resumes_whatever_after_says(api, consumer):
    for _ in range(3):
        api.group()
    events = consumer.events()
    first = next(events)
    events.close()

    with closing(consumer.stream(**{"Last-Event-ID": str(consumer.after)})) as answer:
        found = (json.loads(frame["data"]) for frame in frames(answer) if "data" in frame)
        rest = [next(found), next(found)]

    assert positions([first, *rest]) == sorted(set(positions([first, *rest])))


def test_a_filter_lets_only_the_wanted_through(api, consumer):
    group, other = api.group(), api.group()
    (ada,) = api.customers(1)
    consumer.wanted = {"customer_id": ada}
    events = consumer.events()
    api.post(f"{GROUPS}/{other['id']}", {"name": unique("Renamed ")})

    api.add(group["id"], ada)

    event = next(events)
    events.close()
    assert event["data"]["customer_ids"] == [ada]


@pytest.mark.parametrize("given", ["x", "-1", "1.5"])
def test_a_last_event_id_that_is_no_position_is_refused(api, given):
    answer = api.get("/events/stream", headers={"Last-Event-ID": given})

    assert answer.status_code == 400
    assert "Last-Event-ID" in answer.json()["message"]


def test_head_answers_at_once(api):
    answer = api("HEAD", "/events/stream")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")


def test_streams_end_with_the_service_and_go_on_with_the_next(start):
    """What a consumer sees of a deployment: the stream ends, and goes on where it was."""
    server = start()
    api = signed_in(server)
    consumer = Consumer(server.url, api.token)
    seen = []
    reading = threading.Thread(target=lambda: seen.extend(consumer.events()))
    api.group()
    reading.start()
    until(lambda: consumer.after > 0)

    server.stop(signal.SIGTERM)

    reading.join(timeout=5)
    assert not reading.is_alive()
    server.start()
    group = api.group()
    events = consumer.events()
    assert next(events)["subject"] == group["id"]
    events.close()


def test_a_slow_reader_holds_up_nobody(api, server, token, consumer, sized):
    group = api.group()
    ids = api.customers(1000)
    rounds = sized(8, 30)
    path = f"/events/stream?after={consumer.after}"
    with closing(asking(server, token, path, buffered=4096)):  # never read
        for _ in range(rounds):  # each 80 KB
            api.add(group["id"], *ids)
            api.post(f"{GROUPS}/{group['id']}/customers", {"remove": ids})

        assert api.get(GROUPS).status_code == 200
        *events, _ = consumer.lines()
        assert len(events) == 1 + 2 * rounds
