"""The detail of a group besides its members: facts, history, JSON."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.admin.steps import (
    dialog,
    group_of,
    group_path,
    held,
    members_table,
    people,
    section,
    toast,
)
from tests.serving import unique


@pytest.fixture
def eventful(api):
    """A group of nine events: created, renamed, metadata twice, five customers one by one."""
    group = api.group(metadata={"tier": "silver"})
    path = f"/admin/customer-groups/{group['id']}"
    group["before"], group["name"] = group["name"], unique("After")
    api.post(path, {"name": group["name"]})
    for value in ("gold", "platinum"):
        api.patch(path, {"metadata": {"tier": value}})
    rows = people(api, 5)
    for row in rows:
        api.add(group["id"], row["id"])
    group["rows"] = rows
    return group


def fact(page: Page, name: str):
    term = page.get_by_role("term").filter(has_text=re.compile(f"^{name}$"))
    return term.locator("xpath=following-sibling::dd")


def test_the_first_card_tells_the_facts(page, api, server):
    group = group_of(api, people(api, 2))

    page.goto(group_path(group))

    card = section(page, group["name"])
    expect(fact(page, "Customers")).to_have_text("2")
    expect(fact(page, "Created by")).to_contain_text(server.admin_email)
    expect(fact(page, "Created").get_by_role("time")).to_have_attribute(
        "title", re.compile(r"\d{2}:\d{2}:\d{2} (CES?T|GMT\+[12])")
    )
    expect(card).to_contain_text("Version 2")


def test_an_empty_group_has_nought_customers(page, api):
    page.goto(group_path(api.group()))

    expect(fact(page, "Customers")).to_have_text("0")


def test_the_id_is_copied(new_page, api):
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    group = api.group()
    page.goto(group_path(group))

    page.get_by_role("button", name=f"Copy ID {group['id']}").click()

    expect(toast(page, "ID copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == group["id"]


def test_the_history_shows_the_last_four(page, eventful, server):
    page.goto(group_path(eventful))
    card = section(page, "History")
    entries = card.locator("ol > li")

    expect(card).to_contain_text("9 events")
    expect(entries).to_have_count(4)
    expect(entries.first).to_contain_text(server.admin_email)
    expect(entries.first).to_contain_text("added 1 customer")
    expect(entries.first.get_by_role("time")).to_have_text("just now")


def test_added_customers_unfold_in_the_history(page, eventful):
    page.goto(group_path(eventful))
    entry = section(page, "History").locator("ol > li").first

    entry.get_by_text("added 1 customer").click()

    expect(entry).to_contain_text(eventful["rows"][4]["email"])


def test_the_json_is_a_tree_in_a_drawer(page, api):
    group = api.group(metadata={"regions": ["EU", "UK", "CH"], "tier": "gold"})
    page.goto(group_path(group))
    card = section(page, "JSON")
    expect(card).to_contain_text("9 keys")

    card.get_by_role("button", name="View JSON").click()

    tree = dialog(page)
    expect(tree.get_by_text(group["id"])).to_be_visible()
    expect(tree.get_by_text("gold")).to_be_hidden()
    tree.get_by_text("2 items").click()
    expect(tree.get_by_text("gold")).to_be_visible()
    tree.get_by_text("3 items").click()
    expect(tree.get_by_text('"CH"', exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(card.get_by_role("button", name="View JSON")).to_be_focused()


def test_the_json_is_downloaded_as_it_is_shown(page, api):
    group = api.group(metadata={"tier": "gold"})
    page.goto(group_path(group))
    section(page, "JSON").get_by_role("button", name="View JSON").click()

    with page.expect_download() as saved:
        dialog(page).get_by_role("button", name="Download").click()

    assert saved.value.suggested_filename == f"{group['id']}.json"
    assert '"tier": "gold"' in saved.value.path().read_text()


def test_the_shape_of_the_page_is_there_while_it_loads(page, api):
    group = api.group()
    with held(page, re.compile(rf"/admin/customer-groups/{group['id']}\?"), "GET"):
        page.goto(group_path(group))

        expect(page.get_by_role("main")).to_have_attribute("aria-busy", "true")

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_the_side_column_stands_beside_the_main_one_where_there_is_room(page, api):
    group = group_of(api, people(api, 1))
    page.goto(group_path(group))
    expect(members_table(page)).to_be_visible()

    def left(name: str) -> float:
        return section(page, name).bounding_box()["x"]

    assert left("Metadata") > left("Customers")
    page.set_viewport_size({"width": 900, "height": 900})
    assert left("Metadata") == left("Customers")
