"""Renaming a group in the drawer over its detail."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import (
    GROUPS,
    changes,
    choose,
    dialog,
    expect_names,
    group_of,
    group_path,
    groups_table,
    name_of,
    people,
    prompt,
    toast,
)
from tests.serving import unique


@pytest.fixture
def group(api):
    return api.group()


@pytest.fixture
def drawer(page: Page, group) -> Locator:
    """The open drawer."""
    page.goto(group_path(group, "/edit"))
    expect(dialog(page).get_by_label("Name")).to_be_focused()
    return dialog(page)


def save(drawer: Locator) -> None:
    drawer.get_by_role("button", name="Save", exact=True).click()


def test_a_new_name_shows_in_heading_breadcrumb_and_list(page, group):
    name = unique("Renamed")
    page.goto(group_path(group))

    choose(page, "Group actions", "Edit")
    dialog(page).get_by_label("Name").fill(name)
    save(dialog(page))

    expect(toast(page, name)).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(page.get_by_role("navigation", name="Breadcrumb")).to_contain_text(name)
    expect(page).to_have_title(re.compile(name))
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").click()
    page.goto(f"{GROUPS}?q={name}")
    expect_names(groups_table(page), [name])


def test_the_drawer_opens_by_its_address_and_cancel_leads_to_the_detail(page, group):
    page.goto(group_path(group, "/edit"))

    expect(dialog(page).get_by_label("Name")).to_have_value(group["name"])
    dialog(page).get_by_role("button", name="Cancel").click()

    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_the_name_is_selected_so_that_typing_replaces_it(page, drawer):
    page.keyboard.type("Other")

    expect(drawer.get_by_label("Name")).to_have_value("Other")


def test_saving_an_unchanged_name_closes_without_a_request(page, drawer, group):
    sent = changes(page)

    save(drawer)

    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert sent == []


@pytest.mark.parametrize(("typed", "told"), [(" ", "Give the group a name"), ("x" * 256, "255")])
def test_a_name_that_cannot_be_is_refused_at_the_field(page, drawer, typed, told):
    sent = changes(page)
    drawer.get_by_label("Name").fill(typed)

    save(drawer)

    expect(drawer).to_contain_text(told)
    expect(drawer.get_by_label("Name")).to_be_focused()
    assert sent == []


def test_a_taken_name_is_refused_at_the_field(api, drawer, group):
    taken = api.group()["name"]

    drawer.get_by_label("Name").fill(taken)
    save(drawer)

    expect(drawer).to_contain_text("already exists")
    expect(drawer.get_by_label("Name")).to_be_focused()
    assert name_of(api, group) == group["name"]


def rename_elsewhere(api, group, name: str) -> None:
    answer = api.post(f"/admin/customer-groups/{group['id']}", {"name": name})
    assert answer.status_code == 200, answer.text


def test_a_rename_by_somebody_else_meanwhile_is_shown_and_mine_can_be_kept(
    page, api, server, drawer, group
):
    theirs, mine = unique("Theirs"), unique("Mine")
    drawer.get_by_label("Name").fill(mine)
    rename_elsewhere(api, group, theirs)

    save(drawer)

    expect(drawer.get_by_role("alert")).to_contain_text(theirs)
    expect(drawer.get_by_role("alert")).to_contain_text(server.admin_email)
    expect(drawer.get_by_label("Name")).to_have_value(mine)
    assert name_of(api, group) == theirs
    drawer.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_role("heading", level=1, name=mine)).to_be_visible()
    assert name_of(api, group) == mine


def test_after_a_rename_by_somebody_else_theirs_can_be_used(page, api, drawer, group):
    theirs = unique("Theirs")
    drawer.get_by_label("Name").fill(unique("Mine"))
    rename_elsewhere(api, group, theirs)
    save(drawer)

    drawer.get_by_role("button", name="Use theirs").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name=theirs)).to_be_visible()
    assert name_of(api, group) == theirs


def test_members_who_join_meanwhile_do_not_disturb_a_rename(page, api, drawer, group):
    name = unique("Mine")
    drawer.get_by_label("Name").fill(name)
    api.add(group["id"], people(api, 1)[0]["id"])

    save(drawer)

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    assert name_of(api, group) == name


def test_a_rename_can_be_undone(page, api, drawer, group):
    name = unique("Mine")
    drawer.get_by_label("Name").fill(name)
    save(drawer)

    toast(page, name).get_by_role("button", name="Undo").click()

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    assert name_of(api, group) == group["name"]


def test_leaving_with_a_changed_name_asks_first(page, drawer, group):
    drawer.get_by_label("Name").fill("Other")

    page.keyboard.press("Escape")
    prompt(page).get_by_role("button", name="Cancel").click()
    expect(prompt(page)).to_have_count(0)
    expect(drawer.get_by_label("Name")).to_have_value("Other")
    page.keyboard.press("Escape")
    prompt(page).get_by_role("button", name="Continue").click()

    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_the_focus_returns_to_where_the_drawer_was_opened(page, api):
    group = group_of(api, people(api, 1))
    page.goto(group_path(group))
    choose(page, "Group actions", "Edit")
    expect(dialog(page).get_by_label("Name")).to_be_focused()

    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="Group actions")).to_be_focused()


def test_e_opens_the_drawer(page, group):
    page.goto(group_path(group))
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()

    page.keyboard.press("e")

    expect(dialog(page).get_by_label("Name")).to_be_focused()
