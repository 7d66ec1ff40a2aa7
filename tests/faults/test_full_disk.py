"""A disk without space: the change is refused as unavailable, nothing is half, and it goes on."""

import resource
from contextlib import contextmanager

import pytest

from projections import directory_import, group_list, log
from projections.rebuild import rebuild, verify
from projections.store import StoreUnavailable

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@contextmanager
def no_more_pages(store):
    """The file may not grow by more than three pages, as SQLite sees it."""
    connection = store.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (before,) = connection.execute("PRAGMA max_page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA max_page_count = {before}")


@contextmanager
def no_larger_files(store):
    """No file may grow beyond what the write-ahead log has now, as the operating system says."""
    size = store.path.with_name(f"{store.path.name}-wal").stat().st_size
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(size, 100_000), limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


@pytest.mark.parametrize("full", [no_more_pages, no_larger_files])
def test_a_full_disk_refuses_the_change_and_leaves_nothing_half(groups, store, customers, full):
    ids = customers(3000)
    vip = groups.create_group("VIP").group_id
    before = log.end(store.read)

    def fill():
        for number in range(1000):
            groups.create_group(f"Group {number}", {"text": "x" * 2000})
            groups.change_customers(vip, add=ids[number * 3 :][:3])

    with full(store):
        with pytest.raises(StoreUnavailable, match=r"full|disk I/O"):
            fill()
        end = log.end(store.read)
        for large in (
            lambda: groups.change_customers(vip, add=ids[1500:]),
            lambda: rebuild(store),
            lambda: directory_import.import_batch(
                store,
                [(n, {"id": f"new {n}", "metadata": {"text": "x" * 2000}}) for n in range(1000)],
                "user_eve",
                directory_import.Imported(),
            ),
        ):
            with pytest.raises(StoreUnavailable):
                large()
        assert log.end(store.read) == end >= before
        assert not store.is_deciding
        assert group_list.page(store, limit=1).count >= 1

    assert verify(store).problems == []
    assert groups.change_customers(vip, add=ids).added > 0
    assert groups.create_group("There is space again").position > end
    rebuild(store)
    assert verify(store).problems == []
