"""What a key may do: a consumer's key reads events and nothing else, on every route there is."""

import re
from base64 import b64encode

import pytest

from projections.sqlite import SQLiteStore
from service.accounts import SCOPES, Accounts
from service.app import create_app, prepare
from service.settings import Settings
from tests.api.answers import GROUPS, invalid, refusal
from tests.serving import Api, unique

KEYS = "/admin/api-keys"

OPEN = {
    *("/", "/docs", "/docs/<name>", "/openapi.json", "/asyncapi.json"),
    *("/health", "/health/live", "/health/ready", "/auth/user/emailpass"),
    "/events/schemas/<event>.json",
    *("/audit/public-key", "/audit/verifier.py"),
    *("/app", "/app/<path:path>", "/app/assets/<version>/<path:name>"),  # what is in them asks
}
"""What needs no credentials."""

OF_EVENTS = {
    *("/events", "/events/stream"),
    *("/audit/tree-head", "/audit/proof/inclusion", "/audit/proof/consistency"),
}

FOR_USERS = {"/auth/session", "/auth/token/refresh", "/admin/users/me"}
"""What asks for any credentials, and has nothing for a key, whatever its scopes."""

READ_BY_POST = {"/admin/customers/lookup", "/admin/memberships/check"}

GRANTED = {
    "groups:read": {"groups:read"},
    "groups:write": {"groups:read", "groups:write"},
    "events:read": {"events:read"},
    "admin": {"groups:read", "groups:write", "events:read", "admin"},
}


def needed(method, route):
    """The scope that a route asks for; whatever is new here is for admins."""
    if route == "/admin/events/undo":
        return "groups:write"
    if re.match("/admin/(customer-groups|customers|memberships)(/|$)", route):
        reads = method in ("GET", "HEAD") or route in READ_BY_POST
        return "groups:read" if reads else "groups:write"
    return "events:read" if route in OF_EVENTS else "admin"


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    """The application itself, without the front: what would be a stream is answered at once."""
    settings = Settings(admin_password="correct horse battery staple")
    store = SQLiteStore(tmp_path_factory.mktemp("scopes") / "groups.db")
    prepare(settings, store)
    yield create_app(settings, store)
    store.close()


@pytest.fixture(scope="module")
def asked(application):
    """Ask with a new key of these scopes."""
    client = application.test_client()
    accounts = Accounts(application.extensions["customer_groups"].store)

    def key(*scopes):
        _, token = accounts.create_key("script", "user_ada", scopes)
        headers = {"Authorization": f"Basic {b64encode(f'{token}:'.encode()).decode()}"}

        def ask(method, route):
            path = re.sub("<[^>]+>", "x", route)
            return client.open(path, method=method, headers=headers)

        return ask

    return key


@pytest.fixture(scope="module")
def routes(application):
    """Each method of each route of the application: a new one is here by itself."""
    routes = {
        (method, rule.rule)
        for rule in application.url_map.iter_rules()
        if not rule.endpoint.startswith("admin.")  # the pages, which ask the routes
        for method in rule.methods - {"OPTIONS"}
    }
    assert len(routes) > 40
    return routes


def is_refused(answer):
    if answer.status_code != 403:
        return False
    # the answer to HEAD has no body
    return answer.request.method == "HEAD" or answer.json["code"] == "missing-scope"


def test_a_key_for_events_reads_events_and_nothing_else(asked, routes):
    ask = asked("events:read")

    allowed = {
        (method, route)
        for method, route in routes
        if route not in OPEN | FOR_USERS and not is_refused(ask(method, route))
    }

    assert allowed == {(method, route) for method in ("GET", "HEAD") for route in OF_EVENTS}
    assert {ask(*way).status_code for way in allowed} == {200, 400}  # 400: the proof of what?


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_may_do_what_its_scope_says(asked, routes, scope):
    ask = asked(scope)

    for method, route in sorted(routes):
        if route not in OPEN | FOR_USERS:
            refused = needed(method, route) not in GRANTED[scope]
            assert is_refused(ask(method, route)) == refused, f"{method} {route}"


def test_scopes_add_up(asked, routes):
    ask = asked("events:read", "groups:read")

    for method, route in sorted(routes):
        if route not in OPEN | FOR_USERS:
            refused = needed(method, route) not in ("events:read", "groups:read")
            assert is_refused(ask(method, route)) == refused, f"{method} {route}"


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_is_no_user(asked, routes, scope):
    ask = asked(scope)

    ways = [(method, route) for method, route in routes if route in FOR_USERS]

    assert {ask(*way).status_code for way in ways} <= {401, 404}
    assert len(ways) == 5


