"""The directory of customers: create, change, put, erase, list and look up."""

from datetime import UTC, datetime, timedelta
from itertools import product

import orjson
import pytest

from domain.errors import CustomerNotFound, EmailTaken, MetadataTooLarge
from projections import directory, log
from projections.documents import folded

KEYS = (
    "id",
    "company_name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "metadata",
    "has_account",
    "created_by",
    "created_at",
    "updated_at",
    "deleted_at",
)


@pytest.fixture
def person(store):
    """The document of a customer."""

    def person(customer_id):
        row = directory.one(store.read, customer_id)
        return None if row is None else orjson.loads(row.document)

    return person


@pytest.fixture
def listed(store):
    """The ids of all customers that match."""

    def listed(**how):
        page = directory.page(store, **({"limit": 1000} | how))
        assert page.count == len(page.rows)
        return [row.id for row in page.rows]

    return listed


@pytest.mark.usefixtures("clock")
def test_a_customer_has_twelve_keys_in_order(store):
    row = directory.create(store, {"email": "Ada@Example.com", "first_name": "Ada"}, "user_eve")

    assert orjson.loads(row.document) == {
        "id": row.id,
        "company_name": None,
        "first_name": "Ada",
        "last_name": None,
        "email": "Ada@Example.com",
        "phone": None,
        "metadata": None,
        "has_account": False,
        "created_by": "user_eve",
        "created_at": "2030-01-01T12:00:00.000Z",
        "updated_at": "2030-01-01T12:00:00.000Z",
        "deleted_at": None,
    }
    assert tuple(orjson.loads(row.document)) == KEYS
    assert row.id.startswith("cus_")
    assert directory.one(store.read, row.id) == row


def test_nobody_may_take_an_email_that_another_has(store):
    directory.create(store, {"email": "ada@example.com"}, "user_eve")
    other = directory.create(store, {"email": "bob@example.com"}, "user_eve").id

    for refused in (
        lambda: directory.create(store, {"email": "ada@example.com"}, "user_eve"),
        lambda: directory.update(store, other, {"email": "ada@example.com"}),
        lambda: directory.put(store, "new", {"email": "ada@example.com"}, "user_eve"),
        lambda: directory.put(store, other, {"email": "ada@example.com"}, "user_eve"),
    ):
        with pytest.raises(EmailTaken, match="has_account: false, already exists"):
            refused()


def test_an_account_and_a_guest_may_share_an_email(store):
    directory.create(store, {"email": "ada@example.com"}, "user_eve")
    directory.put(store, "shop-1", {"email": "ada@example.com", "has_account": True}, "user_eve")

    with pytest.raises(EmailTaken, match="has_account: true"):
        directory.put(store, "x", {"email": "ada@example.com", "has_account": True}, "user_eve")
    with pytest.raises(EmailTaken, match="has_account: false"):
        directory.put(store, "shop-1", {"email": "ada@example.com"}, "user_eve")


def test_customers_without_an_email_do_not_stand_in_each_others_way(store, listed):
    ids = [directory.create(store, {"first_name": "Ada"}, "user_eve").id for _ in range(3)]

    assert sorted(ids) == listed()


def test_an_update_changes_what_it_names(store, person, clock):
    given = {"email": "a@example.com", "first_name": "Ada", "phone": "1", "metadata": {"a": 1}}
    customer_id = directory.create(store, given, "user_eve").id
    before = person(customer_id)
    clock.time += timedelta(days=1)

    directory.update(
        store, customer_id, {"first_name": None, "phone": "2", "metadata": {"b": 2, "a": ""}}
    )

    assert person(customer_id) == before | {
        "first_name": None,
        "phone": "2",
        "metadata": {"b": 2},
        "updated_at": "2030-01-02T12:00:00.000Z",
    }
    assert tuple(person(customer_id)) == KEYS


def test_an_update_that_changes_nothing_leaves_the_time(store, person, clock):
    customer_id = directory.create(store, {"phone": "1", "metadata": {"a": 1}}, "user_eve").id
    before = person(customer_id)
    clock.time += timedelta(days=1)

    directory.update(store, customer_id, {"phone": "1", "metadata": {"a": 1}})
    directory.update(store, customer_id, {"metadata": {}})
    directory.update(store, customer_id, {})

    assert person(customer_id) == before


def test_a_customer_may_keep_its_own_email(store):
    customer_id = directory.create(store, {"email": "a@example.com"}, "user_eve").id

    directory.update(store, customer_id, {"email": "a@example.com", "phone": "1"})
    directory.put(store, customer_id, {"email": "a@example.com", "phone": "2"}, "user_eve")


def test_an_unknown_customer_cannot_be_updated(store):
    with pytest.raises(CustomerNotFound):
        directory.update(store, "nobody", {"phone": "1"})


