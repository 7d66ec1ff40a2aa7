"""The front under granian, as a process of its own; the application behind it is `tiny_app`."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from service.server import PortTaken, serve

ROOT = Path(__file__).parents[2]
LIMIT = 1024
UNBOUNDED = "/admin/customers/import"


def until(condition, seconds=5.0):
    """Wait for `condition()` to be true and return what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        if result := condition():
            return result
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds} s still not true: {condition}")
        time.sleep(0.01)


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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def started(workers=1, factory="build"):
    port = free_port()
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
        yield server


@pytest.fixture(scope="module")
def shared():
    with running() as server:
        yield server


@pytest.fixture
def own():
    with running() as server:
        yield server


@pytest.fixture
def background():
    with ThreadPoolExecutor(16) as pool:
        yield pool.submit


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
    with shared.connect() as connection:
        connection.sendall(head("POST", "/hold/0.0", "Content-Length: 10") + b"01234")
    before = shared.count("held")

    shared.post("/hold/0.0")

    assert shared.count("held") == before + 1


# Lanes


@pytest.mark.parametrize(
    ("path", "times"), [(UNBOUNDED, 3), (f"{UNBOUNDED}/", 2), ("/auth/user/emailpass", 4)]
)
def test_requests_slow_by_intent_stop_nobody(own, background, path, times):
    own.post("/hold/0.0")
    held = [background(own.post, path, b"hold", timeout=10) for _ in range(times)]
    until(lambda: own.count("held") > 1)

    answers = [background(own.get, "/hello") for _ in range(8)]

    assert all(answer.result().ok for answer in answers)
    own.post("/open")
    assert all(answer.result().ok for answer in held)
