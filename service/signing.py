"""Signed tree heads: what the log was at a time, as C2SP checkpoints that anybody can check.

The private key is made once: for SQLite in a file beside the database (mode 0600), for PostgreSQL
in a row. So whoever has the machine, or that database, can sign a log that they have changed. What
they cannot do is make it agree with a tree head that somebody else has kept.
"""

import base64
import os
import struct
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.context import decided_at
from projections import log, merkle, schema, tree_heads
from projections.documents import moment
from projections.sql import Read
from projections.sqlite import SQLiteStore
from projections.store import Store
from projections.tree_heads import KeptHead
from service.auditor import (
    ED25519,
    TIMESTAMPED,
    Head,
    Key,
    Wrong,
    read_head,
    read_key,
    roots_by_consistency,
)

PROPERTY = "signing_key"

SIGNED = ("first_size", "last_size", "tree_heads", "first_tree_head")

ROTATE = "`customer-groups rotate-key` makes a new one, and says so in the list of keys."


class CannotSign(Exception):
    """A tree head cannot be signed now; the message says why and what to do."""


def origin(log_id: str) -> str:
    """Return the name of a log in its tree heads, which is also the name of its keys."""
    return f"customer-groups/{log_id}"


def signed_head(store: Store) -> KeptHead:
    """Return the tree head of the whole log, signed by the newest key; kept since the first time.

    A replica, which cannot write, gives the newest one that it has. Raises `CannotSign`.
    """
    with store.reading():
        newest = tree_heads.newest(store.read)
        if newest is not None and (store.is_replica() or _is_current(store, newest)):
            return newest
    if store.is_replica():
        raise CannotSign("No tree head has been signed yet; ask the primary for the first.")
    with store.deciding():
        key = current_key(store)
        newest = tree_heads.newest(store.read)
        if newest is not None and _is_current(store, newest):
            return newest
        return _sign(store, newest, [key])


def current_key(store: Store) -> Ed25519PrivateKey:
    """Return the key that signs, made and listed the first time; inside `deciding`.

    Raises `CannotSign` when the newest listed key is not the one at hand: a key never changes
    silently.
    """
    listed = tree_heads.keys(store.read)
    private = _load(store)
    if not listed:
        if private is None:
            private = Ed25519PrivateKey.generate()
            _save(store, private)
        _list(store, private)
        return private
    if private is None:
        raise CannotSign(f"The private key of {listed[-1].public_key} is not here. {ROTATE}")
    if _public(store, private).text() != listed[-1].public_key:
        raise CannotSign(f"The private key here is not that of {listed[-1].public_key}. {ROTATE}")
    return private


def prepare(store: Store) -> None:
    """Make and list the first key of a log that has none."""
    if not tree_heads.keys(store.read):
        with store.deciding():
            current_key(store)


def rotate(store: Store) -> KeptHead:
    """Make a new key and return its first tree head; the old key signs it too, if it is at hand."""
    with store.deciding():
        try:
            signers = [current_key(store)]
        except CannotSign:
            signers = []
        new = Ed25519PrivateKey.generate()
        _list(store, new)
        head = _sign(store, tree_heads.newest(store.read), [*signers, new])
        _save(store, new)
        return head


def public_keys(read: Read) -> list[dict[str, Any]]:
    """Return all keys of the log, the oldest first: `key`, `made_at`, and what they signed.

    `first_size` and `last_size` are the sizes of the trees, null when `tree_heads` is 0;
    `first_tree_head` is one that the key before signed too, if it was at hand.
    """
    return [
        {"key": public_key, "made_at": made_at, **dict(zip(SIGNED, signed, strict=True))}
        for public_key, made_at, *signed in tree_heads.keys(read)
    ]


def adopt(store: Store, checkpoint: str, public_keys: Iterable[Mapping[str, Any]]) -> None:
    """Keep the keys and the tree head of the log that was imported; inside `deciding`.

    Its private key stayed where it was: `rotate` makes one of this database's own. Raises `Wrong`.
    """
    listed = list(public_keys)
    for key in listed:
        tree_heads.keep_key(store.write, key["key"], key["made_at"])
    notes = [(key["first_tree_head"], key["key"]) for key in listed if key["first_tree_head"]]
    for note, public_key in dict([*notes, (checkpoint, str(listed[-1]["key"]))]).items():
        head = checked(note, listed, log.log_id(store.read))
        if head.root != merkle.root(store.read, min(head.size, merkle.size(store.read))):
            raise Wrong(f"the tree head of {head.size} events is not that of the imported log")
        tree_heads.keep(store.write, KeptHead(head.size, head.root, note, public_key))


