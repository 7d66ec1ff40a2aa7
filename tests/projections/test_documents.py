"""Times and texts as they are shown, sorted and searched."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.documents import folded, microseconds, milliseconds, moment, shown, time_shown

TIMES = st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 11, 22, 4, 28, 36, 211482, tzinfo=UTC), "2026-11-22T04:28:36.211Z"),
        (datetime(2026, 11, 22, 4, 28, 36, 999999, tzinfo=UTC), "2026-11-22T04:28:36.999Z"),
        (datetime(2026, 11, 22, tzinfo=UTC), "2026-11-22T00:00:00.000Z"),
        (datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "1969-12-31T23:59:59.999Z"),
        (
            datetime(2026, 11, 22, 1, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-21T23:00:00.000Z",
        ),
    ],
)
def test_times_are_shown_in_utc_with_three_digits_truncated(time, text):
    assert moment(time) == text


@given(TIMES)
def test_a_shown_time_is_the_stored_one_to_the_millisecond(time):
    stored = milliseconds(time)

    assert milliseconds(time_shown(shown(stored))) == stored
    assert microseconds(time) // 1000 == stored


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("", ""),
        ("ViP", "vip"),
        ("Straße", "strasse"),
        ("E\u0301mile", "\u00e9mile"),
        ("ΌΣΟΣ", "όσοσ"),
        ("Ǆ", "ǆ"),
        ("ﬁ", "fi"),
    ],
)
def test_texts_are_folded_and_composed(text, expected):
    assert folded(text) == expected
