"""What an undo records, what it leaves alone, and what is in its way."""

import time

import pytest

from domain.application import CustomerGroups, merging
from domain.context import LONGEST_REASON
from domain.errors import ErasureIsFinal, MetadataTooLarge, RequestNotFound, UndoConflict
from projections import directory, history, log
from tests.asking import Asking

ADA, BOB, EVE, KIM = PEOPLE = ["cus_ada", "cus_bob", "cus_eve", "cus_kim"]


@pytest.fixture
def vip(groups, customers):
    """The id of a group of the name VIP with metadata and with Ada and Bob in it."""
    customers(*PEOPLE)
    vip = groups.create_group("VIP", {"tier": 1, "code": None}, request_id="creation").group_id
    groups.change_customers(vip, add=[ADA, BOB], request_id="filling")
    return vip


@pytest.fixture
def gold(groups, vip):  # noqa: ARG001 - vip puts the customers into the directory
    """The id of another group, with Bob in it."""
    gold = groups.create_group("Gold").group_id
    groups.change_customers(gold, add=[BOB])
    return gold


@pytest.fixture
def state(store):
    """What a group is: a deleted one has no name that anybody could not have."""

    def state(group_id):
        group = store.group(group_id)
        members = store.members_among(group_id, PEOPLE)
        assert group.customers_count == len(members)
        return None if group.deleted else group.name, group.metadata, group.deleted, members

    return state


@pytest.fixture
def end(store):
    return lambda: log.end(store.read)


@pytest.fixture
def later(store):
    """The topics of the events that a refusal names, newest first."""

    def later(refusal):
        named = history.at_positions(store.read, refusal.value.positions)
        return [event.topic for event in named]

    return later


def rename(name):
    return lambda groups, vip, **request: groups.update_group(vip, name=name, **request)


def merge(given):
    return lambda groups, vip, **request: groups.update_group(
        vip, metadata=merging(given), **request
    )


def update(name, given):
    return lambda groups, vip, **request: groups.update_group(
        vip, name=name, metadata=merging(given), **request
    )


def change(add=(), remove=()):
    return lambda groups, vip, **request: groups.change_customers(
        vip, add=add, remove=remove, **request
    )


def delete(groups, vip, **request):
    return groups.delete_group(vip, **request)


def restore(name=None):
    return lambda groups, vip, **request: groups.restore_group(vip, name=name, **request)


def erase(customer_id):
    return lambda groups, _vip, **request: groups.delete_customer(customer_id, **request)


def other_takes(name):
    return lambda groups, _vip, **request: groups.create_group(name, **request)


CHANGES = {
    "rename": [rename("New")],
    "key set": [merge({"tier": 2})],
    "key added": [merge({"new": None})],
    "key removed": [merge({"code": ""})],
    "all keys removed": [merge({"code": "", "tier": ""})],
    "metadata cleared": [merge(None)],
    "metadata made": [merge(None), merge({"a": 1})],
    "metadata cleared and made empty": [
        merge(None),
        lambda groups, vip, **request: groups.update_group(vip, metadata=lambda _: {}, **request),
    ],
    "name and metadata": [update("New", {"tier": [1], "a": {"b": 2}})],
    "customers added": [change(add=[EVE, KIM])],
    "customers removed": [change(remove=[ADA])],
    "customers added and removed": [change(add=[KIM], remove=[ADA, BOB])],
    "deletion": [delete],
    "restoration": [delete, restore()],
    "restoration under another name": [delete, restore("New")],
}


@pytest.mark.parametrize("steps", CHANGES.values(), ids=CHANGES)
def test_an_undo_brings_back_what_was_and_its_undo_what_had_become_of_it(groups, vip, state, steps):
    *first, last = steps
    for step in first:
        step(groups, vip)
    before = state(vip)
    last(groups, vip, request_id="mistake")
    after = state(vip)
    assert after != before

    undone = groups.undo("mistake", request_id="undo")
    assert state(vip) == before
    assert undone.position is not None
    assert undone.left_out == []

    groups.undo("undo")
    assert state(vip) == after


def test_the_undo_of_a_creation_deletes_the_group_and_the_undo_of_that_brings_it_back(
    groups, state
):
    group_id = groups.create_group("Mistake", {"a": 1}, request_id="mistake").group_id

    groups.undo("mistake", request_id="undo")
    assert state(group_id) == (None, {"a": 1}, True, set())

    groups.undo("undo")
    assert state(group_id) == ("Mistake", {"a": 1}, False, set())


