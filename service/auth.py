"""Who is asking: a token, a key or a session becomes the actor that stands in every event."""

import base64
import binascii
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, Literal, ParamSpec
from urllib.parse import unquote_to_bytes

import jwt
from flask import Response, g, request
from werkzeug.datastructures import WWWAuthenticate

from domain.context import CUSTOMER_DELETED, Actor, Context, context, is_erasure
from projections import log
from service.accounts import User
from service.api.problems import Invalid, Problem
from service.current import accounts, settings, store, wiring
from service.errors import Answer, Wording, unauthorized
from service.front import ASK_FIRST, ASKED, BODY_TOO_LARGE

COOKIE = "customer_groups_session"

Scope = Literal["groups:read", "groups:write", "events:read", "admin"]
TOKEN_SECONDS = 24 * 60 * 60
CHANGES = ("POST", "PUT", "PATCH", "DELETE")
LONGEST_REASON = 500
JSON = "application/json"
REPLICA_SECONDS = 2
"""How long a read waits for a replica to reach `X-Min-Position`, in the front."""

_SANE_ID = re.compile(r"[\x21-\x7e]{1,128}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a reason may have lines
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

Parameters = ParamSpec("Parameters")
View = Callable[Parameters, Response]


@dataclass(frozen=True)
class Caller:
    """Who asks, and how it was proven; `claims` are those of a token or a session.

    `scopes` are what a key may do; users may do everything.
    """

    actor: Actor
    by: Literal["token", "key", "session"]
    claims: dict[str, Any]
    scopes: tuple[str, ...] = ("admin",)

    def may(self, scope: Scope | None) -> bool:
        """Whether the caller's scopes allow this one; whoever may change groups may read them."""
        enough = {scope, "admin"} | ({"groups:write"} if scope == "groups:read" else set())
        return scope is None or not enough.isdisjoint(self.scopes)


class NotAuthenticated(Exception):
    """No credentials, or wrong ones; `hint` says how it would have been right, where that helps."""

    def __init__(self, hint: str | None = None) -> None:
        super().__init__(hint)
        self.hint = hint


def issue_token(user: User) -> str:
    """Return a JWT for a user: HS256, 24 h, the peer's claims."""
    now = int(time.time())
    claims = {
        "actor_id": user.id,
        "actor_type": "user",
        "auth_identity_id": user.id.replace("user_", "authid_", 1),
        "auth_provider": "emailpass",
        "app_metadata": {"user_id": user.id},
        "user_metadata": {},
        "iat": now,
        "exp": now + TOKEN_SECONDS,
    }
    return jwt.encode(claims, wiring().secret_key, algorithm="HS256")


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a valid token. Raises `NotAuthenticated`."""
    try:
        claims = _signed_claims(token, wiring().secret_key)
    except jwt.InvalidTokenError:
        raise NotAuthenticated from None
    if int(claims["exp"]) <= time.time():
        raise NotAuthenticated
    return claims


@lru_cache(maxsize=1024)
def _signed_claims(token: str, secret_key: str) -> dict[str, Any]:
    """Return the claims of a token that was valid when it was first seen: 100 us, once."""
    claims: dict[str, Any] = jwt.decode(
        token,
        secret_key,
        algorithms=["HS256"],
        options={"require": ["exp", "iat", "actor_id"]},
    )
    return claims


def authenticate() -> Caller:
    """Return who asks; `Authorization` wins over the cookie. Raises `NotAuthenticated`."""
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            return _by_token(rest.strip())
        if scheme.lower() == "basic":
            return _by_key(rest.strip())
        raise NotAuthenticated
    cookie = request.cookies.get(COOKIE)
    claims = accounts().session(cookie) if cookie else None
    if claims is None:
        raise NotAuthenticated
    return Caller({"type": "user", "id": claims["actor_id"]}, "session", claims)


def _by_token(token: str) -> Caller:
    if token.startswith("sk_"):
        raise NotAuthenticated("A secret API key is accepted as Basic credentials, not as Bearer")
    claims = claims_of(token)
    return Caller({"type": "user", "id": claims["actor_id"]}, "token", claims)


def _by_key(credentials: str) -> Caller:
    token = credentials
    if not token.startswith("sk_"):
        try:
            token = base64.b64decode(credentials, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise NotAuthenticated from None
        token = token.partition(":")[0]
    key = accounts().key_of_token(token) if token.startswith("sk_") else None
    if key is None:
        raise NotAuthenticated
    return Caller({"type": "api_key", "id": key.id}, "key", {}, key.scopes)


def requires(
    scope: Scope | None,
    *,
    not_found: Wording = "get",
    recorded: bool = True,
    accepts: tuple[str, ...] = (JSON,),
) -> Callable[[Callable[Parameters, Response]], Callable[Parameters, Response]]:
    """Let a view run only for a known caller, under the context that its events will carry.

    Answers 401 and 403 before anything else is looked at. A key needs the `scope`; None asks for
    any caller. `not_found` picks the sentence for what does not exist. `recorded` is false for
    changes that no event tells of, which take no reason. `accepts` are the types that a body may
    have.
    """

    def decorate(view: Callable[Parameters, Response]) -> Callable[Parameters, Response]:
        @wraps(view)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Response:
            g.wording = not_found
            try:
                g.caller = caller = authenticate()
            except NotAuthenticated as error:
                response = unauthorized()
                response.www_authenticate = WWWAuthenticate("bearer")
                if error.hint:
                    response.set_data(f'{{"message":"Unauthorized. {error.hint}"}}')
                return response
            if caller.by == "session" and request.method in CHANGES:
                refuse_cross_site()
            if not caller.may(scope):
                raise missing_scope(scope, caller)
            if request.method in CHANGES:
                check_body(accepts)
            if ASK_FIRST in request.environ:
                return Response(status=ASKED)
            wait_for_position()
            token = context.set(
                Context(
                    actor=caller.actor,
                    request_id=g.request_id,
                    correlation_id=g.correlation_id,
                    traceparent=_traceparent(),
                )
            )
            try:
                refuse_nul(kwargs)
                return view(*args, **kwargs)
            finally:
                context.reset(token)

        # read by the OpenAPI document
        vars(guarded).update(needs_caller=True, scope=scope, recorded=recorded, accepts=accepts)
        return guarded

    return decorate


def missing_scope(scope: Scope | None, caller: Caller) -> Answer:
    """Return the refusal of a key that may not do this."""
    return Answer(
        403,
        "not_allowed",
        "missing-scope",
        f"This needs an API key with the scope {scope}; this one has {', '.join(caller.scopes)}",
    )


def refuse_cross_site() -> None:
    """Raise 403 for a change that a browser sends from another site with our cookie."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    # whatever the scheme: a proxy may have ended TLS
    ours = origin is None or origin.partition("://")[2] == request.host
    if site == "cross-site" or not (ours or origin in allowed_origins()):
        raise Answer(
            403,
            "not_allowed",
            "cross-site",
            "A change under a session cookie is accepted from this site only: from our own origin"
            " and from those of CUSTOMER_GROUPS_ALLOWED_ORIGINS",
        )


def refuse_nul(path_values: Mapping[str, object]) -> None:
    """Raise 400 for NUL in the path: no id has it, no database takes it."""
    for name, value in path_values.items():
        if "\0" in str(value):
            raise Invalid([Problem("Text must not contain NUL (U+0000)", parameter=name)])


def allowed_origins() -> tuple[str, ...]:
    """Return the origins that may use the API from a browser."""
    return settings().allowed_origins


def check_body(accepts: tuple[str, ...] = (JSON,)) -> None:
    """Raise 415 for a body of another type, 413 for one that the front cut off.

    No body at all is fine whatever its type: the SDK calls every request JSON.
    """
    limit = request.environ.get(BODY_TOO_LARGE)
    if limit is None and not request.content_length:
        return
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in accepts or charset not in ("utf-8", "utf8"):
        raise Answer(
            415,
            "invalid_data",
            "unsupported-media-type",
            f"This route takes {' or '.join(accepts)} in UTF-8",
            headers={"Accept-Patch": ", ".join(accepts)} if request.method == "PATCH" else {},
        )
    if limit is not None:
        raise Answer(
            413,
            "invalid_data",
            "body-too-large",
            f"The body is longer than the {limit} bytes that this route takes",
        )


def wait_for_position() -> None:
    """Raise 503 (which the front waits out) or 409 while the log is behind `X-Min-Position`."""
    text = request.headers.get("X-Min-Position")
    if text is None or request.method not in ("GET", "HEAD"):
        return
    if not re.fullmatch(r"\d{1,18}", text):
        raise Invalid([Problem("X-Min-Position accepts a position, a whole number")])
    end = log.end(store().read)
    if int(text) <= end:
        return
    if store().is_replica():
        raise Answer(
            503,
            "unavailable",
            "unavailable",
            f"This replica has not reached position {text} yet",
            headers={"Retry-After": "1", "X-Front-Wait": str(REPLICA_SECONDS)},
        )
    raise Answer(
        409,
        "conflict",
        "position-beyond-end",
        f"X-Min-Position {text} is beyond the end of this log, {end}; is it of another log?",
    )


def _traceparent() -> str | None:
    text = request.headers.get("traceparent", "")
    return text if _TRACEPARENT.fullmatch(text) else None


def reason() -> str | None:
    """Return why, as `X-Reason` says. Raises `Invalid`, and 400 where the service wants one."""
    text = request.headers.get("X-Reason")
    if not text:
        if settings().require_reason:
            raise Answer(
                400, "invalid_data", "reason-required", "This service wants X-Reason on a change"
            )
        return None
    try:
        said = unquote_to_bytes(text.encode("latin-1")).decode()
    except UnicodeError:
        raise Invalid([Problem("X-Reason accepts percent-encoded UTF-8")]) from None
    if len(said) > LONGEST_REASON or _CONTROL.search(said):
        raise Invalid(
            [Problem(f"X-Reason accepts up to {LONGEST_REASON} characters, none of control")]
        )
    if is_erasure(said):
        message = f"X-Reason accepts other words than '{CUSTOMER_DELETED}': those are an erasure's"
        raise Invalid([Problem(message)])
    return said


def correlation_id() -> str | None:
    """Return the caller's own id of the request if it is 1 to 128 visible ASCII characters."""
    text = request.headers.get("X-Request-Id", "")
    return text if _SANE_ID.fullmatch(text) else None


def is_secure() -> bool:
    """Whether the browser reached us over https."""
    return request.scheme == "https" or request.headers.get("Origin", "").startswith("https://")
