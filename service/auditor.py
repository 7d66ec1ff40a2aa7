"""Checks a log of customer groups without trusting whoever keeps it. One file: read it, run it.

    python auditor.py export DIR [--tree-head FILE]... [--key KEY]...
    python auditor.py consistency PROOF --tree-head OLDER --tree-head NEWER [--key KEY]...
    python auditor.py inclusion PROOF LINE --tree-head FILE [--key KEY]...

DIR is what `customer-groups export` wrote. A tree head is what `GET /audit/tree-head` answered at
some time: keep every one you get, elsewhere. KEY is a line of `GET /audit/public-key`; get it once
from somebody you trust, for whoever changes the log may change the key beside it. PROOF is an
answer of `GET /audit/proof/...`, LINE a published event. Ends with 1 and a sentence when something
is wrong. Needs Python 3.11 and the package `cryptography`, and nothing of ours.

What it relies on:
- Every published event is one line. The lines are the leaves of a Merkle tree (RFC 6962, section
  2.1): leaf = SHA-256(0x00 || line without its line end), node = SHA-256(0x01 || left || right).
  So 32 bytes, the root, stand for every byte of every line and for their order.
- A tree head is a C2SP checkpoint: the log's name, how many leaves, the root; signed with Ed25519
  as a C2SP signed note. A log that was changed, cut short or written anew cannot have the root
  that an older head names, whoever has the key now.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(Exception):
    """What does not hold, in one sentence."""


MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading a file leads to that has not the form it should have."""


# -- the tree: RFC 6962, section 2.1 -------------------------------------------------------------


def leaf_hash(line: bytes) -> bytes:
    """Return the hash of a line, which has no line end."""
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Leaves that are added on the right; keeps the roots of its complete subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def add(self, subtree: bytes, leaves: int = 1) -> None:
        """Add a leaf, or the root of a complete subtree of so many leaves, a power of two."""
        self.size += leaves
        subtrees = self.size // leaves
        while subtrees % 2 == 0:
            subtree, subtrees = node_hash(self.peaks.pop(), subtree), subtrees // 2
        self.peaks.append(subtree)

    def root(self) -> bytes:
        """Return the root of all leaves so far."""
        if not self.peaks:
            return hashlib.sha256().digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_by_inclusion(leaf: bytes, number: int, size: int, proof: list[bytes]) -> bytes:
    """Return the root of `size` leaves of which leaf `number` has this proof (RFC 9162, 2.1.3.2).

    Raises `Wrong` for a proof of another length.
    """
    root, last, rest = leaf, size - 1, iter(proof)
    if not 0 <= number < size:
        raise Wrong(f"leaf {number} is not one of {size} leaves")
    while last:
        if number % 2 or number < last:
            sibling = next(rest, None)
            if sibling is None:
                raise Wrong("the proof is too short")
            root = node_hash(sibling, root) if number % 2 else node_hash(root, sibling)
        number, last = number // 2, last // 2
    if next(rest, None) is not None:
        raise Wrong("the proof is too long")
    return root


def roots_by_consistency(first: int, second: int, proof: list[bytes], old: bytes) -> list[bytes]:
    """Return the roots of `first` and of `second` leaves that a proof makes (RFC 9162, 2.1.4.2).

    `old` is the root of the first, which the proof leaves out where it is a complete subtree.
    Raises `Wrong` for a proof of another length.
    """
    if not 0 < first < second:
        raise Wrong(f"from {first} to {second} leaves there is no proof")
    number, last, rest = first - 1, second - 1, list(proof)
    while number % 2:
        number, last = number // 2, last // 2
    if first.bit_count() == 1:  # a complete subtree: its root is the old root
        rest.insert(0, old)
    if not rest:
        raise Wrong("the proof is too short")
    before = after = rest.pop(0)
    while last:
        if number % 2 or number < last:
            if not rest:
                raise Wrong("the proof is too short")
            sibling = rest.pop(0)
            if number % 2:
                before, after = node_hash(sibling, before), node_hash(sibling, after)
            else:
                after = node_hash(after, sibling)
        number, last = number // 2, last // 2
    if rest:
        raise Wrong("the proof is too long")
    return [before, after]


# -- tree heads: C2SP tlog-checkpoint, signed-note and tlog-cosignature --------------------------

ED25519 = 1
TIMESTAMPED = 4
"""The two kinds of signature of a note that are read here."""


class Head(NamedTuple):
    """A tree head; `time` is the one that was signed, None when no known key signed any."""

    origin: str
    size: int
    root: bytes
    time: datetime | None = None

    @property
    def log(self) -> str:
        """The id of the log, which `source` of its events ends in."""
        return self.origin.rpartition("/")[2]


