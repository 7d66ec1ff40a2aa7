"""JSON bodies: parsed without losing a digit, refused where something would be lost."""

import codecs
from typing import Any

import orjson

from service.api.problems import Fault, Invalid, Problem, pointer, shown

LARGEST_WHOLE_NUMBER = 2**53 - 1
DEEPEST_BODY = 32

METADATA_BYTES = 64 * 1024
METADATA_KEYS = 200
METADATA_LEVELS = 20
METADATA_KEY_LENGTH = 255


class BrokenJson(Invalid):
    """The body is UTF-8 but not JSON, or JSON that is not an object."""

    def __init__(self, message: str) -> None:
        super().__init__([Problem(message, pointer="")])


class NotUtf8(Invalid):
    """The body is not UTF-8, so it is not JSON of a kind that is accepted."""

    def __init__(self) -> None:
        super().__init__([Problem("Only JSON in UTF-8 is accepted", pointer="")])


def parse_json(body: bytes) -> dict[str, Any]:
    """Return the object in a body; an empty body is an empty object.

    A byte order mark is skipped, and of a key given twice the last value stands (RFC 8259 leaves
    both open). Refused: numbers that a double would change, NUL in any text, lone surrogates,
    more than 32 levels. Raises `NotUtf8`, `BrokenJson` or, for a value, `Invalid` with its place.
    """
    if not body:
        return {}
    try:
        parsed = orjson.loads(body.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        if not _is_utf8(body):
            raise NotUtf8 from None
        raise BrokenJson(f"Not valid JSON: {error}") from None
    # before anything quotes the value: orjson reads 1,024 levels and writes 254
    fault = first_fault(parsed, levels=DEEPEST_BODY)
    if fault:
        where = f"Field '{fault.path[0]}': " if fault.path else ""
        raise Invalid([Problem(where + fault.message, pointer=pointer(fault.path))])
    if not isinstance(parsed, dict):
        raise BrokenJson(f"Expected a JSON object, got: '{shown(parsed)}'")
    return parsed


def first_fault(
    value: Any, *, levels: int, longest_key: int | None = None, level: int = 0
) -> Fault | None:
    """Return the first part of a parsed value that cannot be kept as it is, or None.

    `levels` counts objects and arrays inside one another. Every double from 2^53 on is a whole
    number that may have lost digits, so `1e300` is refused like 9007199254740993.
    """
    kind = type(value)
    if kind is str:
        return Fault("Text must not contain NUL (U+0000)") if "\0" in value else None
    if kind is int or kind is float:
        if -LARGEST_WHOLE_NUMBER <= value <= LARGEST_WHOLE_NUMBER:  # false for NaN too
            return None
        return Fault(
            f"Numbers are accepted from -{LARGEST_WHOLE_NUMBER} to {LARGEST_WHOLE_NUMBER}, "
            f"got: '{value}'"
        )
    if kind is dict:
        for key in value:
            if "\0" in key:
                return Fault("Keys must not contain NUL (U+0000)")
            if longest_key is not None and len(key) > longest_key:
                return Fault(f"Keys are accepted to {longest_key} characters, got: {len(key):,}")
    elif kind is not list:
        return None
    if level == levels:
        return Fault(f"Objects and arrays are accepted {levels} levels deep")
    for key, item in value.items() if kind is dict else enumerate(value):
        fault = first_fault(item, levels=levels, longest_key=longest_key, level=level + 1)
        if fault:
            return fault.under(key)
    return None


def metadata_fault(metadata: dict[str, Any]) -> Fault | None:
    """Return why metadata cannot be stored, or None.

    Up to 64 KiB as compact JSON, 200 keys at the top level (the whole is bounded by its size),
    20 levels with the outermost counted, keys up to 255 code points. Merged metadata has to pass
    again: two updates that fit may not fit together.
    """
    if len(metadata) > METADATA_KEYS:
        return Fault(f"Metadata is accepted up to {METADATA_KEYS} keys, got: {len(metadata):,}")
    fault = first_fault(metadata, levels=METADATA_LEVELS, longest_key=METADATA_KEY_LENGTH)
    if fault:
        return fault
    try:
        size = len(orjson.dumps(metadata))
    except orjson.JSONEncodeError:
        return Fault("Text must not contain lone surrogates")
    if size > METADATA_BYTES:
        return Fault(f"Metadata is accepted up to {METADATA_BYTES:,} bytes as JSON, got: {size:,}")
    return None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
