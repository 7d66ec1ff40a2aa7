"""`/admin/webhooks`: what admins ask for and are answered."""

import subprocess
import sys

import pytest
import requests

from projections.stores import open_store
from service import webhooks as webhooks_module
from service.app import create_app, prepare
from service.settings import Settings
from service.webhooks import Attempt, Standing, Webhooks
from tests.api.answers import keyed
from tests.api.test_openapi import Documented
from tests.serving import Server, signed_in, until
from tests.stream.receiving import Receiver

WEBHOOKS = "/admin/webhooks"
PUBLIC = "https://93.184.216.34/hook"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def api(new_database, tmp_path_factory):
    """A service of which webhooks may lead to this machine."""
    directory = tmp_path_factory.mktemp("serve")
    with Server(new_database("sqlite"), directory, ALLOW_PRIVATE_WEBHOOKS="yes") as server:
        yield signed_in(server)


@pytest.fixture
def webhook(api):
    made = api.post(WEBHOOKS, {"url": PUBLIC}).json()["webhook"]
    yield made
    api.delete(f"{WEBHOOKS}/{made['id']}")


@pytest.fixture(scope="module")
def careful(tmp_path_factory):
    """The API of a service with default settings, and the admin's token."""
    settings = Settings(admin_password=PASSWORD)
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('careful') / 'groups.db'}")
    prepare(settings, store)
    client = create_app(settings, store).test_client()
    credentials = {"email": settings.admin_email, "password": PASSWORD}
    token = client.post("/auth/user/emailpass", json=credentials).get_json()["token"]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    yield client
    store.close()


@pytest.fixture
def webhooks(own_store):
    """The webhooks of a database of the test's own, on either database."""
    with own_store.defining():
        for statement in webhooks_module.SCHEMA:
            own_store.define(statement)
    return Webhooks(own_store)


def path(webhook, *rest):
    return "/".join((WEBHOOKS, webhook["id"], *rest))


def refusal(answer):
    """What a 400 says is wrong, and where."""
    assert answer.status_code == 400, answer.text
    return [(error["pointer"], error["message"]) for error in answer.json()["errors"]]


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(api):
    made = api.post(WEBHOOKS, {"url": PUBLIC, "types": ["Renamed"], "group_id": "cusgroup_1"})

    webhook = made.json()["webhook"]
    assert made.headers["Location"] == path(webhook)
    assert webhook["secret"].startswith("whsec_")
    assert len(webhook["secret"]) >= 40
    assert (webhook["types"], webhook["group_id"]) == (["Renamed"], "cusgroup_1")
    assert (webhook["state"], webhook["failures"]) == ("active", 0)
    assert api.get(path(webhook)).json()["webhook"] == webhook | {"secret": ""}
    assert webhook["secret"] not in api.get(WEBHOOKS).text
    for answer in (api.post(path(webhook), {}), api.post(path(webhook, "pause"))):
        assert webhook["secret"] not in answer.text


def test_a_webhook_begins_at_the_end_of_the_log_or_where_it_is_told_to(api):
    end = api.group() and api.get("/events", params={"limit": 1}).json()["end"]

    now, first, second = (
        api.post(WEBHOOKS, {"url": PUBLIC} | more).json()["webhook"]
        for more in ({}, {"after": 0}, {"after": 1.0})  # a whole number, as JSON Schema has it
    )

    assert (now["position"], first["position"], second["position"]) == (end, 0, 1)


