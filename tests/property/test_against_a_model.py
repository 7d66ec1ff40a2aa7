"""Random commands, refused ones too, against a model of dictionaries and sets on both stores."""

import itertools
import shutil
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from domain.application import CustomerGroups, merge_patching, merging
from domain.errors import (
    CustomerNotFound,
    GroupNotDeleted,
    GroupNotFound,
    NameTaken,
    Refused,
    VersionMismatch,
)
from projections import directory, group_list, membership
from projections.documents import folded
from projections.postgres import PostgresStore
from projections.rebuild import rebuild, verify
from projections.sqlite import SQLiteStore
from tests.asking import Asking
from tests.conftest import empty

NAMES = ["VIP", "vip", "Süd", "SÜD 2", "x"]
PEOPLE = ["ada", "bob", "eve", "kim", "zoe"]
UNKNOWN = "cusgroup_unknown"

names = st.sampled_from(NAMES)
people = st.sampled_from(PEOPLE)
values = st.sampled_from(["", None, 1, "", None, 1.0, True, "x", [1, {"a": None}], {"c": 1}, {}])
objects = st.dictionaries(st.sampled_from("abc"), values, max_size=3)
metadata = st.none() | objects
versions = st.sampled_from([None, None, None, 1, 2, 3, 4])
picks = st.integers(0, 9)
"""Which group, see `Shop.group`."""


@dataclass
class Model:
    """What a group is, in plain words."""

    name: str
    metadata: dict[str, Any] | None
    deleted: bool = False
    version: int = 1
    members: set[str] = field(default_factory=set)


