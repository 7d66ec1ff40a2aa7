"""What happens elsewhere shows without a reload, and disturbs nobody."""

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest
from playwright.sync_api import Error, Locator, Page, Request, expect

from service.admin.pages import STATIC
from service.api.eventschemas import EVENTS
from tests.admin.steps import (
    CUSTOMERS,
    GROUPS,
    answer_with,
    box,
    choose,
    dialog,
    expect_names,
    group_of,
    group_path,
    groups_table,
    held,
    members_table,
    people,
    prompt,
    search,
    section,
    tick,
)
from tests.admin.visit import requests_sent, settle
from tests.serving import Api, unique

SOON_SECONDS = 2.0
ATTEMPTS = 3
"""A machine that does something else now may not do so the next time."""

STREAM = "**/events/stream*"
RARELY_MS = 15_000
QUIET_MS = 1500
"""Long enough for a page to ask, if it did."""

COUNT_FLASHES = """() => {
  window.flashes = 0;
  document.addEventListener('animationstart', (event) => {
    if (event.animationName === 'flash') window.flashes += 1;
  });
}"""
FLASHES = """() => new Promise((tell) => {
  requestAnimationFrame(() => requestAnimationFrame(() => tell(window.flashes)));
})"""
SHOWN_OR_HIDDEN = """(hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def streams(page: Page) -> list[Request]:
    """The streams that the tabs of a browser have opened so far."""
    return requests_sent(page, "GET", r"^/events/stream\?")


def rename(api: Api, group: dict[str, str], name: str) -> None:
    assert api.post(f"/admin/customer-groups/{group['id']}", {"name": name}).status_code == 200


def heading(page: Page, name: str):
    return page.get_by_role("heading", level=1, name=name)


def skip_ahead(page: Page, awaited: Callable[[float], AbstractContextManager[object]]) -> None:
    """Lets the time pass for which a page waits, which may not have come to wait yet."""
    for left in reversed(range(ATTEMPTS)):
        try:
            with awaited(RARELY_MS):
                page.clock.fast_forward(RARELY_MS)
            return
        except (AssertionError, Error):
            if not left:
                raise


@contextmanager
def shown(locator: Locator, milliseconds: float):
    yield
    expect(locator).to_be_visible(timeout=milliseconds)


@contextmanager
def let_through(page: Page, milliseconds: float):
    with page.expect_response(
        lambda answer: answer.ok and "/events/stream" in answer.url, timeout=milliseconds
    ):
        page.unroute(STREAM)
        yield


def test_a_customer_added_in_one_browser_shows_in_the_other_within_two_seconds(new_page, api):
    group, rows = api.group(), people(api, ATTEMPTS)
    one, other = new_page(), new_page()
    other.goto(group_path(group))
    expect(section(other, "Customers").get_by_text("No customers yet")).to_be_visible()
    seconds = []

    for row in rows:
        one.goto(group_path(group, "/add-customers"))
        search(dialog(one)).fill(row["email"])
        tick(dialog(one), row["email"])
        with one.expect_response(re.compile(r"/customers\?detail=true")):
            dialog(one).get_by_role("button", name="Save", exact=True).click()
        begun = time.monotonic()
        expect(members_table(other).get_by_role("link", name=row["email"])).to_be_visible()
        seconds.append(time.monotonic() - begun)
        if seconds[-1] < SOON_SECONDS:
            break

    assert min(seconds) < SOON_SECONDS


def test_an_open_form_is_untouched_by_what_happens_elsewhere(page, api):
    group = group_of(api, people(api, 1), metadata={"a": "one"})
    page.goto(group_path(group, "/edit"))
    field = dialog(page).get_by_label("Name")
    field.fill("Half a na")
    other = unique("Elsewhere")

    api.post(f"/admin/customer-groups/{group['id']}", {"name": other})
    expect(page).to_have_title(re.compile(other))

    expect(field).to_have_value("Half a na")
    expect(field).to_be_focused()


def test_an_open_metadata_editor_is_untouched_by_what_happens_elsewhere(page, api):
    group = api.group(metadata={"a": "one"})
    page.goto(group_path(group, "/metadata/edit"))
    value = dialog(page).get_by_label("Value", exact=True)
    value.fill("mine")

    api.patch(f"/admin/customer-groups/{group['id']}", {"metadata": {"a": "theirs", "b": 2}})
    card = page.locator("section", has=page.locator("#metadata-title"))
    expect(card).to_contain_text("theirs")

    expect(value).to_have_value("mine")
    expect(dialog(page).get_by_label("Key", exact=True)).to_have_count(1)


def test_a_rename_elsewhere_shows_in_the_list_without_moving_its_rows(page, api):
    word = unique("Live")
    first = api.group(f"{word} a")
    api.group(f"{word} b")
    page.goto(f"{GROUPS}?q={word}")
    expect_names(groups_table(page), [f"{word} a", f"{word} b"])

    settle(page)
    page.evaluate(COUNT_FLASHES)
    rename(api, first, f"{word} c")

    expect_names(groups_table(page), [f"{word} c", f"{word} b"])
    assert page.evaluate(FLASHES) == 1
    customer = api.customer()
    api.add(first["id"], customer["id"])
    row = groups_table(page).get_by_role("row").filter(has_text=f"{word} c")
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")


def test_new_groups_wait_behind_a_pill(page, api):
    word = unique("New")
    api.group(f"{word} m")
    page.goto(f"{GROUPS}?q={word}")
    expect_names(groups_table(page), [f"{word} m"])

    for name in ("a", "b", "z"):
        api.group(f"{word} {name}")
    pill = page.get_by_role("button", name="3 new groups")
    expect(pill).to_be_visible()
    expect_names(groups_table(page), [f"{word} m"])
    pill.click()

    expect_names(groups_table(page), [f"{word} {name}" for name in "abmz"])
    expect(pill).to_be_hidden()


def test_a_selection_survives_what_happens_elsewhere(page, api):
    rows = people(api, 3)
    group = group_of(api, rows)
    page.goto(group_path(group, "?m_order=email"))
    tick(page, rows[1]["email"])
    other = unique("Elsewhere")

    api.post(f"/admin/customer-groups/{group['id']}", {"name": other})
    api.post(f"/admin/customer-groups/{group['id']}/customers", {"remove": [rows[0]["id"]]})
    expect_names(members_table(page), [rows[1]["email"], rows[2]["email"]])

    expect(page.get_by_role("heading", level=1, name=other)).to_be_visible()
    expect(box(page, rows[1]["email"])).to_be_checked()


def test_a_group_deleted_elsewhere_says_so(page, api):
    group = api.group()
    page.goto(group_path(group))
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()

    api.delete(f"/admin/customer-groups/{group['id']}")

    expect(page.get_by_text(re.compile("was deleted by"))).to_be_visible()


def test_a_group_that_a_customer_joins_elsewhere_shows_on_its_page(page, api):
    group, customer = api.group(), api.customer()
    page.goto(f"{CUSTOMERS}/{customer['id']}")
    expect(page.get_by_text("Not in any group")).to_be_visible()

    api.add(group["id"], customer["id"])

    expect(page.get_by_role("link", name=group["name"])).to_be_visible()


def test_a_customer_changed_elsewhere_shows_though_no_event_tells_of_it(page, api):
    customer = api.customer(first_name="Ada")
    page.goto(f"{CUSTOMERS}?q={customer['email']}")
    expect(page.get_by_role("cell", name="Ada")).to_be_visible()

    api.post(f"/admin/customers/{customer['id']}", {"first_name": "Grace"})

    expect(page.get_by_role("cell", name="Grace")).to_be_visible()


def test_what_happens_while_a_deletion_is_considered_shows_afterwards(page, api):
    group, other = api.group(), unique("Elsewhere")
    page.goto(group_path(group))
    choose(page, "Group actions", "Delete")
    expect(prompt(page)).to_be_visible()

    rename(api, group, other)
    prompt(page).get_by_role("button", name="Cancel").click()

    expect(heading(page, other)).to_be_visible()


def test_an_answer_older_than_a_change_is_not_the_last_word(page, api):
    word = unique("Slow")
    group = api.group(f"{word} a")
    page.goto(f"{GROUPS}?q={word}")
    expect_names(groups_table(page), [f"{word} a"])
    sorted_list = re.compile(r"/admin/customer-groups\?.*order=-name")
    late = []
    page.route(sorted_list, lambda route: late.append((route, route.fetch())), times=1)
    groups_table(page).get_by_role("button", name="Name").click()
    while not late:
        page.wait_for_timeout(20)

    rename(api, group, f"{word} b")
    page.wait_for_timeout(QUIET_MS)
    ((route, answer),) = late
    route.fulfill(response=answer)

    expect_names(groups_table(page), [f"{word} b"])


def test_what_happens_before_the_stream_is_open_shows_once_it_is(page, api):
    group, other = api.group(), unique("Elsewhere")
    with held(page, re.compile(r"/events\?after="), "GET"):
        page.goto(group_path(group))
        expect(heading(page, group["name"])).to_be_visible()
        rename(api, group, other)

    expect(heading(page, other)).to_be_visible()


def test_every_kind_of_event_is_heard():
    source = (STATIC / "js/stream.js").read_text()
    (kinds,) = re.findall(r"const KINDS = \[(.+?)\];", source, re.DOTALL)

    assert set(re.findall(r"'(\w+)'", kinds)) == set(EVENTS)


def close(page: Page) -> None:
    page.close()


def hide(page: Page) -> None:
    page.evaluate(SHOWN_OR_HIDDEN, True)


@pytest.mark.parametrize("leave", [close, hide])
def test_the_tabs_of_a_browser_share_one_stream_which_outlives_each_of_them(page, api, leave):
    group = api.group()
    names = [unique("Elsewhere") for _ in range(2)]
    with page.expect_response(STREAM):
        page.goto(group_path(group))
    other = page.context.new_page()
    other.goto(group_path(group))
    expect(heading(other, group["name"])).to_be_visible()

    rename(api, group, names[0])
    expect(heading(page, names[0])).to_be_visible()
    expect(heading(other, names[0])).to_be_visible()
    assert len(streams(other)) == 1

    with other.expect_response(STREAM):
        leave(page)
    rename(api, group, names[1])
    expect(heading(other, names[1])).to_be_visible()
    assert len(streams(other)) == 2


def test_a_hidden_tab_asks_nothing_until_it_is_looked_at_again(page, api):
    group, other = api.group(), unique("Elsewhere")
    with page.expect_response(STREAM):
        page.goto(group_path(group))
    settle(page)
    hide(page)
    asked = rf"{group['id']}\?"
    before = len(requests_sent(page, "GET", asked))

    rename(api, group, other)
    page.wait_for_timeout(QUIET_MS)
    assert len(requests_sent(page, "GET", asked)) == before
    page.evaluate(SHOWN_OR_HIDDEN, False)

    expect(heading(page, other)).to_be_visible()


class TestWithoutAStream:
    """Each with a service and a browser of its own."""

    @pytest.fixture
    def server(self, empty_server):
        return empty_server

    def test_a_page_asks_every_15_seconds_while_the_stream_is_refused(self, page, api):
        group = api.group()
        names = [unique("Elsewhere") for _ in range(2)]
        page.clock.install()
        answer_with(page, STREAM, 503, "Not just now")
        with page.expect_response(STREAM):
            page.goto(group_path(group))
        for _ in range(2):
            with page.expect_response(STREAM):
                pass
        expect(heading(page, group["name"])).to_be_visible()

        rename(api, group, names[0])
        skip_ahead(page, partial(shown, heading(page, names[0])))

        skip_ahead(page, partial(let_through, page))
        rename(api, group, names[1])
        expect(heading(page, names[1])).to_be_visible()

    def test_nothing_is_missed_when_the_service_starts_anew(self, page, api, server):
        group = api.group()
        names = [unique("Elsewhere") for _ in range(2)]
        with page.expect_response(STREAM):
            page.goto(group_path(group))
        dot = page.get_by_role("banner").get_by_role("status")
        expect(dot).to_have_text("Live")

        server.stop()
        expect(dot).to_have_text("Reconnecting")
        server.start()
        rename(api, group, names[0])
        expect(heading(page, names[0])).to_be_visible(timeout=2 * RARELY_MS)
        expect(dot).to_have_text("Live")
        rename(api, group, names[1])
        expect(heading(page, names[1])).to_be_visible()
