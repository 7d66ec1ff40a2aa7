"""The service as its users meet it: a real `customer-groups serve` on each database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest

from tests.api.answers import GROUPS
from tests.conftest import STORES
from tests.serving import Api, Server, token_of, unique

__all__ = ["Api", "Server", "unique"]


@pytest.fixture(scope="session")
def running(new_database, tmp_path_factory) -> Iterator[Callable[[str], Server]]:
    """Return the service on a kind of database: started when first asked for, not once a file."""
    with ExitStack() as stack:

        @cache
        def on(kind: str) -> Server:
            directory = tmp_path_factory.mktemp("serve")
            return stack.enter_context(Server(new_database(kind), directory))

        yield on


@pytest.fixture(scope="session", params=STORES)
def server(request, running) -> Server:
    """A running service on either database, shared by all tests: they make things of their own."""
    return running(request.param)


@pytest.fixture(scope="session")
def sqlite_server(running) -> Server:
    """A running service on SQLite, for tests to which the database does not matter."""
    return running("sqlite")


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


@pytest.fixture
def group(api: Api) -> dict[str, Any]:
    """A group of the test's own."""
    return api.group()


@pytest.fixture
def path(group: dict[str, Any]) -> str:
    """Where the group is."""
    return f"{GROUPS}/{group['id']}"
