"""Kinds of query parameters: marshmallow fields over what `query.parse` gives."""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields

from service.api.bodies import LARGEST_WHOLE_NUMBER
from service.api.fields import Fields
from service.api.problems import Checked, Fault, Worded, expected, refusal, shown

MOST_BRANCHES = 20
DEEPEST_BRANCH = 2
LONGEST_SEARCH = 1_000
MOST_WORDS = 50

_COMPARISONS = ("$gte", "$gt", "$lte", "$lt")
_NUMERIC = re.compile(r"[+-]?[0-9]+([.eE][0-9+-]*)?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+\- ])([01][0-9]|2[0-3]):([0-5][0-9])))?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(text: str) -> int | None:
    """The milliseconds since 1970 of an RFC 3339 time or of a bare date's 00:00 UTC, else None.

    Digits below the millisecond are cut. The plus of a zone may have become a blank on its way.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = found.groups()
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


def whole_number(text: str) -> int | None:
    """A number of digits only, at most 2^53-1, else None."""
    if not (text.isascii() and text.isdigit()) or len(text) > 16:
        return None
    number = int(text)
    return number if number <= LARGEST_WHOLE_NUMBER else None


def searched_words(text: str) -> tuple[str, ...]:
    """The different words of a search, case-folded and composed, in their order."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return tuple(dict.fromkeys(folded.split()))


class Single(Worded, fields.String):
    """A parameter that is given once and has no brackets."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise refusal(expected(self.kind, str(attr), value))
        return self.read(value, str(attr))

    def read(self, text: str, name: str) -> Any:
        """The value that the text stands for; raises a refusal."""
        return text


class Number(Single):
    """Digits only; more than `served` is taken as `served`."""

    kind = "number"

    def __init__(
        self,
        *,
        smallest: int = 0,
        largest: int = LARGEST_WHOLE_NUMBER,
        served: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.smallest = smallest
        self.largest = largest
        self.served = largest if served is None else served

    def read(self, text: str, name: str) -> int:
        """The number."""
        number = whole_number(text)
        if number is None or not self.smallest <= number <= self.largest:
            message = expected(self.kind, name, text)
            if _NUMERIC.fullmatch(text):
                message += f" (accepted: digits only, {self.smallest} to {self.largest})"
            raise refusal(message)
        return min(number, self.served)


class Truth(Single):
    """`true` or `false`; `bare` takes a parameter without a value as true."""

    kind = "boolean"

    def __init__(self, *, bare: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.words = {"true": True, "false": False} | ({"": True} if bare else {})

    def read(self, text: str, name: str) -> bool:
        """The truth value."""
        if text not in self.words:
            raise refusal(expected(self.kind, name, text) + " (accepted: true, false)")
        return self.words[text]


class Search(Single):
    """A search; loads to its words, none for an empty one."""

    def read(self, text: str, name: str) -> tuple[str, ...]:
        """The words."""
        if len(text) > LONGEST_SEARCH:
            raise refusal(f"Field '{name}' accepts up to {LONGEST_SEARCH:,} characters")
        words = searched_words(text)
        if len(words) > MOST_WORDS:
            raise refusal(f"Field '{name}' accepts up to {MOST_WORDS} words, got: {len(words)}")
        return words


class Order(Single):
    """A column to sort by, turned by a minus; loads to the column and whether it is turned."""

    def __init__(self, names: Sequence[str], default: tuple[str, bool]) -> None:
        super().__init__(load_default=default)
        self.names = names

    def read(self, text: str, name: str) -> tuple[str, bool]:
        """The column and whether it descends."""
        column = text.removeprefix("-")
        if column not in self.names:
            accepted = ", ".join(self.names)
            raise refusal(
                f"Field '{name}' accepts {accepted}, each also with a - before it, "
                f"got: '{shown(text)}'"
            )
        return column, text.startswith("-")


class Selection(Single):
    """The `fields` parameter; loads to `Fields`."""

    def __init__(self, data_key: str = "fields", **columns: Any) -> None:
        default = Fields.parse(None, **columns)
        super().__init__(data_key=data_key, attribute=data_key, load_default=default)
        self.columns = columns

    def read(self, text: str, name: str) -> Fields:
        """The columns."""
        return Fields.parse(text, **self.columns)


class Ignored(fields.Raw):
    """A parameter that is accepted, whatever it says, and does nothing."""


class AnyOf(Worded, fields.List):
    """One value or many, in any spelling; loads to a list. `related` also takes `x[id]`."""

    def __init__(self, *, related: bool = False, composed: bool = False, **options: Any) -> None:
        super().__init__(fields.String(), **options)
        self.related = related
        self.composed = composed

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        texts: list[str] = []
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                texts.append(unicodedata.normalize("NFC", part) if self.composed else part)
            elif isinstance(part, list):
                waiting += reversed(part)
            elif self.related and part.keys() == {"id"}:
                waiting.append(part["id"])
            else:
                raise refusal(expected(self.kind, str(attr), part))
        return texts


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
        """The integer that a value stands for; raises a refusal with `path`."""


class Times(Compared):
    """Times, in milliseconds since 1970."""

    def read(self, text: Any, name: str, *path: str) -> int:
        """The milliseconds."""
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
        """The number."""
        number = whole_number(text) if isinstance(text, str) else None
        if number is None:
            accepted = f"(accepted: digits only, 0 to {LARGEST_WHOLE_NUMBER})"
            raise refusal(f"{expected('number', name, text)} {accepted}", *path)
        return number


class Branches(Worded, fields.Raw):
    """`$or` and `$and`: lists of filters, each checked like the filters they stand beside."""

    kind = "array"

    def __init__(self, operator: str) -> None:
        super().__init__(data_key=operator, attribute=operator)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> list[dict[str, Any]]:
        branches: list[dict[str, Any]] = []
        faults: list[Fault] = []
        schema = self.parent
        if not isinstance(schema, Checked):
            raise TypeError("Branches stand in a schema of filters")
        for index, branch in enumerate(value):
            try:
                branches.append(schema.checked(branch))
            except ValidationError as error:
                faults += [fault.under(index) for fault in error.messages]
        if faults:
            raise ValidationError(faults)
        return branches


def count_branches(filters: Mapping[str, Any], level: int = 1) -> int:
    """How many branches a tree of filters has; refuses what is no list of filters or too deep."""
    branches = 0
    for operator in ("$or", "$and"):
        if operator not in filters:
            continue
        listed = filters[operator]
        if level > DEEPEST_BRANCH:
            raise refusal("'$or' and '$and' are accepted two levels deep", operator)
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            raise refusal(f"Field '{operator}' accepts filters such as {operator}[0][id]=x", operator)
        branches += len(listed) + sum(count_branches(branch, level + 1) for branch in listed)
    if branches > MOST_BRANCHES:
        raise refusal(f"'$or' and '$and' accept {MOST_BRANCHES} branches altogether")
    return branches
