"""An export in which anything is wrong is found out, with no server and no database."""

import json
import re
import shutil
from base64 import b64decode, b64encode

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.audit_commands import verify
from service.auditor import ED25519, Key, Tree, leaf_hash, read_head, read_key
from service.export import export
from service.exported import Export
from service.manifest import ExportDamaged
from tests.audit.exports import checked, lines, manifest, replace_lines, rewrite

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""What is checked here are files; that both stores write the same is for `test_export`."""


@pytest.fixture
def whole(store, shop, tmp_path):  # noqa: ARG001  # the shop is in the store
    """An export of a whole log."""
    export(store, tmp_path / "export")
    return tmp_path / "export"


def flip(directory):
    path = directory / "events-000001.ndjson"
    path.write_bytes(path.read_bytes().replace(b"Name 1", b"Name 2", 1))


def cut_file(directory):
    path = directory / "events-000001.ndjson"
    path.write_bytes(path.read_bytes()[:-100])


def missing(directory):
    (directory / "events-000001.ndjson").unlink()


def other_file(directory):
    shutil.copy(directory / "events-000001.ndjson", directory / "events-000002.ndjson")


def wrong_digest(directory):
    (file,) = manifest(directory)["files"]
    rewrite(directory, files=[file | {"sha256": "0" * 64}])


def one_more_event(directory):
    rewrite(directory, events=manifest(directory)["events"] + 1)


def another_end(directory):
    rewrite(directory, last_position=manifest(directory)["last_position"] + 1)


def another_log(directory):
    rewrite(directory, log="log_01J00000000000000000000000")


def another_format(directory):
    rewrite(directory, format="customer-groups-export/2")


def another_key(directory):
    rewrite(directory, more=True)


def no_json(directory):
    (directory / "manifest.json").write_text("{")


def no_manifest(directory):
    (directory / "manifest.json").unlink()


def a_path_outside(directory):
    (file,) = manifest(directory)["files"]
    rewrite(directory, files=[file | {"name": "../export/events-000001.ndjson"}])


def no_key(directory):
    rewrite(directory, public_keys=[])


def another_root(directory):
    origin, size, root, *rest = manifest(directory)["tree_head"].split("\n")
    rewrite(directory, tree_head="\n".join([origin, size, root[::-1], *rest]))


def another_size(directory):
    origin, size, *rest = manifest(directory)["tree_head"].split("\n")
    rewrite(directory, tree_head="\n".join([origin, str(int(size) - 1), *rest]))


def no_signature(directory):
    text, _, _ = manifest(directory)["tree_head"].partition("\n\n")
    rewrite(directory, tree_head=text + "\n\n")


def passed_off_as_a_part(directory):
    replace_lines(directory, lambda lines: lines[1:])
    rewrite(directory, filters={"since": 2})


def changed_line(directory):
    replace_lines(directory, lambda lines: [line.replace(b"Name 1", b"Name 9") for line in lines])


def left_out(directory):
    replace_lines(directory, lambda lines: lines[:8] + lines[9:])


def cut_short(directory):
    replace_lines(directory, lambda lines: lines[:-1])


def swapped(directory):
    replace_lines(directory, lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]])


def twice(directory):
    replace_lines(directory, lambda lines: [*lines[:3], lines[2], *lines[4:]])


def forged(directory):
    replace_lines(directory, lambda lines: [*lines, grown(lines[-1])])


def grown(line):
    """A line that could come after this one."""
    data = json.loads(line)["data"]
    position, version = data["position"], data["version"]
    for old, new in (
        (f'"position":{position},', f'"position":{position + 1},'),
        (f'"{position:020}"', f'"{position + 1:020}"'),
        (f'"version":{version},', f'"version":{version + 1},'),
        (f"{data['group_id']}:{version}", f"{data['group_id']}:{version + 1}"),
    ):
        line = line.replace(old.encode(), new.encode())
    return line


def reformatted(directory):
    replace_lines(directory, lambda lines: [line.replace(b'":', b'": ', 1) for line in lines])


def another_source(directory):
    replace_lines(directory, lambda lines: [line.replace(b"/log_", b"/lag_") for line in lines])


def another_sequence(directory):
    replace_lines(directory, lambda lines: [line.replace(b'"000', b'"100') for line in lines])


def short_signature(directory):
    *rest, signature, end = manifest(directory)["tree_head"].split("\n")
    dash, name, encoded = signature.split(" ")
    rewrite(directory, tree_head="\n".join([*rest, f"{dash} {name} {encoded[:8]}", end]))


def earlier(directory):
    replace_lines(directory, lambda lines: [*lines[:-1], lines[-1].replace(b"202", b"199", 1)])


DAMAGES = [
    (flip, "events-000001.ndjson is not as it was written"),
    (cut_file, "line .*: a line without an end"),
    (missing, "events-000001.ndjson is missing"),
    (other_file, "events-000002.ndjson is not in the manifest"),
    (wrong_digest, "SHA-256 is another one"),
    (one_more_event, "tree head of"),
    (another_end, "The manifest speaks of"),
    (another_log, "The tree head is one of customer-groups/log_"),
    (another_format, "is not of the format customer-groups-export/1"),
    (another_key, "is not a manifest"),
    (no_json, "is not a manifest"),
    (no_manifest, r"no manifest\.json: it is no export, or one that was not finished"),
    (a_path_outside, "names other files"),
    (no_key, "has no public key"),
    (another_root, "not signed as it should be"),
    (another_size, "not signed as it should be"),
    (no_signature, "not signed as it should be"),
    (passed_off_as_a_part, "some are missing"),
    (changed_line, "one was changed, moved, added or left out"),
    (left_out, "version|tree head of"),
    (cut_short, "tree head of"),
    (swapped, "comes after"),
    (twice, "comes after"),
    (forged, "tree head of"),
    (reformatted, "line 1: not the published form"),
    (another_source, "line 1: not the published form of an event of log_"),
    (another_sequence, "line 1: not the published form of an event of log_"),
    (short_signature, "not signed as it should be"),
    (earlier, "earlier than the one before it"),
]


def test_every_damage_is_named(whole, tmp_path):
    assert checked(whole)
    unnamed = []

    for damage, found in DAMAGES:
        spoiled = tmp_path / damage.__name__ / "export"
        shutil.copytree(whole, spoiled)
        damage(spoiled)
        try:
            checked(spoiled)
            unnamed.append(f"{damage.__name__} is not found out")
        except ExportDamaged as error:
            if not re.search(found, str(error)):
                unnamed.append(f"{damage.__name__}: {error}")

    assert unnamed == []


def head_of(directory):
    said = manifest(directory)
    return read_head(said["tree_head"], [read_key(key["key"]) for key in said["public_keys"]])


def sign_again(store, directory):
    """Sign the lines as they are now, with the very key of the log."""
    tree = Tree()
    for line in lines(directory):
        tree.add(leaf_hash(line))
    secret = store.path.with_name(f"{store.path.name}.signing-key").read_text()
    private = Ed25519PrivateKey.from_private_bytes(b64decode(secret))
    key = read_key(manifest(directory)["public_keys"][0]["key"])
    text = f"{key.name}\n{tree.size}\n{b64encode(tree.root()).decode()}\n"
    signature = b64encode(key.id(ED25519) + private.sign(text.encode())).decode()
    rewrite(directory, tree_head=f"{text}\n— {key.name} {signature}\n")


@pytest.mark.parametrize("damage", [changed_line, cut_short])
def test_a_log_forged_with_its_key_is_found_by_a_kept_head(store, groups, whole, tmp_path, damage):
    groups.create_group("Later")
    export(store, tmp_path / "later")
    kept = [head_of(whole), head_of(tmp_path / "later")]
    assert checked(tmp_path / "later", kept)

    for _ in range(2 if damage is cut_short else 1):
        damage(tmp_path / "later")
    sign_again(store, tmp_path / "later")

    assert checked(tmp_path / "later")
    with pytest.raises(ExportDamaged, match=r"was cut short|was changed, moved"):
        checked(tmp_path / "later", kept)


def test_a_log_that_was_cut_short_is_found_by_a_kept_head(store, groups, whole, tmp_path):
    groups.create_group("Later")
    export(store, tmp_path / "later")

    with pytest.raises(ExportDamaged, match="The log was cut short: it had"):
        Export(whole, [head_of(tmp_path / "later")])


def test_a_key_that_is_trusted_must_have_signed(whole):
    signed = manifest(whole)
    key = read_key(signed["public_keys"][0]["key"])
    stranger = Ed25519PrivateKey.generate()
    public = stranger.public_key().public_bytes_raw()
    text = signed["tree_head"].partition("\n\n")[0] + "\n"
    forger = Key(key.name, public)
    signature = b64encode(forger.id(ED25519) + stranger.sign(text.encode())).decode()
    assert checked(whole, keys=[key])

    rewrite(
        whole,
        tree_head=f"{text}\n— {key.name} {signature}\n",
        public_keys=[signed["public_keys"][0] | {"key": forger.text()}],
    )

    assert checked(whole)
    with pytest.raises(ExportDamaged, match="not signed by a known key"):
        checked(whole, keys=[key])


def test_the_command_needs_no_database(whole, tmp_path):
    (tmp_path / "head").write_text(manifest(whole)["tree_head"])
    key = manifest(whole)["public_keys"][0]["key"]
    asked = ["--export", str(whole), "--tree-head", str(tmp_path / "head")]
    nowhere = {"CUSTOMER_GROUPS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}

    found = CliRunner().invoke(verify, asked, env=nowhere)
    trusted = CliRunner().invoke(verify, [*asked, "--key", key], env=nowhere)
    flip(whole)
    damaged = CliRunner().invoke(verify, asked, env=nowhere)

    events = manifest(whole)["events"]
    assert found.exit_code == trusted.exit_code == 0, found.output
    assert f"{events} events of {manifest(whole)['log']}" in trusted.stdout
    assert key in found.stdout
    assert damaged.exit_code == 1
    assert "was changed, moved, added or left out" in damaged.stderr
