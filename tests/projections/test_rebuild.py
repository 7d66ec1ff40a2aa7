"""verify finds every kind of damage; rebuild repairs it while the service runs."""

import gc
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count, pairwise

import orjson
import psycopg
import pytest

from projections import directory, group_list, log, membership, schema
from projections import rebuild as rebuild_module
from projections.read_models import TABLES
from projections.rebuild import RebuildOvertaken, rebuild, verify
from projections.sqlite import SQLiteStore


@pytest.fixture(autouse=True)
def batch(monkeypatch):
    """Replays take several batches even where the log is short."""
    monkeypatch.setattr(rebuild_module, "BATCH", {"sqlite": 7, "postgres": 7})


@pytest.fixture
def store(own_store):
    """Of its own: a rebuild gives indexes other names, and damage must not spread."""
    return own_store


@pytest.fixture
def shop(groups, create, customers):
    """A little of everything; returns the ids of its groups."""
    ids = customers(12)
    made = create("VIP", "Wholesale", "Gone", "Back again", "Empty")
    vip, wholesale, gone, back, _ = made
    for number, group_id in enumerate(made[:4]):
        groups.change_customers(group_id, add=ids[number:8])
        groups.update_group(group_id, name=f"Süd {number}", metadata=lambda _: {"a": [1, None]})
    groups.change_customers(vip, remove=ids[:3])
    groups.change_customers(vip, add=ids[1:2])
    groups.delete_group(gone)
    groups.delete_group(back)
    groups.restore_group(back, name="Back")
    groups.delete_customer(ids[7])
    groups.change_customers(wholesale, add=ids[8:], request_id="last")
    return made


