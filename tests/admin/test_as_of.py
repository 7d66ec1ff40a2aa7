"""A group as it was: read-only, and a track through its history."""

import re
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import (
    changes,
    choose,
    expect_names,
    group_path,
    members_table,
    people,
    query,
    section,
)
from tests.admin.visit import settle
from tests.serving import unique

FIRST, RENAMED, JOINED, TAGGED, LEFT = range(5)

COUNT_CHANGES = """() => {
  const change = history.replaceState.bind(history);
  window.changes = 0;
  history.replaceState = (...given) => { window.changes += 1; change(...given); };
}"""
DRAG = """(slider) => {
  for (let value = 10_000; value >= 0; value -= 50) {
    slider.value = value;
    slider.dispatchEvent(new Event('input'));
  }
}"""
"""Chromium takes 200 changes in 10 seconds, other browsers fewer."""


@pytest.fixture
def group(api):
    """Created, renamed, two customers added, metadata set, one customer removed."""
    group = api.group()
    path = f"/admin/customer-groups/{group['id']}"
    group["before"], group["name"] = group["name"], unique("After")
    api.post(path, {"name": group["name"]})
    group["rows"] = people(api, 2)
    api.add(group["id"], *(row["id"] for row in group["rows"]))
    api.patch(path, {"metadata": {"tier": "gold"}})
    api.post(f"{path}/customers", {"remove": [group["rows"][0]["id"]]})
    group["events"] = api.events(group["id"])[::-1]
    return group


def position(group, event: int) -> int:
    return group["events"][event]["data"]["position"]


def as_of(page: Page, group, event: int, rest: str = "") -> Page:
    """Open a group as it was after one of its events."""
    page.goto(group_path(group, f"?as_of={position(group, event)}{rest}"))
    expect(slider(page)).to_be_visible()
    settle(page)
    return page


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Moment in the history of the group")


def band(page: Page) -> Locator:
    return page.get_by_role("region", name="Seen as of")


def customers(page: Page, count: int) -> None:
    fact = section(page, "Customers").page.get_by_role("term").filter(has_text="Customers")
    expect(fact.locator("xpath=following-sibling::dd")).to_have_text(str(count))


def at(page: Page, group, event: int) -> None:
    """The page shows the group after this event, and says so."""
    expect(page).to_have_url(re.compile(rf"\?as_of={position(group, event)}$"))
    expect(slider(page)).to_have_attribute("aria-valuetext", re.compile(f"event {event + 1} of 5$"))


