"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with how many events are done and how many there are."""


def no_progress(done: int, total: int) -> None:
    """Show nothing."""
