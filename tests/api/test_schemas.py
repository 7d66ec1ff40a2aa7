"""What bodies and query strings are accepted, and the words in which they are refused."""

import json
import math

import orjson
import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.api import schemas
from service.api.bodies import BrokenJson, NotUtf8, parse_json
from service.api.problems import Checked, Invalid, Problem
from service.api.schemas import (
    BatchLink,
    BatchLinkGroups,
    CreateApiKey,
    CreateCustomer,
    CreateGroup,
    Login,
    Lookup,
    MembershipCheck,
    PatchGroup,
    PutCustomer,
    UpdateCustomer,
    UpdateGroup,
)
from service.api.values import customer_id_problem

create_group = CreateGroup()
create_customer = CreateCustomer()

NO_CUSTOMER = {
    "email": None,
    "company_name": None,
    "first_name": None,
    "last_name": None,
    "phone": None,
    "metadata": None,
}


def problems(schema: Checked, body: object) -> list[Problem]:
    with pytest.raises(Invalid) as refused:
        schema.load(body)
    return refused.value.problems


def message(schema: Checked, body: object) -> str:
    with pytest.raises(Invalid) as refused:
        schema.load(body)
    return str(refused.value)


# JSON


def test_an_empty_body_is_an_empty_object():
    assert parse_json(b"") == {}


def test_of_a_key_given_twice_the_last_value_stands():
    assert parse_json(b'{"a": 1, "b": 2, "a": 3}') == {"a": 3, "b": 2}


def test_a_byte_order_mark_is_skipped():
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_number_with_a_fraction_stays_one():
    parsed = parse_json(b'{"a": 1.0, "b": 1, "c": 9007199254740991}')

    assert orjson.dumps(parsed) == b'{"a":1.0,"b":1,"c":9007199254740991}'


@pytest.mark.parametrize(
    "number",
    [
        "9007199254740992",
        "-9007199254740993",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "9007199254740993.0",
        "1e300",
    ],
)
def test_a_number_that_may_have_lost_digits_is_refused_with_its_place(number):
    with pytest.raises(Invalid, match="from -9007199254740991 to 9007199254740991") as refused:
        parse_json(b'{"metadata": {"a/b": [0, {"~": %s}]}}' % number.encode())

    assert refused.value.problems[0].pointer == "/metadata/a~1b/1/~0"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"1e400",
        b'{"a": 1e400}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\\ud800"}',
        b"[]",
        b"null",
        b"5",
        b'"x"',
        b" ",
        b"{'a': 1}",
        b"[" * 100_000,
        b'{"a": 01}',
    ],
)
def test_broken_json_and_anything_but_an_object_is_refused(body):
    with pytest.raises(BrokenJson):
        parse_json(body)


@pytest.mark.parametrize(
    "body", [b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', '{"a": 1}'.encode("utf-16")]
)
def test_a_body_that_is_not_utf8_is_told_apart(body):
    with pytest.raises(NotUtf8):
        parse_json(body)


@pytest.mark.parametrize("body", [b'{"a": ["x\\u0000"]}', b'{"a": {"\\u0000": 1}}'])
def test_nul_is_refused_anywhere(body):
    with pytest.raises(Invalid, match="NUL"):
        parse_json(body)


def test_nesting_is_bounded_before_anything_walks_it():
    parse_json(b'{"a":' * 32 + b"1" + b"}" * 32)

    with pytest.raises(Invalid, match="32 levels deep"):
        parse_json(b'{"a":' * 33 + b"1" + b"}" * 33)
    with pytest.raises(Invalid, match="32 levels deep"):
        parse_json(b'{"a":' * 1000 + b"1" + b"}" * 1000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=3))
@example({"a": 2**53})
@example({"a": math.inf})
def test_a_body_is_refused_or_read_without_loss(value):
    try:
        parsed = parse_json(json.dumps(value).encode())
    except Invalid:
        return

    assert json.dumps(parsed) == json.dumps(value)
    assert orjson.loads(orjson.dumps(parsed)) == parsed


# Groups


def test_a_name_is_trimmed_and_composed():
    loaded = create_group.load({"name": "  Cafe\u0301\n"})

    assert loaded == {"name": "Caf\u00e9", "metadata": None}


@pytest.mark.parametrize("name", ["V", "👑", "VIP" + "x" * 252, "e\u0301" * 255, "0", "\u200bx"])
def test_a_name_of_1_to_255_characters_is_accepted(name):
    assert create_group.load({"name": name})["name"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "e\u0301" * 256, "x" * 100_000])
