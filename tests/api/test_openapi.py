"""The document about the API, and the page that shows it: complete, valid, true, offline."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31  # the official meta-schema

from domain.errors import Refused
from service.errors import CODES, REFUSALS
from tests.api.answers import CUSTOMERS, GROUPS, NO_GROUP

SERVICE = Path(__file__).parents[2] / "service"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


class Documented:
    """The document, as somebody reads it who has an answer in hand."""

    def __init__(self, document):
        self.document = document

    def resolved(self, value):
        """What a reference stands for."""
        while "$ref" in value:
            steps = value["$ref"].removeprefix("#/").split("/")
            value = self.document
            for step in steps:
                value = value[step]
        return value

    def operation(self, answer):
        path = answer.request.path_url.partition("?")[0]
        templates = sorted(self.document["paths"], key=lambda template: template.count("{"))
        for template in templates:
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return self.document["paths"][template][answer.request.method.lower()]
        raise AssertionError(f"{path} is not documented")

    def check(self, answer):
        """Fail unless status, headers, type and body of an answer are as documented."""
        response = self.check_head(answer)
        if "content" not in response:
            assert answer.content == b""
            return
        media_type = answer.headers["Content-Type"].partition(";")[0]
        schema = response["content"][media_type]["schema"]
        body = answer.json() if media_type.endswith(("/json", "+json")) else answer.text
        root = schema | {"components": self.document["components"]}
        jsonschema.Draft202012Validator(root).validate(body)

    def check_head(self, answer):
        """Fail unless status, headers and type are; returns what is said of the response."""
        responses = self.operation(answer)["responses"]
        assert str(answer.status_code) in responses, answer.text
        response = self.resolved(responses[str(answer.status_code)])
        for name, header in response.get("headers", {}).items():
            header = self.resolved(header)
            assert name in answer.headers or not header.get("required"), name
            if header["schema"].get("type") == "string" and name in answer.headers:
                jsonschema.validate(answer.headers[name], header["schema"])
        if "content" in response:
            assert answer.headers["Content-Type"].partition(";")[0] in response["content"]
        return response


@pytest.fixture
def documented(anonymous):
    return Documented(anonymous.get("/openapi.json").json())


def references(value):
    """Every reference in a part of the document."""
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == "$ref")
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_document_is_valid(documented):
    document = documented.document

    jsonschema.Draft202012Validator.check_schema(OPENAPI_31)
    jsonschema.Draft202012Validator(OPENAPI_31).validate(document)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in references(document):
        assert documented.resolved({"$ref": reference})


def test_what_is_not_openapi_is_not_valid(documented):
    broken = documented.document | {"paths": {"groups": {}}}

    assert not jsonschema.Draft202012Validator(OPENAPI_31).is_valid(broken)


def test_every_operation_has_a_name_of_its_own(documented):
    names = [
        operation["operationId"]
        for operations in documented.document["paths"].values()
        for operation in operations.values()
    ]

    assert len(set(names)) == len(names) > 30


def test_every_documented_method_is_one_that_the_service_has(api, documented):
    for path, operations in documented.document["paths"].items():
        answer = api("OPTIONS", path.replace("{", "").replace("}", ""))

        assert answer.status_code == 200, path
        assert {method.upper() for method in operations} <= set(answer.headers["Allow"].split(", "))


def test_every_code_is_listed_and_has_an_answer(documented):
    description = documented.document["info"]["description"]

    for code, (status, meaning) in CODES.items():
        assert f"| `{code}` | {status} | {meaning} |" in description
        answer = documented.document["components"]["responses"][code]
        assert f"`{code}`" in answer["description"]


def test_every_refusal_of_the_domain_is_listed():
    refusals = set(Refused.__subclasses__())

    assert {(kind.code, REFUSALS[kind][0]) for kind in refusals} <= {
        (code, status) for code, (status, _) in CODES.items()
    }
    assert set(REFUSALS) == refusals


def test_every_code_that_an_answer_is_made_with_is_listed():
    """`Answer(status, kind, code, ...)` anywhere in the service."""
    made = {
        (call.args[2].value, call.args[0].value)
        for path in SERVICE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", None) == "Answer"
        if len(call.args) > 2 and all(isinstance(call.args[at], ast.Constant) for at in (0, 2))
    }

    assert len(made) > 10
    assert dict(made) == {code: CODES[code][0] for code, _ in made}


def test_answers_about_groups_are_as_documented(api, documented):
    group = api.group("Ada & Söhne " + api.customer()["id"], metadata={"a": [1, None]})
    path = f"{GROUPS}/{group['id']}"
    api.add(group["id"], api.customer()["id"])
    version = {"If-Match": '"1"'}

    for answer in (
        api.get(path),
        api.get(path, headers={"If-None-Match": '"2"', "X-Request-Id": "my-own"}),
        api.get(path, params={"fields": "+version,+customers_count,*customers"}),
        api.get(GROUPS, params={"limit": 2}),
        api.get(GROUPS, params={"limit": 2, "cursor": "", "fields": "id,customers.email"}),
        api.get(f"{path}/customers"),
        api.get(f"{path}/customers", params={"offset": 0}),
        api.post(path, {"name": group["name"] + "!"}),
        api.patch(path, {"metadata": {"b": {}}}),
        api.post(f"{path}/customers?detail=true", {"add": [], "remove": []}),
        api.get(f"{path}/history"),
        api.post(path, {"name": "late"}, headers=version),
        api.post(GROUPS, {"name": group["name"] + "!"}),
        api.post(GROUPS, {"nam": "VIP"}),
        api.post(GROUPS, data=b"VIP", headers={"Content-Type": "text/plain"}),
        api.patch(path, {}, headers={"Content-Type": "application/json"}),
        api.post(GROUPS, data=b" " * 2**20 + b"{}", headers={"Content-Type": "application/json"}),
        api.get(f"{GROUPS}/{NO_GROUP}"),
        api.get(path, headers={"X-Min-Position": "999999999"}),
        api.get(path, headers={"Authorization": ""}),
        api.delete(path),
    ):
        documented.check(answer)


def test_every_kind_of_event_is_documented(api, documented):
    group = api.group()
    path, customer = f"{GROUPS}/{group['id']}", api.customer()["id"]
    api.post(path, {"name": group["name"] + "!", "metadata": {"a": 1}}, headers={"X-Reason": "Why"})
    api.add(group["id"], customer)
    api.post(f"{path}/customers", {"remove": [customer]})
    api.delete(path)
    api.post(f"{path}/restore", {"name": group["name"] + "?"})

    history = api.get(f"{path}/history")

    assert len(history.json()["events"]) == 7
    documented.check(history)
    documented.check(api.get(f"{path}/history", params={"ids": 0}))
    documented.check(api.get(f"{CUSTOMERS}/{customer}/history"))


def test_answers_about_what_is_taken_back_are_as_documented(api, documented):
    group = api.group(metadata={"a": 1})
    path, customer = f"{GROUPS}/{group['id']}", api.customer()["id"]
    api.add(group["id"], customer)
    mistake = api.post(f"{path}/customers", {"remove": [customer]}).headers["X-Request-Id"]
    again = api.delete(path).headers["X-Request-Id"]
    undo = "/admin/events/undo"

    for answer in (
        api.post(undo, {"request_id": again}, params={"dry_run": "true"}),
        api.post(undo, {"request_id": again}, headers={"Idempotency-Key": "again " + group["id"]}),
        api.post(undo, {"request_id": again}),
        api.post(undo, {"request_id": "?"}),
        api.post(undo, {"request": "?"}),
        api.post(
            undo, {"request_id": api.delete(f"{CUSTOMERS}/{customer}").headers["X-Request-Id"]}
        ),
        api.post(undo, {"request_id": mistake}),
        api.post(f"{path}/restore"),
        api.delete(path),
        api.post(f"{path}/restore", headers={"If-Match": '"1"'}),
        api.post(f"{path}/restore"),
        api.post(f"{GROUPS}/{NO_GROUP}/restore"),
        api.get(f"{path}/history", params={"type": "Sold"}),
        api.get(f"{CUSTOMERS}/cus_nobody/history"),
    ):
        documented.check(answer)


def test_answers_about_customers_are_as_documented(api, documented):
    customer = api.customer(first_name="Ada", metadata={"since": 1843})
    path = f"{CUSTOMERS}/{customer['id']}"
    group = api.group()
    api.add(group["id"], customer["id"])

    for answer in (
        api.get(path),
        api.get(path, params={"fields": "+groups.name,*groups"}),
        api.get(CUSTOMERS, params={"limit": 2}),
        api.get(CUSTOMERS, params={"limit": 2, "cursor": ""}),
        api.post(path, {"email": None}),
        api.post(path, {"email": "nobody"}),
        api.put(f"{path}-2", {"first_name": "Bob"}),
        api.put(f"{path}-2", {"first_name": "Bob"}),
        api.get(f"{path}/customer-groups"),
        api.post(f"{path}/customer-groups", {"add": [group["id"]]}),
        api.post(f"{path}/customer-groups", {"add": [NO_GROUP]}),
        api.post(f"{CUSTOMERS}/lookup", {"values": [customer["id"], "?"], "group_id": group["id"]}),
        api.post(
            "/admin/memberships/check",
            {"customer_ids": [customer["id"]], "group_ids": [group["id"]]},
        ),
        api.post(
            f"{CUSTOMERS}/import", data=b"email\nno address\n", headers={"Content-Type": "text/csv"}
        ),
        api.post(f"{CUSTOMERS}/import", {}),
        api.delete(path),
    ):
        documented.check(answer)


def test_answers_about_events_are_as_documented(api, documented):
    group = api.group()
    lines = {"Accept": "application/x-ndjson"}

    for answer in (
        api.get("/events", params={"group_id": group["id"], "limit": 1}),
        api.get("/events", params={"type": ["Renamed", "customer-groups.GroupCreated.v1"]}),
        api.get("/events", params={"group_id": group["id"]}, headers=lines),
        api.get("/events", params={"after": 10**15}),
        api.get("/events", params={"log": "log_0"}),
        api.get("/events", params={"type": "Sold"}),
        api.get("/events/stream", params={"after": 10**15}),
        api.get("/events/stream", headers={"Last-Event-ID": "last"}),
        api.get("/events/schemas/Sold.v1.json"),
    ):
        documented.check(answer)
    with api.get("/events/stream", params={"group_id": group["id"]}, stream=True) as stream:
        documented.check_head(stream)


def test_answers_about_credentials_are_as_documented(api, anonymous, documented):
    credentials = {"email": api.server.admin_email, "password": api.server.admin_password}
    key = api.post("/admin/api-keys", {"title": "Script", "type": "secret"})

    for answer in (
        key,
        api.get("/admin/api-keys"),
        api.post(f"/admin/api-keys/{key.json()['api_key']['id']}/revoke"),
        api.post("/admin/api-keys/apk_0/revoke"),
        api.get("/admin/users/me"),
        anonymous.get("/admin/users/me"),
        anonymous.post("/auth/user/emailpass", credentials),
        anonymous.post("/auth/user/emailpass", credentials | {"email": "eve@shop.example"}),
        api.post("/auth/token/refresh"),
        api.post("/auth/session"),
        api.delete("/auth/session"),
        api.delete("/auth/session"),
    ):
        documented.check(answer)


def test_what_needs_no_credentials_is_as_documented(anonymous, documented):
    health = ("/health", "/health/live", "/health/ready")
    documents = ("/openapi.json", "/asyncapi.json", "/events/schemas/Renamed.v1.json", "/docs")
    for path in (*health, *documents):
        answer = anonymous.get(path)

        assert answer.status_code == 200
        documented.check(answer)
        assert documented.operation(answer)["security"] == []


def test_an_answer_that_is_not_documented_is_noticed(api, documented):
    answer = api.get(GROUPS, params={"limit": 1})
    answer._content = answer.content.replace(b'"count"', b'"total"')

    with pytest.raises(jsonschema.ValidationError):
        documented.check(answer)


def test_the_document_is_sent_again_only_when_it_changed(anonymous):
    first = anonymous.get("/openapi.json")

    again = anonymous.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert anonymous("HEAD", "/openapi.json").headers["ETag"] == first.headers["ETag"]


class Links(HTMLParser):
    """Where a page leads to, and what it would run by itself."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.inline = []
        self.within = None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.within = tag
        self.found += [value for name, value in attributes if name in ("src", "href")]
        self.inline += [name for name, _ in attributes if name == "style" or name[:2] == "on"]

    def handle_endtag(self, _tag):
        self.within = None

    def handle_data(self, data):
        if self.within in ("script", "style") and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_runs_nothing_of_its_own_and_asks_nobody_else(anonymous, path):
    answer = anonymous.get(path)
    links = Links(answer.text)

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert links.inline == []
    assert len(links.found) == 5
    for link in links.found:
        assert re.match(r"/(?!/)", link), "a page of ours, not another host's"
        assert anonymous.get(link).status_code == 200


