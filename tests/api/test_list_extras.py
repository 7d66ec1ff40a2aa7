"""Lists beyond the peer's: counts and versions on request, paging by keyset, `Link`."""

import pytest
import requests

from tests.api.answers import GROUP_KEYS, GROUPS, ids
from tests.serving import unique

ORDERS = ["id", "name", "created_at", "updated_at", "customers_count"]
CUSTOMER_ORDERS = ["id", "created_at", "updated_at", "email", "first_name", "last_name"]


@pytest.fixture
def shelf(api):
    """A word, and the ids of the seven groups it finds, with 0, 1, 1, 2, 2, 3 and 3 members."""
    word = unique("shelf")
    members = api.customers(3)
    made = sorted(api.group(f"{letter} {word}")["id"] for letter in "gCbFaDe")
    for number, group_id in enumerate(made):
        api.add(group_id, *members[: (number + 1) // 2])
    return word, made


# customers_count and version


def test_count_and_version_are_answered_on_request_after_the_default_keys(api):
    group = api.group()
    api.add(group["id"], *api.customers(2))
    path = f"{GROUPS}/{group['id']}"

    assert list(api.get(path).json()["customer_group"]) == GROUP_KEYS
    asked = {"fields": "+customers_count,+version"}
    one = api.get(path, params=asked).json()["customer_group"]
    (listed,) = api.get(GROUPS, params=asked | {"id": group["id"]}).json()["customer_groups"]
    assert list(one) == [*GROUP_KEYS, "customers_count", "version"]
    assert (one["customers_count"], one["version"]) == (2, 2)
    assert listed == one
    only = api.get(path, params={"fields": "customers_count"}).json()["customer_group"]
    assert only == {"id": group["id"], "customers_count": 2}


def test_count_and_version_are_answered_on_every_change_of_a_group(api):
    asked = {"fields": "customers_count,version"}
    (member,) = api.customers(1)

    created = api.post(GROUPS, {"name": unique("Group")}, params=asked).json()["customer_group"]
    path = f"{GROUPS}/{created['id']}"
    renamed = api.post(path, {"name": unique("Group")}, params=asked).json()["customer_group"]
    linked = api.post(f"{path}/customers", {"add": [member]}, params=asked).json()
    patched = api.patch(path, {"metadata": {"a": 1}}, params=asked).json()["customer_group"]

    states = [created, renamed, linked["customer_group"], patched]
    assert [(row["customers_count"], row["version"]) for row in states] == [
        (0, 1),
        (0, 2),
        (1, 3),
        (1, 4),
    ]


def test_version_counts_the_events_of_the_group(api):
    group = api.group()
    members = api.customers(2500)
    path = f"{GROUPS}/{group['id']}"

    api.add(group["id"], *members)
    api.add(group["id"], *members)
    api.post(path, {"name": group["name"], "metadata": {}})

    now = api.get(path, params={"fields": "version,customers_count"}).json()["customer_group"]
    assert (now["version"], now["customers_count"]) == (4, 2500)
    assert [event["data"]["version"] for event in api.events(group["id"])] == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ({"customers_count[$gte]": 2}, [3, 4, 5, 6]),
        ({"customers_count[$gt]": 2}, [5, 6]),
        ({"customers_count[$lte]": 1}, [0, 1, 2]),
        ({"customers_count[$lt]": 1}, [0]),
        ({"customers_count[$gt]": 0, "customers_count[$lte]": 2}, [1, 2, 3, 4]),
        ({"customers_count[$gte]": 4}, []),
    ],
)
def test_groups_are_filtered_by_count(api, shelf, bounds, found):
    word, made = shelf

    answer = api.get(GROUPS, params={"q": word} | bounds)

    assert ids(answer) == [made[index] for index in found]
    assert answer.json()["count"] == len(found)


@pytest.mark.parametrize("bad", ["-1", "1.5", "many", "", "1e400"])
def test_a_count_that_is_no_count_is_refused(api, bad):
    answer = api.get(GROUPS, params={"customers_count[$gte]": bad})

    assert answer.status_code == 400
    assert "customers_count[$gte]" in answer.json()["message"]
    assert answer.json()["errors"][0]["parameter"] == "customers_count[$gte]"


def test_groups_are_ordered_by_count_and_equal_counts_by_id_in_the_same_direction(api, shelf):
    word, made = shelf

    rising = api.get(GROUPS, params={"q": word, "order": "customers_count"})
    falling = api.get(GROUPS, params={"q": word, "order": "-customers_count"})

    assert ids(rising) == made
    assert ids(falling) == made[::-1]


def test_count_and_order_follow_the_members(api, shelf):
    word, made = shelf
    path = f"{GROUPS}/{made[6]}/customers"
    members = [row["id"] for row in api.get(path).json()["customers"]]

    api.post(path, {"remove": members})

    rising = api.get(GROUPS, params={"q": word, "order": "customers_count", "limit": 3})
    assert ids(rising) == [made[0], made[6], made[1]]


# paging by keyset


@pytest.mark.parametrize("order", [sign + name for name in ORDERS for sign in ("", "-")])
def test_pages_of_groups_by_cursor_are_the_list_by_offset(api, shelf, order):
    asked = {"q": shelf[0], "order": order}
    whole = api.get(GROUPS, params=asked).json()["customer_groups"]
    assert len(whole) == 7

    walked = api.walk(GROUPS, "customer_groups", limit=3, **asked)

    assert walked == whole


