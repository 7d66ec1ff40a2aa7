"""A file of which the disk has lost a part: said as it is, and the log can be told apart."""

import pytest

from projections import group_list, log
from projections.store import StoreUnavailable

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_damaged_file_is_unavailable_and_not_a_mistake_of_ours(groups, store):
    for number in range(300):
        groups.create_group(f"Group {number}", {"text": "x" * 500})
    index = "SELECT rootpage FROM sqlite_master WHERE name LIKE 'group_list_by_name%'"
    (root,) = store.read(index)[0]
    (size,) = store.read("PRAGMA page_size")[0]
    store.close()
    with store.path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)

    with pytest.raises(StoreUnavailable, match="malformed"):
        group_list.page(store, limit=10, order=("name", False))
    with pytest.raises(StoreUnavailable, match="malformed"):
        groups.create_group("VIP")

    assert not store.is_deciding
    assert log.end(store.read) == 300
    assert group_list.page(store, limit=10).count == 300
