"""Whatever is cut, flipped or put in the place of something else is told in one sentence."""

import json
import sys
from base64 import b64encode

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import log, merkle
from service import auditor, signing
from service.audit_commands import verify
from service.export import export

EVENTS = "events-000001.ndjson"

CHECKS = {
    "whole": (["export", "whole"], ["whole/manifest.json", f"whole/{EVENTS}"], ["old.txt"]),
    "part": (["export", "part"], ["part/manifest.json", "part/gaps.ndjson"], ["new.txt"]),
    "inclusion": (["inclusion", "inclusion.json", "line"], ["inclusion.json"], ["new.txt"]),
    "consistency": (
        ["consistency", "consistency.json"],
        ["consistency.json"],
        ["old.txt", "new.txt"],
    ),
}
"""What is called with which files and tree heads."""

ODD = [None, True, -1, 1.0, 10**30, "", "x", "\ud800", EVENTS, [], {}, [[]]]


@pytest.fixture
def evidence(sqlite_store, asking_of, tmp_path):
    """A folder with exports, tree heads, a line and proofs, all of them right."""
    groups, read = asking_of(sqlite_store), sqlite_store.read
    vip = groups.create_group("VIP").group_id
    (tmp_path / "old.txt").write_text(signing.signed_head(sqlite_store).checkpoint, "utf-8")
    for name in ("Staff", "Press"):
        groups.create_group(name)
    groups.update_group(vip, name="VIP 2")
    (tmp_path / "new.txt").write_text(signing.signed_head(sqlite_store).checkpoint, "utf-8")
    export(sqlite_store, tmp_path / "whole")
    export(sqlite_store, tmp_path / "part", group_id=vip)
    (first,) = log.after(read, 0, limit=1)
    (tmp_path / "line").write_bytes(log.published(first, log.log_id(read)))
    for name, proof in (
        ("inclusion", merkle.inclusion(read, 0, 4)),
        ("consistency", merkle.consistency(read, 1, 4)),
    ):
        hashes = [b64encode(one).decode() for one in proof]
        told = json.dumps({"leaf": 0, "tree_size": 4, "hashes": hashes})
        (tmp_path / f"{name}.json").write_text(told)
    return tmp_path


@pytest.fixture
def wrong(sqlite_store, evidence, monkeypatch):
    """Run a check by the one file; returns what it says is wrong, None when all is right."""
    key = signing.public_keys(sqlite_store.read)[0]["key"]
    monkeypatch.chdir(evidence)

    def wrong(check):
        arguments, _, heads = CHECKS[check]
        for head in heads:
            arguments = [*arguments, "--tree-head", head]
        monkeypatch.setattr(sys, "argv", ["auditor.py", *arguments, "--key", key])
        try:
            auditor.main()
        except SystemExit as end:
            return end.code
        return None

    return wrong


def refused(directory, head):
    """What `verify --export` says is wrong, None when all is right."""
    done = CliRunner().invoke(verify, ["--export", directory, "--tree-head", head])
    assert isinstance(done.exception, SystemExit | None), repr(done.exception)
    assert done.exit_code in (0, 1)
    return done.output if done.exit_code == 1 else None


def damaged(draw, content):
    """The content of a file with one thing wrong."""
    how = draw(st.sampled_from(["cut", "flip", "leave out", "another value"]))
    place = draw(st.integers(0, len(content) - 1))
    if how == "cut":
        return content[:place]
    if how == "leave out":
        return content[:place] + content[place + draw(st.integers(1, 60)) :]
    if how == "another value" and content.startswith(b"{"):
        document, end = json.JSONDecoder().raw_decode(content.decode())
        path = draw(st.sampled_from([*places(document)]))
        odd = changed(document, path, draw(st.sampled_from(ODD)))
        return json.dumps(odd).encode() + content.decode()[end:].encode()
    flipped = content[place] ^ draw(st.integers(1, 255))
    return content[:place] + bytes([flipped]) + content[place + 1 :]


def places(value, path=()):
    """The paths of everything in a JSON document."""
    yield path
    if isinstance(value, dict | list):
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(one, (*path, name))


def changed(value, path, other):
    """A JSON document with another value at a path."""
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = changed(copy[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("check", CHECKS)
def test_no_damage_ends_in_anything_but_a_sentence(evidence, wrong, check, sized):
    _, files, heads = CHECKS[check]
    assert wrong(check) is None

    @settings(max_examples=sized(20, 1_000))
    @given(st.data())
    def damage(data):
        path = evidence / data.draw(st.sampled_from([*files, *heads]))
        right = path.read_bytes()
        path.write_bytes(damaged(data.draw, right))
        try:
            found = wrong(check)
            told = refused(check, heads[0]) if check in ("whole", "part") else None
        finally:
            path.write_bytes(right)
        assert found is None or (found.startswith("WRONG: ") and "\n" not in found)
        assert told is None or "\nError: " in f"\n{told}"
        if path.name == EVENTS:
            assert found
            assert told

    damage()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("whole/manifest.json", b"[" * 100_000),
        ("part/gaps.ndjson", b"[" * 100_000),
        ("part/gaps.ndjson", b'{"first": 1.0, "last": 3.0, "hashes": [""]}'),
        ("whole/manifest.json", b'{"public_keys": [{"key": 5}]}'),
    ],
)
def test_what_is_no_export_at_all_is_told_too(evidence, wrong, file, content):
    (evidence / file).write_bytes(content)
    check = file.partition("/")[0]

    assert wrong(check).startswith("WRONG: ")
    assert "\nError: " in "\n" + refused(check, "new.txt")