def test_a_name_of_any_other_length_is_refused(name):
    assert "Field 'name' accepts 1 to 255 characters" in message(create_group, {"name": name})


@pytest.mark.parametrize("name", ["\u200b", "\u2060", "\ufeff", "\u00ad\u200d", "\u3164", "\u2800"])
def test_a_name_that_shows_nothing_is_refused(name):
    assert "visible character" in message(create_group, {"name": name})


@pytest.mark.parametrize(
    ("name", "code_point"),
    [("a\0b", "0000"), ("a\tb", "0009"), ("a\x7f", "007F"), ("a\ud800", "D800")],
)
def test_a_name_with_control_characters_is_refused(name, code_point):
    assert f"U+{code_point} at position 2" in message(create_group, {"name": name})


@pytest.mark.parametrize(
    ("schema", "body", "expected"),
    [
        (CreateGroup, {}, "Field 'name' is required"),
        (CreateGroup, {"name": 5}, "Expected type: 'string' for field 'name', got: '5'"),
        (CreateGroup, {"name": None}, "Expected type: 'string' for field 'name', got: 'null'"),
        (CreateGroup, {"name": True}, "Expected type: 'string' for field 'name', got: 'true'"),
        (CreateGroup, {"name": ["x"]}, "Expected type: 'string' for field 'name', got: '[\"x\"]'"),
        (UpdateGroup, {"name": None}, "Expected type: 'string' for field 'name', got: 'null'"),
        (PatchGroup, {"name": None}, "Expected type: 'string' for field 'name', got: 'null'"),
        (UpdateGroup, {"metadata": "x"}, "Expected type: 'record' for field 'metadata', got: 'x'"),
        (
            UpdateGroup,
            {"metadata": [1]},
            "Expected type: 'record' for field 'metadata', got: '[1]'",
        ),
        (BatchLink, {"add": "x"}, "Expected type: 'array' for field 'add', got: 'x'"),
        (BatchLink, {"add": None}, "Expected type: 'array' for field 'add', got: 'null'"),
        (BatchLink, {"add": ["a", 5]}, "Expected type: 'string' for field 'add, 1', got: '5'"),
        (UpdateGroup, {"foo": 1, "bar": 2}, "Unrecognized fields: 'foo, bar'"),
        (CreateCustomer, {"email": "x"}, "Invalid email address"),
        (CreateCustomer, {"has_account": True}, "Unrecognized fields: 'has_account'"),
        (UpdateCustomer, {"groups": [], "x": 1}, "Unrecognized fields: 'groups, x'"),
        (
            PutCustomer,
            {"has_account": 1},
            "Expected type: 'boolean' for field 'has_account', got: '1'",
        ),
        (
            PutCustomer,
            {"has_account": None},
            "Expected type: 'boolean' for field 'has_account', got: 'null'",
        ),
        (CreateApiKey, {"title": "x", "type": "y"}, "Field 'type' accepts 'secret', got: 'y'"),
    ],
)
def test_refusals_have_the_words_of_the_api(schema, body, expected):
    assert message(schema(), body) == expected


def test_every_problem_is_told_with_its_place():
    assert problems(create_group, {"foo": 1, "name": 5, "metadata": "x"}) == [
        Problem("Expected type: 'string' for field 'name', got: '5'", "/name"),
        Problem("Expected type: 'record' for field 'metadata', got: 'x'", "/metadata"),
        Problem("Unrecognized fields: 'foo'", "/foo"),
    ]


def test_a_refused_value_is_quoted_up_to_100_characters():
    assert message(create_group, {"name": ["x" * 200]}).endswith("got: '[\"" + "x" * 98 + "'")


def test_of_many_unknown_names_twenty_are_quoted():
    refused = message(UpdateGroup(), dict.fromkeys(map(str, range(1_000))))

    assert refused.startswith("Unrecognized fields: '0, 1, 2, ")
    assert refused.endswith("18, 19' and 980 more")


def test_an_update_loads_only_what_is_given():
    assert UpdateGroup().load({}) == {}
    assert UpdateGroup().load({"metadata": None}) == {"metadata": None}
    assert PatchGroup().load({"metadata": {"a": None}}) == {"metadata": {"a": None}}


def nested(levels: int) -> dict[str, object]:
    return {"a": nested(levels - 1)} if levels > 1 else {}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"": ""},
        {"a": [1, 1.5, None, True, "x", {"b": -(2**53) + 1}]},
        {str(number): number for number in range(200)},
        {"k" * 255: 1},
        {"a": "x" * (65_536 - len('{"a":""}'))},
        nested(20),
        {"inner": {str(number): number for number in range(1_000)}},
    ],
)
def test_metadata_up_to_its_limits_is_kept_as_it_is(metadata):
    assert create_group.load({"name": "VIP", "metadata": metadata})["metadata"] == metadata


