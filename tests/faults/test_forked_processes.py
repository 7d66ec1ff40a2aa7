"""A forked process never uses its parent's connection, nor waits for its parent's turn to write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from projections import group_list
from projections.rebuild import verify

FORK = """
import json, os, sys, threading, warnings
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

held, release = threading.Event(), threading.Event()


def hold():
    with store.deciding():
        groups.create_group("By another thread")
        held.set()
        release.wait()
    store.close()


thread = threading.Thread(target=hold)
thread.start()
held.wait()


def create_later():
    # the other thread is not in this process; it lets go when the parent says so
    os.write(go[1], b"x")
    return create("By a child that was forked while another thread wrote")


go = os.pipe()


def let_go():
    os.read(go[0], 1)
    release.set()


helper = threading.Thread(target=let_go)
helper.start()
in_child(create_later)
thread.join()
helper.join()
with store.reading():
    in_child(lambda: create("By a child that was forked in a read"))
    told["seen"] = group_list.page(store, limit=9).count
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
    children = told["children"]
    assert [child.get("error") for child in children] == [None] * 3
    positions = sorted([*told["parent"], *(child["position"] for child in children)])
    assert len(set(positions)) == 5
    assert group_list.page(store, limit=9).count == 6
    assert [child["before"] for child in children] == [1, 3, 5]
    assert verify(store).problems == []
    if store.dialect == "postgres":
        assert told["identity"] not in [child["identity"] for child in children]
