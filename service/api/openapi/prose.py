"""What the document says in words: once for all routes."""

from service.api.answers import EMBEDDED_IN_ALL, EMBEDDED_OF_ONE
from service.api.queries import LARGEST_PAGE
from service.auth import COOKIE
from service.errors import CODES

TAGS = {
    "groups": "Groups: their names, metadata, members and history.",
    "customers": "The directory of customers, and the groups that each is in.",
    "memberships": "Which customers are in which groups.",
    "events": "The log for whoever follows it: every change, in order, from any position.",
    "undo": "Taking back what a request changed.",
    "webhooks": "Events sent to an address of yours, by `customer-groups deliver`.",
    "sign_in": "Tokens and sessions for users, keys for scripts.",
    "health": "For load balancers.",
    "docs": "This document, and those about the events.",
}

SECURITY_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "From `POST /auth/user/emailpass`; valid for 24 hours.",
    },
    "key": {
        "type": "http",
        "scheme": "basic",
        "description": "A secret API key as the user name, with no password; each route names the"
        " scope that the key needs, and `admin` is enough for all of them.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "From `POST /auth/session`; ends after 10 hours.",
    },
}

_ERRORS = "\n".join(f"| `{code}` | {status} | {text} |" for code, (status, text) in CODES.items())

DESCRIPTION = f"""\
Segments of customers for pricing and promotion, compatible with Medusa's admin API. Every change
is an event, kept for ever.

**Everywhere.** JSON in UTF-8. An empty body counts as `{{}}`. HEAD works wherever GET does,
OPTIONS answers the methods of a route, another method is 405 with `Allow`. A trailing slash is
accepted. Unknown parameters and keys are refused. Answers have `X-Request-Id`.

**Credentials.** A token as `Authorization: Bearer`, a secret key as `Authorization: Basic`, or the
session cookie; `Authorization` wins over the cookie. A change under the cookie is refused when a
browser sends it from another site. Pages of `CUSTOMER_GROUPS_ALLOWED_ORIGINS` may use all of this
(CORS, with credentials). A key may do what its scopes allow: `groups:read`, `groups:write` (which
includes reading), `events:read`, or `admin`, which is everything; users may do everything.

**Fields.** `fields` selects the keys of objects. Customers of a group (groups of a customer) are
embedded up to {EMBEDDED_OF_ONE:,} of one object and {EMBEDDED_IN_ALL:,} in one answer.

**Pages.** Lists have at most {LARGEST_PAGE:,} rows a page, by `offset` or, with an empty `cursor`
first, by keyset.

**Versions and positions.** `version` counts the events of one group; a group's `ETag` is its
version. `position` counts the events of the whole log.

**Order of checks.** 401, 403, 415 and 413, the repeat of an `Idempotency-Key`, 400 of shape, 404 of
the path, 412, then what the change itself refuses. Nothing is done before all have passed.

**Errors** are problem details (RFC 9457), by `code`:

| code | status | meaning |
|---|---|---|
{_ERRORS}

Besides: 401 is `{{"message": "Unauthorized"}}`, 500 is the code `unknown_error`, 503 with the code
`stopping` is what a service says that is shutting down. What is not HTTP, a URL too long and a
head too large are answered by the HTTP server itself: 400, 414 and 431 without a body or an id.
"""
