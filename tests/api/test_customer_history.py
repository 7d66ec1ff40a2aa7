"""When a customer joined and left groups, by whom and why: for erased customers too."""

import pytest

from tests.api.answers import CUSTOMERS, GROUPS, NO_CUSTOMER
from tests.serving import ADMIN_EMAIL, unique


def history(api, customer_id, **asked):
    answer = api.get(f"{CUSTOMERS}/{customer_id}/history", params=asked)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["events", "next_cursor"]
    return answer.json()


def told(page):
    return [(event["group"]["id"], event["changes"]["member"][1]) for event in page["events"]]


@pytest.fixture
def moved(api):
    """A customer that joined two groups with others and left the first, and these groups."""
    ada, *others = api.customers(3)
    first, second = api.group(), api.group()
    api.add(first["id"], ada, *others)
    api.add(second["id"], *others, ada)
    api.post(
        f"{GROUPS}/{first['id']}/customers",
        {"remove": [ada]},
        headers={"X-Reason": "moved away"},
    )
    return ada, first, second


def test_every_join_and_leave_is_told_newest_first(api, moved):
    ada, first, second = moved

    page = history(api, ada)

    assert told(page) == [(first["id"], False), (second["id"], True), (first["id"], True)]
    assert [event["changes"] for event in page["events"]] == [
        {"member": [True, False]},
        {"member": [False, True]},
        {"member": [False, True]},
    ]
    left = page["events"][0]
    assert left["type"] == "customer-groups.CustomersRemoved.v1"
    assert left["data"]["reason"] == "moved away"
    assert left["actor"]["label"] == ADMIN_EMAIL
    assert left["group"] == {"id": first["id"], "name": first["name"], "deleted": False}


def test_of_the_customers_in_an_event_only_this_one_is_named(api, moved):
    for event in history(api, moved[0])["events"]:
        assert event["data"]["customer_ids"] == [moved[0]]


def test_a_group_has_its_name_of_today_also_when_it_is_deleted(api, moved):
    ada, first, second = moved
    name = unique("Renamed ")
    api.post(f"{GROUPS}/{first['id']}", {"name": name})
    api.delete(f"{GROUPS}/{second['id']}")

    groups = [event["group"] for event in history(api, ada)["events"]]

    assert groups[0] == groups[2] == {"id": first["id"], "name": name, "deleted": False}
    assert groups[1] == {"id": second["id"], "name": second["name"], "deleted": True}


def test_an_erased_customer_still_has_its_history(api, moved):
    ada, _, second = moved
    api.delete(f"{CUSTOMERS}/{ada}")

    page = history(api, ada)

    assert told(page)[0] == (second["id"], False)
    assert page["events"][0]["data"]["reason"] == "customer deleted"
    assert len(page["events"]) == 4


def test_a_customer_that_was_in_no_group_has_none(api):
    assert history(api, api.customer()["id"]) == {"events": [], "next_cursor": None}


def test_nobody_has_no_history(api):
    answer = api.get(f"{CUSTOMERS}/{NO_CUSTOMER}/history")

    assert (answer.status_code, answer.json()["code"]) == (404, "customer-not-found")


def test_it_is_filtered_by_type_group_actor_and_time(api, moved):
    ada, first, second = moved
    whole = history(api, ada)["events"]

    assert told(history(api, ada, type="CustomersRemoved")) == [(first["id"], False)]
    assert told(history(api, ada, group_id=second["id"])) == [(second["id"], True)]
    assert told(history(api, ada, group_id=[first["id"], "x"], type="CustomersAdded")) == [
        (first["id"], True)
    ]
    assert history(api, ada, actor=whole[0]["actor"]["id"])["events"] == whole
    assert history(api, ada, actor="user_nobody")["events"] == []
    assert history(api, ada, since=whole[1]["time"], until=whole[1]["time"])["events"] == whole[1:2]
    assert history(api, ada, type="Renamed")["events"] == []


def test_pages_by_cursor_are_the_whole_and_bound_to_it(api, moved):
    ada = moved[0]
    whole = history(api, ada)["events"]

    first = history(api, ada, limit=2)
    second = history(api, ada, limit=2, cursor=first["next_cursor"])

    assert first["events"] + second["events"] == whole
    assert second["next_cursor"] is None
    for other in ({"type": "CustomersAdded"}, {"group_id": "x"}):
        answer = api.get(
            f"{CUSTOMERS}/{ada}/history", params={"cursor": first["next_cursor"]} | other
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


@pytest.mark.parametrize(
    "asked", [{"limit": "0"}, {"limit": "1001"}, {"type": "Joined"}, {"since": "x"}, {"ids": "1"}]
)
def test_what_cannot_be_asked_is_refused(api, asked):
    answer = api.get(f"{CUSTOMERS}/{api.customer()['id']}/history", params=asked)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
