"""Which store an address names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from projections.sqlite import SQLiteStore
from projections.store import Store

SQLITE = "sqlite:///"


class InvalidAddress(ValueError):
    """The address names no store; the message says what is accepted."""


def open_store(url: str) -> Store:
    """Return the store of `sqlite:///path` or `postgresql://user@host:5432/db`.

    Nothing is opened before the first read. Raises `InvalidAddress`.
    """
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        return SQLiteStore(Path(unquote(url.removeprefix(SQLITE))))
    parts = urlsplit(url)
    if parts.scheme in ("postgresql", "postgres") and parts.path.strip("/"):
        from projections.postgres import PostgresStore  # half of a command's start, where needed

        return PostgresStore(url)
    raise InvalidAddress(
        "accepts sqlite:///path/to/file.db or postgresql://user@host:5432/database"
    )
