"""Who is asking: passwords, tokens, sessions, API keys, and browsers from other sites."""

import base64
import hashlib
import json
import re
import time
from pathlib import Path

import jwt
import pytest

from projections.stores import open_store
from tests.api.answers import (
    CUSTOMERS,
    GROUPS,
    TIME,
    ULID,
    group_of,
    keyed,
    refusal,
    signed_in,
)
from tests.serving import Api, Server, token_of, unique

COOKIE = "customer_groups_session"
LOGIN = "/auth/user/emailpass"
UNAUTHORIZED = (401, {"message": "Unauthorized"})

SESSION_SECONDS = 10 * 60 * 60
LOGIN_FAILURES = 10
LOGIN_WINDOW_SECONDS = 5 * 60

HERE = "http://admin.shop.example"


@pytest.fixture(scope="module")
def allowing(tmp_path_factory) -> Api:
    """A service that two origins may use from a browser."""
    directory = tmp_path_factory.mktemp("origins")
    server = Server(
        f"sqlite:///{directory / 'groups.db'}",
        directory,
        ALLOWED_ORIGINS=f"{HERE}, https://other.example",
    ).start()
    yield Api(server, token_of(server))
    server.stop()


def said(answer) -> tuple[int, dict]:
    return answer.status_code, answer.json()


def with_authorization(server: Server, value: str) -> Api:
    api = Api(server, None)
    api.session.headers["Authorization"] = value
    return api