def test_the_page_is_as_it_was_and_nothing_on_it_can_be_changed(page, group):
    as_of(page, group, JOINED, "&m_order=email")

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    expect_names(members_table(page), [row["email"] for row in group["rows"]])
    expect(section(page, "Metadata")).to_contain_text("had no metadata")
    expect(section(page, "History").locator("ol > li")).to_have_count(3)
    expect(section(page, "History").locator("summary")).to_have_count(0)  # nobody is named here
    expect(band(page)).to_contain_text("added 2 customers")
    expect(page.get_by_role("status").filter(has_text="As of ")).to_be_visible()
    customers(page, 2)

    sent = changes(page)

    for name in ("Add", "Edit metadata", "Group actions", re.compile("^Actions for")):
        for role in ("button", "link"):
            expect(page.get_by_role(role, name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    for key in "ear":
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(band(page)).to_contain_text("Nothing can be changed here")
    page.get_by_role("searchbox").fill(group["rows"][0]["email"])
    expect_names(members_table(page), [group["rows"][0]["email"]])
    assert f"as_of={position(group, JOINED)}" in query(page)
    assert sent == []


def test_what_happens_meanwhile_does_not_change_it(page, api, group):
    as_of(page, group, LEFT)
    present = page.context.new_page()
    present.goto(group_path(group))
    expect(present.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    later = unique("Later")

    api.post(f"/admin/customer-groups/{group['id']}", {"name": later})

    expect(present.get_by_role("heading", level=1, name=later)).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    at(page, group, LEFT)
    assert asked == []


def test_no_form_opens_over_what_was(page, group):
    page.goto(group_path(group, f"/edit?as_of={position(group, RENAMED)}"))

    expect(band(page)).to_contain_text("renamed the group")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_menu_of_a_group_leads_to_its_past_and_one_click_back_to_now(page, group):
    page.goto(group_path(group))
    expect(section(page, "History").locator("ol > li")).to_have_count(4)

    choose(page, "Group actions", "View as it was")
    at(page, group, LEFT)
    page.get_by_role("button", name="Earlier event").click()
    band(page).get_by_role("link", name="Back to now").click()

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(page.get_by_role("button", name="Group actions")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="As of ")).to_have_count(0)


def test_who_leaves_in_the_middle_of_a_step_has_left(page, group):
    as_of(page, group, LEFT)
    here = page.url
    earlier = page.get_by_role("button", name="Earlier event")
    expect(earlier).to_be_enabled()

    page.evaluate(
        """() => {
          const click = (words) => [...document.querySelectorAll('.band button, .band a')]
            .find((each) => (each.ariaLabel ?? each.textContent) === words).click();
          click('Earlier event');
          click('Back to now');
          const begun = performance.now();
          while (performance.now() - begun < 200); // the step is due before the next page is there
        }"""
    )

    expect(page.get_by_role("button", name="Group actions")).to_be_visible()
    expect(page).to_have_url(here.partition("?")[0])


def test_arrow_keys_and_buttons_step_event_by_event_and_end_at_the_ends(page, group):
    as_of(page, group, LEFT)
    slider(page).focus()

    page.keyboard.press("ArrowLeft")
    at(page, group, TAGGED)
    page.keyboard.press("ArrowLeft")
    at(page, group, JOINED)
    customers(page, 2)
    page.keyboard.press("Home")
    at(page, group, FIRST)
    expect(page.get_by_role("heading", level=1, name=group["before"])).to_be_visible()
    page.keyboard.press("ArrowRight")
    at(page, group, RENAMED)

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    customers(page, 0)
    expect(slider(page)).to_be_focused()

    earlier = page.get_by_role("button", name="Earlier event")
    earlier.click()
    at(page, group, FIRST)
    expect(earlier).to_be_disabled()
    page.get_by_role("button", name="Later event").click()
    at(page, group, RENAMED)


def test_the_thumb_is_dragged_and_snaps_to_events(page, group):
    as_of(page, group, LEFT)
    box = slider(page).bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    tick = page.locator(".ticks i").nth(JOINED).bounding_box()
    thumb = page.locator(".ticks i").nth(LEFT).bounding_box()
    assert tick is not None
    assert thumb is not None

    page.mouse.move(thumb["x"] + 1, middle)
    page.mouse.down()
    page.mouse.move(tick["x"] + 3, middle, steps=4)
    page.mouse.up()

    at(page, group, JOINED)
    customers(page, 2)


def test_a_long_drag_changes_the_address_once(page, group):
    as_of(page, group, LEFT)
    page.evaluate(COUNT_CHANGES)

    slider(page).evaluate(DRAG)

    at(page, group, FIRST)
    assert page.evaluate("window.changes") == 1


def test_a_second_is_typed_and_includes_what_happened_in_it(page, group):
    as_of(page, group, LEFT)
    created = datetime.fromisoformat(group["created_at"])
    local = created.astimezone(ZoneInfo("Europe/Berlin"))

    page.get_by_label("Exact time").fill(f"{local:%Y-%m-%dT%H:%M:%S}")

    second = re.escape(quote(f"{created:%Y-%m-%dT%H:%M:%S}", safe=""))
    expect(page).to_have_url(re.compile(rf"as_of={second}\.\d{{3}}Z$"))
    expect(page.get_by_role("heading", level=1, name=re.compile("Group|After"))).to_be_visible()
    expect(band(page)).to_contain_text(f"{local:%H:%M:%S}")


def test_before_its_creation_there_was_no_group(page, group):
    page.goto(group_path(group, "?as_of=2020-01-01T00:00:00+03:00"))

    expect(page.get_by_role("heading", name="The group did not exist yet")).to_be_visible()
    expect(band(page)).to_contain_text("31 Dec 2019, 22:00:00")
    page.get_by_role("button", name="Later event").click()
    at(page, group, FIRST)
    expect(page.get_by_role("heading", level=1, name=group["before"])).to_be_visible()


def test_a_deleted_group_can_still_be_seen_as_it_was(page, api, group):
    api.delete(f"/admin/customer-groups/{group['id']}")
    page.goto(group_path(group))

    page.get_by_role("link", name="View as it was").click()

    expect_names(members_table(page), [group["rows"][1]["email"]])
    page.get_by_role("button", name="Later event").click()
    expect(page.get_by_role("heading", name="The group was deleted by then")).to_be_visible()


def test_a_moment_that_there_is_not_says_so(page, group):
    for moment in ("2999-01-01T00:00:00Z", "yesterday", "999999999"):
        page.goto(group_path(group, f"?as_of={moment}"))

        expect(page.get_by_role("heading", name="This moment cannot be shown")).to_be_visible()
        expect(band(page).get_by_role("link", name="Back to now")).to_be_visible()


def test_what_was_is_compared_with_what_is(page, group):
    as_of(page, group, FIRST)

    page.get_by_role("button", name="Compare with now").click()

    changed = section(page, "Changed since then").get_by_role("listitem")
    expect(changed).to_have_text(
        [f"Name {group['before']} {group['name']}", "set tier to gold", "Number of customers 0 1"]
    )
    page.get_by_role("button", name="Later event").click()
    expect(changed).to_have_count(2)
    page.reload()
    expect(changed).to_have_count(2)
