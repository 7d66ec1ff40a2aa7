"""Every page, and every dialog, menu, error and toast over it: how to bring a page there."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.admin.steps import (
    CUSTOMERS,
    GROUPS,
    answer_with,
    box,
    choose,
    commands,
    dialog,
    error_toast,
    group_of,
    group_path,
    groups_table,
    members_table,
    people,
    prompt,
    search,
    section,
    tick,
    toast,
    word_of,
)
from tests.admin.visit import settle
from tests.serving import Api, Server


@dataclass(frozen=True)
class World:
    """What there is to be shown."""

    server: Server
    api: Api
    group: dict[str, Any]
    empty: dict[str, Any]
    deleted: dict[str, Any]
    rows: list[dict[str, Any]]
    customer: dict[str, Any]
    joined: int
    """The position in the log at which the customers had joined the group."""

    @classmethod
    def on(cls, server: Server, api: Api) -> "World":
        rows = people(api, 12, first_name="Theodora", last_name="Papadopoulou-Featherstone")
        customer = api.customer(
            first_name="Ada",
            last_name="Moreau",
            company_name="Northwind",
            phone="+49 30 1234",
            metadata={"tier": "gold"},
        )
        metadata = {
            "tier": "gold",
            "discount_percent": 12.5,
            "tax_exempt": True,
            "erp_code": "00417",
            "regions": ["EU", "UK"],
            "nothing": None,
            "a_rather_long_key_for_an_integration": "A" * 120,
        }
        group = group_of(api, [*rows[:11], customer], metadata=metadata)
        path = f"/admin/customer-groups/{group['id']}"
        api.post(path, {"name": "Wholesale Europe, the Middle East and Africa"})
        for tier in ("silver", "platinum"):
            api.patch(path, {"metadata": {"tier": tier}})
        deleted = group_of(api, rows[:2])
        api.delete(f"/admin/customer-groups/{deleted['id']}")
        api.group(deleted["name"])
        joined = api.events(group["id"])[-2]["data"]["position"]
        group["name"] = "Wholesale Europe, the Middle East and Africa"
        return cls(server, api, group, api.group("Empty"), deleted, rows, customer, joined)

    def first(self, count: int) -> list[str]:
        return [row["email"] for row in self.rows[:count]]


State = Callable[[Page, World], None]
PAGES: dict[str, State] = {}
OVERLAYS: dict[str, State] = {}
NARROW: set[str] = set()
ALIKE: set[str] = set()


def page_state(state: State) -> State:
    PAGES[state.__name__] = state
    return state


def overlay(state: State) -> State:
    OVERLAYS[state.__name__] = state
    return state


def alike(state: State) -> State:
    """Leave to `--big` what shows nothing of a kind that no other state shows."""
    ALIKE.add(state.__name__)
    return state


def in_turn(states: dict[str, State]) -> list[Any]:
    """Return the names of states as parameters, each with a number."""
    return [
        pytest.param(turn, name, id=name, marks=pytest.mark.big if name in ALIKE else ())
        for turn, name in enumerate(states)
    ]


# -- pages -----------------------------------------------------------------------------------------


@page_state
def the_list(page: Page, world: World) -> None:
    page.goto(GROUPS)
    expect(groups_table(page).get_by_role("link", name=world.group["name"])).to_be_visible()


@page_state
def the_list_without_groups(page: Page, world: World) -> None:  # noqa: ARG001
    nothing = {"customer_groups": [], "count": 0, "offset": 0, "limit": 20}
    page.route("**/admin/customer-groups?*", lambda route: route.fulfill(json=nothing))
    page.goto(GROUPS)
    expect(page.get_by_text("No customer groups yet")).to_be_visible()


@page_state
def the_list_without_hits_and_part_of_the_address_ignored(page: Page, world: World) -> None:  # noqa: ARG001
    page.goto(f"{GROUPS}?q=nowhere&created=30d&offset=x")
    expect(page.get_by_text("No results")).to_be_visible()


@page_state
def the_list_not_loaded(page: Page, world: World) -> None:  # noqa: ARG001
    answer_with(page, "**/admin/customer-groups?*", 500, "An unknown error occurred")
    page.goto(GROUPS)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@page_state
def the_list_loading(page: Page, world: World) -> None:  # noqa: ARG001
    page.route("**/admin/customer-groups?*", lambda _: None)
    page.goto(GROUPS)
    expect(groups_table(page).locator("tbody tr[aria-hidden=true]").first).to_be_visible()


@page_state
def a_detail(page: Page, world: World) -> None:
    page.goto(group_path(world.group))
    expect(members_table(page).get_by_role("link").first).to_be_visible()
    settle(page)


@page_state
def a_detail_with_members_selected(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "?m_order=email"))
    tick(page, *world.first(2))
    expect(commands(page)).to_be_visible()


@page_state
def a_history(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/history"))
    page.get_by_text("added 12 customers").click()
    expect(page.get_by_text(world.customer["email"])).to_be_visible()


@alike
@page_state
def a_history_without_hits(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/history?type=GroupRestored"))
    expect(page.get_by_text("No such changes")).to_be_visible()


@page_state
def a_moment_before_there_was_the_group(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "?as_of=2020-01-01T00:00:00Z"))
    expect(page.get_by_role("heading", name="The group did not exist yet")).to_be_visible()


@page_state
def a_group_as_it_was(page: Page, world: World) -> None:
    page.goto(group_path(world.group, f"?as_of={world.joined}&compare=1"))
    expect(section(page, "Changed since then")).to_be_visible()
    expect(members_table(page).get_by_role("link").first).to_be_visible()
    settle(page)


@page_state
def a_detail_without_members_and_metadata(page: Page, world: World) -> None:
    page.goto(group_path(world.empty))
    expect(section(page, "Customers").get_by_text("No customers yet")).to_be_visible()


@alike
@page_state
def a_detail_loading(page: Page, world: World) -> None:
    page.route(f"**/admin/customer-groups/{world.group['id']}*", lambda _: None)
    page.goto(group_path(world.group))
    expect(page.get_by_role("main")).to_have_attribute("aria-busy", "true")


@alike
@page_state
def a_detail_not_loaded(page: Page, world: World) -> None:
    answer_with(page, f"**/admin/customer-groups/{world.group['id']}*", 500, "An unknown error")
    page.goto(group_path(world.group))
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@page_state
def a_deleted_group_whose_name_was_taken(page: Page, world: World) -> None:
    page.goto(group_path(world.deleted))
    expect(page.get_by_text(re.compile("was deleted by"))).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_label("Name")).to_be_focused()


@page_state
def nothing_at_this_address(page: Page, world: World) -> None:  # noqa: ARG001
    page.goto("/app/nowhere")
    expect(page.get_by_role("link", name="Back to the list")).to_be_visible()


@page_state
def the_customers(page: Page, world: World) -> None:
    page.goto(CUSTOMERS)
    expect(page.get_by_role("link", name=world.customer["email"])).to_be_visible()


@page_state
def a_customer(page: Page, world: World) -> None:
    page.goto(f"{CUSTOMERS}/{world.customer['id']}")
    expect(page.get_by_role("link", name=world.group["name"])).to_be_visible()


@alike
@page_state
def a_customer_with_groups_selected(page: Page, world: World) -> None:
    page.goto(f"{CUSTOMERS}/{world.customer['id']}")
    tick(page, world.group["name"])
    expect(page.get_by_role("region", name="Selected groups")).to_be_visible()


@page_state
def the_import(page: Page, world: World) -> None:
    page.goto(group_path(world.empty, "/import"))
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_text("Paste a list or choose a file")).to_be_visible()


@page_state
def the_import_checked(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/import"))
    page.get_by_label("Customer IDs or e-mail addresses").fill(
        "\n".join([world.rows[0]["id"], world.rows[11]["id"], "nobody@shop.example"])
    )
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("button", name="Add 1 customer")).to_be_visible()


@page_state
def the_sign_in(page: Page, world: World) -> None:  # noqa: ARG001
    page.context.clear_cookies()
    page.goto(GROUPS)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()


@page_state
def the_banner_of_a_service_that_is_away(page: Page, world: World) -> None:
    the_list(page, world)
    answer_with(page, "**/admin/**", 503, "The read model is being rebuilt")
    world.api.group()  # so that the page asks
    expect(page.get_by_role("status").filter(has_text="not available")).to_be_visible()


# -- menus -----------------------------------------------------------------------------------------


@overlay
def the_user_menu(page: Page, world: World) -> None:
    the_list(page, world)
    page.get_by_role("button", name=re.compile("Account and theme")).click()


@alike
@overlay
def the_sort_menu(page: Page, world: World) -> None:
    the_list(page, world)
    page.get_by_role("button", name="Sort", exact=True).click()


@alike
@overlay
def the_menu_of_a_row(page: Page, world: World) -> None:
    the_list(page, world)
    page.get_by_role("button", name=f"Actions for {world.group['name']}").click()


@overlay
def the_menu_of_a_group(page: Page, world: World) -> None:
    a_detail(page, world)
    page.get_by_role("button", name="Group actions").click()


@alike
@overlay
def the_menu_of_an_event(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/history"))
    page.get_by_role("button", name="Actions for version 5").click()


@alike
@overlay
def the_kinds_of_a_history(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/history?type=Renamed"))
    page.get_by_role("button", name="Kind of change: Renamed").click()


@overlay
def the_menu_of_filters(page: Page, world: World) -> None:
    the_list(page, world)
    page.get_by_role("button", name="Add filter").click()


@overlay
def a_filter_of_dates(page: Page, world: World) -> None:
    page.goto(f"{GROUPS}?updated=30d")
    expect(groups_table(page).get_by_role("link", name=world.group["name"])).to_be_visible()
    choose(page, "Add filter", "Created")
    expect(page.get_by_label("From", exact=True)).to_be_visible()


@alike
@overlay
def a_filter_of_counts(page: Page, world: World) -> None:
    the_list(page, world)
    choose(page, "Add filter", "Customers")
    expect(page.get_by_label("At least")).to_be_visible()


@alike
@overlay
def a_filter_of_groups(page: Page, world: World) -> None:
    the_customers(page, world)
    choose(page, "Add filter", "Groups")
    expect(page.get_by_role("checkbox", name=world.group["name"])).to_be_visible()


@overlay
def the_navigation_sheet(page: Page, world: World) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    the_list(page, world)
    page.get_by_role("button", name="Open navigation").click()
    expect(dialog(page)).to_be_visible()


NARROW.add(the_navigation_sheet.__name__)


# -- dialogs ---------------------------------------------------------------------------------------


@overlay
def the_form_of_a_new_group_with_a_taken_name(page: Page, world: World) -> None:
    page.goto(f"{GROUPS}/create")
    dialog(page).get_by_label("Name").fill(world.group["name"])
    dialog(page).get_by_role("button", name="Create", exact=True).click()
    expect(dialog(page).get_by_text("already exists")).to_be_visible()


@overlay
def the_question_before_leaving(page: Page, world: World) -> None:  # noqa: ARG001
    page.goto(f"{GROUPS}/create")
    dialog(page).get_by_label("Name").fill("Half a na")
    page.keyboard.press("Escape")
    expect(prompt(page)).to_be_visible()


@overlay
def an_error_toast_over_a_form(page: Page, world: World) -> None:  # noqa: ARG001
    page.goto(f"{GROUPS}/create")
    answer_with(page, "**/admin/customer-groups", 500, "An unknown error occurred", "POST")
    dialog(page).get_by_label("Name").fill("Anything")
    dialog(page).get_by_role("button", name="Create", exact=True).click()
    expect(error_toast(page, "An unknown error")).to_be_visible()


@alike
@overlay
def the_rename_of_a_group(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/edit"))
    dialog(page).get_by_label("Name").fill("")
    dialog(page).get_by_role("button", name="Save", exact=True).click()
    expect(dialog(page).get_by_text("Give the group a name")).to_be_visible()


@alike
@overlay
def the_conflict_of_two_renames(page: Page, world: World) -> None:
    group = world.api.group()
    page.goto(group_path(group, "/edit"))
    dialog(page).get_by_label("Name").fill("Mine")
    world.api.post(f"/admin/customer-groups/{group['id']}", {"name": group["name"] + " theirs"})
    dialog(page).get_by_role("button", name="Save", exact=True).click()
    expect(dialog(page).get_by_role("button", name="Keep mine")).to_be_visible()


@overlay
def the_customers_to_add(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/add-customers"))
    expect(dialog(page).get_by_text("In group").filter(visible=True).first).to_be_visible()
    dialog(page).get_by_role("button", name="Save", exact=True).click()
    expect(dialog(page).get_by_role("alert").filter(has_text="Choose")).to_be_visible()


@alike
@overlay
def the_menu_of_the_customers_to_add(page: Page, world: World) -> None:
    page.goto(group_path(world.empty, f"/add-customers?a_q={word_of(world.rows)}&a_order=email"))
    tick(dialog(page), *world.first(2))
    dialog(page).get_by_role("button", name="2 selected").click()


@overlay
def the_metadata_with_mistakes(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/metadata/edit"))
    drawer = dialog(page)
    for key in ("tier", ""):
        drawer.get_by_role("button", name="Add row").click()
        page.keyboard.type(key)
        page.keyboard.press("Enter")
        page.keyboard.type("again")
    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.get_by_role("alert").filter(has_text="3 rows")).to_be_visible()


@alike
@overlay
def the_menu_of_a_row_of_metadata(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/metadata/edit"))
    dialog(page).get_by_role("button", name="Actions for tier").click()


@overlay
def the_conflict_of_two_changes_of_metadata(page: Page, world: World) -> None:
    group = world.api.group(metadata={"a": "one", "b": [1]})
    page.goto(group_path(group, "/metadata/edit"))
    dialog(page).get_by_label("Value", exact=True).first.fill("mine")
    world.api.patch(f"/admin/customer-groups/{group['id']}", {"metadata": {"a": "theirs"}})
    dialog(page).get_by_role("button", name="Save", exact=True).click()
    expect(dialog(page).get_by_role("button", name="Keep mine")).to_be_visible()


@overlay
def the_json(page: Page, world: World) -> None:
    a_detail(page, world)
    section(page, "JSON").get_by_role("button", name="View JSON").click()
    dialog(page).get_by_text("7 items").click()
    expect(dialog(page).get_by_text("00417")).to_be_visible()


@overlay
def the_prompt_of_a_removal_that_failed(page: Page, world: World) -> None:
    answer_with(page, "**/customers?detail=true", 500, "An unknown error occurred", "POST")
    a_detail_with_members_selected(page, world)
    page.keyboard.press("r")
    prompt(page).get_by_role("button", name="Continue").click()
    expect(prompt(page).get_by_role("alert")).to_be_visible()


@alike
@overlay
def the_prompt_of_a_deletion(page: Page, world: World) -> None:
    a_detail(page, world)
    choose(page, "Group actions", "Delete")
    expect(prompt(page)).to_be_visible()


@alike
@overlay
def the_prompt_of_an_undo(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/history"))
    choose(page, "Actions for version 5", "Undo")
    expect(prompt(page).get_by_role("button", name="Undo")).to_be_visible()


@overlay
def the_prompt_of_an_undo_that_cannot_be(page: Page, world: World) -> None:
    page.goto(group_path(world.group, "/history"))
    choose(page, "Actions for version 4", "Undo")
    expect(prompt(page).get_by_role("listitem").first).to_be_visible()


@overlay
def a_toast_with_undo(page: Page, world: World) -> None:
    row = people(world.api, 1)[0]
    group = group_of(world.api, [row])
    page.goto(group_path(group))
    tick(page, row["email"])
    page.keyboard.press("r")
    prompt(page).get_by_role("button", name="Continue").click()
    expect(toast(page, "1 customer removed")).to_be_visible()
    toast(page, "1 customer removed").hover()


@overlay
def the_form_of_a_new_customer(page: Page, world: World) -> None:  # noqa: ARG001
    page.goto(f"{CUSTOMERS}/create")
    dialog(page).get_by_label("E-mail").fill("not an address")
    dialog(page).get_by_role("button", name="Create", exact=True).click()
    expect(dialog(page).get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")


@alike
@overlay
def the_form_of_a_customer(page: Page, world: World) -> None:
    page.goto(f"{CUSTOMERS}/{world.customer['id']}/edit")
    expect(dialog(page).get_by_label("First name")).to_have_value("Ada")


@alike
@overlay
def the_groups_to_add_a_customer_to(page: Page, world: World) -> None:
    page.goto(f"{CUSTOMERS}/{world.customer['id']}/add-groups")
    expect(box(dialog(page), world.empty["name"])).to_be_visible()


@overlay
def the_sign_in_dialog(page: Page, world: World) -> None:
    the_list(page, world)
    page.context.clear_cookies()
    search(page).fill(world.group["name"])
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()


@overlay
def the_palette(page: Page, world: World) -> None:
    a_detail(page, world)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search and commands")).to_be_focused()
    page.keyboard.type("e")
    expect(page.get_by_role("option").filter(has_text="Show more").first).to_be_visible()


@alike
@overlay
def the_palette_without_hits(page: Page, world: World) -> None:
    the_list(page, world)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search and commands")).to_be_focused()
    page.keyboard.type("nowhere at all")
    expect(dialog(page).get_by_role("paragraph").filter(has_text="Nothing")).to_be_visible()


@overlay
def the_sheet_of_shortcuts(page: Page, world: World) -> None:
    the_list(page, world)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


@overlay
def the_list_filtered_and_searched(page: Page, world: World) -> None:
    page.goto(f"{GROUPS}?created=30d&updated=7d&q=w")
    expect(groups_table(page).get_by_role("link", name=world.group["name"])).to_be_visible()
    search(page).focus()
