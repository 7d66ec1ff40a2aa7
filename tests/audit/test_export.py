"""Exports: the lines as they were published, all of them or a part, and never half an export."""

import hashlib
import resource
from contextlib import contextmanager
from datetime import datetime

import orjson
import pytest

from projections import log, merkle
from service import export as exporting
from service import export_files
from service.auditor import check_export, read_head, read_key
from service.export import ExportRefused, export
from service.exported import Export
from service.manifest import ExportDamaged
from tests.audit.exports import checked, kill_at, lines, manifest, url_of

EXPORT = """
import sys
from pathlib import Path
from projections.stores import open_store
from service import export, export_files
export.BATCH, export_files.FILE_EVENTS = 2, 5
def step(*_):
    print(flush=True)
    sys.stdin.readline()
export.export(open_store(sys.argv[1]), Path(sys.argv[2]), progress=step)
"""


def published(store):
    identity = log.log_id(store.read)
    return [log.published(event, identity) for event in log.after(store.read, 0, limit=1000)]


def auditors(directory):
    """What the auditor's own program says of an export, with the keys that the export names."""
    keys = [read_key(key["key"]) for key in manifest(directory)["public_keys"]]
    return check_export(directory, [], keys)


@pytest.mark.usefixtures("shop")
def test_an_export_has_the_published_lines_and_says_what_they_are(store, tmp_path):
    export(store, tmp_path / "export")

    assert lines(tmp_path / "export") == published(store)
    said = manifest(tmp_path / "export")
    content = (tmp_path / "export" / "events-000001.ndjson").read_bytes()
    assert said["log"] == log.log_id(store.read)
    assert said["filters"] == {}
    assert said["events"] == len(published(store)) == merkle.size(store.read)
    assert said["files"] == [
        {
            "name": "events-000001.ndjson",
            "events": said["events"],
            "bytes": len(content),
            "first_position": said["first_position"],
            "last_position": log.end(store.read),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    ]
    head = read_head(said["tree_head"], [read_key(key["key"]) for key in said["public_keys"]])
    assert (head.size, head.root) == (said["events"], merkle.root(store.read, said["events"]))
    assert {path.name for path in (tmp_path / "export").iterdir()} == {
        "events-000001.ndjson",
        "manifest.json",
    }


@pytest.mark.usefixtures("shop")
def test_many_events_go_into_several_files(store, tmp_path, monkeypatch):
    monkeypatch.setattr(export_files, "FILE_EVENTS", 7)
    monkeypatch.setattr(exporting, "BATCH", 3)

    export(store, tmp_path / "export")

    assert lines(tmp_path / "export") == published(store)
    files = manifest(tmp_path / "export")["files"]
    assert [file["events"] for file in files[:-1]] == [7] * (len(files) - 1)
    assert len(files) > 2
    assert [event.position for event in checked(tmp_path / "export")] == [
        event.position for event in log.after(store.read, 0, limit=1000)
    ]


def test_an_empty_log_can_be_exported(store, tmp_path):
    export(store, tmp_path / "export")

    assert lines(tmp_path / "export") == checked(tmp_path / "export") == []
    assert manifest(tmp_path / "export")["first_position"] is None
    assert auditors(tmp_path / "export")


PARTS = {
    "since a position": ({"since": 6}, lambda event, _: event["position"] >= 6),
    "until a position": ({"until": 9}, lambda event, _: event["position"] <= 9),
    "between": ({"since": 4, "until": 12}, lambda event, _: 4 <= event["position"] <= 12),
    "of a group": ({"group_id": 1}, lambda event, ids: event["group_id"] == ids[1]),
    "of a group since": (
        {"group_id": 0, "since": 3},
        lambda event, ids: event["group_id"] == ids[0] and event["position"] >= 3,
    ),
    "nothing": ({"group_id": 3, "until": 1}, lambda *_: False),
    "all": ({"since": 1}, lambda *_: True),
}


@pytest.mark.parametrize(
    ("store", "part"),
    [*(("sqlite", part) for part in PARTS), ("postgres", "between"), ("postgres", "of a group")],
    indirect=["store"],
)
def test_a_part_of_the_log_proves_itself_too(store, shop, tmp_path, monkeypatch, part):
    monkeypatch.setattr(exporting, "BATCH", 3)
    asked, wanted = PARTS[part]
    first = log.after(store.read, 0, limit=1)[0].position
    asked = asked | {name: asked[name] + first - 1 for name in ("since", "until") if name in asked}
    if "group_id" in asked:
        asked = asked | {"group_id": shop[asked["group_id"]]}

    export(store, tmp_path / "part", **asked)

    expected = []
    for line in published(store):
        data = orjson.loads(line)["data"]
        if wanted(data | {"position": data["position"] - first + 1}, shop):
            expected.append(line)
    assert lines(tmp_path / "part") == expected
    assert len(checked(tmp_path / "part")) == len(expected)
    assert f"{merkle.size(store.read)} events" in auditors(tmp_path / "part")
    assert manifest(tmp_path / "part")["filters"]


def test_a_part_may_be_between_two_times(store, groups, clock, tmp_path):
    times = [datetime.fromisoformat(f"2030-01-01T12:00:0{second}Z") for second in range(5)]
    for number, time in enumerate(times):
        clock.time = time
        groups.create_group(f"Group {number}")

    export(store, tmp_path / "part", since=times[1], until=times[3])

    names = [orjson.loads(line)["data"]["name"] for line in lines(tmp_path / "part")]
    assert names == ["Group 1", "Group 2", "Group 3"]


@pytest.mark.usefixtures("shop")
def test_what_is_not_there_cannot_be_exported(store, tmp_path):
    end = log.end(store.read)

    for asked in ({"since": end + 1}, {"until": end + 1}):
        with pytest.raises(ExportRefused, match=f"beyond the end of the log, position {end}"):
            export(store, tmp_path / "part", **asked)
    with pytest.raises(ExportRefused, match="never was a group cusgroup_none"):
        export(store, tmp_path / "part", group_id="cusgroup_none")
    assert not (tmp_path / "part").exists()


def test_an_export_takes_nobodys_place(store, tmp_path):
    export(store, tmp_path / "export")
    before = (tmp_path / "export" / "manifest.json").read_bytes()

    with pytest.raises(ExportRefused, match="not empty"):
        export(store, tmp_path / "export")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportRefused, match="not a directory"):
        export(store, tmp_path / "file")

    assert (tmp_path / "export" / "manifest.json").read_bytes() == before
    (tmp_path / "empty").mkdir()
    export(store, tmp_path / "empty")
    assert checked(tmp_path / "empty") == []


