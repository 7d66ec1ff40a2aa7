"""The list of groups: search, filters, order, pages, and all of it in the address."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

import projections.store
from domain.application import CustomerGroups
from tests.admin.steps import (
    GROUPS,
    answer_with,
    chips,
    choose,
    dialog,
    error_toast,
    expect_names,
    group_of,
    group_path,
    groups_table,
    held,
    people,
    query,
    results,
    search,
)
from tests.asking import Asking
from tests.conftest import Clock
from tests.serving import Server, signed_in, unique

MADE = {
    "Late on 11 March": datetime(2025, 3, 11, 22, 59, 59, tzinfo=UTC),
    "Early on 12 March": datetime(2025, 3, 11, 23, tzinfo=UTC),
    "Late on 12 March": datetime(2025, 3, 12, 22, 59, 59, 999_000, tzinfo=UTC),
    "Early on 13 March": datetime(2025, 3, 12, 23, tzinfo=UTC),
    "Nine days ago": datetime.now(UTC) - timedelta(days=9),
    "Three days ago": datetime.now(UTC) - timedelta(days=3),
}
"""When the groups of `aged` were made; days begin at 23:00 UTC in Berlin in winter."""


@pytest.fixture(scope="module")
def aged(kind, new_database, tmp_path_factory) -> Iterator[Server]:
    """A service whose groups were made on different days."""
    server = Server(new_database(kind), tmp_path_factory.mktemp("aged"))
    assert server.cli("init-db").returncode == 0
    with server.store() as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections.store, "datetime", Clock)
        for name, time in MADE.items():
            patch.setattr(Clock, "time", time)
            Asking(CustomerGroups(store)).create_group(name)
    with server:
        yield server


def filter_by(page: Page, name: str) -> Locator:
    """Add a filter and return what asks for its value."""
    choose(page, "Add filter", name)
    return page.get_by_role("dialog", name=re.compile(name))


def test_search_narrows_the_list_and_stays_in_the_address(page, api):
    word = unique("Wholesale")
    for region in ("Europe", "Asia", "Africa"):
        api.group(f"{word} {region}")
    page.goto(GROUPS)

    search(page).fill(f"{word} eur")

    expect_names(groups_table(page), [f"{word} Europe"])
    expect(page).to_have_url(re.compile(rf"[?&]q={word}"))
    page.reload()
    expect_names(groups_table(page), [f"{word} Europe"])
    expect(search(page)).to_have_value(f"{word} eur")


def test_clearing_the_search_takes_it_out_of_the_address(page, api):
    name = api.group()["name"]
    page.goto(f"{GROUPS}?q={name}")
    expect_names(groups_table(page), [name])

    search(page).fill("")

    expect(page).to_have_url(re.compile(r"/customer-groups$"))


def test_a_search_with_a_comma_survives_a_reload(page, api):
    name = f"{unique('Net')}, Europe"
    api.group(name)
    page.goto(GROUPS)
    search(page).fill(name)
    expect_names(groups_table(page), [name])

    page.reload()

    expect(search(page)).to_have_value(name)
    expect_names(groups_table(page), [name])


def test_the_search_field_keeps_the_focus_while_the_rows_change(page, api):
    word = unique("Typed")
    api.group(f"{word} one")
    api.group(f"{word} two")
    page.goto(GROUPS)

    search(page).press_sequentially(f"{word} tw")
    expect_names(groups_table(page), [f"{word} two"])
    page.keyboard.type("x")

    expect(search(page)).to_be_focused()
    expect(search(page)).to_have_value(f"{word} twx")


def test_an_answer_that_comes_too_late_is_dropped(page, api):
    word = unique("Late")
    api.group(f"{word} a")
    api.group(f"{word} b")
    page.goto(GROUPS)
    first = re.compile(rf"customer-groups\?.*q={word}(&|$)")

    with page.expect_response(first) as late, held(page, first, "GET") as asked:
        with page.expect_request(first):
            search(page).fill(word)
        search(page).fill(f"{word} b")
        expect_names(groups_table(page), [f"{word} b"])
        assert len(asked) == 1
    late.value.finished()
    page.evaluate("new Promise((resolve) => setTimeout(resolve))")  # the page has heard it too

    expect_names(groups_table(page), [f"{word} b"])


def test_slash_goes_to_the_search(page):
    page.goto(GROUPS)
    expect(search(page)).to_be_visible()

    page.keyboard.press("/")

    expect(search(page)).to_be_focused()
    expect(search(page)).to_have_value("")


def test_a_date_filter_narrows_the_list_until_its_chip_is_dropped(new_page, aged):
    page = new_page(server=aged)
    page.goto(GROUPS)
    expect(groups_table(page).get_by_role("link")).to_have_count(6)

    filter_by(page, "Created").get_by_text("Last 7 days").click()

    expect_names(groups_table(page), ["Three days ago"])
    expect(chips(page)).to_contain_text("Last 7 days")
    expect(page).to_have_url(re.compile(r"[?&]created=7d"))
    chips(page).get_by_role("button", name="Drop Created filter").click()
    expect(groups_table(page).get_by_role("link")).to_have_count(6)
    expect(page).to_have_url(re.compile(r"/customer-groups$"))


def test_a_shared_address_with_a_filter_shows_the_same(new_page, aged):
    page = new_page(server=aged)

    page.goto(f"{GROUPS}?created=30d")

    expect_names(groups_table(page), ["Nine days ago", "Three days ago"])
    expect(chips(page)).to_contain_text("Last 30 days")


def test_days_of_ones_own_are_whole_days_of_the_reader(new_page, aged):
    page = new_page(server=aged)
    page.goto(GROUPS)

    asked = filter_by(page, "Created")
    asked.get_by_label("From").fill("2025-03-12")
    asked.get_by_label("To").fill("2025-03-12")
    page.keyboard.press("Escape")

    expect_names(groups_table(page), ["Early on 12 March", "Late on 12 March"])
    expect(chips(page)).to_contain_text("Created 12 Mar 2025")
    page.reload()
    expect_names(groups_table(page), ["Early on 12 March", "Late on 12 March"])


def test_from_and_to_limit_each_other(new_page, aged):
    page = new_page(server=aged)
    page.goto(GROUPS)
    asked = filter_by(page, "Updated")

    asked.get_by_label("From").fill("2025-03-12")
    asked.get_by_label("To").fill("2025-04-01")

    expect(asked.get_by_label("To")).to_have_attribute("min", "2025-03-12")
    expect(asked.get_by_label("From")).to_have_attribute("max", "2025-04-01")


def test_a_filter_without_a_value_goes_when_its_popover_closes(page):
    page.goto(GROUPS)
    filter_by(page, "Created")
    expect(chips(page)).to_contain_text("Created")

    page.keyboard.press("Escape")

    expect(chips(page)).to_be_hidden()
    page.get_by_role("button", name="Add filter").click()
    expect(page.get_by_role("menuitem", name="Created")).to_be_visible()


def test_a_filter_that_opens_leaves_the_keyboard_in_the_field_where_it_is(page, api):
    word = unique("Quick")
    api.group(word)
    page.goto(f"{GROUPS}?q={word}&count=%7B%22%24gte%22%3A0%7D")
    expect_names(groups_table(page), [word])
    filled = page.get_by_role("group", name="Filters").get_by_role("button").first

    focused = filled.evaluate(
        """async (button) => {
            const popup = button.nextElementSibling;
            const opened = new Promise((done) => popup.addEventListener('toggle', done));
            button.click();
            popup.querySelectorAll('input')[1].focus();
            await opened;
            return document.activeElement.labels[0].textContent;
        }"""
    )

    assert focused == "At most"


def test_groups_are_filtered_by_how_many_customers_they_have(page, api):
    word = unique("Sized")
    for count in (0, 1, 3):
        group_of(api, people(api, count), name=f"{word} {count}") if count else api.group(
            f"{word} 0"
        )
    page.goto(f"{GROUPS}?q={word}")

    asked = filter_by(page, "Customers")
    asked.get_by_label("At least").fill("1")
    asked.get_by_label("At most").fill("2")
    page.keyboard.press("Escape")

    expect_names(groups_table(page), [f"{word} 1"])
    page.reload()
    expect_names(groups_table(page), [f"{word} 1"])


def test_clear_all_drops_every_filter_at_once(new_page, aged):
    page = new_page(server=aged)
    page.goto(f"{GROUPS}?created=30d&updated=7d")
    expect_names(groups_table(page), ["Three days ago"])

    page.get_by_role("button", name="Clear all").click()

    expect(groups_table(page).get_by_role("link")).to_have_count(6)
    expect(page).to_have_url(re.compile(r"/customer-groups$"))


@pytest.mark.parametrize(
    "address",
    ["?created=yesterdayish", "?created=%7Bbroken", "?order=colour", "?offset=-3", "?offset=x"],
)
def test_values_in_the_address_that_mean_nothing_are_ignored_with_a_notice(new_page, aged, address):
    page = new_page(server=aged)

    page.goto(GROUPS + address)

    expect(groups_table(page).get_by_role("link")).to_have_count(6)
    expect(page.get_by_role("status").filter(has_text="not understood")).to_be_visible()


@pytest.fixture(scope="module")
def forty_five(server) -> str:
    """A word that is in the names of 45 groups, numbered from 01."""
    api = signed_in(server)
    word = unique("Many")
    for number in range(1, 46):
        api.group(f"{word} no{number:02}")
    return word


def numbered(word: str, *numbers: int) -> list[str]:
    return [f"{word} no{number:02}" for number in numbers]


def test_next_shows_the_second_page_and_back_the_first(page, forty_five):
    page.goto(f"{GROUPS}?q={forty_five}")
    expect(results(page, "1 – 20 of 45 results")).to_be_visible()

    page.get_by_role("button", name="Next").click()

    expect_names(groups_table(page), numbered(forty_five, *range(21, 41)))
    expect(results(page, "21 – 40 of 45 results")).to_be_visible()
    expect(page.get_by_text("2 of 3 pages")).to_be_visible()
    page.go_back()
    expect_names(groups_table(page), numbered(forty_five, *range(1, 21)))
    expect(results(page, "1 – 20 of 45 results")).to_be_visible()


def test_there_is_no_way_beyond_the_first_and_the_last_page(page, forty_five):
    page.goto(f"{GROUPS}?q={forty_five}")
    expect(page.get_by_role("button", name="Prev")).to_be_disabled()
    page.get_by_role("button", name="Next").click()

    expect(results(page, "21 – 40 of 45 results")).to_be_visible()
    page.get_by_role("button", name="Next").click()

    expect(results(page, "41 – 45 of 45 results")).to_be_visible()
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    expect(page.get_by_role("button", name="Prev")).to_be_enabled()


def test_another_page_begins_at_the_top_of_the_table(page, forty_five):
    page.goto(f"{GROUPS}?q={forty_five}")
    page.get_by_role("button", name="Next").click()

    expect_names(groups_table(page), numbered(forty_five, *range(21, 41)))
    expect(groups_table(page).get_by_role("link").first).to_be_in_viewport()


def test_an_offset_past_the_end_goes_to_the_last_page(page, forty_five):
    page.goto(f"{GROUPS}?q={forty_five}&offset=400")

    expect_names(groups_table(page), numbered(forty_five, *range(41, 46)))
    expect(page.get_by_text("3 of 3 pages")).to_be_visible()


def test_another_order_begins_with_its_first_page(page, forty_five):
    page.goto(f"{GROUPS}?q={forty_five}&offset=20")
    expect(page.get_by_text("2 of 3 pages")).to_be_visible()

    page.get_by_role("button", name="Sort", exact=True).click()
    page.get_by_role("menuitemradio", name="Descending").click()

    expect_names(groups_table(page), numbered(forty_five, *range(45, 25, -1)))
    expect(page).to_have_url(re.compile(r"[?&]order=-name"))
    assert "offset" not in query(page)
    expect(page.get_by_role("menuitemradio", name="Descending")).to_be_checked()


def test_the_order_by_name_is_shown_as_chosen_from_the_start(page):
    page.goto(GROUPS)

    page.get_by_role("button", name="Sort", exact=True).click()

    expect(page.get_by_role("menuitemradio", name="Name")).to_be_checked()
    expect(page.get_by_role("menuitemradio", name="Ascending")).to_be_checked()
    expect(page.get_by_role("menuitemradio", name="Created")).not_to_be_checked()


def test_a_column_head_sorts_and_says_how(page, api):
    word = unique("Counted")
    few = group_of(api, people(api, 1), name=f"{word} a")
    many = group_of(api, people(api, 2), name=f"{word} b")
    page.goto(f"{GROUPS}?q={word}")
    head = groups_table(page).get_by_role("columnheader", name="Customers")

    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect_names(groups_table(page), [few["name"], many["name"]])
    head.get_by_role("button").click()

    expect(head).to_have_attribute("aria-sort", "descending")
    expect_names(groups_table(page), [many["name"], few["name"]])


def test_a_search_begins_with_its_first_page(page, forty_five):
    page.goto(f"{GROUPS}?q={forty_five}&offset=40")
    expect(page.get_by_text("3 of 3 pages")).to_be_visible()

    search(page).fill(f"{forty_five} no4")

    expect_names(groups_table(page), numbered(forty_five, *range(40, 46)))


def test_without_groups_the_page_offers_to_create_one(new_page, empty_server):
    page = new_page(server=empty_server)

    page.goto(GROUPS)

    expect(page.get_by_text("No customer groups yet")).to_be_visible()
    expect(search(page)).to_be_hidden()
    page.get_by_role("link", name="Create a group").click()
    expect(dialog(page).get_by_label("Name")).to_be_focused()


def test_a_search_without_hits_says_so_and_keeps_the_toolbar(page, api):
    api.group()
    page.goto(GROUPS)

    search(page).fill(unique("nowhere"))

    expect(page.get_by_text("No results")).to_be_visible()
    expect(search(page)).to_be_visible()
    expect(page.get_by_role("button", name="Add filter")).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(groups_table(page).get_by_role("link").first).to_be_visible()
    expect(search(page)).to_have_value("")


def test_a_click_on_a_row_opens_its_detail(page, api):
    group = api.group()
    page.goto(f"{GROUPS}?q={group['name']}")
    row = groups_table(page).get_by_role("row").filter(has_text=group["name"])

    row.click()

    expect(page).to_have_url(re.compile(group_path(group)))
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_enter_on_the_link_of_a_row_opens_its_detail(page, api):
    group = api.group()
    page.goto(f"{GROUPS}?q={group['name']}")

    groups_table(page).get_by_role("link", name=group["name"]).press("Enter")

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_a_click_on_a_row_with_ctrl_opens_a_tab(page, api):
    group = api.group()
    page.goto(f"{GROUPS}?q={group['name']}")
    row = groups_table(page).get_by_role("row").filter(has_text=group["name"])

    with page.context.expect_page() as opened:
        row.get_by_role("time").first.click(modifiers=["Control"])

    expect(opened.value.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    expect(groups_table(page)).to_be_visible()


def test_back_from_a_detail_shows_the_list_as_it_was(page, forty_five):
    page.goto(f"{GROUPS}?q={forty_five}&offset=20&order=-name")
    groups_table(page).get_by_role("link", name=f"{forty_five} no20").click()
    expect(page.get_by_role("heading", level=1, name=f"{forty_five} no20")).to_be_visible()

    page.go_back()

    expect_names(groups_table(page), numbered(forty_five, *range(25, 5, -1)))
    expect(search(page)).to_have_value(forty_five)


def test_an_empty_group_shows_nought_and_a_large_one_its_number(page, api):
    group = group_of(api, people(api, 1001))
    empty = api.group(f"{group['name']} empty")

    page.goto(f"{GROUPS}?q={group['name']}")

    def count(name: str) -> Locator:
        row = (
            groups_table(page)
            .get_by_role("row")
            .filter(has=page.get_by_role("link", name=name, exact=True))
        )
        return row.get_by_role("cell").nth(1)

    expect(count(group["name"])).to_have_text("1,001")
    expect(count(empty["name"])).to_have_text("0")


def test_edit_in_the_menu_of_a_row_opens_the_drawer_over_its_detail(page, api):
    group = api.group()
    page.goto(f"{GROUPS}?q={group['name']}")

    choose(page, f"Actions for {group['name']}", "Edit")

    expect(page).to_have_url(re.compile(group_path(group, "/edit")))
    expect(dialog(page).get_by_label("Name")).to_have_value(group["name"])


def test_a_list_that_cannot_be_loaded_says_why_and_can_be_tried_again(page, api):
    name = api.group()["name"]
    answer_with(page, "**/admin/customer-groups?*", 500, "An unknown error occurred.")
    page.goto(f"{GROUPS}?q={name}")
    problem = page.get_by_role("alert").filter(has_text="An unknown error occurred.")
    expect(problem).to_be_visible()

    page.unroute("**/admin/customer-groups?*")
    problem.get_by_role("button", name="Try again").click()

    expect_names(groups_table(page), [name])
    expect(error_toast(page, "unknown")).to_have_count(0)


def test_while_the_list_is_loading_its_shape_is_there(page, api):
    name = api.group()["name"]
    with held(page, re.compile(r"/admin/customer-groups\?"), "GET"):
        page.goto(f"{GROUPS}?q={name}")

        expect(groups_table(page)).to_be_visible()
        expect(groups_table(page).locator("tbody tr[aria-hidden=true]")).to_have_count(20)
        expect(search(page)).to_have_value(name)

    expect_names(groups_table(page), [name])
