"""`/audit`: what an auditor who trusts nobody asks the service, and checks without it."""

import ast
import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from projections.sqlite import SQLiteStore
from service import auditor
from service.accounts import Accounts
from service.app import create_app, prepare
from service.auditor import check_consistency, check_inclusion, read_head, read_key
from service.settings import Settings
from tests.api.answers import invalid, refusal

INCLUSION = "/audit/proof/inclusion"
CONSISTENCY = "/audit/proof/consistency"


@pytest.fixture
def keys(anonymous):
    """The keys that the service lists, without being asked who we are."""
    answer = anonymous.get("/audit/public-key")
    assert answer.status_code == 200
    return [read_key(one["key"]) for one in answer.json()["keys"]]


@pytest.fixture
def head(api):
    """The text of the tree head of now."""

    def head():
        answer = api.get("/audit/tree-head")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        return answer.text

    return head


@pytest.fixture
def lines(api):
    """The published lines of the log: position -> line."""
    api.group()
    api.group()  # another, as of one event all there is to prove is proven
    answer = api.get("/events", headers={"Accept": "application/x-ndjson"})
    return {json.loads(line)["data"]["position"]: line for line in answer.content.splitlines()[:-1]}


def test_a_tree_head_is_text_to_keep_or_json_to_read(api, keys, lines, head):
    text = head()

    read = api.get("/audit/tree-head", headers={"Accept": "application/json"}).json()

    found = read_head(text, keys)
    assert read["checkpoint"] == text
    assert read["size"] == found.size == len(lines)
    assert (read["log"], base64.b64decode(read["root"])) == (found.log, found.root)
    assert read["time"] == f"{found.time:%Y-%m-%dT%H:%M:%SZ}"
    assert read["key"] == keys[-1].text()


def test_every_published_event_is_proven(api, keys, lines, head):
    newest = read_head(head(), keys)

    for number, (position, line) in enumerate([*lines.items()][-20:], max(len(lines) - 20, 0)):
        proof = api.get(INCLUSION, params={"position": position, "tree_size": newest.size}).json()

        assert proof["leaf"] == number
        assert check_inclusion(proof, line, newest).startswith(f"The line is event number {number}")
        with pytest.raises(auditor.Wrong, match="this line is not event number"):
            check_inclusion(proof, line.replace(b'"time"', b'"tame"'), newest)


def test_an_older_tree_head_is_the_beginning_of_a_newer_one(api, keys, head):
    api.group()
    older = read_head(head(), keys)
    for _ in range(3):
        api.group()
    newer = read_head(head(), keys)

    proof = api.get(CONSISTENCY, params={"from": older.size, "to": newer.size}).json()

    assert newer.size == older.size + 3
    assert check_consistency(proof, older, newer).endswith("and kept all it had.")
    with pytest.raises(auditor.Wrong, match="does not begin with the older"):
        check_consistency(proof, older._replace(root=bytes(32)), newer)


def test_without_a_size_the_newest_tree_is_meant(api, lines):
    position = max(lines)

    included = api.get(INCLUSION, params={"position": position}).json()
    consistent = api.get(CONSISTENCY, params={"from": 0}).json()

    assert included["tree_size"] == consistent["to"] == len(lines)
    assert included["root"] == consistent["to_root"]
    assert consistent["hashes"] == []


