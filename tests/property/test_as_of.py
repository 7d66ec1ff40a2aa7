"""As of every position after random commands, each answer is that of a store that knows no more."""

import itertools
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.application import CustomerGroups, merging
from domain.errors import Refused
from projections import directory, group_list, log, membership, pages
from projections.postgres import PostgresStore
from projections.rebuild import Stretch, verify
from projections.sqlite import SQLiteStore
from tests.asking import Asking
from tests.conftest import empty

NAMES = ["VIP", "vip", "Süd", "SÜD 2", "x"]
PEOPLE = ["ada", "bob", "eve", "kim"]

names = st.sampled_from(NAMES)
people = st.sampled_from(PEOPLE)
picks = st.integers(0, 3)
few = st.sets(people, min_size=1, max_size=3)

commands = st.lists(
    st.one_of(
        st.tuples(st.just("create"), names),
        st.tuples(st.just("rename"), picks, names),
        st.tuples(st.just("set"), picks, st.sampled_from("ab"), st.integers(0, 2)),
        st.tuples(st.just("add"), picks, few),
        st.tuples(st.just("add"), picks, few),
        st.tuples(st.just("remove"), picks, few),
        st.tuples(st.just("delete"), picks),
        st.tuples(st.just("restore"), picks, st.none() | names),
        st.tuples(st.just("erase"), people),
    ),
    min_size=12,
    max_size=40,
)

LIST_ORDERS = [(name, descending) for name in group_list.ORDERS for descending in (False, True)]
MEMBER_ORDERS = [("added_at", True), ("added_at", False), ("email", False), ("has_account", True)]
CONDITIONS = [
    {"name": ["VIP", "x"]},
    {"name": ["Süd"]},
    {"customers_count": {"$gte": 1, "$lt": 3}},
    {"$or": [{"customers": ["ada"]}, {"customers_count": {"$eq": 0}}]},
    {"$and": [{"customers": ["bob", "eve"]}, {"created_by": ["user_admin"]}]},
]


def carry_out(groups: Asking, made: list[str], name: str, *arguments: object) -> None:
    """Give a command to the group of a pick, counted from the newest; what is refused is not."""
    if name == "create":
        made.insert(0, groups.create_group(arguments[0]).group_id)
    elif name == "erase":
        groups.delete_customer(arguments[0])
    else:
        pick, *rest = arguments
        group_id = made[pick % len(made)]
        if name == "rename":
            groups.update_group(group_id, name=rest[0])
        elif name == "set":
            groups.update_group(group_id, metadata=merging({rest[0]: rest[1]}))
        elif name == "add":
            groups.change_customers(group_id, add=sorted(rest[0]))
        elif name == "remove":
            groups.change_customers(group_id, remove=sorted(rest[0]))
        elif name == "delete":
            groups.delete_group(group_id)
        else:
            groups.restore_group(group_id, name=rest[0])


def answers(store, group_ids, at=None):
    """All that can be asked about groups, or about them as of a position."""
    told = {}
    pages = itertools.product(LIST_ORDERS, [None], [()])
    filtered = itertools.product([("name", False)], CONDITIONS, [()])
    searched = itertools.product([("id", True)], [None], [("süd",), ("v", "p"), ("x",)])
    for order, conditions, words in itertools.chain(pages, filtered, searched):
        asked = {"order": order, "conditions": conditions, "words": words}
        page = group_list.page(store, limit=10, **asked, at=at)
        told["list", repr(asked)] = (page.rows, page.count)
    for person in PEOPLE:
        page = group_list.page(store, limit=10, conditions={"customers": [person]}, at=at)
        told["groups of", person] = (page.rows, page.count)
    for group_id in group_ids:
        row = group_list.one(store.read, group_id, at=at)
        told["group", group_id] = row
        if row is None:
            continue
        told["embedded", group_id] = membership.embedded(store.read, row.group_key, at=at)
        for order in MEMBER_ORDERS:
            page = membership.members(store, row, limit=10, order=order, at=at)
            told["members", group_id, order] = (page.rows, page.count)
        page = membership.members(store, row, limit=10, words=("a",), at=at)
        told["members found", group_id] = (page.rows, page.count)
    return told


