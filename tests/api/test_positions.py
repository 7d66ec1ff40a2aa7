"""Reading one's own writes: X-Position of a change, X-Min-Position of a read, also on a replica."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.answers import GROUPS
from tests.serving import Api, Server, signed_in, token_of, unique


def position(answer):
    assert answer.status_code == 200, answer.text
    return int(answer.headers["X-Position"])


# X-Position


def test_a_change_says_the_position_of_the_event_it_recorded(api):
    created = api.post(GROUPS, {"name": unique("Group")})
    group_id = created.json()["customer_group"]["id"]
    path = f"{GROUPS}/{group_id}"
    (member,) = api.customers(1)
    answers = [
        created,
        api.post(path, {"metadata": {"a": 1}}),
        api.patch(path, {"metadata": {"a": 2}}),
        api.post(f"{path}/customers", {"add": [member]}),
        api.post(f"/admin/customers/{member}/customer-groups", {"remove": [group_id]}),
        api.delete(path),
    ]

    recorded = [event["data"]["position"] for event in api.events(group_id)]

    assert [position(answer) for answer in answers] == recorded[::-1]
    assert recorded == sorted(recorded, reverse=True)


def test_a_change_that_recorded_several_events_says_the_last(api):
    group = api.group()

    path = f"{GROUPS}/{group['id']}"
    bulk = api.post(f"{path}/customers", {"add": api.customers(2001)})
    both = api.post(path, {"name": unique("Group"), "metadata": {"a": 1}})

    recorded = [event["data"]["position"] for event in api.events(group["id"])]
    assert [position(both), position(bulk)] == [recorded[0], recorded[2]]


def test_deleting_a_customer_says_the_last_of_the_events_in_its_groups(api):
    (member,) = api.customers(1)
    made = [api.group()["id"] for _ in range(3)]
    for group_id in made:
        api.add(group_id, member)

    answer = api.delete(f"/admin/customers/{member}")

    assert position(answer) == max(api.events(id)[0]["data"]["position"] for id in made)


def test_a_change_that_recorded_nothing_says_no_position(api):
    group = api.group(metadata={"a": 1})
    path = f"{GROUPS}/{group['id']}"
    member, stranger = api.customers(2)
    api.add(group["id"], member)

    nothing = [
        api.post(path, {"name": group["name"], "metadata": {"a": 1}}),
        api.post(path, {}),
        api.patch(path, {"metadata": {"b": None}}),
        api.post(f"{path}/customers", {"add": [member], "remove": [stranger, "cus_none"]}),
        api.post(f"{path}/customers", {}),
        api.post(f"/admin/customers/{member}/customer-groups", {"add": [group["id"]]}),
        api.delete(f"{GROUPS}/cusgroup_none"),
        api.delete(f"/admin/customers/{stranger}"),
        api.delete("/admin/customers/cus_none"),
        api.post("/admin/customers", {"first_name": "Ada"}),
        api.get(path),
    ]

    assert [answer.status_code for answer in nothing] == [200] * len(nothing)
    assert [answer.headers.get("X-Position") for answer in nothing] == [None] * len(nothing)
    assert len(api.events(group["id"])) == 2


def test_what_is_refused_says_no_position(api):
    name = api.group()["name"]

    assert "X-Position" not in api.post(GROUPS, {"name": name}).headers


# X-Min-Position


def test_a_read_at_a_position_of_this_log_is_answered(api):
    written = position(api.post(GROUPS, {"name": unique("Group")}))

    for at in ("0", "1", str(written)):
        for path in (GROUPS, "/admin/customers"):
            assert api.get(path, headers={"X-Min-Position": at}).status_code == 200


def test_a_read_beyond_the_end_of_the_log_is_409(api):
    group = api.group()
    beyond = {"X-Min-Position": "999999999999"}
    member = api.customer()["id"]
    paths = [
        GROUPS,
        f"{GROUPS}/{group['id']}",
        f"{GROUPS}/{group['id']}/customers",
        f"{GROUPS}/{group['id']}/history",
        "/admin/customers",
        f"/admin/customers/{member}",
        f"/admin/customers/{member}/customer-groups",
    ]

    for path in paths:
        answer = api.get(path, headers=beyond)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (409, "conflict"), path
        assert problem["code"] == "position-beyond-end"
        assert "another log" in problem["message"]


def test_a_change_is_made_whatever_position_it_names(api):
    answer = api.post(GROUPS, {"name": unique("Group")}, headers={"X-Min-Position": "9" * 12})

    assert answer.status_code == 200


@pytest.mark.parametrize("at", ["-1", "one", "1.0", "9" * 40, "1 2", "٣"])
def test_a_position_is_a_whole_number(api, at):
    answer = api.get(GROUPS, headers={"X-Min-Position": at.encode()})

    assert answer.status_code == 400
    assert "X-Min-Position" in answer.json()["message"]


# On a replica


@pytest.fixture(scope="module")
def standby(postgres):
    """A hot standby of the PostgreSQL of the tests."""
    with postgres.standby() as server:
        yield server


@pytest.fixture(scope="module")
def pair(postgres, standby, tmp_path_factory):
    """The API of a service on the primary, and of one that serves reads from a replica."""
    directory = tmp_path_factory.mktemp("replica")
    url = postgres.create_database()
    with Server(url, directory) as primary:
        standby.catch_up()
        replica = Server(standby.url(url.rpartition("/")[2]), directory)
        with replica.start(prepare=False):
            yield signed_in(primary), signed_in(replica)


@pytest.fixture
def primary(pair):
    return pair[0]


@pytest.fixture
def replica(pair, standby):
    """The replica, which shows nothing new for the length of the test or until it resumes."""
    standby.catch_up()
    standby.pause_replay()
    yield pair[1]
    standby.resume_replay()


def test_a_service_on_a_replica_starts_and_answers_logins_and_reads(primary, replica, standby):
    standby.resume_replay()
    group = primary.group()
    primary.add(group["id"], *primary.customers(3))
    standby.catch_up()
    path = f"{GROUPS}/{group['id']}"

    reads = (path, f"{path}/customers", f"{path}/history", GROUPS, "/admin/users/me")

    for read in reads:
        assert replica.get(read).json() == primary.get(read).json(), read
    assert replica.get("/health/ready").text == "OK"


def test_credentials_of_all_kinds_are_taken_and_wrong_ones_refused_on_a_replica(
    primary, replica, standby
):
    standby.resume_replay()
    key = primary.post("/admin/api-keys", {"title": "Reader", "type": "secret"}).json()["api_key"]
    standby.catch_up()
    login = f"{replica.server.url}/auth/user/emailpass"
    wrong = {"email": replica.server.admin_email, "password": "wrong"}

    by_key = Api(replica.server, None)
    by_key.session.auth = (key["token"], "")

    assert by_key.get(GROUPS).status_code == 200
    refused = by_key.session.post(login, json=wrong, timeout=30)
    assert (refused.status_code, refused.json()["type"]) == (401, "unauthorized")
    assert token_of(replica.server)


def test_a_change_on_a_replica_is_503(replica):
    answer = replica.post(GROUPS, {"name": "x"})

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]


def test_a_replica_that_stays_behind_is_503_after_two_seconds(primary, replica):
    written = position(primary.post(GROUPS, {"name": unique("Group")}))

    began = time.monotonic()
    answer = replica.get(GROUPS, headers={"X-Min-Position": str(written)})
    waited = time.monotonic() - began

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert 1.9 < waited < 3.5


def test_a_read_that_waits_is_answered_as_soon_as_the_replica_has_caught_up(
    primary, replica, standby
):
    created = primary.post(GROUPS, {"name": unique("Group")})
    path = f"{GROUPS}/{created.json()['customer_group']['id']}"
    at = {"X-Min-Position": str(position(created))}
    assert replica.get(path).status_code == 404

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(replica.get, path, headers=at)
        behind = Api(replica.server, None).get("/health")  # so that it has begun to wait
        still_waiting = not waiting.done()
        standby.resume_replay()
        began = time.monotonic()
        answer = waiting.result()

    assert behind.ok
    assert still_waiting
    assert answer.json()["customer_group"]["id"] in path
    assert time.monotonic() - began < 1


def test_reads_that_wait_stop_no_other(primary, replica):
    token = replica.session.headers["Authorization"].removeprefix("Bearer ")
    beyond = position(primary.post(GROUPS, {"name": unique("Group")}))
    with ThreadPoolExecutor(12) as pool:
        waiting = [
            pool.submit(
                Api(replica.server, token).get, GROUPS, headers={"X-Min-Position": str(beyond)}
            )
            for _ in range(12)
        ]
        began = time.monotonic()
        answered = [replica.get(GROUPS).status_code for _ in range(10)]
        took = time.monotonic() - began
        statuses = [answer.result().status_code for answer in waiting]

    assert answered == [200] * 10
    assert took < 1.5
    assert statuses == [503] * 12
