"""customer-groups: the service and everything around it, on the command line.

A command imports what it alone needs when it is called: `follow` starts four times as fast as
`serve`, and a `relay` or `deliver` that runs for weeks keeps no web framework in memory.
"""

import logging
import os
import signal
import sys
import time
from pathlib import Path

import click
import orjson

from projections import schema
from service import audit_commands, moving_commands
from service.accounts import SCOPES, Accounts, EmailInUse
from service.settings import PREFIX, READ, InvalidSetting, Settings
from service.terminal import OPERATOR, acting, database, progress, the_settings

SHORTEST_PASSWORD = 8


class JsonLines(logging.Formatter):
    """One JSON object a line, for collectors of logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def start_logging(log_format: str) -> None:
    """Log to standard error, as people or as machines read it."""
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonLines() if log_format == "json" else plain)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("customer_groups").setLevel(logging.INFO)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="customer-groups")
def main() -> None:
    """Customer groups as a service: every change an event, nothing lost or unexplained.

    Try it: `customer-groups serve` and, in another terminal, `customer-groups demo`. Then open
    http://127.0.0.1:8000/docs. Settings are environment variables CUSTOMER_GROUPS_*; the README
    lists them. Without any, the database is var/customer-groups.db.
    """


@main.command("serve")
def serve_command() -> None:
    """Serve the API until SIGTERM or Ctrl-C.

    The embedded database is made on the first start, and the first admin's password is printed
    once. A PostgreSQL database is made by `customer-groups init-db`.
    """
    from service import app
    from service.server import PortTaken, serve

    with database(ready=False, new=True) as (settings, store):
        start_logging(settings.log_format)
        if store.dialect == "sqlite":
            show_password(settings, app.prepare(settings, store))
        else:
            schema.check(store)
    address = f"http://{settings.host}:{settings.port}"
    click.echo(f"Customer Groups serves {address}, its API is described at {address}/docs")
    try:
        serve("service.app:front", host=settings.host, port=settings.port, workers=settings.workers)
    except PortTaken as error:
        raise click.ClickException(str(error)) from None
    except PermissionError:
        message = f"{PREFIX}PORT accepts a port that you may listen on, not {settings.port}."
        raise click.ClickException(message) from None
    except OSError:
        message = f"{PREFIX}HOST accepts an address of this machine, not {settings.host!r}."
        raise click.ClickException(message) from None


@main.command("init-db")
@click.option(
    "--restored",
    is_flag=True,
    help="It was restored from a backup: give the log a new id, which tells all who follow it.",
)
def init_db(restored: bool) -> None:
    """Make the database, or upgrade an older one; safe to run again.

    On PostgreSQL, run it once before `serve`, and once after every upgrade of the program. Prints
    the first admin's password when it makes one.
    """
    from projections import rebuild
    from service import app, signing

    with database(ready=False, new=not restored) as (settings, store):
        show_password(settings, app.prepare(settings, store))
        click.echo("The database is ready.")
        if restored:
            click.echo(f"Its log is now {rebuild.begin_new_log(store)}.")
            signing.prepare(store)


def show_password(settings: Settings, password: str | None) -> None:
    """Print the first admin's password, this once."""
    if password is not None:
        click.echo(f"First admin: {settings.admin_email}, password {password} (shown this once)")


@main.command("rebuild")
@click.option("--accept-log", is_flag=True, help="The log is right where no tree head says so.")
def rebuild_command(accept_log: bool) -> None:
    """Make all read models anew from the log, while the service runs.

    Fresh tables are filled, catch up, and replace the old ones in one transaction. Stopped at any
    moment, nothing has changed. First the log is checked as `verify --log` does: a log that was
    changed is refused, and what a signed tree head says is never overruled.
    """
    from projections import rebuild

    started = time.monotonic()
    with database(ready=False) as (_, store):
        schema.check(store, or_older=True)
        with progress("Checking and replaying") as show:
            try:
                events = rebuild.rebuild(
                    store,
                    lambda done, total: show(total + done, 2 * total),
                    checking=lambda done, total: show(done, 2 * total),
                    accept_log=accept_log,
                )
            except rebuild.RebuildOvertaken as error:
                raise click.ClickException(str(error)) from None
    click.echo(f"Rebuilt from {events:,} events in {time.monotonic() - started:.1f} s.")