def test_what_is_open_asks_for_no_scope(application, routes):
    for method, route in sorted(routes):
        view = application.view_functions[
            next(rule.endpoint for rule in application.url_map.iter_rules() if rule.rule == route)
        ]
        assert (not getattr(view, "needs_caller", False)) == (route in OPEN), f"{method} {route}"


# Over HTTP, on both databases


def made(api, **body):
    answer = api.post(KEYS, {"title": unique("key"), "type": "secret"} | body)
    assert answer.status_code == 200, answer.text
    return answer.json()["api_key"]


def with_key(api, token):
    script = Api(api.server, None)
    script.session.auth = (token, "")
    return script


def test_a_key_may_do_everything_when_nothing_else_is_said(api):
    key = made(api)

    assert key["scopes"] == ["admin"]
    assert with_key(api, key["token"]).get(KEYS).status_code == 200


def test_a_consumer_reads_the_events_of_groups_that_it_cannot_read(api):
    group = api.group()
    consumer = with_key(api, made(api, scopes=["events:read"])["token"])

    page = consumer.get("/events", params={"group_id": group["id"]})
    refused = consumer.get(f"{GROUPS}/{group['id']}")

    assert [event["subject"] for event in page.json()["events"]] == [group["id"]]
    assert refusal(refused) == (
        403,
        "not_allowed",
        "This needs an API key with the scope groups:read; this one has events:read",
    )
    assert refused.json()["code"] == "missing-scope"
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_a_key_that_may_read_changes_nothing(api):
    group = api.group()
    reader = with_key(api, made(api, scopes=["groups:read"])["token"])
    path = f"{GROUPS}/{group['id']}"

    assert reader.get(path).json()["customer_group"] == group
    assert [reader.post(path, {"name": "x"}).status_code, reader.delete(path).status_code] == [
        403,
        403,
    ]
    assert api.get(path).json()["customer_group"] == group


def test_the_scope_is_asked_for_before_the_body_is_looked_at(api):
    reader = with_key(api, made(api, scopes=["groups:read"])["token"])

    for body, type_ in ((b"{", "application/json"), (b"x", "text/plain"), (b" " * 2**21, "x/y")):
        answer = reader.post(GROUPS, data=body, headers={"Content-Type": type_})
        assert (answer.status_code, answer.json()["code"]) == (403, "missing-scope")
    imported = reader("POST", "/admin/customers/import", data=b"id\nx", headers={})
    assert (imported.status_code, imported.json()["code"]) == (403, "missing-scope")


def test_scopes_are_shown_once_each_in_one_order(api):
    key = made(api, scopes=["events:read", "groups:write", "events:read"])
    listed = {each["id"]: each for each in api.get(f"{KEYS}?limit=1000").json()["api_keys"]}

    assert key["scopes"] == listed[key["id"]]["scopes"] == ["groups:write", "events:read"]
    assert api.post(f"{KEYS}/{key['id']}/revoke").json()["api_key"]["scopes"] == key["scopes"]


ACCEPTED = "'groups:read', 'groups:write', 'events:read', 'admin'"


@pytest.mark.parametrize(
    ("scopes", "message"),
    [
        (["events"], f"Field 'scopes' accepts {ACCEPTED}, got: 'events'"),
        (["admin", "ADMIN"], f"Field 'scopes' accepts {ACCEPTED}, got: 'ADMIN'"),
        (["groups:read events:read"], None),
        ([1], None),
        ([None], None),
        ([["admin"]], None),
        ([], f"Field 'scopes' accepts one or more of {ACCEPTED}"),
        ("admin", "Expected type: 'array' for field 'scopes', got: 'admin'"),
        (None, "Expected type: 'array' for field 'scopes', got: 'null'"),
        ({"admin": True}, None),
    ],
)
def test_words_that_are_no_scopes_are_refused(api, scopes, message):
    answer = api.post(KEYS, {"title": unique("key"), "type": "secret", "scopes": scopes})

    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "invalid-request"
    if message:
        assert refusal(answer) == invalid(message)


def test_a_key_of_the_command_line_has_the_scopes_it_was_given(api):
    def key(*scopes):
        options = [word for scope in scopes for word in ("--scope", scope)]
        done = api.server.cli("create-api-key", unique("key"), *options)
        assert done.returncode == 0, done.stderr
        return with_key(api, done.stdout.strip())

    def statuses(script):
        return [script.get(path).status_code for path in ("/events", GROUPS, KEYS)]

    assert statuses(key("events:read")) == [200, 403, 403]
    assert statuses(key("events:read", "groups:write")) == [200, 200, 403]
    assert statuses(key()) == [200, 200, 200]


def test_the_command_line_refuses_a_word_that_is_no_scope(api):
    done = api.server.cli("create-api-key", unique("key"), "--scope", "events")

    assert (done.returncode, done.stdout) == (2, "")
    assert all(scope in done.stderr for scope in SCOPES)
