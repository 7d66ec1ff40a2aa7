"""Lists as they were at a position: in pages, by every plan, the same as in one piece."""

from datetime import timedelta

import pytest

from projections import group_list, log, membership, pages
from projections.intervals import LONGEST, SPAN, span_of
from projections.log import NotYet
from projections.pages import InvalidCursor

PEOPLE = 30


@pytest.fixture
def at(groups, customers):
    """A position at which 30 were in a group, of whom ten have left since and ten came back."""
    ids = customers(PEOPLE)
    vip = groups.create_group("VIP").group_id
    for start in range(0, PEOPLE, 5):
        outcome = groups.change_customers(vip, add=ids[start : start + 5])
    groups.change_customers(vip, remove=ids[::3])
    groups.change_customers(vip, remove=ids[1::3])
    groups.change_customers(vip, add=ids[1::3])
    return outcome.position


@pytest.fixture
def vip(store, at):
    """The group as it was then."""
    (row,) = group_list.page(store, limit=2, at=at).rows
    return row


@pytest.fixture
def ask(store, vip, at):
    """Ask for its members of then."""
    return lambda **asked: membership.members(store, vip, at=at, **asked)


@pytest.fixture(params=["as it comes", "as in a large group"])
def plan(request, monkeypatch):
    """Let the group count as a large one, and its members as many hits."""
    if request.param == "as in a large group":
        monkeypatch.setattr(membership, "SMALL_GROUP", 0)
        monkeypatch.setattr(pages, "FEW", 3)


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize("order", ["added_at", "email", "created_at"])
@pytest.mark.parametrize("asked", [{}, {"words": ("cus_",)}, {"words": ("00002",)}], ids=str)
def test_pages_of_members_are_the_list_of_then(store, ask, order, asked):
    with store.deciding():
        store.write("UPDATE customer SET search = id, email_folded = substr(id, 9) || id")

    for descending in (False, True):
        by = {"order": (order, descending)} | asked
        whole = ask(limit=100, **by)
        offsets = [ask(limit=4, offset=start, **by).rows for start in range(0, 36, 4)]
        turned, cursor = [], ""
        while cursor is not None:
            page = ask(limit=7, cursor=cursor, **by)
            turned += page.rows
            cursor = page.next_cursor

        assert whole.count == len(whole.rows) == (11 if asked.get("words") == ("00002",) else 30)
        assert [row for rows in offsets for row in rows] == turned == whole.rows
        assert ask(limit=100, order=(order, not descending), **asked).rows == whole.rows[::-1]


def test_who_came_back_is_shown_with_the_first_time(store, ask):
    now = group_list.page(store, limit=1).rows[0]
    present = {row.id: row.added_at for row in membership.members(store, now, limit=100).rows}
    past = {row.id: row.added_at for row in ask(limit=100).rows}

    assert len(past) == 30
    assert len(present) == 20
    assert all(past[id] <= present[id] for id in present)
    assert ask(limit=0).count == ask(limit=5, offset=1000).count == 30


def test_a_cursor_is_of_one_position(store, vip, ask, at):
    cursor = ask(limit=5, cursor="").next_cursor

    for other in (at + 1, None):
        with pytest.raises(InvalidCursor):
            membership.members(store, vip, limit=5, cursor=cursor, at=other)


def test_a_moment_is_a_position_or_a_time(store, groups, clock):
    first = groups.create_group("First").position
    clock.time += timedelta(seconds=1)
    last = groups.create_group("Last").position

    def as_of(when):
        return log.as_of(store.read, when)

    assert (as_of("0"), as_of(first), as_of("2026-01-01T00:00:00Z")) == (0, first, 0)
    assert as_of("2030-01-01T12:00:00Z") == as_of("2030-01-01t14:00:00.9 02:00") == first
    assert as_of(clock.time) == last
    for text in (
        "",
        "2030-01-01",
        "2030-01-01T12:00:00",
        "first",
        "-1",
        "0001-01-01T00:00:00+01:00",
    ):
        with pytest.raises(ValueError, match="a position such as 4711, or a time with its zone"):
            as_of(text)


def test_a_time_of_the_log_is_past_whatever_the_clock_says(store, groups, clock):
    position = groups.create_group("In a year to come").position
    just_after = clock.time + timedelta(microseconds=1)

    assert log.as_of(store.read, clock.time) == position
    with pytest.raises(NotYet, match="a time that is not in the future"):
        log.as_of(store.read, just_after)
    with pytest.raises(NotYet, match=f"a position up to {position}, where this log ends"):
        log.as_of(store.read, position + 1)


def test_the_span_of_an_interval_is_the_same_in_sql_and_in_memory(store):
    lengths = [1, 2, 3, *(most + more for most in LONGEST for more in (-1, 0, 1)), 2**62 - 1]

    for length in (length for length in lengths if length < LONGEST[-1]):
        ((span,),) = store.read(f"SELECT {SPAN.format('CAST(:length AS BIGINT)')}", length=length)
        assert span_of(length) == span, length
