"""Kinds of values in a body: marshmallow fields that check, tidy and describe themselves."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields

from service.api.bodies import LARGEST_WHOLE_NUMBER, METADATA_KEYS, metadata_fault
from service.api.problems import Worded, expected, refusal, shown
from service.outgoing import LONGEST_URL, url_problem

LONGEST_TEXT = 255
RESERVED_IDS = ("import", "lookup")
LONGEST_CUSTOMER_ID = 128

# NUL and lone surrogates are among them, for values that never were JSON
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")
_CUSTOMER_ID = re.compile(r"[!-~]{1,128}")
_NOT_IN_IDS = set("/\\?#%,")
_ATOM = r"""[^\s@.,:;<>()\[\]\\"]+"""
_EMAIL = re.compile(rf"{_ATOM}(\.{_ATOM})*@({_ATOM}\.)+{_ATOM}")

# letters and symbols that show nothing: jamo fillers and the empty braille cell
_BLANK_LETTERS = set("\u115f\u1160\u3164\uffa0\u2800")
_INVISIBLE = {"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Mn"}


def is_visible(character: str) -> bool:
    """Return whether a character shows something by itself; blanks, format characters do not."""
    return unicodedata.category(character) not in _INVISIBLE and character not in _BLANK_LETTERS


def customer_id_problem(id: str, *, allow_at: bool) -> str | None:
    """Return why `id` cannot be a customer's id, or None.

    An @ is refused unless allowed: ids stand in the log for ever, e-mail addresses must not.
    """
    if not _CUSTOMER_ID.fullmatch(id) or id in (".", "..") or not _NOT_IN_IDS.isdisjoint(id):
        return (
            f"A customer id has 1 to {LONGEST_CUSTOMER_ID} visible ASCII characters without "
            f"/ \\ ? # % , and is not . or .., got: '{shown(id)}'"
        )
    if id in RESERVED_IDS:
        return f"'{id}' cannot be a customer's id, the route of that name stands in its place"
    if "@" in id and not allow_at:
        return (
            "A customer id with an @ is refused, because ids are kept for ever and e-mail "
            f"addresses must not be, got: '{shown(id)}'"
        )
    return None


class Text(Worded, fields.String):
    """Text of bounded length without control characters.

    `trimmed` takes blanks off both ends first; `nfc` composes characters; a `secret` is never
    quoted in a message.
    """

    def __init__(
        self,
        description: str,
        *,
        shortest: int = 0,
        longest: int = LONGEST_TEXT,
        trimmed: bool = False,
        nfc: bool = False,
        secret: bool = False,
        examples: Sequence[str] = (),
        **options: Any,
    ) -> None:
        described: dict[str, Any] = {"description": description, "maxLength": longest}
        if shortest:
            described["minLength"] = shortest
        if examples:
            described["examples"] = list(examples)
        super().__init__(metadata=described, **options)
        self.shortest = shortest
        self.longest = longest
        self.trimmed = trimmed
        self.nfc = nfc
        self.secret = secret

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refusal(expected("string", str(attr), "***" if self.secret else value))
        text = value.strip() if self.trimmed else value
        # one composed character stands for at most four; composing more is wasted on a refusal
        if self.nfc and len(text) <= 4 * self.longest:
            text = unicodedata.normalize("NFC", text)
        if not self.shortest <= len(text) <= self.longest:
            accepted = (
                f"{self.shortest} to {self.longest}" if self.shortest else f"up to {self.longest}"
            )
            raise refusal(f"Field '{attr}' accepts {accepted} characters, got: {len(text):,}")
        control = _CONTROL.search(text)
        if control:
            raise refusal(
                f"Field '{attr}' must not contain control characters, "
                f"got: U+{ord(control[0]):04X} at position {control.start() + 1}"
            )
        return text


class GroupName(Text):
    """A group's name: trimmed, NFC, 1 to 255 code points, at least one of them visible."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "The group's name, unique among living groups, compared exactly. Trimmed and NFC.",
            shortest=1,
            trimmed=True,
            nfc=True,
            examples=["VIP"],
            **options,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not any(map(is_visible, text)):
            raise refusal(f"Field '{attr}' must have at least one visible character")
        return text


class Email(Text):
    """An e-mail address by its shape alone: something, an @, and a domain with a dot in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _EMAIL.fullmatch(text) or not text.isprintable():
            raise refusal("Invalid email address")
        return text


class WebhookUrl(Text):
    """Where to send events: http or https, no credentials; its address is checked elsewhere."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "Where to send events: http or https, without a user or password.",
            shortest=1,
            longest=LONGEST_URL,
            secret=True,
            examples=["https://pricing.example/hooks/groups"],
            **options,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        accepted = url_problem(text)
        if accepted:
            raise refusal(f"Field '{attr}' accepts {accepted}")
        return text


class Position(Worded, fields.Integer):
    """A position of the log."""

    kind = "number"

    def __init__(self, description: str, **options: Any) -> None:
        described = {"description": description, "minimum": 0, "maximum": LARGEST_WHOLE_NUMBER}
        super().__init__(metadata=described, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) not in (int, float):
            raise refusal(expected("number", str(attr), value))
        if value < 0 or value != int(value):  # 7.0 is a whole number in JSON Schema
            accepted = "a position, a whole number, 0 or more"
            raise refusal(f"Field '{attr}' accepts {accepted}, got: '{value}'")
        return int(value)


class OneOf(Worded, fields.String):
    """One of a few words."""

    def __init__(self, description: str, words: Sequence[str], **options: Any) -> None:
        super().__init__(metadata={"description": description, "enum": list(words)}, **options)
        self.words = words

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refusal(expected("string", str(attr), value))
        if value not in self.words:
            accepted = ", ".join(f"'{word}'" for word in self.words)
            raise refusal(f"Field '{attr}' accepts {accepted}, got: '{shown(value)}'")
        return value


class SomeOf(Worded, fields.List[str]):
    """One or more of a few words; loads to a list without repeats."""

    kind = "array"

    def __init__(self, description: str, words: Sequence[str], **options: Any) -> None:
        described = {"description": description, "minItems": 1}
        word = fields.String(metadata={"enum": list(words)})
        super().__init__(word, metadata=described, **options)
        self.words = words

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        accepted = ", ".join(f"'{word}'" for word in self.words)
        if not isinstance(value, list):
            raise refusal(expected("array", str(attr), value))
        for index, word in enumerate(value):
            if word not in self.words:
                raise refusal(f"Field '{attr}' accepts {accepted}, got: '{shown(word)}'", index)
        if not value:
            raise refusal(f"Field '{attr}' accepts one or more of {accepted}")
        return list(dict.fromkeys(value))


class Flag(Worded, fields.Boolean):
    """`true` or `false`, nothing that resembles them."""

    kind = "boolean"

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(metadata={"description": description}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise refusal(expected("boolean", str(attr), value))
        return value


class Metadata(Worded, fields.Dict):
    """An object of the caller's own, or null; its limits are those of `metadata_fault`."""

    kind = "record"

    def __init__(self, description: str, **options: Any) -> None:
        described = {
            "description": f"{description} To 64 KiB as JSON, {METADATA_KEYS} keys, 20 levels.",
            "maxProperties": METADATA_KEYS,
            "examples": [{"source": "spring campaign"}],
        }
        super().__init__(metadata=described, allow_none=True, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refusal(expected("record", str(attr), value))
        fault = metadata_fault(value)
        if fault:
            raise ValidationError([fault])
        return value


class Texts(Worded, fields.List[str]):
    """A list of texts, in its order; `distinct` drops repeats before counting."""

    kind = "array"

    def __init__(
        self,
        description: str,
        *,
        fewest: int = 0,
        most: int,
        longest: int | None = None,
        distinct: bool = True,
        **options: Any,
    ) -> None:
        described: dict[str, Any] = {"description": description, "minItems": fewest}
        if distinct:
            described["description"] += f" Up to {most:,} different ones; one twice counts once."
        else:
            described["maxItems"] = most
        bounds = {} if longest is None else {"maxLength": longest}
        super().__init__(fields.String(metadata=bounds), metadata=described, **options)
        self.longest = longest
        self.fewest = fewest
        self.most = most
        self.distinct = distinct

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise refusal(expected("array", str(attr), value))
        for index, text in enumerate(value):
            if not isinstance(text, str):
                raise refusal(expected("string", f"{attr}, {index}", text), index)
            if self.longest is not None and len(text) > self.longest:
                raise refusal(
                    f"Field '{attr}' accepts texts up to {self.longest} characters, "
                    f"got: {len(text):,}",
                    index,
                )
        texts = list(dict.fromkeys(value)) if self.distinct else value
        if not self.fewest <= len(texts) <= self.most:
            accepted = f"{self.fewest} to {self.most:,}" if self.fewest else f"up to {self.most:,}"
            raise refusal(f"Field '{attr}' accepts {accepted} values, got: {len(texts):,}")
        return texts
