"""The service as its users meet it: a real `customer-groups serve` on each database."""

from collections.abc import Iterator

import pytest

from tests.serving import Api, Server, token_of, unique

__all__ = ["Api", "Server", "unique"]


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(request, tmp_path_factory) -> Iterator[Server]:
    """A running service on either database, shared by all tests: they make things of their own."""
    directory = tmp_path_factory.mktemp("serve")
    if request.param == "sqlite":
        database_url = f"sqlite:///{directory / 'groups.db'}"
    else:
        database_url = request.getfixturevalue("postgres").create_database()
    running = Server(database_url, directory).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory) -> Iterator[Server]:
    """A running service on SQLite, for tests to which the database does not matter."""
    directory = tmp_path_factory.mktemp("serve")
    running = Server(f"sqlite:///{directory / 'groups.db'}", directory).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def token(server: Server) -> str:
    """A token of the admin; valid for 24 hours."""
    return token_of(server)


@pytest.fixture
def api(server: Server, token: str) -> Api:
    """The API for a signed-in admin."""
    return Api(server, token)


@pytest.fixture
def anonymous(server: Server) -> Api:
    """The API without credentials."""
    return Api(server, None)
