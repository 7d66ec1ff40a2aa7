"""An auditor with an export, the one file and tree heads of his own finds every change."""

import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from projections import log, merkle
from service import auditor, signing
from service.auditor import Wrong, check_export, leaf_hash, read_head, read_key
from service.export import export
from service.manifest import ExportDamaged
from tests.audit.exports import checked, lines, replace_lines, rewrite


@pytest.fixture
def keep(store):
    """A tree head of now, as an auditor keeps it, and the key that he was given at first."""

    def keep():
        kept = signing.signed_head(store)
        keys = [read_key(one["key"]) for one in signing.public_keys(store.read)]
        return read_head(kept.checkpoint, keys)

    return keep


@pytest.fixture
def forge(store):
    """Change the log, its tree and every kept tree head, as whoever has it all can."""

    def forge(*statements):
        with store.deciding():
            for statement in (*statements, "DELETE FROM tree_head"):
                store.execute(statement, {})
            store.write("DELETE FROM merkle_leaf")
            merkle.append(log.after(store.read, 0, limit=1000), store.write)

    return forge


def test_a_whole_log_agrees_with_all_that_was_kept(store, groups, keep, tmp_path):
    kept = []
    for name in ("VIP", "Staff", "Press"):
        kept.append(keep())
        groups.create_group(name)
    export(store, tmp_path / "export")

    found = check_export(tmp_path / "export", kept, [])

    assert ": 3 events, root " in found
    assert found.endswith("; 3 older tree heads agree.")


def test_a_log_forged_with_the_key_in_hand_does_not(store, groups, keep, forge, tmp_path):
    groups.create_group("VIP")
    kept = [keep()]
    for name in ("Staff", "Press"):
        groups.create_group(name)
    kept.append(keep())
    first, second, _ = (event.position for event in log.after(store.read, 0, limit=9))
    fake = "replace(state, 'Staff', 'Stuff')"
    if store.dialect == "postgres":
        fake = "convert_to(replace(convert_from(state, 'UTF8'), 'Staff', 'Stuff'), 'UTF8')"
    forge(
        f"UPDATE stored_events SET state = CAST({fake} AS {BYTES[store.dialect]})"
        f" WHERE notification_id = {second}"
    )
    export(store, tmp_path / "export")

    assert check_export(tmp_path / "export", kept[:1], [])  # what it agrees with is not in question
    with pytest.raises(Wrong, match=r"not the 3 events .*: after the first 1 and up to position"):
        check_export(tmp_path / "export", kept, [])
    assert b'"name":"Stuff"' in lines(tmp_path / "export")[1]
    assert first < second


BYTES = {"sqlite": "BLOB", "postgres": "bytea"}


def test_a_log_that_was_cut_short_does_not(store, groups, keep, forge, tmp_path):
    for name in ("VIP", "Staff", "Press"):
        groups.create_group(name)
    kept = keep()
    forge(f"DELETE FROM stored_events WHERE notification_id = {log.end(store.read)}")
    export(store, tmp_path / "export")

    assert check_export(tmp_path / "export", [], [])
    with pytest.raises(Wrong, match="cut short: it had 3 events, now it has 2"):
        check_export(tmp_path / "export", [kept], [])


CHANGES = {
    "a byte flipped": lambda old: [old[0].replace(b"VIP", b"VIQ"), *old[1:]],
    "one dropped": lambda old: [old[0], *old[2:]],
    "the last dropped": lambda old: old[:-1],
    "two swapped": lambda old: [old[1], old[0], *old[2:]],
    "one twice": lambda old: [*old, old[-1]],
    "one forged": lambda old: [*old, old[-1].replace(b":1", b":2")],
}


@pytest.mark.parametrize("change", CHANGES)
def test_files_that_were_changed_with_their_manifest_are_found(store, groups, tmp_path, change):
    for name in ("VIP", "Staff", "Press"):
        groups.create_group(name)
    export(store, tmp_path / "export")

    replace_lines(tmp_path / "export", CHANGES[change])

    with pytest.raises(Wrong, match=r"these are not the 3 events|there are \d events, not 3"):
        check_export(tmp_path / "export", [], [])


@pytest.fixture
def with_a_gap(sqlite_store, asking_of, tmp_path):
    """Export three events, then let a gap stand for the second, as if `filters` had been asked."""

    def with_a_gap(filters):
        for name in ("VIP", "Staff", "Press"):
            asking_of(sqlite_store).create_group(name)
        export(sqlite_store, tmp_path / "export")
        gap = {"first": 1, "last": 2, "hashes": [leaf_hash(lines(tmp_path / "export")[1])]}
        gap["hashes"] = [b64encode(one).decode() for one in gap["hashes"]]
        (tmp_path / "export" / "gaps.ndjson").write_text(json.dumps(gap))
        replace_lines(tmp_path / "export", lambda lines: [lines[0], lines[2]])
        rewrite(tmp_path / "export", filters=filters)
        return tmp_path / "export"

    return with_a_gap


def test_what_a_part_leaves_out_is_told(with_a_gap):
    part = with_a_gap({"group": "cusgroup_1"})

    assert len(checked(part)) == 2
    assert check_export(part, [], []).endswith(" a part of the log: 1 events are left out.")


@pytest.mark.parametrize("asked", [{}, {"since": 1}, {"until": 3}])
def test_an_event_that_nobody_asked_to_leave_out_is_missed(with_a_gap, asked):
    part = with_a_gap(asked)

    with pytest.raises(Wrong, match=r"^1 events after position 1 are left out"):
        check_export(part, [], [])
    with pytest.raises(ExportDamaged, match=r"Events after position 1 are left out|tree head of"):
        checked(part)


def test_the_program_says_it_all_in_one_line(sqlite_store, asking_of, tmp_path):
    groups = asking_of(sqlite_store)
    groups.create_group("VIP")
    kept = signing.signed_head(sqlite_store)
    (tmp_path / "kept.txt").write_text(kept.checkpoint, "utf-8")
    groups.create_group("Staff")
    export(sqlite_store, tmp_path / "export")
    (tmp_path / "auditor.py").write_bytes(Path(auditor.__file__).read_bytes())

    def run(*more):
        command = [sys.executable, "-I", "auditor.py", "export", "export", *more]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    whole = run("--tree-head", "kept.txt", "--key", kept.public_key)
    assert (whole.returncode, whole.stdout[-28:]) == (0, "; 1 older tree heads agree.\n")
    assert "No --key was given" in run().stdout

    replace_lines(tmp_path / "export", lambda old: [old[0].replace(b"VIP", b"VIQ"), old[1]])
    wrong = run("--tree-head", "kept.txt")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("WRONG: these are not the 1 events of the tree head")
