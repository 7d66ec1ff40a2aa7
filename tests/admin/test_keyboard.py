"""What an admin without a mouse can do: tests 7, 14, 18, 23 and 28 of ui.md by keyboard alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import (
    GROUPS,
    box,
    dialog,
    expect_focus_on_row,
    group_of,
    group_path,
    groups_table,
    members,
    members_table,
    metadata,
    people,
    press_until,
    prompt,
    search,
    section,
    toast,
    word_of,
)
from tests.serving import unique


@pytest.fixture
def keyboard(page, monkeypatch):
    """A page whose mouse is unplugged: a click by a test is an error."""
    for act in ("click", "down"):
        monkeypatch.setattr(page.mouse, act, None)
    return page


def go_to(page: Page, target: Locator) -> None:
    """Tab to it, and press Enter."""
    expect(target).to_be_visible()
    press_until(page, "Tab", target)
    page.keyboard.press("Enter")


def choose_item(page: Page, name: str) -> None:
    """Down the open menu to an item, and Enter."""
    press_until(page, "ArrowDown", page.get_by_role("menuitem", name=re.compile(f"^{name}")), 10)
    page.keyboard.press("Enter")


def test_a_group_is_created(keyboard):
    page, name = keyboard, unique("VIP")
    page.goto(GROUPS)

    go_to(page, page.get_by_role("link", name="Create", exact=True))
    expect(dialog(page).get_by_label("Name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")

    expect(toast(page, name)).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("g")
    go_to(page, search(page))
    page.keyboard.type(name)
    expect(groups_table(page).get_by_role("row").filter(has_text=name)).to_contain_text("0")


def test_customers_are_added(keyboard, api):
    page, group, rows = keyboard, api.group(), people(api, 3)
    page.goto(group_path(group))

    go_to(page, section(page, "Customers").get_by_role("link", name="Add", exact=True))
    expect(search(dialog(page))).to_be_focused()
    page.keyboard.type(word_of(rows))
    for row in rows:
        expect(box(dialog(page), row["email"])).to_be_visible()
    for row in rows:
        press_until(page, "Tab", box(dialog(page), row["email"]))
        page.keyboard.press("Space")
    press_until(page, "Shift+Tab", dialog(page).get_by_role("button", name="Save", exact=True))
    page.keyboard.press("Enter")

    expect(toast(page, "3 customers added")).to_be_visible()
    expect(members_table(page).get_by_role("link")).to_have_count(3)
    assert members(api, group) == {row["id"] for row in rows}


def test_members_are_removed(keyboard, api):
    page, rows = keyboard, people(api, 4)
    group = group_of(api, rows)
    page.goto(group_path(group, "?m_order=email"))

    for row in rows[:2]:
        expect(box(page, row["email"])).to_be_visible()
        press_until(page, "Tab", box(page, row["email"]))
        page.keyboard.press("Space")
    page.keyboard.press("r")
    expect(prompt(page).get_by_role("button", name="Cancel")).to_be_focused()
    go_to(page, prompt(page).get_by_role("button", name="Continue", exact=True))

    expect(toast(page, "2 customers removed")).to_be_visible()
    expect_focus_on_row(members_table(page), rows[2]["email"])
    assert members(api, group) == {row["id"] for row in rows[2:]}


def test_a_row_of_metadata_is_inserted(keyboard, api):
    page, group = keyboard, api.group(metadata={"a": "one", "b": "two"})
    page.goto(group_path(group))

    go_to(page, section(page, "Metadata").get_by_role("link", name="Edit metadata"))
    expect(dialog(page).get_by_label("Key", exact=True).first).to_be_focused()
    go_to(page, dialog(page).get_by_role("button", name="Actions for a"))
    choose_item(page, "Insert row below")
    page.keyboard.type("c")
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    go_to(page, dialog(page).get_by_role("button", name="Save", exact=True))

    expect(toast(page, "Metadata was updated")).to_be_visible()
    assert metadata(api, group) == {"a": "one", "b": "two", "c": 1}


def test_a_group_is_deleted(keyboard, api):
    page, rows = keyboard, people(api, 1)
    group = group_of(api, rows)
    page.goto(group_path(group))

    go_to(page, page.get_by_role("button", name="Group actions"))
    choose_item(page, "Delete")
    expect(prompt(page).get_by_role("button", name="Cancel")).to_be_focused()
    go_to(page, prompt(page).get_by_role("button", name="Delete", exact=True))

    expect(toast(page, group["name"])).to_be_visible()
    expect(page).to_have_url(re.compile("/customer-groups$"))
    assert api.get(f"/admin/customer-groups/{group['id']}").status_code == 404
    assert api.get(f"/admin/customers/{rows[0]['id']}").status_code == 200


def test_a_dialog_keeps_the_focus_within(keyboard, api):
    page = keyboard
    page.goto(group_path(api.group(), "/edit"))
    expect(dialog(page).get_by_label("Name")).to_be_focused()

    inside = []
    for _ in range(8):
        page.keyboard.press("Tab")
        inside.append(
            page.evaluate(
                "document.activeElement === document.body"
                " || Boolean(document.activeElement.closest('dialog'))"
            )
        )

    assert all(inside)


def test_a_menu_is_walked_by_arrows_and_escape_returns_to_its_button(keyboard, api):
    page = keyboard
    page.goto(group_path(api.group()))
    opener = page.get_by_role("button", name="Group actions")
    go_to(page, opener)
    expect(page.get_by_role("menuitem", name="Edit")).to_be_focused()

    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Edit")).to_be_focused()
    page.keyboard.press("Escape")

    expect(opener).to_be_focused()


def test_only_the_first_link_of_a_row_and_its_menu_are_tab_stops(keyboard, api):
    page, group = keyboard, api.group()
    page.goto(f"{GROUPS}?q={group['name']}")
    link = groups_table(page).get_by_role("link", name=group["name"])
    expect(link).to_be_visible()
    press_until(page, "Tab", link)

    page.keyboard.press("Tab")

    expect(page.get_by_role("button", name=f"Actions for {group['name']}")).to_be_focused()
