"""The commands for auditors: is the log whole, and what did it say."""

from datetime import datetime
from itertools import chain
from pathlib import Path

import click

from projections import differences, log, rebuild
from projections.log_check import Checked
from projections.store import Store
from service.auditor import Head, Key, Wrong, read_head, read_key
from service.exported import Export
from service.manifest import ExportDamaged
from service.replay import described, replayed
from service.terminal import Point, database, one_sentence, progress
from service.verification import check_log


@click.command("verify")
@click.option(
    "--export",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Check what `export` wrote; needs no database.",
)
@click.option(
    "--tree-head",
    "kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="What GET /audit/tree-head answered before; may be given several times.",
)
@click.option("--log", "only_log", is_flag=True, help="Check the log alone, not the read models.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="Who must have signed; else any key that the database or the export lists.",
)
def verify(
    directory: Path | None, kept: tuple[Path, ...], only_log: bool, keys: tuple[str, ...]
) -> None:
    """Check the log, and compare every read model with a replay of it; exit 1 when they differ.

    Every stored event is held against the Merkle tree and against every tree head that was signed,
    also those that you kept (--tree-head): the first position that is wrong is named. Then every
    row of the read models is; `customer-groups rebuild` repairs those. Reads one snapshot: the
    service may run meanwhile.

    With --export, check an export: every file, every line, the order of positions, times and
    versions, and the Merkle tree against its signed head, and against older heads that you kept.
    """
    if directory is not None:
        verify_export(directory, kept, keys)
        return
    with database() as (_, store), store.reading():
        checked = verify_log(store, kept, keys)
        if only_log:
            return
        with progress("Replaying") as show:
            found = rebuild.verify(store, show, checked=checked)
    for problem in found.problems:
        click.echo(problem)
    if found.problems:
        raise click.ClickException("The read models are not what the log says; run rebuild.")
    click.echo(f"{found.events:,} events to position {found.position}: nothing wrong.")


def verify_log(store: Store, kept: tuple[Path, ...], keys: tuple[str, ...]) -> Checked:
    """Check the log, or end with one sentence."""
    try:
        signers = [read_key(key) for key in keys]
        notes = [(str(path), path.read_text("utf-8")) for path in kept]
    except (Wrong, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{error}.") from None
    with progress("Checking") as show:
        found = check_log(store, notes, signers, show)
    for problem in found.problems:
        click.echo(problem)
    if found.against or found.undecided:
        raise click.ClickException("The log is not what was committed.")
    if found.tree:
        raise click.ClickException("The log is right, its tree is not; run rebuild.")
    click.echo(
        f"{found.events:,} events to position {found.position} are those of the tree"
        f" and of {found.heads:,} signed tree heads."
    )
    return found


def verify_export(directory: Path, kept: tuple[Path, ...], keys: tuple[str, ...]) -> None:
    """Check an export, or end with one sentence."""
    with one_sentence(ExportDamaged):
        export = Export(directory, *heads_and_keys(kept, keys))
        with progress("Checking") as show:
            for number, _ in enumerate(export.events(), 1):
                if number % 1000 == 0:
                    show(number, export.manifest.events)
            show(export.manifest.events, export.manifest.events)
    manifest = export.manifest
    what = f"{manifest.events:,} events of {manifest.log} to position {manifest.last_position or 0}"
    if manifest.filters:
        what += f", a part of the log ({manifest.part})"
    tree = f"the signed tree of {export.head.size:,} events"
    click.echo(f"{what}: nothing wrong, all of them in {tree}.")
    for key in () if keys else manifest.public_keys:
        click.echo(f"Signed by {key['key']}: compare it with the key that you know, or give --key.")


def heads_and_keys(kept: tuple[Path, ...], keys: tuple[str, ...]) -> tuple[list[Head], list[Key]]:
    """Return tree heads that somebody has kept, signed by these keys if there are any."""
    try:
        signers = [read_key(key) for key in keys]
        return [read_head(path.read_text("utf-8"), signers) for path in kept], signers
    except (Wrong, UnicodeDecodeError) as error:
        raise click.ClickException(f"{error}.") from None


def position_of(store: Store, when: int | datetime | None) -> int:
    """Return the position that a moment stands for, that of the end without one."""
    try:
        return log.end(store.read) if when is None else log.as_of(store.read, when)
    except log.NotYet as error:
        raise click.ClickException(f"The log accepts {error}.") from None


@click.command("replay")
@click.option("--group", required=True, metavar="ID", help="The group, deleted or not.")
@click.option("--as-of", type=Point(), help="Until then; else until now.")
def replay(group: str, as_of: int | datetime | None) -> None:
    """Print a group event by event: who did what, when and why, and what it came to.

    Reads nothing but the log, so that the answers of the service can be compared with it.
    """
    with database() as (_, store), store.reading():
        until = position_of(store, as_of)
        lines = replayed(store.read, group, until)
        first = next(lines, None)
        if first is None:
            raise click.ClickException(f"There was no group {group} at position {until}.")
        for line in chain([first], lines):
            click.echo(line)


@click.command("diff")
@click.option("--from", "start", type=Point(), required=True, help="The earlier moment.")
@click.option("--to", "end", type=Point(), help="The later one; else now.")
def diff(start: int | datetime, end: int | datetime | None) -> None:
    """Print what is different between two moments: groups, names, metadata, members.

    What changed and changed back is no difference. A time stands for the last event that is not
    later.
    """
    with database() as (_, store), store.reading():
        first, last = position_of(store, start), position_of(store, end)
        if first > last:
            message = f"--from is position {first}, later than --to, position {last}."
            raise click.ClickException(message)
        click.echo(f"From position {first} to position {last}:")
        different = 0
        for found in differences.between(store.read, first, last):
            different += 1
            for line in described(found):
                click.echo(line)
    click.echo(f"{different:,} groups are different." if different else "Nothing is different.")


COMMANDS = (verify, replay, diff)
