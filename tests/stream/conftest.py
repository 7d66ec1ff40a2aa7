"""The services that consumers of the stream follow."""

from tests.api.conftest import anonymous, api, server, sqlite_server, token

__all__ = ["anonymous", "api", "server", "sqlite_server", "token"]
