"""Where the service wants a reason, every change asks for one and keeps what was typed."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import (
    GROUPS,
    box,
    choose,
    dialog,
    group_path,
    members,
    prompt,
    search,
    section,
    tick,
    toast,
)
from tests.serving import Server, unique

WHY = "Agreed on 12 März – “ok”"


@pytest.fixture(scope="module")
def server(kind, new_database, tmp_path_factory):
    """A service that wants a reason for every change."""
    directory = tmp_path_factory.mktemp("reason")
    with Server(new_database(kind), directory, REQUIRE_REASON="yes") as running:
        yield running


@pytest.fixture
def group(api):
    answer = api.post(
        "/admin/customer-groups", {"name": unique("Group")}, headers={"X-Reason": "made"}
    )
    return answer.json()["customer_group"]


@pytest.fixture
def customer(api):
    return api.customer()


def join(api, group, customer) -> None:
    answer = api.post(
        f"/admin/customer-groups/{group['id']}/customers",
        {"add": [customer["id"]]},
        headers={"X-Reason": "joined"},
    )
    assert answer.status_code == 200, answer.text


def with_reason(form: Locator, button: str) -> None:
    """Press a button; a reason is asked for; give one and press it again."""
    form.get_by_role("button", name=button, exact=True).click()
    field = form.get_by_label("Reason")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill(WHY)
    form.get_by_role("button", name=button, exact=True).click()


def last_reason(api, group) -> str:
    return api.events(group["id"])[0]["data"]["reason"]


def test_creating_asks_for_a_reason(page, api):
    name = unique("Reasoned")
    page.goto(f"{GROUPS}/create")
    dialog(page).get_by_label("Name").fill(name)

    with_reason(dialog(page), "Create")

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    group = {"id": page.url.rsplit("/", 1)[1]}
    assert last_reason(api, group) == WHY


def test_renaming_asks_for_a_reason(page, api, group):
    name = unique("Reasoned")
    page.goto(group_path(group, "/edit"))
    dialog(page).get_by_label("Name").fill(name)

    with_reason(dialog(page), "Save")

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    assert last_reason(api, group) == WHY


def test_changing_metadata_asks_for_a_reason(page, api, group):
    page.goto(group_path(group, "/metadata/edit"))
    dialog(page).get_by_label("Key", exact=True).fill("tier")
    dialog(page).get_by_label("Value", exact=True).fill("gold")

    with_reason(dialog(page), "Save")

    expect(section(page, "Metadata")).to_contain_text("gold")
    assert last_reason(api, group) == WHY


def test_adding_asks_for_a_reason(page, api, group, customer):
    page.goto(group_path(group, "/add-customers"))
    search(dialog(page)).fill(customer["email"])
    tick(dialog(page), customer["email"])

    with_reason(dialog(page), "Save")

    expect(toast(page, "1 customer added")).to_be_visible()
    assert last_reason(api, group) == WHY


def test_removing_asks_for_a_reason_in_the_prompt_and_so_does_its_undo(
    page: Page, api, group, customer
):
    join(api, group, customer)
    page.goto(group_path(group))
    tick(page, customer["email"])
    page.keyboard.press("r")

    with_reason(prompt(page), "Continue")

    expect(toast(page, "1 customer removed")).to_be_visible()
    assert last_reason(api, group) == WHY
    toast(page, "1 customer removed").get_by_role("button", name="Undo").click()
    prompt(page).get_by_label("Reason").fill("Was a mistake")
    prompt(page).get_by_role("button", name="Continue", exact=True).click()
    expect(box(page, customer["email"])).to_be_visible()
    assert last_reason(api, group).endswith(": Was a mistake")
    assert members(api, group) == {customer["id"]}


def test_deleting_asks_for_a_reason_in_the_prompt(page, api, group):
    page.goto(group_path(group))
    choose(page, "Group actions", "Delete")

    with_reason(prompt(page), "Delete")

    expect(toast(page, group["name"])).to_be_visible()
    assert last_reason(api, group) == WHY


def test_restoring_asks_for_a_reason_at_the_button(page, api, group):
    api.delete(f"/admin/customer-groups/{group['id']}", headers={"X-Reason": "by mistake"})
    page.goto(group_path(group))

    with_reason(page, "Restore")

    expect(toast(page, f"{group['name']} was restored")).to_be_visible()
    assert last_reason(api, group) == WHY


def test_a_reason_shows_in_the_history(page, api, group):
    api.post(
        f"/admin/customer-groups/{group['id']}",
        {"name": unique("Reasoned")},
        headers={"X-Reason": "A%20new%20contract"},
    )

    page.goto(group_path(group))

    expect(section(page, "History")).to_contain_text("A new contract")
