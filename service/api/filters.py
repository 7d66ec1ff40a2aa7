"""Filters of lists: any of these values, times and counts in bounds, `$or` and `$and`."""

import re
import unicodedata
from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from marshmallow import ValidationError, fields

from projections.documents import instant
from projections.log import point
from service.api.bodies import LARGEST_WHOLE_NUMBER
from service.api.eventschemas import EVENTS, event_of
from service.api.paging import Single, Truth, whole_number
from service.api.problems import (
    Checked,
    Fault,
    Query,
    Worded,
    expected,
    faults,
    refusal,
    shown,
)
from service.api.values import LONGEST_TEXT

MOST_BRANCHES = 20
DEEPEST_BRANCH = 2

_COMPARISONS = ("$gte", "$gt", "$lte", "$lt")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+\- ])([01][0-9]|2[0-3]):([0-5][0-9])))?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(text: str) -> int | None:
    """Return the milliseconds since 1970 of an RFC 3339 time or a bare date (00:00 UTC), else None.

    Digits below the millisecond are cut. The plus of a zone may have become a blank on its way.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = (
        found.groups()
    )
    leap = second == "60"  # RFC 3339 has leap seconds, datetime has not
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            59 if leap else int(second or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // timedelta(seconds=1) + leap
    if sign:
        offset = int(zone_hours) * 3600 + int(zone_minutes) * 60
        seconds += offset if sign == "-" else -offset
    return seconds * 1000 + int((fraction or "0")[:3].ljust(3, "0"))


class Moment(Single):
    """A time with its zone; loads to a datetime, exact to the microsecond."""

    def read(self, text: str, name: str) -> datetime:
        """Return the time. The plus of a zone may have become a blank on its way."""
        time = instant(text)
        if time is not None:
            return time
        raise refusal(
            f"Field '{name}' accepts a time with its zone such as 2026-11-22T04:28:36.211Z"
            f" (RFC 3339), got: '{shown(text)}'"
        )


class Point(Single):
    """A position or a time with its zone; loads to an int or a datetime."""

    def read(self, text: str, name: str) -> int | datetime:
        """Return the position or the time."""
        try:
            return point(text)
        except ValueError as error:
            raise refusal(f"Field '{name}' accepts {error}, got: '{shown(text)}'") from None


class AnyOf(Worded, fields.List[Any]):
    """One value or many, in any spelling; loads to a list. `related` also takes `x[id]`."""

    def __init__(self, *, related: bool = False, composed: bool = False, **options: Any) -> None:
        super().__init__(fields.String(), **options)
        self.related = related
        self.composed = composed

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        texts: list[str] = []
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                # nothing stored is longer than 255, and composing takes the square of the length
                composed = self.composed and len(part) <= 4 * LONGEST_TEXT
                texts.append(unicodedata.normalize("NFC", part) if composed else part)
            elif isinstance(part, list):
                waiting += reversed(part)
            elif self.related and part.keys() == {"id"}:
                waiting.append(part["id"])
            else:
                raise refusal(expected(self.kind, str(attr), part))
        return texts


class EventTypes(AnyOf):
    """Any of the events, short as in `Renamed` or as `type` has it in full; loads to topics."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        topics = []
        for name in super()._deserialize(value, attr, data, **kwargs):
            topic = event_of(name)
            if topic is None:
                accepted = ", ".join(EVENTS)
                raise refusal(f"Field '{attr}' accepts {accepted}, got: '{shown(name)}'")
            topics.append(topic)
        return topics


class Compared(Worded, fields.Dict):
    """One value to equal, or bounds as `x[$gte]`; loads to a dict of operator and integer."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, int]:
        if isinstance(value, str):
            return {"$eq": self.read(value, str(attr))}
        if not isinstance(value, dict) or not value.keys() <= set(_COMPARISONS):
            accepted = ", ".join(f"{attr}[{operator}]" for operator in _COMPARISONS)
            raise refusal(f"Field '{attr}' accepts one value, or {accepted}, got: '{shown(value)}'")
        return {key: self.read(text, f"{attr}[{key}]", key) for key, text in value.items()}

    @abstractmethod
    def read(self, text: Any, name: str, *path: str) -> int:
        """Return the integer that a value stands for, or raise a refusal with `path`."""


class Times(Compared):
    """Times, in milliseconds since 1970."""

    def read(self, text: Any, name: str, *path: str) -> int:
        """Return the milliseconds."""
        moment = milliseconds(text) if isinstance(text, str) else None
        if moment is None:
            raise refusal(
                f"Field '{name}' accepts a time such as 2026-11-22T04:28:36Z (RFC 3339) "
                f"or a date such as 2026-11-22, got: '{shown(text)}'",
                *path,
            )
        return moment


class Counts(Compared):
    """Whole numbers."""

    def read(self, text: Any, name: str, *path: str) -> int:
        """Return the number."""
        number = whole_number(text) if isinstance(text, str) else None
        if number is None:
            accepted = f"(accepted: digits only, 0 to {LARGEST_WHOLE_NUMBER})"
            raise refusal(f"{expected('number', name, text)} {accepted}", *path)
        return number


class Branches(Worded, fields.Raw):
    """`$or` and `$and`: lists of filters, each checked by the schema of filters they stand in.

    `count_branches` must have passed: it bounds the depth and knows that these are lists of dicts.
    """

    def __init__(self, operator: str) -> None:
        super().__init__(data_key=operator, attribute=operator)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[dict[str, Any]]:
        branches: list[dict[str, Any]] = []
        found: list[Fault] = []
        filters = cast("Checked", self.parent)
        for index, branch in enumerate(value):
            try:
                branches.append(filters.checked(branch))
            except ValidationError as error:
                found += [fault.under(index) for fault in faults(error)]
        if found:
            raise ValidationError(found)
        return branches


def count_branches(filters: Mapping[str, Any], level: int = 1) -> int:
    """Return how many branches a tree of filters has; refuse too many, too deep, malformed."""
    branches = 0
    for operator in ("$or", "$and"):
        if operator not in filters:
            continue
        listed = filters[operator]
        if level > DEEPEST_BRANCH:
            raise refusal("'$or' and '$and' are accepted two levels deep", operator)
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            raise refusal(
                f"Field '{operator}' accepts filters such as {operator}[0][id]=x", operator
            )
        branches += len(listed) + sum(count_branches(branch, level + 1) for branch in listed)
    if branches > MOST_BRANCHES:
        raise refusal(f"'$or' and '$and' accept {MOST_BRANCHES} branches altogether")
    return branches


class GroupFilters(Query):
    """What a list of groups can be filtered by."""

    id = AnyOf()
    name = AnyOf(composed=True)
    created_by = AnyOf()
    customers = AnyOf(related=True)
    created_at = Times()
    updated_at = Times()
    customers_count = Counts()
    either = Branches("$or")
    every = Branches("$and")


class CustomerFilters(Query):
    """What a list of customers can be filtered by."""

    id = AnyOf()
    email = AnyOf(composed=True)
    groups = AnyOf(related=True)
    has_account = Truth()
    created_at = Times()
    updated_at = Times()
    either = Branches("$or")
    every = Branches("$and")


class MemberFilters(Query):
    """What the members of a group can be filtered by."""

    id = AnyOf()
    has_account = Truth()
    created_at = Times()
    updated_at = Times()
