"""The front under granian, as a process of its own; the application behind it is `tiny_app`."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from tests.postgres import free_port
from tests.serving import until

ROOT = Path(__file__).parents[2]
LIMIT = 1024
UNBOUNDED = "/admin/customers/import"


class Server:
    """A tiny application in its own process group."""

    def __init__(self, port, process, log):
        self.port = port
        self.process = process
        self._log = log

    def request(self, method, path, timeout=3, **arguments):
        url = f"http://127.0.0.1:{self.port}{path}"
        return requests.request(method, url, timeout=timeout, **arguments)

    def get(self, path, **arguments):
        return self.request("GET", path, **arguments)

    def post(self, path, data=b"", **arguments):
        return self.request("POST", path, data=data, **arguments)

    def count(self, name):
        return self.get("/counts").json()[name]

    def answers(self):
        try:
            return self.get("/hello").ok
        except requests.ConnectionError:
            return False

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def terminate(self):
        """Send SIGTERM and return the seconds until the end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)
        return time.monotonic() - began

    def log(self):
        self._log.seek(0)
        return self._log.read().decode()


@contextmanager
def started(workers=1, factory="build", port=None):
    port = port or free_port()
    command = [sys.executable, "-m", "tests.api.tiny_app", str(port), str(workers), factory]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield Server(port, process, log)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=8)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


@contextmanager
def running(workers=1):
    with started(workers) as server:
        until(server.answers, seconds=10)
        seen = set()
        until(lambda: seen.add(server.get("/hello").json()["worker"]) or len(seen) == workers)
        yield server


@pytest.fixture(scope="module")
def shared():
    with running() as server:
        yield server


@pytest.fixture
def own():
    with running() as server:
        yield server


