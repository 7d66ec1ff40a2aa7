"""A log with a little of everything, stores to bring it into, and services that are asked."""

import shutil

import pytest

from domain.application import CustomerGroups
from projections.stores import open_store
from tests.api.conftest import anonymous, api, running, token
from tests.asking import Asking
from tests.serving import Server

__all__ = ["anonymous", "api", "running", "token"]


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.big)])
def server(request, running) -> Server:
    """A running service, shared by all tests here; what differs by database is tried below it."""
    return running(request.param)


@pytest.fixture
def shop(groups, customers):
    """Groups that were created, renamed, filled, emptied, deleted, restored; returns their ids."""
    ids = customers(30)
    made = [
        groups.create_group(name, {"n": number, "ö": [1, None]}).group_id
        for number, name in enumerate(("VIP", "Süd “quoted” \\ 🎉", "Gone", "Back again"))
    ]
    for number, group_id in enumerate(made):
        groups.change_customers(group_id, add=ids[number:20], reason='say "why"')
        groups.update_group(group_id, name=f"Name {number}", metadata=lambda _: {"a": 1.5})
    groups.change_customers(made[0], remove=ids[:9])
    groups.change_customers(made[0], add=ids[3:5])
    groups.delete_group(made[2])
    groups.delete_group(made[3])
    groups.restore_group(made[3], name="Back")
    groups.delete_customer(ids[7])
    groups.update_group(made[1], metadata=lambda _: None, correlation_id="tracked")
    return made


@pytest.fixture
def other_store(store, empty_url):
    """An empty store on the other kind of database."""
    kind = "postgres" if store.dialect == "sqlite" else "sqlite"
    opened = open_store(empty_url(kind))
    yield opened
    opened.close()


@pytest.fixture
def empty_url(request, tmp_path):
    """The address of another store with nothing in it: `empty_url("sqlite")`."""
    made = []

    def make(kind):
        if kind == "sqlite":
            path = tmp_path / f"empty-{len(made)}.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
            made.append((None, path))
            return f"sqlite:///{path}"
        server = request.getfixturevalue("postgres")
        url = server.create_database(template=request.getfixturevalue("postgres_template"))
        made.append((server, url))
        return url

    yield make
    for postgres, url in made:
        if postgres:
            postgres.drop_database(url)


@pytest.fixture
def asking_of():
    """The commands on a store, each given as a request of its own."""
    return lambda store: Asking(CustomerGroups(store))
