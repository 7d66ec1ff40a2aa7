"""What the code of each route does not say of itself, one row a route.

The rest is read from the views: path, methods, summary, whether credentials, a reason or a type of
body are asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from service.api import queries, schemas
from service.api.problems import Checked, Query

JSON_PAGE = ("Link",)
PAST_PAGE = ("Link", "X-Position")
VERSIONED = ("ETag", "X-Position", "Idempotent-Replayed")
RECORDED = ("X-Position", "Idempotent-Replayed")

FILES = ("start.js", "swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
"""What the page of the documentation is made of."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one route.

    `answers` gives to each status that is no refusal a shape of `answers.py`, media types, both, or
    None for an empty body; `headers` are those that such answers may have. `refusals` are the codes
    that the route's own rules end in; those that follow from the rest are added. `once` says that
    it takes an `Idempotency-Key`, `conditional` an `If-Match`, `takes` names other headers that
    only it reads. `more` follows the docstring.
    """

    answers: Mapping[int, str | None]
    headers: tuple[str, ...] = ()
    query: type[Query] | None = None
    body: type[Checked] | None = None
    refusals: tuple[str, ...] = ()
    once: bool = False
    conditional: bool = False
    takes: tuple[str, ...] = ()
    more: str = ""


ROUTES: dict[str, Route] = {
    "groups.list_groups": Route(
        answers={200: "GroupPage"}, headers=PAST_PAGE, query=queries.GroupListQuery
    ),
    "groups.create_group": Route(
        answers={200: "GroupAnswer"},
        headers=("Location", *VERSIONED),
        query=queries.GroupQuery,
        body=schemas.CreateGroup,
        refusals=("name-taken", "metadata-too-large"),
        once=True,
    ),
    "groups.get_group": Route(
        answers={200: "GroupAnswer", 304: None},
        headers=("ETag", "X-Position"),
        query=queries.GroupAsOfQuery,
        refusals=("group-not-found",),
    ),
    "groups.update_group": Route(
        answers={200: "GroupAnswer"},
        headers=VERSIONED,
        query=queries.GroupQuery,
        body=schemas.UpdateGroup,
        refusals=("group-not-found", "name-taken", "metadata-too-large"),
        once=True,
        conditional=True,
    ),
    "groups.patch_group": Route(
        answers={200: "GroupAnswer"},
        headers=VERSIONED,
        query=queries.GroupQuery,
        body=schemas.PatchGroup,
        refusals=("group-not-found", "name-taken", "metadata-too-large"),
        once=True,
        conditional=True,
    ),
    "groups.delete_group": Route(
        answers={200: "GroupDeleted"}, headers=RECORDED, once=True, conditional=True
    ),
    "groups.list_members": Route(
        answers={200: "MemberPage"},
        headers=PAST_PAGE,
        query=queries.MembersQuery,
        refusals=("group-not-found",),
    ),
    "groups.change_members": Route(
        answers={200: "GroupLinksAnswer"},
        headers=VERSIONED,
        query=queries.GroupLinksQuery,
        body=schemas.BatchLink,
        refusals=("group-not-found", "customer-not-found"),
        once=True,
        conditional=True,
    ),
    "groups.get_history": Route(
        answers={200: "History"},
        query=queries.HistoryQuery,
        refusals=("group-not-found",),
        more="With `type` or `actor` a page looks at 10,000 events at most: it may have fewer than"
        " `limit`, even none, and still a `next_cursor`.",
    ),
    "groups.restore_group": Route(
        answers={200: "GroupAnswer"},
        headers=VERSIONED,
        query=queries.GroupQuery,
        body=schemas.RestoreGroup,
        refusals=("group-not-found", "group-not-deleted", "name-taken"),
        once=True,
        conditional=True,
        more="The version of a deleted group is that of the newest event in its history.",
    ),
    "undo.undo_request": Route(
        answers={200: "Undone"},
        headers=RECORDED,
        query=queries.UndoQuery,
        body=schemas.Undo,
        refusals=("request-not-found", "erasure-is-final", "undo-conflict", "metadata-too-large"),
        once=True,
        more="All or nothing. A name and metadata must have the values that the request gave them,"
        " and an earlier name be free; customers that it added must be members since, those that it"
        " removed not be members again; a deletion must stand; what was created or restored is"
        " deleted, if nothing has happened to it since. An undo is a request like any other and"
        " can be undone; its events say `undo of request` and the id as their reason. With"
        " `dry_run` nothing is recorded, and no key or reason is asked for.",
    ),
    "customers.get_history_of_customer": Route(
        answers={200: "CustomerHistory"},
        query=queries.CustomerHistoryQuery,
        refusals=("customer-not-found",),
    ),
    "customers.list_customers": Route(
        answers={200: "CustomerPage"}, headers=JSON_PAGE, query=queries.CustomerListQuery
    ),
    "customers.create_customer": Route(
        answers={200: "CustomerAnswer"},
        headers=("Location",),
        query=queries.CustomerQuery,
        body=schemas.CreateCustomer,
        refusals=("email-taken", "metadata-too-large"),
    ),
    "customers.get_customer": Route(
        answers={200: "CustomerAnswer"},
        query=queries.CustomerQuery,
        refusals=("customer-not-found",),
    ),
    "customers.update_customer": Route(
        answers={200: "CustomerAnswer"},
        query=queries.CustomerQuery,
        body=schemas.UpdateCustomer,
        refusals=("customer-not-found", "email-taken", "metadata-too-large"),
    ),
    "customers.put_customer": Route(
        answers={200: "CustomerAnswer", 201: "CustomerAnswer"},
        headers=("Location",),
        query=queries.CustomerQuery,
        body=schemas.PutCustomer,
        refusals=("email-taken", "metadata-too-large"),
        more="What is left out becomes null. 201 when it was created, 200 when it was there.",
    ),
    "customers.delete_customer": Route(
        answers={200: "CustomerDeleted"}, headers=RECORDED, once=True
    ),
    "customers.list_groups_of_customer": Route(
        answers={200: "GroupPage"},
        headers=PAST_PAGE,
        query=queries.GroupListQuery,
        refusals=("customer-not-found",),
    ),
    "customers.change_groups_of_customer": Route(
        answers={200: "CustomerLinksAnswer"},
        headers=RECORDED,
        query=queries.CustomerLinksQuery,
        body=schemas.BatchLinkGroups,
        refusals=("customer-not-found", "group-not-found"),
        once=True,
    ),
    "customers.look_up": Route(
        answers={200: "LookupAnswer"}, body=schemas.Lookup, refusals=("group-not-found",)
    ),
    "customers.import_customers": Route(
        answers={200: "Imported"},
        query=queries.ImportQuery,
        more="Up to 1,000,000 rows of 64 KiB, streamed, committed in batches; running it again is"
        " safe. Rows have the fields of `CustomerRow` and are matched by id, else by e-mail and"
        " has_account. Only columns that the file has change; an empty cell is null. Unknown"
        " columns of CSV become metadata; unknown keys of NDJSON refuse their row.",
    ),
    "memberships.check_memberships": Route(
        answers={200: "Memberships"}, body=schemas.MembershipCheck
    ),
    "events.get_events": Route(
        answers={200: "EventPage, application/x-ndjson"},
        headers=JSON_PAGE,
        query=queries.FeedQuery,
        refusals=("other-log",),
        more="Each event is a CloudEvent, as `/asyncapi.json` says in detail. With `Accept:"
        " application/x-ndjson` a line each, then one with `log`, `next` and `end`. `next` moves"
        " past events that the filters leave out: go on with it as `after`.",
    ),
    "events.get_stream": Route(
        answers={200: "text/event-stream"},
        query=queries.FollowQuery,
        refusals=("other-log",),
        takes=("Last-Event-ID",),
        more="`id` is the position, `event` the type, `data` the CloudEvent, as `/asyncapi.json`"
        " says in detail. A comment every 15 s keeps it open; a slow reader is cut off.",
    ),
    "audit.get_tree_head": Route(
        answers={200: "text/plain, TreeHead"},
        refusals=("cannot-sign",),
        more="The leaves are the published lines of all events, in order, without line ends; the"
        " tree is that of RFC 6962. As text a C2SP checkpoint, signed by Ed25519 twice: as a signed"
        " note, and as a cosignature, which has the time. Whoever keeps it can tell for ever"
        " whether something before it was changed.",
    ),
    "audit.get_inclusion": Route(
        answers={200: "InclusionProof"},
        query=queries.InclusionQuery,
        refusals=("event-not-found", "tree-damaged"),
        more="`hashes` are PATH of RFC 6962 2.1.1; leaves are numbered from 0 without a gap.",
    ),
    "audit.get_consistency": Route(
        answers={200: "ConsistencyProof"},
        query=queries.ConsistencyQuery,
        refusals=("tree-damaged",),
        more="`hashes` are PROOF of RFC 6962 2.1.2; from 0 and between equal sizes there are none.",
    ),
    "audit.get_public_key": Route(answers={200: "PublicKeys"}),
    "audit.get_verifier": Route(
        answers={200: "text/x-python", 304: None},
        headers=("ETag",),
        more="Needs Python and its package `cryptography`, and nothing of this service.",
    ),
    "webhooks.create_webhook": Route(
        answers={200: "WebhookAnswer"},
        headers=("Location",),
        body=schemas.CreateWebhook,
        refusals=("position-beyond-end",),
        more="Each event is posted by itself, as CloudEvents 1.0 and signed as Standard Webhooks"
        " has it; `webhook-id` is `<log>:<position>` whenever it is sent. The next one follows when"
        " this one was answered with 2xx. Else it is sent again, later and later, for 3 days; then,"
        " or at once after 410, the webhook is paused and keeps its position. Private addresses are"
        " refused, redirects not followed.",
    ),
    "webhooks.list_webhooks": Route(answers={200: "WebhookPage"}, query=queries.PageQuery),
    "webhooks.get_webhook": Route(answers={200: "WebhookAnswer"}, refusals=("not-found",)),
    "webhooks.update_webhook": Route(
        answers={200: "WebhookAnswer"}, body=schemas.UpdateWebhook, refusals=("not-found",)
    ),
    "webhooks.delete_webhook": Route(answers={200: "WebhookDeleted"}, refusals=("not-found",)),
    "webhooks.pause_webhook": Route(answers={200: "WebhookAnswer"}, refusals=("not-found",)),
    "webhooks.resume_webhook": Route(answers={200: "WebhookAnswer"}, refusals=("not-found",)),
    "webhooks.resend_webhook": Route(
        answers={200: "WebhookAnswer"},
        body=schemas.ResendWebhook,
        refusals=("not-found", "position-beyond-end"),
        more="Under the same `webhook-id` as before.",
    ),
    "webhooks.list_deliveries": Route(
        answers={200: "DeliveryPage"}, query=queries.PageQuery, refusals=("not-found",)
    ),
    "sign_in.log_in": Route(
        answers={200: "Token", 401: "WrongPassword"},
        body=schemas.Login,
        refusals=("too-many-logins",),
    ),
    "sign_in.refresh_token": Route(answers={200: "Token"}),
    "sign_in.open_session": Route(answers={200: "Session"}, headers=("Set-Cookie",)),
    "sign_in.close_session": Route(answers={200: "SessionEnded"}, headers=("Set-Cookie",)),
    "sign_in.me": Route(answers={200: "UserAnswer"}, refusals=("not-found",)),
    "sign_in.create_api_key": Route(
        answers={200: "ApiKeyAnswer"},
        body=schemas.CreateApiKey,
    ),
    "sign_in.list_api_keys": Route(answers={200: "ApiKeyPage"}, query=queries.PageQuery),
    "sign_in.revoke_api_key": Route(answers={200: "ApiKeyAnswer"}, refusals=("not-found",)),
    "health.alive": Route(answers={200: "text/plain"}),
    "health.live": Route(answers={200: "text/plain"}),
    "health.ready": Route(answers={200: "text/plain"}, refusals=("unavailable",)),
    "docs.openapi": Route(answers={200: "OpenApi", 304: None}, headers=("ETag",)),
    "docs.asyncapi": Route(answers={200: "AsyncApi", 304: None}, headers=("ETag",)),
    "docs.event_schema": Route(
        answers={200: "EventSchema", 304: None}, headers=("ETag",), refusals=("not-found",)
    ),
    "docs.page": Route(answers={200: "text/html", 304: None}, headers=("ETag",)),
    "docs.file": Route(
        answers={200: "text/css, text/javascript, image/png", 304: None},
        headers=("ETag",),
        refusals=("not-found",),
    ),
    "root": Route(answers={302: "text/html"}, headers=("Location",)),
}
