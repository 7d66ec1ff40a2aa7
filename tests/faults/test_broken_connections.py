"""PostgreSQL out of reach at the worst moments: the client is told what happened, once."""

import psycopg
import pytest

from domain.application import CustomerGroups
from domain.errors import NameTaken
from projections import directory, directory_import, group_list, log, requests, schema
from projections import postgres as postgres_store
from projections.postgres import PostgresStore
from projections.rebuild import rebuild, verify
from projections.store import ConnectionLost, StoreUnavailable
from tests.asking import Asking
from tests.postgres import CutAfterCommit, PostgresServer

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
def proxy(postgres):
    """A line to PostgreSQL that can be cut."""
    with CutAfterCommit(postgres.port) as proxy:
        yield proxy


@pytest.fixture
def store(proxy, database_url):
    """A store by way of the line that can be cut."""
    store = PostgresStore(proxy.url(database_url.rpartition("/")[2]))
    yield store
    store.close()


@pytest.fixture
def names(own_store):
    """The names of the living groups, by another line."""
    return lambda: [
        row[0] for row in own_store.read("SELECT name FROM group_list WHERE deleted = 0 ORDER BY 1")
    ]


def test_a_cut_after_commit_is_told_as_success_once(groups, own_store, proxy, names):
    groups.create_group("Before")
    proxy.arm()

    created = groups.create_group("VIP", request_id="once")

    assert proxy.cuts == 1
    assert names() == ["Before", "VIP"]
    assert log.end(own_store.read) == created.position
    assert requests.positions(own_store.read, "once") == (created.position, created.position)
    assert [event.version for event in log.of_group(own_store.read, created.group_id, limit=9)] == [
        1
    ]
    with pytest.raises(NameTaken):
        groups.create_group("VIP")
    assert verify(own_store).problems == []


def test_several_cuts_in_a_row_are_each_told_as_success(groups, own_store, proxy, names):
    for number in range(5):
        proxy.arm()
        groups.create_group(f"Group {number}")

    assert proxy.cuts == 5
    assert len(names()) == 5
    assert verify(own_store).problems == []


def test_a_cut_before_commit_leaves_nothing_and_the_repeat_succeeds(
    groups, own_store, proxy, names
):
    groups.create_group("Before")
    proxy.cut_before_commit()

    with pytest.raises(ConnectionLost):
        groups.create_group("VIP")
    assert proxy.cuts == 1
    assert names() == ["Before"]
    groups.create_group("VIP")

    assert names() == ["Before", "VIP"]
    assert verify(own_store).problems == []


def test_a_cut_in_the_middle_of_a_decision_leaves_nothing(groups, store, own_store, names):
    groups.create_group("Before")

    def decide():
        with store.deciding():
            groups.create_group("Lost")
            (backend,) = store.read("SELECT pg_backend_pid()")[0]
            own_store.read(f"SELECT pg_terminate_backend({backend})")
            groups.create_group("Lost too")

    with pytest.raises(ConnectionLost):
        decide()
    groups.create_group("After")

    assert names() == ["After", "Before"]
    assert not store.is_deciding
    assert verify(own_store).problems == []


def test_a_connection_lost_between_the_lock_and_the_decision_leaves_no_decision_open(
    groups, store, names, monkeypatch
):
    def lose():
        store.read("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(store, "_time_of_decision", lose)
    with pytest.raises(ConnectionLost):
        groups.create_group("Lost")
    monkeypatch.undo()

    groups.create_group("Kept")

    assert not store.is_deciding
    assert names() == ["Kept"]


def test_a_connection_lost_while_nothing_ran_is_noticed_and_made_anew(
    groups, store, own_store, names
):
    groups.create_group("Before")
    (backend,) = store.read("SELECT pg_backend_pid()")[0]
    own_store.read(f"SELECT pg_terminate_backend({backend})")

    with pytest.raises(ConnectionLost):
        groups.create_group("VIP")
    groups.create_group("VIP")

    assert names() == ["Before", "VIP"]


def test_a_connection_lost_while_reading_is_noticed_and_made_anew(groups, store, own_store):
    groups.create_group("Before")
    (backend,) = store.read("SELECT pg_backend_pid()")[0]
    own_store.read(f"SELECT pg_terminate_backend({backend})")

    with pytest.raises(ConnectionLost):
        group_list.page(store, limit=1)

    assert group_list.page(store, limit=1).count == 1


def test_changes_of_the_directory_survive_a_cut_too(store, own_store, proxy):
    store.read("SELECT 1")
    proxy.arm(having="insert into customer")

    row = directory.create(store, {"email": "ada@example.com"}, "user_eve")

    assert proxy.cuts == 1
    assert directory.one(own_store.read, row.id) == row
    proxy.cut_before_commit()
    with pytest.raises(ConnectionLost):
        directory.update(store, row.id, {"phone": "1"})
    assert directory.one(own_store.read, row.id) == row


def test_an_import_that_loses_its_connection_counts_nothing_twice(store, proxy):
    rows = [(line, {"id": str(line)}) for line in range(100)]
    imported = directory_import.Imported()
    store.read("SELECT 1")

    proxy.cut_before_commit()
    with pytest.raises(ConnectionLost):
        directory_import.import_batch(store, rows, "user_eve", imported)
    proxy.arm()
    directory_import.import_batch(store, rows, "user_eve", imported)

    assert (imported.created, imported.unchanged) == (100, 0)
    assert directory.page(store, limit=1).count == 100


def test_a_rebuild_that_loses_its_connection_changes_nothing(groups, store, own_store, proxy):
    for number in range(5):
        groups.create_group(f"Group {number}")

    proxy.cut_before_commit(having="fresh_")
    with pytest.raises(StoreUnavailable):
        rebuild(store)
    assert verify(own_store).problems == []
    proxy.arm(having="rename")
    rebuild(store)

    assert proxy.cuts == 2
    assert verify(own_store).problems == []


@pytest.fixture(scope="module")
def own_server():
    with PostgresServer(fast=True) as server:
        yield server


@pytest.fixture
def server(own_server):
    """A server to be stopped and started."""
    own_server.start()
    return own_server


@pytest.fixture
def shop(server, database_url, request):  # noqa: ARG001 - one parameter for the whole file
    """Commands on a server that will be restarted, and the store."""
    store = PostgresStore(server.create_database())
    schema.init(store)
    yield Asking(CustomerGroups(store)), store
    store.close()


def test_after_a_restart_the_first_statement_fails_and_the_next_go_on(server, shop):
    groups, store = shop
    groups.create_group("Before")

    server.restart()
    with pytest.raises(ConnectionLost):
        groups.create_group("VIP")
    groups.create_group("VIP")
    server.restart()
    with pytest.raises(ConnectionLost):
        group_list.page(store, limit=1)

    assert group_list.page(store, limit=1).count == 2
    assert verify(store).problems == []


def test_a_server_that_is_down_is_unavailable_until_it_is_back(server, shop):
    groups, store = shop
    groups.create_group("Before")

    server.stop()
    with pytest.raises(ConnectionLost):
        groups.create_group("VIP")
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="cannot reach the database"):
            groups.create_group("VIP")
    server.start()
    groups.create_group("VIP")

    assert group_list.page(store, limit=1).count == 2


