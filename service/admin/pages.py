"""`/app`: the shell that every page starts from, and its files; JavaScript does the rest."""

import re
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from service.admin.assets import START, TYPES, Assets, File
from service.current import settings
from service.errors import Answer

admin = Blueprint("admin", __name__, url_prefix="/app", template_folder="templates")

STATIC = Path(__file__).parent / "static"
HOME = "/app/customer-groups"
THEME_COOKIE = "customer_groups_theme"  # written by the theme menu; no wrong theme flashes
THEMES = ("light", "dark")

MODULES = (
    (re.compile(r"customer-groups(/create)?"), "js/pages/list.js"),
    (re.compile(r"customer-groups/[^/]+/import"), "js/pages/import.js"),
    (re.compile(r"customer-groups/[^/]+/history"), "js/pages/history.js"),
    (re.compile(r"customer-groups/.+"), "js/pages/detail.js"),
    (re.compile(r"customers(/create)?"), "js/pages/customers.js"),
    (re.compile(r"customers/.+"), "js/pages/customer.js"),
)
"""What main.js opens at which path, so that a browser loads it together with main.js."""

PAST = {"js/pages/detail.js": "js/pages/past.js"}
"""What it opens instead where the address has `as_of`."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


@cache
def assets() -> Assets:
    """Return the files of the pages, read once."""
    return Assets.below(STATIC)


def module_at(path: str, *, past: bool = False) -> str | None:
    """Return the module of the page at a path below `/app/`; None where there is none."""
    name = next((name for paths, name in MODULES if paths.fullmatch(path.rstrip("/"))), None)
    return PAST.get(name, name) if past and name else name


@cache
def shell(theme: str | None, require_reason: bool, module: str | None) -> File:
    """Return the shell in a theme (None follows the system), with what a page's module needs."""
    known = assets()
    html = render_template(
        "app.html",
        base=f"/app/assets/{known.version}",
        modules=known.imported(*filter(None, (START, module))),
        theme=theme,
        require_reason=require_reason,
    )
    return File(html.encode(), TYPES[".html"])


@admin.record_once
def read(_: object) -> None:
    """Read the files when the application is made."""
    assets()


@admin.get("")
def home() -> Redirect:
    """Lead to the list of groups."""
    return redirect(HOME)


@admin.get("/<path:path>")
def page(path: str) -> Response:
    """Return the shell, whatever the page: the browser knows which there are."""
    cookie = request.cookies.get(THEME_COOKIE)
    theme = cookie if cookie in THEMES else None
    module = module_at(path, past=bool(request.args.get("as_of")))
    response = shell(theme, settings().require_reason, module).answer("no-cache")
    response.headers.update(HEADERS)
    return response


@admin.get("/assets/<version>/<path:name>")
def asset(version: str, name: str) -> Response:
    """Return a file of the version that is served."""
    known = assets()
    file = known.files.get(name) if version == known.version else None
    if file is None:
        raise Answer(
            404,
            "not_found",
            "not-found",
            f"There is no {request.path} here",
            headers={"Cache-Control": "no-store"},
        )
    return file.answer("public, max-age=31536000, immutable")
