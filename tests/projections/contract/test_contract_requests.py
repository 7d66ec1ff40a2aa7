"""What each request recorded, and the answers that are kept for those who repeat one."""

import pytest

from projections import requests
from projections.requests import KEPT_SECONDS

NOW = 2_000_000_000


@pytest.fixture
def keep(store):
    def keep(key, fingerprint="digest", answer=b"{}", now=NOW):
        with store.deciding():
            requests.keep_answer(store.write, key, fingerprint, answer, now)

    return keep


@pytest.fixture
def kept(store):
    return lambda key, now=NOW: requests.kept_answer(store.read, key, now)


def rows(store):
    return store.read("SELECT count(*) FROM idempotency")[0][0]


def test_a_request_knows_its_positions(groups, store, create, customers):
    ids = customers(2500)
    vip = create("VIP")

    groups.change_customers(vip, add=ids, request_id="many")
    groups.update_group(vip, name="Gold", request_id="one")
    groups.update_group(vip, name="Gold", request_id="none")

    assert requests.positions(store.read, "many") == (2, 4)
    assert requests.positions(store.read, "one") == (5, 5)
    assert requests.positions(store.read, "none") is None


def test_a_deleted_customer_is_one_request_in_all_its_groups(groups, store, create, customers):
    (ada,) = customers("ada")
    groups.change_groups(ada, add=create("A", "B", "C"))

    groups.delete_customer(ada, request_id="erase")

    assert requests.positions(store.read, "erase") == (7, 9)


def test_an_answer_is_kept_byte_for_byte(keep, kept):
    answer = b'{"a": "\xc3\xbc"}\x00\xff'

    keep("key", "digest", answer)

    assert kept("key") == ("digest", answer)
    assert kept("other") is None


def test_an_answer_is_kept_for_24_hours(keep, kept):
    keep("key")

    assert kept("key", NOW + KEPT_SECONDS - 1)
    assert kept("key", NOW + KEPT_SECONDS) is None
    assert KEPT_SECONDS == 24 * 60 * 60


def test_an_expired_key_may_be_used_again(keep, kept):
    keep("key", "first", b"1")

    keep("key", "second", b"2", NOW + KEPT_SECONDS)

    assert kept("key", NOW + KEPT_SECONDS) == ("second", b"2")


def test_an_answer_goes_with_the_change_it_belongs_to(groups, store, keep, kept):
    def fail():
        with store.deciding():
            groups.create_group("VIP")
            keep("key")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert kept("key") is None
    assert not store.name_taken("VIP", None)


def test_old_answers_go_a_hundred_at_a_time_with_later_ones(store, keep, kept):
    with store.deciding():
        for number in range(250):
            requests.keep_answer(store.write, f"old {number:03}", "x", b"", NOW + number // 100)
    later = NOW + KEPT_SECONDS + 1

    keep("new", now=later)
    assert rows(store) == 151
    assert kept("old 099", NOW) is None
    assert kept("old 100", NOW)
    keep("newer", now=later)
    assert rows(store) == 52
    keep("newest", now=later)

    assert rows(store) == 53
    assert kept("old 249", later) == ("x", b"")
