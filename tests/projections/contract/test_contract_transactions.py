"""One write lock, one transaction: all of a decision or nothing of it, and nobody in between."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.context import decided_at
from projections import directory, group_list, log
from projections.read_models import TABLES


@pytest.fixture
def contents(store):
    """All that the tables hold."""

    def contents():
        tables = ("stored_events", "customer", "customer_total", "idempotency", *TABLES)
        return {table: sorted(store.read(f"SELECT * FROM {table}"), key=repr) for table in tables}

    return contents


def test_an_exception_takes_back_events_read_models_and_customers(
    groups, store, create, customers, contents
):
    vip, gold = create("VIP", "Gold")
    groups.change_customers(vip, add=customers(3))
    groups.delete_group(gold)
    before = contents()

    def fail():
        with store.deciding():
            groups.create_group("Third", {"a": 1})
            groups.update_group(vip, name="Platin", metadata=lambda _: {"b": 1})
            groups.change_customers(vip, add=customers("x"), remove=["cus_000001"])
            groups.restore_group(gold)
            groups.delete_group(vip)
            groups.delete_customer("cus_000000")
            assert contents() != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert contents() == before
    assert group_list.page(store, limit=1).count == 1
    assert not store.is_deciding


def test_a_read_model_that_fails_takes_its_event_back(groups, create, contents, monkeypatch):
    vip = create("VIP")
    before = contents()

    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("projections.requests.save", fail)
    with pytest.raises(ZeroDivisionError):
        groups.update_group(vip, name="Gold")
    monkeypatch.undo()

    assert contents() == before
    assert groups.update_group(vip, name="Gold").position


def test_a_decision_inside_a_decision_joins_it(store, create):
    with store.deciding():
        when = decided_at.get()
        with store.deciding():
            create("VIP")
            assert decided_at.get() == when
        assert store.is_deciding
        assert store.name_taken("VIP", None)

    assert not store.is_deciding
    assert decided_at.get(None) is None


def test_reading_inside_a_decision_sees_what_it_has_written(store, create):
    with store.deciding():
        create("VIP")
        with store.reading():
            assert group_list.page(store, limit=1).count == 1
        create("Gold")

    assert group_list.page(store, limit=1).count == 2


def test_nobody_sees_a_decision_before_it_is_committed(groups, store, create):
    create("VIP")
    with ThreadPoolExecutor(1) as other:

        def seen():
            page = group_list.page(store, limit=10)
            return page.count, len(page.rows), log.end(store.read)

        with store.deciding():
            groups.create_group("Gold")
            assert other.submit(seen).result() == (1, 1, 1)
        assert other.submit(seen).result() == (2, 2, 2)
        other.submit(store.close).result()


def test_all_reads_of_a_snapshot_see_one_state(store, create):
    create("VIP")
    with ThreadPoolExecutor(1) as other:
        with store.reading():
            before = group_list.page(store, limit=10)
            other.submit(create, "Gold").result()

            assert group_list.page(store, limit=10) == before
            assert log.end(store.read) == 1
        other.submit(store.close).result()

    assert group_list.page(store, limit=10).count == 2


def test_decisions_take_turns(groups, store, create):
    """What is read before the lock would be stale: each of these reads, waits, then writes."""
    vip = create("VIP", metadata={"count": 0})
    start = threading.Barrier(4)

    def count():
        start.wait()
        for _ in range(10):
            groups.update_group(vip, metadata=lambda old: {"count": old["count"] + 1})
        store.close()

    with ThreadPoolExecutor(4) as writers:
        for done in [writers.submit(count) for _ in range(4)]:
            done.result()

    assert store.group(vip).metadata == {"count": 40}
    assert store.group(vip).version == 41


def test_a_thread_that_ends_leaves_the_others_their_connection(store, create):
    with ThreadPoolExecutor(1) as other:
        other.submit(lambda: (directory.page(store, limit=1), store.close())).result()

    assert create("VIP")


def test_a_closed_store_opens_again(store, create):
    create("VIP")

    store.close()
    store.close()

    assert group_list.page(store, limit=1).count == 1
