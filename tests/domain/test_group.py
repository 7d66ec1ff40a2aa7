"""What a group records: history, command, events."""

from itertools import chain

import pytest

from domain.application import merge_patching, merging
from domain.errors import MetadataTooLarge


def test_a_created_group_has_its_name_and_metadata(groups, history):
    created = groups.create_group("VIP", {"tier": 1, "note": "", "since": None})

    assert history(created.group_id) == [
        ("GroupCreated", {"name": "VIP", "metadata": {"tier": 1, "note": "", "since": None}})
    ]
    assert created.group_id.startswith("cusgroup_")
    assert created.position == 1


@pytest.mark.parametrize("metadata", [None, {}])
def test_no_metadata_and_empty_metadata_are_kept_apart(groups, metadata):
    group_id = groups.create_group("VIP", metadata).group_id

    assert groups.application.repository.get(group_id).metadata == metadata


def test_a_new_name_is_recorded(groups, history, vip):
    outcome = groups.update_group(vip, name="Gold")

    assert history(vip)[1:] == [("Renamed", {"name": "Gold"})]
    assert outcome.position == 2


def test_the_same_name_records_nothing(groups, history, vip):
    outcome = groups.update_group(vip, name="VIP")

    assert history(vip)[1:] == []
    assert outcome.position is None


def test_names_are_compared_exactly(groups, history, vip):
    groups.update_group(vip, name="vip")

    assert history(vip)[1:] == [("Renamed", {"name": "vip"})]


def test_name_and_metadata_in_one_request_are_two_events(groups, history, vip):
    outcome = groups.update_group(vip, name="Gold", metadata=merging({"tier": 1}))

    assert history(vip)[1:] == [
        ("Renamed", {"name": "Gold"}),
        ("MetadataChanged", {"set": {"tier": 1}, "removed": [], "cleared": False}),
    ]
    assert outcome.position == 3


@pytest.mark.parametrize(
    ("change", "recorded"),
    [
        (merging({"tier": 2}), {"set": {"tier": 2}, "removed": [], "cleared": False}),
        (merging({"new": [1]}), {"set": {"new": [1]}, "removed": [], "cleared": False}),
        (merging({"tier": None}), {"set": {"tier": None}, "removed": [], "cleared": False}),
        (merging({"tier": ""}), {"set": {}, "removed": ["tier"], "cleared": False}),
        (
            merging({"tier": "", "new": 1}),
            {"set": {"new": 1}, "removed": ["tier"], "cleared": False},
        ),
        (merging(None), {"set": {}, "removed": [], "cleared": True}),
        (merge_patching({"tier": ""}), {"set": {"tier": ""}, "removed": [], "cleared": False}),
        (merge_patching({"tier": None}), {"set": {}, "removed": ["tier"], "cleared": False}),
        (
            merge_patching({"address": {"city": None, "zip": "1"}}),
            {"set": {"address": {"zip": "1"}}, "removed": [], "cleared": False},
        ),
        (merge_patching(None), {"set": {}, "removed": [], "cleared": True}),
    ],
)
def test_metadata_is_recorded_key_by_key(groups, history, change, recorded):
    group_id = groups.create_group("VIP", {"tier": 1, "address": {"city": "Ulm"}}).group_id

    groups.update_group(group_id, metadata=change)

    assert history(group_id)[1:] == [("MetadataChanged", recorded)]


@pytest.mark.parametrize(
    "change",
    [
        merging({}),
        merging({"tier": 1}),
        merging({"unknown": ""}),
        merge_patching({}),
        merge_patching({"unknown": None}),
        merge_patching({"address": {"city": "Ulm"}}),
        merge_patching({"address": {"zip": None}}),
    ],
)
def test_metadata_that_stays_the_same_records_nothing(groups, history, change):
    group_id = groups.create_group("VIP", {"tier": 1, "address": {"city": "Ulm"}}).group_id

    outcome = groups.update_group(group_id, metadata=change)

    assert history(group_id)[1:] == []
    assert outcome.position is None


@pytest.mark.parametrize("change", [merging(None), merging({}), merging({"a": ""})])
def test_no_metadata_stays_none(groups, history, vip, change):
    groups.update_group(vip, metadata=change)

    assert history(vip)[1:] == []


def test_removing_the_last_key_leaves_an_empty_object(groups):
    for change in (merging({"tier": ""}), merge_patching({"tier": None})):
        group_id = groups.create_group(f"VIP {change}", {"tier": 1}).group_id

        groups.update_group(group_id, metadata=change)

        assert groups.application.repository.get(group_id).metadata == {}


@pytest.mark.parametrize(("old", "new"), [(1, 1.0), (1, True), (0, False), (1, "1"), ([1], [1.0])])
def test_values_that_python_calls_equal_but_json_does_not_are_changes(groups, history, old, new):
    group_id = groups.create_group("VIP", {"tier": old}).group_id

    groups.update_group(group_id, metadata=merging({"tier": new}))

    ((_, recorded),) = history(group_id)[1:]
    assert repr(recorded["set"]) == repr({"tier": new})


