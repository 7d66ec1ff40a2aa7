"""The OpenAPI document: complete, and derived from what the code has wherever it has it."""

import re
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask

from service.api.openapi.answers import ANSWERS
from service.api.openapi.headers import REQUEST_HEADERS, RESPONSE_HEADERS
from service.api.openapi.operation import described
from service.api.openapi.prose import DESCRIPTION, SECURITY_SCHEMES, TAGS
from service.api.openapi.responses import named
from service.api.openapi.routes import ROUTES
from service.api.schemas import CustomerRow


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an application with all its routes.

    A route that `ROUTES` does not know is left out.
    """
    spec = APISpec(
        title="Customer Groups",
        version=version("customer-groups"),
        openapi_version="3.1.0",
        info={"description": DESCRIPTION},
        servers=[{"url": "/"}],
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        plugins=[MarshmallowPlugin()],
    )
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for name, shape in ANSWERS.items():
        spec.components.schema(name, shape)
    for name, header in RESPONSE_HEADERS.items():
        spec.components.header(name, header)
    for name, parameter in REQUEST_HEADERS.items():
        spec.components.parameter(name, "header", parameter)
    for name, response in named().items():
        spec.components.response(name, response)
    bodies = {route.body for route in ROUTES.values() if route.body} | {CustomerRow}
    for body in sorted(bodies, key=lambda schema: schema.__name__):
        summary = (body.__doc__ or "").splitlines()[0]
        spec.components.schema(body.__name__, {"description": summary}, schema=body)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint not in ROUTES:
            continue
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        operations = {method.lower(): described(app, rule, method) for method in methods}
        spec.path(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), operations=operations)
    return spec.to_dict()
