"""`as_of`: every answer as it was at a position or at a time."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from tests.api.answers import (
    CUSTOMERS,
    GROUPS,
    NO_CUSTOMER,
    NO_GROUP,
    group_of,
    ids,
    invalid,
    listed,
    refusal,
)
from tests.serving import unique

ACCEPTED = (
    "Field 'as_of' accepts a position such as 4711, or a time with its zone such as"
    " 2026-11-22T04:28:36.211Z (RFC 3339), got: "
)


def position(answer):
    assert answer.status_code == 200, answer.text
    return int(answer.headers["X-Position"])


class Life:
    """A group that was created, filled, renamed, emptied, deleted and restored, and when."""

    def __init__(self, api):
        self.word = unique("Life")
        self.ada, self.bob = api.customers(2)
        answer = api.post(GROUPS, {"name": f"{self.word} old", "metadata": {"a": 1}})
        self.id = group_of(answer)["id"]
        self.path = f"{GROUPS}/{self.id}"
        self.created = position(answer)
        self.filled = position(self.change(api, add=[self.ada, self.bob]))
        self.renamed = position(
            api.post(self.path, {"name": f"{self.word} new", "metadata": {"a": 2}})
        )
        self.left = position(self.change(api, remove=[self.ada]))
        self.deleted = position(api.delete(self.path))

    def change(self, api, **change):
        return api.post(f"{self.path}/customers", change)


@pytest.fixture
def life(api):
    return Life(api)


def test_a_group_is_what_it_was(api, life):
    fields = {"fields": "+customers_count,+version"}
    old = group_of(api.get(life.path, params={"as_of": life.filled} | fields))
    new = group_of(api.get(life.path, params={"as_of": life.left} | fields))

    assert (old["name"], old["metadata"]) == (f"{life.word} old", {"a": 1})
    assert (old["customers_count"], old["version"], old["deleted_at"]) == (2, 2, None)
    assert old["updated_at"] == old["created_at"] == new["created_at"]
    assert (new["name"], new["metadata"]) == (f"{life.word} new", {"a": 2})
    assert (new["customers_count"], new["version"]) == (1, 5)
    assert new["updated_at"] > old["updated_at"]


def test_before_its_creation_and_after_its_deletion_a_group_is_not_found(api, life):
    for path in (life.path, f"{life.path}/customers"):
        for at in (0, life.created - 1, life.deleted):
            answer = api.get(path, params={"as_of": at})
            assert refusal(answer) == (
                404,
                "not_found",
                f"Customer group with id: {life.id} not found",
            )
        assert api.get(path, params={"as_of": life.deleted - 1}).status_code == 200
    assert api.get(f"{GROUPS}/{NO_GROUP}", params={"as_of": 0}).status_code == 404


def test_members_are_those_of_then_and_what_is_said_of_them_is_of_now(api, life):
    path = f"{life.path}/customers"
    api.post(f"{CUSTOMERS}/{life.bob}", {"first_name": "Robert"})

    before = api.get(path, params={"as_of": life.created})
    both = api.get(path, params={"as_of": life.renamed})
    found = api.get(path, params={"as_of": life.renamed, "q": "robert"})
    left = api.get(path, params={"as_of": life.left})

    assert (ids(before), before.json()["count"]) == ([], 0)
    assert (sorted(ids(both)), both.json()["count"]) == (sorted([life.ada, life.bob]), 2)
    assert ids(found) == ids(left) == [life.bob]
    assert listed(left)[0]["first_name"] == "Robert"
    assert position(both) == life.renamed


def test_of_an_erased_member_only_the_id_is_left(api, life):
    api.delete(f"{CUSTOMERS}/{life.ada}")

    page = api.get(f"{life.path}/customers", params={"as_of": life.filled, "order": "email"})
    embedded = group_of(api.get(life.path, params={"as_of": life.filled, "fields": "*customers"}))[
        "customers"
    ]
    listed_for = api.get(f"{CUSTOMERS}/{life.ada}/customer-groups", params={"as_of": life.filled})

    for customers in (listed(page), embedded):
        (erased,) = [each for each in customers if each["id"] == life.ada]
        assert {value for name, value in erased.items() if name not in ("id", "added_at")} == {None}
        assert len(customers) == 2
    assert ids(listed_for) == [life.id]
    assert api.get(f"{CUSTOMERS}/{life.ada}/customer-groups").status_code == 404


def test_a_list_is_what_there_was(api, life):
    def names(at, **asked):
        return [
            group["name"]
            for group in listed(api.get(GROUPS, params={"as_of": at, "q": life.word} | asked))
        ]

    other = api.post(GROUPS, {"name": f"{life.word} and another"})

    assert names(life.created - 1) == names(life.deleted) == []
    assert names(life.created) == [f"{life.word} old"]
    assert names(life.created, name=f"{life.word} new") == []
    assert names(life.renamed, name=f"{life.word} new") == [f"{life.word} new"]
    assert names(position(other)) == [f"{life.word} and another"]
    for at, count in ((life.created, 0), (life.filled, 2), (life.left, 1)):
        asked = {"as_of": at, "q": life.word, "fields": "+customers_count"}
        answer = api.get(GROUPS, params=asked | {"customers_count[$gte]": count})
        assert [group["customers_count"] for group in listed(answer)] == [count]
        assert answer.json()["count"] == 1
        assert names(at, **{"customers_count[$gte]": count + 1}) == []
    embedding = {"as_of": life.filled, "q": life.word, "fields": "id,customers.id"}
    (group,) = listed(api.get(GROUPS, params=embedding))
    assert sorted(each["id"] for each in group["customers"]) == sorted([life.ada, life.bob])


def test_the_whole_list_is_counted_as_of_then(api, life):
    before = api.get(GROUPS, params={"as_of": life.created - 1, "limit": 0}).json()
    after = api.get(GROUPS, params={"as_of": life.created, "limit": 0}).json()

    assert after["count"] == before["count"] + 1
    assert api.get(GROUPS, params={"as_of": 0}).json()["customer_groups"] == []


def test_a_list_in_the_past_goes_on_page_by_page_whatever_happens_meanwhile(api):
    word = unique("Page")
    made = [api.group(f"{word} {number}")["id"] for number in range(5)]
    at = position(api.delete(f"{GROUPS}/{made[2]}"))
    asked = {"as_of": at, "q": word, "limit": 2, "order": "-name", "cursor": ""}

    first = api.get(GROUPS, params=asked)
    api.post(f"{GROUPS}/{made[0]}", {"name": f"{word} renamed"})
    api.delete(f"{GROUPS}/{made[1]}")
    (link,) = re.findall('<(.*)>; rel="next"', first.headers["Link"])
    second = api.get(link)

    assert ids(first) + ids(second) == [made[4], made[3], made[1], made[0]]
    assert position(second) == at
    cursor = first.json()["next_cursor"]
    for other in ({"as_of": at + 1}, {"as_of": None}):
        answer = api.get(GROUPS, params=asked | {"cursor": cursor} | other)
        assert answer.json()["code"] == "invalid-cursor"


def test_the_groups_of_a_customer_are_those_of_then(api, life):
    def groups_of(customer_id, at):
        answer = api.get(f"{CUSTOMERS}/{customer_id}/customer-groups", params={"as_of": at})
        assert position(answer) == at
        assert answer.json()["count"] == len(ids(answer))
        return ids(answer)

    assert groups_of(life.ada, life.created) == []
    assert groups_of(life.ada, life.filled) == [life.id]
    assert groups_of(life.ada, life.left) == []
    assert groups_of(life.bob, life.left) == [life.id]
    assert groups_of(life.bob, life.deleted) == []
    unknown = api.get(f"{CUSTOMERS}/{NO_CUSTOMER}/customer-groups", params={"as_of": life.left})
    assert unknown.status_code == 404


def times_of(api, life):
    events = api.get(f"{life.path}/history").json()["events"]
    return {event["data"]["position"]: event["time"] for event in events}


def test_a_time_stands_for_the_last_position_that_is_not_later(api, life):
    time = times_of(api, life)[life.renamed]
    moment = datetime.fromisoformat(time)
    before = (moment - timedelta(microseconds=1)).isoformat()

    answer = api.get(life.path, params={"as_of": time})
    assert position(answer) == life.renamed
    assert group_of(answer)["name"] == f"{life.word} new"
    earlier = api.get(life.path, params={"as_of": before})
    assert position(earlier) < life.renamed
    assert group_of(earlier)["name"] == f"{life.word} old"
    assert ids(api.get(GROUPS, params={"as_of": "1999-12-31T00:00:00Z"})) == []


def test_a_zone_is_read_with_its_plus_as_it_arrives(api, life):
    time = datetime.fromisoformat(times_of(api, life)[life.renamed])
    there = f"{time.replace(tzinfo=None) + timedelta(hours=2):%Y-%m-%dT%H:%M:%S.%f}"

    for spelled in ("%2B02:00", "+02:00", "%2002:00"):
        answer = api.get(f"{life.path}?as_of={quote(there)}{spelled}")
        assert position(answer) == life.renamed


def test_what_is_neither_a_position_nor_a_time_is_refused(api, life):
    customers_groups = f"{CUSTOMERS}/{life.bob}/customer-groups"
    for path in (GROUPS, life.path, f"{life.path}/customers", customers_groups):
        for text in ("", "now", "-1", "1.0", "4711x", "2026-11-22", "٣"):
            answer = api.get(path, params={"as_of": text})
            assert refusal(answer) == invalid(f"{ACCEPTED}'{text}'")
            assert answer.json()["errors"][0]["parameter"] == "as_of"


def test_what_has_not_been_yet_is_refused(api, life):
    year = datetime.now(UTC).year + 1
    for path in (GROUPS, life.path, f"{life.path}/customers"):
        for beyond in ("99999999999", "9" * 5000):
            status, kind, message = refusal(api.get(path, params={"as_of": beyond}))
            assert (status, kind) == (400, "invalid_data")
            assert re.fullmatch(
                r"Invalid request: Field 'as_of' accepts a position up to \d+, where this log"
                rf" ends, got: '{beyond[:100]}'",
                message,
            )
        future = f"{year}-01-01T00:00:00Z"
        assert refusal(api.get(path, params={"as_of": future})) == invalid(
            f"Field 'as_of' accepts a time that is not in the future, got: '{future}'"
        )


def test_only_answers_that_have_been_can_be_asked_for_as_they_were(api, life):
    for method, path in (
        ("POST", GROUPS),
        ("POST", life.path),
        ("POST", f"{life.path}/customers"),
        ("GET", CUSTOMERS),
        ("GET", f"{CUSTOMERS}/{life.bob}"),
    ):
        answer = api(method, path, {} if method == "POST" else None, params={"as_of": life.left})
        assert refusal(answer) == invalid("Unrecognized fields: 'as_of'")


def test_an_answer_from_the_past_has_no_etag(api, life):
    asked = {"as_of": life.renamed}
    headers = {"If-None-Match": '"3", "4", *'}

    answer = api.get(life.path, params=asked, headers=headers)

    assert answer.status_code == 200
    assert "ETag" not in answer.headers
    assert position(answer) == life.renamed


def test_the_present_answers_no_position_and_a_minimum_may_be_asked_for_besides(api, life):
    assert "X-Position" not in api.get(GROUPS).headers
    least = {"X-Min-Position": str(life.deleted)}

    answer = api.get(life.path, params={"as_of": life.left}, headers=least)

    assert position(answer) == life.left


def test_more_members_than_one_answer_embeds_are_counted_as_of_then(api):
    group_id = api.group()["id"]
    path = f"{GROUPS}/{group_id}"
    members = api.customers(1001)
    many = position(api.post(f"{path}/customers", {"add": members}))
    few = position(api.post(f"{path}/customers", {"remove": members[:2]}))
    asked = {"fields": "id,customers.id"}

    refused = api.get(path, params=asked | {"as_of": many})
    answered = api.get(path, params=asked | {"as_of": few})

    assert refused.json()["code"] == "too-many-embedded"
    assert len(group_of(answered)["customers"]) == 999


def test_a_restored_group_was_away_in_between(api, life):
    restored = position(api.post(f"{life.path}/restore", {}))

    then = group_of(api.get(life.path, params={"as_of": restored}))

    assert then["name"] == f"{life.word} new"
    assert ids(api.get(f"{life.path}/customers", params={"as_of": restored})) == [life.bob]
    assert api.get(life.path, params={"as_of": life.deleted}).status_code == 404
