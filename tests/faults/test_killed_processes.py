"""kill -9 in the middle of changes: what was acknowledged is there, whole, and nothing is half."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from projections import log
from projections.rebuild import rebuild, verify

ACKNOWLEDGED = 80

REBUILD = """
import sys
from projections import rebuild
from projections.stores import open_store
rebuild.BATCH = dict.fromkeys(rebuild.BATCH, 5)
rebuild.rebuild(open_store(sys.argv[1]), lambda done, total: print(done, flush=True))
"""


@pytest.fixture
def plan(groups, customers):
    """Four threads of all kinds of changes to a few groups, more than will be done."""
    ids = customers(200)
    made = [groups.create_group(f"Group {number}").group_id for number in range(4)]
    chance = random.Random(4711)
    threads = []
    for thread in range(4):
        commands = []
        for number in range(1000):
            group_id = chance.choice(made)
            some = chance.sample(ids, 100)
            commands.append(
                (
                    ("change_customers", [group_id], {"add": some[:50], "remove": some[50:]}),
                    ("update_group", [group_id], {"metadata": {f"{thread}": number}}),
                    ("create_group", [f"Made {thread} {number}"], {}),
                )[number % 3]
            )
        threads.append(commands)
    return threads


def hear_until_killed(worker, kill):
    """Take in answers, kill after a number of them, then those that were still under way."""
    answers = []
    while len(answers) < ACKNOWLEDGED:
        answers.append(worker.hear())
        assert "error" not in answers[-1]
    kill()
    return answers + worker.answers()


def positions(answers):
    return {answer["position"] for answer in answers if answer.get("position")}


def test_every_acknowledged_change_outlives_the_process(groups, store, plan, worker):
    running = worker(plan)
    running.start()

    answers = hear_until_killed(running, running.process.kill)

    assert running.process.wait() == -9
    kept = {row[0] for row in store.read("SELECT notification_id FROM stored_events")}
    assert len(positions(answers)) > ACKNOWLEDGED / 2
    assert positions(answers) <= kept
    assert verify(store).problems == []
    before = log.end(store.read)
    assert groups.create_group("Afterwards").position > before


def test_a_rebuild_that_is_killed_changes_nothing_and_the_next_one_works(groups, store):
    for number in range(40):
        groups.create_group(f"Group {number}")
    before = store.read("SELECT * FROM group_list ORDER BY 1")
    rebuilding = subprocess.Popen(
        [sys.executable, "-c", REBUILD, store_url(store)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    with rebuilding:
        while int(rebuilding.stdout.readline()) < 15:
            pass
        rebuilding.kill()

    assert rebuilding.returncode == -9
    assert verify(store).problems == []
    assert groups.create_group("In between").position
    assert rebuild(store) == 41
    assert verify(store).problems == []
    assert store.read("SELECT * FROM group_list ORDER BY 1")[:40] == before


def store_url(store):
    return f"sqlite:///{store.path}" if store.dialect == "sqlite" else store.url
