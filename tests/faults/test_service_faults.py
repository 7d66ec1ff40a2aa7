"""A running service whose processes, database, network or clients fail it, as clients see it."""

import contextlib
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
import requests

from projections.rebuild import verify
from tests.conftest import STORES
from tests.postgres import CutAfterCommit, PostgresServer
from tests.serving import Api, Server, signed_in, unique, until

GROUPS = "/admin/customer-groups"
STOP_SECONDS = 5
WRITERS = 8


def assert_verified(server):
    """Compare the read models with a replay of the log."""
    with server.store() as store:
        assert verify(store).problems == []


class Load:
    """Eight clients that change groups until they are done or told to stop.

    `acknowledged` holds what the service said it had done; `outcomes` counts how requests ended.
    Each request has a connection of its own, as from clients that do not know one another.
    """

    def __init__(self, server, changes):
        self.server = server
        self.changes = changes
        api = signed_in(server)
        self.token = api.session.headers["Authorization"]
        self.customers = api.customers(40)
        self.groups = [api.group()["id"] for _ in range(4)]
        self.created, self.added, self.keys = {}, set(), set()
        self.cut = []
        self.outcomes = Counter()
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def acknowledged(self):
        return len(self.created) + len(self.added) + len(self.keys)

    def stop(self):
        self._stop.set()

    def run(self):
        """Let all clients work; returns a future a client."""
        pool = ThreadPoolExecutor(WRITERS)
        working = [pool.submit(self._work, number) for number in range(WRITERS)]
        pool.shutdown(wait=False)
        return working

    def _work(self, number):
        for turn in range(number, self.changes, WRITERS):
            if self._stop.is_set():
                return
            self._change(turn)

    def _change(self, turn):
        group_id = self.groups[turn % 4]
        if turn % 3 == 0:
            name = unique("Load ")
            body, path = {"name": name}, GROUPS
        elif turn % 3 == 1:
            customer_id = self.customers[turn // 3 % 40]
            body, path = {"add": [customer_id]}, f"{GROUPS}/{group_id}/customers"
        else:
            body, path = {"metadata": {f"k{turn % 150}": turn}}, f"{GROUPS}/{group_id}"
        try:
            answer = requests.post(
                self.server.url + path,
                json=body,
                headers={"Authorization": self.token, "Connection": "close"},
                timeout=30,
            )
        except requests.ConnectionError as error:
            refused = "Connection refused" in str(error)
            with self._lock:
                self.outcomes["refused" if refused else "cut"] += 1
                if not refused and turn % 3 == 0:
                    self.cut.append(name)
            return
        with self._lock:
            self.outcomes[answer.status_code] += 1
            if answer.status_code != 200:
                return
            group = answer.json()["customer_group"]
            if turn % 3 == 0:
                self.created[group["id"]] = name
            elif turn % 3 == 1:
                self.added.add((group_id, customer_id))
            else:
                self.keys.add((group_id, f"k{turn % 150}"))

    def assert_kept(self):
        """Every acknowledged change is there, once, and the read models equal the replay.

        Returns the names of all groups.
        """
        with self.server.store() as store:
            assert verify(store).problems == []
            rows = store.read("SELECT id, name FROM group_list WHERE deleted = 0")
            documents = store.read("SELECT document FROM group_detail")
            links = store.read(
                "SELECT g.id, m.customer_id FROM membership m"
                " JOIN group_list g ON g.group_key = m.group_key WHERE m.until_position IS NULL"
            )
        assert self.created.items() <= dict(rows).items()
        names = [name for _, name in rows]
        assert len(set(names)) == len(names)
        assert self.added <= set(links)
        assert len(set(links)) == len(links)
        groups = [orjson.loads(bytes(document)) for (document,) in documents]
        assert self.keys <= {
            (group["id"], key) for group in groups for key in group["metadata"] or ()
        }
        return set(names)


# Killed


def test_every_acknowledged_change_survives_kill_9_of_the_service(new_url, start, sized):
    changes = sized(240, 1000)
    server = start(new_url, WORKERS="2")
    load = Load(server, changes)

    working = load.run()
    until(lambda: load.acknowledged > changes // 3)
    server.kill()
    load.stop()
    for client in working:
        client.result()

    assert 0 < load.outcomes[200] < changes
    server.start(prepare=False)
    load.assert_kept()
    assert signed_in(server).group()


# Stopped


def test_sigterm_under_load_answers_what_is_in_flight_and_ends_in_time(new_url, start):
    server = start(new_url)
    load = Load(server, 1_000_000)

    working = load.run()
    until(lambda: load.acknowledged > 60)
    began = time.monotonic()
    assert server.stop() == 0
    took = time.monotonic() - began
    until(lambda: load.outcomes["refused"] >= WRITERS)
    load.stop()
    for client in working:
        client.result()

    assert took < STOP_SECONDS
    assert set(load.outcomes) <= {200, 503, "refused", "cut"}
    assert not load.assert_kept() & set(load.cut), "what was cut had not been begun"


# A broken network to the database


@pytest.fixture(scope="module")
def proxied(postgres, tmp_path_factory):
    """The API of a service whose line to PostgreSQL can be cut, and the line."""
    with CutAfterCommit(postgres.port) as line:
        url = line.url(postgres.create_database().rpartition("/")[2])
        with Server(url, tmp_path_factory.mktemp("proxied")) as server:
            yield signed_in(server), line


RECORDED = {
    "create": ("POST", GROUPS, {"name": "{name}"}),
    "rename": ("POST", "{group}", {"name": "{name}"}),
    "metadata": ("PATCH", "{group}", {"metadata": {"{name}": 1}}),
    "add": ("POST", "{group}/customers", {"add": ["{customer}"]}),
    "join": ("POST", "/admin/customers/{customer}/customer-groups", {"add": ["{id}"]}),
    "delete": ("DELETE", "{group}", None),
}


def filled(template, names):
    if isinstance(template, str):
        return template.format(**names)
    if isinstance(template, list):
        return [filled(item, names) for item in template]
    if isinstance(template, dict):
        return {filled(key, names): filled(value, names) for key, value in template.items()}
    return template


@pytest.mark.parametrize("change", RECORDED)
@pytest.mark.parametrize("moment", ["arm", "cut_before_commit"])
@pytest.mark.parametrize("key", [None, "key"])
def test_a_connection_cut_around_a_commit_is_one_success_and_one_event(
    proxied, change, moment, key
):
    api, line = proxied
    group = api.group()
    (customer,) = api.customers(1)
    names = {"name": unique("Cut "), "id": group["id"], "customer": customer}
    names["group"] = f"{GROUPS}/{group['id']}"
    method, path, body = (filled(part, names) for part in RECORDED[change])
    kind = "merge-patch+json" if method == "PATCH" else "json"
    headers = {"Content-Type": f"application/{kind}"}
    if key:
        headers["Idempotency-Key"] = unique("key-")
    with api.server.store() as behind:
        before = behind.read("SELECT count(*) FROM stored_events")[0][0]
        cuts = line.cuts

        getattr(line, moment)(having="insert into stored_events")
        answer = api(method, path, body, headers=headers)

        assert answer.status_code == 200, answer.text
        assert line.cuts == cuts + 1
        rows = behind.read("SELECT notification_id FROM stored_events ORDER BY 1 DESC")
    assert len(rows) == before + 1
    assert int(answer.headers["X-Position"]) == rows[0][0]
    if change == "create":
        listed = api.get(GROUPS, params={"name": names["name"]}).json()
        assert listed["count"] == 1
        assert listed["customer_groups"] == [answer.json()["customer_group"]]


def test_customers_are_written_once_when_the_connection_is_cut(proxied):
    api, line = proxied
    email = f"{unique('cut')}@shop.example"
    line.arm(having="insert into customer")
    created = api.post("/admin/customers", {"email": email})
    line.arm(having="insert into customer")
    ids = api.customers(5)

    assert created.status_code == 200, created.text
    assert api.get("/admin/customers", params={"email": email}).json()["count"] == 1
    assert api.get("/admin/customers", params={"id[]": ids}).json()["count"] == 5


def test_a_line_that_breaks_again_and_again_is_503_and_nothing_was_done(proxied):
    api, line = proxied
    name = unique("Cut ")
    line.cut_before_commit(times=1000, having="insert into stored_events")
    refused = api.post(GROUPS, {"name": name})
    line.disarm()

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert refused.headers["Retry-After"] == "1"
    assert api.get(GROUPS, params={"name": name}).json()["count"] == 0
    assert api.post(GROUPS, {"name": name}).status_code == 200
    assert_verified(api.server)


# The database goes away and comes back


@pytest.fixture(scope="module")
def mortal():
    """A PostgreSQL of these tests' own, to stop and start."""
    with PostgresServer(fast=True) as server:
        yield server


def test_a_service_outlives_its_database(mortal, start):
    server = start(mortal.create_database())
    api = signed_in(server)
    anonymous = Api(server, None)
    group = api.group()
    process = server.process

    mortal.stop()
    down = [api.get(f"{GROUPS}/{group['id']}"), api.post(GROUPS, {"name": "x"})]
    ready, live = anonymous.get("/health/ready"), anonymous.get("/health/live")
    mortal.start()
    until(lambda: anonymous.get("/health/ready").status_code == 200)
    up = [api.get(f"{GROUPS}/{group['id']}"), api.post(GROUPS, {"name": "x"})]

    for answer in (*down, ready):
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "1"
    assert live.text == "OK"
    assert [answer.status_code for answer in up] == [200, 200]
    assert server.process is process
    assert process.poll() is None


def test_a_database_that_restarts_under_load_loses_no_acknowledged_change(mortal, start):
    server = start(mortal.create_database())
    load = Load(server, 1_000_000)

    working = load.run()
    until(lambda: load.acknowledged > 60)
    mortal.restart("immediate")
    seen = load.acknowledged
    until(lambda: load.acknowledged > seen + 40)
    load.stop()
    for client in working:
        client.result()

    assert set(load.outcomes) <= {200, 503}, load.outcomes
    load.assert_kept()


# Many writers on two processes


@pytest.fixture(scope="module", params=STORES)
def crowded(request, new_database, tmp_path_factory):
    """The API of a service of two processes, on either database."""
    directory = tmp_path_factory.mktemp("crowded")
    with Server(new_database(request.param), directory, WORKERS="2") as server:
        yield signed_in(server)


def together(api, requests_made):
    """Let eight writers make these requests; returns the answers, in the order of the requests."""
    token = api.session.headers["Authorization"].removeprefix("Bearer ")
    writers = threading.local()
    barrier = threading.Barrier(WRITERS)

    def ask(made):
        if not hasattr(writers, "api"):
            writers.api = Api(api.server, token)
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(5)
        return writers.api.post(*made)

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(ask, requests_made))


def test_overlapping_adds_and_removes_leave_every_count_right(crowded):
    group = crowded.group()
    path = f"{GROUPS}/{group['id']}/customers"
    customers = crowded.customers(12)

    def change(turn):
        some = [customers[(turn * 5 + step) % 12] for step in range(4)]
        return {"add": some[:3], "remove": some[3:]} if turn % 2 else {"remove": some}

    answers = together(crowded, [(f"{path}?detail=true", change(turn)) for turn in range(200)])

    assert Counter(answer.status_code for answer in answers) == {200: 200}
    details = [answer.json()["detail"] for answer in answers]
    page = crowded.get(path, params={"limit": 1000}).json()
    members = [row["id"] for row in page["customers"]]
    assert len(members) == len(set(members)) == page["count"]
    assert page["count"] == sum(detail["added"] - detail["removed"] for detail in details)
    held = set()
    for event in reversed(crowded.events(group["id"])):
        changed = set(event["data"].get("customer_ids", ()))
        if "CustomersAdded" in event["type"]:
            assert not changed & held, "only who was no member has joined"
            held |= changed
        elif "CustomersRemoved" in event["type"]:
            assert changed <= held, "only members have left"
            held -= changed
    assert held == set(members)
    assert_verified(crowded.server)


def test_updates_of_different_keys_all_survive(crowded):
    group = crowded.group()
    path = f"{GROUPS}/{group['id']}"

    answers = together(crowded, [(path, {"metadata": {f"k{n}": n}}) for n in range(200)])

    assert Counter(answer.status_code for answer in answers) == {200: 200}
    now = crowded.get(path, params={"fields": "+version"}).json()["customer_group"]
    assert now["metadata"] == {f"k{n}": n for n in range(200)}
    assert now["version"] == 201


def test_of_creates_of_one_name_one_wins(crowded):
    name = unique("Wanted ")

    answers = together(crowded, [(GROUPS, {"name": name})] * 50)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 49}
    codes = {answer.json().get("code") for answer in answers if answer.status_code == 400}
    assert codes == {"name-taken"}
    assert crowded.get(GROUPS, params={"name": name}).json()["count"] == 1