def test_the_browser_is_told_to_ask_nobody_else(anonymous):
    policy = dict(
        directive.split(" ", 1)
        for directive in anonymous.get("/docs").headers["Content-Security-Policy"].split("; ")
    )

    assert policy.pop("default-src") == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert set(" ".join(policy.values()).split()) == {"'self'", "'none'", "data:"}


def test_the_files_of_the_page_are_ours_alone(anonymous, documented):
    names = documented.document["paths"]["/docs/{name}"]["get"]["parameters"][0]["schema"]["enum"]
    files = {name: anonymous.get(f"/docs/{name}") for name in names}

    for answer in files.values():
        documented.check(answer)
    assert {name: answer.headers["Content-Type"] for name, answer in files.items()} == {
        "start.js": "text/javascript; charset=utf-8",
        "swagger-ui.css": "text/css; charset=utf-8",
        "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
        "favicon-32x32.png": "image/png",
    }
    addresses = re.findall(r"""url\(["']?([^)]{5})""", files["swagger-ui.css"].text)
    assert set(addresses) == {"data:"}
    assert "@import" not in files["swagger-ui.css"].text
    assert "//" not in files["start.js"].text
    assert "validatorUrl: null" in files["start.js"].text, "else it asks validator.swagger.io"
    documented.check(anonymous.get("/docs/swagger-ui.js"))  # there is one, and it is not served


def test_every_whole_number_of_a_query_says_from_where_to_where(documented):
    for path, operations in documented.document["paths"].items():
        for operation in operations.values():
            for parameter in map(documented.resolved, operation.get("parameters", [])):
                schema = parameter.get("schema", {})
                if parameter["in"] == "query" and schema.get("type") == "integer":
                    assert {"minimum", "maximum"} <= {*schema}, (path, parameter["name"])
