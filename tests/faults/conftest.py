"""Other processes that give commands, and what they answer."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

THREADS = 4


class Worker:
    """A process of four threads that does a plan; see `tests.faults.worker`."""

    def __init__(self, url: str, plan: list[list[Any]]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker", url],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.say(json.dumps(plan))

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any] | None:
        """The next answer; None when the process has ended."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def start(self) -> None:
        self.say("go")

    def answers(self) -> list[dict[str, Any]]:
        return list(iter(self.hear, None))

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def worker(database_url):
    """Start a process of four threads with a plan; it waits for `start()`."""
    workers = []

    def make(plan: list[list[Any]], url: str = database_url) -> Worker:
        workers.append(Worker(url, plan))
        assert workers[-1].hear() == {"ready": True}
        return workers[-1]

    yield make
    for made in workers:
        made.end()


@pytest.fixture
def store(own_store):
    """The one that the workers share with the test."""
    return own_store


@pytest.fixture
def together(worker) -> Callable[[list[Any]], list[dict[str, Any]]]:
    """Let 8 writers on 2 processes do these commands at once; returns all answers."""

    def run(commands: list[Any]) -> list[dict[str, Any]]:
        plans = [commands[thread :: 2 * THREADS] for thread in range(2 * THREADS)]
        workers = [worker(plans[:THREADS]), worker(plans[THREADS:])]
        for one in workers:
            one.start()
        answers = [answer for one in workers for answer in one.answers()]
        assert len(answers) == len(commands)
        return answers

    return run
