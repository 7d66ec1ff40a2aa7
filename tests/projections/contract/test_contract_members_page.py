"""The pages of a group's members: every order, by both plans, there and back."""

from itertools import product

import pytest

from projections import directory, directory_import, membership, pages
from projections.documents import folded, milliseconds, time_shown
from projections.pages import InvalidCursor
from tests.projections.conftest import IN_SHORT, WAYS

PEOPLE = 37

SMALL, LARGE = 20_000, 0
"""Settings of `SMALL_GROUP` that make the group small or large."""

ORDERS = ("added_at", *membership.ORDERS)


IN_A_SHORT_RUN = ("small group", *IN_SHORT)
PLANS = {"small group": (SMALL, {})} | {name: (LARGE, way) for name, way in WAYS.items()}


@pytest.fixture(
    params=[
        pytest.param(plan, id=name, marks=() if name in IN_A_SHORT_RUN else pytest.mark.big)
        for name, plan in PLANS.items()
    ]
)
def plan(request, monkeypatch):
    """The group is small, or it is large and hits are found in each way in turn."""
    size, way = request.param
    monkeypatch.setattr(membership, "SMALL_GROUP", size)
    for setting, value in way.items():
        monkeypatch.setattr(pages, setting, value)


@pytest.fixture
def vip(groups, store, create):
    """A group that most of the people joined in four requests; names and accounts repeat."""
    rows = []
    for number in range(PEOPLE):
        person = {
            "id": f"cus_{number * 7 % PEOPLE:03}",
            "email": f"{'aAbB'[number % 4]}{number}@example.com" if number % 5 else None,
            "first_name": ["Ada", "ada", "Émile", "Zoë", None][number % 5],
            "last_name": ["Süß", "Suess", "O'Hara", "100%"][number % 4],
            "phone": f"0{number:02}_{number}",
            "has_account": number % 3 == 0,
        }
        rows.append((number, person))
    for start in (0, 20):
        directory_import.import_batch(
            store, rows[start:][:20], "user_ada", directory_import.Imported()
        )
    ids = [row["id"] for _, row in rows]
    vip, other = create("VIP", "Other")
    for start in (0, 11, 12, 29):
        groups.change_customers(vip, add=ids[start : start + 17])
    groups.change_customers(other, add=ids[::2])
    groups.change_customers(vip, remove=ids[3:5])
    groups.change_customers(vip, add=ids[4:5])
    directory.update(store, ids[9], {"phone": "1"})
    return vip


@pytest.fixture
def page(store, detail):
    """One page of members."""

    def page(group_id, **how):
        return membership.members(store, detail(group_id), **({"limit": 1000} | how))

    return page


@pytest.fixture
def expected(store, intervals):
    """The ids of the members by an order that Python works out from the documents."""

    def expected(group_id, order, keep=lambda person: True):  # noqa: ARG005
        since = {who: since for who, since, until in intervals(group_id) if until is None}
        people = documents(store, since)

        def key(id):
            person = people[id]
            if order[0] == "added_at":
                return since[id], id
            if order[0] in ("created_at", "updated_at"):
                return milliseconds(time_shown(person[order[0]])), id
            if order[0] == "has_account":
                return person["has_account"], id
            return folded(person[order[0]]), id

        kept = [id for id in since if keep(people[id])]
        return sorted(kept, key=key, reverse=order[1])

    return expected


def documents(store, customer_ids):
    rows = store.read(directory_import.DOCUMENTS, ids=[*customer_ids])
    people = (directory.orjson.loads(document) for (document,) in rows)
    return {person["id"]: person for person in people}


def ids(page):
    return [row.id for row in page.rows]


def text(person):
    return folded("\n".join(person[field] or "" for field in directory.TEXTS))


