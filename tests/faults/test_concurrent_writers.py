"""8 writers on 2 processes: every command is decided on what the one before it has left."""

import random

from domain.group import Group
from projections import group_list, membership
from projections.rebuild import verify


def errors(answers):
    return [answer for answer in answers if "error" in answer or "refused" in answer]


def test_200_overlapping_adds_and_removes_lose_nothing(groups, store, customers, together):
    ids = customers(100)
    vip = groups.create_group("VIP").group_id
    chance = random.Random(4711)
    commands = []
    for _ in range(200):
        some = chance.sample(ids, 30)
        commands.append(("change_customers", [vip], {"add": some[:17], "remove": some[17:]}))

    answers = together(commands)

    assert errors(answers) == []
    expected: set[str] = set()
    for event in [*groups.application.events.get(vip)][1:]:
        if isinstance(event, Group.CustomersAdded):
            assert not expected & {*event.customer_ids}
            expected |= {*event.customer_ids}
        else:
            assert expected >= {*event.customer_ids}
            expected -= {*event.customer_ids}
    joined, left = (sum(answer[what] for answer in answers) for what in ("added", "removed"))
    row = group_list.one(store.read, vip)
    members = [row.id for row in membership.members(store, row, limit=1000).rows]
    assert len(members) == len(set(members)) == row.customers_count == joined - left
    assert set(members) == expected
    assert verify(store).problems == []


def test_200_updates_of_different_keys_all_survive(groups, store, together):
    vip = groups.create_group("VIP").group_id

    answers = together([("update_group", [vip], {"metadata": {f"key {n}": n}}) for n in range(200)])

    assert errors(answers) == []
    assert store.group(vip).metadata == {f"key {n}": n for n in range(200)}
    assert store.group(vip).version == 201
    assert len({answer["position"] for answer in answers}) == 200
    assert verify(store).problems == []


def test_50_creates_of_one_name_make_one_group(store, together):
    answers = together([("create_group", ["VIP"], {})] * 50)

    assert [answer["refused"] for answer in errors(answers)] == ["name-taken"] * 49
    page = group_list.page(store, limit=100)
    (created,) = [answer["group_id"] for answer in answers if "refused" not in answer]
    assert ([row.id for row in page.rows], page.count) == ([created], 1)
    assert verify(store).problems == []


def test_a_customer_deleted_while_being_added_ends_without_the_membership(
    groups, store, customers, together
):
    ids = customers(40)
    made = [groups.create_group(f"Group {n}").group_id for n in range(4)]
    commands = []
    for customer_id in ids:
        adds = [("change_customers", [group_id], {"add": [customer_id]}) for group_id in made]
        mirror = ("change_groups", [customer_id], {"add": made[:2]})
        commands += [*adds[:2], ("delete_customer", [customer_id], {}), *adds[2:], mirror]

    answers = together(commands)

    assert {answer["refused"] for answer in errors(answers)} <= {"customer-not-found"}
    assert sum(answer["added"] for answer in answers if "added" in answer) > 0
    for customer_id in ids:
        assert store.groups_holding(customer_id) == []
    assert [group_list.one(store.read, id).customers_count for id in made] == [0] * 4
    assert verify(store).problems == []


def test_groups_deleted_restored_and_renamed_at_once_end_in_one_state(groups, store, together):
    made = [groups.create_group(f"Group {n}").group_id for n in range(3)]
    chance = random.Random(4711)
    commands = []
    for number in range(120):
        group_id = chance.choice(made)
        commands.append(
            (
                ("delete_group", [group_id], {}),
                ("restore_group", [group_id], {}),
                ("update_group", [group_id], {"name": f"Name {number % 5}"}),
                ("create_group", [f"Name {number % 7}"], {}),
            )[number % 4]
        )

    answers = together(commands)

    assert {answer.get("refused") for answer in errors(answers)} <= {
        "name-taken",
        "group-not-found",
        "group-not-deleted",
    }
    names = store.read("SELECT name FROM group_list WHERE deleted = 0")
    assert len(names) == len(set(names)) == group_list.page(store, limit=1).count
    assert verify(store).problems == []
