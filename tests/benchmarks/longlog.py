"""A long log, written straight into the store and replayed: many changes, one large group."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson

from domain.transcoding import rfc3339
from projections import directory_import
from projections.rebuild import rebuild
from projections.store import Store

AT_ONCE = 5000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ACTOR = {"type": "user", "id": "user_bench"}

Row = tuple[str, int, str, bytes]


@dataclass
class Group:
    """What the next event of a group must know."""

    id: str
    version: int = 0
    deleted: bool = False
    members: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


@dataclass
class LongLog:
    """A log of so many events of so many groups, of which the first is large.

    The groups are created over the first half of it. Of what follows a third are joins and leaves
    of the large group, one at a time, a third those of the others, the rest are other changes.
    """

    events: int
    groups: int
    members: int
    dice: Random = field(default_factory=lambda: Random(5))
    large: str = f"cusgroup_{0:026}"

    def fill(self, store: Store) -> None:
        """Put the log into a store that has its tables, and let the read models follow."""
        self.customers = [f"cus_{number:07}" for number in range(self.members * 6 // 5)]
        for start in range(0, len(self.customers), 1000):
            rows = [
                (
                    number,
                    {"id": id, "email": f"{id}@shop.example", "first_name": f"First {id[-3:]}"},
                )
                for number, id in enumerate(self.customers[start : start + 1000])
            ]
            directory_import.import_batch(store, rows, "user_bench", directory_import.Imported())
        rows = itertools.islice(self._rows(), self.events)
        while some := [*itertools.islice(rows, AT_ONCE)]:
            with store.deciding():
                store.insert_events(some)
        rebuild(store, accept_log=True)

    def _rows(self) -> Iterator[Row]:
        self.numbers = itertools.count()
        large = Group(self.large, others=[*self.customers])
        made = [large]
        yield self._event(large, "GroupCreated", name="Large", metadata=None)
        while len(large.members) < self.members:
            yield self._moved(large, min(1000, self.members - len(large.members)), joins=True)
        every = max(1, self.events // 2 // self.groups)
        for turn in itertools.count():
            if turn % every == 0 and len(made) < self.groups:
                group = Group(
                    f"cusgroup_{len(made):026}", others=self.dice.sample(self.customers, 40)
                )
                made.append(group)
                metadata = {"season": "spring", "number": len(made)}
                yield self._event(group, "GroupCreated", name=self._name(group), metadata=metadata)
            kind = self.dice.random()
            group = large if kind < 1 / 3 else self.dice.choice(made)
            if group.deleted:
                group.deleted = False
                yield self._event(group, "GroupRestored", name=self._name(group))
            elif kind < 2 / 3:
                joins = not group.members or (bool(group.others) and turn % 2 == 0)
                yield self._moved(group, 1, joins=joins)
            elif kind < 0.85:
                yield self._event(group, "Renamed", name=self._name(group))
            elif kind < 0.97 or group is large:
                changed = {"season": "autumn", "number": turn}
                yield self._event(group, "MetadataChanged", set=changed, removed=[], cleared=False)
            else:
                group.deleted = True
                yield self._event(group, "GroupDeleted")

    def _name(self, group: Group) -> str:
        return f"{self.dice.choice(('Spring', 'Loyal', 'Press', 'Whole'))} {group.id[-7:]}"

    def _moved(self, group: Group, count: int, *, joins: bool) -> Row:
        source, target = (group.others, group.members) if joins else (group.members, group.others)
        ids = []
        for _ in range(count):
            place = self.dice.randrange(len(source))
            source[place], source[-1] = source[-1], source[place]
            ids.append(source.pop())
        target += ids
        return self._event(
            group, "CustomersAdded" if joins else "CustomersRemoved", customer_ids=ids
        )

    def _event(self, group: Group, topic: str, **fields: Any) -> Row:
        number = next(self.numbers)
        group.version += 1
        state = {"timestamp": rfc3339(BEGAN + timedelta(seconds=number)), **fields}
        state |= {"actor": ACTOR, "request_id": f"{number:026}", "correlation_id": None}
        state |= {"traceparent": None, "reason": None}
        return group.id, group.version, topic, orjson.dumps(state)