FILTERS = {
    "nothing": ({}, lambda _: True),
    "a long word": ({"words": ("example",)}, lambda person: "example" in text(person)),
    "a short word": ({"words": ("ß",)}, lambda _: False),
    "several words": (
        {"words": ("ad", "süss", "exam")},
        lambda person: all(word in text(person) for word in ("ad", "süss", "exam")),
    ),
    "wildcards": ({"words": ("100%",)}, lambda person: person["last_name"] == "100%"),
    "accounts": ({"conditions": {"has_account": True}}, lambda person: person["has_account"]),
    "no accounts": (
        {"conditions": {"has_account": False}, "words": ("o'hara",)},
        lambda person: not person["has_account"] and person["last_name"] == "O'Hara",
    ),
    "ids": (
        {"conditions": {"id": ["cus_001", "cus_002", "nobody"]}},
        lambda person: person["id"] in ("cus_001", "cus_002"),
    ),
}


@pytest.mark.usefixtures("plan")
def test_members_come_in_every_order_and_by_every_filter(vip, page, expected):
    for order, descending, (how, keep) in product(ORDERS, (False, True), FILTERS.values()):
        everyone = expected(vip, (order, descending), keep)

        found = page(vip, order=(order, descending), **how)

        assert ids(found) == everyone
        assert found.count == len(everyone)


@pytest.mark.usefixtures("plan")
def test_cursors_walk_there_and_back(vip, page, expected):
    filters = [FILTERS[name] for name in ("nothing", "a long word", "no accounts")]
    for order, descending, (given, keep) in product(ORDERS, (False, True), filters):
        how = {"order": (order, descending), "limit": 5} | given

        there = [page(vip, **how, cursor="")]
        while there[-1].next_cursor:
            there.append(page(vip, **how, cursor=there[-1].next_cursor))
        back = [there[-1]]
        while back[-1].previous_cursor:
            back.append(page(vip, **how, cursor=back[-1].previous_cursor))
        by_offset = [page(vip, **how, offset=5 * number) for number in range(len(there))]

        assert [id for one in there for id in ids(one)] == expected(vip, how["order"], keep)
        assert [*map(ids, reversed(back))] == [*map(ids, by_offset)] == [*map(ids, there)]
        assert len(there) == 1 or ids(page(vip, **how, cursor=back[-1].next_cursor)) == ids(
            there[1]
        )


@pytest.mark.usefixtures("plan")
def test_by_default_the_newest_members_come_first(vip, page, expected):
    assert ids(page(vip)) == expected(vip, ("added_at", True))


def test_members_bring_their_document_and_since_when(groups, store, detail, create, customers):
    (ada,) = customers("ada")
    vip = create("VIP")
    groups.change_customers(vip, add=[ada])

    (row,) = membership.members(store, detail(vip), limit=10).rows

    (event,) = [*groups.application.events.get(vip)][1:]
    assert row.document == directory.one(store.read, ada).document
    assert row.added_at == milliseconds(event.timestamp)


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize("order", ORDERS)
def test_a_cursor_holds_while_members_come_and_go(groups, vip, page, customers, order):
    how = {"order": (order, True), "limit": 5}
    everyone = ids(page(vip, order=how["order"]))
    first = page(vip, **how, cursor="")

    groups.change_customers(vip, remove=[*everyone[2:6], everyone[9]])
    groups.change_customers(vip, add=customers("new_1", "new_2"))
    seen, cursor = [], first.next_cursor
    while cursor:
        one = page(vip, **how, cursor=cursor)
        seen += ids(one)
        cursor = one.next_cursor

    stayed = [id for id in everyone[6:] if id != everyone[9]]
    assert [id for id in seen if not id.startswith("new")] == stayed
    assert len(seen) == len(set(seen))


@pytest.mark.usefixtures("plan")
def test_a_cursor_goes_back_even_when_its_own_row_has_gone(groups, vip, page, expected):
    everyone = expected(vip, ("added_at", True))
    second = page(vip, limit=5, cursor=page(vip, limit=5).next_cursor)

    groups.change_customers(vip, remove=everyone[5:7])
    back = page(vip, limit=5, cursor=second.previous_cursor)

    assert ids(back) == everyone[:5]
    assert ids(page(vip, limit=5, cursor=back.next_cursor)) == everyone[7:12]