@pytest.mark.parametrize(
    ("metadata", "words", "pointer"),
    [
        ({str(number): number for number in range(201)}, "200 keys, got: 201", "/metadata"),
        ({"k" * 256: 1}, "Keys are accepted to 255 characters", "/metadata"),
        ({"a": {"k" * 256: 1}}, "Keys are accepted to 255 characters", "/metadata/a"),
        ({"a": "x" * 65_536}, "65,536 bytes", "/metadata"),
        ({"a": "é" * 32_768}, "65,536 bytes", "/metadata"),
        (nested(21), "20 levels deep", "/metadata" + "/a" * 20),
        ({"a": [math.nan]}, "Numbers", "/metadata/a/0"),
        ({"a": -math.inf}, "Numbers", "/metadata/a"),
        ({"a": 2**53}, "Numbers", "/metadata/a"),
        ({"a": "\0"}, "NUL", "/metadata/a"),
        ({"a": {"\0": 1}}, "NUL", "/metadata/a"),
        ({"a": "\ud800"}, "lone surrogates", "/metadata"),
        ({"\ud800": "a"}, "lone surrogates", "/metadata"),
    ],
)
def test_metadata_beyond_its_limits_is_refused(metadata, words, pointer):
    (problem,) = problems(create_group, {"name": "VIP", "metadata": metadata})

    assert words in problem.message
    assert problem.pointer == pointer


# Links


def test_ids_to_link_keep_their_order_and_lose_their_repeats():
    loaded = BatchLink().load({"add": ["b", "a", "b"], "remove": ["d", "c", "d"]})

    assert loaded == {"add": ["b", "a"], "remove": ["d", "c"]}
    assert BatchLink().load({}) == {"add": [], "remove": []}


@pytest.mark.parametrize("id", ["", "a/b", "..", "💥", "a" * 1000])
def test_an_id_that_no_customer_can_have_is_left_to_the_command(id):
    assert BatchLink().load({"add": [id]})["add"] == [id]


def test_an_id_in_both_lists_is_refused():
    body = {"add": ["a", "b"], "remove": ["c", "b"]}

    assert problems(BatchLink(), body) == [
        Problem("Customer b is in both add and remove", "/remove/1")
    ]
    assert message(BatchLinkGroups(), body) == "Customer group b is in both add and remove"


def test_ten_thousand_different_ids_are_accepted_and_no_more():
    ids = [str(number) for number in range(10_001)]

    loaded = BatchLink().load({"add": ids[:5_000] * 2, "remove": ids[5_000:10_000]})
    assert len(loaded["add"]) + len(loaded["remove"]) == 10_000

    refused = message(BatchLink(), {"add": ids[:5_000], "remove": ids[5_000:]})
    assert refused == "'add' and 'remove' together accept up to 10,000 ids, got: 10,001"
    assert "up to 10,000 values, got: 10,001" in message(BatchLink(), {"add": ids})


# Customers


def test_a_customer_loads_with_null_for_what_is_left_out():
    assert create_customer.load({}) == NO_CUSTOMER
    assert PutCustomer().load({}) == NO_CUSTOMER | {"has_account": False}
    assert UpdateCustomer().load({"phone": None}) == {"phone": None}
    assert create_customer.load({"additional_data": {"x": 1}}) == NO_CUSTOMER


def test_phone_and_email_are_trimmed_and_other_text_is_not():
    given_text = {"email": " ada@example.com ", "phone": " +44 20 ", "first_name": " Ada "}

    loaded = UpdateCustomer().load(given_text)

    assert loaded == {"email": "ada@example.com", "phone": "+44 20", "first_name": " Ada "}


@pytest.mark.parametrize("field", ["company_name", "first_name", "last_name", "phone"])
def test_customer_text_is_bounded_and_has_no_control_characters(field):
    assert UpdateCustomer().load({field: "é" * 255}) == {field: "é" * 255}

    assert "up to 255 characters, got: 256" in message(create_customer, {field: "x" * 256})
    assert "control characters" in message(create_customer, {field: "x\ny"})