@main.command("rotate-key")
def rotate_key() -> None:
    """Make a new key for signing tree heads; the old one stays listed, and signs the first too.

    For when the private key is lost or may be known to others, and after an import. Auditors see
    every key that ever signed, with the sizes, at GET /audit/public-key.
    """
    from service import signing

    with database() as (_, store):
        try:
            head = signing.rotate(store)
        except signing.CannotSign as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Tree heads are signed by {head.public_key} from {head.size:,} events on.")


for command in (*audit_commands.COMMANDS, *moving_commands.COMMANDS):
    main.add_command(command)


@main.command("import-customers")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--format", "kind", type=click.Choice(["csv", "ndjson"]), help="Else by the ending.")
def import_customers(file: Path, dry_run: bool, kind: str | None) -> None:
    """Create and update customers by the rows of a CSV or NDJSON file.

    Columns are id, email, company_name, first_name, last_name, phone, has_account and metadata;
    other columns of a CSV become metadata. A row is matched by id, else by e-mail and has_account.
    Only the columns that the file has are changed. Running it again is safe. Exit 1 when rows were
    refused; each is named.
    """
    from service.imports import ImportRefused, import_rows, read_csv, read_ndjson

    is_csv = kind == "csv" or (kind is None and file.suffix.lower() == ".csv")
    started = time.monotonic()
    with database() as (settings, store), file.open("rb") as stream, acting():
        try:
            rows = (read_csv if is_csv else read_ndjson)(stream, allow_at=settings.allow_at_in_ids)
        except ImportRefused as error:
            raise click.ClickException(str(error)) from None
        size = file.stat().st_size
        with progress("Importing") as show:
            imported = import_rows(
                store,
                rows,
                OPERATOR["id"],
                dry_run=dry_run,
                after_batch=lambda: show(stream.tell(), size),
            )
    for line, message in sorted(imported.errors):
        click.echo(f"line {line}: {message}", err=True)
    click.echo(
        f"{imported.created:,} created, {imported.updated:,} updated,"
        f" {imported.unchanged:,} unchanged, {imported.refused:,} refused"
        f" in {time.monotonic() - started:.1f} s{' (dry run)' if dry_run else ''}."
    )
    if imported.refused:
        sys.exit(1)