def test_a_position_beyond_the_end_is_a_conflict(api, webhook):
    for answer in (
        api.post(WEBHOOKS, {"url": PUBLIC, "after": 10**9}),
        api.post(path(webhook, "resend"), {"after": 10**9}),
    ):
        assert answer.status_code == 409
        assert answer.json()["code"] == "position-beyond-end"
    assert api.get(path(webhook)).json()["webhook"]["position"] == webhook["position"]


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({}, "", "Field 'url' is required"),
        ({"url": 7}, "/url", "Expected type: 'string' for field 'url'"),
        ({"url": ""}, "/url", "1 to 2048 characters"),
        ({"url": "https://shop.example/" + "x" * 2048}, "/url", "1 to 2048 characters"),
        ({"url": "ftp://shop.example"}, "/url", "https://shop.example/hook"),
        ({"url": "https://eve:secret@shop.example"}, "/url", "without a user or password"),
        ({"url": PUBLIC, "types": ["GroupBurnt"]}, "/types/0", "'GroupCreated', 'Renamed'"),
        ({"url": PUBLIC, "types": []}, "/types", "one or more of"),
        ({"url": PUBLIC, "types": "Renamed"}, "/types", "Expected type: 'array'"),
        ({"url": PUBLIC, "group_id": 7}, "/group_id", "Expected type: 'string'"),
        ({"url": PUBLIC, "after": -1}, "/after", "0 or more"),
        ({"url": PUBLIC, "after": 1.5}, "/after", "0 or more, got: '1.5'"),
        ({"url": PUBLIC, "after": "0"}, "/after", "Expected type: 'number'"),
        ({"url": PUBLIC, "after": True}, "/after", "Expected type: 'number'"),
        ({"url": PUBLIC, "secret": "whsec_"}, "/secret", "Unrecognized fields: 'secret'"),
    ],
)
def test_a_wrong_webhook_is_refused_with_its_place(api, body, pointer, said):
    answer = api.post(WEBHOOKS, body)

    [(where, message)] = refusal(answer)
    assert where in (pointer, "/url")
    assert said in message
    assert "eve:secret" not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/",
        "http://localhost/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://2130706433/",
        "http://no-such-name.invalid/",
    ],
)
def test_a_private_address_is_refused(careful, url):
    made = careful.post(WEBHOOKS, json={"url": PUBLIC}).get_json()["webhook"]

    for route in (WEBHOOKS, path(made)):
        answer = careful.post(route, json={"url": url})

        assert answer.status_code == 400
        [error] = answer.get_json()["errors"]
        assert error["pointer"] == "/url"
        assert "accepts a public address" in error["message"]
    assert careful.get(path(made)).get_json()["webhook"]["url"] == PUBLIC


def test_a_webhook_is_changed_field_by_field(api, webhook):
    changed = api.post(path(webhook), {"types": ["GroupDeleted"], "group_id": "cusgroup_2"})
    assert changed.json()["webhook"]["types"] == ["GroupDeleted"]
    assert changed.json()["webhook"]["url"] == PUBLIC

    again = api.post(path(webhook), {"types": None, "group_id": None, "url": PUBLIC + "2"})

    assert again.json()["webhook"] | {"updated_at": ""} == webhook | {
        "url": PUBLIC + "2",
        "secret": "",
        "updated_at": "",
    }


def test_a_webhook_is_paused_and_resumed_however_often(api, webhook):
    for action, state, reason in (
        ("pause", "paused", "paused by request"),
        ("pause", "paused", "paused by request"),
        ("resume", "active", None),
        ("resume", "active", None),
    ):
        answered = api.post(path(webhook, action)).json()["webhook"]

        assert (answered["state"], answered["reason"]) == (state, reason)
        assert answered["position"] == webhook["position"]


def test_what_does_not_exist_is_not_found(api):
    for method, rest, body in (
        ("GET", "", None),
        ("POST", "", {}),
        ("DELETE", "", None),
        ("POST", "/pause", None),
        ("POST", "/resume", None),
        ("POST", "/resend", {"after": 0}),
        ("GET", "/deliveries", None),
    ):
        answer = api(method, f"{WEBHOOKS}/wh_0{rest}", body)

        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), (method, rest)


