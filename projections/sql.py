"""How read models read and write: the two callables that a store gives them."""

from collections.abc import Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]


class Read(Protocol):
    """Run a query and return its rows."""

    def __call__(self, statement: str, /, **parameters: Any) -> list[Row]:
        """Return all rows. Values in `parameters` may be None, int, str, bytes or list[str]."""


class Write(Protocol):
    """Run a statement in the write transaction; also reads what the transaction has made."""

    @property
    def read(self) -> Read:
        """Run a query in the write transaction."""

    def __call__(self, statement: str, /, **parameters: Any) -> int:
        """Return how many rows were changed."""

    def many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run a statement once for each row."""

    def update(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run an UPDATE for each row, no two of which concern the same; no value is None."""

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows: all columns of the table, in their order."""