def test_put_makes_a_customer_of_a_given_id_and_then_replaces_it(store, person, clock):
    row, new = directory.put(store, "shop-1", {"phone": "1", "metadata": {"a": 1}}, "user_eve")
    assert (row.id, new) == ("shop-1", True)
    before = person("shop-1")
    clock.time += timedelta(days=1)

    same, again = directory.put(store, "shop-1", {"metadata": {"a": 1}, "phone": "1"}, "user_bob")
    assert (same.document, again) == (row.document, False)
    replaced, again = directory.put(store, "shop-1", {"first_name": "Ada"}, "user_bob")

    assert not again
    assert orjson.loads(replaced.document) == before | {
        "first_name": "Ada",
        "phone": None,
        "metadata": None,
        "updated_at": "2030-01-02T12:00:00.000Z",
    }
    assert person("shop-1") == orjson.loads(replaced.document)


def test_metadata_of_a_customer_is_bounded_too(store, person):
    for refused in (
        lambda: directory.create(store, {"metadata": {"a": "x" * 65536}}, "user_eve"),
        lambda: directory.put(store, "x", {"metadata": {"a": "x" * 65536}}, "user_eve"),
    ):
        with pytest.raises(MetadataTooLarge):
            refused()

    assert person("x") is None


def test_an_erased_customer_is_gone_and_its_email_is_free(groups, store, listed):
    directory.put(store, "shop-1", {"email": "ada@example.com", "first_name": "Ada"}, "user_eve")

    groups.delete_customer("shop-1")
    groups.delete_customer("shop-1")

    assert directory.one(store.read, "shop-1") is None
    assert listed() == listed(words=("ada",)) == []
    assert directory.lookup(store.read, ["shop-1", "ada@example.com"]) == {
        "shop-1": [],
        "ada@example.com": [],
    }
    assert directory.create(store, {"email": "ada@example.com"}, "user_eve")


def test_a_refused_change_of_the_directory_leaves_nothing(store, listed):
    directory.put(store, "a", {"email": "a@example.com"}, "user_eve")

    def two():
        with store.deciding():
            directory.put(store, "b", {"email": "b@example.com"}, "user_eve")
            directory.put(store, "c", {"email": "a@example.com"}, "user_eve")

    with pytest.raises(EmailTaken):
        two()

    assert listed() == ["a"]
    assert directory.page(store, limit=1).count == 1


def test_the_directory_writes_no_events(store):
    directory.put(store, "a", {"email": "a@example.com"}, "user_eve")
    directory.update(store, "a", {"phone": "1"})

    assert log.end(store.read) == 0


PEOPLE = {
    "1": {"company_name": "Süß GmbH", "first_name": "Ada", "last_name": "Lovelace"},
    "2": {"email": "Ada.King@example.com", "phone": "+44 20"},
    "3": {"first_name": "ada", "last_name": "lovelace", "has_account": True},
    "4": {"first_name": "100%", "last_name": "_", "email": "four@example.com"},
    "5": {"company_name": "100 Prozent", "email": "five@EXAMPLE.com"},
    "6": {},
}


@pytest.fixture
def people(store, clock):
    for customer_id, fields in PEOPLE.items():
        directory.put(store, customer_id, fields, "user_eve")
        clock.time += timedelta(days=1)


@pytest.mark.usefixtures("people", "way")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada", "123"),
        ("ADA lovelace", "13"),
        ("lovelace süss", "1"),
        ("da", "123"),
        ("example.com", "245"),
        ("44 ada", "2"),
        ("%", "4"),
        ("100%", "4"),
        ("100 %", "4"),
        ("_", "4"),
        ("n", "25"),
        ("ada\nlovelace", "13"),
        ("nobody", ""),
        ("", "123456"),
    ],
)
def test_every_word_must_be_in_one_of_the_texts(listed, text, expected):
    assert "".join(listed(words=tuple(folded(text).split()))) == expected


@pytest.mark.usefixtures("people")
def test_no_word_is_found_across_two_texts(listed):
    assert listed(words=("gmbhada",)) == []


@pytest.mark.usefixtures("people")
def test_a_changed_customer_is_found_by_its_new_texts_only(store, listed):
    directory.update(store, "1", {"first_name": "Grace", "company_name": None})

    assert listed(words=("grace",)) == ["1"]
    assert listed(words=("gmbh",)) == listed(words=("ada", "love"), conditions={"id": ["1"]}) == []