def test_a_request_over_several_groups_is_undone_in_all_of_them(groups, vip, gold, state):
    before = state(vip), state(gold)
    groups.change_groups(EVE, add=[vip, gold], request_id="joining")
    groups.change_groups(BOB, remove=[gold, vip], request_id="leaving")

    groups.undo("leaving")
    groups.undo("joining")

    assert (state(vip), state(gold)) == before


def test_an_undo_says_who_did_it_and_of_what_it_is_the_undo(groups, vip):
    rename("New")(groups, vip, request_id="mistake", reason="typo")

    groups.undo("mistake", by="user_eve", request_id="undo")
    groups.undo("undo", reason="of x" * 200)

    undo, again = [*groups.application.events.get(vip)][-2:]
    assert (undo.actor["id"], undo.reason) == ("user_eve", "undo of request mistake")
    assert again.reason.startswith("undo of request undo: of xof x")
    assert len(again.reason) == LONGEST_REASON


def test_what_was_changed_otherwise_since_stays(groups, vip, state):
    update("New", {"tier": 2, "gone": 1})(groups, vip, request_id="mistake")
    merge({"code": 5, "other": 6})(groups, vip)
    change(add=[KIM], remove=[BOB])(groups, vip)

    groups.undo("mistake")

    assert state(vip) == ("VIP", {"tier": 1, "code": 5, "other": 6}, False, {ADA, KIM})


def test_metadata_that_others_added_to_is_not_null_again(groups, state):
    group_id = groups.create_group("Bare").group_id
    merge({"a": 1})(groups, group_id, request_id="mistake")
    merge({"b": 2})(groups, group_id)

    groups.undo("mistake")

    assert state(group_id)[1] == {"b": 2}


def test_null_and_empty_metadata_are_two_things(groups, state, later):
    group_id = groups.create_group("Bare", {}).group_id
    merge(None)(groups, group_id, request_id="mistake")

    groups.undo("mistake")
    assert state(group_id)[1] == {}

    with pytest.raises(UndoConflict) as refusal:
        groups.undo("mistake")
    assert later(refusal) == ["MetadataChanged"]


def test_a_value_that_was_given_back_by_hand_is_no_obstacle(groups, vip, state):
    rename("New")(groups, vip, request_id="mistake")
    rename("Other")(groups, vip)
    rename("New")(groups, vip)

    groups.undo("mistake")

    assert state(vip)[0] == "VIP"


CONFLICTS = {
    "renamed since": (rename("New"), [rename("Newer")], ["Renamed"]),
    "renamed by hand": (rename("New"), [rename("VIP")], ["Renamed"]),
    "old name taken": (rename("New"), [other_takes("VIP")], ["GroupCreated"]),
    "restored under another name since": (
        rename("New"),
        [delete, restore("Newer")],
        ["GroupRestored"],
    ),
    "key set since": (
        merge({"tier": 2}),
        [merge({"a": 1}), merge({"tier": 3})],
        ["MetadataChanged"],
    ),
    "key removed since": (merge({"tier": 2}), [merge({"tier": ""})], ["MetadataChanged"]),
    "removed key set since": (merge({"code": ""}), [merge({"code": 0})], ["MetadataChanged"]),
    "cleared since": (merge({"tier": 2}), [merge(None)], ["MetadataChanged"]),
    "cleared key set since": (merge(None), [merge({"tier": 1})], ["MetadataChanged"]),
    "added and removed since": (
        change(add=[EVE, KIM]),
        [change(remove=[EVE])],
        ["CustomersRemoved"],
    ),
    "added, removed and added since": (
        change(add=[EVE]),
        [change(remove=[EVE]), change(add=[EVE])],
        ["CustomersAdded"],
    ),
    "removed and added since": (change(remove=[ADA, BOB]), [change(add=[BOB])], ["CustomersAdded"]),
    "removed, added and removed since": (
        change(remove=[ADA]),
        [change(add=[ADA]), change(remove=[ADA])],
        ["CustomersRemoved"],
    ),
    "deleted since": (rename("New"), [merge({"a": 1}), delete], ["GroupDeleted"]),
    "members of a group deleted since": (change(add=[KIM]), [delete], ["GroupDeleted"]),
    "deleted and restored since": (delete, [restore()], ["GroupRestored"]),
    "deleted, restored and deleted again": (delete, [restore(), delete], ["GroupDeleted"]),
    "name of the deleted taken": (delete, [other_takes("VIP")], ["GroupCreated"]),
}


