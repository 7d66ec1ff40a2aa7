"""Refusals: their words, their keys, and what is looked at first."""

import codecs
import http.client
import json

import pytest

from projections.stores import open_store
from tests.api.answers import (
    CUSTOMERS,
    GROUPS,
    NO_CUSTOMER,
    NO_GROUP,
    events,
    group_of,
    invalid,
    refusal,
    signed_in,
)
from tests.serving import Api, unique

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}

# Messages, word for word


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Field 'name' is required"),
        ({"name": 5}, "Expected type: 'string' for field 'name', got: '5'"),
        ({"name": None}, "Expected type: 'string' for field 'name', got: 'null'"),
        ({"name": True}, "Expected type: 'string' for field 'name', got: 'true'"),
        ({"name": ["a"]}, "Expected type: 'string' for field 'name', got: '[\"a\"]'"),
        (
            {"name": "A", "metadata": "x"},
            "Expected type: 'record' for field 'metadata', got: 'x'",
        ),
        (
            {"name": "A", "metadata": ["x"]},
            "Expected type: 'record' for field 'metadata', got: '[\"x\"]'",
        ),
        ({"name": "A", "foo": 1, "bar": 2}, "Unrecognized fields: 'foo, bar'"),
        (
            {"metadata": "x", "foo": 1},
            "Field 'name' is required;"
            " Expected type: 'record' for field 'metadata', got: 'x';"
            " Unrecognized fields: 'foo'",
        ),
    ],
)
def test_a_wrong_group_is_told_what_is_wrong_with_it(api, body, message):
    assert refusal(api.post(GROUPS, body)) == invalid(message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": None}, "Expected type: 'string' for field 'name', got: 'null'"),
        ({"metadata": 5}, "Expected type: 'record' for field 'metadata', got: '5'"),
        ({"id": "x"}, "Unrecognized fields: 'id'"),
    ],
)
def test_a_wrong_update_is_told_what_is_wrong_with_it(api, body, message):
    path = f"{GROUPS}/{api.group()['id']}"

    assert refusal(api.post(path, body)) == invalid(message)
    assert refusal(api.patch(path, body)) == invalid(message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"add": "x"}, "Expected type: 'array' for field 'add', got: 'x'"),
        ({"remove": None}, "Expected type: 'array' for field 'remove', got: 'null'"),
        ({"customers": []}, "Unrecognized fields: 'customers'"),
    ],
)
def test_wrong_links_are_told_what_is_wrong_with_them(api, body, message):
    group = f"{GROUPS}/{api.group()['id']}/customers"
    customer = f"{CUSTOMERS}/{api.customer()['id']}/customer-groups"

    assert refusal(api.post(group, body)) == invalid(message)
    assert refusal(api.post(customer, body)) == invalid(message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"email": "no address"}, "Invalid email address"),
        ({"email": ""}, "Invalid email address"),
        ({"email": 5}, "Expected type: 'string' for field 'email', got: '5'"),
        ({"has_account": True}, "Unrecognized fields: 'has_account'"),
        ({"groups": []}, "Unrecognized fields: 'groups'"),
        ({"metadata": "x"}, "Expected type: 'record' for field 'metadata', got: 'x'"),
    ],
)
def test_a_wrong_customer_is_told_what_is_wrong_with_it(api, body, message):
    path = f"{CUSTOMERS}/{api.customer()['id']}"

    assert refusal(api.post(CUSTOMERS, body)) == invalid(message)
    assert refusal(api.post(path, body)) == invalid(message)


@pytest.mark.parametrize("path", [GROUPS, CUSTOMERS])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=abc", "Expected type: 'number' for field 'limit', got: 'abc'"),
        ("offset=", "Expected type: 'number' for field 'offset', got: ''"),
        ("foo=1&bar=2", "Unrecognized fields: 'foo, bar'"),
        (
            "limit=x&foo=1",
            "Expected type: 'number' for field 'limit', got: 'x'; Unrecognized fields: 'foo'",
        ),
    ],
)
def test_a_wrong_query_is_told_what_is_wrong_with_it(api, path, query, message):
    assert refusal(api.get(f"{path}?{query}")) == invalid(message)


