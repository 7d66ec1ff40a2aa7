"""What the commands refuse, and that a refused command leaves nothing behind."""

import pytest

from domain import errors
from domain.application import CustomerGroups, merging
from domain.errors import (
    CustomerNotFound,
    GroupNotDeleted,
    GroupNotFound,
    NameTaken,
    Refused,
    VersionMismatch,
)
from projections import directory, log
from tests.asking import Asking

NOBODY = "cusgroup_nobody"


@pytest.fixture
def end(store):
    """The position of the newest event."""
    return lambda: log.end(store.read)


def test_every_refusal_has_a_code_of_its_own():
    refusals = {kind for kind in vars(errors).values() if isinstance(kind, type)}

    assert {refusal.code for refusal in refusals if issubclass(refusal, Refused)} == {
        "refused",
        "group-not-found",
        "customer-not-found",
        "name-taken",
        "email-taken",
        "version-mismatch",
        "group-not-deleted",
        "metadata-too-large",
        "request-not-found",
        "erasure-is-final",
        "undo-conflict",
    }


def test_a_command_without_an_actor_fails_and_records_nothing(groups, vip, end):
    before = end()

    with pytest.raises(LookupError):
        groups.application.create_group("Anonymous")
    with pytest.raises(LookupError):
        groups.application.update_group(vip, name="Anonymous")
    with pytest.raises(LookupError):
        groups.application.delete_group(vip)

    assert end() == before


@pytest.mark.usefixtures("vip")
def test_a_name_belongs_to_one_living_group(groups):
    gold = groups.create_group("Gold").group_id

    for taken in (
        lambda: groups.create_group("VIP"),
        lambda: groups.update_group(gold, name="VIP"),
        lambda: groups.update_group(gold, name="VIP", metadata=merging({"tier": 1})),
    ):
        with pytest.raises(NameTaken, match="Customer group with name: VIP, already exists"):
            taken()

    assert groups.application.repository.get(gold).version == 1


def test_a_deleted_group_leaves_its_name_to_others(groups, vip):
    groups.delete_group(vip)
    other = groups.create_group("VIP").group_id

    with pytest.raises(NameTaken):
        groups.restore_group(vip)
    groups.update_group(other, name="Gold")

    assert groups.restore_group(vip).position
    with pytest.raises(NameTaken):
        groups.update_group(other, name="VIP")


def test_a_group_is_not_restored_under_a_taken_name(groups, history, vip):
    groups.create_group("Gold")
    groups.delete_group(vip)

    with pytest.raises(NameTaken):
        groups.restore_group(vip, name="Gold")

    assert [topic for topic, _ in history(vip)] == ["GroupCreated", "GroupDeleted"]


def test_only_a_deleted_group_can_be_restored(groups, vip):
    with pytest.raises(GroupNotDeleted):
        groups.restore_group(vip)
    with pytest.raises(GroupNotFound):
        groups.restore_group(NOBODY)


def test_a_deleted_or_unknown_group_is_not_found(groups, vip, customers):
    (ada,) = customers("cus_ada")
    groups.delete_group(vip)

    for group_id in (vip, NOBODY):
        for refused in (
            lambda group_id=group_id: groups.update_group(group_id, name="Gold"),
            lambda group_id=group_id: groups.change_customers(group_id, add=[ada]),
            lambda group_id=group_id: groups.change_customers(group_id, remove=[ada]),
            lambda group_id=group_id: groups.change_customers(group_id),
            lambda group_id=group_id: groups.change_groups(ada, add=[group_id]),
        ):
            with pytest.raises(GroupNotFound, match=group_id):
                refused()


def test_deleting_an_unknown_group_changes_nothing(groups):
    assert groups.delete_group(NOBODY).position is None


def test_an_unknown_customer_refuses_the_whole_request(groups, history, vip, customers):
    ada, bob = customers("cus_ada", "cus_bob")
    groups.change_customers(vip, add=[ada])

    with pytest.raises(CustomerNotFound, match="cus_nobody"):
        groups.change_customers(vip, add=[bob, "cus_nobody", "cus_noone"], remove=[ada])

    assert history(vip)[2:] == []
    assert groups.application.store.members_among(vip, [ada, bob]) == {ada}


def test_a_service_without_a_directory_takes_every_customer(store, history, vip):
    groups = Asking(CustomerGroups(store, accept_unknown_customers=True))

    groups.change_customers(vip, add=["shop-1"])
    groups.change_groups("shop-2", add=[vip])

    assert [fields["customer_ids"] for _, fields in history(vip)[1:]] == [["shop-1"], ["shop-2"]]


def test_a_command_that_expects_another_version_is_refused(groups, vip, customers, end):
    groups.update_group(vip, name="Gold")
    before = end()

    for refused in (
        lambda: groups.update_group(vip, name="Silver", expected=1),
        lambda: groups.change_customers(vip, add=customers(1), expected=3),
        lambda: groups.delete_group(vip, expected=1),
    ):
        with pytest.raises(VersionMismatch) as refusal:
            refused()
        assert (refusal.value.group_id, refusal.value.current) == (vip, 2)

    assert end() == before


