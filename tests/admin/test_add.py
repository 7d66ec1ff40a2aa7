"""Adding customers to a group: all customers, those who are in marked, the others to tick."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import (
    answer_with,
    box,
    changes,
    choose,
    dialog,
    error_toast,
    group_of,
    group_path,
    members,
    members_table,
    people,
    prompt,
    results,
    search,
    section,
    tick,
    toast,
    whole_page_box,
    word_of,
)
from tests.serving import signed_in


@pytest.fixture
def group(api):
    return api.group()


def open_for(page: Page, group, rows) -> Locator:
    """The modal for a group, searched for these customers."""
    page.goto(group_path(group, f"/add-customers?a_q={word_of(rows)}&a_order=email"))
    modal = dialog(page)
    expect(box(modal, rows[0]["email"])).to_be_visible()
    return modal


def save(modal: Locator) -> None:
    modal.get_by_role("button", name="Save", exact=True).click()


def count_shown(page: Page, number: int) -> None:
    fact = page.get_by_role("term").filter(has_text=re.compile("^Customers$"))
    expect(fact.locator("xpath=following-sibling::dd")).to_have_text(str(number))


def test_ticked_customers_are_added_and_counted(page, api):
    before, rows = people(api, 2), people(api, 3)
    group = group_of(api, before)
    page.goto(group_path(group))
    count_shown(page, 2)

    section(page, "Customers").get_by_role("link", name="Add", exact=True).click()
    search(dialog(page)).fill(word_of(rows))
    tick(dialog(page), *(row["email"] for row in rows))
    save(dialog(page))

    expect(toast(page, "3 customers added")).to_be_visible()
    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    for row in rows:
        expect(members_table(page).get_by_role("link", name=row["email"])).to_be_visible()
    count_shown(page, 5)
    assert members(api, group) == {row["id"] for row in before + rows}


def test_one_customer_is_told_of_in_the_singular(page, api, group):
    rows = people(api, 1)
    modal = open_for(page, group, rows)

    tick(modal, rows[0]["email"])
    save(modal)

    expect(toast(page, re.compile(r"1 customer added"))).to_be_visible()


def test_members_are_marked_and_cannot_be_ticked(page, api):
    rows = people(api, 4)
    group = group_of(api, rows[:2])
    modal = open_for(page, group, rows)

    for row in rows[:2]:
        expect(box(modal, row["email"])).to_be_checked()
        expect(box(modal, row["email"])).to_be_disabled()
        expect(modal.get_by_role("row").filter(has_text=row["email"])).to_contain_text("In group")
    for row in rows[2:]:
        expect(box(modal, row["email"])).not_to_be_checked()
        expect(modal.get_by_role("row").filter(has_text=row["email"])).not_to_contain_text(
            "In group"
        )


def test_the_box_of_the_whole_page_leaves_members_out(page, api):
    rows = people(api, 4)
    group = group_of(api, rows[:2])
    modal = open_for(page, group, rows)

    whole_page_box(modal).check()

    expect(modal.get_by_role("button", name="2 selected")).to_be_visible()
    save(modal)
    expect(toast(page, "2 customers added")).to_be_visible()
    assert members(api, group) == {row["id"] for row in rows}


def test_what_is_ticked_stays_ticked_over_pages(page, api, group):
    rows = people(api, 12)
    modal = open_for(page, group, rows)

    tick(modal, rows[0]["email"], rows[3]["email"])
    modal.get_by_role("button", name="Next").click()
    tick(modal, rows[11]["email"])
    expect(modal.get_by_role("button", name="3 selected")).to_be_visible()
    modal.get_by_role("button", name="Prev").click()
    expect(box(modal, rows[3]["email"])).to_be_checked()
    save(modal)

    expect(toast(page, "3 customers added")).to_be_visible()
    assert members(api, group) == {rows[n]["id"] for n in (0, 3, 11)}


def test_saving_with_nothing_ticked_asks_to_choose(page, api, group):
    modal = open_for(page, group, people(api, 1))
    sent = changes(page)

    save(modal)

    expect(modal.get_by_role("alert")).to_have_text("Choose at least one customer")
    assert sent == []


def test_the_search_has_the_focus_from_the_start(page, api, group):
    people(api, 1)
    page.goto(group_path(group, "/add-customers"))

    expect(search(dialog(page))).to_be_focused()


def test_a_click_anywhere_on_a_row_ticks_it(page, api, group):
    rows = people(api, 2)
    modal = open_for(page, group, rows)

    modal.get_by_role("row").filter(has_text=rows[1]["email"]).get_by_role("cell").nth(2).click()

    expect(box(modal, rows[1]["email"])).to_be_checked()
    expect(page).to_have_url(re.compile("/add-customers"))


def test_rows_are_ticked_by_arrows_space_and_shift(page, api, group):
    rows = people(api, 4)
    modal = open_for(page, group, rows)

    search(modal).press("ArrowDown")
    expect(box(modal, rows[0]["email"])).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")

    ticked = [box(modal, row["email"]).is_checked() for row in rows]
    assert ticked == [False, True, True, True]


def test_a_menu_lists_what_is_ticked_and_leaves_one_out(page, api, group):
    rows = people(api, 3)
    modal = open_for(page, group, rows)
    tick(modal, *(row["email"] for row in rows))

    choose(modal, modal.get_by_role("button", name="3 selected"), rows[1]["email"])

    expect(modal.get_by_role("button", name="2 selected", include_hidden=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(box(modal, rows[1]["email"])).not_to_be_checked()
    expect(box(modal, rows[2]["email"])).to_be_checked()


def test_somebody_added_meanwhile_counts_once(page, api, group):
    rows = people(api, 4)
    modal = open_for(page, group, rows)
    tick(modal, *(row["email"] for row in rows))
    api.add(group["id"], rows[0]["id"])

    save(modal)

    expect(toast(page, "3 added, 1 was already in")).to_be_visible()


def test_adding_can_be_undone(page, api, group):
    rows = people(api, 2)
    modal = open_for(page, group, rows)
    tick(modal, *(row["email"] for row in rows))
    save(modal)

    toast(page, "2 customers added").get_by_role("button", name="Undo").click()

    expect(section(page, "Customers").get_by_text("No customers yet")).to_be_visible()
    count_shown(page, 0)
    assert members(api, group) == set()


def test_a_failure_keeps_the_modal_and_what_is_ticked(page, api, group):
    rows = people(api, 2)
    modal = open_for(page, group, rows)
    tick(modal, *(row["email"] for row in rows))
    answer_with(page, "**/customers?detail=true", 500, "An unknown error occurred", "POST")

    save(modal)

    expect(error_toast(page, "An unknown error occurred")).to_be_visible()
    page.unroute("**/customers?detail=true")
    save(modal)
    expect(toast(page, "2 customers added")).to_be_visible()


def test_leaving_with_customers_ticked_asks_first(page, api, group):
    rows = people(api, 1)
    modal = open_for(page, group, rows)
    tick(modal, rows[0]["email"])

    page.keyboard.press("Escape")
    prompt(page).get_by_role("button", name="Cancel").click()
    expect(box(modal, rows[0]["email"])).to_be_checked()
    modal.get_by_role("button", name="Cancel").click()
    prompt(page).get_by_role("button", name="Continue").click()

    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_paging_here_does_not_move_the_table_below(page, api):
    rows = people(api, 25)
    group = group_of(api, rows[:12])
    page.goto(group_path(group, f"?m_q={word_of(rows)}&m_order=email&m_offset=10"))
    expect(members_table(page).get_by_role("link", name=rows[10]["email"])).to_be_visible()

    section(page, "Customers").get_by_role("link", name="Add", exact=True).click()
    search(dialog(page)).fill(word_of(rows))
    expect(results(dialog(page), "1 – 10 of 25 results")).to_be_visible()
    dialog(page).get_by_role("button", name="Next").click()
    expect(results(dialog(page), "11 – 20 of 25 results")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(members_table(page).get_by_role("link", name=rows[10]["email"])).to_be_visible()
    expect(results(section(page, "Customers"), "11 – 12 of 12 results")).to_be_visible()
    assert "a_" not in page.url


def test_customers_are_filtered_by_their_groups(page, api, group):
    rows = people(api, 3)
    other = group_of(api, rows[1:2])
    modal = open_for(page, group, rows)

    choose(modal, "Add filter", "Groups")
    asked = page.get_by_role("dialog", name=re.compile("Groups"))
    search(asked).fill(other["name"])
    asked.get_by_role("checkbox", name=other["name"]).check()
    page.keyboard.press("Escape")

    expect(box(modal, rows[1]["email"])).to_be_visible()
    expect(box(modal, rows[0]["email"])).to_have_count(0)


def test_without_customers_the_modal_asks_to_create_one(new_page, empty_server):
    page = new_page(server=empty_server)
    group = signed_in(empty_server).group()

    page.goto(group_path(group, "/add-customers"))

    expect(dialog(page).get_by_text("No customers yet")).to_be_visible()
