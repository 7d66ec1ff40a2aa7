"""A real `customer-groups serve` and the API as a script uses it."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import requests

from projections.store import Store
from projections.stores import open_store
from service import app
from service.settings import Settings
from tests.postgres import free_port

ADMIN_EMAIL = "admin@shop.example"
ADMIN_PASSWORD = "correct horse battery staple"
COMMAND = [sys.executable, "-m", "service.cli"]
START_SECONDS = 30

_numbers = itertools.count(1)


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for `condition()` to be true and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"after {seconds} s still not true: {condition}"
        time.sleep(0.01)  # between two looks at the condition
    return result


class Server:
    """A running `customer-groups serve`; `environment` are settings without their prefix."""

    def __init__(self, database_url: str, directory: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = database_url
        self.admin_email = ADMIN_EMAIL
        self.admin_password = ADMIN_PASSWORD
        settings = {
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
            "ADMIN_EMAIL": ADMIN_EMAIL,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
        } | environment
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CUSTOMER_GROUPS_")
        } | {f"CUSTOMER_GROUPS_{name}": value for name, value in settings.items()}
        self.output = directory / f"serve-{self.port}.out"
        self.log = directory / f"serve-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def cli(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run another command of ours on the same database."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    def start(self, *, prepare: bool = True) -> Self:
        """Start and wait for the first answer; `prepare` makes a PostgreSQL database first."""
        if prepare and self.database_url.startswith("postgresql"):
            with self.store() as store:
                app.prepare(Settings.from_environment(self.environment), store)
        with self.output.open("ab") as output, self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve"], env=self.environment, stdout=output, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.url}/health", timeout=5).text == "OK":
                    return self
            time.sleep(0.02)  # between two looks at the condition
        raise AssertionError(f"no answer in {START_SECONDS} s: {self.log.read_text()}")

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """The database itself, behind the service's back."""
        store = open_store(self.database_url)
        try:
            yield store
        finally:
            store.close()

    def __enter__(self) -> Self:
        return self if self.process is not None else self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def processes(self) -> list[int]:
        """The ids of the service's own process and of its workers."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def _status(self, name: str) -> int:
        """The sum over all processes of a number that the kernel knows."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self.processes()]
        return sum(int(text.partition(f"{name}:")[2].split()[0]) for text in texts)

    def megabytes(self) -> float:
        """How much memory is in use."""
        return self._status("VmRSS") / 1024

    def threads(self) -> int:
        """How many threads there are."""
        return self._status("Threads")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(by)
        return self.process.wait(timeout=15)

    def kill(self) -> None:
        """Kill the service and its workers as a power cut would (kill -9)."""
        assert self.process is not None
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(timeout=15)


class Api:
    """The API as a signed-in script uses it: `api.post("/admin/customers", {"phone": "1"})`."""

    def __init__(self, server: Server, token: str | None) -> None:
        self.server = server
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False  # it would look for proxies before each request
        if token is not None:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Any = None, **options: Any
    ) -> requests.Response:
        if body is not None:
            options["json"] = body
        return self.session.request(
            method, self.server.url + path, headers=headers, timeout=60, **options
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        return self("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self("POST", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        headers = {"Content-Type": "application/merge-patch+json"} | options.pop("headers", {})
        return self("PATCH", path, body, headers=headers, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self("DELETE", path, **options)

    def group(self, name: str | None = None, **body: Any) -> dict[str, Any]:
        """Create a group, of a name of its own when none is given, and return it."""
        answer = self.post("/admin/customer-groups", {"name": name or unique("Group")} | body)
        assert answer.status_code == 200, answer.text
        return answer.json()["customer_group"]

    def customer(self, **body: Any) -> dict[str, Any]:
        """Create a customer and return it."""
        answer = self.post("/admin/customers", {"email": f"{unique('c')}@shop.example"} | body)
        assert answer.status_code == 200, answer.text
        return answer.json()["customer"]

    def customers(self, count: int) -> list[str]:
        """Put so many customers into the directory at once and return their ids."""
        ids = [unique("cus_") for _ in range(count)]
        answer = self(
            "POST",
            "/admin/customers/import",
            data="id\n" + "\n".join(ids),
            headers={"Content-Type": "text/csv"},
        )
        assert answer.json()["created"] == count, answer.text
        return ids

    def add(self, group_id: str, *customer_ids: str) -> None:
        """Add customers to a group."""
        answer = self.post(f"/admin/customer-groups/{group_id}/customers", {"add": [*customer_ids]})
        assert answer.status_code == 200, answer.text

    def events(self, group_id: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return the events of a group, newest first, as its history shows them."""
        path = f"/admin/customer-groups/{group_id}/history"
        answer = self.get(path, params={"limit": 1000} | parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["events"]

    def walk(self, path: str, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return all rows of a list, page by page, each asked for by the cursor of the last."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = self.get(path, params=parameters | {"cursor": cursor})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            rows += page[name]
            cursor = page["next_cursor"]
        return rows


def unique(word: str) -> str:
    """A text that no other test uses: the servers live as long as the test run."""
    return f"{word}{os.getpid()}x{next(_numbers):05}"


def token_of(server: Server) -> str:
    """A token of the admin; valid for 24 hours."""
    answer = requests.post(
        f"{server.url}/auth/user/emailpass",
        json={"email": server.admin_email, "password": server.admin_password},
        timeout=30,
    )
    return answer.json()["token"]


def signed_in(server: Server) -> Api:
    """The API for the admin."""
    return Api(server, token_of(server))