@pytest.fixture
def cut(server, shop):
    """Commands by a line that loses the answer to the next COMMIT, and their store."""
    with CutAfterCommit(server.port) as proxy:
        store = PostgresStore(proxy.url(shop[1].url.rpartition("/")[2]))
        store.read("SELECT 1")
        proxy.arm()
        yield Asking(CustomerGroups(store)), store
        store.close()


def before_asking(store, monkeypatch, happens):
    """Let something happen between the loss of an answer and the question what became of it."""
    ask = store._committed
    monkeypatch.setattr(store, "_committed", lambda transaction: (happens(), ask(transaction))[1])


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_commit_lost_with_the_whole_server_is_told_as_success_when_it_is_back(
    server, shop, cut, monkeypatch, how
):
    (_, direct), (groups, store) = shop, cut
    before_asking(store, monkeypatch, lambda: server.restart(how))

    created = groups.create_group("VIP")

    direct.close()
    assert group_list.one(direct.read, created.group_id)
    assert group_list.page(direct, limit=1).count == 1
    assert verify(direct).problems == []


def test_a_commit_is_asked_about_until_a_server_that_is_down_is_back(
    server, shop, cut, monkeypatch
):
    (_, direct), (groups, store) = shop, cut
    failed = []

    def read(statement, parameters, query=store.query):
        try:
            return query(statement, parameters)
        except StoreUnavailable as error:
            failed.append(error)
            server.start()
            raise

    before_asking(
        store, monkeypatch, lambda: (server.stop(), monkeypatch.setattr(store, "query", read))
    )

    created = groups.create_group("VIP")

    direct.close()
    assert failed
    assert group_list.one(direct.read, created.group_id)


def test_a_commit_whose_outcome_cannot_be_learned_says_so(server, shop, cut, monkeypatch):
    (_, direct), (groups, store) = shop, cut
    monkeypatch.setattr(postgres_store, "RECONNECT_SECONDS", 0.3)
    before_asking(store, monkeypatch, server.stop)

    with pytest.raises(StoreUnavailable, match="did not come back to tell") as error:
        groups.create_group("VIP")

    assert not isinstance(error.value, ConnectionLost)  # it must not be tried again
    server.start()
    direct.close()
    assert group_list.page(direct, limit=1).count == 1


def test_a_lock_that_is_held_too_long_is_unavailable(groups, own_store, monkeypatch, names):
    monkeypatch.setattr(postgres_store, "LOCK_SECONDS", 1)
    groups.application.store.close()
    with own_store.deciding(), pytest.raises(StoreUnavailable, match="not free for 1 s"):
        groups.create_group("VIP")

    groups.create_group("Gold")

    assert names() == ["Gold"]


def test_a_read_only_server_is_unavailable_for_writers_only(groups, store, postgres):
    groups.create_group("Before")
    database = store.url.rpartition("/")[2]
    postgres.ask(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    store.close()

    with pytest.raises(StoreUnavailable, match="read-only"):
        groups.create_group("VIP")

    assert group_list.page(store, limit=1).count == 1


def test_a_statement_of_ours_that_is_wrong_is_not_called_a_lost_connection(store):
    with pytest.raises(psycopg.errors.SyntaxError):
        store.read("SELEKT 1")
    with pytest.raises(psycopg.errors.UndefinedTable):
        store.read("SELECT * FROM nothing")
    with store.deciding(), pytest.raises(psycopg.errors.DivisionByZero):
        store.read("SELECT 1 / 0")
