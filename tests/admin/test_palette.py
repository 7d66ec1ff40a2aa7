"""The command palette, the sheet of shortcuts, and the keys that work everywhere."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import GROUPS, dialog, group_path, people, search
from tests.admin.visit import settle
from tests.serving import unique


def field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search and commands")


def hit(page: Page, text: str) -> Locator:
    return page.get_by_role("option").filter(has_text=text)


@pytest.mark.parametrize("key", ["Control+k", "Meta+k"])
def test_a_group_is_found_and_opened(page, api, key):
    group = api.group()
    page.goto(GROUPS)
    settle(page)

    page.keyboard.press(key)
    expect(field(page)).to_be_focused()
    page.keyboard.type(group["name"])
    expect(hit(page, group["name"])).to_be_visible()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    expect(field(page)).to_have_count(0)


def test_a_customer_is_found_and_opened(page, api):
    customer = people(api, 1)[0]
    page.goto(GROUPS)
    page.get_by_role("button", name=re.compile("^Search")).first.click()

    field(page).fill(customer["email"])
    hit(page, customer["email"]).click()

    expect(page).to_have_url(re.compile(f"/customers/{customer['id']}$"))


def test_a_command_on_the_open_group_is_chosen_by_arrows(page, api):
    group = api.group()
    page.goto(group_path(group))
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()

    page.keyboard.press("Control+k")
    expect(hit(page, f"Rename {group['name']}")).to_be_visible()
    page.keyboard.type("add customers")
    expect(hit(page, f"Add customers to {group['name']}")).to_have_attribute(
        "aria-selected", "true"
    )
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"{group['id']}/add-customers$"))


def test_more_hits_of_one_kind_are_shown_on_demand_and_backspace_leads_back(page, api):
    word = unique("Found")
    for number in range(5):
        api.group(f"{word} {number}")
    page.goto(GROUPS)
    settle(page)
    page.keyboard.press("Control+k")
    expect(field(page)).to_be_focused()
    page.keyboard.type(word)
    expect(hit(page, word)).to_have_count(3)

    hit(page, "Show more").click()
    expect(hit(page, word)).to_have_count(5)
    field(page).fill("")
    page.keyboard.press("Backspace")

    expect(page.get_by_role("button", name="All", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_escape_closes_the_palette_and_nothing_else(page, api):
    group = api.group()
    page.goto(group_path(group, "/edit"))
    name = dialog(page).get_by_label("Name")
    expect(name).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(field(page)).to_be_focused()

    page.keyboard.press("Escape")

    expect(field(page)).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_the_sheet_lists_the_shortcuts(page):
    page.goto(GROUPS)
    settle(page)

    page.keyboard.press("?")

    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    for words in ("Search and commands", "Go to customer groups", "Remove the selected customers"):
        expect(sheet.get_by_role("term").filter(has_text=words)).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


@pytest.mark.parametrize(("second", "leads_to"), [("u", "/customers$"), ("g", "/customer-groups$")])
def test_g_and_a_letter_lead_to_a_section(page, api, second, leads_to):
    page.goto(group_path(api.group()))
    settle(page)

    page.keyboard.press("g")
    page.keyboard.press(second)

    expect(page).to_have_url(re.compile(leads_to))


def test_g_alone_is_forgotten_after_a_second(page):
    page.clock.install()
    page.goto(GROUPS)
    settle(page)
    page.keyboard.press("g")

    page.clock.fast_forward(1100)
    page.keyboard.press("u")
    page.keyboard.press("/")  # what worked at once shows that the keys were heard

    expect(search(page)).to_be_focused()
    expect(page).to_have_url(re.compile("/customer-groups$"))


@pytest.mark.parametrize(
    ("key", "path"), [("c", "/create"), ("a", "/add-customers"), ("e", "/edit")]
)
def test_single_letters_open_what_they_stand_for(page, api, key, path):
    page.goto(GROUPS if key == "c" else group_path(api.group()))
    settle(page)

    page.keyboard.press(key)

    expect(page).to_have_url(re.compile(f"{path}$"))
    expect(page.get_by_role("dialog")).to_be_visible()


def test_single_letters_can_be_switched_off(page):
    page.goto(GROUPS)
    settle(page)
    page.keyboard.press("?")
    page.get_by_role("switch", name="Single-key shortcuts").click()
    page.keyboard.press("Escape")

    page.keyboard.press("c")
    page.keyboard.press("Control+k")

    expect(field(page)).to_be_focused()
    expect(page).to_have_url(re.compile("/customer-groups$"))


def test_letters_typed_in_a_field_are_no_shortcuts(page):
    page.goto(GROUPS)
    settle(page)

    search(page).press_sequentially("ce?")

    expect(search(page)).to_have_value("ce?")
    expect(page.get_by_role("dialog")).to_have_count(0)