class Shop(RuleBasedStateMachine):
    """The commands on a fresh store, each compared with what the model says."""

    def __init__(self, store):
        super().__init__()
        self.store = store
        self.application = CustomerGroups(store)
        self.commands = Asking(self.application)
        self.model: dict[str, Model] = {}
        self.known: set[str] = set()

    def group(self, pick, *, deleted=False):
        """The group of a pick: now and then none, mostly one of the newest that are so."""
        fitting = [id for id, group in reversed(self.model.items()) if group.deleted == deleted]
        ids = fitting[:3] if pick < 7 and fitting else [*self.model]
        return UNKNOWN if pick == 9 or not ids else ids[pick % len(ids)]

    # -- what is expected ------------------------------------------------------------------------

    def living(self, group_id, expected=None):
        group = self.model.get(group_id)
        if group is None or group.deleted:
            raise GroupNotFound(group_id)
        if expected is not None and expected != group.version:
            raise VersionMismatch(group_id, expected, group.version)
        return group

    def claim(self, name, group_id=None):
        for id, group in self.model.items():
            if group.name == name and not group.deleted and id != group_id:
                raise NameTaken(name)

    def same(self, command, model):
        """Run a command; what the model refuses it must refuse for the same reason."""
        before = {id: group.version for id, group in self.model.items()}
        try:
            expected = model()
        except Refused as refusal:
            with pytest.raises(type(refusal)):
                command()
            assert {id: group.version for id, group in self.model.items()} == before
            return None
        outcome = command()
        changed = {id: group.version for id, group in self.model.items()} != before
        assert (outcome.position is not None) == changed
        told = (outcome.added, outcome.already, outcome.removed, outcome.absent)
        assert expected is None or told == expected
        return outcome

    # -- the commands ----------------------------------------------------------------------------

    @initialize()
    def begin(self):
        """With four known customers and two groups, so that few commands are refused."""
        for person in PEOPLE[:4]:
            self.put_customer(person, "Süd")
        for name in ("VIP", "x"):
            self.create(name, {"a": 1, "b": {"c": 1}})
        self.change_customers(0, set(PEOPLE[:3]), set(), None)

    @rule(name=names, given=metadata)
    def create(self, name, given):
        try:
            self.claim(name)
        except NameTaken:
            with pytest.raises(NameTaken):
                self.commands.create_group(name, given)
        else:
            group_id = self.commands.create_group(name, given).group_id
            self.model[group_id] = Model(name, given)

    @rule(
        pick=picks,
        name=st.none() | names,
        given=objects,
        patch=st.booleans(),
        expected=versions,
    )
    def update(self, pick, name, given, patch, expected):
        group_id = self.group(pick)

        def model():
            group = self.living(group_id, expected)
            if name is not None and name != group.name:
                self.claim(name, group_id)
            after = patched(group.metadata, given) if patch else merged(group.metadata, given)
            if dumped(after) != dumped(group.metadata):
                group.metadata = after
                group.version += 1
            if name is not None and name != group.name:
                group.name = name
                group.version += 1

        change = merge_patching(given) if patch else merging(given)
        self.same(
            lambda: self.commands.update_group(
                group_id, name=name, metadata=change, expected=expected
            ),
            model,
        )

    @rule(pick=picks, patch=st.booleans())
    def clear(self, pick, patch):
        self.update(pick, None, None, patch, None)

    @rule(
        pick=picks,
        add=st.sets(people, max_size=2),
        remove=st.sets(people | st.just("nobody"), max_size=2),
        expected=versions,
    )
    def change_customers(self, pick, add, remove, expected):
        group_id = self.group(pick)
        remove -= add

        def model():
            group = self.living(group_id, expected)
            if add - self.known:
                raise CustomerNotFound(min(add - self.known))
            joined, left = add - group.members, remove & group.members
            group.members = (group.members | joined) - left
            group.version += bool(joined) + bool(left)
            return len(joined), len(add - joined), len(left), len(remove - left)

        self.same(
            lambda: self.commands.change_customers(
                group_id, add=[*add], remove=[*remove], expected=expected
            ),
            model,
        )

    @rule(
        person=people,
        add=st.sets(picks, max_size=2),
        remove=st.sets(picks, max_size=2),
    )
    def change_groups(self, person, add, remove):
        add = [*{self.group(pick): None for pick in add}]
        remove = [id for id in {self.group(pick): None for pick in remove} if id not in add]

        def model():
            if person not in self.known:
                raise CustomerNotFound(person)
            joined = [group for group in map(self.living, add) if person not in group.members]
            left = [
                self.model[group_id]
                for group_id in remove
                if group_id in self.model
                and not self.model[group_id].deleted
                and person in self.model[group_id].members
            ]
            for group in joined:
                group.members.add(person)
            for group in left:
                group.members.remove(person)
            for group in joined + left:
                group.version += 1
            return len(joined), len(add) - len(joined), len(left), len(remove) - len(left)

        self.same(lambda: self.commands.change_groups(person, add=add, remove=remove), model)

    @rule(pick=picks, expected=versions)
    def delete(self, pick, expected):
        group_id = self.group(pick)

        def model():
            group = self.model.get(group_id)
            if group is not None and not group.deleted:
                self.living(group_id, expected).deleted = True
                group.version += 1

        self.same(lambda: self.commands.delete_group(group_id, expected=expected), model)

    @rule(pick=picks, name=st.none() | names)
    def restore(self, pick, name):
        group_id = self.group(pick, deleted=True)

        def model():
            group = self.model.get(group_id)
            if group is None:
                raise GroupNotFound(group_id)
            if not group.deleted:
                raise GroupNotDeleted(group_id)
            self.claim(name or group.name, group_id)
            group.name = name or group.name
            group.deleted = False
            group.version += 1

        self.same(lambda: self.commands.restore_group(group_id, name=name), model)

    @rule(person=people, first_name=st.none() | names)
    def put_customer(self, person, first_name):
        fields = {"first_name": first_name, "email": f"{person}@example.com"}
        _, new = directory.put(self.store, person, fields, "user_eve")

        assert new == (person not in self.known)
        self.known.add(person)

    @rule(person=people)
    def delete_customer(self, person):
        def model():
            self.known.discard(person)
            holding = [group for group in self.model.values() if person in group.members]
            for group in holding:
                group.members.remove(person)
                group.version += 1
            return 0, 0, len(holding), 0

        self.same(lambda: self.commands.delete_customer(person), model)

    @rule(pick=picks, person=people, name=names)
    def fail_half_way(self, pick, person, name):
        group_id = self.group(pick)
        """A decision that ends with an exception has not been."""

        def decide():
            with self.store.deciding():
                self.commands.create_group(f"{name} lost")
                self.commands.delete_customer(person)
                self.commands.delete_group(group_id)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            decide()

    @rule()
    def rebuild(self):
        rebuild(self.store)

    # -- what must hold after each ---------------------------------------------------------------

    @invariant()
    def the_list_is_the_living_groups(self):
        living = {id: group for id, group in self.model.items() if not group.deleted}

        page = group_list.page(self.store, limit=100)
        by_name = group_list.page(self.store, limit=100, order=("name", True))

        assert page.count == by_name.count == len(living)
        assert [row.id for row in page.rows] == sorted(living)
        assert [row.id for row in by_name.rows] == sorted(
            living,
            key=lambda id: (folded(living[id].name), living[id].name, id),
            reverse=True,
        )
        for row in page.rows:
            assert row == group_list.one(self.store.read, row.id)
            group, document = living[row.id], orjson.loads(row.document)
            assert document["name"] == group.name
            assert dumped(document["metadata"]) == dumped(group.metadata)
            assert (row.customers_count, row.version) == (len(group.members), group.version)
            members = membership.members(self.store, row, limit=100)
            assert {member.id for member in members.rows} == group.members
            assert members.count == len(members.rows) == len(group.members)
        for word in ("süd", "vi", "x"):
            found = group_list.page(self.store, limit=100, words=(word,))
            expected = [id for id in sorted(living) if word in folded(living[id].name)]
            assert [row.id for row in found.rows] == expected

    @invariant()
    def every_customer_is_in_its_groups(self):
        for person in PEOPLE:
            holding = {id for id, group in self.model.items() if person in group.members}
            living = sorted(id for id in holding if not self.model[id].deleted)

            assert set(self.store.groups_holding(person)) == holding
            page = group_list.page(self.store, limit=100, conditions={"customers": [person]})
            assert [row.id for row in page.rows] == living
            assert page.count == len(living)
            checked = membership.check(self.store.read, [person], [*self.model])
            assert checked == {person: living}

    @invariant()
    def the_directory_is_who_was_put(self):
        page = directory.page(self.store, limit=100)

        assert [row.id for row in page.rows] == sorted(self.known)
        assert page.count == len(self.known)

    def teardown(self):
        assert verify(self.store).problems == []
        for group_id, group in self.model.items():
            replayed, loaded = self.application.repository.get(group_id), self.store.group(group_id)
            for one in (replayed, loaded):
                assert (one.name, one.deleted) == (group.name, group.deleted)
                assert dumped(one.metadata) == dumped(group.metadata)
                assert (one.version, one.customers_count) == (group.version, len(group.members))


