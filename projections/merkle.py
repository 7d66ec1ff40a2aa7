"""The RFC 6962 Merkle tree over the published lines: every event is a leaf, for ever.

A leaf is SHA-256(0x00 || the published line, byte for byte, without a line end). Leaves are
numbered from 0 without a gap, in the order of the log; their numbers are not positions. Besides
the leaves the roots of all complete subtrees of 256, 65,536, ... leaves are kept (what C2SP's
tlog-tiles calls full tiles), so that root and proofs of any size read a few times 256 hashes.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import reduce
from hashlib import sha256

from projections import log
from projections.log import LoggedEvent
from projections.sql import Read, Write

VERSION = 1

SCHEMA = (
    """
    CREATE TABLE merkle_leaf (
      number BIGINT PRIMARY KEY,
      position BIGINT NOT NULL,
      hash BYTEA NOT NULL
    )
    """,
    """
    CREATE TABLE merkle_subtree (
      level BIGINT NOT NULL,
      number BIGINT NOT NULL,
      hash BYTEA NOT NULL,
      PRIMARY KEY (level, number)
    )
    """,
)
"""Subtree `number` of `level` has the leaves from number * 2**level on, 2**level of them."""

TILE_LEVELS = 8
TILE = 1 << TILE_LEVELS
"""Of so many neighbours on one level that is kept, the root is kept too."""

STANDING = """
SELECT p.value, (SELECT coalesce(max(number) + 1, 0) FROM merkle_leaf)
FROM property p WHERE p.name = 'log_id'
"""

SIZE = "SELECT coalesce(max(number) + 1, 0) FROM merkle_leaf"

LEAVES = "SELECT number, hash FROM merkle_leaf WHERE number >= :first AND number < :last"

SUBTREES = """
SELECT number, hash FROM merkle_subtree
WHERE level = :level AND number >= :first AND number < :last
"""

Hash = bytes
"""SHA-256, 32 bytes."""

Subtree = tuple[int, int, Hash]
"""Level, number and root: a row of `merkle_subtree`."""


class TreeDamaged(Exception):
    """Rows of the tree are missing: `verify --log` says which events they belong to."""


def leaf(line: bytes) -> Hash:
    """Return the hash of a leaf: of a published line, without its line end."""
    return sha256(b"\x00" + line).digest()


def node(left: Hash, right: Hash) -> Hash:
    """Return the hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