def test_webhooks_are_for_admins_only(api, webhook):
    for scope in ("groups:read", "groups:write", "events:read"):
        key = {"title": "Reader", "type": "secret", "scopes": [scope]}
        token = api.post("/admin/api-keys", key).json()["api_key"]["token"]
        for method, route in (
            ("GET", WEBHOOKS),
            ("POST", WEBHOOKS),
            ("GET", path(webhook)),
            ("POST", path(webhook)),
            ("DELETE", path(webhook)),
            ("POST", path(webhook, "pause")),
            ("POST", path(webhook, "resume")),
            ("POST", path(webhook, "resend")),
            ("GET", path(webhook, "deliveries")),
        ):
            answer = requests.request(method, api.server.url + route, auth=(token, ""), timeout=30)
            assert (answer.status_code, answer.json()["code"]) == (403, "missing-scope"), route
    _, token = keyed(api)
    assert requests.get(api.server.url + WEBHOOKS, auth=(token, ""), timeout=30).status_code == 200


def test_a_webhook_lives_as_the_document_says(api):
    documented = Documented(api.get("/openapi.json").json())
    receiver = Receiver(lambda number: 500 if number == 1 else 200).start()
    soon = [sys.executable, "-m", "tests.stream.deliver_soon", '{"first_seconds": 0.05}']
    process = subprocess.Popen(soon, env=api.server.environment, stderr=subprocess.DEVNULL)
    try:
        answers = [made := api.post(WEBHOOKS, {"url": receiver.url})]
        webhook = made.json()["webhook"]
        for _ in range(3):
            api.group()
        until(lambda: len(receiver.positions) == 3)
        receiver.verify(webhook["secret"])
        until(lambda: len(api.get(path(webhook, "deliveries")).json()["deliveries"]) == 4)
        answers += [
            api.get(path(webhook)),
            api.get(WEBHOOKS),
            api.get(path(webhook, "deliveries"), params={"limit": 2}),
            api.post(path(webhook, "pause")),
            api.post(path(webhook), {"types": ["Renamed"]}),
            api.post(path(webhook, "resend"), {"after": 0}),
            api.post(path(webhook, "resume")),
            api.post(path(webhook), {"types": ["Burnt"]}),
            api.post(path(webhook, "resend"), {"after": 10**9}),
            api.delete(path(webhook)),
            api.delete(path(webhook)),
        ]
    finally:
        process.terminate()
        process.wait(timeout=10)
        receiver.stop()
    for answer in answers:
        documented.check(answer)
    page = answers[3].json()
    assert (page["count"], page["limit"], len(page["deliveries"])) == (4, 2, 2)
    assert answers[-1].status_code == 404


def test_the_newest_attempts_are_kept(webhooks, monkeypatch):
    monkeypatch.setattr(webhooks_module, "DELIVERIES_KEPT", 10)
    made, _ = webhooks.create(PUBLIC, "user_admin")
    other, _ = webhooks.create(PUBLIC, "user_admin")
    for hook in webhooks.active():
        with webhooks.store.filling():
            assert webhooks.claim(hook, "mine")
            for number in range(1, 31):
                attempt = Attempt(0, number, 1_900_000_000_000, 3, 500, "no")
                standing = Standing(0, number, 1_900_000_000_000)
                assert webhooks.settle(hook, "mine", attempt, standing, keep=True)

    kept, count = webhooks.deliveries(made["id"], 1000, 0)

    assert count == 10
    assert [each["attempt"] for each in kept] == list(range(30, 20, -1))
    assert webhooks.one(made["id"])["attempts"] == 30
    assert webhooks.deliveries(other["id"], 3, 9)[0][0]["attempt"] == 21


def test_of_two_who_would_deliver_one_may(webhooks):
    webhooks.create(PUBLIC, "user_admin")
    [seen] = webhooks.active()
    with webhooks.store.filling():
        assert webhooks.claim(seen, "first")

        assert not webhooks.claim(seen, "second")

    [seen] = webhooks.active()
    with webhooks.store.filling():
        assert webhooks.claim(seen, "second"), "the first has not moved since it was looked at"
        attempt, standing = Attempt(5, 1, 1_900_000_000_000, 3, 200, None), Standing(5)
        assert not webhooks.settle(seen, "first", attempt, standing, keep=True)
    assert webhooks.active()[0].position == 0, "whoever lost the lease moves nothing"
