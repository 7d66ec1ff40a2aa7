"""The commands that check the log, on both databases."""

import pytest
from click.testing import CliRunner

from domain.application import CustomerGroups
from service import signing
from service.cli import main
from service.verification import check_log
from tests.asking import Asking


@pytest.fixture
def cli(database_url, own_store, monkeypatch):
    """Run a command of ours on a log of four events."""
    monkeypatch.setenv("CUSTOMER_GROUPS_DATABASE_URL", database_url)
    groups = Asking(CustomerGroups(own_store))
    for name in ("VIP", "Staff"):
        groups.update_group(groups.create_group(name).group_id, name=f"{name} 2")
    return lambda *arguments: CliRunner().invoke(main, [*map(str, arguments)])


def test_the_command_says_what_holds(cli, own_store, tmp_path):
    kept = tmp_path / "kept.txt"
    kept.write_text(signing.signed_head(own_store).checkpoint)
    key = signing.public_keys(own_store.read)[0]["key"]

    done = cli("verify", "--log", "--tree-head", kept, "--key", key)

    assert done.exit_code == 0, done.output
    assert "4 events to position 4 are those of the tree and of 2 signed tree heads." in done.output


@pytest.mark.parametrize("more", [["--log"], []], ids=["the log", "everything"])
def test_the_command_ends_with_1_and_names_what_is_wrong(cli, own_store, more):
    with own_store.defining():
        own_store.execute("DELETE FROM stored_events WHERE notification_id = 3", {})

    done = cli("verify", *more)

    assert done.exit_code == 1
    assert "position 3: the event is missing" in done.output
    assert "The log is not what was committed." in done.output


def test_the_rebuild_command_refuses_and_says_what_to_do(cli, own_store):
    with own_store.defining():
        own_store.execute("DELETE FROM merkle_leaf WHERE number = 3", {})

    refused, done = cli("rebuild"), cli("rebuild", "--accept-log")

    assert refused.exit_code == 1
    assert "position 4: an event that was never committed, or the tree is damaged" in refused.output
    assert "customer-groups rebuild --accept-log" in refused.output
    assert (done.exit_code, cli("verify").exit_code) == (0, 0), done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--key", "nonsense"], "a key is NAME+ID+KEY, not 'nonsense'"),
        (["--tree-head", __file__], "is not a tree head: name, size and root, a line each"),
    ],
)
def test_the_command_says_what_it_accepts(cli, arguments, message):
    done = cli("verify", "--log", *arguments)

    assert done.exit_code == 1
    assert message in done.output


def test_a_new_key_is_told_and_listed(cli, own_store):
    signing.signed_head(own_store)

    done = cli("rotate-key")

    first, second = signing.public_keys(own_store.read)
    assert done.output == f"Tree heads are signed by {second['key']} from 4 events on.\n"
    assert (first["tree_heads"], second["tree_heads"], second["first_size"]) == (1, 1, 4)


def test_an_empty_log_is_right(store):
    signing.signed_head(store)

    assert check_log(store).problems == []