def test_a_name_that_is_taken_is_refused(api):
    taken, other = api.group()["name"], api.group()
    expected = (400, "invalid_data", f"Customer group with name: {taken}, already exists.")

    assert refusal(api.post(GROUPS, {"name": taken})) == expected
    assert refusal(api.post(GROUPS, {"name": f" {taken} "})) == expected
    assert refusal(api.post(f"{GROUPS}/{other['id']}", {"name": taken})) == expected
    assert refusal(api.patch(f"{GROUPS}/{other['id']}", {"name": taken})) == expected


def test_an_email_that_is_taken_is_refused(api):
    email, other = api.customer()["email"], api.customer()
    expected = (
        400,
        "invalid_data",
        f"Customer with email: {email}, has_account: false, already exists.",
    )

    assert refusal(api.post(CUSTOMERS, {"email": email})) == expected
    assert refusal(api.post(f"{CUSTOMERS}/{other['id']}", {"email": email})) == expected


@pytest.mark.parametrize(("path", "what"), [(GROUPS, "Customer group"), (CUSTOMERS, "Customer")])
def test_what_is_not_there_is_not_found_in_two_forms(api, path, what):
    read, update = f"{what} with id: X not found", f'{what} with id "X" not found'

    assert refusal(api.get(f"{path}/X")) == (404, "not_found", read)
    assert refusal(api.post(f"{path}/X", {})) == (404, "not_found", update)


def link_refusal(kind: str, id: str) -> tuple[int, str, str]:
    message = f"You tried to set relationship {kind}: {id}, but such entity does not exist"
    return 404, "not_found", message


@pytest.mark.parametrize("body", [{"add": []}, {"add": ["X"]}, {"remove": ["X"]}, {}])
def test_links_of_what_is_not_there_are_refused(api, body):
    groups = api.post(f"{GROUPS}/{NO_GROUP}/customers", body)
    customers = api.post(f"{CUSTOMERS}/{NO_CUSTOMER}/customer-groups", body)

    assert refusal(groups) == link_refusal("customer_group_id", NO_GROUP)
    assert refusal(customers) == link_refusal("customer_id", NO_CUSTOMER)


def test_links_to_what_is_not_there_are_refused(api):
    group, customer = api.group(), api.customer()

    customers = api.post(
        f"{GROUPS}/{group['id']}/customers", {"add": [customer["id"], NO_CUSTOMER, "X"]}
    )
    groups = api.post(
        f"{CUSTOMERS}/{customer['id']}/customer-groups", {"add": [group["id"], NO_GROUP, "X"]}
    )

    assert refusal(customers) == link_refusal("customer_id", NO_CUSTOMER)
    assert refusal(groups) == link_refusal("customer_group_id", NO_GROUP)


# Shapes


def refused_in_each_way(api) -> dict[int, object]:
    """Return an answer of every status that a request alone can bring about."""
    group = api.group()
    path, once = f"{GROUPS}/{group['id']}", {"Idempotency-Key": unique("once")}
    api.post(path, {}, headers=once)
    text = {"Content-Type": "text/plain"}
    cross_site = {"Sec-Fetch-Site": "cross-site"}
    return {
        400: api.post(GROUPS, {}),
        403: signed_in(api).post(GROUPS, {"name": "A"}, headers=cross_site),
        404: api.get(f"{GROUPS}/X"),
        405: api.put(GROUPS),
        409: api.get(GROUPS, headers={"X-Min-Position": "999999999999"}),
        412: api.post(path, {}, headers={"If-Match": '"9"'}),
        413: api("POST", GROUPS, data=b"x" * (MIB + 1), headers=JSON),
        415: api("POST", GROUPS, data=b"x", headers=text),
        422: api.post(path, {"metadata": None}, headers=once),
    }


TYPES = {
    400: "invalid_data",
    403: "not_allowed",
    404: "not_found",
    409: "conflict",
    412: "precondition_failed",
    413: "invalid_data",
    415: "invalid_data",
    422: "idempotency_error",
}


