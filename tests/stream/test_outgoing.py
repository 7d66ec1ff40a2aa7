"""Requests to addresses that others have chosen: where they go, and when they end."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from projections.log import Wanted
from service import outgoing
from service.outgoing import AddressRefused, Answered, is_public, post, refuse_private, url_problem
from service.retries import Schedule
from service.webhooks import Hook, Standing
from tests.stream.receiving import Receiver

CERTIFICATE = Path(__file__).with_name("shop.example.pem")
"""A certificate of `shop.example` that it signed itself, with its key; valid for 100 years."""

HOUR = 60 * 60
DAY = 24 * HOUR
NOW = 1_900_000_000_000


@pytest.fixture
def receiver():
    made = Receiver().start()
    yield made
    made.stop()


@pytest.fixture
def names(monkeypatch):
    """Names that resolve as the test says; gives the list of those that were looked up."""
    looked_up = []

    def install(*addresses, port):
        def getaddrinfo(host, _port, **_):
            looked_up.append(host)
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in addresses
            ]

        monkeypatch.setattr(outgoing.socket, "getaddrinfo", getaddrinfo)
        return looked_up

    return install


def send(url, body=b"{}", **options):
    options = {"allow_private": True, "step_seconds": 5.0, "total_seconds": 5.0} | options
    return post(url, body, {"Content-Type": "application/json"}, **options)


# Where requests may go


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111"])
def test_the_open_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",  # where clouds tell their secrets
        "100.64.0.1",  # behind a carrier's NAT
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.216.34",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
    ],
)
def test_every_other_address_is_not(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://localhost.:8080/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://no-such-name.invalid/",
    ],
)
def test_a_private_address_is_refused_in_whatever_spelling(url):
    with pytest.raises(AddressRefused):
        refuse_private(url)


def test_a_name_is_refused_when_one_of_its_addresses_is_private(names, receiver):
    names("93.184.216.34", "127.0.0.1", port=receiver.port)

    answered = send(f"http://shop.example:{receiver.port}/", allow_private=False)

    assert "not a public address" in answered.error
    assert receiver.requests == []


def test_the_address_that_was_checked_is_the_one_connected_to(names, receiver):
    """A name that is looked up again may lead elsewhere by then."""
    looked_up = names("127.0.0.1", port=receiver.port)

    answered = send("http://shop.example:1234/hook?a=b")

    assert answered.status == 200
    assert looked_up == ["shop.example"]
    assert receiver.requests[0].headers["host"] == "shop.example:1234"


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example",
        "https://shop.example/hook",
        "https://shop.example:8443/hook?tenant=a&b=%20",
        "http://[2606:4700:4700::1111]:80/",
        "https://xn--fsqu00a.example/",
        "HTTPS://Shop.Example/",
    ],
)
def test_an_address_of_http_is_accepted(url):
    assert url_problem(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/hook",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://:80/",
        "http://user@shop.example/",
        "http://user:password@shop.example/",
        "http://shop.example\\@127.0.0.1/",
        "http://shop.example/#part",
        "http://shop.example:0/",
        "http://shop.example:65536/",
        "http://shop.example:http/",
        "http://shop example/",
        "http://shop.example/\r\nHost: evil",
        "http://shöp.example/",
        "http://[::1/",
        "http://[shop.example]/",
        "http://shop.example%2f@evil/",
    ],
)
def test_anything_else_is_not(url):
    assert url_problem(url)


def test_the_certificate_must_be_the_names(names, monkeypatch):
    asked = []
    served = serve_tls(asked)
    names("127.0.0.1", port=served)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    outgoing._tls.cache_clear()
    try:
        right, wrong = send("https://shop.example/"), send("https://other.example/")
    finally:
        outgoing._tls.cache_clear()

    assert (right.status, right.error) == (200, None)
    assert wrong.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in wrong.error
    assert asked == ["shop.example", "other.example"]


def serve_tls(asked):
    """Answer two connections on a port of its own; tells which names were asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(2):
            connection, _ = listening.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    while secure.recv(65536):  # closing on unread bytes would lose the answer
                        pass
            except OSError:
                pass
        listening.close()

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1]


# When they end