@pytest.mark.usefixtures("plan")
def test_a_filtered_count_is_exact_up_to_its_cap(vip, page, monkeypatch):
    matching = page(vip, words=("example",)).count

    for cap, count, capped in (
        (matching - 1, matching - 1, True),
        (matching, matching, False),
        (matching + 1, matching, False),
    ):
        monkeypatch.setattr(membership, "COUNT_CAP", cap)
        for order, where in product(ORDERS, ({}, {"offset": 5}, {"offset": 99}, {"limit": 0})):
            how = {"limit": 1, "order": (order, True)} | where
            found = page(vip, words=("example",), **how)
            assert (found.count, found.count_capped) == (count, capped)


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize("few", [23, 24, 25])
def test_pages_are_the_same_on_both_sides_of_few(vip, page, expected, monkeypatch, few):
    if pages.FEW:
        monkeypatch.setattr(pages, "FEW", few)
    given, keep = FILTERS["a long word"]
    for order, descending in product(ORDERS, (False, True)):
        everyone = expected(vip, (order, descending), keep)
        for offset in (0, 1, 20, 23, 24, 29, 30):
            found = page(vip, order=(order, descending), limit=5, offset=offset, **given)
            assert ids(found) == everyone[offset : offset + 5]
            assert found.count == len(everyone)


def test_the_count_of_all_members_is_never_capped(vip, page, monkeypatch):
    monkeypatch.setattr(membership, "COUNT_CAP", 3)

    found = page(vip, limit=1)

    assert (found.count, found.count_capped) == (36, False)


@pytest.mark.usefixtures("plan")
def test_a_cursor_belongs_to_its_group_order_and_filters(vip, page, create, groups):
    other = create("Third")
    groups.change_customers(other, add=ids(page(vip))[:9])
    cursor = page(vip, limit=1).next_cursor

    for group_id, how in (
        (other, {}),
        (vip, {"order": ("added_at", False)}),
        (vip, {"order": ("email", True)}),
        (vip, {"words": ("ada",)}),
        (vip, {"conditions": {"has_account": True}}),
        (vip, {"cursor": "garbage"}),
    ):
        with pytest.raises(InvalidCursor):
            page(group_id, **({"limit": 1, "cursor": cursor} | how))
    assert ids(page(vip, limit=2, cursor=cursor))


@pytest.mark.parametrize("order", ORDERS)
def test_a_cursor_of_a_small_group_works_when_it_has_grown(vip, page, monkeypatch, order):
    how = {"order": (order, False), "limit": 7}
    everyone = ids(page(vip, order=how["order"]))
    monkeypatch.setattr(membership, "SMALL_GROUP", SMALL)
    first = page(vip, **how)

    monkeypatch.setattr(membership, "SMALL_GROUP", LARGE)

    assert ids(page(vip, **how, cursor=first.next_cursor)) == everyone[7:14]


@pytest.mark.usefixtures("plan")
def test_members_unknown_to_the_directory_are_listed_too(groups, detail, store, vip, page):
    known = ids(page(vip))
    groups.application.accept_unknown_customers = True
    groups.change_customers(vip, add=["zzz_1", "aaa_2"])

    for order in ORDERS:
        seen, cursor = [], ""
        while cursor is not None:
            one = membership.members(
                store,
                detail(vip),
                limit=10,
                cursor=cursor,
                order=(order, False),
                accept_unknown=True,
            )
            seen += [row.id for row in one.rows]
            cursor = one.next_cursor

        assert sorted(seen) == sorted([*known, "zzz_1", "aaa_2"])


def test_an_empty_group_has_an_empty_page(page, create):
    empty = create("Empty")

    for how in ({}, {"words": ("ada",)}, {"order": ("email", False)}, {"limit": 0}):
        found = page(empty, **how)
        assert (found.rows, found.count, found.next_cursor) == ([], 0, None)


@pytest.mark.usefixtures("plan")
def test_a_page_of_no_members_keeps_the_count(vip, page):
    assert (page(vip, limit=0).rows, page(vip, limit=0).count) == ([], 36)
