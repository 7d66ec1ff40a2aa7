"""`replay` tells a group event by event; `diff` what is different between two moments."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from projections import log
from projections.differences import between
from service.cli import main
from service.replay import described, replayed
from tests.audit.exports import url_of


def told(store, group_id, until=None):
    return list(replayed(store.read, group_id, log.end(store.read) if until is None else until))


def different(store, start, end=None):
    """The lines of a diff, a list for each group."""
    end = log.end(store.read) if end is None else end
    return [list(described(found)) for found in between(store.read, start, end)]


def test_a_group_is_told_event_by_event(store, groups, customers):
    ids = customers(3)
    vip = groups.create_group("VIP", {"a": 1}, by="user_eve").group_id
    groups.change_customers(vip, add=ids, reason="spring")
    groups.create_group("Another")
    groups.update_group(vip, name="Gold", metadata=lambda _: {"b": [2]})
    groups.change_customers(vip, remove=ids[:1])
    groups.delete_group(vip)

    lines = told(store, vip)

    heads = [line.split() for line in lines if "  version " in line]
    assert [head[4] for head in heads] == [
        "GroupCreated",
        "CustomersAdded",
        "Renamed",
        "MetadataChanged",
        "CustomersRemoved",
        "GroupDeleted",
    ]
    assert [int(head[2]) for head in heads] == [1, 2, 3, 4, 5, 6]
    assert lines[0].endswith("GroupCreated by user user_eve")
    assert '    name "VIP"' in lines
    assert f"    joined 3: {' '.join(ids)}" in lines
    assert lines[3].endswith('CustomersAdded by user user_admin, because "spring"')
    assert '    name "VIP" -> "Gold"' in lines
    assert '    metadata "a": 1 -> removed' in lines
    assert '    metadata "b": [2] is new' in lines
    assert f"    left 1: {ids[0]}" in lines
    end = log.end(store.read)
    assert lines[-4:] == [
        f"{vip} as of position {end}: deleted",
        '    name "Gold"',
        "    2 customers",
        '    metadata {"b":[2]}',
    ]


def test_a_replay_ends_where_it_is_told_to(store, groups, customers):
    vip = groups.create_group("VIP").group_id
    then = groups.change_customers(vip, add=customers(3)).position
    groups.update_group(vip, name="Gold")

    assert told(store, vip, then)[-3:] == ['    name "VIP"', "    3 customers", "    metadata null"]
    assert told(store, vip, 0) == []


def test_a_diff_says_what_became_of_each_group(store, groups, customers):
    ids = customers(6)
    kept, gone, back = (groups.create_group(name, {"a": 1, "b": 2}).group_id for name in "KGB")
    groups.change_customers(kept, add=ids[:3])
    groups.change_customers(gone, add=ids[:2])
    groups.delete_group(back)
    groups.create_group("Untouched")
    start = log.end(store.read)
    groups.update_group(kept, name="Kept", metadata=lambda _: {"a": 1, "b": 3, "c": None})
    groups.change_customers(kept, add=ids[3:], remove=ids[:1])
    groups.delete_group(gone)
    groups.restore_group(back, name="Back")
    new = groups.create_group("New", {"n": 1}).group_id
    brief = groups.create_group("Brief").group_id
    groups.change_customers(brief, add=ids[:1])
    groups.delete_group(brief)

    assert different(store, start) == [
        [
            f'{kept} "Kept" changed',
            '    name "K" -> "Kept"',
            '    metadata "b": 2 -> 3',
            '    metadata "c": null is new',
            "    members: 3 joined, 1 left",
        ],
        [f'{gone} "G" deleted'],
        [f'{back} "Back" restored', '    metadata "a": 1 is new', '    metadata "b": 2 is new'],
        [f'{new} "New" created', '    metadata "n": 1 is new'],
        [f"{brief} created and deleted", "    members: 1 joined, 0 left"],
    ]


def test_what_changed_and_changed_back_is_no_difference(store, groups, customers):
    ids = customers(4)
    vip = groups.create_group("VIP").group_id
    groups.change_customers(vip, add=ids[:2])
    start = log.end(store.read)
    groups.update_group(vip, name="Gold", metadata=lambda _: {"a": 1})
    groups.update_group(vip, name="VIP", metadata=lambda _: None)
    groups.change_customers(vip, add=ids[2:], remove=ids[:2])
    middle = log.end(store.read)
    groups.change_customers(vip, add=ids[:2], remove=ids[2:])
    groups.delete_group(vip)
    groups.restore_group(vip)

    assert different(store, start) == []
    assert different(store, start, middle) == [
        [f'{vip} "VIP" changed', "    members: 2 joined, 2 left"]
    ]
    assert different(store, middle, middle) == []
    assert different(store, 0) == [[f'{vip} "VIP" created', "    members: 2 joined, 0 left"]]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_commands_take_positions_and_times(store, groups, clock):
    vip = groups.create_group("VIP").group_id
    clock.time = datetime(2030, 1, 2, tzinfo=UTC)
    groups.update_group(vip, name="Gold")

    def run(*arguments):
        settings = {"CUSTOMER_GROUPS_DATABASE_URL": url_of(store)}
        return CliRunner().invoke(main, arguments, env=settings)

    first_day = "2030-01-01T23:00:00Z"
    for as_of in ("1", first_day):
        shown = run("replay", "--group", vip, "--as-of", as_of)
        assert shown.exit_code == 0, shown.output
        assert "as of position 1: living" in shown.stdout
        changed = run("diff", "--from", as_of)
        assert '    name "VIP" -> "Gold"' in changed.stdout
        assert "1 groups are different." in changed.stdout
    assert "Nothing is different." in run("diff", "--from", "1", "--to", first_day).stdout
    for arguments, sentence in (
        (("replay", "--group", "none"), "There was no group none at position 2."),
        (("replay", "--group", vip, "--as-of", "3"), "a position up to 2, where this log ends"),
        (("diff", "--from", "2", "--to", "1"), "--from is position 2, later than --to, position 1"),
        (("diff", "--from", "2999-01-01T00:00:00Z"), "a time that is not in the future"),
        (("diff", "--from", "yesterday"), "accepts a position such as 4711, or a time"),
    ):
        refused = run(*arguments)
        assert refused.exit_code > 0
        assert sentence in refused.stderr
