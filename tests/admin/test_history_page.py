"""The whole history of a group: who did what and when, narrowed, unfolded, and taken back."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import choose, group_path, members, name_of, people, prompt, query, toast
from tests.admin.visit import nothing_sent, settle
from tests.serving import unique


@pytest.fixture
def eventful(api):
    """Created, renamed, two keys of metadata changed, three customers added, one removed."""
    group = api.group(metadata={"tier": "silver"})
    path = f"/admin/customer-groups/{group['id']}"
    group["before"], group["name"] = group["name"], unique("After")
    api.post(path, {"name": group["name"]})
    api.patch(path, {"metadata": {"tier": "gold", "net_days": 30}})
    group["rows"] = people(api, 3)
    api.add(group["id"], *(row["id"] for row in group["rows"]))
    api.post(f"{path}/customers", {"remove": [group["rows"][0]["id"]]})
    return group


@pytest.fixture
def shown(page: Page, eventful) -> Page:
    """The history page of that group."""
    page.goto(group_path(eventful, "/history"))
    expect(entries(page)).to_have_count(5)
    return page


def entries(page: Page) -> Locator:
    return page.get_by_role("main").locator("ol > li")


def act(page: Page, version: int, item: str) -> None:
    choose(page, f"Actions for version {version}", item)


def narrow(page: Page, label: str, value: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{label}")).click()
    page.get_by_role("menuitemradio", name=value, exact=True).click()
    settle(page)


def test_the_card_of_a_group_leads_to_all_of_its_history(page, eventful):
    page.goto(group_path(eventful))

    page.get_by_role("link", name="View all").click()

    heading = page.get_by_role("heading", level=1, name=f"History of {eventful['name']}")
    expect(heading).to_be_visible()
    expect(entries(page)).to_have_count(5)
    page.get_by_role("link", name=eventful["name"]).click()
    expect(page).to_have_url(re.compile(f"{eventful['id']}$"))


def test_the_newest_stand_first_with_who_what_from_what_and_the_exact_time(shown, server, eventful):
    expect(shown.get_by_role("heading", level=2)).to_have_text(["Today"])
    for entry, what in enumerate(
        ["removed 1 customer", "added 3 customers", "changed 2 metadata keys", "renamed", "created"]
    ):
        expect(entries(shown).nth(entry)).to_contain_text(f"{server.admin_email} {what}")
    exact = re.compile(r"^\d{1,2} \w{3} \d{4}, \d{2}:\d{2}:\d{2} (CES?T|GMT\+[12])$")
    expect(entries(shown).first.get_by_role("time")).to_have_attribute("title", exact)
    expect(entries(shown).first.get_by_role("time")).to_have_text("just now")

    renamed, changed = entries(shown).nth(3), entries(shown).nth(2)

    expect(renamed.get_by_role("deletion")).to_have_text(eventful["before"])
    expect(renamed.get_by_role("insertion")).to_have_text(eventful["name"])
    tier, net_days = changed.get_by_role("listitem").all()
    expect(tier.get_by_role("deletion")).to_have_text("silver")
    expect(tier.get_by_role("insertion")).to_have_text("gold")
    expect(net_days).to_have_text("set net_days to 30")

    shown.get_by_text("added 3 customers").click()
    emails = [row["email"] for row in eventful["rows"]]
    expect(entries(shown).nth(1).get_by_role("link")).to_have_text(emails)


def test_days_that_are_past_have_their_date_and_the_time_of_day(page, eventful):
    def long_ago(route):
        answer = route.fetch()
        body = answer.json()
        for event in body["events"]:
            event["time"] = "2025-03-12T13:05:00.000000Z"
        route.fulfill(response=answer, json=body)

    page.route("**/history?*", long_ago)
    page.goto(group_path(eventful, "/history"))

    expect(page.get_by_role("heading", level=2)).to_have_text(["Wednesday, 12 March 2025"])
    expect(entries(page).first.get_by_role("time")).to_have_text("14:05")


def test_kinds_and_actors_narrow_it_and_stand_in_the_address(shown, server, eventful):
    narrow(shown, "Kind of change", "Renamed")
    expect(entries(shown)).to_have_count(1)
    assert query(shown) == "?type=Renamed"

    narrow(shown, "Who made it", server.admin_email)
    expect(entries(shown)).to_have_count(1)
    shown.reload()
    expect(entries(shown)).to_have_count(1)
    expect(shown.get_by_role("button", name="Kind of change: Renamed")).to_be_visible()
    expect(shown.get_by_role("button", name=f"Who made it: {server.admin_email}")).to_be_visible()
    shown.go_back()
    shown.go_back()
    expect(entries(shown)).to_have_count(5)

    shown.goto(group_path(eventful, "/history?type=GroupRestored"))
    expect(shown.get_by_text("No such changes")).to_be_visible()
    shown.get_by_role("button", name="Clear").click()
    expect(entries(shown)).to_have_count(5)


def test_fifty_stand_there_at_first_and_older_ones_on_demand(page, api):
    group = api.group()
    for number in range(51):
        api.post(f"/admin/customer-groups/{group['id']}", {"name": f"{group['name']} {number}"})
    page.goto(group_path(group, "/history"))
    expect(entries(page)).to_have_count(50)

    page.get_by_role("button", name="Show more").click()

    expect(entries(page)).to_have_count(52)
    expect(entries(page).last).to_contain_text("created the group")
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    last = page.get_by_role("button", name="Actions for version 2", exact=True)
    expect(last).to_be_focused()


def test_what_happens_meanwhile_appears_on_top(shown, api, eventful):
    later = unique("Later")
    shown.get_by_text("added 3 customers").click()
    shown.get_by_role("button", name="Actions for version 2").click()

    api.post(f"/admin/customer-groups/{eventful['id']}", {"name": later})

    expect(entries(shown)).to_have_count(6)
    expect(entries(shown).first).to_contain_text(later)
    expect(shown.get_by_role("heading", level=1, name=f"History of {later}")).to_be_visible()
    expect(entries(shown).nth(2).get_by_role("link")).to_have_count(3)
    expect(shown.get_by_role("menuitem", name="View as of here")).to_be_focused()


def test_what_does_not_fit_the_filters_does_not_appear(page, api, eventful):
    page.goto(group_path(eventful, "/history?type=Renamed"))
    expect(entries(page)).to_have_count(1)

    api.patch(f"/admin/customer-groups/{eventful['id']}", {"metadata": {"tier": "iron"}})
    api.post(f"/admin/customer-groups/{eventful['id']}", {"name": unique("Later")})

    expect(entries(page)).to_have_count(2)
    expect(entries(page)).to_contain_text(["renamed", "renamed"])


def test_who_has_left_it_asks_no_more(shown, api, eventful):
    shown.get_by_role("link", name=eventful["name"]).click()
    expect(shown.get_by_role("button", name="Group actions")).to_be_visible()
    settle(shown)
    later = unique("Later")

    with nothing_sent(shown, "GET", r"/history\?.*limit=50"):
        api.post(f"/admin/customer-groups/{eventful['id']}", {"name": later})
        expect(shown.get_by_role("heading", level=1, name=later)).to_be_visible()


def test_from_an_event_one_sees_the_group_as_it_was_and_copies_its_id(new_page, eventful):
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(group_path(eventful, "/history"))

    act(page, 2, "Copy event ID")

    expect(toast(page, "Event ID copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{eventful['id']}:2"

    act(page, 1, "View as of here")
    expect(page.get_by_role("heading", level=1, name=eventful["before"])).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?as_of=\d+$"))


def test_an_undo_says_first_what_it_will_do(shown, api, eventful):
    act(shown, 5, "Undo")
    expect(prompt(shown)).to_have_accessible_name("Undo this change?")
    expect(prompt(shown).get_by_role("listitem")).to_have_text(["added 1 customer"])
    assert len(members(api, eventful)) == 2

    prompt(shown).get_by_role("button", name="Undo", exact=True).click()

    expect(entries(shown)).to_have_count(6)
    expect(entries(shown).first).to_contain_text("Undo of an earlier change")
    assert members(api, eventful) == {row["id"] for row in eventful["rows"]}


def test_cancel_undoes_nothing_and_what_stands_in_the_way_of_an_undo_is_named(
    shown, api, eventful, server
):
    act(shown, 2, "Undo")
    renamed = prompt(shown).get_by_role("listitem")
    expect(renamed.get_by_role("deletion")).to_have_text(eventful["name"])
    expect(renamed.get_by_role("insertion")).to_have_text(eventful["before"])

    prompt(shown).get_by_role("button", name="Cancel").click()

    expect(prompt(shown)).to_have_count(0)
    assert name_of(api, eventful) == eventful["name"]

    act(shown, 4, "Undo")  # one of the three has left since

    expect(prompt(shown)).to_have_accessible_name("This can no longer be undone")
    in_the_way = prompt(shown).get_by_role("listitem")
    expect(in_the_way).to_contain_text([f"{server.admin_email} removed"])
    prompt(shown).get_by_role("button", name="Close").click()
    expect(prompt(shown)).to_have_count(0)


def test_a_deleted_group_has_its_history_and_one_that_never_was_has_none(page, api, eventful):
    api.delete(f"/admin/customer-groups/{eventful['id']}")

    page.goto(group_path(eventful, "/history"))

    expect(page.get_by_role("heading", name=f"History of {eventful['name']}")).to_be_visible()
    expect(entries(page).first).to_contain_text("deleted the group")

    page.goto(group_path("cusgroup_none", "/history"))
    expect(page.get_by_text("There is no customer group with this ID")).to_be_visible()
