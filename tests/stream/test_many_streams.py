"""Idle streams cost memory, and no thread; they end with the service. (--big: 1,000 of them.)"""

import resource
import time
from contextlib import ExitStack

import pytest

from tests.api.answers import GROUPS
from tests.serving import signed_in
from tests.stream.following import asking, idle_streams

THREADS = 30
MEGABYTES = 150
SECONDS = 5


@pytest.fixture
def many_files():
    """As many open files as two ends of 1,000 streams take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.big)])
def test_idle_streams_hold_no_thread_and_end_in_time(start, new_database, sized, kind):
    server = start(new_database(kind))
    api = signed_in(server)
    before = server.megabytes()
    with ExitStack() as stack:
        streams = idle_streams(server, api.token, sized(100, 1000), stack)

        assert server.threads() < THREADS + 10  # those of granian's own two processes beside
        assert server.megabytes() - before < MEGABYTES
        group = api.group()
        for connection in streams:
            hears(connection, group["id"].encode())

        waiting = stack.enter_context(asking(server, api.token, "/events?wait=20&type=Renamed"))
        assert api.get(GROUPS).status_code == 200  # whoever asked before is in flight
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < SECONDS
        hears(waiting, b'"events":[]')


def hears(connection, text):
    """Read on until a text has come."""
    received = b""
    while text not in received:
        piece = connection.recv(65536)
        assert piece, received
        received += piece
