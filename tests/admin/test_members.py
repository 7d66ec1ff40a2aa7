"""The members of a group: choosing them, taking them out, and taking that back."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import (
    GROUPS,
    NARROW,
    answer_with,
    box,
    changes,
    chips,
    choose,
    commands,
    expect_focus_on_row,
    expect_names,
    group_of,
    group_path,
    members,
    members_table,
    people,
    prompt,
    search,
    section,
    tick,
    toast,
    whole_page_box,
)

IN_ORDER = "?m_order=email"


@pytest.fixture
def rows(api):
    """Twelve customers: a page of ten, and two more."""
    return people(api, 12)


@pytest.fixture
def group(api, rows):
    return group_of(api, rows)


@pytest.fixture
def shown(page: Page, group, rows) -> Page:
    """The detail of the group, its members by e-mail."""
    page.goto(group_path(group, IN_ORDER))
    expect(box(page, rows[0]["email"])).to_be_visible()
    return page


def emails(rows) -> list[str]:
    return [row["email"] for row in rows]


def go_on(page: Page) -> None:
    prompt(page).get_by_role("button", name="Continue", exact=True).click()


def test_the_selected_are_removed_with_r(shown, api, group, rows):
    tick(shown, *emails(rows[1:3]))
    expect(commands(shown)).to_contain_text("2 selected")

    shown.keyboard.press("r")
    go_on(shown)

    expect(toast(shown, "2 customers removed")).to_be_visible()
    expect(commands(shown)).to_be_hidden()
    expect_names(members_table(shown), emails([rows[0], *rows[3:]]))
    expect_focus_on_row(members_table(shown), rows[3]["email"])
    assert members(api, group) == {row["id"] for row in [rows[0], *rows[3:]]}


def test_the_selected_are_removed_at_the_bottom_centre(shown, api, group, rows):
    tick(shown, *emails(rows[:2]))
    bar = commands(shown).bounding_box()
    width = shown.evaluate("document.documentElement.clientWidth")
    assert abs(bar["x"] + bar["width"] / 2 - width / 2) <= 2
    assert bar["y"] > 0.8 * shown.viewport_size["height"]

    commands(shown).get_by_role("button", name="Remove").click()
    go_on(shown)

    expect(toast(shown, "2 customers removed")).to_be_visible()
    expect(commands(shown)).to_be_hidden()
    assert members(api, group) == {row["id"] for row in rows[2:]}


def test_the_bar_takes_no_focus_and_says_what_it_can(shown, rows):
    tick(shown, rows[0]["email"])

    expect(commands(shown)).to_be_visible()
    expect(box(shown, rows[0]["email"])).to_be_focused()
    expect(shown.get_by_text(re.compile("1 selected. Press R to remove"))).to_have_count(1)


@pytest.mark.parametrize("key", ["R", "Shift+R"])
def test_a_capital_r_removes_as_well(shown, rows, key):
    tick(shown, rows[0]["email"])

    shown.keyboard.press(key)

    expect(prompt(shown)).to_be_visible()


def test_r_in_the_search_field_is_a_letter(shown, rows):
    tick(shown, rows[0]["email"])

    search(shown).press("r")

    expect(search(shown)).to_have_value("r")
    expect(prompt(shown)).to_have_count(0)


@pytest.mark.parametrize("key", ["Control+r", "Meta+r", "Alt+r"])
def test_r_with_a_modifier_is_the_browsers(shown, rows, key):
    tick(shown, rows[0]["email"])
    shown.evaluate(
        """addEventListener('keydown', event => {
             if (event.key.toLowerCase() !== 'r') return;
             globalThis.prevented = event.defaultPrevented; event.preventDefault();
           })"""
    )

    shown.keyboard.press(key)

    assert shown.evaluate("globalThis.prevented") is False
    expect(prompt(shown)).to_have_count(0)


def test_r_under_an_open_dialog_does_nothing(shown, rows):
    tick(shown, rows[0]["email"])
    shown.keyboard.press("?")
    expect(shown.get_by_role("dialog")).to_be_visible()

    shown.keyboard.press("r")

    expect(prompt(shown)).to_have_count(0)


def test_r_under_an_open_menu_does_nothing(shown, rows):
    tick(shown, rows[0]["email"])
    shown.get_by_role("button", name="Group actions").click()
    expect(shown.get_by_role("menuitem", name="Edit")).to_be_focused()

    shown.keyboard.press("r")

    expect(prompt(shown)).to_have_count(0)


def test_r_without_a_selection_does_nothing(shown):
    shown.keyboard.press("r")

    expect(prompt(shown)).to_have_count(0)


def test_cancel_sends_nothing_and_keeps_selection_and_focus(shown, api, group, rows):
    tick(shown, *emails(rows[:2]))
    sent = changes(shown)
    shown.keyboard.press("r")
    expect(prompt(shown).get_by_role("button", name="Cancel")).to_be_focused()

    prompt(shown).get_by_role("button", name="Cancel").click()

    expect(prompt(shown)).to_have_count(0)
    expect(commands(shown)).to_contain_text("2 selected")
    expect(box(shown, rows[0]["email"])).to_be_checked()
    expect(box(shown, rows[1]["email"])).to_be_checked()
    expect(box(shown, rows[1]["email"])).to_be_focused()
    assert sent == []
    assert len(members(api, group)) == 12


def test_escape_cancels_the_prompt_and_only_then_the_selection(shown, rows):
    tick(shown, *emails(rows[:2]))
    shown.keyboard.press("r")
    expect(prompt(shown)).to_be_visible()

    shown.keyboard.press("Escape")
    expect(prompt(shown)).to_have_count(0)
    expect(commands(shown)).to_contain_text("2 selected")
    shown.keyboard.press("Escape")

    expect(commands(shown)).to_be_hidden()
    expect(box(shown, rows[0]["email"])).not_to_be_checked()


def test_a_click_outside_does_not_close_the_prompt(shown, rows):
    tick(shown, rows[0]["email"])
    shown.keyboard.press("r")
    expect(prompt(shown)).to_be_visible()

    shown.mouse.click(5, 5)

    expect(prompt(shown)).to_be_visible()


def test_a_failed_removal_is_told_in_the_prompt_and_can_be_retried(shown, api, group, rows):
    tick(shown, *emails(rows[:2]))
    answer_with(shown, "**/customers?detail=true", 500, "An unknown error occurred", "POST")
    shown.keyboard.press("r")

    go_on(shown)
    expect(prompt(shown).get_by_role("alert")).to_contain_text("An unknown error occurred")
    expect(box(shown, rows[0]["email"])).to_be_checked()
    assert len(members(api, group)) == 12
    shown.unroute("**/customers?detail=true")
    go_on(shown)

    expect(toast(shown, "2 customers removed")).to_be_visible()
    assert members(api, group) == {row["id"] for row in rows[2:]}


def test_after_a_failed_removal_cancel_keeps_the_selection(shown, rows):
    tick(shown, *emails(rows[:2]))
    answer_with(shown, "**/customers?detail=true", 500, "An unknown error occurred", "POST")
    shown.keyboard.press("r")
    go_on(shown)
    expect(prompt(shown).get_by_role("alert")).to_be_visible()

    prompt(shown).get_by_role("button", name="Cancel").click()

    expect(commands(shown)).to_contain_text("2 selected")


def test_a_removal_can_be_undone(shown, api, group, rows):
    tick(shown, *emails(rows[:2]))
    shown.keyboard.press("r")
    go_on(shown)

    toast(shown, "2 customers removed").get_by_role("button", name="Undo").click()

    expect_names(members_table(shown), emails(rows[:10]))
    assert members(api, group) == {row["id"] for row in rows}


def test_a_removal_is_one_request_and_tells_what_is_lost_and_kept(shown, group, rows):
    tick(shown, *emails(rows[:3]))
    sent = changes(shown)
    shown.keyboard.press("r")
    expect(prompt(shown)).to_have_accessible_name("Remove customers")
    expect(prompt(shown)).to_contain_text(f"3 customers will leave {group['name']}")
    expect(prompt(shown)).to_contain_text("prices and promotions")
    expect(prompt(shown)).not_to_contain_text("undone")

    go_on(shown)

    expect(toast(shown, "3 customers removed")).to_be_visible()
    assert [request.post_data_json for request in sent] == [
        {"remove": [row["id"] for row in rows[:3]]}
    ]


def test_the_menu_of_a_row_removes_one(shown, api, group, rows):
    choose(shown, f"Actions for {rows[4]['email']}", "Remove from group")
    expect(prompt(shown)).to_have_accessible_name("Remove customer")

    go_on(shown)

    expect(toast(shown, "1 customer removed")).to_be_visible()
    expect_focus_on_row(members_table(shown), rows[5]["email"])
    assert members(api, group) == {row["id"] for row in rows} - {rows[4]["id"]}


def test_when_the_last_row_of_the_last_page_goes_the_page_before_shows(page, api):
    rows = people(api, 11)
    group = group_of(api, rows)
    page.goto(group_path(group, f"{IN_ORDER}&m_offset=10"))
    tick(page, rows[10]["email"])

    page.keyboard.press("r")
    go_on(page)

    expect_names(members_table(page), emails(rows[:10]))
    assert "m_offset" not in page.url


def test_when_the_last_member_goes_the_heading_has_the_focus(page, api):
    rows = people(api, 1)
    page.goto(group_path(group_of(api, rows)))
    tick(page, rows[0]["email"])

    page.keyboard.press("r")
    go_on(page)

    expect(page.get_by_role("heading", level=2, name="Customers")).to_be_focused()
    expect(section(page, "Customers").get_by_text("No customers yet")).to_be_visible()


def test_the_selection_survives_pages_orders_and_searches(shown, rows):
    tick(shown, *emails(rows[:2]))

    shown.get_by_role("button", name="Next").click()
    tick(shown, rows[11]["email"])
    expect(commands(shown)).to_contain_text("3 selected")
    search(shown).fill(rows[1]["email"])
    expect_names(members_table(shown), [rows[1]["email"]])

    expect(box(shown, rows[1]["email"])).to_be_checked()
    expect(commands(shown)).to_contain_text("3 selected")


def test_the_box_of_the_whole_page_selects_the_page(shown, rows):
    tick(shown, rows[0]["email"])
    assert whole_page_box(shown).evaluate("e => e.indeterminate")

    whole_page_box(shown).check()

    expect(commands(shown)).to_contain_text("10 selected")
    assert not whole_page_box(shown).evaluate("e => e.indeterminate")
    whole_page_box(shown).uncheck()
    expect(commands(shown)).to_be_hidden()


def test_shift_and_click_selects_a_range(shown, rows):
    box(shown, rows[2]["email"]).click()

    box(shown, rows[6]["email"]).click(modifiers=["Shift"])

    expect(commands(shown)).to_contain_text("5 selected")
    expect(box(shown, rows[4]["email"])).to_be_checked()
    expect(box(shown, rows[7]["email"])).not_to_be_checked()


def test_clear_in_the_bar_empties_the_selection(shown, rows):
    tick(shown, *emails(rows[:2]))

    commands(shown).get_by_role("button", name="Clear").click()

    expect(commands(shown)).to_be_hidden()
    expect(box(shown, rows[0]["email"])).not_to_be_checked()


@pytest.mark.parametrize("size", [{"width": 1360, "height": 500}, NARROW])
def test_the_bar_never_hides_the_pager(shown, rows, size):
    shown.set_viewport_size(size)
    tick(shown, rows[9]["email"])
    shown.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    pager = shown.get_by_role("button", name="Next")
    pager.evaluate("e => e.scrollIntoView({ block: 'end' })")

    pager.click()

    expect_names(members_table(shown), emails(rows[10:]))


def test_search_order_and_page_stay_in_the_address(shown, rows):
    shown.get_by_role("button", name="Next").click()
    expect_names(members_table(shown), emails(rows[10:]))
    expect(shown).to_have_url(re.compile("m_offset=10"))

    shown.reload()

    expect_names(members_table(shown), emails(rows[10:]))
    shown.go_back()
    expect_names(members_table(shown), emails(rows[:10]))


def test_members_are_filtered_by_account(page, api):
    guests, registered = people(api, 2), people(api, 3, has_account="true")
    page.goto(group_path(group_of(api, guests + registered), IN_ORDER))

    choose(page, "Add filter", "Account")
    page.get_by_role("menuitemradio", name="Registered").click()

    expect(chips(page)).to_contain_text("Registered")
    expect_names(members_table(page), emails(registered))


def test_a_row_leads_to_its_customer(shown, rows):
    row = members_table(shown).get_by_role("row").filter(has_text=rows[2]["email"])

    row.get_by_role("time").click()

    expect(shown).to_have_url(re.compile(f"/customers/{rows[2]['id']}$"))


def test_created_shows_the_day_and_the_moment_with_its_zone(new_page, api):
    rows = people(api, 1)
    page = new_page(timezone_id="Asia/Kolkata")

    page.goto(group_path(group_of(api, rows)))

    time = members_table(page).get_by_role("time")
    expect(time).to_have_text(re.compile(r"^\d{1,2} [A-Z][a-z]{2} \d{4}$"))
    expect(time).to_have_attribute("title", re.compile(r"\d{2}:\d{2}:\d{2} (GMT\+5:30|IST)$"))


def test_an_empty_group_offers_to_add_and_to_import(page, api):
    page.goto(group_path(api.group()))
    empty = section(page, "Customers")

    expect(empty.get_by_text("No customers yet")).to_be_visible()
    expect(search(empty)).to_be_hidden()
    expect(empty.get_by_role("link", name="Add customers")).to_be_visible()
    expect(empty.get_by_role("link", name="Import CSV")).to_be_visible()


def test_the_count_in_the_list_follows_a_removal(shown, group, rows):
    tick(shown, *emails(rows[:2]))
    shown.keyboard.press("r")
    go_on(shown)
    expect(toast(shown, "removed")).to_be_visible()

    shown.goto(f"{GROUPS}?q={group['name']}")

    row: Locator = shown.get_by_role("row").filter(has_text=group["name"])
    expect(row.get_by_role("cell").nth(1)).to_have_text("10")
