"""The services that consumers of the stream follow."""

from tests.api.conftest import anonymous, api, running, server, sqlite_server, token

__all__ = ["anonymous", "api", "running", "server", "sqlite_server", "token"]
