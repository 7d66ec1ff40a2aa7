"""Pages of what happened: bounded by what they show, whatever else the log holds."""

from datetime import timedelta

import pytest

from domain.application import merging
from projections import history
from projections.history import Span

ADA, BOB = "cus_ada", "cus_bob"


@pytest.fixture
def busy(groups, customers):
    """The id of a group with 20 events, of which user_eve made the 2nd and the 12th: renamings."""
    customers(ADA, BOB)
    busy = groups.create_group("Busy").group_id
    for number in range(2, 21):
        if number in (2, 12):
            groups.update_group(busy, name=f"Busy {number}", by="user_eve")
        else:
            groups.update_group(busy, metadata=merging({"n": number}))
            groups.create_group(f"Other {number}")
    return busy


@pytest.fixture
def pages(store):
    """All pages of a group's history: the versions on each."""

    def pages(group_id, limit, **span):
        found, before = [], None
        while before is not None or not found:
            page = history.of_group(store.read, group_id, Span(**span), limit=limit, before=before)
            found.append([event.version for event in page.events])
            before = page.next_before
        return found

    return pages


def test_a_filtered_page_looks_at_a_bounded_number_of_events(busy, pages, monkeypatch):
    monkeypatch.setattr(history, "LOOKED_AT", 5)

    assert pages(busy, 4, types=["Renamed"]) == [[], [12], [], [2], []]
    assert pages(busy, 4, actors=["user_eve"]) == [[], [12], [], [2], []]
    assert [len(page) for page in pages(busy, 7)] == [7, 7, 6]


def test_a_page_that_is_full_goes_on_after_its_last_event(busy, pages):
    assert pages(busy, 1, types=["Renamed", "GroupCreated"]) == [[12], [2], [1]]
    assert pages(busy, 2, types=["Renamed", "GroupCreated"]) == [[12, 2], [1]]
    assert pages(busy, 3, types=["Renamed", "GroupCreated"]) == [[12, 2, 1]]


def test_filters_must_all_hold(busy, pages):
    assert pages(busy, 50, types=["Renamed"], actors=["user_admin"]) == [[]]
    assert pages(busy, 50, types=["Renamed"], actors=["user_admin", "user_eve"]) == [[12, 2]]


def test_times_are_inclusive_to_the_microsecond(groups, pages, clock):
    noon, microsecond = clock.time, timedelta(microseconds=1)
    group_id = groups.create_group("VIP").group_id
    for version in (2, 3):
        clock.time += timedelta(hours=1)
        groups.update_group(group_id, name=f"VIP {version}")
        groups.create_group(f"Other {version}")
    one, two = noon + timedelta(hours=1), noon + timedelta(hours=2)

    assert pages(group_id, 9, since=one) == [[3, 2]]
    assert pages(group_id, 9, since=one + microsecond) == [[3]]
    assert pages(group_id, 9, until=one) == [[2, 1]]
    assert pages(group_id, 9, until=one - microsecond) == [[1]]
    assert pages(group_id, 9, since=one, until=one) == [[2]]
    assert pages(group_id, 9, since=two + microsecond) == [[]]
    assert pages(group_id, 1, since=one, types=["Renamed"]) == [[3], [2]]


def test_a_customer_has_a_page_too(store, groups, customers, clock):
    customers(ADA, BOB)
    first, second = (groups.create_group(name).group_id for name in ("First", "Second"))
    for group_id in (first, second):
        groups.change_customers(group_id, add=[ADA, BOB], by="user_eve")
    clock.time += timedelta(hours=1)
    groups.change_customers(first, remove=[ADA])
    groups.change_customers(first, add=[ADA])
    groups.delete_customer(ADA)

    def told(limit=9, group_ids=(), before=None, **span):
        found, about = history.of_customer(
            store.read, ADA, Span(**span), group_ids=group_ids, limit=limit, before=before
        )
        assert [group.id for group in about] == [event.group_id for event in found.events]
        return [(event.group_id, event.topic) for event in found.events], found.next_before

    joins, leaves = "CustomersAdded", "CustomersRemoved"
    whole = [
        *((second, leaves), (first, leaves), (first, joins)),
        *((first, leaves), (second, joins), (first, joins)),
    ]
    assert sorted(told()[0][:2]) == sorted(whole[:2])
    assert told()[0][2:] == whole[2:]
    assert told()[1] is None
    assert told(types=[joins])[0] == [(first, joins), (second, joins), (first, joins)]
    assert told(group_ids=[second])[0] == [(second, leaves), (second, joins)]
    assert told(actors=["user_eve"])[0] == [(second, joins), (first, joins)]
    assert told(until=clock.time - timedelta(seconds=1))[0] == [(second, joins), (first, joins)]
    page, before = told(limit=4)
    assert page + told(before=before)[0] == told()[0]


def test_what_was_before_is_found_for_events_of_many_groups_at_once(store, groups, customers):
    customers(ADA)
    one = groups.create_group("One", {"a": 1}).group_id
    other = groups.create_group("Other").group_id
    positions = [
        groups.update_group(one, name="One 2").position,
        groups.update_group(other, metadata=merging({"b": 2})).position,
        groups.change_customers(one, add=[ADA]).position,
        groups.delete_group(one).position,
        groups.restore_group(one, name="One 3").position,
    ]

    before = history.documents_before(store.read, positions)

    described = [(before[p]["name"], before[p]["metadata"]) for p in positions]
    assert described == [("One", {"a": 1}), ("Other", None), *[("One 2", {"a": 1})] * 3]
    counts = history.counts_after(store.read, positions)
    assert [counts[position] for position in positions] == [0, 0, 1, 1, 1]
