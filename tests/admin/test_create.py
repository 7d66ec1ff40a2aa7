"""Creating a group: one field, its errors at the field, and nothing lost that was typed."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import (
    GROUPS,
    answer_with,
    changes,
    dialog,
    error_toast,
    expect_names,
    groups_table,
    held,
    prompt,
    toast,
)
from tests.serving import unique

CREATE = f"{GROUPS}/create"


@pytest.fixture
def form(page: Page) -> Locator:
    """The open form."""
    page.goto(CREATE)
    return dialog(page)


def name_field(form: Locator) -> Locator:
    return form.get_by_label("Name")


def create(form: Locator) -> None:
    form.get_by_role("button", name="Create", exact=True).click()


def refusal(page: Page, form: Locator) -> Locator:
    """What stands at the field and describes it."""
    described = name_field(form).get_attribute("aria-describedby") or ""
    return page.locator(", ".join(f"#{id}" for id in described.split())).filter(visible=True).first


def test_a_created_group_is_named_in_a_toast_and_opens(page):
    name = unique("VIP")
    page.goto(GROUPS)

    page.get_by_role("link", name="Create", exact=True).click()
    name_field(dialog(page)).fill(name)
    create(dialog(page))

    expect(toast(page, name)).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(page).to_have_url(re.compile("/customer-groups/cusgroup_[0-9A-Z]{26}$"))
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Customer Groups").click()
    row = groups_table(page).get_by_role("row").filter(has_text=name)
    expect(row.get_by_role("cell").nth(1)).to_have_text("0")


def test_back_after_creating_does_not_open_the_form_again(page):
    page.goto(GROUPS)
    page.get_by_role("link", name="Create", exact=True).click()
    name_field(dialog(page)).fill(unique("VIP"))
    create(dialog(page))
    expect(page).to_have_url(re.compile("cusgroup_"))

    page.go_back()

    expect(page).to_have_url(re.compile("/customer-groups$"))
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    ("typed", "told"),
    [("", "Give the group a name"), ("   ", "Give the group a name"), ("x" * 256, "255")],
)
def test_a_name_that_cannot_be_is_refused_at_the_field(page, form, typed, told):
    sent = changes(page)
    name_field(form).fill(typed)

    create(form)

    expect(refusal(page, form)).to_contain_text(told)
    expect(name_field(form)).to_have_attribute("aria-invalid", "true")
    expect(name_field(form)).to_be_focused()
    assert sent == []


def test_the_longest_name_is_accepted(page, form):
    name = unique("L").ljust(255, "x")

    name_field(form).fill(f"  {name}  ")
    create(form)

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_a_taken_name_is_refused_at_the_field_with_a_way_to_its_group(page, api, form):
    group = api.group()

    name_field(form).fill(group["name"])
    create(form)

    expect(refusal(page, form)).to_contain_text("already exists")
    expect(name_field(form)).to_be_focused()
    expect(name_field(form)).to_have_value(group["name"])
    form.get_by_role("link").click()
    prompt(page).get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_an_error_goes_when_one_types_on(form):
    create(form)
    expect(name_field(form)).to_have_attribute("aria-invalid", "true")

    name_field(form).fill("V")

    expect(name_field(form)).to_have_attribute("aria-invalid", "false")


@pytest.mark.parametrize("key", ["Enter", "Control+Enter"])
def test_the_field_takes_enter_with_and_without_a_modifier(page, form, key):
    name = unique("Entered")
    name_field(form).fill(name)

    name_field(form).press(key)

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_a_second_press_while_sending_is_ignored(page, form):
    name = unique("Twice")
    sent = changes(page)
    name_field(form).fill(name)

    with held(page, "**/admin/customer-groups", "POST"):
        create(form)
        expect(form.get_by_role("button", name="Create", exact=True)).to_have_attribute(
            "aria-busy", "true"
        )
        name_field(form).press("Enter")

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    assert len(sent) == 1


def test_a_repeat_after_a_failure_bears_the_same_key_and_another_name_another(page, form):
    sent = changes(page)
    answer_with(page, "**/admin/customer-groups", 500, "An unknown error occurred", "POST")
    button = form.get_by_role("button", name="Create", exact=True)

    for name in ("Once", "Once", "Other"):
        name_field(form).fill(name)
        with page.expect_response("**/admin/customer-groups"):
            create(form)
        expect(button).not_to_have_attribute("aria-busy", "true")

    keys = [request.headers["idempotency-key"] for request in sent]
    assert keys[0] == keys[1] != keys[2]


def test_other_errors_leave_the_form_open_with_what_was_typed(page, form):
    answer_with(page, "**/admin/customer-groups", 500, "An unknown error occurred", "POST")
    name = unique("Kept")
    name_field(form).fill(name)

    create(form)

    expect(error_toast(page, "An unknown error occurred")).to_be_visible()
    expect(name_field(form)).to_have_value(name)
    page.unroute("**/admin/customer-groups")
    create(form)
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_leaving_with_text_typed_asks_first(page):
    page.goto(GROUPS)
    page.get_by_role("link", name="Create", exact=True).click()
    name_field(dialog(page)).fill("Half a na")

    page.keyboard.press("Escape")
    expect(prompt(page)).to_contain_text("lost")
    prompt(page).get_by_role("button", name="Cancel").click()
    expect(prompt(page)).to_have_count(0)
    expect(name_field(dialog(page))).to_have_value("Half a na")
    page.keyboard.press("Escape")
    prompt(page).get_by_role("button", name="Continue").click()

    expect(page).to_have_url(re.compile("/customer-groups$"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_escape_again_and_again_never_loses_what_was_typed(page, form):
    """Chromium lets a dialog's `cancel` be prevented only once without a new gesture."""
    name_field(form).fill("Half a na")

    for _ in range(6):
        page.keyboard.press("Escape")

    expect(name_field(form)).to_have_value("Half a na")


@pytest.mark.parametrize("way", ["Cancel", "Close"])
def test_every_way_out_asks_when_text_is_typed(page, form, way):
    name_field(form).fill("Half a na")

    form.get_by_role("button", name=way).click()

    prompt(page).get_by_role("button", name="Cancel").click()
    expect(name_field(form)).to_have_value("Half a na")


def test_back_asks_when_text_is_typed(page):
    page.goto(GROUPS)
    page.get_by_role("link", name="Create", exact=True).click()
    name_field(dialog(page)).fill("Half a na")

    page.go_back()

    expect(prompt(page)).to_be_visible()
    expect(page).to_have_url(re.compile("/create$"))
    prompt(page).get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile("/customer-groups$"))


def test_what_was_typed_and_undone_is_left_without_a_question(page, form):
    name_field(form).fill("Half a na")
    name_field(form).fill("")

    page.keyboard.press("Escape")

    expect(page).to_have_url(re.compile("/customer-groups$"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_back_closes_the_form_and_keeps_the_search_of_the_list(page, api):
    name = api.group()["name"]
    page.goto(f"{GROUPS}?q={name}")
    expect_names(groups_table(page), [name])
    page.get_by_role("link", name="Create", exact=True).click()
    expect(name_field(dialog(page))).to_be_focused()

    page.go_back()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"\?q={name}$"))
    expect_names(groups_table(page), [name])


def test_the_form_stands_over_the_list_after_a_reload(page):
    page.goto(CREATE)
    expect(name_field(dialog(page))).to_be_focused()

    page.reload()

    expect(name_field(dialog(page))).to_be_focused()
    name_field(dialog(page)).press("Escape")
    expect(page.get_by_role("heading", level=1, name="Customer Groups")).to_be_visible()