@main.command("create-user")
@click.argument("email")
@click.option("--replace", is_flag=True, help="Give an existing user the new password.")
@click.password_option(help="Asked for when not given; better not on the command line.")
def create_user(email: str, replace: bool, password: str) -> None:
    """Create a user who may sign in with EMAIL and a password.

    Changing a password (--replace) ends the user's sessions at once. Tokens that were issued
    before work until they are 24 hours old, and cannot be refreshed.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise click.ClickException(f"A password has {SHORTEST_PASSWORD} characters or more.")
    if "@" not in email:
        raise click.ClickException(f"{email} is not an e-mail address.")
    with database() as (_, store):
        try:
            user = Accounts(store).create_user(email, password, replace=replace)
        except EmailInUse as error:
            raise click.ClickException(f"{error}; --replace gives it a new password.") from None
    click.echo(f"{user.email} may sign in (id {user.id}).")


@main.command("create-api-key")
@click.argument("title")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=["admin"],
    show_default=True,
    help="What the key may do; may be given several times.",
)
def create_api_key(title: str, scopes: tuple[str, ...]) -> None:
    """Make a secret API key for a script; TITLE says what it is for, as history will show it.

    Prints the key, this once. Use it as `curl -u KEY: http://127.0.0.1:8000/admin/customer-groups`.
    """
    if not title.strip():
        raise click.ClickException("A key needs a title that says what it is for.")
    with database() as (_, store):
        _, token = Accounts(store).create_key(title.strip(), OPERATOR["id"], scopes)
    click.echo(token)


@main.command("deliver")
def deliver() -> None:
    """Send events to the webhooks until SIGTERM or Ctrl-C.

    Runs beside `serve`; several may run, on one machine or more, and share the work. Each endpoint
    is sent its events one after another, each again until it was accepted, for up to 3 days.
    Killed at any moment and started again, it goes on where it was: nothing is passed over.
    """
    from service import delivery

    with database() as (settings, store):
        start_logging(settings.log_format)
        deliverer = delivery.Deliverer(
            store, allow_private=settings.allow_private_webhooks, schedule=delivery.SCHEDULE
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: deliverer.stop())
        click.echo("Delivering to webhooks.")
        deliverer.run()


@main.command("relay")
@click.option("--nats", "url", metavar="URL", help="Else the setting CUSTOMER_GROUPS_NATS_URL.")
@click.option("--once", is_flag=True, help="End when everything is published.")
def relay_command(url: str | None, once: bool) -> None:
    """Publish every event to NATS JetStream, in order and once, until SIGTERM or Ctrl-C.

    The stream CUSTOMER_GROUPS is made when there is none. It says itself how far it is, so the
    relay may be killed and started again at any moment, and a second one only stands by. Several
    servers are separated by commas. Needs the extra `nats`.
    """
    import asyncio

    try:
        from service.relay import RelayStopped
        from service.relaying import relay
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "nats":
            raise
        message = "The relay needs the extra `nats`: `uv sync --extra nats`, or nats-py beside it."
        raise click.ClickException(message) from None
    with database() as (settings, store):
        try:
            url = READ["nats_url"](url, "--nats") if url else settings.nats_url
        except InvalidSetting as error:
            raise click.ClickException(str(error)) from None
        if url is None:
            message = f"Say where NATS is: --nats nats://127.0.0.1:4222, or {PREFIX}NATS_URL."
            raise click.ClickException(message)
        start_logging(settings.log_format)
        store.close()  # the relay reads in a thread of its own
        try:
            asyncio.run(relay(store, url, once=once))
        except RelayStopped as error:
            raise click.ClickException(str(error)) from None


@main.command("follow")
@click.option("--url", required=True, metavar="URL", help="The service: https://groups.example.")
@click.option(
    "--after",
    type=click.IntRange(0),
    default=0,
    metavar="POSITION",
    help="Where to begin when there is no position file yet; 0 is the beginning of the log.",
)
@click.option("--type", "types", multiple=True, help="Only CustomersAdded, ...; several times.")
@click.option("--group", metavar="ID", help="Only events of this group.")
@click.option("--customer", metavar="ID", help="Only events that name this customer.")
@click.option(
    "--position-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keeps how far it has come, and goes on from there the next time.",
)
@click.option("--exec", "command", metavar="CMD", help="Runs for each event; else it is printed.")
def follow(
    url: str,
    after: int,
    types: tuple[str, ...],
    group: str | None,
    customer: str | None,
    position_file: Path | None,
    command: str | None,
) -> None:
    """Run CMD for each event of a service, in order, until SIGTERM or Ctrl-C.

    Needs no database, only an API key with the scope events:read in CUSTOMER_GROUPS_KEY. CMD runs
    in a shell with the event, one line of JSON, on its standard input; when it fails it is run
    again, and no event is passed over. The position is kept after CMD has succeeded, so an event
    may come twice after a crash, and never not at all. Ends when the service has another log.
    """
    from service.feed import Feed, FollowStopped
    from service.follow import Follower, PositionFile

    start_logging(the_settings().log_format)
    key = os.environ.get(f"{PREFIX}KEY")
    if not key:
        message = f"Put an API key into {PREFIX}KEY; `create-api-key` makes one on the service."
        raise click.ClickException(message)
    wanted = [("type", name) for name in types]
    wanted += [("group_id", group)] if group else []
    wanted += [("customer_id", customer)] if customer else []
    file = None if position_file is None else PositionFile(position_file)
    try:
        Follower(Feed(url, key, wanted), after, file=file, command=command).run()
    except FollowStopped as error:
        raise click.ClickException(str(error)) from None


@main.command("demo")
def demo() -> None:
    """Fill the database with a small shop to look around in: a dozen groups, 240 made-up customers.

    Running it again adds nothing.
    """
    from domain.application import CustomerGroups
    from service import demo_data

    with database() as (settings, store), progress("Making a shop") as show:
        application = CustomerGroups(
            store, accept_unknown_customers=settings.accept_unknown_customers
        )
        made = demo_data.fill(store, application, acting, show)
    click.echo(f"{made.groups} groups and {made.customers} customers made.")


if __name__ == "__main__":
    main()
