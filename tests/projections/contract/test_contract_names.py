"""Names are unique among the living groups, under the write lock and in the tables."""

import pytest

from domain.errors import NameTaken


def test_a_living_group_holds_its_name(groups, store, create):
    vip = create("VIP")

    assert store.name_taken("VIP", None)
    assert not store.name_taken("VIP", vip)
    assert not store.name_taken("vip", None)
    with pytest.raises(NameTaken):
        groups.create_group("VIP")


def test_a_renamed_group_frees_its_old_name(groups, store, create):
    vip = create("VIP")

    groups.update_group(vip, name="Gold")

    assert not store.name_taken("VIP", None)
    assert store.name_taken("Gold", None)


def test_two_groups_may_swap_names_by_way_of_a_third(groups, detail, create):
    a, b = create("A", "B")

    groups.update_group(a, name="C")
    groups.update_group(b, name="A")
    groups.update_group(a, name="B")

    assert b'"name":"B"' in detail(a).document
    assert b'"name":"A"' in detail(b).document


def test_many_deleted_groups_may_have_had_one_name(groups, store, create):
    for _ in range(3):
        groups.delete_group(create("VIP"))

    assert not store.name_taken("VIP", None)
    assert create("VIP")


def test_a_restored_group_takes_its_name_back(groups, store, create):
    vip = create("VIP")
    groups.delete_group(vip)

    groups.restore_group(vip)

    assert store.name_taken("VIP", None)


def test_a_group_is_not_restored_while_its_name_is_taken(groups, store, create):
    vip = create("VIP")
    groups.delete_group(vip)
    create("VIP")

    with pytest.raises(NameTaken):
        groups.restore_group(vip)

    assert store.group(vip).deleted


def test_names_that_look_alike_are_names_of_their_own(create):
    names = ["VIP", "vip", "ViP", "Straße", "Strasse", "ÄÖÜ", "äöü", "a b", "a  b", "%", "_", "'"]

    assert len(set(create(*names))) == len(names)


def test_the_tables_themselves_refuse_a_second_group_of_a_name(store, create):
    create("VIP", "Gold")
    before = store.read("SELECT * FROM group_list ORDER BY 1")

    def break_the_rule():
        with store.deciding():
            store.write("UPDATE group_list SET name = 'VIP' WHERE name = 'Gold'")

    with pytest.raises(Exception, match=r"(?i)unique"):
        break_the_rule()

    assert store.read("SELECT * FROM group_list ORDER BY 1") == before