@pytest.mark.usefixtures("shop")
def test_what_is_appended_meanwhile_is_not_in_it(store, groups, background, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "BATCH", 3)
    before = published(store)

    def create(number):
        groups.create_group(f"Meanwhile {number}")
        store.close()

    def append(done, _total):
        background(create, done).result()

    export(store, tmp_path / "export", progress=append)

    assert lines(tmp_path / "export") == before
    assert len(checked(tmp_path / "export")) == len(before) < log.count(store.read)


@contextmanager
def files_up_to(size):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


@pytest.mark.usefixtures("shop")
def test_a_full_disk_leaves_nothing_of_it(store, tmp_path):
    export(store, tmp_path / "signed")  # what follows writes nothing but the files

    for size in (1000, manifest(tmp_path / "signed")["files"][0]["bytes"] - 1):
        with files_up_to(size), pytest.raises(OSError, match="File too large"):
            export(store, tmp_path / "export")
        assert not (tmp_path / "export").exists()

    export(store, tmp_path / "export")
    assert checked(tmp_path / "export")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # it writes to no store
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.big), 8])
def test_an_export_that_is_killed_does_not_look_like_one(store, tmp_path, step):
    kill_at(step, EXPORT, url_of(store), tmp_path / "export")

    with pytest.raises(ExportDamaged, match=r"no manifest\.json"):
        Export(tmp_path / "export")
    with pytest.raises(ExportRefused, match="not empty"):
        export(store, tmp_path / "export")
