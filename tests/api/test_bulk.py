"""Ten thousand ids in one request, and how many of them mattered."""

import json

import pytest

from tests.api.answers import GROUPS
from tests.serving import unique

JSON = {"Content-Type": "application/json"}
TWO_MIB = 2 * 1024 * 1024


@pytest.fixture
def path(group):
    return f"{GROUPS}/{group['id']}/customers"


@pytest.fixture(scope="module")
def thousands():
    """Ten thousand ids of the greatest length, which are nobody's until a test says otherwise."""
    word = unique("cus_")
    return [f"{word}-{number:05}".ljust(128, "x") for number in range(10_000)]


def count(api, path):
    return api.get(path, params={"limit": 1}).json()["count"]


def test_ten_thousand_customers_are_added_and_removed_at_once(api, group, path, thousands):
    api("POST", "/admin/customers/import", data="\n".join(["id", *thousands]), headers=CSV)

    added = api.post(path, {"add": thousands}, params={"detail": "true"})

    assert added.json()["detail"] == {"added": 10_000, "already": 0, "removed": 0, "absent": 0}
    assert count(api, path) == 10_000
    events = api.events(group["id"])
    assert [len(event["data"]["customer_ids"]) for event in events[:-1]] == [1000] * 10
    positions = [event["data"]["position"] for event in events[:-1]]
    assert positions == list(range(positions[0], positions[0] - 10, -1))
    assert len({event["data"]["request_id"] for event in events[:-1]}) == 1

    removed = api.post(path, {"remove": thousands}, params={"detail": "true"})

    assert removed.json()["detail"] == {"added": 0, "already": 0, "removed": 10_000, "absent": 0}
    assert count(api, path) == 0


CSV = {"Content-Type": "text/csv"}


def test_more_than_ten_thousand_ids_are_refused_whichever_way_they_are_split(api, path):
    ids = [f"cus_{number}" for number in range(10_001)]

    answers = [
        api.post(path, {"add": ids}),
        api.post(path, {"remove": ids}),
        api.post(path, {"add": ids[:5000], "remove": ids[5000:]}),
    ]

    for answer in answers:
        assert answer.status_code == 400
        assert "10,000" in answer.json()["message"]
        assert answer.json()["errors"], "says where"


def test_one_id_given_twice_counts_once(api, path):
    (member,) = api.customers(1)
    ids = [f"cus_{number}" for number in range(9_999)]

    answer = api.post(path, {"add": [member] * 3, "remove": ids * 2}, params={"detail": "true"})

    assert answer.json()["detail"] == {"added": 1, "already": 0, "removed": 0, "absent": 9_999}


def body_of(size):
    """A body of exactly so many bytes; JSON may be padded with blanks."""
    return json.dumps({"remove": ["cus_none"]}).encode().ljust(size)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_bulk_body_may_have_two_mebibytes_and_no_byte_more(api, path, mirror):
    if mirror:
        path = f"/admin/customers/{api.customer()['id']}/customer-groups"

    fits = api("POST", path, data=body_of(TWO_MIB), headers=JSON)
    too_long = api("POST", path, data=body_of(TWO_MIB + 1), headers=JSON)

    assert fits.status_code == 200, fits.text
    assert (too_long.status_code, too_long.json()["code"]) == (413, "body-too-large")
    assert "2097152" in too_long.json()["message"]


def test_any_other_body_may_have_one_mebibyte(api, group):
    path = f"{GROUPS}/{group['id']}"

    fits = api("POST", path, data=b"{}".ljust(TWO_MIB // 2), headers=JSON)
    too_long = api("POST", path, data=b"{}".ljust(TWO_MIB // 2 + 1), headers=JSON)

    assert fits.status_code == 200
    assert too_long.status_code == 413


def test_detail_counts_what_changed_and_what_did_not_have_to(api, path):
    old, leaving, new = api.customers(3)
    api.post(path, {"add": [old, leaving]})

    change = {"add": [old, new], "remove": [leaving, "cus_none", "cus_nobody"]}
    answer = api.post(path, change, params={"detail": "true"})

    assert list(answer.json()) == ["customer_group", "detail"]
    assert answer.json()["detail"] == {"added": 1, "already": 1, "removed": 1, "absent": 2}


def test_detail_counts_a_customers_groups_as_well(api):
    (member,) = api.customers(1)
    old, leaving, new, never = (api.group()["id"] for _ in range(4))
    path = f"/admin/customers/{member}/customer-groups"
    api.post(path, {"add": [old, leaving]})

    change = {"add": [old, new], "remove": [leaving, never, "cusgroup_none"]}
    answer = api.post(path, change, params={"detail": "true"})

    assert list(answer.json()) == ["customer", "detail"]
    assert answer.json()["detail"] == {"added": 1, "already": 1, "removed": 1, "absent": 2}


@pytest.mark.parametrize("spelling", ["?detail=true", "?detail"])
def test_detail_is_there_when_it_is_asked_for(api, path, spelling):
    assert "detail" in api.post(path + spelling, {}).json()
    assert "detail" not in api.post(f"{path}?detail=false", {}).json()
    assert "detail" not in api.post(path, {}).json()


def test_detail_is_yes_or_no_and_on_the_link_routes_only(api, group, path):
    assert api.post(f"{path}?detail=perhaps", {}).status_code == 400
    assert api.post(f"{GROUPS}/{group['id']}?detail=true", {}).status_code == 400


def test_a_customer_joins_and_leaves_a_thousand_groups_at_once(api, sized):
    (member,) = api.customers(1)
    groups = [api.group()["id"] for _ in range(sized(50, 1000))]
    path = f"/admin/customers/{member}/customer-groups"

    joined = api.post(path, {"add": groups}, params={"detail": "true"})
    assert joined.json()["detail"]["added"] == len(groups)
    assert api.get(path, params={"limit": 1}).json()["count"] == len(groups)

    left = api.post(path, {"remove": groups}, params={"detail": "true"})
    assert left.json()["detail"]["removed"] == len(groups)
    assert api.get(path).json()["count"] == 0
