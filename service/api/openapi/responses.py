"""Answers as OpenAPI response objects."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from service.api.openapi.headers import given
from service.api.openapi.shapes import Shape, ref
from service.auth import JSON
from service.errors import CODES, PROBLEM_JSON, TITLES

UNAUTHORIZED, UNKNOWN_ERROR, STOPPING = "unauthorized", "unknown-error", "stopping"
URL_TOO_LONG, HEAD_TOO_LARGE = "url-too-long", "head-too-large"
"""The names of the answers to which no `code` of a problem belongs."""

ALWAYS = ("X-Request-Id", "X-Correlation-Id")


def named() -> dict[str, Any]:
    """Return the answers that routes share, each refusal under its code."""
    return {code: refusal([code]) for code in CODES} | {
        UNAUTHORIZED: response(
            401, content([JSON], ref("Unauthorized")), given([*ALWAYS, "WWW-Authenticate"])
        ),
        UNKNOWN_ERROR: from_the_front(500, content([JSON], ref("UnknownError"))),
        STOPPING: from_the_front(503, content([JSON], ref("Stopping"))),
        # the HTTP server says these two by itself, without a body
        URL_TOO_LONG: response(414, {}, {}, ": the URL has more than 65,534 bytes."),
        HEAD_TOO_LARGE: response(431, {}, {}, ": more than 100 headers, or too long ones."),
    }


def answered(status: int, shape: str | None, headers: Iterable[str]) -> dict[str, Any]:
    """Return an answer that is no refusal: a shape's name, media types, or no body."""
    found = given([*ALWAYS, *headers])
    if shape is None:
        return response(status, {}, found)
    body: dict[str, Any] = {}
    for name in shape.split(", "):
        is_type = "/" in name
        body |= content([name], {"type": "string"}) if is_type else content([JSON], ref(name))
    return response(status, body, found)


def refusal(codes: Sequence[str]) -> dict[str, Any]:
    """Return the answer to what is refused for one of these reasons, all of one status."""
    status = CODES[codes[0]][0]
    shape = ref("VersionMismatch" if status == 412 else "Problem")
    problem = content(
        [PROBLEM_JSON], {"allOf": [shape, {"properties": {"code": {"enum": [*codes]}}}]}
    )
    more = ". " + "; ".join(f"`{code}`: {CODES[code][1]}" for code in codes) + "."
    if status == 503:
        return from_the_front(status, problem | content([JSON], ref("Stopping")), more)
    headers = given(
        [
            *ALWAYS,
            *(["Accept-Patch"] if status == 415 else []),
            *(["Allow"] if status == 405 else []),
        ]
    )
    if "conflict" in codes or status == 429:
        headers |= given(["Retry-After"], always=len(codes) == 1)
    return response(status, problem, headers, more)


def from_the_front(status: int, content: dict[str, Any], more: str = "") -> dict[str, Any]:
    """Return an answer that may come before there is a request id."""
    headers = given(ALWAYS, always=False) | given(["Retry-After"] if status == 503 else [])
    return response(status, content, headers, more)


def content(types: Iterable[str], schema: Shape) -> dict[str, Any]:
    """Return a body of one of these types."""
    return {type_: {"schema": schema} for type_ in types}


def response(
    status: int, content: dict[str, Any], headers: dict[str, Any], more: str = ""
) -> dict[str, Any]:
    """Return a response object."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    found = {"description": title + more, "headers": headers, "content": content}
    return {key: value for key, value in found.items() if value}
