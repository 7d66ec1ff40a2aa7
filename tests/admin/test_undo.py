"""What was done is taken back: by the toast that tells of it, and a deletion by a restore."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.admin.steps import (
    GROUPS,
    changes,
    choose,
    dialog,
    expect_names,
    group_of,
    group_path,
    groups_table,
    members,
    members_table,
    name_of,
    people,
    prompt,
    section,
    tick,
    toast,
)
from tests.admin.visit import settle
from tests.serving import unique


@pytest.fixture
def rows(api):
    return people(api, 3)


@pytest.fixture
def group(api, rows):
    return group_of(api, rows, metadata={"tier": "gold"})


def undo(page: Page, text: str) -> None:
    toast(page, text).get_by_role("button", name="Undo").click()


def delete_from(page: Page, button: str) -> None:
    choose(page, button, "Delete")
    prompt(page).get_by_role("button", name="Delete", exact=True).click()


def remove(page: Page, *emails: str) -> None:
    tick(page, *emails)
    page.keyboard.press("r")
    prompt(page).get_by_role("button", name="Continue", exact=True).click()


def exists(api, group) -> bool:
    return api.get(f"/admin/customer-groups/{group['id']}").status_code == 200


def test_an_undo_names_the_request_that_it_takes_back(page, api, group, rows):
    page.goto(group_path(group))
    with page.expect_response(re.compile(r"/customers\?detail=true")) as removal:
        remove(page, rows[0]["email"], rows[1]["email"])
    sent = changes(page)

    undo(page, "2 customers removed")

    expect(toast(page, "Undone")).to_be_visible()
    assert [request.post_data_json for request in sent] == [
        {"request_id": removal.value.headers["x-request-id"]}
    ]
    assert members(api, group) == {row["id"] for row in rows}


def test_only_what_was_really_done_is_taken_back(page, api, rows):
    group = group_of(api, rows[:1])
    page.goto(group_path(group, "/add-customers"))
    tick(dialog(page), rows[1]["email"], rows[2]["email"])
    api.add(group["id"], rows[1]["id"])
    dialog(page).get_by_role("button", name="Save", exact=True).click()

    undo(page, "1 added, 1 was already in")

    expect(toast(page, "Undone")).to_be_visible()
    assert members(api, group) == {rows[0]["id"], rows[1]["id"]}


def test_a_creation_is_undone(page, api):
    name = unique("Mistake")
    page.goto(f"{GROUPS}/create")
    dialog(page).get_by_label("Name").fill(name)
    page.keyboard.press("Enter")

    undo(page, name)

    expect(page.get_by_text(f"{name} was deleted by")).to_be_visible()
    assert not exists(api, {"id": page.url.rsplit("/", 1)[1]})


def test_a_deletion_is_undone_from_the_list(page, api, group):
    page.goto(f"{GROUPS}?q={group['name']}")
    delete_from(page, f"Actions for {group['name']}")
    expect(page.get_by_text("No results")).to_be_visible()

    undo(page, f"{group['name']} was deleted")

    expect_names(groups_table(page), [group["name"]])
    assert len(members(api, group)) == 3


def test_a_deletion_is_undone_from_the_page_of_the_group_and_leads_back_there(page, api, group):
    page.goto(group_path(group))
    delete_from(page, "Group actions")
    expect(page).to_have_url(re.compile("/customer-groups$"))

    undo(page, f"{group['name']} was deleted")

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    expect(members_table(page).get_by_role("link")).to_have_count(3)
    assert exists(api, group)


def test_what_was_changed_since_stands_in_the_way_and_is_named(page, api, group, server):
    page.goto(group_path(group, "/edit"))
    dialog(page).get_by_label("Name").fill(unique("Mine"))
    dialog(page).get_by_role("button", name="Save", exact=True).click()
    expect(toast(page, "Renamed to")).to_be_visible()
    theirs = unique("Theirs")
    api.post(f"/admin/customer-groups/{group['id']}", {"name": theirs})

    undo(page, "Renamed to")

    expect(prompt(page)).to_have_accessible_name("This can no longer be undone")
    expect(prompt(page).get_by_role("listitem")).to_contain_text(
        [f"{server.admin_email} renamed the group to {theirs}"]
    )
    assert name_of(api, group) == theirs


def test_a_removal_that_removed_nobody_offers_no_undo(page, api, group, rows):
    page.goto(group_path(group))
    tick(page, rows[0]["email"])
    page.keyboard.press("r")
    api.post(f"/admin/customer-groups/{group['id']}/customers", {"remove": [rows[0]["id"]]})

    prompt(page).get_by_role("button", name="Continue", exact=True).click()

    expect(toast(page, "0 removed, 1 had left already")).to_be_visible()
    expect(toast(page, "0 removed").get_by_role("button", name="Undo")).to_have_count(0)


def test_a_deleted_group_is_restored_with_members_and_metadata_until_that_is_undone(
    page, api, group
):
    api.delete(f"/admin/customer-groups/{group['id']}")
    page.goto(group_path(group))
    expect(section(page, "Last known state")).to_contain_text("3")

    page.get_by_role("button", name="Restore").click()

    expect(toast(page, f"{group['name']} was restored")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    expect(members_table(page).get_by_role("link")).to_have_count(3)
    expect(section(page, "Metadata")).to_contain_text("gold")
    expect(page.get_by_role("button", name="Group actions")).to_be_visible()
    undo(page, f"{group['name']} was restored")
    expect(page.get_by_text(re.compile("was deleted by"))).to_be_visible()
    assert not exists(api, group)


def test_a_group_that_is_restored_elsewhere_is_there_again(page, api, group):
    api.delete(f"/admin/customer-groups/{group['id']}")
    page.goto(group_path(group))
    expect(page.get_by_role("button", name="Restore")).to_be_visible()
    settle(page)

    api.post(f"/admin/customer-groups/{group['id']}/restore", {})

    expect(members_table(page).get_by_role("link")).to_have_count(3)
    expect(page.get_by_role("button", name="Group actions")).to_be_visible()


def test_a_group_whose_name_was_taken_is_restored_under_another(page, api, group):
    api.delete(f"/admin/customer-groups/{group['id']}")
    api.group(group["name"])
    page.goto(group_path(group))

    page.get_by_role("button", name="Restore").click()
    field = page.get_by_label("Name")
    expect(field).to_be_focused()
    expect(field).to_have_value(group["name"])
    expect(page.get_by_text(f"A group named “{group['name']}” already exists")).to_be_visible()
    other = unique("Other")
    field.fill(other)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1, name=other)).to_be_visible()
    assert name_of(api, group) == other