def pages_of(ask):
    """All rows, two at a time by cursor and then back again, and two at a time by offset."""
    forward, cursor = [], ""
    while cursor is not None:
        page = ask(limit=2, cursor=cursor)
        forward += page.rows
        cursor, back = page.next_cursor, page.previous_cursor
    last = page.rows
    while back is not None:
        page = ask(limit=2, cursor=back)
        last, back = page.rows + last, page.previous_cursor
    by_offset = [row for offset in range(0, 12, 2) for row in ask(limit=2, offset=offset).rows]
    assert forward == last == by_offset
    return forward


def check_pages(store, group_ids, at):
    """Every list as of a position is the same in pages as it is in one piece."""
    for order in LIST_ORDERS:
        whole = group_list.page(store, limit=12, order=order, at=at).rows
        assert whole == pages_of(
            lambda order=order, **page: group_list.page(store, order=order, at=at, **page)
        )
    for row in filter(None, (group_list.one(store.read, id, at=at) for id in group_ids)):
        for order in MEMBER_ORDERS:
            whole = membership.members(store, row, limit=12, order=order, at=at).rows
            assert whole == pages_of(
                lambda row=row, order=order, **page: membership.members(
                    store, row, order=order, at=at, **page
                )
            )


def copy_event(source, target, after):
    """Feed a store the event after a position of another one; return its position."""
    event, *_ = log.after(source.read, after, limit=1)
    with target.deciding():
        positions = target.insert_events([event[1:]])
        assert positions == [event.position]
        Stretch.after(target, after, 1).replay(target.write)
    return event.position


def check(store, fresh, sequence):
    """Carry commands out in one store, feed the other event by event, and compare throughout."""
    for each in (store, fresh):
        for person in PEOPLE:
            fields = {"first_name": person.title(), "email": f"{person}@example.com"}
            directory.put(each, person, fields | {"has_account": person < "c"}, "user_eve")
    groups, made = Asking(CustomerGroups(store)), []
    carry_out(groups, made, "create", "first")
    for name, *arguments in sequence:
        try:
            carry_out(groups, made, name, *arguments)
        except Refused:
            continue
    same_directory(store, fresh)
    end = log.end(store.read)
    assert answers(store, made, at=0) == answers(fresh, made)
    position = 0
    while position < end:
        position = copy_event(store, fresh, position)
        with pytest.MonkeyPatch.context() as patch:
            if position % 2:  # the plan for large groups, and for many hits
                patch.setattr(membership, "SMALL_GROUP", 0)
                patch.setattr(pages, "FEW", 0)
            told = answers(store, made, at=position)
        assert told == answers(fresh, made)
    assert answers(store, made, at=end) == answers(store, made)
    check_pages(store, made, at=max(1, end * 2 // 3))
    assert verify(store).problems == []


def same_directory(store, fresh):
    """Customers are as of now: take out of the one who was erased in the other."""
    known = {row[0]: row[1] for row in store.read("SELECT id, document FROM customer")}
    with fresh.deciding():
        for person in PEOPLE:
            if person not in known:
                directory.forget(fresh.write, person)
            else:
                fresh.write(
                    "UPDATE customer SET document = :document WHERE id = :id",
                    id=person,
                    document=known[person],
                )


@pytest.fixture
def sqlite_pair(sqlite_template, tmp_path):
    """Gives two new stores each time."""
    numbers = itertools.count()
    opened = []

    def pair():
        while opened:
            opened.pop().close()
        for _ in range(2):
            path = tmp_path / f"{next(numbers)}.db"
            shutil.copy(sqlite_template, path)
            opened.append(SQLiteStore(path, synchronous="OFF"))
        return opened

    yield pair
    while opened:
        opened.pop().close()


@pytest.fixture
def postgres_pair(postgres, postgres_template):
    """Gives the same two stores each time, emptied."""
    urls = [postgres.create_database(template=postgres_template) for _ in range(2)]
    stores = [PostgresStore(url) for url in urls]

    def pair():
        for store in stores:
            empty(store)
        return stores

    yield pair
    for store, url in zip(stores, urls, strict=True):
        store.close()
        postgres.drop_database(url)


@pytest.mark.parametrize(
    ("pair", "small", "big"), [("sqlite_pair", 4, 250), ("postgres_pair", 1, 50)]
)
def test_the_past_is_what_the_present_was(request, sized, pair, small, big):
    pair = request.getfixturevalue(pair)

    @settings(
        max_examples=sized(small, big),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(commands)
    def check_sequence(sequence):
        check(*pair(), sequence)

    check_sequence()