def contents(store):
    return {table: sorted(store.read(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def test_verify_finds_nothing_wrong_with_an_empty_store(store):
    assert verify(store).problems == []


@pytest.mark.usefixtures("shop")
def test_verify_finds_nothing_wrong_with_a_healthy_store(store):
    verified = verify(store)

    assert verified.problems == []
    assert verified.position == log.end(store.read)
    assert verified.events == len(store.read("SELECT 1 FROM stored_events"))
    assert verify(store) == verified


DAMAGES = [
    ("group_list", "UPDATE group_list SET name = 'Other' WHERE name = 'Süd 0'"),
    ("group_list", "UPDATE group_list SET customers_count = 99 WHERE name = 'Süd 1'"),
    ("group_list", "UPDATE group_list SET version = version - 1 WHERE name = 'Süd 1'"),
    ("group_list", "UPDATE group_list SET updated_at = updated_at + 1 WHERE name = 'Süd 0'"),
    ("group_list", "UPDATE group_list SET deleted = 0 WHERE name = 'Süd 2'"),
    ("group_list", "UPDATE group_list SET name_folded = 'x' WHERE name = 'Süd 0'"),
    ("group_list", "DELETE FROM group_list WHERE name = 'Empty'"),
    ("group_detail", "UPDATE group_detail SET document = '{}' WHERE group_key = 1"),
    ("group_detail", "DELETE FROM group_detail WHERE group_key = 1"),
    ("group_total", "UPDATE group_total SET living = living + 1"),
    ("group_total", "INSERT INTO group_total SELECT living FROM group_total"),
    ("group_total", "DELETE FROM group_total"),
    ("membership", "DELETE FROM membership WHERE customer_id = 'cus_000004' AND group_key = 1"),
    ("membership", "INSERT INTO membership VALUES (5, 'nobody', 1, 1, NULL, NULL)"),
    ("membership", "INSERT INTO membership VALUES (5, 'nobody', 1, 1, 2, 0)"),
    ("membership", "INSERT INTO membership SELECT * FROM membership WHERE until_position > 0"),
    ("membership", "UPDATE membership SET until_position = 9 WHERE customer_id = 'cus_000004'"),
    (
        "membership",
        "UPDATE membership SET until_position = NULL WHERE customer_id = 'cus_000007'"
        " AND group_key = 1",
    ),
    ("membership", "UPDATE membership SET since_position = 1 WHERE customer_id = 'cus_000004'"),
    ("requests", "DELETE FROM requests WHERE request_id = 'last'"),
    ("requests", "UPDATE requests SET last_position = 99 WHERE request_id = 'last'"),
    ("requests", "INSERT INTO requests VALUES ('nobody', 99, 99, 1, 'user_eve')"),
]


@pytest.mark.usefixtures("shop")
def test_verify_names_every_kind_of_damage_and_rebuild_repairs_it(store):
    healthy = contents(store)

    for table, damage in DAMAGES:
        with store.deciding():
            assert store.write(damage) > 0, damage

        problems = verify(store).problems
        assert problems, damage
        assert {problem.split(":")[0] for problem in problems} == {table}, damage
        rebuild(store)

        assert contents(store) == healthy, damage
    assert verify(store).problems == []


@pytest.fixture
def damaged_search(shop):
    """Statements that put the search index of the embedded store out of step."""
    return (
        f"UPDATE group_list_search SET text = 'x' WHERE rowid = {len(shop) - 4}",
        "DELETE FROM group_list_search WHERE rowid = 1",
        "INSERT INTO group_list_search (rowid, text) VALUES (99, 'nothing')",
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the other keeps no copy
def test_verify_finds_search_texts_out_of_step_and_rebuild_repairs_them(store, damaged_search):
    for damage in damaged_search:
        with store.deciding():
            store.write(damage)
        assert all("group_list_search: out of step" in line for line in verify(store).problems)
        assert verify(store).problems

        rebuild(store)

        assert verify(store).problems == []


def test_a_rebuild_leaves_every_answer_as_it_was(groups, store, shop):
    def answers():
        lists = [
            group_list.page(store, limit=50, order=(order, True), words=words)
            for order in group_list.ORDERS
            for words in ((), ("süd",), ("s",))
        ]
        pages = [
            membership.members(store, row, limit=50, order=(order, False))
            for row in lists[0].rows
            for order in ("added_at", *membership.ORDERS)
        ]
        return lists, pages, [store.groups_holding(f"cus_{n:06}") for n in range(12)]

    before, rows = answers(), contents(store)

    replayed = rebuild(store)

    assert replayed == len(store.read("SELECT 1 FROM stored_events"))
    assert answers() == before
    assert contents(store) == rows
    groups.update_group(shop[0], name="Changed later")
    assert verify(store).problems == []


@pytest.fixture
def turns(groups, shop):
    """Names that change hands, and a customer who comes and goes in two groups."""
    vip, wholesale = shop[:2]
    for name, other in (("One", "Two"), ("Two", "One")) * 3:
        groups.update_group(vip, name="Neither")
        groups.update_group(wholesale, name=name, metadata=lambda _, name=name: {"was": name})
        groups.update_group(vip, name=other)
        groups.delete_group(vip)
        groups.restore_group(vip)
        groups.change_groups("cus_000009", add=[vip])
        groups.change_groups("cus_000009", add=[], remove=[wholesale])
        groups.change_groups("cus_000009", add=[wholesale], remove=[vip])
    return shop


@pytest.mark.usefixtures("turns")
@pytest.mark.parametrize("size", [1, 2, 3, 11, 1000])
def test_batches_of_any_size_leave_the_rows_that_single_changes_left(store, monkeypatch, size):
    live = contents(store)
    monkeypatch.setattr(rebuild_module, "BATCH", {"sqlite": size, "postgres": size})

    assert verify(store).problems == []
    rebuild(store)

    assert contents(store) == live


@pytest.mark.usefixtures("turns")
def test_a_batch_ends_where_it_has_many_bytes(store, monkeypatch):
    live = contents(store)
    monkeypatch.setattr(rebuild_module, "BATCH", {"sqlite": 1000, "postgres": 1000})
    monkeypatch.setattr(rebuild_module, "AT_A_TIME", 2)
    monkeypatch.setattr(rebuild_module, "BATCH_BYTES", 2000)
    told = []

    rebuild(store, lambda done, _: told.append(done))

    assert contents(store) == live
    assert max(end - start for start, end in pairwise(told)) < 20


def definitions(store):
    """How the indexes and triggers of the read models were made, whatever their generation."""
    statement = (
        "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        if store.dialect == "sqlite"
        else "SELECT indexdef FROM pg_indexes"
        " WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_pkey%'"
    )
    return sorted(re.sub(r"_\d+ ON|_\d+ AFTER|\"", "", row[0]) for row in store.read(statement))


def test_a_rebuild_makes_every_index_and_trigger_again(store, turns):
    before = definitions(store)

    rebuild(store)

    assert definitions(store) == before
    assert len(before) > len(turns) + 20


@pytest.mark.usefixtures("shop")
def test_search_follows_changes_after_a_rebuild(groups, store, create):
    for number in range(2):
        rebuild(store)
        made = create(f"Brand new {number}")
        groups.update_group(made, name=f"Renamed {number}")

        found = group_list.page(store, limit=9, words=("renamed", str(number)))
        assert [row.id for row in found.rows] == [made]
        assert group_list.page(store, limit=9, words=("brand",)).rows == []

    assert verify(store).problems == []
    assert directory.page(store, limit=9, words=("cus",)).count == 0


@pytest.mark.usefixtures("shop")
def test_progress_is_told_and_ends_with_everything(store):
    told = []

    done = rebuild(store, lambda *progress: told.append(progress))

    assert told[-1] == (done, done)
    assert [number for number, _ in told] == sorted(number for number, _ in told)
    assert len(told) > 3
    verify(store, lambda *progress: told.append(progress))
    assert told[-1] == (done, done)


@pytest.mark.usefixtures("shop")
def test_a_rebuild_that_ends_half_way_changes_nothing(groups, store, create):
    before = contents(store)

    def stop(done, _):
        if done > 10:
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            rebuild(store, stop)

    assert contents(store) == before
    assert verify(store).problems == []
    groups.update_group(create("Later"), name="Changed")
    rebuild(store)
    assert verify(store).problems == []
    assert not [name for name in store.table_names() if name.startswith("fresh_")]


@pytest.mark.usefixtures("shop")
def test_the_later_of_two_rebuilds_wins_and_the_earlier_changes_nothing(store):
    before = contents(store)

    def overtake(done, _):
        if done == 14:
            assert rebuild(store) > 0

    with pytest.raises(RebuildOvertaken):
        rebuild(store, overtake)

    assert contents(store) == before
    assert verify(store).problems == []


@pytest.fixture
def busy(monkeypatch):
    """Replays go faster than one writer writes, as they do at their real size."""
    monkeypatch.setattr(rebuild_module, "BATCH", {"sqlite": 200, "postgres": 200})


@contextmanager
def meanwhile(store, work):
    """Do `work(number)` every few milliseconds in another thread; gives how often so far."""
    done, end = [], threading.Event()

    def run():
        try:
            for number in count():
                if end.wait(0.003):
                    return
                work(number)
                done.append(number)
        finally:
            store.close()

    with ThreadPoolExecutor(1) as other:
        running = other.submit(run)
        try:
            while not done and not running.done():
                threading.Event().wait(0.001)
            yield lambda: len(done)
        finally:
            end.set()
        running.result()


@pytest.mark.usefixtures("busy")
def test_a_rebuild_loses_nothing_that_is_written_meanwhile(groups, store, shop, customers):
    ids = customers(50)

    def write(number):
        groups.update_group(shop[0], name=f"Name {number}", metadata=lambda _: {"n": number})
        groups.change_customers(shop[1], **{("add", "remove")[number % 2]: ids[:20]})
        groups.delete_group(groups.create_group(f"New {number}").group_id)

    written = Counter()
    with meanwhile(store, write) as written_by_now:
        for number in range(4):
            begun = written_by_now()
            rebuild(store)
            written[number] = written_by_now() - begun

    assert sum(written.values()) > 0
    assert verify(store).problems == []


@pytest.mark.usefixtures("shop", "busy")
def test_many_rebuilds_at_once_leave_the_right_tables(groups, store, create):
    vip = create("Renamed all the time")

    def again(_):
        try:
            return rebuild(store)
        except RebuildOvertaken:
            return 0
        finally:
            store.close()

    with (
        meanwhile(store, lambda number: groups.update_group(vip, name=f"Name {number}")),
        ThreadPoolExecutor(3) as others,
    ):
        rebuilt = [*others.map(again, range(9))]

    assert any(rebuilt)
    assert verify(store).problems == []


@pytest.mark.usefixtures("busy")
def test_verify_is_not_misled_by_what_is_written_meanwhile(groups, store, shop, customers):
    ids = customers(50)

    def write(number):
        groups.update_group(shop[0], name=f"Name {number}")
        groups.change_customers(shop[1], **{("add", "remove")[number % 2]: ids[:20]})

    with meanwhile(store, write):
        for _ in range(5):
            assert verify(store).problems == []


@pytest.mark.usefixtures("busy")
def test_verify_is_not_misled_by_a_rebuild(groups, store, shop):
    def write(number):
        groups.update_group(shop[0], name=f"Name {number}")
        rebuild(store)

    with meanwhile(store, write) as rebuilt:
        while rebuilt() < 5:
            assert verify(store).problems == []


@pytest.mark.usefixtures("busy")
def test_readers_are_not_misled_by_a_rebuild(groups, store, shop, create):
    """A reader that waits for the swap of the tables sees what was committed before it began."""
    names = create(*(f"Group {number}" for number in range(20)))
    seen = []

    def read(_):
        page = group_list.page(store, limit=100, conditions={"customers": ["cus_000004"]})
        people = directory.page(store, limit=100, conditions={"groups": shop})
        seen.append((group_list.page(store, limit=1).count, page.count, people.count))
        assert len(page.rows) == page.count
        membership.check(store.read, ["cus_000004", "cus_000005"], shop)
        row = group_list.one(store.read, shop[1])
        assert len(membership.members(store, row, limit=100).rows) == row.customers_count

    with meanwhile(store, read):
        for number in range(8):
            groups.update_group(names[number], name=f"Changed {number}")
            rebuild(store)

    assert set(seen) == {(24, 3, 10)}


@pytest.mark.usefixtures("busy")
def test_a_reader_sees_what_was_committed_before_it_even_while_tables_are_swapped(
    groups, store, shop
):
    committed = [0]

    def write(number):
        groups.update_group(shop[0], metadata=lambda _: {"number": number})
        committed[0] = number

    def read(_):
        at_least = committed[0]
        for row in group_list.page(store, limit=9, conditions={"id": [shop[0]]}).rows:
            assert orjson.loads(row.document)["metadata"].get("number", 0) >= at_least
        assert group_list.page(store, limit=9).count == 4

    with meanwhile(store, write), meanwhile(store, read):
        for _ in range(8):
            rebuild(store)

    assert verify(store).problems == []


def test_a_rebuild_waits_for_a_long_read_and_stops_nobody_meanwhile(groups, store, shop):
    """The read goes on in its snapshot while others write and read, then the rebuild ends."""
    with ThreadPoolExecutor(1) as other:
        with store.reading():
            before = group_list.page(store, limit=9)
            rebuilding = other.submit(rebuild, store)
            with ThreadPoolExecutor(1) as third:
                for number in range(30):
                    third.submit(groups.update_group, shop[0], name=f"Name {number}").result()
                    assert third.submit(group_list.page, store, limit=9).result().count == 4
                third.submit(store.close).result()
            assert group_list.page(store, limit=9) == before
            assert store.dialect == "sqlite" or not rebuilding.done()
        assert rebuilding.result()
        other.submit(store.close).result()

    assert verify(store).problems == []


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("table", ["group_list", "merkle_leaf"])
def test_autovacuum_at_work_on_its_tables_delays_a_rebuild_only(store, monkeypatch, table):
    """Autovacuum holds this lock, and gives way after a second."""
    held, index = threading.Event(), rebuild_module.index

    def vacuum():
        with psycopg.connect(store.url) as connection:
            connection.execute(f"LOCK TABLE fresh_{table} IN SHARE UPDATE EXCLUSIVE MODE")
            held.set()
            connection.execute("SELECT pg_sleep(0.3)")

    with ThreadPoolExecutor(1) as other:

        def index_and_hold(*given):
            index(*given)
            other.submit(vacuum)
            assert held.wait(10)

        monkeypatch.setattr(rebuild_module, "index", index_and_hold)
        rebuild(store)

    assert verify(store).problems == []


def test_read_models_of_an_older_version_are_made_anew_by_a_rebuild(store, monkeypatch):
    monkeypatch.setattr(group_list, "VERSION", group_list.VERSION + 1)
    assert schema.changed_read_models(store) == ["group_list"]

    rebuild(store)

    schema.check(store)


def test_what_is_no_read_model_is_left_alone_by_a_rebuild(groups, store, shop):
    with store.deciding():
        store.write("INSERT INTO idempotency VALUES ('key', 'x', 'answer', 1)")
    tables = ("stored_events", "customer", "customer_total", "idempotency")
    before = [store.read(f"SELECT * FROM {table}") for table in tables]
    log_id = log.log_id(store.read)

    rebuild(store)

    assert [store.read(f"SELECT * FROM {table}") for table in tables] == before
    assert log.log_id(store.read) == log_id
    assert groups.change_customers(shop[0], add=["cus_000000"]).added == 1


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the other has no such switch
def test_what_is_deleted_after_a_rebuild_is_overwritten_again(store, monkeypatch):
    rebuild(store)
    assert store.read("PRAGMA secure_delete") == [(1,)]

    monkeypatch.setattr(rebuild_module, "begin", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rebuild(store)
    assert store.read("PRAGMA secure_delete") == [(1,)]


def test_cycles_are_searched_for_again_after_a_rebuild_that_failed(store, monkeypatch):
    monkeypatch.setattr(rebuild_module, "begin", lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        rebuild(store)

    assert gc.isenabled()


def test_a_batch_of_a_rebuild_does_not_wait_for_the_disk_and_what_is_acknowledged_does(tmp_path):
    store = SQLiteStore(tmp_path / "log.db")
    normal, full = [(1,)], [(2,)]

    with store.filling():
        assert store.read("PRAGMA synchronous") == normal
    with pytest.raises(ZeroDivisionError), store.filling():
        1 / 0  # noqa: B018
    with store.defining():  # as the tables take the place of the old ones
        assert store.read("PRAGMA synchronous") == full
    store.close()
