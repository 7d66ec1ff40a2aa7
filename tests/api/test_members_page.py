"""The members of a group, page by page: orders, filters, search, cursors and counts."""

import random
from datetime import UTC, datetime

import pytest

from tests.api.answers import CUSTOMER_KEYS, GROUPS
from tests.conftest import STORES
from tests.serving import Server, signed_in, unique

ORDERS = ["added_at", "email", "first_name", "last_name", "has_account", "created_at", "updated_at"]
CROWD = 10_001


def members_of(group_id):
    return f"{GROUPS}/{group_id}/customers"


@pytest.fixture(scope="module")
def club(server):
    """The path of a group of nine very different people, who joined in four requests."""
    api = signed_in(server)
    group = api.group()
    people = [
        ("bob", "Smith", "Café Nord"),
        ("Ada", "smith", None),
        (None, None, None),
        ("ada", "Byron", "Acme 100 %"),
        ("Élan", "Über", None),
        ("Zoë", "O'Brien", "Acme_x"),
        ("bob", "Smith", None),
        ("", "", ""),
        ("Chloé", "Ångström", None),
    ]
    ids = []
    for number, (first, last, company) in enumerate(people):
        customer_id = unique("cus_club")
        body = {
            "email": f"{first or 'nobody'}.{unique('C')}@shop.example".replace("É", "E")
            if number % 3
            else None,
            "first_name": first,
            "last_name": last,
            "company_name": company,
            "phone": f"+49 30 {number:04}",
            "has_account": number % 2 == 0,
        }
        answer = api.put(f"/admin/customers/{customer_id}", body)
        assert answer.status_code in (200, 201), answer.text
        ids.append(customer_id)
    random.Random(7).shuffle(ids)
    for start in range(0, 9, 2):
        api.add(group["id"], *ids[start : start + 2])
    return members_of(group["id"])


@pytest.fixture(scope="module")
def crowd(server):
    """The id of a group of 10,001 customers, and a word that stands in all their names."""
    api = signed_in(server)
    word = unique("crowd")
    lines = [f"{word}-{n:05},{word} day{n % 7},{'yes' if n % 3 else 'no'}" for n in range(CROWD)]
    text = "\n".join(["id,last_name,has_account", *lines])
    imported = api(
        "POST", "/admin/customers/import", data=text, headers={"Content-Type": "text/csv"}
    )
    assert imported.json()["created"] == CROWD, imported.text
    group = api.group()
    ids = [line.partition(",")[0] for line in lines]
    api.add(group["id"], *ids[:10_000])
    api.add(group["id"], *ids[10_000:])
    return group["id"], word


# The shape of an answer


def test_a_member_is_a_customer_with_the_time_it_was_added(api):
    group, customer = api.group(), api.customer(first_name="Ada")
    before = datetime.now(UTC)
    api.add(group["id"], customer["id"])

    (member,) = api.get(members_of(group["id"])).json()["customers"]

    assert list(member) == [*CUSTOMER_KEYS, "added_at"]
    assert {key: member[key] for key in CUSTOMER_KEYS} == customer
    added_at = datetime.fromisoformat(member["added_at"])
    assert before.replace(microsecond=before.microsecond // 1000 * 1000) <= added_at
    assert added_at <= datetime.now(UTC)
    assert member["added_at"].endswith("Z")


def test_an_answer_has_count_and_two_cursors_and_offset_when_asked_by_offset(api, club):
    whole = api.get(club).json()
    by_cursor = api.get(club, params={"cursor": "", "limit": 4}).json()
    by_offset = api.get(club, params={"offset": 4, "limit": 4}).json()

    assert list(whole) == ["customers", "count", "next_cursor", "prev_cursor"]
    assert (whole["count"], whole["next_cursor"], whole["prev_cursor"]) == (9, None, None)
    assert list(by_cursor) == list(whole)
    assert list(by_offset) == ["customers", "count", "offset", "next_cursor", "prev_cursor"]
    assert by_offset["offset"] == 4
    assert by_offset["customers"] == whole["customers"][4:8]


def test_a_group_without_members_has_an_empty_page(api):
    answer = api.get(members_of(api.group()["id"])).json()

    assert answer == {"customers": [], "count": 0, "next_cursor": None, "prev_cursor": None}


def test_newest_members_come_first(api):
    group = api.group()
    first, second, third = api.customers(3)
    for customer_id in (second, third, first):
        api.add(group["id"], customer_id)
    api.post(members_of(group["id"]), {"remove": [second]})
    api.add(group["id"], second)

    listed = api.get(members_of(group["id"])).json()["customers"]

    assert [member["id"] for member in listed] == [second, first, third]
    assert [member["added_at"] for member in listed] == sorted(
        (member["added_at"] for member in listed), reverse=True
    )


def test_members_of_what_is_no_living_group_are_404(api):
    group = api.group()
    api.delete(f"{GROUPS}/{group['id']}")

    for group_id in (group["id"], "cusgroup_none"):
        answer = api.get(members_of(group_id))
        assert (answer.status_code, answer.json()["code"]) == (404, "group-not-found")


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"order": "id"}, "order"),
        ({"order": "name"}, "order"),
        ({"has_account": "maybe"}, "has_account"),
        ({"created_at[$gte]": "yesterday"}, "created_at[$gte]"),
        ({"cursor": "", "offset": "0"}, "cursor"),
        ({"email": "x"}, "email"),
    ],
)
def test_a_page_that_cannot_be_is_refused_by_the_name_of_the_parameter(api, club, asked, parameter):
    answer = api.get(club, params=asked)

    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["parameter"] == parameter


