"""Every route under a fuzzer that knows our own document: bad input never harms, answers never lie.

Schemathesis plays the document's examples, the bounds of each schema and what lies beyond them,
random requests, and chains of requests in which one uses what another has made.
"""

import re
from collections import defaultdict

import schemathesis
from schemathesis.engine import events, from_schema

NEVER_ANSWERED = {
    "DELETE /auth/session",  # it wants a cookie, and the fuzzer has a token
    "POST /auth/user/emailpass",  # nor does it guess the password
}
"""Routes of which only refusals are seen here."""

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


def failures(server, token, *, examples, deterministic):
    """Fuzz every route as the admin; return what was not as documented, and how often was asked."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    schema.hook("filter_failure")(is_a_fault)
    config = schema.config
    config.update(headers={"Authorization": f"Bearer {token}"}, request_timeout=30)
    config.generation.update(max_examples=examples, deterministic=deterministic)
    config.checks.update(excluded_check_names=["positive_data_acceptance"])
    config.checks.negative_data_rejection.expected_statuses = REJECTED
    found, asked = set(), 0
    statuses = defaultdict(set)
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            found.add(f"{event.label}: {event.value}")
        if isinstance(event, events.ScenarioFinished):
            asked += len(event.recorder.interactions)
            for case_id, interaction in event.recorder.interactions.items():
                operation = event.recorder.cases[case_id].value.operation
                if interaction.response and interaction.request.method == operation.method.upper():
                    statuses[operation.label].add(interaction.response.status_code)
            for case_id, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info:
                        failure, how = check.failure_info.failure, check.failure_info.code_sample
                        status = event.recorder.interactions[case_id].response.status_code
                        found.add(
                            f"{check.name}: {status} {failure.operation}\n{failure.message}\n{how}"
                        )
    return found, asked, statuses


def test_no_input_makes_an_answer_that_is_not_documented(server, token, sized):
    found, asked, statuses = failures(
        server, token, examples=sized(3, 300), deterministic=sized(True, False)
    )

    assert not found, f"{len(found)} of {asked} answers:\n\n" + "\n\n".join(sorted(found))
    assert {label for label, seen in statuses.items() if min(seen) > 302} == NEVER_ANSWERED
