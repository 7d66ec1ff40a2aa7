"""`/auth`, `/admin/users/me` and `/admin/api-keys`: signing in, and keys for scripts."""

from flask import Blueprint, Response, g, request

from projections.documents import milliseconds, time_shown
from service.accounts import SESSION_SECONDS, User
from service.api.answers import caller_id, json_response
from service.api.commands import body, query_of
from service.api.queries import PageQuery
from service.api.schemas import CreateApiKey, Login
from service.auth import COOKIE, check_body, is_secure, issue_token, requires
from service.current import accounts
from service.errors import Answer, unauthorized

sign_in = Blueprint("sign_in", __name__)

LOGIN = Login()
CREATE_KEY = CreateApiKey()
KEYS = PageQuery()


@sign_in.post("/auth/user/emailpass")
def log_in() -> Response:
    """Return a token for e-mail and password."""
    check_body()
    given = body(LOGIN)
    user = accounts().login(given["email"], given["password"], request.remote_addr or "")
    if user is None:
        return json_response({"type": "unauthorized", "message": "Invalid email or password"}, 401)
    return json_response({"token": issue_token(user)})


@sign_in.post("/auth/token/refresh")
@requires(None, recorded=False)
def refresh_token() -> Response:
    """Return a new token for one that is still valid and no older than the password."""
    user = accounts().user(caller_id())
    if user is None or not is_fresh(user):
        return unauthorized()
    return json_response({"token": issue_token(user)})


def is_fresh(user: User) -> bool:
    """Whether the caller's token is one, and was issued since the user's password was set."""
    password_set_at = milliseconds(time_shown(user.updated_at)) // 1000
    return g.caller.by == "token" and int(g.caller.claims["iat"]) >= password_set_at


@sign_in.post("/auth/session")
@requires(None, recorded=False)
def open_session() -> Response:
    """Set the session cookie for a token that is no older than the password."""
    user = accounts().user(caller_id())
    if user is None or not is_fresh(user):
        return unauthorized()
    cookie = accounts().open_session(g.caller.claims)
    response = json_response({"user": g.caller.claims})
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=is_secure(),
    )
    return response


@sign_in.delete("/auth/session")
@requires(None, recorded=False)
def close_session() -> Response:
    """End the session of the cookie."""
    cookie = request.cookies.get(COOKIE)
    if cookie is None or accounts().session(cookie) is None:
        return unauthorized()
    accounts().close_session(cookie)
    response = json_response({"success": True})
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=is_secure())
    return response


@sign_in.get("/admin/users/me")
@requires(None)
def me() -> Response:
    """Return the user who asks."""
    user = accounts().user(caller_id())
    if user is None:
        message = f"User with id: {caller_id()} was not found"
        raise Answer(404, "not_found", "not-found", message)
    shown = {
        "id": user.id,
        "first_name": None,
        "last_name": None,
        "email": user.email,
        "avatar_url": None,
        "metadata": None,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "deleted_at": None,
    }
    return json_response({"user": shown})


@sign_in.post("/admin/api-keys")
@requires("admin", recorded=False)
def create_api_key() -> Response:
    """Make a secret key; its token is shown this once."""
    given = body(CREATE_KEY)
    key, token = accounts().create_key(given["title"], caller_id(), given["scopes"])
    return json_response({"api_key": key | {"token": token}})


@sign_in.get("/admin/api-keys")
@requires("admin")
def list_api_keys() -> Response:
    """Return a page of all keys, without their tokens."""
    asked = query_of(KEYS)
    keys, count = accounts().keys(asked["limit"], asked["offset"])
    return json_response(
        {"api_keys": keys, "count": count, "offset": asked["offset"], "limit": asked["limit"]}
    )


@sign_in.post("/admin/api-keys/<key_id>/revoke")
@requires("admin", recorded=False)
def revoke_api_key(key_id: str) -> Response:
    """Revoke a key for good."""
    key = accounts().revoke_key(key_id, caller_id())
    if key is None:
        raise Answer(404, "not_found", "not-found", f"API key with id: {key_id} was not found")
    return json_response({"api_key": key})