def test_a_command_that_expects_the_newest_version_is_done(groups, vip, customers):
    groups.update_group(vip, name="Gold", expected=1)
    groups.change_customers(vip, add=customers(1), expected=2)
    groups.delete_group(vip, expected=3)
    with pytest.raises(VersionMismatch):
        groups.restore_group(vip, expected=3)
    groups.restore_group(vip, expected=4)

    assert groups.application.repository.get(vip).version == 5


def test_deleting_a_deleted_group_again_expects_nothing(groups, vip):
    groups.delete_group(vip)

    assert groups.delete_group(vip, expected=1).position is None


def test_a_customer_joins_and_leaves_several_groups_in_one_request(groups, history, customers):
    (ada,) = customers("cus_ada")
    a, b, c, d = (groups.create_group(name).group_id for name in "ABCD")
    groups.change_groups(ada, add=[a, c])

    outcome = groups.change_groups(ada, add=[a, b], remove=[c, d, NOBODY])

    assert (outcome.added, outcome.already, outcome.removed, outcome.absent) == (1, 1, 1, 2)
    assert outcome.position == 8
    assert history(a)[2:] == history(d)[1:] == []
    assert history(b)[1:] == [("CustomersAdded", {"customer_ids": [ada]})]
    assert history(c)[2:] == [("CustomersRemoved", {"customer_ids": [ada]})]


def test_an_unknown_customer_changes_no_groups(groups, history, vip):
    for named in ({"add": [vip]}, {"remove": [vip]}, {}):
        with pytest.raises(CustomerNotFound):
            groups.change_groups("cus_nobody", **named)

    assert history(vip)[1:] == []


def test_one_unknown_group_refuses_all_groups_of_the_request(groups, history, vip, customers):
    (ada,) = customers("cus_ada")
    gold = groups.create_group("Gold").group_id
    groups.change_groups(ada, add=[gold])

    with pytest.raises(GroupNotFound):
        groups.change_groups(ada, add=[vip, NOBODY], remove=[gold])

    assert history(vip)[1:] == history(gold)[2:] == []


def test_a_deleted_group_in_remove_changes_nothing(groups, history, vip, customers):
    (ada,) = customers("cus_ada")
    groups.change_groups(ada, add=[vip])
    groups.delete_group(vip)

    assert groups.change_groups(ada, remove=[vip]).absent == 1
    assert [topic for topic, _ in history(vip)][2:] == ["GroupDeleted"]


def test_a_deleted_customer_leaves_every_group_the_deleted_ones_too(
    groups, store, history, vip, customers
):
    ada, bob = customers("cus_ada", "cus_bob")
    gold = groups.create_group("Gold").group_id
    for group_id in (vip, gold):
        groups.change_customers(group_id, add=[ada, bob])
    groups.delete_group(gold)

    outcome = groups.delete_customer(ada)

    removed = ("CustomersRemoved", {"customer_ids": [ada]})
    assert outcome.removed == 2
    assert outcome.position == log.end(store.read)
    assert history(vip)[-1] == history(gold)[-1] == removed
    groups.restore_group(gold)
    assert store.members_among(gold, [ada, bob]) == {bob}
    assert store.customers_among([ada, bob]) == {bob}


@pytest.mark.parametrize(
    ("given", "recorded"),
    [(None, "customer deleted"), ("asked to", "customer deleted: asked to")],
)
def test_the_events_say_that_the_customer_was_deleted(groups, vip, customers, given, recorded):
    (ada,) = customers("cus_ada")
    groups.change_customers(vip, add=[ada], reason="because")

    groups.delete_customer(ada, reason=given)

    reasons = [event.reason for event in groups.application.events.get(vip)]
    assert reasons == [None, "because", recorded]


def test_deleting_an_unknown_customer_changes_nothing(groups, end):
    assert groups.delete_customer("cus_nobody").position is None
    assert end() == 0


def test_commands_inside_a_decision_are_one_transaction(groups, store, end):
    def create(*names):
        with store.deciding():
            for name in names:
                groups.create_group(name)

    with pytest.raises(NameTaken):
        create("VIP", "Gold", "VIP")

    assert end() == 0
    assert not store.name_taken("Gold", None)


def test_what_was_lost_in_a_rolled_back_decision_does_not_come_with_the_next(groups, store, end):
    def fail():
        with store.deciding():
            groups.create_group("VIP")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    created = groups.create_group("VIP")

    assert end() == created.position
    assert groups.application.repository.get(created.group_id).version == 1


def test_a_customer_of_any_id_is_known_until_it_is_deleted(groups, store, vip):
    directory.put(store, "shop/1", {"first_name": "Ada"}, "user_admin")
    groups.change_customers(vip, add=["shop/1"])

    groups.delete_customer("shop/1")

    with pytest.raises(CustomerNotFound):
        groups.change_customers(vip, add=["shop/1"])
