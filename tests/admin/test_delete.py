"""Deleting a group, from its detail and from the list."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.admin.steps import (
    GROUPS,
    answer_with,
    changes,
    choose,
    expect_names,
    group_of,
    group_path,
    groups_table,
    members,
    people,
    prompt,
    toast,
)
from tests.serving import unique


@pytest.fixture
def rows(api):
    return people(api, 3)


@pytest.fixture
def group(api, rows):
    return group_of(api, rows)


def delete(page: Page) -> None:
    prompt(page).get_by_role("button", name="Delete", exact=True).click()


def exists(api, path: str) -> bool:
    return api.get(path).status_code == 200


def test_a_deleted_group_leaves_the_list_and_its_customers_stay(page, api, group, rows):
    page.goto(group_path(group))

    choose(page, "Group actions", "Delete")
    expect(prompt(page)).to_contain_text(group["name"])
    expect(prompt(page)).to_contain_text("3 customers")
    delete(page)

    expect(toast(page, group["name"])).to_be_visible()
    expect(page).to_have_url(re.compile("/customer-groups$"))
    expect(groups_table(page).get_by_role("link", name=group["name"])).to_have_count(0)
    assert not exists(api, f"/admin/customer-groups/{group['id']}")
    assert all(exists(api, f"/admin/customers/{row['id']}") for row in rows)


def test_cancel_deletes_nothing(page, api, group):
    page.goto(group_path(group))
    sent = changes(page)
    choose(page, "Group actions", "Delete")
    expect(prompt(page).get_by_role("button", name="Cancel")).to_be_focused()

    prompt(page).get_by_role("button", name="Cancel").click()

    expect(prompt(page)).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    assert sent == []
    assert len(members(api, group)) == 3


def test_back_after_deleting_does_not_lead_to_what_is_gone(page, group):
    page.goto(f"{GROUPS}?q={group['name']}")
    groups_table(page).get_by_role("link", name=group["name"]).click()
    choose(page, "Group actions", "Delete")
    delete(page)
    expect(page).to_have_url(re.compile("/customer-groups$"))

    page.go_back()

    expect(page).to_have_url(re.compile(r"\?q="))
    expect(page.get_by_text("No results")).to_be_visible()


def test_deleting_from_the_list_keeps_its_search_and_page(page, api):
    word = unique("Row")
    for number in range(1, 24):
        api.group(f"{word} {number:02}")
    page.goto(f"{GROUPS}?q={word}&offset=20")
    expect_names(groups_table(page), [f"{word} {number}" for number in (21, 22, 23)])

    choose(page, f"Actions for {word} 22", "Delete")
    delete(page)

    expect(toast(page, f"{word} 22")).to_be_visible()
    expect_names(groups_table(page), [f"{word} {number}" for number in (21, 23)])
    expect(page).to_have_url(re.compile(rf"q={word}&offset=20$"))
    expect(groups_table(page).get_by_role("link", name=f"{word} 23")).to_be_focused()


def test_a_failure_is_told_and_nothing_is_deleted(page, api, group):
    page.goto(group_path(group))
    answer_with(page, f"**/customer-groups/{group['id']}*", 500, "An unknown error", "DELETE")
    choose(page, "Group actions", "Delete")

    delete(page)

    expect(page.get_by_role("alert").filter(has_text="An unknown error")).to_be_visible()
    assert exists(api, f"/admin/customer-groups/{group['id']}")
    page.unroute(f"**/customer-groups/{group['id']}*")
    delete(page)
    expect(toast(page, group["name"])).to_be_visible()