class Key(NamedTuple):
    """A public key of a log."""

    name: str
    public: bytes

    def id(self, kind: int) -> bytes:
        """Return the four bytes by which signatures of a kind name the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([kind]) + self.public).digest()[:4]

    def text(self) -> str:
        """Return the key as C2SP writes it: NAME+ID+KEY."""
        public = base64.b64encode(bytes([ED25519]) + self.public).decode()
        return f"{self.name}+{self.id(ED25519).hex()}+{public}"


def read_key(text: str) -> Key:
    """Return the key of NAME+ID+KEY. Raises `Wrong`."""
    try:
        name, identity, encoded = text.strip().split("+", 2)
        public = base64.b64decode(encoded, validate=True)
        key = Key(name, public[1:])
        is_right = key.id(ED25519).hex() == identity
    except MALFORMED:
        raise Wrong(f"a key is NAME+ID+KEY, not {text!r}") from None
    if len(public) != 33 or public[0] != ED25519 or not is_right:
        raise Wrong(f"{text!r} is not an Ed25519 key with its right id")
    return key


def read_head(note: str, keys: list[Key]) -> Head:
    """Return the tree head of a signed note.

    Raises `Wrong` unless one of the keys has signed it; with no keys nothing is known of that.
    """
    try:
        text, blank, signatures = note.rpartition("\n\n")
        text += "\n"
        origin, size, root, *_ = text.split("\n")
        head = Head(origin, int(size), hash_of(root))
        if not blank or size != str(head.size) or head.size < 0:
            raise ValueError(size)
    except (Wrong, *MALFORMED):
        raise Wrong(
            "this is not a tree head: name, size and root, a line each, then signatures"
        ) from None
    signed, time = False, None
    for line in signatures.splitlines():
        who, _, encoded = line.rpartition(" ")
        for key in keys:
            if who != f"— {key.name}" or key.name != origin:
                continue
            try:
                signature = base64.b64decode(encoded, validate=True)
                if signature[:4] == key.id(ED25519):
                    check_signature(key, signature[4:], text)
                    signed = True
                elif signature[:4] == key.id(TIMESTAMPED):
                    seconds = int.from_bytes(signature[4:12], "big")
                    check_signature(key, signature[12:], f"cosignature/v1\ntime {seconds}\n{text}")
                    time = datetime.fromtimestamp(seconds, UTC)
            except (OSError, *MALFORMED):
                raise Wrong(f"a signature by {key.name} has not the form of one") from None
    if keys and not signed:
        raise Wrong(f"the tree head of {head.size} leaves is not signed by a known key")
    return head._replace(time=time)


def hash_of(text: str) -> bytes:
    """Return the hash that base64 has. Raises `Wrong` when it is none of SHA-256."""
    try:
        value = base64.b64decode(text, validate=True)
    except MALFORMED:
        value = b""
    if len(value) != 32:
        raise Wrong(f"{text!r} is not a hash of 32 bytes in base64")
    return value


def check_signature(key: Key, signature: bytes, text: str) -> None:
    """Raise `Wrong` unless the key made the signature."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature:
        raise Wrong(f"a signature by {key.name} is wrong: it was made for another text") from None


# -- an export: manifest.json, the lines in NDJSON files, and gaps.ndjson for a part of the log ----


def check_export(folder: Path, kept: list[Head], keys: list[Key]) -> str:
    """Return what holds, in one sentence; raise `Wrong` with what does not."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    listed = [read_key(one["key"]) for one in manifest["public_keys"]]
    own = read_head(manifest["tree_head"], keys or listed)
    for head in kept:
        if head.origin != own.origin:
            raise Wrong(f"the tree head of {head.size} events is one of {head.origin}, another log")
        if head.size > own.size:
            raise Wrong(f"the log was cut short: it had {head.size} events, now it has {own.size}")
    heads = sorted([*kept, own], key=lambda head: head.size)
    tree, agreed, unseen = Tree(), 0, 0
    for subtree, leaves, position in chain([(b"", 0, 0)], pieces(folder, manifest)):
        if leaves:
            tree.add(subtree, leaves)
        while heads and heads[0].size <= tree.size:
            head = heads.pop(0)
            if head.size < tree.size:  # its last event is inside a gap
                unseen += 1
            elif head.root != tree.root():
                raise Wrong(
                    f"these are not the {head.size} events of the tree head of that size: after"
                    f" the first {agreed} and up to position {position} one was changed, moved,"
                    " added or left out"
                )
            else:
                agreed = head.size
    if tree.size != own.size:
        raise Wrong(f"there are {tree.size} events, not {own.size} as the tree head says")
    left_out = sum(gap["last"] - gap["first"] for gap in gaps_of(folder))
    found = f"{own.origin}: {own.size} events, root {base64.b64encode(own.root).decode()}"
    found += f", signed {own.time:%Y-%m-%d %H:%M:%S}Z" if own.time else ""
    found += f"; {len(kept) - unseen} older tree heads agree."
    if left_out:
        found += f" This is a part of the log: {left_out} events are left out."
    return found + (f" {unseen} tree heads cannot be compared with it." if unseen else "")


def pieces(folder: Path, manifest: dict[str, Any]) -> Iterator[tuple[bytes, int, int]]:
    """Yield the leaves in order, each as its hash, 1 and its position.

    Where a part of the log leaves lines out, whole subtrees stand for them: root, leaves, position
    before them. Raises `Wrong`, also where lines are left out that nobody asked to leave out.
    """
    asked, gaps = manifest["filters"], gaps_of(folder)
    gap = next(gaps, None)
    number = position = 0
    for line in chain(*(lines_of(folder, file) for file in manifest["files"]), [None]):
        while gap is not None and gap["first"] == number:
            if not asked or (position and line is not None and "group" not in asked):
                raise Wrong(f"{gap['last'] - number} events after position {position} are left out")
            yield from subtrees_of(gap, position)
            number, gap = gap["last"], next(gaps, None)
        if line is not None:
            position = json.loads(line)["data"]["position"]
            number += 1
            yield leaf_hash(line), 1, position
    if gap is not None:
        raise Wrong(f"the gap before event number {gap['last']} is not where it should be")


def lines_of(folder: Path, file: dict[str, Any]) -> Iterator[bytes]:
    """Yield the lines of a file. Raises `Wrong` when it is not the one of the manifest."""
    digest = hashlib.sha256()
    with (folder / Path(file["name"]).name).open("rb") as stream:
        for line in stream:
            digest.update(line)
            yield line.removesuffix(b"\n")
    if digest.hexdigest() != file["sha256"]:
        raise Wrong(f"{file['name']} is not as it was written: its SHA-256 is another one")


def gaps_of(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the runs of leaves that a part of the log leaves out, from `first` to before `last`."""
    path = folder / "gaps.ndjson"
    if path.exists():
        with path.open("rb") as stream:
            yield from map(json.loads, stream)