def test_every_refusal_is_problem_details_that_the_sdk_understands(api):
    keys = ["type", "message", "code", "title", "status", "detail", "instance"]
    answers = refused_in_each_way(api)

    for status, answer in answers.items():
        body = answer.json()
        assert answer.status_code == body["status"] == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert list(body)[:7] == keys
        assert body["type"] == TYPES.get(status, body["type"])
        assert body["message"] == body["detail"] != ""
        assert body["title"] == http.client.responses[status] or status in (413, 422)
        assert body["instance"].endswith(answer.headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid-request"),
        (403, "cross-site"),
        (404, "group-not-found"),
        (405, "method-not-allowed"),
        (409, "position-beyond-end"),
        (412, "version-mismatch"),
        (413, "body-too-large"),
        (415, "unsupported-media-type"),
        (422, "idempotency-key-reused"),
    ],
)
def test_the_code_names_the_refusal(api, status, code):
    assert refused_in_each_way(api)[status].json()["code"] == code


def test_codes_tell_refusals_of_one_status_apart(api):
    group = api.group()

    answers = [
        api.post(GROUPS, {"name": group["name"]}),
        api.post(CUSTOMERS, {"email": api.customer()["email"]}),
        api.get(f"{CUSTOMERS}/X"),
        api.post(f"{GROUPS}/{group['id']}/customers", {"add": ["X"]}),
        api.get("/nowhere"),
    ]

    assert [answer.json()["code"] for answer in answers] == [
        "name-taken",
        "email-taken",
        "customer-not-found",
        "customer-not-found",
        "not-found",
    ]


def test_every_error_says_where_it_is(api):
    in_body = api.post(GROUPS, {"name": 5, "metadata": "x", "foo": 1}).json()
    in_query = api.get(f"{GROUPS}?limit=x&created_at[$gte]=y&foo=1").json()

    pointers = [error["pointer"] for error in in_body["errors"]]
    parameters = [error["parameter"] for error in in_query["errors"]]
    assert pointers == ["/name", "/metadata", "/foo"]
    assert parameters == ["limit", "created_at[$gte]", "foo"]
    for answer in (in_body, in_query):
        messages = [error["message"] for error in answer["errors"]]
        assert answer["message"] == "Invalid request: " + "; ".join(messages)


def test_a_pointer_reaches_into_the_body(api):
    answer = api.post(GROUPS, {"name": "A", "metadata": {"a/b": [0, {"~": 2**53}]}}).json()

    assert [error["pointer"] for error in answer["errors"]] == ["/metadata/a~1b/1/~0"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", GROUPS), ("POST", GROUPS), ("GET", f"{CUSTOMERS}/X"), ("POST", "/auth/session"),
     ("DELETE", "/auth/session"), ("POST", "/auth/token/refresh"), ("GET", "/admin/api-keys")],
)  # fmt: skip
def test_without_credentials_the_answer_is_just_unauthorized(anonymous, method, path):
    answer = anonymous(method, path)

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", GROUPS, {"GET", "POST"}),
        ("DELETE", GROUPS, {"GET", "POST"}),
        ("PUT", f"{GROUPS}/X", {"GET", "POST", "PATCH", "DELETE"}),
        ("PATCH", f"{GROUPS}/X/customers", {"GET", "POST"}),
        ("GET", "/auth/user/emailpass", {"POST"}),
    ],
)
def test_another_method_is_told_those_there_are(api, method, path, allowed):
    answer = api(method, path)

    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == allowed


@pytest.mark.parametrize("path", ["/nowhere", "/admin", "/admin/customer-groups/a/b/c", "/%FF"])
def test_an_unknown_route_is_a_json_404(api, anonymous, path):
    for asking in (api, anonymous):
        for method in ("GET", "POST", "DELETE"):
            status, kind, _ = refusal(asking(method, path))
            assert (status, kind) == (404, "not_found")


@pytest.fixture
def broken(api, server):
    """The path of a group that cannot be read: somebody has written over its document."""
    group = api.group()
    key = {"key": events(api, group["id"])[0]["data"]["position"]}
    store = open_store(server.database_url)
    ((document,),) = store.read("SELECT document FROM group_detail WHERE group_key = :key", **key)
    overwrite = "UPDATE group_detail SET document = :document WHERE group_key = :key"
    with store.deciding():
        store.write(overwrite, document=b"not JSON", **key)
    yield f"{GROUPS}/{group['id']}"
    with store.deciding():
        store.write(overwrite, document=document, **key)
    store.close()


