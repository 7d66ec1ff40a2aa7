"""The pages of customers: list, form, detail with the groups of a customer."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.admin.steps import (
    CUSTOMERS,
    box,
    changes,
    chips,
    choose,
    commands,
    dialog,
    error_toast,
    expect_names,
    group_of,
    members,
    people,
    prompt,
    search,
    section,
    tick,
    toast,
    word_of,
)
from tests.admin.visit import requests_sent
from tests.serving import unique


def customers_table(page: Page):
    return page.get_by_role("table", name="Customers", exact=True)


def groups_section(page: Page):
    return section(page, "Customer Groups")


def customer_path(customer, rest: str = "") -> str:
    return f"{CUSTOMERS}/{customer['id']}{rest}"


@pytest.fixture
def customer(api):
    return api.customer(first_name="Ada", last_name=unique("Moreau"), company_name="Northwind")


def test_customers_are_searched_and_sorted(page, api):
    rows = people(api, 3)
    page.goto(CUSTOMERS)

    search(page).fill(word_of(rows))
    expect(customers_table(page).get_by_role("link")).to_have_count(3)
    customers_table(page).get_by_role("button", name="Email").click()

    expect_names(customers_table(page), [row["email"] for row in rows])
    expect(page).to_have_url(re.compile("order=email"))
    page.reload()
    expect_names(customers_table(page), [row["email"] for row in rows])


def test_customers_are_filtered_by_account_and_group(page, api):
    rows = people(api, 3)
    registered = people(api, 2, has_account="true")
    group = group_of(api, [*rows[:2], *registered[:1]])
    page.goto(f"{CUSTOMERS}?order=email")

    choose(page, "Add filter", "Groups")
    asked = page.get_by_role("dialog", name=re.compile("Groups"))
    search(asked).fill(group["name"])
    asked.get_by_role("checkbox", name=group["name"]).check()
    page.keyboard.press("Escape")
    expect(customers_table(page).get_by_role("link")).to_have_count(3)
    choose(page, "Add filter", "Account")
    page.get_by_role("menuitemradio", name="Guest").click()

    expect_names(customers_table(page), [row["email"] for row in rows[:2]])
    expect(chips(page)).to_contain_text("Guest")


def test_without_customers_the_page_offers_to_create_one(new_page, empty_server):
    page = new_page(server=empty_server)

    page.goto(CUSTOMERS)

    expect(page.get_by_text("No customers yet")).to_be_visible()
    page.get_by_role("link", name="Create a customer").click()
    expect(dialog(page).get_by_label("E-mail")).to_be_focused()


def test_a_created_customer_opens(page):
    email = f"{unique('ada')}@shop.example"
    page.goto(CUSTOMERS)

    page.get_by_role("link", name="Create", exact=True).click()
    form = dialog(page)
    form.get_by_label("E-mail").fill(email)
    form.get_by_label("First name").fill("Ada")
    form.get_by_label("Last name").fill("Moreau")
    form.get_by_label("Company").fill("Northwind")
    form.get_by_label("Phone").fill("+49 30 1234")
    form.get_by_role("button", name="Create", exact=True).click()

    expect(toast(page, "Ada Moreau")).to_be_visible()
    expect(page).to_have_url(re.compile("/customers/cus_[0-9A-Z]{26}$"))
    expect(page.get_by_role("heading", level=1, name="Ada Moreau")).to_be_visible()
    for words in (email, "Northwind", "+49 30 1234"):
        expect(page.get_by_role("main")).to_contain_text(words)


@pytest.mark.parametrize("typed", ["", "not an address"])
def test_a_customer_that_cannot_be_is_refused_at_the_field(page, typed):
    page.goto(f"{CUSTOMERS}/create")
    sent = changes(page)
    dialog(page).get_by_label("E-mail").fill(typed)

    dialog(page).get_by_role("button", name="Create", exact=True).click()

    expect(dialog(page).get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    expect(dialog(page).get_by_label("E-mail")).to_be_focused()
    assert sent == []


def test_a_taken_email_is_refused_at_the_field_with_a_way_to_its_customer(page, customer):
    page.goto(f"{CUSTOMERS}/create")
    form = dialog(page)
    form.get_by_label("E-mail").fill(customer["email"])

    form.get_by_role("button", name="Create", exact=True).click()

    expect(form.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    expect(form.get_by_role("link")).to_have_attribute("href", re.compile(customer["id"]))
    expect(error_toast(page, "exists")).to_have_count(0)


def test_editing_sends_the_difference_only(page, api, customer):
    page.goto(customer_path(customer))
    choose(page, "Customer actions", "Edit")
    expect(dialog(page).get_by_label("First name")).to_have_value("Ada")

    dialog(page).get_by_label("First name").fill("Noor")
    dialog(page).get_by_label("Company").fill("")
    dialog(page).get_by_role("button", name="Save", exact=True).click()

    expect(
        page.get_by_role("heading", level=1, name=f"Noor {customer['last_name']}")
    ).to_be_visible()
    (sent,) = requests_sent(page, "POST", rf"/customers/{customer['id']}$")
    assert sent.post_data_json == {"first_name": "Noor", "company_name": None}
    now = api.get(f"/admin/customers/{customer['id']}").json()["customer"]
    assert (now["first_name"], now["company_name"]) == ("Noor", None)
    assert now["last_name"] == customer["last_name"]


def test_leaving_a_changed_customer_asks_first(page, customer):
    page.goto(customer_path(customer, "/edit"))
    dialog(page).get_by_label("Phone").fill("1")

    page.keyboard.press("Escape")
    prompt(page).get_by_role("button", name="Cancel").click()

    expect(dialog(page).get_by_label("Phone")).to_have_value("1")


def test_a_customer_is_added_to_groups(page, api, customer):
    word = unique("Join")
    inside = group_of(api, [customer], name=f"{word} a")
    others = [api.group(f"{word} {letter}") for letter in "bc"]
    page.goto(customer_path(customer))
    expect_names(groups_section(page).get_by_role("table"), [inside["name"]])

    groups_section(page).get_by_role("link", name="Add", exact=True).click()
    search(dialog(page)).fill(word)
    expect(box(dialog(page), inside["name"])).to_be_disabled()
    expect(box(dialog(page), inside["name"])).to_be_checked()
    tick(dialog(page), *(group["name"] for group in others))
    dialog(page).get_by_role("button", name="Save", exact=True).click()

    expect(toast(page, "2 groups")).to_be_visible()
    expect(groups_section(page).get_by_role("table").get_by_role("link")).to_have_count(3)
    assert all(members(api, group) == {customer["id"]} for group in [inside, *others])


def test_a_customer_is_removed_from_groups(page, api, customer):
    groups = [group_of(api, [customer]) for _ in range(3)]
    page.goto(customer_path(customer))
    tick(page, *(group["name"] for group in groups[:2]))
    bar = page.get_by_role("region", name="Selected groups")
    expect(bar).to_contain_text("2 selected")

    page.keyboard.press("r")
    prompt(page).get_by_role("button", name="Continue", exact=True).click()

    expect(toast(page, "2 groups")).to_be_visible()
    expect(bar).to_be_hidden()
    expect(commands(page)).to_have_count(0)
    assert [len(members(api, group)) for group in groups] == [0, 0, 1]
    toast(page, "2 groups").get_by_role("button", name="Undo").click()
    expect(groups_section(page).get_by_role("table").get_by_role("link")).to_have_count(3)


def test_a_customer_is_deleted_and_leaves_its_groups(page, api, customer):
    group = group_of(api, [customer])
    page.goto(customer_path(customer))

    choose(page, "Customer actions", "Delete")
    expect(prompt(page)).to_contain_text("1 group")
    prompt(page).get_by_role("button", name="Delete", exact=True).click()

    expect(page).to_have_url(re.compile("/customers$"))
    assert api.get(f"/admin/customers/{customer['id']}").status_code == 404
    assert members(api, group) == set()