def head(method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def read_answer(connection):
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer


# Slow clients


def test_eight_slow_uploaders_stop_nobody(shared):
    body = b"0123456789"
    with ExitStack() as stack:
        slow = [stack.enter_context(shared.connect()) for _ in range(8)]
        for connection in slow:
            connection.sendall(head("POST", "/echo", "Content-Length: 10") + body[:1])
        for number in range(1, 9):
            for connection in slow:
                connection.sendall(body[number : number + 1])
            assert shared.get("/hello").ok

        for connection in slow:
            connection.sendall(body[9:])
            answer = read_answer(connection)
            assert sha256(body).hexdigest().encode() in answer.read()


def test_eight_slow_readers_stop_nobody_and_their_bodies_are_closed_when_they_leave(shared):
    with ExitStack() as stack:
        for _ in range(8):
            connection = stack.enter_context(shared.connect())
            connection.sendall(head("GET", "/blocks/1000000"))
        until(lambda: shared.count("bodies") == 8)

        assert shared.get("/hello").ok

    until(lambda: shared.count("bodies") == 0)


def test_a_client_that_leaves_in_mid_upload_is_forgotten(shared):
    before = shared.count("echoes")
    with shared.connect() as connection:
        connection.sendall(head("POST", "/echo", "Content-Length: 10") + b"01234")

    shared.post("/echo")

    assert shared.count("echoes") == before + 1


# Lanes


@pytest.mark.parametrize(
    ("path", "threads"),
    [
        (UNBOUNDED, 2),
        (f"{UNBOUNDED}/", 2),
        ("/auth/user/emailpass", 1),
        ("//auth/user/emailpass", 1),
        ("/auth///user/%65mailpass", 1),
    ],
)
def test_requests_that_are_slow_by_intent_stop_nobody(shared, background, path, threads):
    slow = [background(shared.post, path, b"hold", timeout=10) for _ in range(5)]
    until(lambda: shared.count("held") == threads)

    answers = [background(shared.get, "/hello") for _ in range(8)]

    assert all(answer.result().ok for answer in answers)
    assert shared.count("held") == threads
    until(lambda: shared.get("/open") and all(answer.done() for answer in slow))
    assert all(answer.result().ok for answer in slow)


def test_changes_that_wait_for_their_turn_to_write_stop_no_read(shared, background):
    changes = [background(shared.post, "/echo", b"hold", timeout=10) for _ in range(8)]
    until(lambda: shared.count("held") == 4)

    answers = [background(shared.get, "/hello") for _ in range(8)]

    assert all(answer.result().ok for answer in answers)
    assert not any(change.done() for change in changes)
    until(lambda: shared.get("/open") and all(change.done() for change in changes))


# Bodies


def test_a_chunked_upload_arrives_with_its_length(shared):
    pieces = [b"first", b"second"]

    answer = shared.post("/echo", iter(pieces)).json()

    assert answer["digest"] == sha256(b"".join(pieces)).hexdigest()
    assert answer["content_length"] == len(b"".join(pieces))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_a_bound_arrives_whole(shared, chunked):
    body = os.urandom(3 * 1024 * 1024)

    answer = shared.post(UNBOUNDED, iter([body[:77], body[77:]]) if chunked else body).json()

    assert answer["digest"] == sha256(body).hexdigest()
    assert answer["content_length"] == len(body)


def test_a_body_of_exactly_the_limit_is_accepted(shared):
    assert shared.post("/echo", b"x" * LIMIT).status_code == 200
    assert shared.post("/echo", iter([b"x" * LIMIT])).status_code == 200


def test_a_declared_length_over_the_limit_is_refused_before_the_body_is_sent(shared):
    with shared.connect() as connection:
        connection.sendall(head("POST", "/echo", f"Content-Length: {LIMIT + 1}"))

        answer = read_answer(connection)

        assert answer.status == 413
        assert answer.headers["Connection"] == "close"
        assert answer.read() == b'{"limit":1024,"received":0}\n'


def test_a_chunked_body_is_refused_as_soon_as_it_exceeds_the_limit(shared):
    with shared.connect() as connection:
        connection.sendall(head("POST", "/echo", "Transfer-Encoding: chunked"))
        connection.sendall(b"401\r\n" + b"x" * (LIMIT + 1) + b"\r\n")  # and no end

        answer = read_answer(connection)

        assert answer.status == 413
        assert answer.read() == b'{"limit":1024,"received":0}\n'


def test_a_client_that_sends_on_regardless_still_reads_its_refusal(shared):
    body = b"x" * 8 * 1024 * 1024
    with shared.connect() as connection:
        connection.sendall(head("POST", "/echo", f"Content-Length: {len(body)}") + body)

        assert read_answer(connection).status == 413


# Answers


def test_a_long_body_arrives_whole(shared):
    body = shared.get("/blocks/200").content

    assert body == b"".join(b"%08d" % number * 1024 for number in range(200))


def test_a_body_that_breaks_off_does_not_look_complete(shared):
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        shared.get(f"/broken/{1024 * 1024}")


@pytest.mark.parametrize("path", ["/crash", "/broken/100"])
def test_what_fails_before_the_answer_began_is_a_500_that_tells_nothing(shared, path):
    answer = shared.get(path)

    assert answer.status_code == 500
    assert answer.json() == {
        "code": "unknown_error",
        "type": "unknown_error",
        "message": "An unknown error occurred.",
    }


def test_a_failure_is_logged_with_its_traceback(own):
    own.get("/crash")

    assert "GET '/crash' failed" in own.log()
    assert "RuntimeError: outside of Flask" in own.log()


def test_head_has_the_length_and_no_body(shared):
    with shared.connect() as connection:
        connection.sendall(head("HEAD", "/hello") + head("GET", "/open", "Connection: close"))

        received = b"".join(iter(lambda: connection.recv(65536), b""))

    first, second = received.split(b"\r\n\r\n", 1)
    assert int(first.lower().split(b"content-length: ")[1].split()[0]) > 0
    assert second.startswith(b"HTTP/1.1 200")


# Requests


def test_a_request_arrives_as_wsgi_wants_it(shared):
    path = "/environ/a%20b/%C3%A9?x=%20y&z"
    lines = [
        "X-Color: red",
        "X-Color: blue",
        "Cookie: a=1",
        "Cookie: b=2",
        "X_Color: forged",
        "Content-Type: text/csv",
    ]
    with shared.connect() as connection:
        connection.sendall(head("GET", path, *lines))

        environ = json.load(read_answer(connection))

    expected = {
        "rest": "a b/\u00e9",
        "PATH_INFO": "/environ/a b/\u00c3\u00a9",
        "QUERY_STRING": "x=%20y&z",
        "RAW_URI": path,
        "REQUEST_URI": path,
        "HTTP_X_COLOR": "red,blue",
        "HTTP_COOKIE": "a=1; b=2",
        "CONTENT_TYPE": "text/csv",
        "HTTP_HOST": "x",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(shared.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
    }
    assert {name: environ.get(name) for name in expected} == expected


# Waiting in the front


def test_a_request_that_asks_for_patience_is_asked_again_with_its_body(own):
    answer = own.post("/patience/5/10.0", b"who?")

    assert (answer.status_code, answer.json()) == (200, {"body": "who?"})
    assert own.count("asked") == 6


def test_patience_ends_and_holds_no_thread(own, background):
    waiting = [background(own.get, "/patience/1000000/1.5") for _ in range(8)]
    until(lambda: own.count("asked") > 16)

    assert own.get("/hello").ok
    assert not any(answer.done() for answer in waiting)
    for answer in waiting:
        assert answer.result().status_code == 503
        assert "X-Front-Wait" not in answer.result().headers


# Streams


def open_streams(server, stack, count, path="/events/stream"):
    connections = [stack.enter_context(server.connect()) for _ in range(count)]
    for connection in connections:
        connection.sendall(head("GET", path))
    until(lambda: server.count("streams") == count)
    return connections


def test_two_hundred_idle_streams_leave_the_api_answering_and_end_with_the_process(own):
    with ExitStack() as stack:
        streams = open_streams(own, stack, 200)
        assert own.get("/hello").ok

        assert own.terminate() < 3

        for connection in streams:
            body = read_answer(connection).read()  # a broken one raises
            assert body == b"retry: 1000\n: following\n\n"


def test_who_waits_for_events_is_told_what_there_is_when_the_service_stops(own):
    with ExitStack() as stack:
        (connection,) = open_streams(own, stack, 1, "/events")

        own.terminate()

        answer = read_answer(connection)
        assert (answer.status, json.load(answer)) == (200, {"waited": True})


# The end


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_answers_what_is_in_flight_and_waits_for_nobody_else(workers, background):
    with running(workers) as server, requests.Session() as idle, server.connect():
        idle.get(f"http://127.0.0.1:{server.port}/hello")
        answer = background(server.get, "/hold/1.0")
        until(lambda: server.count("held") == 1)

        seconds = server.terminate()

        assert answer.result().json() == {"held": 1.0}
        assert seconds < 3
        assert server.log().count("closed") == workers
        assert server.process.returncode == 0


def test_a_worker_that_is_still_loading_keeps_nobody_waiting():
    with started(factory="late") as server:
        until(lambda: "loading" in server.log())

        assert server.terminate() < 3

        assert server.process.returncode == 0
        assert "Unexpected exit" not in server.log()


def test_what_takes_too_long_is_cut(own, background):
    with own.connect() as upload:
        upload.sendall(head("POST", "/echo", "Content-Length: 10") + b"01234")
        long = background(own.post, UNBOUNDED, b"hold", timeout=10)
        until(lambda: own.count("held") == 1)

        assert own.terminate() < 5

        assert long.result().status_code == 503
        assert read_answer(upload).status == 503
        assert "closed" in own.log()


def test_ctrl_c_ends_it_too(own):
    with ExitStack() as stack:
        open_streams(own, stack, 1)

        os.killpg(own.process.pid, signal.SIGINT)

        assert own.process.wait(timeout=3) == 0


def test_ctrl_c_that_reaches_the_worker_first_is_not_taken_for_a_crash(own):
    os.kill(own.get("/hello").json()["worker"], signal.SIGINT)

    assert all(own.get("/hello").ok for _ in range(100))
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(timeout=3) == 0
    assert "Unexpected exit" not in own.log()


def test_half_a_request_head_delays_the_end_for_less_than_five_seconds(own):
    with own.connect() as connection:
        connection.sendall(b"GET /hello HTTP/1.1\r\nHost:")
        assert own.get("/hello").ok

        assert own.terminate() < 5


def test_every_worker_serves():
    with running(workers=2) as server:  # which waits for each of them
        assert server.get("/hello").ok


def test_a_factory_that_fails_ends_the_process_with_its_reason():
    with started(factory="build_without_database") as server:
        assert server.process.wait(timeout=10) != 0
        assert "the database is newer than the program" in server.log()


def test_a_taken_port_is_refused_with_a_sentence(shared):
    with started(port=shared.port) as second:
        assert second.process.wait(timeout=5) != 0

        assert (
            f"PortTaken: Port {shared.port} on 127.0.0.1 is in use; "
            "stop what listens there or set CUSTOMER_GROUPS_PORT."
        ) in second.log()
