"""create_app: the only place that wires."""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, redirect, request
from ulid import ULID

from domain.application import CustomerGroups
from projections import rebuild, schema
from projections.sqlite import SQLiteStore
from projections.store import Store, persistently
from projections.stores import open_store
from service import accounts as accounts_module
from service import errors, signing
from service import webhooks as webhooks_module
from service.accounts import Accounts
from service.admin.pages import HOME, admin
from service.api.audit import audit
from service.api.customers import customers, memberships
from service.api.docs import docs
from service.api.events import events
from service.api.groups import groups
from service.api.health import health
from service.api.sign_in import sign_in
from service.api.undo import undo
from service.api.webhooks import webhooks
from service.auth import allowed_origins, correlation_id
from service.current import EXTENSION, Wiring
from service.front import Front, Lane
from service.settings import Settings
from service.stream import Tailer
from service.sweeping import Sweeper

BULK_BYTES = 2 * 1024 * 1024
LINKS = re.compile(r"/admin/(customer-groups/[^/]+/customers|customers/[^/]+/customer-groups)")
"""The routes that take thousands of ids in a body."""

LANES = (
    Lane("sign-in", 1, (("POST", "/auth/user/emailpass"),)),
    Lane("import", 2, (("POST", "/admin/customers/import"),)),
)
"""What is slow by intent, so that it never takes the threads of the others."""

SCHEMA = (*accounts_module.SCHEMA, *webhooks_module.SCHEMA)
"""The tables that the service owns itself."""

MIGRATIONS = {2: (*accounts_module.MIGRATIONS[2], *webhooks_module.MIGRATIONS[2])}

EXPOSED = "ETag, X-Position, X-Request-Id, Link, Location, Retry-After, Idempotent-Replayed"


class Application(Flask):
    """Flask, with requests carried out anew when the connection to the database broke.

    Nothing has happened then: the store knows what became of a COMMIT that was not answered.
    """

    def dispatch_request(self) -> Any:
        """Run the view; five broken connections in a row are 503."""
        return persistently(super().dispatch_request)


def create_app(settings: Settings, store: Store | None = None) -> Flask:
    """Return the API over a database that has its schema. Raises `SchemaMismatch`.

    Called in each worker, after the fork. `store` is opened from the settings when not given.
    """
    store = store or open_store(settings.database_url)
    schema.check(store)
    app = Application("service", static_folder=None)
    app.url_map.strict_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = Wiring(
        settings=settings,
        store=store,
        groups=CustomerGroups(store, accept_unknown_customers=settings.accept_unknown_customers),
        accounts=Accounts(store),
        secret_key=secret_key(settings, store),
    )
    for blueprint in (
        groups,
        customers,
        memberships,
        events,
        audit,
        undo,
        webhooks,
        sign_in,
        health,
        docs,
        admin,
    ):
        app.register_blueprint(blueprint)
    errors.register(app)
    app.before_request(begin)
    app.after_request(finish)
    app.add_url_rule("/", "root", root)
    return app


def root() -> Any:
    """Lead to the pages."""
    return redirect(HOME)


def begin() -> Response | None:
    """Give the request its id; answer a browser's preflight."""
    g.request_id = str(ULID())
    g.correlation_id = correlation_id()
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return Response(status=204)
    return None


def finish(response: Response) -> Response:
    """Add what every answer says: ids, protections, and what a browser on another site may do."""
    headers = response.headers
    headers["X-Request-Id"] = g.request_id
    if g.correlation_id is not None:
        headers["X-Correlation-Id"] = g.correlation_id
    headers["X-Content-Type-Options"] = "nosniff"
    if not allowed_origins():
        return response
    headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if origin in allowed_origins():
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Expose-Headers"] = EXPOSED
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, DELETE"
            asked = request.headers.get("Access-Control-Request-Headers")
            if asked:
                headers["Access-Control-Allow-Headers"] = asked
                headers.add("Vary", "Access-Control-Request-Headers")
            headers["Access-Control-Max-Age"] = "600"
    return response


def prepare(settings: Settings, store: Store) -> str | None:
    """Make or upgrade the database; return the first admin's password when it was made just now.

    The password is generated unless the settings have one (then None is returned).
    """
    schema.init(store, SCHEMA, MIGRATIONS)
    if schema.changed_read_models(store):
        rebuild.rebuild(store)
    secret_key(settings, store)
    signing.prepare(store)
    accounts = Accounts(store)
    if accounts.has_users():
        return None
    password = settings.admin_password or secrets.token_urlsafe(12)
    accounts.create_user(settings.admin_email, password, replace=True)
    return None if settings.admin_password else password


def secret_key(settings: Settings, store: Store) -> str:
    """Return the key that signs tokens: given, or made once and kept where only we read it.

    For SQLite in a file beside the database (mode 0600), for PostgreSQL in a row.
    """
    if settings.secret_key:
        return settings.secret_key
    if isinstance(store, SQLiteStore):
        path = store.path.with_name(store.path.name + ".secret")
        if not path.exists():
            descriptor, written = tempfile.mkstemp(dir=path.parent)  # mode 0600
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
            with suppress(FileExistsError):  # another process was quicker
                os.link(written, path)
            Path(written).unlink()
        return path.read_text()
    if schema.property_value(store, "secret_key") is None and not store.is_replica():
        with store.defining():
            if schema.property_value(store, "secret_key") is None:
                schema.keep(store, "secret_key", secrets.token_urlsafe(48))
    return schema.property_value(store, "secret_key") or ""


def front() -> Front:
    """Return what a worker serves, by the environment's settings."""
    settings = Settings.from_environment(os.environ)
    store = open_store(settings.database_url)
    app = create_app(settings, store)

    def body_limit(method: str, path: str) -> int | None:
        path = path.rstrip("/")
        if (method, path) == ("POST", "/admin/customers/import"):
            return None
        if LINKS.fullmatch(path):
            return max(BULK_BYTES, settings.max_body_bytes)
        return settings.max_body_bytes

    sweeper = Sweeper(store)
    sweeper.start()
    return Front(app, body_limit=body_limit, lanes=LANES, tailer=Tailer(store), close=sweeper.stop)