def test_a_customer_deleted_while_it_is_added_ends_without_the_membership(crowded):
    group = crowded.group()
    path = f"{GROUPS}/{group['id']}/customers"
    customers = crowded.customers(20)
    token = crowded.session.headers["Authorization"].removeprefix("Bearer ")

    def add(customer_id):
        return Api(crowded.server, token).post(path, {"add": [customer_id]})

    def delete(customer_id):
        return Api(crowded.server, token).delete(f"/admin/customers/{customer_id}")

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = [
            (pool.submit(add, id), pool.submit(delete, id), pool.submit(add, id))
            for id in customers
        ]
        statuses = [[answer.result().status_code for answer in three] for three in answers]

    assert {delete for _, delete, _ in statuses} == {200}
    assert {add for first, _, second in statuses for add in (first, second)} <= {200, 404}
    assert crowded.get(path).json()["count"] == 0
    assert_verified(crowded.server)


# Slow requests


@pytest.fixture(scope="module")
def single(new_database, tmp_path_factory):
    """The API of a service of one process with the embedded database."""
    with Server(new_database("sqlite"), tmp_path_factory.mktemp("single")) as server:
        yield signed_in(server)


def test_slow_uploads_and_slow_logins_stop_nobody(single):
    api, server = single, single.server
    token = api.session.headers["Authorization"]
    head = (
        f"POST /admin/customers/import HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
        "Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    wrong = {"email": "nobody@shop.example", "password": "wrong"}

    def log_in(_):
        return requests.post(f"{server.url}/auth/user/emailpass", json=wrong, timeout=60)

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        uploads = []
        for number in range(8):
            upload = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            uploads.append(stack.enter_context(upload))
            upload.sendall(head.encode() + b"3\r\nid\n\r\n" + b"5\r\nslow%d\r\n" % number)
        logins = [pool.submit(log_in, number) for number in range(8)]
        took = []
        for _ in range(20):
            began = time.monotonic()
            name = api.group()["name"]
            assert api.get(GROUPS, params={"name": name}).json()["count"] == 1
            took.append(time.monotonic() - began)

        for upload in uploads:
            upload.sendall(b"0\r\n\r\n")
            answer = upload.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            assert b'"created":1' in answer
        assert [login.result().status_code for login in logins] == [401] * 8
    assert max(took) < 1


def test_changes_go_on_while_a_long_import_runs(single, sized):
    rows = sized(10_000, 200_000)
    word = unique("row-")
    text = "id,note\n" + "".join(f"{word}{number:06},x\n" for number in range(rows))
    importer = signed_in(single.server)
    took = []
    with ThreadPoolExecutor(1) as pool:
        importing = pool.submit(
            importer,
            "POST",
            "/admin/customers/import",
            data=text.encode(),
            headers={"Content-Type": "text/csv"},
        )
        while not importing.done():
            began = time.monotonic()
            single.group()
            took.append(time.monotonic() - began)
        imported = importing.result().json()

    assert (imported["created"], imported["refused"]) == (rows, 0)
    assert len(took) >= 5, "the import lets others in between"
    assert max(took) < 1