def dumped(value):
    """JSON, so that 1, 1.0 and true are three values and the order of keys counts."""
    return orjson.dumps(value)


def merged(before, given):
    if given is None:
        return None
    after = dict(before or {})
    for key, value in given.items():
        if value == "":
            after.pop(key, None)
        else:
            after[key] = value
    return after or (None if before is None else {})


def patched(before, patch):
    if not isinstance(patch, dict):
        return patch
    after = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = patched(after.get(key), value)
    return after


@pytest.fixture
def fresh_sqlite(sqlite_template, tmp_path):
    """Gives a new store each time."""
    numbers = itertools.count()
    opened = []

    def fresh():
        while opened:
            opened.pop().close()
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copy(sqlite_template, path)
        opened.append(SQLiteStore(path, synchronous="OFF"))
        return opened[0]

    yield fresh
    opened.pop().close()


@pytest.fixture
def fresh_postgres(postgres, postgres_template):
    """Gives the same store each time, emptied."""
    url = postgres.create_database(template=postgres_template)
    store = PostgresStore(url)

    def fresh():
        empty(store)
        return store

    yield fresh
    store.close()
    postgres.drop_database(url)


@pytest.mark.parametrize(
    ("fresh", "small", "big"), [("fresh_sqlite", 30, 1500), ("fresh_postgres", 6, 150)]
)
def test_both_stores_do_what_the_model_does(request, sized, fresh, small, big):
    store = request.getfixturevalue(fresh)

    run_state_machine_as_test(
        lambda: Shop(store()),
        settings=settings(
            max_examples=sized(small, big),
            stateful_step_count=25,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
