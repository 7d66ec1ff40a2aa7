"""Who is in what, since and until when."""

import pytest

from projections import group_list, membership


def test_a_customer_that_joined_is_a_member_until_it_leaves(groups, members, create, customers):
    ada, bob, eve = customers("ada", "bob", "eve")
    vip = create("VIP")

    groups.change_customers(vip, add=[ada, bob])
    groups.change_customers(vip, add=[eve])
    groups.change_customers(vip, remove=[bob])

    assert members(vip) == [eve, ada]


def test_adding_twice_makes_one_membership(groups, intervals, create, customers):
    (ada,) = customers("ada")
    vip = create("VIP")

    groups.change_customers(vip, add=[ada])
    groups.change_customers(vip, add=[ada])

    assert intervals(vip) == [(ada, 2, None)]


def test_leaving_and_joining_again_are_two_intervals(groups, intervals, create, customers):
    (ada,) = customers("ada")
    vip = create("VIP")

    groups.change_customers(vip, add=[ada])
    groups.change_customers(vip, remove=[ada])
    groups.change_customers(vip, add=[ada])
    assert intervals(vip) == [(ada, 2, 3), (ada, 4, None)]
    groups.change_customers(vip, remove=[ada])

    assert intervals(vip) == [(ada, 2, 3), (ada, 4, 5)]


def test_deleting_and_restoring_a_group_leaves_every_interval(
    groups, intervals, members, create, customers
):
    ids = customers(3)
    vip = create("VIP")
    groups.change_customers(vip, add=ids)
    before = intervals(vip)

    groups.delete_group(vip)
    assert intervals(vip) == before
    groups.restore_group(vip)

    assert intervals(vip) == before
    assert sorted(members(vip)) == ids


def test_a_deleted_customer_leaves_the_living_and_the_deleted_groups(
    groups, intervals, members, store, create, customers
):
    ada, bob = customers("ada", "bob")
    vip, gold = create("VIP", "Gold")
    groups.change_groups(ada, add=[vip, gold])
    groups.change_groups(bob, add=[vip, gold])
    groups.delete_group(gold)

    outcome = groups.delete_customer(ada)
    groups.restore_group(gold)

    assert outcome.removed == 2
    assert members(vip) == members(gold) == [bob]
    ended = [until for who, _, until in intervals(vip) + intervals(gold) if who == ada]
    assert None not in ended
    assert store.groups_holding(ada) == []
    assert [event.reason for event in groups.application.events.get(vip)][-1] == "customer deleted"


def test_a_customer_put_again_is_in_no_group(groups, members, create, customers):
    (ada,) = customers("ada")
    vip = create("VIP")
    groups.change_customers(vip, add=[ada])
    groups.delete_customer(ada)

    customers("ada")

    assert members(vip) == []


def test_the_count_is_the_number_of_open_intervals(groups, intervals, detail, create, customers):
    ids = customers(30)
    vip = create("VIP")

    for start in range(0, 30, 7):
        groups.change_customers(vip, add=ids[start : start + 9], remove=ids[:start:3])
        still = [who for who, _, until in intervals(vip) if until is None]
        assert detail(vip).customers_count == len(still) == len(set(still))


def test_members_among_says_which_of_the_asked_are_members(groups, store, create, customers):
    ids = customers(10)
    vip, gold = create("VIP", "Gold")
    groups.change_customers(vip, add=ids[:5])
    groups.change_customers(gold, add=ids[5:])

    assert store.members_among(vip, [*ids[3:7], "nobody"]) == {*ids[3:5]}
    assert store.members_among(vip, []) == set()
    assert store.members_among("unknown", ids) == set()


def test_groups_holding_names_deleted_groups_too(groups, store, create, customers):
    (ada,) = customers("ada")
    vip, gold, third = create("VIP", "Gold", "Third")
    groups.change_groups(ada, add=[gold, vip, third])
    groups.change_groups(ada, remove=[third])
    groups.delete_group(gold)

    assert store.groups_holding(ada) == [vip, gold]


def test_the_groups_of_a_customer_are_its_living_ones(groups, store, create, customers):
    ada, bob = customers("ada", "bob")
    a, b, c, d = create("A", "B", "C", "D")
    groups.change_groups(ada, add=[a, b, c])
    groups.change_groups(bob, add=[c, d])
    groups.delete_group(b)

    def of(*who):
        page = group_list.page(store, limit=10, conditions={"customers": [*who]})
        assert page.count == len(page.rows)
        return [row.id for row in page.rows]

    assert of(ada) == [a, c]
    assert of(ada, bob) == [a, c, d]
    assert of("nobody") == of("nobody", "noone") == []


def test_check_answers_for_every_asked_customer(groups, store, create, customers):
    ada, bob, eve = customers("ada", "bob", "eve")
    a, b, c = sorted(create("A", "B", "C"))
    groups.change_customers(a, add=[ada, bob])
    groups.change_customers(b, add=[ada])
    groups.change_customers(c, add=[ada])
    groups.delete_group(c)

    checked = membership.check(store.read, [eve, bob, ada, "nobody"], [c, b, a, "unknown"])

    assert checked == {eve: [], bob: [a], ada: [a, b], "nobody": []}
    assert membership.check(store.read, [ada], [b]) == {ada: [b]}
    assert membership.check(store.read, [], []) == {}


@pytest.mark.parametrize("small", [0, 20_000])
def test_members_of_one_group_are_never_those_of_another(
    groups, store, detail, create, customers, monkeypatch, small
):
    monkeypatch.setattr(membership, "SMALL_GROUP", small)
    ids = customers(20)
    even, odd = create("Even", "Odd")
    groups.change_customers(even, add=ids[::2])
    groups.change_customers(odd, add=ids[1::2])

    for order in ("added_at", *membership.ORDERS):
        page = membership.members(store, detail(even), limit=100, order=(order, False))
        assert sorted(row.id for row in page.rows) == ids[::2]


def test_all_members_are_embedded_by_id(groups, store, detail, create, customers):
    ids = customers("ada", "eve", "bob")
    vip = create("VIP")
    groups.change_customers(vip, add=ids)
    groups.change_customers(vip, remove=["eve"])

    embedded = membership.embedded(store.read, detail(vip).group_key)

    assert [customer_id for customer_id, _ in embedded] == ["ada", "bob"]
    assert all(f'"id":"{id}"'.encode() in bytes(document) for id, document in embedded)


def test_a_member_that_the_directory_does_not_know_has_no_document(groups, store, detail, create):
    groups.application.accept_unknown_customers = True
    vip = create("VIP")
    groups.change_customers(vip, add=["shop-1"])

    page = membership.members(store, detail(vip), limit=10, accept_unknown=True)

    assert [(row.id, row.document) for row in page.rows] == [("shop-1", None)]
    assert membership.embedded(store.read, detail(vip).group_key) == [("shop-1", None)]
