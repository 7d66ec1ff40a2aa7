"""Query strings as the JavaScript library `qs`, and with it the Medusa SDK, writes them."""

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from service.api.problems import Invalid, Problem

MOST_PARAMETERS = 1_000
DEEPEST = 6  # $or[0][$and][0][customers][id][0]

_BRACKETED = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")


class InvalidQuery(Invalid):
    """A query string that cannot be read at all."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__([Problem(message, parameter=parameter)])


class _Node:
    """Everything said about one name: its plain values and what stands in brackets behind it."""

    __slots__ = ("inner", "values")

    def __init__(self) -> None:
        self.values: list[str] = []
        self.inner: dict[str | int, _Node] = {}

    def step(self, key: str) -> "_Node":
        # an empty bracket is always one more element; a number cannot clash with a written index
        return self.inner.setdefault(key or len(self.inner), _Node())

    def read(self) -> Any:
        if not self.inner:
            return self.values[0] if len(self.values) == 1 else self.values
        if not all(isinstance(key, int) or _is_index(key) for key in self.inner):
            read = {str(key): node.read() for key, node in self.inner.items()}
            return [*self.values, read] if self.values else read
        elements: list[Any] = list(self.values)
        for key in sorted(self.inner, key=_order):
            node = self.inner[key]
            if node.inner:
                elements.append(node.read())
            else:
                elements += node.values
        return elements


def parse(query_string: bytes) -> dict[str, Any]:
    """Return the parameters by name: text, a list where a name repeats or has indexes, else a dict.

    `x=a&x=b`, `x[]=a` and `x[7]=a` give lists, in the order of their indexes; `x[id]=a` gives a
    dict. A name whose brackets do not close is taken as it stands. Raises `InvalidQuery` for more
    than 1,000 parameters or 6 brackets in a row, and for anything but UTF-8 without NUL.
    """
    pairs = query_string.split(b"&", MOST_PARAMETERS) if query_string else []
    if len(pairs) > MOST_PARAMETERS:
        raise InvalidQuery(f"Up to {MOST_PARAMETERS:,} query parameters are accepted")
    parameters: dict[str, _Node] = {}
    for pair in pairs:
        if not pair:
            continue
        written, _, value = pair.partition(b"=")
        name, steps = _split(_text(written))
        node = parameters.setdefault(name, _Node())
        for step in steps:
            node = node.step(step)
        node.values.append(_text(value))
    return {name: node.read() for name, node in parameters.items()}


def _split(key: str) -> tuple[str, list[str]]:
    """`a[b][]` as `a` and the steps `b` and ``; a key whose brackets do not close is one name."""
    bracketed = _BRACKETED.fullmatch(key) if key.endswith("]") else None
    if bracketed is None:
        return key, []
    name, brackets = bracketed.groups()
    if brackets.count("[") > DEEPEST:
        raise InvalidQuery(f"Query parameters are accepted up to {DEEPEST} brackets deep", name)
    return name, brackets[1:-1].split("][")


def _text(written: bytes) -> str:
    try:
        text = unquote_to_bytes(written.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InvalidQuery("Query parameters are accepted in percent-encoded UTF-8 without NUL")
    return text


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdigit()


def _order(key: str | int) -> tuple[bool, int, str]:
    """Written indexes by size, however many digits they have, then the empty brackets."""
    if isinstance(key, int):
        return (True, key, "")
    digits = key.lstrip("0")
    return (False, len(digits), digits)