@pytest.mark.parametrize("order", [sign + name for name in CUSTOMER_ORDERS for sign in ("", "-")])
def test_pages_of_customers_by_cursor_are_the_list_by_offset(api, order):
    word = unique("crew")
    for number, name in enumerate(["bob", "Ada", None, "ada", "Élan"]):
        api.customer(email=f"{number}.{word}@shop.example", first_name=name, last_name=name)
    asked = {"q": word, "order": order}
    whole = api.get("/admin/customers", params=asked).json()["customers"]
    assert len(whole) == 5

    walked = api.walk("/admin/customers", "customers", limit=2, **asked)

    assert walked == whole


def test_an_answer_by_cursor_has_next_cursor_in_place_of_offset(api, shelf):
    asked = {"q": shelf[0], "limit": 5}

    first = api.get(GROUPS, params=asked | {"cursor": ""}).json()
    rest = api.get(GROUPS, params=asked | {"cursor": first["next_cursor"]}).json()

    assert set(first) == {"customer_groups", "count", "limit", "next_cursor"}
    assert (first["count"], first["limit"], len(first["customer_groups"])) == (7, 5, 5)
    assert (rest["count"], rest["limit"], len(rest["customer_groups"])) == (7, 5, 2)
    assert rest["next_cursor"] is None


def test_pages_by_cursor_neither_skip_nor_repeat_when_the_list_changes(api, shelf):
    word, made = shelf
    asked = {"q": word, "limit": 3}
    first = api.get(GROUPS, params=asked | {"cursor": ""})

    api.delete(f"{GROUPS}/{made[1]}")
    api.post(f"{GROUPS}/{made[4]}", {"name": f"0 {word}"})
    newest = api.group(f"newest {word}")["id"]
    rest = api.walk(GROUPS, "customer_groups", **asked)
    second = api.get(GROUPS, params=asked | {"cursor": first.json()["next_cursor"]})
    third = api.get(GROUPS, params=asked | {"cursor": second.json()["next_cursor"]})

    assert ids(first) + ids(second) + ids(third) == [*made, newest]
    assert [row["id"] for row in rest] == [made[0], *made[2:], newest]


def test_a_cursor_belongs_to_its_list_order_and_filters(api, shelf):
    asked = {"q": shelf[0], "limit": 3}
    cursor = api.get(GROUPS, params=asked | {"cursor": ""}).json()["next_cursor"]
    api.customers(2)

    others = [
        (GROUPS, asked | {"order": "name"}),
        (GROUPS, asked | {"order": "-id"}),
        (GROUPS, asked | {"q": "other"}),
        (GROUPS, asked | {"customers_count[$gte]": 1}),
        ("/admin/customers", {"limit": 3}),
    ]
    for path, parameters in others:
        answer = api.get(path, params=parameters | {"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor"), parameters
        assert answer.json()["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "bnVsbA", "é", "\0", "a" * 4000])
def test_a_cursor_that_we_did_not_make_is_refused(api, cursor):
    for path in (GROUPS, "/admin/customers"):
        answer = api.get(path, params={"cursor": cursor})
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] == "invalid_data"


def test_cursor_and_offset_exclude_each_other(api):
    answer = api.get(GROUPS, params={"cursor": "", "offset": 0})

    assert answer.status_code == 400
    assert "not by both" in answer.json()["message"]


# Link


def follow(api, answer, rel):
    """Ask for what `Link` names, as a browser does: relative to the address of the answer."""
    link = answer.links[rel]["url"]
    return api.session.get(requests.compat.urljoin(answer.url, link), timeout=60)


def test_link_leads_through_the_pages_of_a_list_and_back(api, shelf):
    word, made = shelf
    pages = [api.get(f"{GROUPS}?q={word}&order=-id&limit=3&id[]={'&id[]='.join(made)}")]

    while "next" in pages[-1].links:
        pages.append(follow(api, pages[-1], "next"))
    back = follow(api, pages[-1], "prev")

    assert [id for page in pages for id in ids(page)] == made[::-1]
    assert [page.json()["offset"] for page in pages] == [0, 3, 6]
    assert "prev" not in pages[0].links
    assert ids(back) == ids(pages[1])


def test_link_leads_through_pages_by_cursor(api, shelf):
    page = api.get(GROUPS, params={"q": shelf[0], "limit": 4, "cursor": ""})
    second = follow(api, page, "next")

    assert ids(page) + ids(second) == shelf[1]
    assert "Link" not in second.headers


def test_a_list_that_ends_with_its_page_sends_no_link(api, shelf):
    for limit in (7, 50):
        answer = api.get(GROUPS, params={"q": shelf[0], "limit": limit})
        assert "Link" not in answer.headers


def test_link_stands_on_every_kind_of_list(api):
    group = api.group()
    members = api.customers(2)
    api.add(group["id"], *members)
    api.add(api.group()["id"], members[0])
    lists = {
        "/admin/customers": "customers",
        f"{GROUPS}/{group['id']}/customers": "customers",
        f"/admin/customers/{members[0]}/customer-groups": "customer_groups",
    }

    for path, name in lists.items():
        first = api.get(path, params={"limit": 1})
        second = follow(api, first, "next")
        assert second.json()[name] != first.json()[name], path
        assert follow(api, second, "prev").json()[name] == first.json()[name], path
