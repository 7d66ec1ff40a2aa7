"""What the tests share: both stores, the commands as requests, and the two sizes of a rule."""

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import fields
from datetime import UTC, datetime, tzinfo
from typing import Any
from zlib import crc32

import pytest
from hypothesis import settings

import projections.store
from domain.application import CustomerGroups
from domain.group import GroupEvent
from projections import directory_import, schema
from projections.postgres import PostgresStore
from projections.sqlite import SQLiteStore
from projections.store import Store
from projections.stores import open_store
from tests.asking import Asking
from tests.postgres import PostgresServer
from tests.serving import Server

STORES = ("sqlite", "postgres")

WAITING = {"faults", "stream"}
"""The folders whose tests wait more than they work: begun last, they would be waited for."""

BY_TURNS = {"api", "audit", "faults", "stream"}
"""The folders whose tests need both stores only with `--big`: the contract is tried on both."""

settings.register_profile("small", deadline=None, derandomize=True, database=None)
settings.register_profile("big", deadline=None, database=None, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--big", action="store_true", help="run every rule at the size that its issue names"
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("big" if config.getoption("--big") else "small")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: folder_of(item, config) not in WAITING)
    if config.getoption("--big"):
        return
    left_out = {item for item in items if item.get_closest_marker("big")}
    if not any("::" in argument for argument in config.args):
        left_out |= not_their_turn(
            [item for item in items if item not in left_out and folder_of(item, config) in BY_TURNS]
        )
    config.hook.pytest_deselected(items=[*left_out])
    items[:] = [item for item in items if item not in left_out]


def folder_of(item: pytest.Item, config: pytest.Config) -> str:
    """The folder of `tests` in which a test stands; for one that stands beside them, its file."""
    return item.path.relative_to(config.rootpath / "tests").parts[0]


def not_their_turn(items: list[pytest.Item]) -> set[pytest.Item]:
    """Of tests that would run on both stores the one half on each, always the same."""
    twins = defaultdict(list)
    for item in items:
        twins[re.sub("|".join(STORES), "", item.nodeid)].append(item)
    return {
        pair[crc32(name.encode()) % 2] for name, pair in twins.items() if len(pair) == len(STORES)
    }


@pytest.fixture(scope="session")
def sized(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """The small size of a rule, or with --big the one that its issue names."""
    return lambda small, big: big if request.config.getoption("--big") else small


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests that do not break it."""
    with PostgresServer(fast=True) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """The file of a store with nothing in it."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    store = SQLiteStore(path)
    schema.init(store)
    store.close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres):
    """The name of a database with nothing in it."""
    store = PostgresStore(postgres.create_database("prepared"))
    schema.init(store)
    store.close()
    return "prepared"


@pytest.fixture(params=STORES)
def database_url(request, tmp_path):
    """The address of a store of the test's own with nothing in it, on either database."""
    if request.param == "sqlite":
        path = tmp_path / "groups.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("postgres_template")
    server = request.getfixturevalue("postgres")
    url = server.create_database(template=template)
    yield url
    server.drop_database(url)


@pytest.fixture(scope="session")
def new_database(request, tmp_path_factory) -> Callable[[str], str]:
    """Return the address of a database of a kind in `STORES` in which there is nothing yet."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('new') / 'var' / 'groups.db'}"
        return request.getfixturevalue("postgres").create_database()

    return make


@pytest.fixture(params=STORES)
def new_url(request, new_database):
    """The address of a database in which there is nothing at all yet, on either database."""
    return new_database(request.param)


@pytest.fixture
def own_store(database_url):
    """A store of the test's own, for tests that other processes join or that break its tables."""
    store = open_store(database_url)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_template, tmp_path):
    """An embedded store with nothing in it, which a power cut may harm."""
    path = tmp_path / "groups.db"
    shutil.copy(sqlite_template, path)
    store = SQLiteStore(path, synchronous="OFF")
    yield store
    store.close()


@pytest.fixture(scope="session")
def shared_postgres_store(postgres, postgres_template):
    store = PostgresStore(postgres.create_database(template=postgres_template))
    yield store
    store.close()


@pytest.fixture
def postgres_store(shared_postgres_store):
    """A store in PostgreSQL with nothing in it: emptied, ten times quicker than made anew."""
    empty(shared_postgres_store)
    return shared_postgres_store


def empty(store: PostgresStore) -> None:
    """Take out of a store what a test has put in, whoever still holds it."""
    store.read(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with store.defining():
        tables = ", ".join(sorted(store.table_names() - {"property"}))
        store.define(f"TRUNCATE {tables} RESTART IDENTITY")
        for table in ("group_total", "customer_total"):
            store.define(f"INSERT INTO {table} VALUES (0)")


@pytest.fixture(params=STORES)
def store(request) -> Store:
    """A store with nothing in it: a test that takes it runs on both databases."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
def groups(store) -> Asking:
    """The commands, each given as a request of its own."""
    return Asking(CustomerGroups(store))


class Clock(datetime):
    """A clock that stands still until it is set."""

    time = datetime(2030, 1, 1, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return cls.time.astimezone(tz)


@pytest.fixture
def clock(monkeypatch):
    """The clock by which the stores decide: noon of the first day of 2030, until it is set."""
    monkeypatch.setattr(projections.store, "datetime", Clock)
    monkeypatch.setattr(Clock, "time", Clock.time)
    return Clock


@pytest.fixture
def history(groups):
    """What the log says of a group: the topics and the own fields of its events."""

    def of(group_id: str) -> list[tuple[str, dict[str, Any]]]:
        return [said(event) for event in groups.application.events.get(group_id)]

    return of


def said(event: GroupEvent) -> tuple[str, dict[str, Any]]:
    about = {field.name for field in fields(GroupEvent)} | {"originator_topic"}
    return type(event).TOPIC, {
        field.name: getattr(event, field.name) for field in fields(event) if field.name not in about
    }


@pytest.fixture
def customers(store):
    """Put customers of these ids, or so many, into the directory; returns their ids."""

    def put(*which: str | int) -> list[str]:
        ids = [f"cus_{n:06}" for n in range(which[0])] if isinstance(which[0], int) else [*which]
        rows = [(line, {"id": customer_id}) for line, customer_id in enumerate(ids)]
        directory_import.import_batch(store, rows, "user_ada", directory_import.Imported())
        return ids

    return put


@pytest.fixture
def background():
    with ThreadPoolExecutor(16) as pool:
        yield pool.submit


@pytest.fixture
def start(tmp_path):
    """Start services of the test's own: `start(database_url, REQUIRE_REASON="yes")`."""
    with ExitStack() as running:

        def go(database_url: str | None = None, **environment: str) -> Server:
            url = database_url or f"sqlite:///{tmp_path / 'groups.db'}"
            return running.enter_context(Server(url, tmp_path, **environment))

        yield go
