"""A log moves to another database as it is, all of it or nothing, and goes on there."""

import asyncio
import filecmp
import shutil

import pytest
from click.testing import CliRunner

from projections import group_list, log, log_check, membership, merkle, rebuild
from projections.log import EVERYTHING
from projections.log_import import LogNotEmpty, NotALog, import_log
from projections.rebuild import RebuildOvertaken, verify
from projections.stores import open_store
from service import signing
from service.cli import main
from service.export import export
from service.exported import Export
from service.manifest import ExportDamaged
from service.stream import Tailer
from tests.audit.exports import kill_at, manifest, url_of
from tests.audit.test_verify_export import (
    another_end,
    flip,
    left_out,
    missing,
)

IMPORT = """
import sys
from pathlib import Path
from projections import rebuild
from projections.log_import import import_log
from projections.stores import open_store
from service import signing
from service.exported import Export
rebuild.BATCH = dict.fromkeys(rebuild.BATCH, 4)
def step(*_):
    print(flush=True)
    sys.stdin.readline()
store, export = open_store(sys.argv[1]), Export(Path(sys.argv[2]))
said = export.manifest
finish = lambda: signing.adopt(store, said.tree_head, said.public_keys)
events, again = export.events(), export.again()
import_log(store, said.log, events, again, count=said.events, progress=step, finish=finish)
"""


@pytest.fixture(autouse=True)
def batch(monkeypatch):
    """Imports take several batches even where the log is short."""
    monkeypatch.setattr(rebuild, "BATCH", {"sqlite": 4, "postgres": 4})


def take_in(store, directory, progress=lambda *_: None):
    found = Export(directory)
    said = found.manifest
    import_log(
        store,
        said.log,
        found.events(),
        found.again(),
        count=said.events,
        progress=progress,
        finish=lambda: signing.adopt(store, said.tree_head, said.public_keys),
    )


def answers(store):
    """Everything that comes from the log, as it is asked for."""
    read = store.read
    events = log.after(read, 0, limit=1000)
    positions = [0, *(event.position for event in events)]
    groups = group_list.page(store, limit=1000).rows
    return {
        "log": log.log_id(read),
        "events": events,
        "groups": groups,
        "members": [
            [member for member, _ in membership.embedded(read, group.group_key)] for group in groups
        ],
        "history": [log.of_group(read, group.id, limit=100) for group in groups],
        "past": [group_list.page(store, limit=1000, at=position).rows for position in positions],
        "root": merkle.root(read, merkle.size(read)),
        "proofs": [merkle.inclusion(read, n, len(events)) for n in range(len(events))],
        "head": signing.signed_head(store).checkpoint,
        "keys": signing.public_keys(read),
    }


def is_untouched(store, before):
    return (
        log.end(store.read) == 0
        and log.log_id(store.read) == before
        and group_list.page(store, limit=1).count == 0
        and merkle.size(store.read) == 0
        and signing.public_keys(store.read) == []
    )


@pytest.mark.usefixtures("shop")
def test_a_log_goes_to_the_other_database_and_back(store, other_store, empty_url, tmp_path):
    export(store, tmp_path / "export")
    here = answers(store)

    take_in(other_store, tmp_path / "export")

    assert answers(other_store) == here
    assert verify(other_store).problems == []
    assert log_check.check(other_store, log_check.kept_heads(other_store.read)).problems == []
    export(other_store, tmp_path / "again")
    back = open_store(empty_url(store.dialect))
    take_in(back, tmp_path / "again")
    assert answers(back) == here
    assert verify(back).problems == []
    back.close()
    name = "events-000001.ndjson"
    assert filecmp.cmp(tmp_path / "export" / name, tmp_path / "again" / name, shallow=False)


@pytest.mark.usefixtures("shop")
def test_the_log_goes_on_where_it_was(store, other_store, asking_of, tmp_path):
    export(store, tmp_path / "export")
    take_in(other_store, tmp_path / "export")
    end, size = log.end(store.read), merkle.size(store.read)
    ids = [group.id for group in group_list.page(store, limit=10).rows]

    added = asking_of(other_store).create_group("Afterwards")
    asking_of(other_store).update_group(ids[0], name="And this")

    assert added.position > end
    assert merkle.size(other_store.read) == size + 2
    assert verify(other_store).problems == []


@pytest.mark.usefixtures("shop")
def test_nobody_signs_in_the_name_of_the_log_before_a_key_was_made(
    store, other_store, asking_of, tmp_path
):
    signing.signed_head(other_store)  # of the empty log that it was
    export(store, tmp_path / "export")
    take_in(other_store, tmp_path / "export")
    asking_of(other_store).create_group("Afterwards")

    with pytest.raises(signing.CannotSign, match="rotate-key"):
        signing.signed_head(other_store)
    signing.rotate(other_store)

    keys = [key["key"] for key in signing.public_keys(other_store.read)]
    assert len(keys) == 2
    assert keys[0] == manifest(tmp_path / "export")["public_keys"][0]["key"]
    export(other_store, tmp_path / "after")
    assert len(list(Export(tmp_path / "after").events())) == merkle.size(other_store.read)


def test_an_empty_log_can_be_imported(store, other_store, tmp_path):
    export(store, tmp_path / "export")

    take_in(other_store, tmp_path / "export")

    assert log.log_id(other_store.read) == log.log_id(store.read)
    assert verify(other_store).problems == []


