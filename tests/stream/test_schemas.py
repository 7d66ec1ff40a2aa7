"""What is said about events: JSON Schemas and AsyncAPI, valid, true and open to anybody."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest

from domain.group import Group
from projections import log
from projections.stores import open_store
from service.api import eventschemas
from service.api.eventschemas import EVENTS
from service.app import create_app, prepare
from service.settings import Settings
from tests.asking import asking
from tests.conftest import STORES
from tests.npm import install, run
from tests.test_documented import rows

TESTS = Path(__file__).parents[1]
STANDARDS = TESTS / "standards"
FROZEN = json.loads((TESTS / "projections" / "contract" / "frozen_lines.json").read_text())

PASSWORD = "correct horse battery staple"
GROUPS = "/admin/customer-groups"
EMOJI = "\N{FIRST PLACE MEDAL}"

LONGEST_NAME = EMOJI * 255
MOST_METADATA = {f"\N{SNOWMAN}{n}": None for n in range(198)} | {
    "ü" * 255: [1.5, -(2**53 - 1), True, "", {"\u2028": json.loads("[" * 17 + "]" * 17)}],
    "null": {"": None},
}
ODD_IDS = ["!$&'()*+-.0:;<=>@A[]^_`a{|}~\"", "~" * 128, "0", "a@b.example"]
MANY_IDS = ODD_IDS + [f"cus_{n:06}" for n in range(2500)]
LONGEST_REASON = "Warum? \n" + EMOJI * 492
TELLING = {
    "X-Reason": quote(LONGEST_REASON),
    "X-Request-Id": "!~" * 64,
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


class Client:
    """The application without a server; `call` is for the admin, `get` for anybody."""

    def __init__(self, url):
        # every id and customer that a service can be told to accept
        settings = Settings(
            admin_password=PASSWORD, unknown_customers="accept", allow_at_in_ids=True
        )
        self.store = open_store(url)
        prepare(settings, self.store)
        self.app = create_app(settings, self.store)
        self.client = self.app.test_client()
        credentials = {"email": settings.admin_email, "password": PASSWORD}
        self.token = self.client.post("/auth/user/emailpass", json=credentials).json["token"]

    def get(self, path, **headers):
        return self.client.get(path, headers=headers)

    def call(self, method, path, body=None, **headers):
        headers |= {"Authorization": f"Bearer {self.token}"}
        answer = self.client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json

    def lines(self):
        """The whole log in its published form."""
        identity = log.log_id(self.store.read)
        events = log.after(self.store.read, 0, limit=1000)
        return [log.published(event, identity) for event in events]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    client = Client(f"sqlite:///{tmp_path_factory.mktemp('schemas') / 'groups.db'}")
    yield client
    client.store.close()


@pytest.fixture(scope="module", params=STORES)
def lines(request, new_database):
    """A log with every event in it, as plain and as odd as the service lets them be."""
    client = Client(new_database(request.param))
    group = client.call("POST", GROUPS, {"name": "VIP"})["customer_group"]["id"]
    path = f"{GROUPS}/{group}"
    told = {"name": LONGEST_NAME, "metadata": MOST_METADATA}
    client.call("POST", GROUPS, told, **TELLING)
    client.call("POST", path, {"name": "\N{HEBREW LETTER ALEF}\N{COMBINING DIAERESIS} '\"\\"})
    for metadata in (MOST_METADATA, {}, dict.fromkeys(MOST_METADATA, ""), None):
        client.call("POST", path, {"metadata": metadata}, **TELLING)
    client.call("POST", f"{path}/customers", {"add": MANY_IDS}, **TELLING)
    client.call("POST", f"{path}/customers", {"add": ["one"], "remove": MANY_IDS[:-1]})
    client.call("DELETE", f"/admin/customers/{MANY_IDS[-1]}")
    client.call("DELETE", path, **TELLING)
    with asking(client.call("GET", "/admin/users/me")["user"]["id"]):
        client.app.extensions["customer_groups"].groups.restore_group(group, name="Gold")
    yield client.lines()
    client.store.close()


def refusals(schema, value):
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]


# Schemas


def test_every_event_has_a_schema_and_a_row_in_the_readme(client):
    assert EVENTS.keys() == rows("The events").keys()

    for event in EVENTS:
        path = f"/events/schemas/{event}.v1.json"
        schema = client.get(path).json
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
        assert (schema["$id"], schema["title"]) == (path, event)
        assert schema["description"] != eventschemas.getdoc(Group.Event)
        assert all(field.get("description") for field in schema["properties"].values())
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])


def test_a_field_that_nobody_described_has_no_schema():
    @dataclass(frozen=True, kw_only=True)
    class Merged(Group.Event):
        """Two groups became one."""

        TOPIC = "Merged"
        into: str

    with pytest.raises(LookupError, match="into"):
        eventschemas.schema(Merged)


def test_every_event_that_the_service_can_store_fits_its_schema(client, lines):
    found = [json.loads(line) for line in lines]

    for event in found:
        schema = client.get(event["dataschema"]).json
        assert refusals(schema, event["data"]) == [], event["type"]
        assert refusals(in_asyncapi(client, event), event) == [], event["type"]
    counts = Counter(event["type"].split(".")[1] for event in found)
    assert counts == {
        "GroupCreated": 2,
        "Renamed": 1,
        "MetadataChanged": 3,
        "CustomersAdded": 4,
        "CustomersRemoved": 4,
        "GroupDeleted": 1,
        "GroupRestored": 1,
    }


def test_the_bounds_of_the_schemas_are_those_of_the_service(lines):
    """The log that has to fit the schemas goes as far as the service allows."""
    found = [json.loads(line)["data"] for line in lines]

    assert max(len(data.get("name") or "") for data in found) == 255
    assert max(len(data.get("metadata") or {}) for data in found) == 200
    assert max(len(data.get("removed") or []) for data in found) == 200
    assert max(len(data.get("customer_ids") or []) for data in found) == 1000
    assert max(len(data["reason"] or "") for data in found) == 500
    assert max(len(data["correlation_id"] or "") for data in found) == 128
    assert {data["reason"] for data in found} == {None, LONGEST_REASON, "customer deleted"}
    assert {data["traceparent"] for data in found} == {None, TELLING["traceparent"]}


@pytest.mark.parametrize("sample", FROZEN, ids=lambda sample: sample["event"]["topic"])
def test_what_was_published_once_fits_the_schema_of_today(client, sample):
    event = json.loads(sample["line"])
    schema = client.get(event["dataschema"]).json

    assert list(event["data"]) == list(schema["properties"])
    assert refusals(schema, event["data"]) == []
    assert refusals(in_asyncapi(client, event), event) == []


WRONG = {
    "a key too many": {"color": "red"},
    "no position": {"position": None},
    "position 0": {"position": 0},
    "a fraction": {"version": 1.5},
    "an id of something else": {"group_id": "cus_01JD9QW3ZR7V5M8K2N4P6T8X0G"},
    "an id with a letter that no ULID has": {"group_id": "cusgroup_01JD9QW3ZR7V5M8K2N4P6T8X0L"},
    "an unknown actor": {"actor": {"type": "robot", "id": "1"}},
    "an actor by name": {"actor": {"type": "user", "id": "user_1", "label": "Ada"}},
    "no request": {"request_id": None},
    "a request that is not ours": {"request_id": "4711"},
    "an empty reason": {"reason": ""},
    "a long reason": {"reason": "x" * 501},
    "a name for a trace": {"traceparent": "my-trace"},
    "a blank in a correlation id": {"correlation_id": "a b"},
    "nobody": {"customer_ids": []},
    "too many": {"customer_ids": [f"cus_{n}" for n in range(1001)]},
    "somebody twice": {"customer_ids": ["a", "a"]},
    "an id with a slash": {"customer_ids": ["a/b"]},
    "an id too long": {"customer_ids": ["x" * 129]},
    "a number for an id": {"customer_ids": [1]},
    "a list that is null": {"customer_ids": None},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_the_service_never_stores_does_not_fit(client, wrong):
    line = next(each["line"] for each in FROZEN if each["event"]["topic"] == "CustomersAdded")
    event = json.loads(line)
    schema = client.get(event["dataschema"]).json

    event["data"] |= WRONG[wrong]

    assert refusals(schema, event["data"])
    assert refusals(in_asyncapi(client, event), event)


@pytest.mark.parametrize(
    "path", ["Merged.v1.json", "CustomersAdded.v2.json", "CustomersAdded.json", "GroupSnapshot.v1"]
)
def test_there_is_no_schema_of_what_is_not_published(client, path):
    answer = client.get(f"/events/schemas/{path}")

    assert (answer.status_code, answer.json["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/asyncapi.json", "/events/schemas/Renamed.v1.json"])
def test_a_document_is_open_and_sent_again_only_when_it_changed(client, path):
    first = client.get(path)
    again = client.get(path, **{"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, first.content_type) == (200, "application/json")
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, no-cache"


# AsyncAPI


def document_of(client):
    return client.get("/asyncapi.json").json


def in_asyncapi(client, event):
    """The payload that the document gives to an event, with what it refers to."""
    document = document_of(client)
    message = document["channels"]["stream"]["messages"][event["type"].split(".")[1]]
    return message["payload"] | {"components": document["components"]}


def resolved(document, reference):
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


def references(value):
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == "$ref")
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.fixture(scope="module")
def standards():
    """The packages in which the standards ship their own schemas."""
    return install(STANDARDS, "the standards' own schemas")


@pytest.fixture(scope="module")
def asyncapi_schema(standards):
    return json.loads(
        (standards / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json").read_text()
    )


def test_the_asyncapi_document_is_valid(client, asyncapi_schema):
    jsonschema.Draft7Validator(asyncapi_schema).validate(document_of(client))


def test_what_is_not_asyncapi_is_not_valid(client, asyncapi_schema):
    document = document_of(client)
    document["operations"]["relay"]["action"] = "relay"

    assert not jsonschema.Draft7Validator(asyncapi_schema).is_valid(document)


def test_every_reference_leads_somewhere(client):
    document = document_of(client)

    found = set(references(document))

    assert len(found) > 30
    assert all(resolved(document, reference) for reference in found)


def test_every_event_goes_by_every_way(client):
    document = document_of(client)
    ways = {
        name: [resolved(document, message["$ref"]) for message in way["messages"]]
        for name, way in document["operations"].items()
    }
    ways["readFeed"] = [
        resolved(document, message["$ref"])
        for message in document["operations"]["readFeed"]["reply"]["messages"]
    ]

    assert ways.keys() == {"readFeed", "followStream", "relay", "deliver"}
    for messages in ways.values():
        names = {message.get("name") for message in messages} - {None}
        assert names == {f"customer-groups.{event}.v1" for event in EVENTS}
    subjects = document["channels"]["subjects"]
    assert subjects["address"] == "customer-groups.events.{event}"
    assert subjects["parameters"]["event"]["enum"] == list(EVENTS)


def test_both_documents_name_the_same_parameters_and_credentials(client):
    document, openapi = document_of(client), client.get("/openapi.json").json

    for operation, path in (("readFeed", "/events"), ("followStream", "/events/stream")):
        described = document["operations"][operation]
        get = openapi["paths"][path]["get"]
        query = [each for each in get["parameters"] if each.get("in") == "query"]
        asked = described["bindings"]["http"]["query"]["properties"]
        assert asked == {
            each["name"]: each["schema"] | {"description": each["description"]} for each in query
        }
        assert [reference["$ref"].split("/")[-1] for reference in described["security"]] == [
            scheme for requirement in get["security"] for scheme in requirement
        ]
        assert get["security"] == [{"token": []}, {"key": ["events:read"]}, {"session": []}]


def test_a_page_of_the_feed_is_as_the_document_says(client, lines):
    document = document_of(client)
    messages = document["channels"]["feed"]["messages"]
    page = {"log": "log_1", "events": [json.loads(line) for line in lines], "next": 9, "end": 9}
    components = {"components": document["components"]}

    assert refusals(messages["page"]["payload"] | components, page) == []
    del page["events"]
    assert refusals(messages["page"]["payload"] | components, page)
    assert refusals(messages["cursor"]["payload"], page) == []


# CloudEvents


@pytest.fixture(scope="module")
def faults(standards):
    """What the SDK of CloudEvents, which holds the standard's own schema, finds in each line."""
    folder = standards.parent

    def faults(lines):
        done = run(folder, ["node", "events.mjs"], input="\n".join(lines), timeout=120)
        assert done.returncode == 0, done.stdout
        return [json.loads(line) for line in done.stdout.splitlines()]

    return faults


def absolute(line):
    """The line with the address of its schema as a reader resolves it.

    The standard wants an absolute URI. The service does not know by which name it is reached, and
    the line stays the same bytes for ever, so what is published is relative to the service.
    """
    return re.sub(r'(?<="dataschema":")(?=/)', "https://groups.example", line, count=1)


def test_every_line_is_a_cloud_event_by_the_standards_own_schema(faults, lines):
    published = [sample["line"] for sample in FROZEN] + [line.decode() for line in lines]

    assert faults([absolute(line) for line in published]) == [[]] * len(published)
    assert faults(published) == [['/dataschema must match format "uri"']] * len(published)
    for line in published:  # naming rules, which no schema can say
        assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in json.loads(line))


def test_a_line_that_is_no_cloud_event_is_noticed(faults):
    event = json.loads(absolute(FROZEN[0]["line"]))
    wrong = [{"id": 1}, {"source": ""}, {"source": "a b"}, {"type": ""}, {"dataschema": "/x"}]

    assert all(faults([json.dumps(event | each) for each in wrong]))