@pytest.mark.parametrize(("mistake", "since", "named"), CONFLICTS.values(), ids=CONFLICTS)
def test_what_was_decided_since_is_never_overridden_but_named(
    groups, vip, state, end, later, mistake, since, named
):
    mistake(groups, vip, request_id="mistake")
    for step in since:
        step(groups, vip)
    before, newest = state(vip), end()

    with pytest.raises(UndoConflict) as refusal:
        groups.undo("mistake")

    assert later(refusal) == named
    assert (state(vip), end()) == (before, newest)


@pytest.mark.parametrize("since", [change(add=[EVE]), rename("New"), merge({"a": 1}), delete])
def test_a_creation_or_restoration_is_only_undone_while_nothing_came_of_it(
    groups, vip, later, since
):
    new = groups.create_group("Other", request_id="other").group_id
    delete(groups, vip)
    restore()(groups, vip, request_id="restoration")
    since(groups, vip)
    change(add=[ADA])(groups, new)

    for request_id, named in (("restoration", 1), ("other", 1), ("creation", 4)):
        with pytest.raises(UndoConflict) as refusal:
            groups.undo(request_id)
        assert len(later(refusal)) == named


def test_the_newest_hundred_events_in_the_way_are_named(groups, vip, end):
    for number in range(102):
        rename(f"VIP {number}")(groups, vip)

    with pytest.raises(UndoConflict) as refusal:
        groups.undo("creation")

    assert [*refusal.value.positions] == [end() - number for number in range(100)]


def test_a_second_undo_names_the_first(groups, vip, end, later):
    update("New", {"tier": 2})(groups, vip, request_id="mistake")
    groups.undo("mistake")
    newest = end()

    with pytest.raises(UndoConflict, match=f"{newest}, {newest - 1}") as refusal:
        groups.undo("mistake")

    assert sorted(later(refusal)) == ["MetadataChanged", "Renamed"]


def test_it_is_undone_in_all_groups_or_in_none(groups, vip, gold, state, end):
    groups.change_groups(EVE, add=[vip, gold], request_id="joining")
    change(remove=[EVE])(groups, gold)
    before, newest = state(vip), end()

    with pytest.raises(UndoConflict):
        groups.undo("joining")

    assert (state(vip), end()) == (before, newest)


def test_erased_customers_are_not_brought_back(groups, vip, state):
    change(remove=[ADA, BOB])(groups, vip, request_id="mistake")
    groups.delete_customer(ADA)

    undone = groups.undo("mistake")

    assert undone.left_out == [(vip, ADA)]
    assert state(vip)[3] == {BOB}


def test_not_even_under_an_id_that_was_given_again(groups, vip, gold, store, state):
    change(add=[ADA])(groups, gold)
    change(remove=[ADA, BOB])(groups, vip, request_id="mistake")
    groups.delete_customer(ADA)
    directory.put(store, ADA, {}, "user_eve")

    assert groups.undo("mistake").left_out == [(vip, ADA)]
    assert state(vip)[3] == {BOB}


def test_whoever_came_again_after_an_erasure_is_brought_back(groups, vip, store, state):
    groups.delete_customer(ADA)
    directory.put(store, ADA, {}, "user_eve")
    change(add=[ADA])(groups, vip)
    change(remove=[ADA])(groups, vip, request_id="mistake")

    assert groups.undo("mistake").left_out == []
    assert state(vip)[3] == {ADA, BOB}


def test_nothing_is_recorded_where_nobody_can_be_brought_back(groups, vip, end):
    change(remove=[ADA])(groups, vip, request_id="mistake")
    groups.delete_customer(ADA)
    newest = end()

    undone = groups.undo("mistake")

    assert (undone.position, undone.left_out, end()) == (None, [(vip, ADA)], newest)