def claims_in(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


# Tokens


def test_a_login_answers_a_token_with_the_claims_of_the_peer(anonymous, server):
    before = int(time.time())

    answer = anonymous.post(LOGIN, {"email": server.admin_email, "password": server.admin_password})

    assert (answer.status_code, list(answer.json())) == (200, ["token"])
    token = answer.json()["token"]
    claims = claims_in(token)
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    assert re.fullmatch(f"user_{ULID}", claims["actor_id"])
    assert before <= claims["iat"] <= time.time()
    assert claims == {
        "actor_id": claims["actor_id"],
        "actor_type": "user",
        "auth_identity_id": claims["auth_identity_id"],
        "auth_provider": "emailpass",
        "app_metadata": {"user_id": claims["actor_id"]},
        "user_metadata": {},
        "iat": claims["iat"],
        "exp": claims["iat"] + 24 * 60 * 60,
    }


def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(anonymous, server):
    wrong = anonymous.post(LOGIN, {"email": server.admin_email, "password": "wrong"})
    unknown = anonymous.post(LOGIN, {"email": f"{unique('x')}@shop.example", "password": "wrong"})

    expected = (401, {"type": "unauthorized", "message": "Invalid email or password"})
    assert (said(wrong), said(unknown)) == (expected, expected)


def test_the_actor_of_a_token_is_who_creates(api, token):
    me = api.get("/admin/users/me").json()["user"]

    assert me["id"] == claims_in(token)["actor_id"]
    assert api.group()["created_by"] == me["id"]
    assert api.customer()["created_by"] == me["id"]


def test_me_is_the_user_with_nine_keys(api, server):
    answer = api.get("/admin/users/me").json()

    user = answer["user"]
    assert list(answer) == ["user"]
    assert list(user) == [
        *("id", "first_name", "last_name", "email", "avatar_url", "metadata"),
        *("created_at", "updated_at", "deleted_at"),
    ]
    assert user["email"] == server.admin_email
    assert TIME.fullmatch(user["created_at"])


def test_a_token_is_refreshed(api, server, token):
    answer = api.post("/auth/token/refresh")

    assert (answer.status_code, list(answer.json())) == (200, ["token"])
    fresh = answer.json()["token"]
    assert claims_in(fresh)["actor_id"] == claims_in(token)["actor_id"]
    assert Api(server, fresh).get(GROUPS).status_code == 200


def test_only_a_token_is_refreshed(api, server):
    _, key = keyed(api)

    assert said(signed_in(api).post("/auth/token/refresh")) == UNAUTHORIZED
    assert said(with_authorization(server, f"Basic {key}").post("/auth/token/refresh")) == (
        UNAUTHORIZED
    )


def unsigned(claims: dict) -> str:
    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


FORGERIES = {
    "nothing": lambda _: "",
    "nonsense": lambda _: "nonsense",
    "another signature": lambda token: token[:-4] + "AAAA",
    "no signature": lambda token: unsigned(claims_in(token)),
    "another key": lambda token: jwt.encode(claims_in(token), "x" * 32, algorithm="HS256"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_is_401(server, token, forgery):
    forged = FORGERIES[forgery](token)

    assert said(with_authorization(server, f"Bearer {forged}").get(GROUPS)) == UNAUTHORIZED


@pytest.mark.parametrize("value", ["", "Bearer", "Basic", "Digest x", "Basic !!!", "Bearer a b"])
def test_a_header_that_is_no_credential_is_401(server, value):
    assert said(with_authorization(server, value).get(GROUPS)) == UNAUTHORIZED


def test_a_token_ends_with_its_time(allowing):
    server = allowing.server
    secret = Path(server.database_url.removeprefix("sqlite:///") + ".secret").read_text()
    claims = claims_in(token_of(server))
    expired = claims | {"iat": claims["iat"] - 90_000, "exp": claims["iat"] - 1}

    answers = [
        Api(server, jwt.encode(claims, secret, algorithm="HS256")).get(GROUPS),
        Api(server, jwt.encode(expired, secret, algorithm="HS256")).get(GROUPS),
        Api(server, jwt.encode(claims, secret, algorithm="HS384")).get(GROUPS),
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 401]


# Throttling


def test_guessing_a_password_is_stopped(anonymous):
    guess = {"email": f"{unique('guess')}@shop.example", "password": "wrong"}
    for _ in range(LOGIN_FAILURES):
        assert anonymous.post(LOGIN, guess).status_code == 401

    refused = anonymous.post(LOGIN, guess | {"email": guess["email"].upper()})

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= LOGIN_WINDOW_SECONDS
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "too-many-logins"
    other = anonymous.post(LOGIN, guess | {"email": f"{unique('x')}@shop.example"})
    assert other.status_code == 401


def test_a_right_password_forgives_the_wrong_ones(allowing):
    server, anonymous = allowing.server, Api(allowing.server, None)
    wrong = {"email": server.admin_email, "password": "wrong"}
    for _ in range(LOGIN_FAILURES - 1):
        anonymous.post(LOGIN, wrong)

    token_of(server)

    assert [anonymous.post(LOGIN, wrong).status_code for _ in range(2)] == [401, 401]
    assert token_of(server)


# Sessions


def test_a_session_stands_for_its_token(api, token):
    answer = api.post("/auth/session")

    assert said(answer) == (200, {"user": claims_in(token)})
    browser = Api(api.server, None)
    browser.session.cookies.update(answer.cookies)
    assert (
        group_of(browser.post(GROUPS, {"name": unique("VIP")}))["created_by"]
        == (claims_in(token)["actor_id"])
    )


def test_the_cookie_is_for_the_server_alone(api):
    header = api.post("/auth/session").headers["Set-Cookie"]

    attributes = header.split("; ")
    assert attributes[0].startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={SESSION_SECONDS}"} <= set(attributes)
    assert "Secure" not in attributes


def test_the_cookie_is_secure_on_https(api):
    origin = api.server.url.replace("http:", "https:")

    answer = api.post("/auth/session", headers={"Origin": origin})

    assert "Secure" in answer.headers["Set-Cookie"].split("; ")
    browser = Api(api.server, None)
    browser.session.headers["Cookie"] = f"{COOKIE}={answer.cookies[COOKIE]}"
    closed = browser.delete("/auth/session", headers={"Origin": origin})
    assert closed.json() == {"success": True}
    assert "Secure" in closed.headers["Set-Cookie"].split("; ")


def test_a_session_is_kept_on_the_server_and_ends_there(api):
    browser = signed_in(api)
    cookie = dict(browser.session.cookies)
    assert len(cookie[COOKIE]) < 64  # a random name for it, not the claims

    closed = browser.delete("/auth/session")
    browser.session.cookies.update(cookie)

    assert said(closed) == (200, {"success": True})
    assert said(browser.get(GROUPS)) == UNAUTHORIZED
    assert said(browser.delete("/auth/session")) == UNAUTHORIZED


def test_a_session_ends_after_ten_hours(api, server):
    browser = signed_in(api)
    cookie = browser.session.cookies[COOKIE]
    store = open_store(server.database_url)
    age = (
        "UPDATE session SET expires_at = expires_at - :seconds"
        " WHERE token_hash = :hash AND expires_at > :now"
    )
    session = {"hash": hashlib.sha256(cookie.encode()).hexdigest(), "now": int(time.time())}

    statuses = []
    for seconds in (SESSION_SECONDS - 60, 60):
        with store.deciding():
            assert store.write(age, seconds=seconds, **session) == 1
        statuses.append(browser.get(GROUPS).status_code)
    store.close()

    assert statuses == [200, 401]


def test_closing_one_session_leaves_the_others(api):
    first, second = signed_in(api), signed_in(api)

    first.delete("/auth/session")

    assert second.get(GROUPS).status_code == 200


def test_a_session_is_opened_by_a_token_only(api, server, anonymous):
    _, key = keyed(api)

    assert said(anonymous.post("/auth/session")) == UNAUTHORIZED
    assert said(with_authorization(server, f"Basic {key}").post("/auth/session")) == UNAUTHORIZED


def test_authorization_wins_over_the_cookie(api):
    key, token = keyed(api)
    browser = signed_in(api)

    browser.session.headers["Authorization"] = f"Basic {token}"
    created = browser.group()
    browser.session.headers["Authorization"] = "Bearer nonsense"
    refused = browser.get(GROUPS)

    assert created["created_by"] == key["id"]
    assert said(refused) == UNAUTHORIZED


def test_a_cookie_that_is_no_session_is_401(anonymous):
    anonymous.session.cookies[COOKIE] = "x"

    assert said(anonymous.get(GROUPS)) == UNAUTHORIZED


# Other sites


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site", "Origin": HERE}, 200),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://other.example"}, 200),
        ({"Origin": "ours"}, 200),
        ({"Origin": "ours by https"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "ours"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HERE}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://admin.shop.example"}, 403),
        ({"Origin": "http://admin.shop.example.evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
    ],
)
def test_a_change_under_a_cookie_comes_from_here_or_an_allowed_origin(allowing, headers, status):
    ours = allowing.server.url
    origins = {"ours": ours, "ours by https": ours.replace("http:", "https:")}
    headers = {name: origins.get(value, value) for name, value in headers.items()}
    browser = signed_in(allowing)
    name = unique("VIP")

    answer = browser.post(GROUPS, {"name": name}, headers=headers)

    assert answer.status_code == status
    assert allowing.get(GROUPS, params={"name": name}).json()["count"] == int(status == 200)
    assert browser.delete(f"{GROUPS}/X", headers=headers).status_code == status
    assert browser.delete("/auth/session", headers=headers).status_code == status


def test_another_site_may_neither_change_nor_is_kept_from_reading(api):
    browser = signed_in(api)
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    refused = browser.post(GROUPS, {"name": unique("VIP")}, headers=elsewhere)

    assert refusal(refused)[:2] == (403, "not_allowed")
    assert browser.get(GROUPS, headers=elsewhere).status_code == 200


def test_a_token_or_key_changes_from_anywhere(api, server):
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    _, key = keyed(api)

    for asking in (api, with_authorization(server, f"Basic {key}")):
        assert asking.post(GROUPS, {"name": unique("VIP")}, headers=elsewhere).status_code == 200


EXPOSED = "ETag, X-Position, X-Request-Id, Link, Location, Retry-After, Idempotent-Replayed"


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def test_a_preflight_is_204_and_echoes_the_headers(allowing):
    headers = {
        "Origin": HERE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-medusa-locale,x-made-up",
    }

    for path in (GROUPS, f"{CUSTOMERS}/X", LOGIN):
        answer = Api(allowing.server, None)("OPTIONS", path, headers=headers)

        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == HERE
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert names(answer.headers["Access-Control-Allow-Headers"]) == {
            "content-type",
            "x-medusa-locale",
            "x-made-up",
        }
        methods = names(answer.headers["Access-Control-Allow-Methods"])
        assert {"get", "post", "put", "patch", "delete"} <= methods
        assert "origin" in names(answer.headers["Vary"])


@pytest.mark.parametrize("origin", [HERE, "https://other.example"])
def test_an_allowed_origin_may_read_every_answer(allowing, origin):
    anonymous = Api(allowing.server, None)
    ways = [(allowing, GROUPS), (allowing, f"{GROUPS}/X"), (anonymous, GROUPS), (allowing, "/x")]

    for asking, path in ways:
        answer = asking.get(path, headers={"Origin": origin})

        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert names(answer.headers["Access-Control-Expose-Headers"]) == names(EXPOSED)
        assert "origin" in names(answer.headers["Vary"])


def permissions(answer) -> list[str]:
    return [name for name in answer.headers if name.startswith("Access-Control-")]


def test_other_origins_are_told_nothing(allowing):
    evil = {"Origin": "https://evil.example"}
    preflight = evil | {"Access-Control-Request-Method": "POST"}

    answers = [
        allowing.get(GROUPS, headers=evil),
        allowing("OPTIONS", GROUPS, headers=preflight),
        allowing.get(GROUPS),
    ]

    for answer in answers:
        assert permissions(answer) == []
        assert "origin" in names(answer.headers["Vary"])


def test_no_origin_is_allowed_unless_it_is_named(api):
    preflight = {"Origin": HERE, "Access-Control-Request-Method": "POST"}

    assert permissions(api.get(GROUPS, headers=preflight)) == []
    assert permissions(api("OPTIONS", GROUPS, headers=preflight)) == []


# API keys


def test_an_api_key_is_shown_with_its_token_once(api, token):
    title = unique("nightly import")

    created = api.post("/admin/api-keys", {"title": title, "type": "secret"})

    key = created.json()["api_key"]
    assert (created.status_code, list(created.json())) == (200, ["api_key"])
    assert list(key) == [
        *("id", "token", "redacted", "title", "type", "last_used_at", "created_by"),
        *("revoked_by", "revoked_at", "created_at", "updated_at", "deleted_at", "scopes"),
    ]
    assert re.fullmatch(f"apk_{ULID}", key["id"])
    assert re.fullmatch("sk_[0-9a-f]{64}", key["token"])
    assert key["redacted"] == f"{key['token'][:6]}***{key['token'][-3:]}"
    assert (key["title"], key["type"]) == (title, "secret")
    assert key["created_by"] == claims_in(token)["actor_id"]
    assert [key[name] for name in ("last_used_at", "revoked_by", "revoked_at", "deleted_at")] == (
        [None] * 4
    )


def all_keys(api: Api) -> dict[str, dict]:
    answer = api.get("/admin/api-keys?limit=1000").json()
    return {key["id"]: key for key in answer["api_keys"]}


def test_a_token_is_never_shown_again(api):
    key, token = keyed(api)

    answer = api.get("/admin/api-keys?limit=1000")

    assert token not in answer.text
    assert list(answer.json()) == ["api_keys", "count", "offset", "limit"]
    assert all_keys(api)[key["id"]] == key | {"token": ""}


def test_keys_are_listed_by_pages(api):
    keyed(api), keyed(api)
    count = api.get("/admin/api-keys").json()["count"]

    answer = api.get(f"/admin/api-keys?limit=1&offset={count - 1}").json()

    assert count == len(all_keys(api))
    assert [key["id"] for key in answer["api_keys"]] == [max(all_keys(api))]
    assert (answer["count"], answer["offset"], answer["limit"]) == (count, count - 1, 1)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "spelled",
    [lambda key: encoded(f"{key}:"), encoded, lambda key: key],
    ids=["base64 with a colon", "base64", "plain"],
)
def test_a_key_is_accepted_in_three_basic_spellings(api, server, spelled):
    key, token = keyed(api)
    script = with_authorization(server, f"Basic {spelled(token)}")

    assert script.group()["created_by"] == key["id"]
    assert TIME.fullmatch(all_keys(api)[key["id"]]["last_used_at"])


def test_a_key_as_bearer_is_told_to_come_as_basic(api, server):
    _, token = keyed(api)

    answer = with_authorization(server, f"Bearer {token}").get(GROUPS)

    assert answer.status_code == 401
    assert list(answer.json()) == ["message"]
    assert "Basic" in answer.json()["message"]


@pytest.mark.parametrize("wrong", ["sk_" + "0" * 64, "sk_", "x", encoded("user:password")])
def test_a_wrong_key_is_401(server, wrong):
    assert said(with_authorization(server, f"Basic {wrong}").get(GROUPS)) == UNAUTHORIZED
    assert said(with_authorization(server, f"Basic {encoded(wrong)}").get(GROUPS)) == UNAUTHORIZED


def test_a_revoked_key_is_nobody(api, server, token):
    key, secret = keyed(api)
    script = with_authorization(server, f"Basic {secret}")
    assert script.get(GROUPS).status_code == 200

    answer = api.post(f"/admin/api-keys/{key['id']}/revoke")

    revoked = answer.json()["api_key"]
    assert (answer.status_code, list(answer.json())) == (200, ["api_key"])
    assert revoked["revoked_by"] == claims_in(token)["actor_id"]
    assert TIME.fullmatch(revoked["revoked_at"])
    assert revoked["token"] == ""
    assert said(script.get(GROUPS)) == UNAUTHORIZED
    assert api.post(f"/admin/api-keys/{key['id']}/revoke").json()["api_key"] == revoked
    assert all_keys(api)[key["id"]] == revoked


def test_an_unknown_key_is_not_revoked(api):
    assert refusal(api.post("/admin/api-keys/apk_x/revoke"))[:2] == (404, "not_found")


@pytest.mark.parametrize(
    "body", [{}, {"title": "x"}, {"type": "secret"}, {"title": "x", "type": "publishable"},
             {"title": "", "type": "secret"}, {"title": 5, "type": "secret"},
             {"title": "x", "type": "secret", "foo": 1}],
)  # fmt: skip
def test_a_key_has_a_title_and_is_secret(api, body):
    assert refusal(api.post("/admin/api-keys", body))[:2] == (400, "invalid_data")


# Open to everybody


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_is_open(anonymous, path):
    answer = anonymous.get(path)

    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_the_documentation_is_open(anonymous, path):
    assert anonymous.get(path).status_code == 200