def test_metadata_keeps_the_order_its_keys_came_in(groups):
    group_id = groups.create_group("VIP", {"z": 1, "a": 2, "m": 3}).group_id

    groups.update_group(group_id, metadata=merging({"b": 4, "z": 5, "a": ""}))

    assert list(groups.application.repository.get(group_id).metadata) == ["z", "m", "b"]


def test_metadata_is_bounded_by_its_size_and_its_keys_after_the_merge(groups, history):
    with pytest.raises(MetadataTooLarge, match="65537 bytes"):
        groups.create_group("VIP", {"a": "x" * (65536 - 7)})
    with pytest.raises(MetadataTooLarge, match="201 keys"):
        groups.create_group("VIP", {str(n): n for n in range(201)})
    group_id = groups.create_group("VIP", {str(n): n for n in range(200)}).group_id
    large = groups.create_group("Large", {"a": "x" * (65536 - 8)}).group_id

    with pytest.raises(MetadataTooLarge):
        groups.update_group(group_id, name="Gold", metadata=merging({"one more": 1}))
    with pytest.raises(MetadataTooLarge):
        groups.update_group(large, metadata=merging({"b": 1}))

    assert history(group_id)[1:] == history(large)[1:] == []
    assert groups.update_group(group_id, metadata=merging({"one more": 1, "0": ""})).position


def test_only_new_customers_are_recorded(groups, history, vip, customers):
    ada, bob = customers("cus_ada", "cus_bob")
    groups.change_customers(vip, add=[ada])

    outcome = groups.change_customers(vip, add=[ada, bob])

    assert (outcome.added, outcome.already) == (1, 1)
    assert history(vip)[2:] == [("CustomersAdded", {"customer_ids": [bob]})]


def test_only_members_are_removed(groups, history, vip, customers):
    ada, bob = customers("cus_ada", "cus_bob")
    groups.change_customers(vip, add=[ada])

    outcome = groups.change_customers(vip, remove=[ada, bob, "cus_unknown"])

    assert (outcome.removed, outcome.absent) == (1, 2)
    assert history(vip)[2:] == [("CustomersRemoved", {"customer_ids": [ada]})]


def test_a_change_of_members_that_changes_nothing_records_nothing(groups, history, vip, customers):
    ada, bob = customers("cus_ada", "cus_bob")
    groups.change_customers(vip, add=[ada])

    outcome = groups.change_customers(vip, add=[ada], remove=[bob])

    assert history(vip)[2:] == []
    assert outcome.position is None
    assert groups.change_customers(vip).position is None


def test_adding_and_removing_in_one_request_adds_first(groups, history, vip, customers):
    ada, bob = customers("cus_ada", "cus_bob")
    groups.change_customers(vip, add=[ada])

    outcome = groups.change_customers(vip, add=[bob], remove=[ada])

    assert history(vip)[2:] == [
        ("CustomersAdded", {"customer_ids": [bob]}),
        ("CustomersRemoved", {"customer_ids": [ada]}),
    ]
    assert outcome.position == 4
    assert groups.application.repository.get(vip).customers_count == 1


def test_no_event_names_more_than_a_thousand_customers(groups, history, vip, customers):
    ids = customers(2500)

    groups.change_customers(vip, add=ids)
    groups.change_customers(vip, remove=ids[:1001])

    named = [fields["customer_ids"] for _, fields in history(vip)[1:]]
    assert [len(ids) for ids in named] == [1000, 1000, 500, 1000, 1]
    assert [*chain(*named[:3])] == ids
    assert [*chain(*named[3:])] == ids[:1001]
    assert groups.application.repository.get(vip).customers_count == 2500 - 1001


def test_a_deleted_group_records_its_end_once(groups, history, vip):
    assert groups.delete_group(vip).position == 2

    assert groups.delete_group(vip).position is None
    assert history(vip)[1:] == [("GroupDeleted", {})]


def test_a_restored_group_has_its_metadata_and_members(groups, history, customers):
    ids = customers(3)
    group_id = groups.create_group("VIP", {"tier": 1}).group_id
    groups.change_customers(group_id, add=ids)
    groups.delete_group(group_id)

    groups.restore_group(group_id)

    assert history(group_id)[3:] == [("GroupRestored", {"name": "VIP"})]
    group = groups.application.repository.get(group_id)
    assert (group.deleted, group.metadata, group.customers_count) == (False, {"tier": 1}, 3)


def test_a_group_can_be_restored_under_another_name(groups, history, vip):
    groups.delete_group(vip)

    groups.restore_group(vip, name="Gold")

    assert history(vip)[2:] == [("GroupRestored", {"name": "Gold"})]
    assert groups.application.repository.get(vip).name == "Gold"
