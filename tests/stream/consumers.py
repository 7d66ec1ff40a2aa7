"""Consumers as their owners run them: `customer-groups follow`, the README's pricing service."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

from tests.serving import COMMAND, Server, until

README = Path(__file__).parents[2] / "README.md"

ANSWERS = (
    "import json, sys, pricing;"
    "print(json.dumps({id: pricing.groups_of(id) for id in json.load(sys.stdin)}))"
)


def pricing_service() -> str:
    """Return the Python that the README shows in "Following along"."""
    section = README.read_text().partition("\n## Following along\n")[2].partition("\n## ")[0]
    blocks = section.split("```python\n")[1:]
    assert len(blocks) == 1
    return blocks[0].partition("```\n")[0]


def new_key(server: Server, *scopes: str) -> str:
    """Return a key that may do this only."""
    made = server.cli("create-api-key", "Pricing", *(f"--scope={scope}" for scope in scopes))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


class Consumer:
    """A process that follows a service from a machine of its own: no setting of ours is known."""

    def __init__(self, arguments: list[str], directory: Path, key: str | None) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CUSTOMER_GROUPS_")}
        environment["PYTHONPATH"] = str(README.parent)
        if key is not None:
            environment["CUSTOMER_GROUPS_KEY"] = key
        self.printed = directory / "printed"
        self.log = directory / "log"
        with self.printed.open("ab") as output, self.log.open("ab") as log:
            self.process = subprocess.Popen(
                arguments, env=environment, cwd=directory, stdout=output, stderr=log
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def is_running(self) -> bool:
        return self.process.poll() is None

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return how it ended."""
        self.process.send_signal(by)
        return self.process.wait(timeout=15)

    def kill(self) -> None:
        """End it as a power cut would; it must have been running until then."""
        assert self.end(signal.SIGKILL) == -signal.SIGKILL, self.said

    def __enter__(self) -> "Consumer":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(timeout=15)


class Following(Consumer):
    """`customer-groups follow`."""

    def __init__(self, server: Server, directory: Path, key: str | None, *options: str) -> None:
        command = [*COMMAND, "follow", "--url", server.url, *options]
        super().__init__(command, directory, key)


class Pricing(Consumer):
    """The pricing service of the README."""

    def __init__(self, server: Server, directory: Path, key: str) -> None:
        self.directory = directory
        (directory / "pricing.py").write_text(pricing_service())
        super().__init__([sys.executable, "pricing.py", server.url], directory, key)

    @property
    def position(self) -> int:
        """How far the service has come, as it says itself."""
        return kept(self.directory)

    def reaches(self, position: int, seconds: float = 60.0) -> None:
        """Wait until it is there."""

        def there() -> bool:
            assert self.is_running(), self.said
            return self.position >= position

        until(there, seconds)


def kept(directory: Path) -> int:
    """Return the position in the database of a pricing service, 0 when there is none yet."""
    with closing(sqlite3.connect(directory / "pricing.db")) as database:
        try:
            row = database.execute("SELECT position FROM place").fetchone()
        except sqlite3.OperationalError:  # it has not made its tables yet
            return 0
    return row[0] if row else 0


def answers(directory: Path, customer_ids: list[str]) -> dict[str, set[str]]:
    """Ask a pricing service for the groups of customers."""
    found = json.loads(ask(directory, ANSWERS, json.dumps(customer_ids)))
    return {customer_id: set(groups) for customer_id, groups in found.items()}


def ask(directory: Path, script: str, text: str = "") -> str:
    """Run Python beside a pricing service."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=directory,
        input=text,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
