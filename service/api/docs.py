"""`/openapi.json`, `/asyncapi.json`, `/docs`: what the API takes and says, readable offline."""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import orjson
from flask import Blueprint, Response, current_app, request

from service.api.answers import JSON
from service.api.asyncapi import document as events_document
from service.api.eventschemas import FORMS, document_of
from service.api.openapi import document
from service.api.openapi.routes import FILES
from service.errors import Answer

docs = Blueprint("docs", __name__)

OPENAPI = "openapi"
SWAGGER_UI = files("flask_swagger_ui").joinpath("dist")

# nothing inline, nothing from elsewhere; the style sheet of Swagger UI has its pictures as data:
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Customer Groups API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/start.js" defer></script>
  </head>
  <body>
    <noscript>
      <p>This page needs JavaScript; <a href="/openapi.json">/openapi.json</a> says the same.</p>
    </noscript>
    <main id="docs"></main>
  </body>
</html>
"""

START = """\
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
"""

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
}


@dataclass(frozen=True)
class Page:
    """What never changes while the process lives."""

    content: bytes
    content_type: str

    @cached_property
    def etag(self) -> str:
        """A digest of the content."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    def answer(self) -> Response:
        """Return the page, or 304 to whoever has it; kept by browsers, but asked for again."""
        if request.if_none_match.contains_weak(self.etag):
            response = Response(status=304)
        else:
            response = Response(self.content, content_type=self.content_type)
        response.set_etag(self.etag)
        response.headers["Cache-Control"] = "public, no-cache"
        return response


@cache
def asset(name: str) -> Page:
    """Return one of the files of the page."""
    own = {"start.js": START.encode()}
    content = own.get(name) or SWAGGER_UI.joinpath(name).read_bytes()
    return Page(content, TYPES[name.rpartition(".")[2]])


@docs.get("/openapi.json")
def openapi() -> Response:
    """Return this document."""
    known = current_app.extensions
    if OPENAPI not in known:
        known[OPENAPI] = Page(orjson.dumps(document(current_app)), JSON)
    found: Page = known[OPENAPI]
    return found.answer()


@docs.get("/asyncapi.json")
def asyncapi() -> Response:
    """Return the document of the events: where they are published, and what is in them."""
    return event_channels().answer()


@docs.get("/events/schemas/<event>.json")
def event_schema(event: str) -> Response:
    """Return the JSON Schema of the `data` of an event, as a version of it has been written."""
    found = event_documents().get(event)
    if found is None:
        raise Answer(404, "not_found", "not-found", f"There is no {request.path} here")
    return found.answer()


@cache
def event_documents() -> dict[str, Page]:
    """Return the schemas of the events, by name and version."""
    schemas = {form.name: document_of(form.name, form.data) for form in FORMS}
    return {name: Page(orjson.dumps(content), JSON) for name, content in schemas.items()}


@cache
def event_channels() -> Page:
    """Return the document of the ways on which events reach others."""
    return Page(orjson.dumps(events_document()), JSON)


@docs.get("/docs")
def page() -> Response:
    """Return this document as a page for people."""
    response = Page(PAGE.encode(), "text/html; charset=utf-8").answer()
    response.headers["Content-Security-Policy"] = POLICY
    return response


@docs.get("/docs/<name>")
def file(name: str) -> Response:
    """Return a file of that page."""
    if name not in FILES:
        raise Answer(404, "not_found", "not-found", f"There is no {request.path} here")
    return asset(name).answer()