def test_whoever_was_added_and_erased_is_gone_already(groups, vip, state):
    change(add=[EVE, KIM])(groups, vip, request_id="mistake")
    groups.delete_customer(EVE)

    undone = groups.undo("mistake")

    assert undone.left_out == []
    assert state(vip)[3] == {ADA, BOB}


@pytest.mark.parametrize("mistake", [delete, rename("New"), merge({"tier": 2})])
def test_an_erasure_in_between_is_no_obstacle(groups, vip, state, mistake):
    mistake(groups, vip, request_id="mistake")
    groups.delete_customer(ADA)

    groups.undo("mistake")

    assert state(vip) == ("VIP", {"tier": 1, "code": None}, False, {BOB})


def test_a_restoration_is_undone_though_a_member_was_erased_since(groups, vip, state):
    delete(groups, vip)
    restore()(groups, vip, request_id="mistake")
    groups.delete_customer(ADA)

    groups.undo("mistake")

    assert state(vip) == (None, {"tier": 1, "code": None}, True, {BOB})


@pytest.mark.usefixtures("gold")
@pytest.mark.parametrize("reason", [None, "asked for it"])
def test_the_deletion_of_a_customer_is_final(groups, end, reason):
    groups.delete_customer(BOB, request_id="erasure", reason=reason)
    newest = end()

    with pytest.raises(ErasureIsFinal, match="deleted the customer cus_bob"):
        groups.undo("erasure")

    assert end() == newest


def test_a_service_without_a_directory_brings_everybody_back_but_the_erased(store, state):
    groups = Asking(CustomerGroups(store, accept_unknown_customers=True))
    vip = groups.create_group("VIP").group_id
    change(add=[ADA, BOB])(groups, vip)
    groups.change_groups(ADA, add=[groups.create_group("Gold").group_id])
    change(remove=[ADA, BOB])(groups, vip, request_id="mistake")
    groups.delete_customer(ADA)

    assert groups.undo("mistake").left_out == [(vip, ADA)]
    assert state(vip)[3] == {BOB}


def test_unknown_customers_are_not_brought_back_where_there_is_a_directory(
    groups, vip, store, state
):
    stranger = Asking(CustomerGroups(store, accept_unknown_customers=True))
    change(add=["cus_stranger"])(stranger, vip)
    change(remove=["cus_stranger", ADA])(groups, vip, request_id="mistake")

    assert groups.undo("mistake").left_out == [(vip, "cus_stranger")]
    assert state(vip)[3] == {ADA, BOB}


def test_metadata_that_would_outgrow_its_bounds_is_refused(groups, vip, end):
    merge({"big": "x" * 60_000})(groups, vip)
    merge({"big": ""})(groups, vip, request_id="mistake")
    merge({"other": "x" * 10_000})(groups, vip)
    newest = end()

    with pytest.raises(MetadataTooLarge):
        groups.undo("mistake")

    assert end() == newest


@pytest.mark.parametrize("request_id", ["nothing", ""])
def test_what_recorded_nothing_cannot_be_undone(groups, vip, request_id):
    change(add=[ADA])(groups, vip, request_id="nothing")

    with pytest.raises(RequestNotFound):
        groups.undo(request_id)


def test_a_request_over_many_groups_is_undone_in_a_time_that_grows_with_them(
    groups, vip, store, sized
):
    many = sized(50, 2_000)
    with store.deciding():
        ids = [groups.create_group(f"Group {number}").group_id for number in range(many)]
    groups.change_groups(ADA, add=ids)
    groups.change_groups(ADA, remove=ids, request_id="mistake")

    began = time.monotonic()
    groups.undo("mistake")

    assert time.monotonic() - began < 10, "each group looked at what happened in all others"
    assert set(store.groups_holding(ADA)) == {vip, *ids}


def test_a_bulk_removal_is_undone_a_thousand_customers_to_an_event(
    groups, vip, customers, store, sized
):
    everyone = customers(sized(1_500, 5_000))
    change(add=everyone)(groups, vip)
    change(remove=everyone)(groups, vip, request_id="mistake")

    groups.undo("mistake", request_id="undo")

    added = [said.event.customer_ids for said in store.events_of_request("undo")]
    assert all(len(ids) == 1000 for ids in added[:-1])
    assert [customer_id for ids in added for customer_id in ids] == everyone
    assert store.members_among(vip, everyone) == set(everyone)