# Orders


def sort_key(order):
    """What the members are sorted by: text case-folded, an unknown one as if it were empty."""

    def key(member):
        value = member[order]
        return value.casefold() if isinstance(value, str) and order != "added_at" else value or ""

    return key if order != "has_account" else lambda member: member["has_account"]


@pytest.mark.parametrize("order", ORDERS)
def test_members_are_sorted_case_blind_and_turned_by_a_minus(api, club, order):
    rising = api.get(club, params={"order": order}).json()["customers"]
    falling = api.get(club, params={"order": f"-{order}"}).json()["customers"]

    assert [sort_key(order)(row) for row in rising] == sorted(map(sort_key(order), rising))
    assert falling == rising[::-1]
    assert len(rising) == 9


@pytest.mark.parametrize("order", [sign + name for name in ORDERS for sign in ("", "-")])
def test_pages_by_cursor_go_forth_and_back_over_the_same_members(api, club, order):
    whole = api.get(club, params={"order": order}).json()["customers"]
    asked = {"order": order, "limit": 4}

    pages = [api.get(club, params=asked).json()]
    while pages[-1]["next_cursor"] is not None:
        pages.append(api.get(club, params=asked | {"cursor": pages[-1]["next_cursor"]}).json())
    back = [pages[-1]]
    while back[-1]["prev_cursor"] is not None:
        back.append(api.get(club, params=asked | {"cursor": back[-1]["prev_cursor"]}).json())

    assert [row for page in pages for row in page["customers"]] == whole
    assert [len(page["customers"]) for page in pages] == [4, 4, 1]
    assert [page["customers"] for page in reversed(back)] == [page["customers"] for page in pages]
    assert [page["count"] for page in pages] == [9] * 3


def test_pages_by_offset_lead_on_by_cursor(api, club):
    whole = api.get(club).json()["customers"]

    page = api.get(club, params={"offset": 2, "limit": 3}).json()
    following = api.get(club, params={"cursor": page["next_cursor"], "limit": 3}).json()

    assert page["customers"] + following["customers"] == whole[2:8]
    assert api.get(club, params={"offset": 9}).json()["customers"] == []


# Cursors


