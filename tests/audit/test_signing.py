"""Signed tree heads: C2SP checkpoints, kept for ever, by keys that never change silently."""

import base64
import os
import stat
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from projections import merkle, schema
from service import signing
from service.auditor import Key, Wrong, check_signature, read_head, read_key

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAID = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
"""The key, the text and the signature of the example in Go's package for signed notes."""


@pytest.fixture
def keys(store):
    """The keys that the log lists."""
    return lambda: [read_key(one["key"]) for one in signing.public_keys(store.read)]


def test_the_key_and_the_signature_of_another_implementation_are_read():
    key = read_key(NEUMANN)
    signature = base64.b64decode(SIGNED)

    assert (key.name, key.text()) == ("PeterNeumann", NEUMANN)
    assert signature[:4] == key.id(1)
    check_signature(key, signature[4:], SAID)
    with pytest.raises(Wrong, match="it was made for another text"):
        check_signature(key, signature[4:], SAID.replace("your", "my"))


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+!",
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(Wrong):
        read_key(text)


def test_a_tree_head_is_a_signed_checkpoint_of_the_whole_log(store, groups, keys):
    groups.create_group("VIP")

    text = signing.signed_head(store).checkpoint

    name = f"customer-groups/{schema.property_value(store, 'log_id')}"
    root = base64.b64encode(merkle.root(store.read, 1)).decode()
    body, _, signatures = text.partition("\n\n")
    assert body == f"{name}\n1\n{root}"
    assert [line[: len(name) + 3] for line in signatures.splitlines()] == [f"— {name} "] * 2
    assert text.endswith("\n")
    head = read_head(text, keys())
    assert (head.size, head.root, head.log) == (1, merkle.root(store.read, 1), name[16:])


def test_the_time_is_signed(store, groups, keys, clock):
    groups.create_group("VIP")
    text = signing.signed_head(store).checkpoint
    assert read_head(text, keys()).time == clock.time

    plain, timed = text.splitlines()[-2:]
    encoded = timed.rpartition(" ")[2]
    moved = bytearray(base64.b64decode(encoded))
    moved[11] ^= 1
    forged = text.replace(encoded, base64.b64encode(moved).decode())

    assert plain != timed
    with pytest.raises(Wrong, match="made for another text"):
        read_head(forged, keys())


def test_every_character_of_a_tree_head_counts(store, groups, keys):
    groups.create_group("VIP")
    text = signing.signed_head(store).checkpoint
    body = text.index("\n\n")

    for place in range(body):
        changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
        with pytest.raises(Wrong):
            read_head(changed, keys())
    for more in ("\nextension", "\n"):
        with pytest.raises(Wrong):
            read_head(text[:body] + more + text[body:], keys())


def test_a_tree_head_may_be_cut_anywhere(store, groups, keys):
    groups.create_group("VIP")
    text = signing.signed_head(store).checkpoint

    whole = set()
    for length in range(len(text)):
        with suppress(Wrong):
            whole.add(read_head(text[:length], keys()).time)

    assert len(whole) == 2  # without the second signature, and without the last line end


def test_a_time_that_no_calendar_has_is_refused():
    private = Ed25519PrivateKey.generate()
    key = Key("log", private.public_key().public_bytes_raw())
    text = f"log\n0\n{base64.b64encode(bytes(32)).decode()}\n"
    signature = private.sign(f"cosignature/v1\ntime {2**64 - 1}\n{text}".encode())
    timed = base64.b64encode(key.id(4) + b"\xff" * 8 + signature).decode()

    with pytest.raises(Wrong, match="a signature by log has not the form of one"):
        read_head(f"{text}\n— log {timed}\n", [key])


def test_nobody_else_signs_for_the_log(store, groups):
    groups.create_group("VIP")
    text = signing.signed_head(store).checkpoint

    with pytest.raises(Wrong, match="not signed by a known key"):
        read_head(text, [read_key(NEUMANN)])
    with pytest.raises(Wrong, match="not signed by a known key"):
        read_head(text, [Key(text.partition("\n")[0], bytes(32))])


def test_the_key_of_another_log_does_not_sign_for_this_one(store, groups):
    """Its holder could sign this very text under its own name."""
    groups.create_group("VIP")
    body = signing.signed_head(store).checkpoint.partition("\n\n")[0] + "\n"
    private = Ed25519PrivateKey.generate()
    other = Key("customer-groups/log_other", private.public_key().public_bytes_raw())
    signature = base64.b64encode(other.id(1) + private.sign(body.encode())).decode()

    with pytest.raises(Wrong, match="not signed by a known key"):
        read_head(f"{body}\n— {other.name} {signature}\n", [other])


def test_a_tree_head_is_the_same_until_the_log_grows(store, groups):
    groups.create_group("VIP")
    first = signing.signed_head(store)
    assert signing.signed_head(store) == first

    groups.create_group("Staff")

    second = signing.signed_head(store)
    assert (first.size, second.size) == (1, 2)
    (key,) = signing.public_keys(store.read)
    assert (key["first_size"], key["last_size"], key["tree_heads"]) == (1, 2, 2)


def test_a_new_key_is_introduced_by_the_old_one(store, groups, keys):
    groups.create_group("VIP")
    signing.signed_head(store)

    head = signing.rotate(store)
    groups.create_group("Staff")
    later = signing.signed_head(store)

    old, new = keys()
    assert signing.public_keys(store.read)[1]["first_tree_head"] == head.checkpoint
    assert read_head(head.checkpoint, [old]) == read_head(head.checkpoint, [new])
    assert read_head(later.checkpoint, [new]).size == 2
    with pytest.raises(Wrong, match="not signed by a known key"):
        read_head(later.checkpoint, [old])


def test_a_lost_key_is_replaced_on_request_and_not_silently(store, groups, keys):
    groups.create_group("VIP")
    before = signing.signed_head(store)
    groups.create_group("Staff")
    lose_key(store)

    with pytest.raises(signing.CannotSign, match=r"is not here\. `customer-groups rotate-key`"):
        signing.signed_head(store)
    signing.rotate(store)

    old, new = keys()
    assert before.public_key == old.text()
    assert signing.signed_head(store).public_key == new.text()


def test_a_key_put_in_the_place_of_the_listed_one_does_not_sign(store, groups):
    groups.create_group("VIP")
    signing.signed_head(store)
    groups.create_group("Staff")
    lose_key(store)
    other = base64.b64encode(os.urandom(32)).decode()
    if store.dialect == "sqlite":
        store.path.with_name(store.path.name + ".signing-key").write_text(other)
    else:
        with store.defining():
            schema.keep(store, "signing_key", other)

    with pytest.raises(signing.CannotSign, match="is not that of"):
        signing.signed_head(store)


def test_the_private_key_is_for_the_owner_alone(sqlite_store):
    signing.prepare(sqlite_store)

    path = sqlite_store.path.with_name(sqlite_store.path.name + ".signing-key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().encode() not in sqlite_store.path.read_bytes()


def lose_key(store):
    if store.dialect == "sqlite":
        store.path.with_name(store.path.name + ".signing-key").unlink()
    else:
        with store.defining():
            store.execute("DELETE FROM property WHERE name = 'signing_key'", {})
