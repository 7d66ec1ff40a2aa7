"""verify --log names the first event that is wrong, whatever was done behind our back."""

import pytest

from projections import log, merkle, rebuild, tree_heads
from projections.rebuild import LogSuspect
from service import signing
from service.verification import check_log

NAMES = ("VIP", "Wholesale", "Staff", "Press", "Friends")


pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def shop(groups):
    """Ten events: five groups are made, then renamed."""
    made = [groups.create_group(name).group_id for name in NAMES]
    for group_id, name in zip(made, NAMES, strict=True):
        groups.update_group(group_id, name=f"{name} 2")


@pytest.fixture
def damage(store):
    """Change the database behind the service's back."""

    def damage(*statements, **parameters):
        with store.defining():
            for statement in statements:
                store.execute(statement, parameters)

    return damage


def positions(store):
    return [row[0] for row in store.read("SELECT notification_id FROM stored_events ORDER BY 1")]


def state_at(store, position):
    statement = "SELECT state FROM stored_events WHERE notification_id = :position"
    return bytes(store.read(statement, position=position)[0][0])


def forged(store):
    """Make the tree anew from the log as it is now, as whoever has the program and the key can."""
    with store.deciding():
        store.write("DELETE FROM merkle_leaf")
        store.write("DELETE FROM merkle_subtree")
        merkle.append(log.after(store.read, 0, limit=1000), store.write)


SET_STATE = "UPDATE stored_events SET state = :state WHERE notification_id = :position"


def test_a_log_that_nobody_touched_is_right(store):
    signing.signed_head(store)

    found = check_log(store)

    assert (found.events, found.position, found.heads) == (10, positions(store)[-1], 1)
    assert found.problems == []


def test_every_byte_of_an_event_counts(store, damage, sized):
    fifth = positions(store)[4]
    state = state_at(store, fifth)

    step = sized(7, 1)
    for place in range(0, len(state), step):
        flipped = bytes([*state[:place], state[place] ^ 0x80, *state[place + 1 :]])
        damage(SET_STATE, state=flipped, position=fifth)

        found = check_log(store).problems

        assert found == [f"position {fifth}: the event is not the one that was committed"]


@pytest.mark.parametrize(
    "change",
    [
        "topic = 'GroupDeleted'",
        "originator_version = 9",
        "originator_id = 'cusgroup_other'",
        "state = substr(state, 1, 60)",
        "state = substr(state, 1, 0)",
    ],
)
def test_everything_that_is_stored_of_an_event_counts(store, damage, change):
    fifth = positions(store)[4]

    damage(f"UPDATE stored_events SET {change} WHERE notification_id = {fifth}")

    assert check_log(store).problems[0].startswith(f"position {fifth}: the event is not the one")


@pytest.mark.parametrize("number", [b"1", b"01", b"9" * 5000])
def test_a_version_of_the_event_that_nobody_wrote_counts(store, damage, number):
    """It is spliced out of what is published, and would be read in a replay."""
    fifth = positions(store)[4]
    state = state_at(store, fifth)

    more = b'"class_version":' + number + b","
    damage(SET_STATE, state=state[:43] + more + state[43:], position=fifth)

    found = check_log(store).problems
    assert found == [f"position {fifth}: the event is not the one that was committed"]


def test_a_dropped_event_is_named(store, damage):
    fifth = positions(store)[4]

    damage(f"DELETE FROM stored_events WHERE notification_id = {fifth}")

    assert check_log(store).problems == [f"position {fifth}: the event is missing"]


def test_two_swapped_events_are_found_at_the_first_of_them(store, damage):
    third, fifth = positions(store)[2], positions(store)[4]

    damage(
        f"UPDATE stored_events SET notification_id = 999 WHERE notification_id = {third}",
        f"UPDATE stored_events SET notification_id = {third} WHERE notification_id = {fifth}",
        f"UPDATE stored_events SET notification_id = {fifth} WHERE notification_id = 999",
    )

    assert check_log(store).problems[0].startswith(f"position {third}: the event is not the one")


@pytest.mark.parametrize("position", [-5, 0, 1_000])
def test_a_forged_event_is_named_wherever_it_was_put(store, damage, position):
    damage(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic,"
        f" state) SELECT {position}, originator_id, 3, topic, state FROM stored_events"
        f" WHERE notification_id = {positions(store)[-1]}"
    )

    assert check_log(store).problems[0] == f"position {position}: an event that was never committed"


def test_a_log_that_was_cut_is_found(store, damage):
    last = positions(store)[-1]

    damage(f"DELETE FROM stored_events WHERE notification_id = {last}")

    assert check_log(store).problems == [f"position {last}: the event is missing"]


def test_a_log_cut_together_with_its_tree_is_found_by_the_kept_tree_head(store, damage):
    signing.signed_head(store)
    eighth = positions(store)[7]

    damage(f"DELETE FROM stored_events WHERE notification_id > {eighth}")
    forged(store)

    (found,) = check_log(store).problems
    assert found.startswith("The tree head of ")
    assert f"is of 10 events, the log has 8: its end was cut off after position {eighth}" in found