@pytest.mark.usefixtures("shop")
def test_a_log_never_takes_the_place_of_another(store, other_store, asking_of, tmp_path):
    export(store, tmp_path / "export")
    asking_of(other_store).create_group("Mine")
    before = answers(other_store)

    with pytest.raises(LogNotEmpty, match=f"the events of {before['log']} already"):
        take_in(other_store, tmp_path / "export")

    assert answers(other_store) == before


@pytest.mark.usefixtures("shop")
def test_what_is_written_meanwhile_is_not_lost(store, other_store, asking_of, tmp_path):
    export(store, tmp_path / "export")

    def write_in_between(done, _total):
        if done == 8:
            asking_of(other_store).create_group("Mine")

    with pytest.raises(LogNotEmpty):
        take_in(other_store, tmp_path / "export", write_in_between)

    assert [group.id for group in group_list.page(other_store, limit=10).rows]
    assert log.count(other_store.read) == 1
    assert verify(other_store).problems == []


@pytest.mark.usefixtures("shop")
def test_a_rebuild_that_begins_meanwhile_wins(store, other_store, tmp_path):
    export(store, tmp_path / "export")
    before = log.log_id(other_store.read)

    with pytest.raises(RebuildOvertaken):
        take_in(
            other_store,
            tmp_path / "export",
            lambda done, _total: rebuild.rebuild(other_store) if done == 8 else None,
        )

    assert is_untouched(other_store, before)


@pytest.mark.usefixtures("shop")
def test_nobody_sees_any_of_it_before_all_of_it(store, other_store, background, tmp_path):
    export(store, tmp_path / "export")
    before = log.log_id(other_store.read)
    seen = []

    def look():
        seen.append(is_untouched(other_store, before))
        other_store.close()

    take_in(other_store, tmp_path / "export", lambda *_: background(look).result())

    assert len(seen) > 8
    assert all(seen)
    assert not is_untouched(other_store, before)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("store", "step"),
    [pytest.param("sqlite", 4, marks=pytest.mark.big), ("sqlite", 11), ("postgres", 11)],
    indirect=["store"],
)
def test_an_import_that_is_killed_has_changed_nothing_and_may_begin_again(
    store, other_store, tmp_path, step
):
    export(store, tmp_path / "export")
    before = log.log_id(other_store.read)

    kill_at(step, IMPORT, url_of(other_store), tmp_path / "export")

    assert is_untouched(other_store, before)
    take_in(other_store, tmp_path / "export")
    assert answers(other_store) == answers(store)
    assert verify(other_store).problems == []


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_damaged_export_is_not_imported(store, empty_url, tmp_path):
    export(store, tmp_path / "export")
    target = open_store(empty_url("sqlite"))
    before = log.log_id(target.read)

    for damage in (flip, missing, another_end, left_out):
        spoiled = tmp_path / damage.__name__
        shutil.copytree(tmp_path / "export", spoiled)
        damage(spoiled)
        with pytest.raises((ExportDamaged, NotALog)):
            take_in(target, spoiled)
        assert is_untouched(target, before)
    target.close()


@pytest.mark.usefixtures("shop")
def test_a_file_that_is_changed_between_its_two_readings_changes_nothing(
    store, other_store, tmp_path
):
    export(store, tmp_path / "export")
    before = log.log_id(other_store.read)
    size = manifest(tmp_path / "export")["events"]
    path = tmp_path / "export" / "events-000001.ndjson"
    right = path.read_bytes()

    for wrong in (right.replace(b"Name 1", b"Name 2"), right[:-100]):
        path.write_bytes(right)

        def change(done, _total, wrong=wrong):
            if done == size:
                path.write_bytes(wrong)

        with pytest.raises(ExportDamaged):
            take_in(other_store, tmp_path / "export", change)
        assert is_untouched(other_store, before)


def test_events_that_cannot_follow_each_other_are_no_log(store, groups, other_store):
    groups.create_group("VIP")
    (created,) = log.after(store.read, 0, limit=1)
    before = log.log_id(other_store.read)
    events = [created._replace(position=1), created._replace(position=2)]

    with pytest.raises(NotALog, match="position 2 cannot be replayed"):
        import_log(other_store, log.log_id(store.read), events, events, count=2)

    assert is_untouched(other_store, before)


@pytest.mark.usefixtures("shop")
def test_who_follows_the_empty_log_hears_the_other_one_under_its_own_id(
    store, other_store, tmp_path
):
    export(store, tmp_path / "export")
    identity = log.log_id(store.read)
    expected = [log.published(event, identity) for event in log.after(store.read, 0, limit=99)]

    def bring():
        take_in(other_store, tmp_path / "export")
        other_store.close()

    async def heard():
        tailer, lines, position = Tailer(other_store), [], 0
        assert not (await tailer.after(0, EVERYTHING)).events
        await asyncio.to_thread(bring)
        while len(lines) < len(expected):
            assert await tailer.beyond(position, 20)
            page = await tailer.after(position, EVERYTHING)
            lines += [recent.line for recent in page.events]
            position = page.reached
        tailer.stop()
        return lines

    assert asyncio.run(heard()) == expected


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_part_of_a_log_is_not_imported(store, empty_url, tmp_path):
    export(store, tmp_path / "part", since=3)
    url = empty_url("sqlite")

    refused = CliRunner().invoke(
        main,
        ["import", "--from", str(tmp_path / "part")],
        env={"CUSTOMER_GROUPS_DATABASE_URL": url},
    )

    assert refused.exit_code == 1
    assert "has only a part of a log (since 3)" in refused.stderr
    target = open_store(url)
    assert log.end(target.read) == 0
    target.close()
