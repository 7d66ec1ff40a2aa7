"""verify --log: every stored event is the one that was committed, none was added or left out.

The log is held against its Merkle tree, leaf by leaf, and against tree heads that were signed
before: the tree tells which event is wrong, and a head that somebody has kept tells even where log
and tree were changed together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from projections import log, merkle, tree_heads
from projections.log import LoggedEvent
from projections.progress import Progress, no_progress
from projections.sql import Read
from projections.store import Store

BATCH = 2000

EVENTS = f"{log.AFTER} e.notification_id > :after ORDER BY e.notification_id LIMIT :limit"

LEAVES = """
SELECT number, position, hash FROM merkle_leaf WHERE number > :after ORDER BY number LIMIT :limit
"""

STATE_HEAD, STATE_MIDDLE = b'{"timestamp":"', b'",'
"""What of a stored state is not in the published line, and the same in all."""


class Expected(NamedTuple):
    """A tree head to hold the log against; `name` is what messages call it."""

    size: int
    root: bytes
    name: str


@dataclass
class Checked:
    """What was found: nothing wrong when there are no `problems`, sentences that name positions.

    `against`: signed tree heads disagree with the log. `undecided`: an event is not what its leaf
    says, and no signed tree head tells which of the two is right. `tree`: leaves are wrong, and the
    log is what a signed tree head says; `rebuild` repairs that. `subtrees`: what has to be kept.
    """

    events: int
    position: int
    heads: int
    against: list[str]
    undecided: list[str]
    tree: list[str]
    subtrees: list[merkle.Subtree]

    @property
    def problems(self) -> list[str]:
        """All that is wrong."""
        return self.against + self.undecided + self.tree


def kept_heads(read: Read) -> list[Expected]:
    """Return the tree heads that were signed before, as they were kept."""
    return [
        Expected(head.size, head.root, "A tree head that was signed")
        for head in tree_heads.heads(read)
    ]


def check(
    store: Store, expected: Sequence[Expected] = (), progress: Progress = no_progress
) -> Checked:
    """Hold every stored event against its leaf, and the whole against signed tree heads.

    Reads one snapshot, in order, a batch at a time; the service may run meanwhile.
    """
    with store.reading():
        return _Check(store.read, expected).run(progress)


class _Check:
    def __init__(self, read: Read, expected: Sequence[Expected]) -> None:
        self.read = read
        self.identity = log.log_id(read)
        self.waiting = sorted(expected, key=lambda head: -head.size)
        self.tree = merkle.Tree(keeps_subtrees=True)
        self.position = 0
        self.agreed = Expected(0, self.tree.root(), "the beginning")
        self.agreed_position = self.heads = 0
        self.against: list[str] = []
        self.first_difference: str | None = None
        self.last_difference = -1

    def run(self, progress: Progress) -> Checked:
        total = log.count(self.read, after=-log.NO_BOUND)
        self._compare_heads()
        after = self._agreeing(progress, total)
        for event, leaf in zip_longest(self._events(after), self._leaves()):
            if event is None:
                self._differs(leaf.number, f"position {leaf.position}: the event is missing")
                break
            made = leaf_of(event, self.identity)
            if leaf != (self.tree.size, event.position, made):
                self._differs(self.tree.size, self._difference(event, leaf))
            self.position = event.position
            self.tree.append(made)
            if self.waiting:
                self._compare_heads()
            if self.tree.size % BATCH == 0:
                progress(self.tree.size, total)
        progress(self.tree.size, total)
        return self._found()

    def _agreeing(self, progress: Progress, total: int) -> int:
        """Go on batch by batch as far as log and leaves are the same; return after which event."""
        after = -log.NO_BOUND  # whoever forges an event may give it any position
        while rows := self.read(EVENTS, after=after, limit=BATCH):
            events = [*map(LoggedEvent._make, rows)]
            made = [leaf_of(event, self.identity) for event in events]
            first = self.tree.size
            leaves = self.read(LEAVES, after=first - 1, limit=len(made))
            if leaves != [
                (number, event.position, leaf)
                for number, (event, leaf) in enumerate(zip(events, made, strict=True), first)
            ]:
                break
            for head in [*reversed(self.waiting)]:
                if head.size <= first + len(made):
                    self._extend(events, made, first, head.size)
            self._extend(events, made, first, first + len(made))
            after = self.position
            progress(self.tree.size, total)
        return after

    def _extend(
        self, events: list[LoggedEvent], made: list[merkle.Hash], first: int, size: int
    ) -> None:
        """Add the leaves of a batch that begins at leaf `first` until the tree has this size."""
        if size > self.tree.size:
            self.tree.extend(made[self.tree.size - first : size - first])
            self.position = events[size - first - 1].position
        self._compare_heads()

    def _events(self, after: int) -> Iterator[LoggedEvent]:
        while rows := self.read(EVENTS, after=after, limit=BATCH):
            yield from map(LoggedEvent._make, rows)
            after = rows[-1][0]

    def _leaves(self) -> Iterator["_Leaf"]:
        after = self.tree.size - 1
        while rows := self.read(LEAVES, after=after, limit=BATCH):
            yield from map(_Leaf._make, rows)
            after = rows[-1][0]

    def _difference(self, event: LoggedEvent, leaf: "_Leaf | None") -> str:
        if leaf is None or leaf.position > event.position:
            return f"position {event.position}: an event that was never committed"
        if leaf.position < event.position:
            return f"position {leaf.position}: the event is missing"
        if leaf.number != self.tree.size:
            return (
                f"position {leaf.position}: its leaf is number {leaf.number}, not {self.tree.size}"
            )
        return f"position {event.position}: the event is not the one that was committed"

    def _differs(self, number: int, difference: str) -> None:
        self.first_difference = self.first_difference or difference
        self.last_difference = number

    def _compare_heads(self) -> None:
        while self.waiting and self.waiting[-1].size == self.tree.size:
            head = self.waiting.pop()
            if head.root == self.tree.root():
                self.agreed, self.agreed_position = head, self.position
                self.heads += 1
            else:
                self.against.append(
                    f"{head.name}, of {head.size:,} events, is not that of this log: after position"
                    f" {self.agreed_position} and up to {self.position} an event was changed,"
                    " moved, added or left out"
                )

    def _found(self) -> Checked:
        self.against += [
            f"{head.name} is of {head.size:,} events, the log has {self.tree.size:,}: its end was"
            f" cut off after position {self.position}"
            for head in reversed(self.waiting)
        ]
        differences = [self.first_difference] if self.first_difference else []
        undecided = self.last_difference >= self.agreed.size
        return Checked(
            events=self.tree.size,
            position=self.position,
            heads=self.heads,
            against=differences + self.against if self.against else [],
            undecided=differences if undecided and not self.against else [],
            tree=differences if not undecided and not self.against else [],
            subtrees=self.tree.subtrees,
        )


class _Leaf(NamedTuple):
    number: int
    position: int
    hash: bytes


def leaf_of(event: LoggedEvent, identity: str) -> merkle.Hash:
    """Return the leaf of an event as it is stored; of one that nobody stored so, no leaf's hash."""
    state = event.state
    try:
        if state.startswith(STATE_HEAD) and state.startswith(STATE_MIDDLE, log.TIME.stop):
            return merkle.leaf(log.published(event, identity))
    except (AttributeError, TypeError, UnicodeDecodeError):
        return b""  # a column of SQLite has whatever was put there, a text or a number too
    return b""
