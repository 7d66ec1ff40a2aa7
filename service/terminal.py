"""What every command needs: the settings, the database, a progress bar, somebody who acts."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from ulid import ULID

from domain.context import Actor, Context, context
from projections import log, schema
from projections.rebuild import LogSuspect
from projections.sqlite import SQLiteStore
from projections.store import Store, StoreUnavailable
from projections.stores import open_store
from service.settings import InvalidSetting, Settings

OPERATOR: Actor = {"type": "system", "id": "cli"}
"""Who stands in the events of commands that are run here."""


def the_settings() -> Settings:
    """Return the environment's settings, or end with one sentence."""
    try:
        return Settings.from_environment(os.environ)
    except InvalidSetting as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def database(*, ready: bool = True, new: bool = False) -> Iterator[tuple[Settings, Store]]:
    """Open the settings' database, or end with one sentence.

    `ready` also checks its schema; `new` lets it be one that is not there yet.
    """
    gc.freeze()  # what is loaded by now stays, and need not be looked through time and again
    settings = the_settings()
    store = open_store(settings.database_url)
    if isinstance(store, SQLiteStore):
        store.bound_memory()
        if not new and not store.path.is_file():
            raise click.ClickException(
                f"There is no database at {store.path.absolute()}; `customer-groups init-db` makes"
                " one."
            )
    try:
        if ready:
            schema.check(store)
        yield settings, store
    except (StoreUnavailable, schema.SchemaMismatch, LogSuspect) as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal; call what this gives with how much is done of how much."""
    with click.progressbar(length=1, label=label, file=sys.stderr, show_pos=True) as bar:

        def show(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield show


@contextmanager
def acting(reason: str | None = None) -> Iterator[None]:
    """Act as the operator, in a request of its own."""
    token = context.set(Context(actor=OPERATOR, request_id=str(ULID()), reason=reason))
    try:
        yield
    finally:
        context.reset(token)


@contextmanager
def one_sentence(*errors: type[Exception]) -> Iterator[None]:
    """End with the message of these errors, or of a file that cannot be read or written."""
    try:
        yield
    except errors as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{where}{error.strerror or error}") from None


class Point(click.ParamType[int | datetime]):
    """A position or a time."""

    name = "position|time"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | datetime:
        """Return the position or the time."""
        try:
            return log.point(value)
        except ValueError as error:
            self.fail(f"accepts {error}, not {value!r}", param, ctx)