def test_what_nobody_foresaw_says_nothing(api, broken):
    answer = api.get(f"{broken}?fields=name")

    assert answer.status_code == 500
    assert answer.json() == {
        "code": "unknown_error",
        "type": "unknown_error",
        "message": "An unknown error occurred.",
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-Id"]


# The order of the checks

CHECKS = ["credentials", "site", "type", "key", "shape", "path", "version", "customer"]
STATUSES = [401, 403, 415, 422, 400, 404, 412, 404, 200]


@pytest.mark.parametrize("passed", range(len(STATUSES)))
def test_a_request_that_is_wrong_in_all_ways_is_told_the_first(api, passed):
    right = CHECKS[:passed]
    group, once = api.group()["id"], {"Idempotency-Key": unique("once")}
    path = f"{GROUPS}/{group}/customers"
    if "key" not in right:
        api.post(path, {}, headers=once)
    elif "path" not in right:
        path = f"{GROUPS}/{NO_GROUP}/customers"
    customer = api.customer()["id"] if "customer" in right else NO_CUSTOMER
    body = {"add": [customer]} if "shape" in right else {"add": [customer], "foo": 1}
    headers = once | {
        "Content-Type": "application/json" if "type" in right else "text/plain",
        "If-Match": '"1"' if "version" in right else '"9"',
        "Sec-Fetch-Site": "same-origin" if "site" in right else "cross-site",
    }
    asking = signed_in(api) if "credentials" in right else Api(api.server, None)

    answer = asking("POST", path, data=json.dumps(body), headers=headers)

    assert answer.status_code == STATUSES[passed], answer.text
    assert len(events(api, group)) == (2 if right == CHECKS else 1)


def test_a_repeat_is_answered_before_anything_has_changed_its_mind(api):
    group, once = api.group(), {"Idempotency-Key": unique("once"), "If-Match": '"1"'}
    path = f"{GROUPS}/{group['id']}"
    first = api.post(path, {"metadata": {"a": 1}}, headers=once)
    api.delete(path)

    repeat = api.post(path, {"metadata": {"a": 1}}, headers=once)

    assert repeat.headers["Idempotent-Replayed"] == "true"
    assert (repeat.status_code, repeat.json()) == (200, first.json())


def test_a_body_that_is_not_utf_8_is_refused_before_a_repeat_and_a_bad_reason_after_it(api):
    path, once = f"{GROUPS}/{api.group()['id']}", {"Idempotency-Key": unique("once")}
    api.post(path, {"metadata": {"a": 1}}, headers=once)

    latin = api("POST", path, data='"é"'.encode("latin-1"), headers=JSON | once)
    repeat = api.post(path, {"metadata": {"a": 1}}, headers=once | {"X-Reason": "%FF"})
    anew = api.post(path, {"metadata": {"a": 1}}, headers={"X-Reason": "%FF"})

    assert [answer.status_code for answer in (latin, repeat, anew)] == [415, 200, 400]


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "text/plain"}, {"Idempotency-Key": "x" * 300}]
)
def test_a_body_that_is_too_long_is_refused_before_the_rest(api, headers):
    answer = api(
        "POST",
        f"{GROUPS}/{NO_GROUP}",
        data=b"x" * (MIB + 1),
        headers=JSON | {"If-Match": "nonsense"} | headers,
    )

    assert answer.status_code == (415 if headers.get("Content-Type") else 413)


def test_a_name_that_is_taken_is_said_last(api):
    taken, group = api.group()["name"], api.group()
    path = f"{GROUPS}/{group['id']}"

    stale = api.post(path, {"name": taken}, headers={"If-Match": '"9"'})
    current = api.post(path, {"name": taken}, headers={"If-Match": '"1"'})

    assert (stale.status_code, current.status_code) == (412, 400)


# Bodies


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "image/png", None])
def test_an_empty_body_is_an_empty_object_whatever_its_type(api, content_type):
    group = api.group()
    path, headers = f"{GROUPS}/{group['id']}", {"Content-Type": content_type}

    assert group_of(api("POST", path, headers=headers)) == group
    assert group_of(api("POST", f"{path}/customers", headers=headers)) == group
    assert group_of(api("POST", path, headers=headers, data=iter([b""]))) == group
    assert refusal(api("POST", GROUPS, headers=headers)) == invalid("Field 'name' is required")


