"""Changing only what one has seen: ETag, If-None-Match, If-Match; merge patches."""

import pytest

from tests.api.answers import GROUPS, NO_GROUP
from tests.serving import ADMIN_EMAIL, unique

ANYTHING = {"metadata": {"touched": True}}


@pytest.fixture
def group(api):
    return api.group(metadata={"tier": 1})


def state(api, path):
    asked = {"fields": "+version,+customers_count"}
    return api.get(path, params=asked).json()["customer_group"]


# ETag and If-None-Match


def test_an_answer_of_one_group_bears_its_version_as_etag(api, path):
    (member,) = api.customers(1)

    answers = [
        api.get(path),
        api.post(path, {"name": unique("Group")}),
        api.patch(path, {"metadata": {"a": 1}}),
        api.post(f"{path}/customers", {"add": [member]}),
        api.get(path),
    ]

    assert [answer.headers["ETag"] for answer in answers] == ['"1"', '"2"', '"3"', '"4"', '"4"']
    assert api.post(GROUPS, {"name": unique("Group")}).headers["ETag"] == '"1"'


def test_only_answers_of_one_group_without_its_customers_have_an_etag(api, path):
    customer = api.customer()
    without = [
        (path, {"fields": "*customers"}),
        (path, {"fields": "id,customers.email"}),
        (GROUPS, {"limit": 1}),
        (f"{path}/customers", {}),
        (f"/admin/customers/{customer['id']}", {}),
    ]

    for where, asked in without:
        answer = api.get(where, params=asked)
        assert answer.ok
        assert "ETag" not in answer.headers, (where, asked)
    assert "ETag" in api.get(path, params={"fields": "+customers_count"}).headers


@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_who_has_this_version_is_told_304_and_nothing_else(api, path, known):
    answer = api.get(path, headers={"If-None-Match": known})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Authorization, Cookie"
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("known", ['"2"', '"11"', '""', 'W/"2"'])
def test_who_has_another_version_gets_the_group(api, path, group, known):
    answer = api.get(path, headers={"If-None-Match": known})

    assert (answer.status_code, answer.json()["customer_group"]) == (200, group)


def test_a_membership_makes_a_new_version(api, group, path):
    api.add(group["id"], *api.customers(1))

    assert api.get(path, headers={"If-None-Match": '"1"'}).status_code == 200
    assert api.get(path, headers={"If-None-Match": '"2"'}).status_code == 304


def test_embedded_customers_are_never_304(api, path):
    answer = api.get(path, params={"fields": "*customers"}, headers={"If-None-Match": '"1"'})

    assert answer.status_code == 200


def test_head_answers_as_get_does_without_the_body(api, path):
    answer = api("HEAD", path)

    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (200, b"", '"1"')
    assert api("HEAD", path, headers={"If-None-Match": '"1"'}).status_code == 304


def test_answers_belong_to_the_caller_alone(api, group, path):
    for where in (path, GROUPS, f"{path}/customers", f"{path}/history", "/admin/customers"):
        headers = api.get(where).headers
        assert headers["Cache-Control"] == "private, no-cache", where
        assert headers["Vary"] == "Authorization, Cookie", where
    changed = api.post(path, {"name": group["name"]})
    assert changed.headers["Cache-Control"] == "private, no-cache"


# If-Match


