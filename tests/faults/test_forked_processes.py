"""A forked process never uses its parent's connection."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from projections import group_list
from projections.rebuild import verify

FORK = """
import json, os, sys, warnings
from domain.application import CustomerGroups
from projections import group_list
from projections.stores import open_store
from tests.asking import Asking

warnings.simplefilter("error")
store = open_store(sys.argv[1])
groups = Asking(CustomerGroups(store))
told = {"parent": [groups.create_group("By the parent").position]}


def identity():
    if store.dialect == "postgres":
        return store.read("SELECT pg_backend_pid()")[0][0]
    return id(store.connection)


def in_child(work):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        answer = {}
        try:
            answer = work()
        except BaseException as error:
            answer = {"error": repr(error)}
        finally:
            os.write(write, json.dumps(answer).encode())
            os._exit(0)
    os.close(write)
    with open(read) as answer:
        told.setdefault("children", []).append(json.load(answer))
    os.waitpid(child, 0)


def create(name):
    before = group_list.page(store, limit=9).count
    position = groups.create_group(name).position
    return {"position": position, "identity": identity(), "before": before}


told["identity"] = identity()
in_child(lambda: create("By a child"))
told["parent"].append(groups.create_group("By the parent again").position)

with store.reading():
    told["seen"] = [group_list.page(store, limit=9).count]
    in_child(lambda: create("By a child that was forked in a read"))
    told["seen"].append(group_list.page(store, limit=9).count)
told["same"] = identity() == told["identity"]
store.close()
print(json.dumps(told))
"""


@pytest.fixture
def told(database_url):
    done = subprocess.run(
        [sys.executable, "-c", FORK, database_url],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_child_has_a_connection_of_its_own_and_the_parent_keeps_its(told, store):
    assert told["same"]
    assert told["seen"] == [3, 3]
    children = told["children"]
    assert [child.get("error") for child in children] == [None] * 2
    positions = sorted([*told["parent"], *(child["position"] for child in children)])
    assert len(set(positions)) == 4
    assert group_list.page(store, limit=9).count == 4
    assert [child["before"] for child in children] == [1, 3]
    assert verify(store).problems == []
    if store.dialect == "postgres":
        assert told["identity"] not in [child["identity"] for child in children]