@pytest.mark.parametrize(
    "email",
    [
        "a@b.co",
        "first.last+tag@shop.example.com",
        "jörg@müller.de",
        "o'neil@x-y.org",
        "अ@उदाहरण.भारत",
    ],
)
def test_an_email_address_is_accepted(email):
    assert create_customer.load({"email": email})["email"] == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "x",
        "@b.co",
        "a@",
        "a@b",
        "a@@b.co",
        "a b@c.de",
        "a@b..co",
        ".a@b.co",
        "a.@b.co",
        "a@b.co.",
        "a@.co",
        "<a@b.co>",
        "a@b.co,c@d.ef",
        "a@b.co;c@d.ef",
        "a\u200b@b.co",
        "a@b\u00ad.co",
    ],
)
def test_what_is_no_email_address_is_refused(email):
    assert message(create_customer, {"email": email}) == "Invalid email address"


def test_a_hostile_email_address_is_refused_at_once():
    assert message(create_customer, {"email": "a." * 127 + "@"}) == "Invalid email address"


@pytest.mark.parametrize("id", ["cus_01", "cdnow-00001", "a", "x" * 128, "...", "~!$&'()*+;=:_"])
def test_a_customer_id_is_visible_ascii(id):
    assert customer_id_problem(id, allow_at=False) is None


@pytest.mark.parametrize("id", ["", "x" * 129, "a b", "é", "a\n", ".", "..", *"/\\?#%,"])
def test_an_id_that_would_break_a_path_is_refused(id):
    assert "visible ASCII" in (customer_id_problem(id, allow_at=True) or "")


@pytest.mark.parametrize("id", ["import", "lookup"])
def test_an_id_that_is_the_name_of_a_route_is_refused(id):
    assert f"'{id}' cannot be" in (customer_id_problem(id, allow_at=True) or "")


def test_an_id_with_an_at_needs_the_setting():
    assert "an @ is refused" in (customer_id_problem("ada@example.com", allow_at=False) or "")
    assert customer_id_problem("ada@example.com", allow_at=True) is None


# The others


def test_a_lookup_keeps_repeats_and_takes_1_to_1000_values():
    assert Lookup().load({"values": ["b", "a", "b"]}) == {"values": ["b", "a", "b"]}

    assert message(Lookup(), {}) == "Field 'values' is required"
    assert "1 to 1,000 values, got: 0" in message(Lookup(), {"values": []})
    assert "1 to 1,000 values, got: 1,001" in message(Lookup(), {"values": ["a"] * 1_001})


def test_a_membership_check_takes_1000_customers_and_100_groups():
    ids = [str(number) for number in range(1_001)]

    loaded = MembershipCheck().load({"customer_ids": ids[:1_000], "group_ids": ids[:100] * 2})
    assert (len(loaded["customer_ids"]), len(loaded["group_ids"])) == (1_000, 100)

    refused = message(MembershipCheck(), {"customer_ids": ids, "group_ids": ids[:101]})
    assert "'customer_ids' accepts up to 1,000 values, got: 1,001" in refused
    assert "'group_ids' accepts up to 100 values, got: 101" in refused


def test_a_password_is_never_quoted():
    refused = message(Login(), {"email": "ada@example.com", "password": ["hunter2"]})

    assert refused == "Expected type: 'string' for field 'password', got: '***'"


def test_an_api_key_is_secret_and_titled():
    assert CreateApiKey().load({"title": " CRM ", "type": "secret"})["title"] == "CRM"
    assert "1 to 255 characters" in message(CreateApiKey(), {"title": " ", "type": "secret"})


@pytest.mark.parametrize(
    "schema",
    [
        schema
        for schema in vars(schemas).values()
        if isinstance(schema, type) and issubclass(schema, Checked)
    ],
)
def test_every_body_describes_itself_for_openapi(schema):
    spec = APISpec("x", "1", "3.1.0", plugins=[MarshmallowPlugin()])
    if schema is Checked:
        return

    spec.components.schema("Body", schema=schema)

    described = json.loads(json.dumps(spec.to_dict()))["components"]["schemas"]["Body"]
    assert described["additionalProperties"] is False
    assert set(described["properties"]) == schema().names
    assert all(
        "type" in field or "description" in field for field in described["properties"].values()
    )


def test_openapi_says_what_may_be_null_and_how_long_it_may_be():
    spec = APISpec("x", "1", "3.1.0", plugins=[MarshmallowPlugin()])

    spec.components.schema("CreateGroup", schema=CreateGroup)

    described = spec.to_dict()["components"]["schemas"]["CreateGroup"]
    assert described["required"] == ["name"]
    assert (
        described["properties"]["name"]["minLength"],
        described["properties"]["name"]["maxLength"],
    ) == (1, 255)
    assert described["properties"]["metadata"]["type"] == ["object", "null"]
