"""One method of one route as an OpenAPI operation object."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from service.api.eventschemas import FORMS
from service.api.openapi.prose import SECURITY_SCHEMES
from service.api.openapi.responses import (
    HEAD_TOO_LARGE,
    STOPPING,
    UNAUTHORIZED,
    UNKNOWN_ERROR,
    URL_TOO_LONG,
    answered,
    content,
    refusal,
)
from service.api.openapi.routes import FILES, ROUTES, Route
from service.api.openapi.shapes import Shape, ref
from service.api.parameters import PARAMETERS, Parameter
from service.auth import CHANGES, JSON
from service.errors import CODES

ID = {"type": "string", "minLength": 1}

PATHS: dict[str, tuple[str, Shape]] = {
    "group_id": ("The group's id.", ID),
    "customer_id": ("The customer's id.", ID),
    "key_id": ("The API key's id.", ID),
    "webhook_id": ("The webhook's id.", ID),
    "name": ("The file's name.", {"enum": list(FILES)}),
    "event": ("The event's name and version.", {"enum": [form.name for form in FORMS]}),
}

EXAMPLES = {
    "text/csv": "email,first_name,favourite\nada@example.com,Ada,chess\n",
    "application/x-ndjson": '{"email":"ada@example.com","metadata":{"favourite":"chess"}}\n',
}
"""Of files, by their type."""


def described(app: Flask, rule: Rule, method: str) -> dict[str, Any]:
    """Return what the document says of one method of a path."""
    asked = Asked(rule, ROUTES[rule.endpoint], app.view_functions[rule.endpoint], method)
    blueprint, _, name = rule.endpoint.rpartition(".")
    summary, _, rest = (asked.view.__doc__ or "").strip().partition("\n")
    operation = {
        "operationId": name,
        "tags": [blueprint or "docs"],
        "summary": summary.rstrip("."),
        "description": " ".join([*rest.split(), asked.route.more]).strip(),
        "parameters": parameters(asked),
        "requestBody": body(asked),
        "responses": responses(asked),
    }
    operation = {key: value for key, value in operation.items() if value}
    return operation | {"security": asked.security}


@dataclass(frozen=True)
class Asked:
    """What a route asks of a request, and for which reasons it may refuse it."""

    rule: Rule
    route: Route
    view: Any
    method: str

    @property
    def changes(self) -> bool:
        """Whether something may be different afterwards."""
        return self.method in CHANGES

    @property
    def needs_caller(self) -> bool:
        """Whether it asks for credentials."""
        return getattr(self.view, "needs_caller", False)

    @property
    def scope(self) -> str | None:
        """What a key must be allowed to do; None where any caller may ask, or anybody."""
        scope: str | None = getattr(self.view, "scope", None)
        return scope

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """The ways to say who asks, with the scope that a key needs."""
        if not self.needs_caller:
            return []
        scopes = {"key": [self.scope]} if self.scope else {}
        return [{scheme: scopes.get(scheme, [])} for scheme in SECURITY_SCHEMES]

    @property
    def is_recorded(self) -> bool:
        """Whether events tell of it, and so why it was done."""
        return self.changes and getattr(self.view, "recorded", False)

    @property
    def is_read(self) -> bool:
        """Whether it shows what was stored."""
        return self.needs_caller and not self.changes

    @property
    def types(self) -> tuple[str, ...]:
        """The types that its body may have."""
        return getattr(self.view, "accepts", (JSON,))

    @property
    def has_body(self) -> bool:
        """Whether a body is read: a checked one, or a file."""
        return self.route.body is not None or (self.changes and self.types != (JSON,))

    @property
    def query(self) -> list[Parameter]:
        """The parameters of its query string."""
        return PARAMETERS[self.route.query.__name__] if self.route.query else []

    @cached_property
    def codes(self) -> list[str]:
        """The codes of its refusals."""
        names = {parameter["name"] for parameter in self.query}
        may_be_malformed = (
            self.query,
            self.has_body,
            self.is_read,
            self.is_recorded,
            self.needs_caller and self.rule.arguments,
        )
        follows = {
            "invalid-request": any(may_be_malformed),
            "invalid-cursor": "cursor" in names,
            "too-many-embedded": "fields" in names,
            "reason-required": self.is_recorded,
            "missing-scope": self.scope is not None,
            "cross-site": self.needs_caller and self.changes,
            "conflict": self.needs_caller and self.changes,
            "position-beyond-end": self.is_read,
            "version-mismatch": self.route.conditional,
            "body-too-large": self.changes,
            "unsupported-media-type": self.changes,
            "idempotency-key-reused": self.route.once,
            "unavailable": self.needs_caller or self.has_body,
        }
        return [code for code in CODES if follows.get(code) or code in self.route.refusals]


def parameters(asked: Asked) -> list[Any]:
    """Return the parameters of the path and the query string, and the names of the headers."""
    path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATHS[name][0],
            "schema": PATHS[name][1],
        }
        for name in sorted(asked.rule.arguments)
    ]
    taken = {
        "If-None-Match": 304 in asked.route.answers,
        "If-Match": asked.route.conditional,
        "Idempotency-Key": asked.route.once,
        "X-Reason": asked.is_recorded,
        "X-Min-Position": asked.is_read,
        "X-Request-Id": True,
        "traceparent": asked.is_recorded,
    }
    headers = [name for name, is_taken in taken.items() if is_taken]
    return [*path, *asked.query, *headers, *asked.route.takes]


def body(asked: Asked) -> dict[str, Any] | None:
    """Return what the body may be, None where none is read."""
    schema = asked.route.body
    if not asked.has_body:
        return None
    if schema is None:
        files = {
            type_: {"schema": {"type": "string"}, "example": EXAMPLES[type_]}
            for type_ in asked.types
        }
        return {"required": True, "content": files}
    required = any(field.required for field in schema().fields.values())
    return {"required": required, "content": content(asked.types, ref(schema.__name__))}


def responses(asked: Asked) -> dict[str, Any]:
    """Return what is answered with each status, refusals for one reason by its name."""
    found: dict[int, Any] = {
        status: answered(status, asked.route.answers[status], headers(status, asked))
        for status in asked.route.answers
    }
    for status in {CODES[code][0] for code in asked.codes}:
        codes = [code for code in asked.codes if CODES[code][0] == status]
        found[status] = codes[0] if len(codes) == 1 else refusal(codes)
    if asked.needs_caller:
        found[401] = UNAUTHORIZED
    found |= {414: URL_TOO_LONG, 431: HEAD_TOO_LARGE, 500: UNKNOWN_ERROR}
    found.setdefault(503, STOPPING)
    return {str(status): found[status] for status in sorted(found)}


def headers(status: int, asked: Asked) -> list[str]:
    """Return the names of the headers that an answer may have."""
    own = ["ETag"] if status == 304 else asked.route.headers
    return [*own, *(["Cache-Control", "Vary"] if asked.needs_caller else [])]
