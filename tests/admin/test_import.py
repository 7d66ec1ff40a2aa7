"""Importing a list into a group: paste it or choose a file, check it, add, and read the report."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.admin.steps import (
    answer_with,
    changes,
    group_of,
    group_path,
    held,
    members,
    people,
    prompt,
)


def field(page: Page):
    return page.get_by_label("Customer IDs or e-mail addresses")


def check(page: Page) -> None:
    page.get_by_role("button", name="Check the list").click()


def choose_file(page: Page, content: bytes) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a CSV file").click()
    chooser.value.set_files({"name": "list.csv", "mimeType": "text/csv", "buffer": content})


def number(page: Page, name: str):
    term = page.get_by_role("term").filter(has_text=re.compile(f"^{name}$"))
    return term.locator("xpath=following-sibling::dd")


@pytest.fixture
def rows(api):
    return people(api, 5)


@pytest.fixture
def group(api, rows):
    """A group that two of the five are in already."""
    return group_of(api, rows[:2])


def test_a_pasted_list_is_checked_then_added_then_reported(page, api, group, rows):
    page.goto(group_path(group, "/import"))
    listed = [rows[0]["id"], rows[2]["email"].upper(), rows[3]["id"], "nobody@shop.example"]
    field(page).fill("\n".join([*listed, "", rows[3]["id"]]))
    sent = changes(page)

    check(page)
    expect(number(page, "To add")).to_have_text("2")
    expect(number(page, "Already in")).to_have_text("1")
    expect(number(page, "Unknown")).to_have_text("1")
    expect(page.get_by_role("listitem").filter(has_text="nobody@shop.example")).to_be_visible()
    assert sent == []
    page.get_by_role("button", name="Add 2 customers").click()

    expect(page.get_by_role("heading", name="2 customers added")).to_be_visible()
    assert members(api, group) == {rows[n]["id"] for n in range(4)}
    page.get_by_role("link", name="Open the group").click()
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


@pytest.mark.parametrize(
    "lines",
    [
        ["name,email,city", "Ada,{2},Berlin", '"Moreau, Noor",{3},"Paris"'],
        ["{2}", "{3}"],
        ["email;name", "{2};Ada", "{3};Noor"],
    ],
    ids=["column", "plain", "semicolons"],
)
def test_a_csv_file_is_read(page, api, group, rows, lines):
    text = "\r\n".join(lines).format(*(row["email"] for row in rows))
    page.goto(group_path(group, "/import"))

    choose_file(page, b"\xef\xbb\xbf" + text.encode())
    expect(page.get_by_text("list.csv")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Add 2 customers").click()

    expect(page.get_by_role("heading", name="2 customers added")).to_be_visible()
    assert members(api, group) == {rows[n]["id"] for n in range(4)}


def test_a_long_list_goes_in_parts_of_a_thousand_and_can_be_stopped(page, api):
    ids = api.customers(2500)
    group = api.group()
    page.goto(group_path(group, "/import"))
    choose_file(page, "\n".join(ids).encode())
    check(page)
    looked_up = page.get_by_role("button", name="Add 2,500 customers")
    expect(looked_up).to_be_visible()

    with held(page, "**/customers?detail=true", "POST") as parts:
        looked_up.click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Stopped")).to_be_visible()

    assert len(parts) == 1
    assert len(parts[0].request.post_data_json["add"]) == 1000
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="2,500 customers added")).to_be_visible()
    count = api.get(f"/admin/customer-groups/{group['id']}", params={"fields": "customers_count"})
    assert count.json()["customer_group"]["customers_count"] == 2500


def test_a_failure_while_adding_can_be_gone_on_from(page, api, group, rows):
    page.goto(group_path(group, "/import"))
    field(page).fill(rows[4]["id"])
    check(page)
    answer_with(page, "**/customers?detail=true", 500, "An unknown error occurred", "POST")

    page.get_by_role("button", name="Add 1 customer").click()
    expect(page.get_by_role("alert").filter(has_text="An unknown error")).to_be_visible()
    page.unroute("**/customers?detail=true")
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_role("heading", name="1 customer added")).to_be_visible()
    assert rows[4]["id"] in members(api, group)


def test_an_empty_list_is_refused_at_the_field(page, group):
    page.goto(group_path(group, "/import"))
    expect(field(page)).to_be_focused()

    check(page)

    expect(field(page)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Paste a list or choose a file")).to_be_visible()


def test_leaving_with_a_list_typed_asks_first(page, group):
    page.goto(group_path(group, "/import"))
    field(page).fill("somebody")

    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").first.click()
    expect(prompt(page)).to_contain_text("lost")
    prompt(page).get_by_role("button", name="Cancel").click()

    expect(field(page)).to_have_value("somebody")
