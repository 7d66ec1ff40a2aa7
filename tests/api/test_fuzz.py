"""Every route under a fuzzer that knows our own document: bad input never harms, answers never lie.

Schemathesis plays the document's examples, the bounds of each schema and what lies beyond them, and
random requests, in which it uses the ids that earlier answers showed.
"""

import re
from collections import defaultdict

import pytest
import schemathesis
from schemathesis.engine import events, from_schema

from tests.serving import Api, token_of

REJECTED = ["400", "401", "403", "404", "405", "409", "412", "413", "414", "415", "422", "431"]
"""What invalid input may end in."""

SHAPE = re.compile(r"Expected type|Unrecognized fields|is required")


@schemathesis.serializer("text/csv", "application/x-ndjson")
def as_text(_context, value):
    """Send what stands for a file as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.check
def valid_requests_have_the_right_shape(_context, response, case):
    """What the document calls valid is never refused for its names and types.

    In place of the stock check `positive_data_acceptance`: a request may be as documented and still
    be refused with 400, because a name is taken, text is invisible, a cursor is of another list.
    """
    if case.meta and case.meta.generation.mode.is_positive and response.status_code == 400:
        found = SHAPE.search(response.json()["message"])
        assert found is None, f"the document allows what the service refuses: {response.text}"


def is_a_fault(_context, failure, case, response):
    """Drop what the stock checks call a failure and our rules do not."""
    name = type(failure).__name__
    if name == "AcceptedNegativeData":
        return not (
            # any text is a file: the rows in it are refused one by one
            case.operation.path == "/admin/customers/import"
            # a header that we do not read may say what it likes
            or "x-schemathesis-unknown-property" in case.headers
            # a repeat is answered as the first time before anything else is looked at
            or "idempotent-replayed" in response.headers
        )
    if name == "AllowHeaderMismatch":
        # /admin/customers/{customer_id} answers here too: a customer may be called `import`
        return case.operation.path not in ("/admin/customers/import", "/admin/customers/lookup")
    return True


def what_no_fuzzer_guesses(server, api):
    """The parts of a request for which a route has something to do, by the route's label."""
    key = api.post("/admin/api-keys", {"title": "Fuzzer", "type": "secret"}).json()["api_key"]
    session = api.post("/auth/session").cookies.get_dict()
    credentials = {"email": server.admin_email, "password": server.admin_password}
    address = {"url": "http://127.0.0.1:9/"}  # nobody delivers
    kept, ended = (api.post("/admin/webhooks", address).json()["webhook"]["id"] for _ in "ab")
    webhook = "/admin/webhooks/{webhook_id}"
    group_id = api.group()["id"]
    deleted = api.delete(f"/admin/customer-groups/{group_id}").headers
    again = api.group()["id"]
    api.delete(f"/admin/customer-groups/{again}")
    body = {"name": "A name that nobody guesses"}
    restore = {"path_parameters": {"group_id": again}, "body": body, "headers": {}}
    ways = [f"GET {webhook}", f"POST {webhook}", f"GET {webhook}/deliveries"]
    ways += [f"POST {webhook}/{change}" for change in ("pause", "resume", "resend")]
    return {
        **{way: {"path_parameters": {"webhook_id": kept}} for way in ways},
        f"DELETE {webhook}": {"path_parameters": {"webhook_id": ended}},
        "POST /admin/webhooks": {"body": address},
        "POST /admin/api-keys/{key_id}/revoke": {"path_parameters": {"key_id": key["id"]}},
        "DELETE /auth/session": {"cookies": session},
        "POST /admin/customer-groups/{group_id}/restore": restore,
        "POST /admin/events/undo": {"body": {"request_id": deleted["X-Request-Id"]}},
        "GET /audit/proof/inclusion": {"query": {"position": int(deleted["X-Position"])}},
        "POST /auth/user/emailpass": {"body": credentials},
    }


def fuzz(server, api, *, is_short, examples):
    """Fuzz every route as the admin.

    Returns what was not as documented, how many answers there were, and each route's statuses.
    """
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    schema = schema.exclude(path="/events/stream")  # its answer has no end
    config = schema.config
    config.update(headers={"Authorization": api.session.headers["Authorization"]})
    config.generation.update(max_examples=examples, deterministic=is_short)
    # its chains begin with what a POST makes; ours change as often as they make
    phases = ["examples", "fuzzing"] if is_short else ["examples", "coverage", "fuzzing"]
    config.phases.update(phases=phases)
    config.checks.update(excluded_check_names=["positive_data_acceptance"])
    config.checks.negative_data_rejection.expected_statuses = REJECTED
    schema.hook("filter_failure")(is_a_fault)
    given = what_no_fuzzer_guesses(server, api)

    @schema.hook
    def map_case(_context, case):
        if case.meta and case.meta.generation.mode.is_positive:
            for part, value in given.pop(case.operation.label, {}).items():
                setattr(case, part, value)
            if case.operation.path == "/events" and case.query and "wait" in case.query:
                case.query["wait"] = 0  # at the end of the log it would wait
        return case

    found, asked, statuses = set(), 0, defaultdict(set)
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            found.add(f"{event.label}: {event.value}")
        if isinstance(event, events.ScenarioFinished):
            record = event.recorder
            asked += len(record.interactions)
            for case_id, interaction in record.interactions.items():
                operation = record.cases[case_id].value.operation
                if interaction.response and interaction.request.method == operation.method.upper():
                    statuses[operation.label].add(interaction.response.status_code)
            found |= {
                f"{check.name}: {check.failure_info.failure.operation} answered"
                f" {record.interactions[case_id].response.status_code}\n"
                f"{check.failure_info.failure.message}\n{check.failure_info.code_sample}"
                for case_id, checks in record.checks.items()
                for check in checks
                if check.failure_info
            }
    return found, asked, statuses


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.big)])
def victim(request, start):
    """A server of its own: the fuzzer deletes whatever it sees."""
    is_embedded = request.param == "sqlite"
    url = None if is_embedded else request.getfixturevalue("postgres").create_database()
    return start(url, ALLOW_PRIVATE_WEBHOOKS="yes")


def test_no_input_makes_an_answer_that_is_not_documented(victim, sized):
    api = Api(victim, token_of(victim))

    found, asked, statuses = fuzz(victim, api, is_short=sized(True, False), examples=sized(4, 150))

    assert not found, f"{len(found)} of {asked} answers:\n\n" + "\n\n".join(sorted(found))
    assert {route for route, seen in statuses.items() if min(seen) >= 400} == set()