def test_a_log_forged_together_with_its_tree_is_found_between_two_tree_heads(store, groups, damage):
    signing.signed_head(store)
    before = positions(store)[-1]
    groups.create_group("Late")
    groups.create_group("Later")
    signing.signed_head(store)
    *_, forged_position, last = positions(store)

    state = state_at(store, forged_position).replace(b"Late", b"Fake")
    damage(SET_STATE, state=state, position=forged_position)
    forged(store)

    (found,) = check_log(store).problems
    assert f"after position {before} and up to {last} an event was changed" in found


def test_forging_with_the_key_in_hand_is_found_by_whoever_kept_a_tree_head(store, damage):
    kept = signing.signed_head(store).checkpoint
    third = positions(store)[2]
    damage(SET_STATE, state=state_at(store, third).replace(b"Staff", b"Stuff"), position=third)
    forged(store)
    damage("DELETE FROM tree_head")
    signing.signed_head(store)

    assert check_log(store).problems == []
    (found,) = check_log(store, [("january.txt", kept)]).problems
    assert found.startswith("january.txt of 20")
    assert f"after position 0 and up to {positions(store)[-1]} an event was changed" in found


def test_a_tree_head_by_another_key_than_the_auditors_is_refused(store):
    own = signing.public_keys(store.read)
    assert own == []  # the first tree head makes the key
    kept = signing.signed_head(store).checkpoint
    known = signing.read_key(signing.public_keys(store.read)[0]["key"])
    signing.rotate(store)
    new = signing.read_key(signing.public_keys(store.read)[1]["key"])

    assert check_log(store, [("kept", kept)], [known]).problems == []
    assert check_log(store, [("kept", kept)]).problems == []
    (found,) = check_log(store, [("kept", kept)], [new]).problems
    assert found == "kept: the tree head of 10 leaves is not signed by a known key"


@pytest.mark.parametrize(
    "change",
    [
        "size = 9",
        "root = substr(root, 2) || substr(root, 1, 1)",
        "checkpoint = replace(checkpoint, '10', '11')",
        "checkpoint = 'nonsense'",
    ],
)
def test_a_kept_tree_head_that_was_changed_is_found(store, damage, change):
    signing.signed_head(store)
    if store.dialect == "sqlite" and change.startswith("root"):
        change = "root = zeroblob(32)"

    damage(f"UPDATE tree_head SET {change}")

    (found,) = check_log(store).problems
    assert found.startswith("The tree head")


def test_a_list_of_keys_that_was_changed_is_found(store, damage):
    signing.signed_head(store)

    damage("UPDATE signing_key SET public_key = 'nonsense'")

    listed, head = check_log(store).problems
    assert listed == "The list of keys: a key is NAME+ID+KEY, not 'nonsense'"
    assert head.endswith("nobody signed what is in its row")


# -- what a rebuild makes of it ------------------------------------------------------------------


def test_a_rebuild_does_not_launder_a_log_that_was_changed(store, damage):
    fifth = positions(store)[4]
    damage(SET_STATE, state=state_at(store, fifth).replace(b"Friends", b"Enemies"), position=fifth)

    with pytest.raises(LogSuspect, match=f"position {fifth}: the event is not the one"):
        rebuild.rebuild(store)

    assert merkle.root(store.read, 10) != check_root(store)


def test_a_rebuild_never_overrules_a_signed_tree_head(store, damage):
    signing.signed_head(store)
    fifth = positions(store)[4]
    damage(SET_STATE, state=state_at(store, fifth).replace(b"Friends", b"Enemies"), position=fifth)
    forged(store)

    with pytest.raises(LogSuspect, match="A tree head that was signed, of 10 events"):
        rebuild.rebuild(store, accept_log=True)


def test_a_damaged_tree_is_repaired_where_a_tree_head_says_that_the_log_is_right(store, damage):
    signing.signed_head(store)
    damage("UPDATE merkle_leaf SET hash = (SELECT hash FROM merkle_leaf WHERE number = 0)")
    assert check_log(store).tree

    rebuild.rebuild(store)

    assert check_log(store).problems == []


def test_a_damaged_tree_is_repaired_on_request_where_nothing_tells(store, damage):
    damage("DELETE FROM merkle_leaf WHERE number = 7")
    eighth = positions(store)[7]
    with pytest.raises(LogSuspect, match=f"position {eighth}: .*, or the tree is damaged"):
        rebuild.rebuild(store)

    rebuild.rebuild(store, accept_log=True)

    assert check_log(store).problems == []
    assert merkle.number_at(store.read, eighth) == 7


def test_no_tree_head_is_signed_for_a_log_that_does_not_go_on_from_the_last(store, groups, damage):
    first = signing.signed_head(store)
    damage("UPDATE merkle_leaf SET hash = (SELECT hash FROM merkle_leaf WHERE number = 0)")
    groups.create_group("Late")

    with pytest.raises(signing.CannotSign, match="does not go on from the signed tree head of 10"):
        signing.signed_head(store)

    assert tree_heads.newest(store.read) == first


def check_root(store):
    """The root of the log as it is stored now."""
    tree = merkle.Tree()
    identity = log.log_id(store.read)
    for event in log.after(store.read, 0, limit=1000):
        tree.append(merkle.leaf(log.published(event, identity)))
    return tree.root()
