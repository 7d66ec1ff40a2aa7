"""What is wrong with a request, and the schema class that says it in the API's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import orjson
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields
from marshmallow.exceptions import SCHEMA

LONGEST_QUOTE = 100
MOST_NAMES_QUOTED = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: an RFC 6901 pointer into the body, or a parameter's name."""

    message: str
    pointer: str | None = None
    parameter: str | None = None


class Invalid(Exception):
    """A request of the wrong shape, with every problem found in it, at least one."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Fault:
    """A message and the way to its place, from the value that is being checked."""

    message: str
    path: tuple[str | int, ...] = ()

    def under(self, *keys: str | int) -> "Fault":
        """Return the same fault, seen from further out."""
        return Fault(self.message, keys + self.path)


def refusal(message: str, *path: str | int) -> ValidationError:
    """Return what a field raises: one fault, its path counted from the field."""
    return ValidationError([Fault(message, path)])


def faults(error: ValidationError) -> list[Fault]:
    """Return what a field or schema of ours raised."""
    return cast("list[Fault]", error.messages)


def shown(value: Any) -> str:
    """Return a value as messages quote it: text as it is, the rest as JSON, 100 characters."""
    if isinstance(value, str):
        return value[:LONGEST_QUOTE]
    return orjson.dumps(value).decode()[:LONGEST_QUOTE]


def expected(kind: str, field: str, value: Any) -> str:
    """Return the message for a value of the wrong type."""
    return f"Expected type: '{kind}' for field '{field}', got: '{shown(value)}'"


def unrecognized(names: list[str]) -> str:
    """Return the message for names that a schema does not have; 20 of them are named."""
    quoted = ", ".join(name[:LONGEST_QUOTE] for name in names[:MOST_NAMES_QUOTED])
    rest = len(names) - MOST_NAMES_QUOTED
    return f"Unrecognized fields: '{quoted}'" + (f" and {rest:,} more" if rest > 0 else "")


def pointer(path: Iterable[str | int]) -> str:
    """Return the place of a value in a JSON document (RFC 6901); no steps is the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def parameter(path: Iterable[str | int]) -> str:
    """Return the name of a query parameter as `qs` writes it: `created_at[$gte]`."""
    first, *rest = map(str, path)
    return first + "".join(f"[{step}]" for step in rest)


class Worded(fields.Field[Any]):
    """A field that refuses in the API's words instead of marshmallow's."""

    kind: ClassVar[str] = "string"

    def make_error(self, key: str, **_kwargs: Any) -> ValidationError:
        """Return one of the two errors that marshmallow finds by itself: `required` and `null`."""
        name = self.data_key or self.name or ""
        if key == "required":
            return refusal(f"Field '{name}' is required")
        return refusal(expected(self.kind, name, None))

    def _validate(self, value: Any) -> None:
        """Nothing: a field of ours has checked the value when it has read it."""


class Checked(Schema):
    """A schema that answers a wrong value with `Invalid`; names it does not have are wrong too.

    Make one instance and keep it: building one costs more than a load.
    """

    class Meta(Schema.Meta):
        """Says `additionalProperties: false` in the OpenAPI document."""

        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.names = frozenset(field.data_key or name for name, field in self.load_fields.items())

    def load(self, data: Any, **_options: Any) -> Any:
        """Return the checked values. Raises `Invalid`."""
        try:
            return self.checked(data)
        except ValidationError as error:
            raise Invalid([self.problem(fault) for fault in faults(error)]) from None

    def checked(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the checked values. Raises `ValidationError` of faults, so that schemas nest."""
        found: list[Fault] = []
        values: dict[str, Any] = {}
        try:
            # names are checked below: marshmallow would forget the order they came in
            values = super().load(data, unknown=EXCLUDE)
        except ValidationError as error:
            for key, inside in error.messages_dict.items():
                found += inside if key == SCHEMA else [fault.under(key) for fault in inside]
        if not self.names.issuperset(data):
            strangers = [name for name in data if name not in self.names]
            found.append(Fault(unrecognized(strangers), (strangers[0],)))
        if found:
            raise ValidationError(found)
        return values

    def problem(self, fault: Fault) -> Problem:
        """Return the fault as a client is told it."""
        return Problem(fault.message, pointer=pointer(fault.path))


class Query(Checked):
    """A schema of query strings, as `query.parse` gives them; says which parameter is wrong."""

    def problem(self, fault: Fault) -> Problem:
        """Return the fault with the name of its parameter."""
        return Problem(fault.message, parameter=parameter(fault.path) if fault.path else None)