CHANGES = {
    "update": lambda api, path, **options: api.post(path, ANYTHING, **options),
    "patch": lambda api, path, **options: api.patch(path, ANYTHING, **options),
    "link": lambda api, path, **options: api.post(
        f"{path}/customers", {"add": api.customers(1)}, **options
    ),
    "delete": lambda api, path, **options: api.delete(path, **options),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_another_version_is_412_and_does_nothing(api, group, path, change):
    api.post(path, {"name": unique("Group")})
    before = state(api, path)

    answer = CHANGES[change](api, path, headers={"If-Match": '"1"'})

    problem = answer.json()
    assert answer.status_code == 412
    assert (problem["type"], problem["code"]) == ("precondition_failed", "version-mismatch")
    assert (problem["expected"], problem["current"]) == (1, 2)
    assert [event["data"]["version"] for event in problem["events"]] == [2]
    assert "X-Position" not in answer.headers
    assert state(api, path) == before
    assert len(api.events(group["id"])) == 2


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("expected", ['"1"', "*"])
def test_a_change_of_this_version_is_made(api, group, path, change, expected):
    answer = CHANGES[change](api, path, headers={"If-Match": expected})

    assert answer.status_code == 200, answer.text
    assert len(api.events(group["id"])) == 2


def test_the_events_in_between_are_published_events_with_who_did_them(api, group, path):
    key = api.post("/admin/api-keys", {"title": unique("Nightly "), "type": "secret"}).json()
    (member,) = api.customers(1)
    api.post(path, {"metadata": {"tier": 2}}, headers={"X-Reason": "spring"})
    script = {"add": [member]}
    api.session.post(
        f"{api.server.url}{path}/customers", json=script, auth=(key["api_key"]["token"], "")
    )

    problem = api.delete(path, headers={"If-Match": '"1"'}).json()

    newest, older = problem["events"]
    assert newest["type"] == "customer-groups.CustomersAdded.v1"
    assert newest["data"]["customer_ids"] == [member]
    assert newest["actor"] == {
        "type": "api_key",
        "id": key["api_key"]["id"],
        "label": key["api_key"]["title"],
    }
    assert older["type"] == "customer-groups.MetadataChanged.v1"
    assert older["data"]["set"] == {"tier": 2}
    assert older["data"]["reason"] == "spring"
    assert older["actor"] == older["data"]["actor"] | {"label": ADMIN_EMAIL}
    shown = api.events(group["id"])[:2]
    for event in shown:
        del event["changes"]
    assert [newest, older] == shown


def test_of_many_events_in_between_the_newest_hundred_are_shown(api, path):
    for number in range(102):
        api.post(path, {"metadata": {"n": number}})

    problem = api.post(path, ANYTHING, headers={"If-Match": '"1"'}).json()

    assert problem["current"] == 103
    versions = [event["data"]["version"] for event in problem["events"]]
    assert versions == list(range(103, 3, -1))


def test_a_version_that_is_not_there_yet_is_412_too(api, path):
    problem = api.post(path, ANYTHING, headers={"If-Match": '"5"'}).json()

    assert (problem["expected"], problem["current"], problem["events"]) == (5, 1, [])


@pytest.mark.parametrize("header", ["1", '"one"', '"1", "2"', '"-1"', "", '"' + "9" * 30 + '"'])
def test_if_match_accepts_one_version_or_a_star(api, group, path, header):
    answer = api.post(path, ANYTHING, headers={"If-Match": header})

    assert answer.status_code == 400, answer.text
    assert "If-Match" in answer.json()["message"]
    assert len(api.events(group["id"])) == 1


def test_412_comes_after_404_of_the_path_and_before_what_the_change_itself_refuses(api, path):
    taken = api.group()["name"]
    old = {"If-Match": '"9"'}

    missing = api.post(f"{GROUPS}/{NO_GROUP}", ANYTHING, headers=old)
    name_taken = api.post(path, {"name": taken}, headers=old)
    unknown = api.post(f"{path}/customers", {"add": ["cus_none"]}, headers=old)
    malformed = api.post(path, {"name": 5}, headers=old)

    answers = (missing, name_taken, unknown, malformed)
    assert [answer.status_code for answer in answers] == [404, 412, 412, 400]


def test_deleting_what_is_gone_is_the_same_200_whatever_the_version(api, path):
    api.delete(path)

    for gone in (path, f"{GROUPS}/{NO_GROUP}"):
        assert api.delete(gone, headers={"If-Match": '"1"'}).status_code == 200


# Merge patches


@pytest.mark.parametrize(
    ("metadata", "patch", "result"),
    [  # RFC 7396, appendix A, as far as both sides are objects; then the sentences of api.md
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
        ({"a": "b"}, {"a": ""}, {"a": ""}),
        ({"a": {"b": 1}}, {"a": {"b": ""}}, {"a": {"b": ""}}),
        ({"a": "b"}, None, None),
        (None, {"a": 1}, {"a": 1}),
        (None, {"a": None}, {}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_metadata_is_patched_as_rfc_7396_says(api, metadata, patch, result):
    group = api.group(metadata=metadata)

    answer = api.patch(f"{GROUPS}/{group['id']}", {"metadata": patch})

    assert answer.status_code == 200, answer.text
    assert answer.json()["customer_group"]["metadata"] == result
    assert state(api, f"{GROUPS}/{group['id']}")["metadata"] == result


def test_a_patch_keeps_the_order_of_keys_and_puts_new_ones_last(api):
    group = api.group(metadata={"z": 1, "a": {"y": 1, "b": 2}, "m": 3})

    patch = {"metadata": {"new": 0, "a": {"c": 3, "y": 9}, "z": None}}
    answer = api.patch(f"{GROUPS}/{group['id']}", patch)

    metadata = answer.json()["customer_group"]["metadata"]
    assert list(metadata) == ["a", "m", "new"]
    assert list(metadata["a"]) == ["y", "b", "c"]


def test_a_patch_renames_and_leaves_out_what_it_does_not_name(api, group, path):
    name = unique("Patched ")

    answer = api.patch(path, {"name": name})

    patched = answer.json()["customer_group"]
    assert (patched["name"], patched["metadata"]) == (name, {"tier": 1})
    assert patched["updated_at"] > group["updated_at"]
    assert int(answer.headers["X-Position"]) > 0


def test_a_patch_that_changes_nothing_records_nothing(api, group, path):
    for patch in (
        {},
        {"name": group["name"]},
        {"metadata": {"tier": 1}},
        {"metadata": {"x": None}},
    ):
        answer = api.patch(path, patch)
        assert answer.json()["customer_group"] == group
        assert "X-Position" not in answer.headers
    assert api.patch(path, {}).json()["customer_group"] == group
    assert len(api.events(group["id"])) == 1


def test_a_patch_cannot_take_the_name_away(api, group, path):
    answer = api.patch(path, {"name": None})

    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "Invalid request: Expected type: 'string' for field 'name', got: 'null'"
    )
    assert answer.json()["errors"][0]["pointer"] == "/name"
    assert api.get(path).json()["customer_group"] == group


def test_a_patch_obeys_the_rules_of_an_update(api, path):
    taken = api.group()["name"]

    name_taken = api.patch(path, {"name": taken, "metadata": {"a": 1}})
    too_much = api.patch(path, {"metadata": {"a": "x" * 65_536}})
    unknown_field = api.patch(path, {"customers_count": 3})
    missing = api.patch(f"{GROUPS}/{NO_GROUP}", {"metadata": None})

    assert (name_taken.status_code, name_taken.json()["code"]) == (400, "name-taken")
    assert too_much.status_code == 400
    assert unknown_field.json()["message"].endswith("Unrecognized fields: 'customers_count'")
    assert missing.status_code == 404
    assert missing.json()["message"] == 'Customer group with id "' + f'{NO_GROUP}" not found'
    assert state(api, path)["version"] == 1


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "application/merge-patch+json; charset=latin-1"],
)
def test_a_patch_of_another_type_is_415_that_says_what_is_accepted(api, path, content_type):
    answer = api.patch(path, ANYTHING, headers={"Content-Type": content_type})

    assert answer.status_code == 415
    assert answer.headers["Accept-Patch"] == "application/merge-patch+json"
    assert answer.json()["type"] == "invalid_data"
    assert state(api, path)["version"] == 1


def test_415_comes_after_401_and_before_404(api, anonymous):
    other = {"Content-Type": "application/json"}
    path = f"{GROUPS}/{NO_GROUP}"

    assert anonymous.patch(path, {}, headers=other).status_code == 401
    assert api.patch(path, {"metadata": None}, headers=other).status_code == 415
