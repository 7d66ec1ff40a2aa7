"""The commands that take a log away and bring it in."""

import time
from datetime import datetime
from pathlib import Path

import click

from projections import log_import, merkle, rebuild
from projections.progress import Progress
from projections.store import Store
from service import customer_export, signing
from service import export as exporting
from service.auditor import Wrong
from service.exported import Export
from service.manifest import ExportDamaged
from service.terminal import Point, database, one_sentence, progress

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("export")
@click.option("--out", "directory", type=FOLDER, required=True, metavar="DIR", help="New or empty.")
@click.option("--since", type=Point(), help="Leave out what is earlier.")
@click.option("--until", type=Point(), help="Leave out what is later.")
@click.option("--group", metavar="ID", help="Only the events of this group.")
def export_command(
    directory: Path, since: int | datetime | None, until: int | datetime | None, group: str | None
) -> None:
    """Write the log into DIR: its lines as they were published, and a manifest that proves them.

    One file for a million events (NDJSON), SHA-256 of each, and the signed tree head. The service
    may run meanwhile. Ended at any moment before it is done, DIR has no manifest.json, and without
    that it is no export. `verify --export DIR` checks it, and so does the one file of
    GET /audit/verifier.py, without us; `import --from DIR` makes a database of it, unless --since,
    --until or --group have left out something.
    """
    started = time.monotonic()
    with (
        database() as (_, store),
        one_sentence(exporting.ExportRefused, merkle.TreeDamaged),
        progress("Exporting") as show,
    ):
        manifest = exporting.export(
            store, directory, since=since, until=until, group_id=group, progress=show
        )
    click.echo(
        f"{manifest.events:,} events of {manifest.log} exported"
        f" in {time.monotonic() - started:.1f} s."
    )


@click.command("import")
@click.option(
    "--from",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="What `export` wrote.",
)
def import_command(directory: Path) -> None:
    """Make the log in DIR the one of this database, which must have none.

    The log keeps its id, every event its position, and every proof holds. Everything is checked as
    `verify --export` checks it, and the read models are made. All or nothing: stopped before it is
    done, the database is as it was, and the import may begin again. Stop the service, `relay` and
    `deliver` first, and the service that the log comes from: a log goes on in one place only.

    Customers are no part of a log; `export-customers` and `import-customers` move them.
    """
    started = time.monotonic()
    with database() as (_, store), one_sentence(ExportDamaged, Wrong):
        export = Export(directory)
        if export.manifest.filters:
            raise click.ClickException(
                f"{directory} has only a part of a log ({export.manifest.part}); an import"
                " needs a whole one, exported without --since, --until and --group."
            )
        with progress("Importing") as show:
            take_in(store, export, show)
    click.echo(
        f"{export.manifest.events:,} events of {export.manifest.log} imported"
        f" in {time.monotonic() - started:.1f} s."
    )
    click.echo("`customer-groups rotate-key` makes the key that signs here from now on.")


def take_in(store: Store, export: Export, show: Progress) -> None:
    """Import an export, or end with one sentence."""
    manifest = export.manifest
    with one_sentence(log_import.LogNotEmpty, log_import.NotALog, rebuild.RebuildOvertaken):
        log_import.import_log(
            store,
            manifest.log,
            export.events(),
            export.again(),
            count=manifest.events,
            progress=show,
            finish=lambda: signing.adopt(store, manifest.tree_head, manifest.public_keys),
        )


@click.command("export-customers")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "kind", type=click.Choice(["csv", "ndjson"]), help="Else by the ending.")
def export_customers(file: Path, kind: str | None) -> None:
    """Write all customers into FILE, CSV or NDJSON, as `import-customers` takes them.

    Only the owner of FILE may read it. More than a million go on in FILE-2, FILE-3, ... In a CSV an
    empty text and null are the same; NDJSON keeps them apart.
    """
    is_csv = kind == "csv" or (kind is None and file.suffix.lower() == ".csv")
    with database() as (_, store), one_sentence(FileExistsError), progress("Exporting") as show:
        found = customer_export.export_customers(store, file, "csv" if is_csv else "ndjson", show)
    click.echo(f"{found.customers:,} customers written to {', '.join(map(str, found.files))}.")
    for customer_id in found.too_long:
        click.echo(f"{customer_id}: the row is longer than an import takes.", err=True)
    if found.too_long:
        raise click.exceptions.Exit(1)


COMMANDS = (export_command, import_command, export_customers)