def test_a_cursor_belongs_to_group_order_and_filters(api, club):
    cursor = api.get(club, params={"limit": 2}).json()["next_cursor"]
    other = api.group()
    api.add(other["id"], *api.customers(2))

    for where, asked in [
        (members_of(other["id"]), {}),
        (club, {"order": "added_at"}),
        (club, {"order": "email"}),
        (club, {"q": "smith"}),
        (club, {"has_account": "true"}),
        (GROUPS, {}),
    ]:
        answer = api.get(where, params=asked | {"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor"), asked
    assert api.get(club, params={"cursor": cursor, "limit": 5}).status_code == 200


@pytest.mark.parametrize("order", ["-added_at", "email"])
def test_a_cursor_holds_while_members_come_and_go(api, order):
    group = api.group()
    path = members_of(group["id"])
    members = [api.customer(email=f"m{n}.{unique('m')}@shop.example")["id"] for n in range(9)]
    api.add(group["id"], *members)
    asked = {"order": order, "limit": 3}
    seen = [row["id"] for row in api.get(path, params=asked | {"limit": 9}).json()["customers"]]
    first = api.get(path, params=asked).json()

    api.post(path, {"remove": [seen[2], seen[3], seen[8]]})
    api.post(path, {"add": [seen[2]]})
    second = api.get(path, params=asked | {"cursor": first["next_cursor"]}).json()
    third = api.get(path, params=asked | {"cursor": second["next_cursor"]}).json()

    walked = [row["id"] for page in (first, second, third) for row in page["customers"]]
    assert walked[:3] == seen[:3]
    assert walked[3:] == seen[4:8]
    assert third["next_cursor"] is None


# Filters and search


def test_every_word_of_a_search_must_be_in_name_company_email_or_phone(api, club):
    def found(q):
        answer = api.get(club, params={"q": q}).json()
        assert answer["count"] == len(answer["customers"])
        return sorted(
            (row["first_name"] or "", row["last_name"] or "") for row in answer["customers"]
        )

    assert found("SMITH") == [("Ada", "smith"), ("bob", "Smith"), ("bob", "Smith")]
    assert found("ada smith") == [("Ada", "smith")]
    assert found("smith café") == [("bob", "Smith")]
    assert found("0003") == [("ada", "Byron")]
    assert found("über") == [("Élan", "Über")]
    assert found("100 %") == [("ada", "Byron")]
    assert found("acme_") == [("Zoë", "O'Brien")]
    assert found("nobody.c") != []
    assert found("smith nowhere") == []
    assert len(found("")) == 9


def test_members_are_filtered_by_account_id_and_times(api, club):
    everyone = api.get(club).json()["customers"]
    some = [everyone[1]["id"], everyone[4]["id"]]
    middle = sorted(row["created_at"] for row in everyone)[4]

    def found(**asked):
        answer = api.get(club, params=asked).json()
        assert answer["count"] == len(answer["customers"])
        return [row["id"] for row in answer["customers"]]

    def those(wanted):
        return [row["id"] for row in everyone if wanted(row)]

    assert found(has_account="true") == those(lambda row: row["has_account"])
    assert found(has_account="false") == those(lambda row: not row["has_account"])
    assert found(**{"id[]": some}) == some
    assert found(id=some[0]) == some[:1]
    assert found(**{"id[]": [*some, "cus_stranger"], "has_account": "true"}) == those(
        lambda row: row["id"] in some and row["has_account"]
    )
    assert found(**{"created_at[$gte]": middle}) == those(lambda row: row["created_at"] >= middle)
    assert found(**{"created_at[$lt]": middle}) == those(lambda row: row["created_at"] < middle)
    assert found(**{"updated_at[$lte]": middle}) == those(lambda row: row["updated_at"] <= middle)
    assert found(**{"updated_at[$gt]": "2100-01-01"}) == []


def test_a_search_is_paged_like_everything_else(api, club):
    whole = api.get(club, params={"q": "m", "order": "last_name"}).json()["customers"]

    walked = api.walk(club, "customers", q="m", order="last_name", limit=2)

    assert len(whole) > 2
    assert walked == whole


# Large groups: another plan, the same answers


def test_the_count_is_exact_and_with_a_search_exact_to_ten_thousand(api, crowd):
    path, word = members_of(crowd[0]), crowd[1]

    def count(**asked):
        answer = api.get(path, params={"limit": 1} | asked).json()
        return answer["count"], answer.get("count_capped", False)

    assert count() == (CROWD, False)
    assert count(order="email") == (CROWD, False)
    assert count(q=word) == (10_000, True)
    assert count(q=f"{word} day3") == (1429, False)
    assert count(has_account="true") == (6667, False)
    assert count(**{"created_at[$gte]": "2000-01-01"}) == (10_000, True)
    assert count(q=word, has_account="false") == (3334, False)


def test_a_count_of_exactly_ten_thousand_is_not_capped(api, crowd):
    path, word = members_of(crowd[0]), crowd[1]
    last = f"{word}-{CROWD - 1:05}"

    api.post(path, {"remove": [last]})
    answer = api.get(path, params={"q": word, "limit": 1}).json()
    api.post(path, {"add": [last]})

    assert answer["count"] == 10_000
    assert "count_capped" not in answer


@pytest.mark.parametrize("order", ["-added_at", "-last_name"])
def test_every_member_of_a_large_group_stands_on_one_page(api, crowd, order):
    path, word = members_of(crowd[0]), crowd[1]

    walked = api.walk(path, "customers", order=order, limit=1000)

    ids = [row["id"] for row in walked]
    assert sorted(ids) == [f"{word}-{n:05}" for n in range(CROWD)]
    keys = [row[order[1:]] for row in walked]
    assert keys == sorted(keys, reverse=True)


@pytest.mark.parametrize("order", [sign + name for name in ORDERS for sign in ("", "-")])
def test_all_orders_of_a_large_group_begin_and_end_as_they_should(api, crowd, order):
    path = members_of(crowd[0])
    turned = order[1:] if order.startswith("-") else f"-{order}"

    first = api.get(path, params={"order": order, "limit": 3}).json()
    last = api.get(path, params={"order": order, "limit": 3, "offset": CROWD - 3}).json()
    reverse = api.get(path, params={"order": turned, "limit": 3}).json()

    assert len({row["id"] for row in first["customers"] + last["customers"]}) == 6
    assert last["customers"] == reverse["customers"][::-1]
    assert last["next_cursor"] is None


def test_a_search_in_a_large_group_is_paged_in_every_order(api, crowd):
    path, word = members_of(crowd[0]), crowd[1]
    asked = {"q": f"{word} day3", "has_account": "true"}
    expected = sorted(f"{word}-{n:05}" for n in range(CROWD) if n % 7 == 3 and n % 3)

    for order in ("-added_at", "email", "-created_at"):
        walked = api.walk(path, "customers", order=order, limit=700, **asked)
        assert sorted(row["id"] for row in walked) == expected, order


# Unknown customers


@pytest.fixture(scope="module", params=STORES)
def open_api(request, new_database, tmp_path_factory):
    """The API of a service that keeps no directory, on either database."""
    directory = tmp_path_factory.mktemp("open")
    with Server(new_database(request.param), directory, UNKNOWN_CUSTOMERS="accept") as running:
        yield signed_in(running)


def test_an_unknown_customer_shows_its_id_and_nulls(open_api):
    group, known = open_api.group(), open_api.customer(first_name="Ada")
    stranger = unique("stranger")
    open_api.add(group["id"], stranger, known["id"])

    for order in (sign + name for name in ORDERS for sign in ("", "-")):
        page = open_api.get(members_of(group["id"]), params={"order": order}).json()
        rows = {row["id"]: row for row in page["customers"]}
        assert page["count"] == 2, order
        assert set(rows) == {stranger, known["id"]}
        assert list(rows[stranger]) == [*CUSTOMER_KEYS, "added_at"]
        nulls = dict.fromkeys(CUSTOMER_KEYS) | {"id": stranger}
        assert {key: rows[stranger][key] for key in CUSTOMER_KEYS} == nulls
        assert rows[stranger]["added_at"] is not None


def test_unknown_customers_are_members_like_any_other(open_api):
    group = open_api.group()
    strangers = [unique("stranger") for _ in range(5)]
    open_api.add(group["id"], *strangers)
    path = members_of(group["id"])

    walked = open_api.walk(path, "customers", order="first_name", limit=2)
    theirs = open_api.get(f"/admin/customers/{strangers[0]}/customer-groups").json()
    checked = {"customer_ids": strangers[:1], "group_ids": [group["id"]]}
    memberships = open_api.post("/admin/memberships/check", checked).json()["memberships"]
    embedded = open_api.get(f"{GROUPS}/{group['id']}", params={"fields": "customers.email"}).json()
    open_api.post(path, {"remove": strangers[:2]})

    assert sorted(row["id"] for row in walked) == sorted(strangers)
    assert [row["id"] for row in theirs["customer_groups"]] == [group["id"]]
    assert memberships == {strangers[0]: [group["id"]]}
    assert embedded["customer_group"]["customers"][0] == {"id": strangers[0], "email": None}
    assert open_api.get(path).json()["count"] == 3


def test_a_large_group_of_unknown_customers_is_paged_in_every_order(open_api):
    group = open_api.group()
    strangers = sorted(unique("stranger") for _ in range(2500))
    open_api.add(group["id"], *strangers)

    for order in ("-added_at", "email", "-created_at"):
        walked = open_api.walk(members_of(group["id"]), "customers", order=order, limit=1000)
        assert sorted(row["id"] for row in walked) == strangers, order


def test_where_customers_must_be_known_an_unknown_one_is_refused(api):
    group = api.group()

    answer = api.post(members_of(group["id"]), {"add": ["stranger"]})

    assert answer.status_code == 404
    assert api.get(members_of(group["id"])).json()["count"] == 0