def joined(hashes: Sequence[Hash]) -> Hash:
    """Return the root over a power of two of neighbours."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


class Tree:
    """The root of leaves that pass by once, in order; keeps one hash for each level.

    And, where `keeps_subtrees`, the rows of `merkle_subtree`.
    """

    def __init__(self, *, keeps_subtrees: bool = False) -> None:
        self.size = 0
        self.subtrees: list[Subtree] = []
        self._keeps = keeps_subtrees
        self._peaks: list[Hash] = []

    def append(self, leaf_hash: Hash) -> None:
        """Add a leaf on the right."""
        self._add(leaf_hash, 1)

    def extend(self, leaves: Sequence[Hash]) -> None:
        """Add leaves on the right, those of a whole tile at once."""
        start = min(-self.size % TILE, len(leaves))
        for leaf_hash in leaves[:start]:
            self.append(leaf_hash)
        while start + TILE <= len(leaves):
            self._add(joined(leaves[start : start + TILE]), TILE)
            start += TILE
        for leaf_hash in leaves[start:]:
            self.append(leaf_hash)

    def _add(self, root: Hash, width: int) -> None:
        self.size += width
        level = width.bit_length() - 1
        while True:
            if self._keeps and level and level % TILE_LEVELS == 0:
                self.subtrees.append((level, (self.size >> level) - 1, root))
            if self.size >> level & 1:
                break
            root = node(self._peaks.pop(), root)
            level += 1
        self._peaks.append(root)

    def root(self) -> Hash:
        """Return the root of the leaves so far; of none, the hash of nothing."""
        if not self._peaks:
            return sha256().digest()
        return reduce(lambda right, left: node(left, right), reversed(self._peaks))


def append(events: Sequence[LoggedEvent], write: Write) -> None:
    """Add the next events of the log as leaves, in the transaction that commits them."""
    identity, size = write.read(STANDING)[0]
    leaves = [(event.position, leaf(log.published(event, identity))) for event in events]
    add(leaves, size, write)


def add(leaves: Sequence[tuple[int, Hash]], size: int, write: Write) -> None:
    """Add leaves, each the position of its event and its hash, to a tree of this size."""
    rows = [(number, *known) for number, known in enumerate(leaves, size)]
    write.insert("merkle_leaf", rows)
    complete(write, size, size + len(rows))


def complete(write: Write, before: int, after: int) -> None:
    """Keep the roots of the subtrees that are complete now that there are `after` leaves.

    None of one that is damaged: that stops no change, only what is proven and signed.
    """
    level = TILE_LEVELS
    while before >> level < after >> level:
        for number in range(before >> level, after >> level):
            with suppress(TreeDamaged):
                root = Subtrees(write.read).joined(level - TILE_LEVELS, number * TILE, TILE)
                write.insert("merkle_subtree", [(level, number, root)])
        level += TILE_LEVELS


def size(read: Read) -> int:
    """Return how many leaves there are."""
    leaves: int = read(SIZE)[0][0]
    return leaves


def number_at(read: Read, position: int) -> int | None:
    """Return the number of the leaf of the event at a position, None if there is none. O(log n)."""
    low, high = 0, min(size(read), position) - 1  # a leaf's number is less than its position
    while low <= high:
        middle = (low + high) // 2
        found = position_of(read, middle)
        if found == position:
            return middle
        low, high = (middle + 1, high) if found < position else (low, middle - 1)
    return None


def position_of(read: Read, number: int) -> int:
    """Return the position of the event of a leaf. Raises `TreeDamaged` when there is no such."""
    rows = read("SELECT position FROM merkle_leaf WHERE number = :number", number=number)
    if not rows:
        raise TreeDamaged(f"leaf {number} is missing")
    position: int = rows[0][0]
    return position


def leaf_hash(read: Read, number: int) -> Hash:
    """Return the hash of a leaf. Raises `TreeDamaged` when there is no such."""
    return Subtrees(read).joined(0, number, 1)


def root(read: Read, size: int) -> Hash:
    """Return the root of the first `size` leaves. Reads a few times 256 hashes.

    Raises `TreeDamaged`, as the proofs do.
    """
    return Subtrees(read).root(0, size) if size else Tree().root()


def inclusion(read: Read, number: int, size: int) -> list[Hash]:
    """Return the proof that leaf `number` is in the tree of the first `size` > `number` leaves.

    The hashes are PATH(number, D[size]) of RFC 6962 2.1.1, from the leaf up.
    """
    subtrees, path = Subtrees(read), []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if number < middle:
            path.append(subtrees.root(middle, last))
            last = middle
        else:
            path.append(subtrees.root(first, middle))
            first = middle
    return path[::-1]


def consistency(read: Read, first: int, second: int) -> list[Hash]:
    """Return the proof that the tree of `second` leaves begins with that of `first` <= `second`.

    The hashes are PROOF(first, D[second]) of RFC 6962 2.1.2; from the empty tree there is none.
    """
    if first in (0, second):
        return []
    subtrees, path = Subtrees(read), []
    low, high = 0, second
    while high != first:
        middle = low + _split(high - low)
        if first <= middle:
            path.append(subtrees.root(middle, high))
            high = middle
        else:
            path.append(subtrees.root(low, middle))
            low = middle
    if low:
        path.append(subtrees.root(low, high))
    return path[::-1]


def _split(width: int) -> int:
    """Return the largest power of two below a width of at least 2."""
    return 1 << (width - 1).bit_length() - 1


class Subtrees:
    """Roots of ranges of leaves; reads each tile of 256 hashes once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._tiles: dict[tuple[int, int], dict[int, Hash]] = {}

    def root(self, first: int, last: int) -> Hash:
        """Return MTH(D[first:last]) of RFC 6962, where it splits a tree, and first < last."""
        width = last - first
        if width.bit_count() == 1:
            level = width.bit_length() - 1
            kept = level - level % TILE_LEVELS
            return self.joined(kept, first >> kept, width >> kept)
        middle = first + _split(width)
        return node(self.root(first, middle), self.root(middle, last))

    def joined(self, level: int, first: int, count: int) -> Hash:
        """Return the root over `count` neighbours of a kept level: a power of two, one tile's."""
        tile = self._tile(level, first // TILE)
        try:
            hashes = [tile[number] for number in range(first, first + count)]
        except KeyError as error:
            raise TreeDamaged(f"subtree {error} of level {level} is missing") from None
        return joined(hashes)

    def _tile(self, level: int, number: int) -> dict[int, Hash]:
        if (level, number) not in self._tiles:
            statement, where = (SUBTREES, {"level": level}) if level else (LEAVES, {})
            first = number * TILE
            rows = self._read(statement, first=first, last=first + TILE, **where)
            self._tiles[level, number] = dict(rows)
        return self._tiles[level, number]