def answering(*pieces, pause=0.0):
    """A server that reads nothing and says these bytes, one after another; returns its URL."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listening.accept()
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)  # the receiver's slowness, not a test that waits
            connection.recv(65536)
        except OSError:
            pass
        finally:
            connection.close()
            listening.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"


def test_an_answer_that_drips_is_given_up_as_a_whole():
    url = answering(b"HTTP/1.1 200 OK\r\n", *[b"X"] * 1000, pause=0.05)
    began = time.monotonic()

    answered = send(url, step_seconds=1.0, total_seconds=1.0)

    assert "no answer" in answered.error
    assert time.monotonic() - began < 5
    assert answered.duration_ms >= 1000


def test_a_body_that_never_ends_is_not_read():
    url = answering(b"HTTP/1.1 500 No\r\n\r\n", *[b"x" * 65536] * 1000)

    answered = send(url)

    assert answered.status == 500
    assert len(answered.error) == 200


def test_a_body_that_comes_after_its_head_is_told_of():
    url = answering(b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n", b"out of paper", pause=0.05)

    answered = send(url)

    assert answered.error == "answered 500 No: out of paper"


@pytest.mark.parametrize(
    "said",
    [b"", b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200" + b"x" * 100_000],
)
def test_what_is_not_http_is_not_accepted(said):
    answered = send(answering(said), total_seconds=2.0, step_seconds=2.0)

    assert answered.error
    assert answered.error.isprintable()
    assert len(answered.error) <= 200


def test_headers_without_end_are_not_accepted():
    url = answering(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n" * 1000] * 100)

    assert send(url).error


def test_a_large_event_arrives_whole(receiver):
    body = b'{"a":"' + b"x" * 300_000 + b'"}'

    assert send(receiver.url, body).error is None

    assert receiver.requests[0].body == body


# When what failed is tried again

HOOK = Hook("wh_1", "https://shop.example/", Wanted(), "whsec_", 7, 0, None, 0, 0, None, 0)
FAILED = Answered(500, "answered 500", 3)


def standing(hook=HOOK, answered=FAILED, now=NOW, part=0.5):
    return Schedule().standing(hook, 8, answered, now, part)


def test_what_was_accepted_moves_the_position():
    hook = HOOK._replace(failures=3, failing_since=NOW - 1000)

    assert standing(hook, Answered(204, None, 3)) == Standing(8)


def test_the_waits_double_from_5_seconds_to_6_hours():
    waits = [Schedule().wait_seconds(failures, 0.5) for failures in range(1, 1000)]

    assert waits[:4] == [5, 10, 20, 40]
    assert waits == sorted(waits)
    assert waits[-1] == 6 * HOUR


def test_the_waits_are_spread_by_chance():
    assert Schedule().wait_seconds(1, 0.0) == 4
    assert Schedule().wait_seconds(1, 1.0) == 6


def test_in_3_days_about_25_attempts_are_made_and_the_last_one_pauses():
    hook, now, attempts = HOOK, NOW, 0
    while True:
        attempts += 1
        found = standing(hook, now=now)
        assert found.position == 7, "nothing is passed over"
        if found.state == "paused":
            break
        hook = hook._replace(failures=found.failures, failing_since=found.failing_since)
        now = found.next_attempt_at

    assert now - NOW == 3 * DAY * 1000
    assert 20 <= attempts <= 30
    assert found.reason == "nothing was accepted for 3 days, last: answered 500"


@pytest.mark.parametrize(
    ("asked_for", "seconds"),
    [(None, 5), (0.0, 5), (1.0, 5), (60.0, 60), (10.0 * DAY, 6 * HOUR)],
)
def test_a_receiver_may_ask_for_more_time_within_bounds(asked_for, seconds):
    found = standing(answered=FAILED._replace(retry_after=asked_for))

    assert found.next_attempt_at - NOW == seconds * 1000


def test_retry_after_is_read_in_both_forms():
    moment = datetime.now(UTC) + timedelta(seconds=90)

    assert outgoing._retry_after("120") == 120
    assert 80 < outgoing._retry_after(format_datetime(moment, usegmt=True)) <= 90
    assert outgoing._retry_after("Sun, 06 Nov 1994 08:49:37 GMT") == 0
    for text in (None, "", "-1", "soon", "9" * 400):
        assert outgoing._retry_after(text) is None


def test_what_is_gone_is_paused_at_once():
    found = standing(answered=Answered(410, "answered 410 Gone", 3))

    assert (found.state, found.position) == ("paused", 7)