def checked(checkpoint: str, public_keys: Iterable[Mapping[str, Any]], log_id: str) -> Head:
    """Return the tree head of a log, signed by one of these keys of its. Raises `Wrong`."""
    head = read_head(checkpoint, [read_key(key["key"]) for key in public_keys])
    if head.origin != origin(log_id):
        raise Wrong(f"the tree head is one of {head.origin}, not of {origin(log_id)}")
    return head


def read(head: KeptHead) -> Head:
    """Return a kept head with the time that was signed with it."""
    return read_head(head.checkpoint, [read_key(head.public_key)])


def _is_current(store: Store, head: KeptHead) -> bool:
    """Whether a head is that of the whole log and signed by the newest key."""
    listed = tree_heads.keys(store.read)
    newest_key = listed[-1].public_key if listed else None
    return (head.size, head.public_key) == (merkle.size(store.read), newest_key)


def _sign(store: Store, newest: KeptHead | None, signers: list[Ed25519PrivateKey]) -> KeptHead:
    """Sign the tree as it is and keep that; never one that does not go on from the newest head."""
    size = merkle.size(store.read)
    try:
        root = merkle.root(store.read, size)
        if newest is not None and not _goes_on(store, newest, size, root):
            raise CannotSign(
                f"The tree does not go on from the signed tree head of {newest.size} events;"
                " `customer-groups verify --log` says what is wrong."
            )
    except merkle.TreeDamaged as error:
        raise CannotSign(
            f"The tree is damaged: {error}; `customer-groups verify --log` says what is wrong."
        ) from error
    name = origin(log.log_id(store.read))
    text = f"{name}\n{size}\n{base64.b64encode(root).decode()}\n"
    time = int(decided_at.get().timestamp())
    lines = []
    for signer in signers:
        key = _public(store, signer)
        plain = key.id(ED25519) + signer.sign(text.encode())
        timed = key.id(TIMESTAMPED) + struct.pack(">Q", time)
        timed += signer.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        lines += [f"— {name} {base64.b64encode(one).decode()}\n" for one in (plain, timed)]
    public_key = _public(store, signers[-1]).text()
    head = KeptHead(size, root, f"{text}\n{''.join(lines)}", public_key)
    tree_heads.keep(store.write, head)
    return head


def _goes_on(store: Store, old: KeptHead, size: int, root: bytes) -> bool:
    """Whether the tree of this size and root begins with that of an older head."""
    if old.size in (0, size):
        return old.root == merkle.root(store.read, old.size) and old.size <= size
    if old.size > size:
        return False
    proof = merkle.consistency(store.read, old.size, size)
    return roots_by_consistency(old.size, size, proof, old.root) == [old.root, root]


def _public(store: Store, private: Ed25519PrivateKey) -> Key:
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Key(origin(log.log_id(store.read)), raw)


def _list(store: Store, private: Ed25519PrivateKey) -> None:
    made_at = moment(decided_at.get())
    tree_heads.keep_key(store.write, _public(store, private).text(), made_at)


def _path(store: SQLiteStore) -> Path:
    return store.path.with_name(store.path.name + ".signing-key")


def _load(store: Store) -> Ed25519PrivateKey | None:
    text = None
    if isinstance(store, SQLiteStore):
        with suppress(FileNotFoundError):
            text = _path(store).read_text()
    else:
        text = schema.property_value(store, PROPERTY)
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text)) if text else None


def _save(store: Store, private: Ed25519PrivateKey) -> None:
    text = base64.b64encode(private.private_bytes_raw()).decode()
    if not isinstance(store, SQLiteStore):
        schema.keep(store, PROPERTY, text)
        return
    descriptor, written = tempfile.mkstemp(dir=store.path.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(written).replace(_path(store))