def test_the_sdk_calls_every_request_json(api):
    group = api.group()
    path = f"{GROUPS}/{group['id']}"

    assert api.get(path, headers=JSON).status_code == 200
    assert api.delete(path, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b'{"name": "A"}'),
        ("application/x-www-form-urlencoded", b"name=A"),
        ("application/merge-patch+json", b'{"name": "A"}'),
        (None, b'{"name": "A"}'),
        ("application/json; charset=latin-1", '{"name": "é"}'.encode("latin-1")),
        ("application/json", '{"name": "é"}'.encode("latin-1")),
        ("application/json", '{"name": "A"}'.encode("utf-16")),
    ],
)
def test_anything_but_json_in_utf_8_is_415(api, content_type, body):
    for path in (GROUPS, f"{GROUPS}/{NO_GROUP}", "/auth/user/emailpass", "/admin/api-keys"):
        answer = api("POST", path, data=body, headers={"Content-Type": content_type})
        assert refusal(answer)[:2] == (415, "invalid_data"), path


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON; charset=UTF8"],
)
def test_json_is_accepted_however_its_type_is_written(api, content_type):
    name = unique("é")
    body = codecs.BOM_UTF8 + json.dumps({"name": name}, ensure_ascii=False).encode()

    answer = api("POST", GROUPS, data=body, headers={"Content-Type": content_type})

    assert group_of(answer)["name"] == name


@pytest.mark.parametrize(
    "body", [b"{", b"nonsense", b" ", b'{"name": "A"} x', b"[]", b'"name"', b"null", b"{'a': 1}"]
)
def test_broken_json_is_400(api, body):
    for path in (GROUPS, "/auth/user/emailpass"):
        status, kind, message = refusal(api("POST", path, data=body, headers=JSON))
        assert (status, kind) == (400, "invalid_data")
        assert message.startswith("Invalid request: ")


def long_body(size: int) -> bytes:
    body = json.dumps({"add": [], "remove": ["x"]}).encode()
    return body + b" " * (size - len(body))


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (GROUPS, MIB),
        (CUSTOMERS, MIB),
        (f"{GROUPS}/{NO_GROUP}", MIB),
        (f"{GROUPS}/{NO_GROUP}/customers", 2 * MIB),
        (f"{CUSTOMERS}/{NO_CUSTOMER}/customer-groups/", 2 * MIB),
    ],
)
def test_a_body_is_taken_to_its_limit_and_not_a_byte_more(api, anonymous, path, limit):
    fits, too_long = long_body(limit), long_body(limit + 1)

    assert api("POST", path, data=fits, headers=JSON).status_code in (400, 404)
    assert refusal(api("POST", path, data=too_long, headers=JSON))[:2] == (413, "invalid_data")
    assert anonymous("POST", path, data=too_long, headers=JSON).status_code == 401


def test_a_login_that_is_too_long_is_413(anonymous):
    answer = anonymous("POST", "/auth/user/emailpass", data=long_body(MIB + 1), headers=JSON)

    assert answer.status_code == 413


# HEAD and the trailing slash


@pytest.fixture(scope="module")
def readable(server, token) -> list[str]:
    """Routes that answer GET."""
    api = Api(server, token)
    group, customer = api.group()["id"], api.customer()["id"]
    return [
        GROUPS,
        f"{GROUPS}/{group}",
        f"{GROUPS}/{group}/customers",
        f"{GROUPS}/{group}/history",
        CUSTOMERS,
        f"{CUSTOMERS}/{customer}",
        f"{CUSTOMERS}/{customer}/customer-groups",
        "/admin/api-keys",
        "/admin/users/me",
        "/health",
        "/health/live",
        "/health/ready",
    ]


def test_head_works_wherever_get_does(api, readable):
    for path in readable:
        get, head = api.get(path), api("HEAD", path)
        assert (head.status_code, head.content) == (200, b""), path
        for name in ("Content-Type", "Content-Length", "ETag"):
            assert head.headers.get(name) == get.headers.get(name), path
    assert api("HEAD", f"{GROUPS}/X").status_code == 404


def test_a_trailing_slash_is_accepted(api, readable):
    for path in readable:
        assert api.get(f"{path}/", allow_redirects=False).content == api.get(path).content, path

    group = group_of(api.post(f"{GROUPS}/", {"name": unique("VIP")}))
    path = f"{GROUPS}/{group['id']}"
    assert group_of(api.post(f"{path}/", {})) == group
    assert group_of(api.post(f"{path}/customers/", {})) == group
    assert api.delete(f"{path}/").json()["deleted"] is True
    assert api.post("/auth/session/").status_code == 200
