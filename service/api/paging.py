"""Parameters that are given once: limit, offset, order, search, fields, yes or no."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from marshmallow import fields

from service.api.bodies import LARGEST_WHOLE_NUMBER
from service.api.fields import Fields
from service.api.problems import Worded, expected, refusal, shown

LONGEST_SEARCH = 1_000
MOST_WORDS = 50

_NUMERIC = re.compile(r"[+-]?[0-9]+([.eE][0-9+-]*)?")


def whole_number(text: str) -> int | None:
    """Return the number for digits only, at most 2^53-1, else None."""
    if not (text.isascii() and text.isdigit()) or len(text) > 16:
        return None
    number = int(text)
    return number if number <= LARGEST_WHOLE_NUMBER else None


def searched_words(text: str) -> tuple[str, ...]:
    """Return the different words of a search, case-folded and composed, in their order."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return tuple(dict.fromkeys(folded.split()))


class Single(Worded, fields.String):
    """A parameter that is given once and has no brackets."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise refusal(expected(self.kind, str(attr), value))
        return self.read(value, str(attr))

    def read(self, text: str, name: str) -> Any:
        """Return the value that the text stands for, or raise a refusal."""
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
        """Return the number."""
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
        """Return the truth value."""
        if text not in self.words:
            raise refusal(expected(self.kind, name, text))
        return self.words[text]


class Search(Single):
    """A search; loads to its words, none for an empty one."""

    def read(self, text: str, name: str) -> tuple[str, ...]:
        """Return the words."""
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
        """Return the column and whether it descends."""
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

    def __init__(self, **columns: Any) -> None:
        default = Fields.parse(None, **columns)
        super().__init__(data_key="fields", attribute="fields", load_default=default)
        self.columns = columns

    def read(self, text: str, name: str) -> Fields:
        """Return the columns."""
        return Fields.parse(text, **self.columns)


class Ignored(fields.Raw):
    """A parameter that is accepted, whatever it says, and does nothing."""
