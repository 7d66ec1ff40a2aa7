"""Another process that gives commands: `python -m tests.faults.worker URL` with a plan on stdin.

The plan is one line of JSON, a list of commands for each thread; a second line starts them all. A
command is its name, its arguments and its named arguments. Each answer is printed as one line of
JSON as soon as it is known: thread, number, and what came of it.
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from domain.application import CustomerGroups, merging
from domain.errors import Refused
from projections.store import Store
from projections.stores import open_store
from tests.asking import Asking


def main() -> None:
    store = open_store(sys.argv[1])
    plan = json.loads(sys.stdin.readline())
    start = threading.Barrier(len(plan) + 1)
    with ThreadPoolExecutor(len(plan)) as threads:
        running = [
            threads.submit(work, store, thread, commands, start)
            for thread, commands in enumerate(plan)
        ]
        say({"ready": True})
        sys.stdin.readline()
        start.wait()
    for thread in running:
        thread.result()


def work(store: Store, thread: int, commands: list[Any], start: threading.Barrier) -> None:
    groups = Asking(CustomerGroups(store))
    store.read("SELECT 1")
    start.wait()
    try:
        for number, (name, arguments, named) in enumerate(commands):
            say({"thread": thread, "number": number} | outcome(groups, name, arguments, named))
    finally:
        store.close()


def outcome(groups: Asking, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    if "metadata" in named and name == "update_group":
        named = named | {"metadata": merging(named["metadata"])}
    try:
        done = getattr(groups, name)(*arguments, **named)
    except Refused as refusal:
        return {"refused": refusal.code}
    except Exception as error:  # noqa: BLE001 - the test says which were to be expected
        return {"error": repr(error)}
    return {
        "group_id": getattr(done, "group_id", None),
        "position": done.position,
        "added": done.added,
        "removed": done.removed,
    }


def say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")  # one write: lines of threads do not mix
    sys.stdout.flush()


if __name__ == "__main__":
    main()
