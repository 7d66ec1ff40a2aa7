"""Idempotency-Key: a request that is repeated is carried out once and answered as it was."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from projections import requests as kept
from tests.api.answers import GROUPS
from tests.serving import Api, unique

REPLAYED = "Idempotent-Replayed"
ANSWERED = ("ETag", "Location", "X-Position", "Content-Type", "Cache-Control", "Vary")


@pytest.fixture
def key():
    """Headers with a key that no other test uses."""
    return {"Idempotency-Key": unique("key-")}


def assert_replays(first, repeat):
    assert first.status_code == repeat.status_code == 200, repeat.text
    assert REPLAYED not in first.headers
    assert repeat.headers[REPLAYED] == "true"
    assert repeat.content == first.content
    for name in ANSWERED:
        assert repeat.headers.get(name) == first.headers.get(name), name


def test_a_repeated_create_makes_one_group(api, key):
    body = {"name": unique("Group"), "metadata": {"a": 1}}

    first, repeat = (api.post(GROUPS, body, headers=key) for _ in range(2))

    assert_replays(first, repeat)
    assert len(api.events(first.json()["customer_group"]["id"])) == 1


CHANGES = {
    "update": ("POST", "{group}", {"metadata": {"a": 1}}),
    "patch": ("PATCH", "{group}", {"metadata": {"a": 1}}),
    "delete": ("DELETE", "{group}", None),
    "link customers": ("POST", "{group}/customers?detail=true", {"add": ["{member}"]}),
    "link groups": ("POST", "{customer}/customer-groups?detail=true", {"add": ["{id}"]}),
    "delete customer": ("DELETE", "{customer}", None),
}


def asked(api, group, change):
    """The request of a change as a function of its headers."""
    (member,) = api.customers(1)
    if change == "delete customer":
        api.add(group["id"], member)
    method, path, body = CHANGES[change]
    path = path.format(group=f"{GROUPS}/{group['id']}", customer=f"/admin/customers/{member}")
    if body and "add" in body:
        body = {"add": [body["add"][0].format(member=member, id=group["id"])]}
    kind = "merge-patch+json" if method == "PATCH" else "json"
    return lambda headers: api(
        method, path, body, headers=headers | {"Content-Type": f"application/{kind}"}
    )


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_groups_and_memberships_can_be_repeated(api, group, key, change):
    ask = asked(api, group, change)

    first, repeat = ask(key), ask(key)

    assert_replays(first, repeat)
    assert "X-Position" in first.headers
    recorded = len(api.events(group["id"]))
    assert ask(key).headers[REPLAYED] == "true"
    assert len(api.events(group["id"])) == recorded


def test_a_repeat_gets_the_first_answer_whatever_has_happened_since(api, path, key):
    body = {"name": unique("First")}
    first = api.post(path, body, headers=key)

    api.post(path, {"name": unique("Second")})
    assert_replays(first, api.post(path, body, headers=key))

    api.delete(path)
    assert_replays(first, api.post(path, body, headers=key))
    assert api.get(path).status_code == 404


def test_an_answer_is_kept_also_when_nothing_was_recorded(api, group, path, key):
    (member,) = api.customers(1)
    api.add(group["id"], member)
    add = {"add": [member]}
    first = api.post(f"{path}/customers", add, params={"detail": "true"}, headers=key)
    api.post(f"{path}/customers", {"remove": [member]})

    repeat = api.post(f"{path}/customers", add, params={"detail": "true"}, headers=key)

    assert_replays(first, repeat)
    assert "X-Position" not in repeat.headers
    assert repeat.json()["detail"] == {"added": 0, "already": 1, "removed": 0, "absent": 0}
    assert api.get(f"{path}/customers").json()["count"] == 0


def test_a_key_belongs_to_actor_method_and_path(api, path, key):
    secret = api.post("/admin/api-keys", {"title": unique("Script"), "type": "secret"}).json()
    script = Api(api.server, None)
    script.session.auth = (secret["api_key"]["token"], "")
    other = f"{GROUPS}/{api.group()['id']}"

    def add_key(number):
        return {"metadata": {f"k{number}": number}}

    answers = [
        api.post(path, add_key(0), headers=key),
        script.post(path, add_key(1), headers=key),
        api.patch(path, add_key(2), headers=key),
        api.post(other, add_key(3), headers=key),
        api.delete(other, headers=key),
    ]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert not any(REPLAYED in answer.headers for answer in answers)
    metadata = api.get(path).json()["customer_group"]["metadata"]
    assert metadata == {"k0": 0, "k1": 1, "k2": 2}


def test_a_trailing_slash_is_the_same_path(api, path, key):
    first = api.post(path, {"metadata": {"a": 1}}, headers=key)

    assert_replays(first, api.post(f"{path}/", {"metadata": {"a": 1}}, headers=key))


def test_another_body_or_query_under_the_same_key_is_422(api, path, key):
    api.post(path, {"metadata": {"a": 1}}, headers=key)

    others = [
        api.post(path, {"metadata": {"a": 2}}, headers=key),
        api.post(path, {"metadata": {"a": 1}}, params={"fields": "id"}, headers=key),
        api.post(path, data=b'{"metadata": {"a": 1} }', headers=key | {"Content-Type": "json"}),
        api.post(path, headers=key),
        api.post(path, {"name": 5}, headers=key),
    ]

    for answer in (others[0], others[1], others[3], others[4]):
        assert (answer.status_code, answer.json()["type"]) == (422, "idempotency_error")
        assert answer.json()["code"] == "idempotency-key-reused"
    assert others[2].status_code == 415, "what is no JSON is refused before keys are looked at"
    assert api.get(path).json()["customer_group"]["metadata"] == {"a": 1}


def test_a_refusal_is_not_kept_and_the_repeat_is_decided_anew(api, path, key):
    taken = api.group()

    refused = api.post(path, {"name": taken["name"]}, headers=key)
    api.delete(f"{GROUPS}/{taken['id']}")
    repeat = api.post(path, {"name": taken["name"]}, headers=key)

    assert refused.status_code == 400
    assert repeat.status_code == 200
    assert REPLAYED not in repeat.headers


def test_a_refused_key_may_come_with_another_body(api, path, key):
    assert api.post(path, {"name": 5}, headers=key).status_code == 400
    assert api.post(path, {"metadata": {"a": 1}}, headers=key).status_code == 200


@pytest.mark.parametrize("bad", ["", "x" * 256, "é", "tab\there"])
def test_a_key_has_1_to_255_characters(api, group, path, bad):
    answer = api.post(path, {"metadata": {"a": 1}}, headers={"Idempotency-Key": bad.encode()})

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["message"]
    assert len(api.events(group["id"])) == 1


def test_a_key_of_255_characters_is_one(api, path):
    long = {"Idempotency-Key": unique("x").ljust(255, "x")}

    first, repeat = (api.post(path, {"metadata": {"a": 1}}, headers=long) for _ in range(2))

    assert_replays(first, repeat)


# Two at once


def at_once(count, ask):
    """Ask so many times at the same moment, each from a thread of its own."""
    barrier = threading.Barrier(count)

    def one(number):
        barrier.wait()
        return ask(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def sessions(api, count):
    token = api.session.headers["Authorization"].removeprefix("Bearer ")
    return [Api(api.server, token) for _ in range(count)]


def test_of_requests_at_once_one_is_carried_out_and_the_others_replay(api):
    apis = sessions(api, 6)
    for _ in range(5):
        key = {"Idempotency-Key": unique("key-")}
        body = {"name": unique("Group")}

        answers = at_once(6, lambda n, b=body, k=key: apis[n].post(GROUPS, b, headers=k))

        assert [answer.status_code for answer in answers] == [200] * 6
        assert len({answer.content for answer in answers}) == 1
        assert len({answer.headers["X-Position"] for answer in answers}) == 1
        assert [REPLAYED in answer.headers for answer in answers].count(False) == 1


def test_a_twin_waits_for_the_first_and_replays(api, path, key):
    """Both have found no answer when the write lock is free again."""
    first, second, looker = sessions(api, 3)
    body = {"metadata": {"a": 1}}
    with api.server.store() as behind, ThreadPoolExecutor(2) as pool:
        with behind.defining():
            twins = [pool.submit(twin.post, path, body, headers=key) for twin in (first, second)]
            for _ in range(30):
                assert looker.get(path).ok
            assert not any(twin.done() for twin in twins)
        answers = [twin.result() for twin in twins]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert sorted(REPLAYED in answer.headers for answer in answers) == [False, True]
    assert answers[0].content == answers[1].content
    assert len(api.events(path.rpartition("/")[2])) == 2


def test_twins_with_different_bodies_leave_one_change_and_one_422(api, group, path, key):
    apis = sessions(api, 2)

    answers = at_once(2, lambda n: apis[n].post(path, {"metadata": {"n": n}}, headers=key))

    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert len(api.events(group["id"])) == 2


# What is kept, and how long


def rows(server):
    with server.store() as store:
        return store.read("SELECT id, fingerprint, answer, kept_at FROM idempotency")


def test_no_credential_and_nothing_of_a_customer_is_kept(api, group, path, key):
    customer = api.customer(first_name="Adelheid", phone="+49 30 123", metadata={"secret": "x1y2"})
    groups_of = f"/admin/customers/{customer['id']}/customer-groups"
    embedding = {"fields": "*groups", "detail": "true"}
    answers = [
        api.post(groups_of, {"add": [group["id"]]}, params=embedding, headers=key),
        api.post(
            f"{path}/customers",
            {"remove": [customer["id"]]},
            params={"fields": "*customers"},
            headers=key,
        ),
        api.post(GROUPS, {"name": unique("Group")}, headers=key),
        api.delete(f"/admin/customers/{customer['id']}", headers=key),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4

    kept_text = repr([(id, mark, bytes(answer)) for id, mark, answer, _ in rows(api.server)])

    token = api.session.headers["Authorization"].removeprefix("Bearer ")
    for private in (customer["email"], "Adelheid", "+49 30 123", "x1y2", token, "Bearer"):
        assert private not in kept_text
    assert key["Idempotency-Key"] not in kept_text


def test_a_repeat_shows_the_customer_as_it_is_now_and_404_once_it_is_erased(api, group, key):
    customer = api.customer(first_name="Ada")
    path = f"/admin/customers/{customer['id']}"
    body = {"add": [group["id"]]}
    first = api.post(f"{path}/customer-groups", body, headers=key)
    api.post(path, {"first_name": "Bea"})

    repeat = api.post(f"{path}/customer-groups", body, headers=key)

    assert first.json()["customer"]["first_name"] == "Ada"
    assert repeat.json()["customer"]["first_name"] == "Bea"
    assert repeat.headers[REPLAYED] == "true"
    api.delete(path)
    assert api.post(f"{path}/customer-groups", body, headers=key).status_code == 404


def age(server, seconds):
    with server.store() as store, store.defining():
        store.execute("UPDATE idempotency SET kept_at = kept_at - :s", {"s": seconds})


def test_an_answer_is_kept_for_24_hours(api, key):
    body = {"name": unique("Group")}
    first = api.post(GROUPS, body, headers=key)

    age(api.server, 24 * 60 * 60 - 60)
    assert_replays(first, api.post(GROUPS, body, headers=key))

    age(api.server, 60)
    anew = api.post(GROUPS, body, headers=key)
    assert (anew.status_code, anew.json()["code"]) == (400, "name-taken")
    api.delete(f"{GROUPS}/{first.json()['customer_group']['id']}")
    assert REPLAYED not in api.post(GROUPS, body, headers=key).headers
    assert api.post(GROUPS, body, headers=key).headers[REPLAYED] == "true"


def test_old_answers_go_a_hundred_at_a_time_with_later_commands(api):
    with api.server.store() as store, store.defining():
        for number in range(250):
            kept.keep_answer(store.write, f"old {number}", "", b"{}", 1_000_000)

    left = []
    for _ in range(3):
        api.post(GROUPS, {"name": unique("Group")}, headers={"Idempotency-Key": unique("new ")})
        left.append(sum(id.startswith("old") for id, *_ in rows(api.server)))

    assert left == [150, 50, 0]


def test_what_is_rolled_back_is_not_kept(api, group, path, key):
    """An answer that cannot be given undoes its command, and with it the row of its key."""
    before = len(rows(api.server))

    everyone = {"add": api.customers(1001)}
    refused = api.post(f"{path}/customers", everyone, params={"fields": "*customers"}, headers=key)

    assert (refused.status_code, refused.json()["code"]) == (400, "too-many-embedded")
    assert len(api.events(group["id"])) == 1
    assert len(rows(api.server)) == before