def subtrees_of(gap: dict[str, Any], position: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the largest complete subtrees of a gap: root, number of leaves, position before it.

    Raises `Wrong` when there are more or fewer of them.
    """
    first, last = gap["first"], gap["last"]
    for encoded in gap["hashes"]:
        if first >= last:
            raise Wrong(f"the gap before event number {last} has too many hashes")
        leaves = 1 << (last - first).bit_length() - 1
        if first:
            leaves = min(leaves, first & -first)
        yield hash_of(encoded), leaves, position
        first += leaves
    if first != last:
        raise Wrong(f"the gap before event number {last} has too few hashes")


# -- proofs: answers of GET /audit/proof/inclusion and /consistency ------------------------------


def check_inclusion(proof: dict[str, Any], line: bytes, head: Head) -> str:
    """Return what holds: the published line is in the log of the tree head. Raises `Wrong`."""
    hashes = [hash_of(text) for text in proof["hashes"]]
    if proof["tree_size"] != head.size:
        raise Wrong(f"the proof is for {proof['tree_size']} events, the tree head has {head.size}")
    number = proof["leaf"]
    if root_by_inclusion(leaf_hash(line), number, head.size, hashes) != head.root:
        raise Wrong(f"this line is not event number {number} of the log of the tree head")
    return f"The line is event number {number} of {head.size} in {head.origin}."


def check_consistency(proof: dict[str, Any], old: Head, new: Head) -> str:
    """Return what holds: the newer log begins with all of the older. Raises `Wrong`."""
    if old.origin != new.origin:
        raise Wrong(f"{old.origin} and {new.origin} are two logs")
    if old.size in (0, new.size):
        holds = old.root == (Tree().root() if old.size == 0 else new.root)
    else:
        hashes = [hash_of(text) for text in proof["hashes"]]
        holds = roots_by_consistency(old.size, new.size, hashes, old.root) == [old.root, new.root]
    if not holds:
        raise Wrong(f"the log of {new.size} events does not begin with the older {old.size}")
    return f"{new.origin} has grown from {old.size} to {new.size} events and kept all it had."


def main() -> None:
    """Read the command line, check, say what holds; exit 1 when something does not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("export", "inclusion", "consistency"))
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--tree-head", action="append", default=[], type=Path, metavar="FILE")
    parser.add_argument("--key", action="append", default=[], metavar="KEY")
    given = parser.parse_args()
    try:
        keys = [read_key(text) for text in given.key]
        heads = [read_head(path.read_text("utf-8"), keys) for path in given.tree_head]
        heads.sort(key=lambda head: head.size)
        counts = {"export": (1, None), "inclusion": (2, 1), "consistency": (1, 2)}
        files, wanted = counts[given.what]
        if len(given.files) != files or wanted not in (None, len(heads)):
            parser.error("see the three ways to call it at the top of --help")
        if given.what == "export":
            found = check_export(given.files[0], heads, keys)
        elif given.what == "inclusion":
            line = given.files[1].read_bytes().removesuffix(b"\n")
            found = check_inclusion(json.loads(given.files[0].read_bytes()), line, heads[0])
        else:
            found = check_consistency(json.loads(given.files[0].read_bytes()), heads[0], heads[1])
        if not keys:
            found += " No --key was given: that it is the right log's signature was not checked."
        sys.stdout.write(found + "\n")
    except (Wrong, OSError) as error:
        sys.exit(f"WRONG: {error}")
    except MALFORMED as error:
        sys.exit(f"WRONG: a file has not the form it should have ({error!r})")


if __name__ == "__main__":
    main()