@pytest.mark.usefixtures("people", "way")
def test_customers_are_filtered(groups, listed, create):
    vip, gold, third = create("VIP", "Gold", "Third")
    groups.change_customers(vip, add=["1", "2"])
    groups.change_customers(gold, add=["2", "3"])
    groups.change_customers(third, add=["4"])
    groups.change_customers(vip, remove=["1"])
    groups.delete_group(third)

    def ids(**conditions):
        return "".join(listed(conditions=conditions))

    assert ids(groups=[vip]) == "2"
    assert ids(groups=[vip, gold]) == "23"
    assert ids(groups=[third]) == ids(groups=["unknown"]) == ""
    assert ids(id=["3", "1", "nobody"]) == "13"
    assert ids(email=["four@example.com"]) == "4"
    assert ids(email=["FOUR@example.com"]) == ""
    assert ids(has_account=True) == "3"
    assert ids(has_account=False) == "12456"
    third_day = directory.milliseconds(datetime(2030, 1, 3, 12, tzinfo=UTC))
    assert ids(created_at={"$gt": third_day}) == "456"
    assert ids(created_at={"$lte": third_day}, updated_at={"$gte": third_day}) == "3"
    assert ids(**{"$or": [{"id": ["1"]}, {"has_account": True}]}) == "13"
    assert ids(**{"$and": [{"id": ["1", "3"]}, {"has_account": True}]}) == "3"


@pytest.mark.usefixtures("people")
def test_customers_come_in_every_order_by_offset_and_by_cursor(store, person):
    def key(field, customer_id):
        value = person(customer_id)[field]
        return (value if field.endswith("_at") or field == "has_account" else folded(value)), (
            customer_id
        )

    for order, descending in product(directory.ORDERS, (False, True)):
        how = {"order": (order, descending), "limit": 2}
        expected = sorted(PEOPLE, key=lambda id, order=order: key(order, id), reverse=descending)

        by_offset = [directory.page(store, **how, offset=offset) for offset in (0, 2, 4)]
        by_cursor = [directory.page(store, **how, cursor="")]
        for _ in range(2):
            by_cursor.append(directory.page(store, **how, cursor=by_cursor[-1].next_cursor))

        assert [row.id for page in by_offset for row in page.rows] == expected
        assert [page.rows for page in by_cursor] == [page.rows for page in by_offset]
        assert by_cursor[-1].next_cursor is None
        assert {page.count for page in by_cursor} == {6}


@pytest.mark.usefixtures("people", "way")
def test_hits_come_in_every_order_by_offset_and_by_cursor(groups, store, create):
    vip = create("VIP")
    groups.change_customers(vip, add=["2", "4", "5", "6"])
    searches = (
        ({"words": ("ada",)}, "123"),
        ({"words": ("a",)}, "12345"),
        ({"conditions": {"has_account": False}}, "12456"),
        ({"conditions": {"groups": [vip, "unknown"]}, "words": ("example",)}, "245"),
    )
    for order, descending in product(directory.ORDERS, (False, True)):
        by = {"order": (order, descending)}
        ranked = [row.id for row in directory.page(store, limit=1000, **by).rows]
        for search, hits in searches:
            how = by | search | {"limit": 2}
            expected = [id for id in ranked if id in hits]

            by_offset = [directory.page(store, **how, offset=offset) for offset in (0, 2, 4, 6)]
            there = [directory.page(store, **how, cursor="")]
            while there[-1].next_cursor:
                there.append(directory.page(store, **how, cursor=there[-1].next_cursor))
            back = [there[-1]]
            while back[-1].previous_cursor:
                back.append(directory.page(store, **how, cursor=back[-1].previous_cursor))

            assert [row.id for page in by_offset for row in page.rows] == expected
            assert [row.id for page in there for row in page.rows] == expected
            assert [page.rows for page in reversed(back)] == [page.rows for page in there]
            assert {page.count for page in (*by_offset, *there, *back)} == {len(expected)}


@pytest.mark.usefixtures("people")
def test_customers_are_looked_up_by_id_and_by_email_in_any_case(store):
    directory.put(store, "7", {"email": "ada.king@EXAMPLE.com"}, "user_eve")
    directory.put(store, "8", {"email": "ada.king@EXAMPLE.com", "has_account": True}, "user_eve")

    found = directory.lookup(
        store.read, ["3", "ADA.KING@example.COM", "nobody", "four@example.com", "3"]
    )

    assert found == {
        "3": ["3"],
        "ADA.KING@example.COM": ["2", "7", "8"],
        "nobody": [],
        "four@example.com": ["4"],
    }
    assert directory.lookup(store.read, []) == {}
    assert directory.lookup(store.read, [""]) == {"": []}


def test_known_among_says_whom_the_directory_knows(store, customers):
    customers("ada", "bob")

    assert store.customers_among(["bob", "nobody", "ada"]) == {"ada", "bob"}
    assert store.customers_among([]) == set()