def test_what_cannot_be_proven_is_refused(api, lines):
    position, size = min(lines), len(lines)
    beyond = max(lines) + 1_000_000

    def asked(path, **query):
        return api.get(path, params=query)

    nowhere = f"There is no event at position {beyond}"
    assert refusal(asked(INCLUSION, position=beyond)) == (404, "not_found", nowhere)
    for answer, message in (
        (asked(INCLUSION), "Field 'position' is required"),
        (asked(INCLUSION, position="x"), "Expected type: 'number' for field 'position', got: 'x'"),
        (
            asked(INCLUSION, position=position, tree_size=size + 1),
            f"Field 'tree_size' accepts 1 to {size}, got: '{size + 1}'",
        ),
        (
            asked(INCLUSION, position=max(lines), tree_size=1),
            f"Field 'tree_size' accepts {size} to {size} here, got: '1'",
        ),
        (asked(CONSISTENCY), "Field 'from' is required"),
        (
            asked(CONSISTENCY, **{"from": 2, "to": 1}),
            "Field 'from' accepts 0 to 1 here, got: '2'",
        ),
        (
            asked(CONSISTENCY, **{"from": 0, "to": size + 1}),
            f"Field 'to' accepts 0 to {size}, got: '{size + 1}'",
        ),
        (asked(CONSISTENCY, **{"from": 0, "size": 1}), "Unrecognized fields: 'size'"),
    ):
        assert refusal(answer) == invalid(message)


def test_the_keys_and_the_verifier_are_for_everybody_and_the_rest_is_not(anonymous):
    for path in ("/audit/tree-head", f"{INCLUSION}?position=1", f"{CONSISTENCY}?from=1"):
        assert anonymous.get(path).status_code == 401

    assert anonymous.get("/audit/public-key").status_code == 200
    answer = anonymous.get("/audit/verifier.py")
    assert answer.headers["Content-Type"] == "text/x-python; charset=utf-8"
    assert answer.content == Path(auditor.__file__).read_bytes()
    again = anonymous.get("/audit/verifier.py", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_verifier_needs_nothing_of_ours():
    tree = ast.parse(Path(auditor.__file__).read_text())
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    roots = {name.partition(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}


def test_an_auditor_checks_with_the_one_file(api, anonymous, keys, lines, head, tmp_path):
    """Fetched as anybody may, run alone: growth is proven, and one changed byte is found."""
    answers = {"old.txt": head()}
    api.group()
    answers["new.txt"] = head()
    sizes = {"from": read_head(answers["old.txt"], keys).size}
    sizes["to"] = read_head(answers["new.txt"], keys).size
    answers["grown.json"] = api.get(CONSISTENCY, params=sizes).text
    position = max(lines)
    asked = {"position": position, "tree_size": sizes["to"]}
    answers["event.json"] = api.get(INCLUSION, params=asked).text
    answers["line.json"] = lines[position].decode()
    answers["other.json"] = answers["line.json"].replace('"reason":null', '"reason":"x"')
    answers["auditor.py"] = anonymous.get("/audit/verifier.py").text
    for name, text in answers.items():
        (tmp_path / name).write_text(text, "utf-8")

    def run(*arguments):
        command = [sys.executable, "-I", "auditor.py", *arguments, "--key", keys[-1].text()]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    both = ("--tree-head", "old.txt", "--tree-head", "new.txt")
    assert "kept all it had" in run("consistency", "grown.json", *both).stdout
    newest = ("--tree-head", "new.txt")
    assert "The line is event number" in run("inclusion", "event.json", "line.json", *newest).stdout
    wrong = run("inclusion", "event.json", "other.json", *newest)
    assert (wrong.returncode, wrong.stderr[:20]) == (1, "WRONG: this line is ")


def test_a_damaged_tree_is_no_internal_error(tmp_path, asking_of):
    settings = Settings(admin_password="correct horse battery staple")
    store = SQLiteStore(tmp_path / "groups.db")
    prepare(settings, store)
    for name in ("VIP", "Staff", "Press"):
        asking_of(store).create_group(name)
    with store.defining():
        store.execute("DELETE FROM merkle_leaf WHERE number = 0", {})
    client = create_app(settings, store).test_client()
    _, key = Accounts(store).create_key("auditor", "user_ada", ("events:read",))

    found = [
        client.get(path, auth=(key, "")).json["code"]
        for path in (f"{INCLUSION}?position=3", f"{CONSISTENCY}?from=1", "/audit/tree-head")
    ]

    store.close()
    assert found == ["tree-damaged", "tree-damaged", "cannot-sign"]
