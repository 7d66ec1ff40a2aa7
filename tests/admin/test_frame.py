"""The frame round every page: navigation, sign-in, theme, and what shows when something fails."""

import re

import pytest
from playwright.sync_api import Page, expect

from service.auth import COOKIE
from tests.admin.steps import (
    CUSTOMERS,
    GROUPS,
    answer_with,
    box,
    choose,
    dialog,
    error_toast,
    expect_names,
    group_of,
    group_path,
    groups_table,
    people,
    tick,
    toast,
)
from tests.admin.visit import PHONE, expect_complaint, settle
from tests.serving import unique

SESSION_LOOK_MS = 25_000
"""A stream ends with its session, which is looked at every 15 s."""


def navigation(page: Page):
    return page.get_by_role("navigation", name="Main")


def sign_in(page: Page, server, password: str | None = None) -> None:
    page.get_by_label("E-mail").fill(server.admin_email)
    page.get_by_label("Password").fill(password or server.admin_password)
    page.get_by_role("button", name="Sign in").click()


def test_the_navigation_leads_from_customers_to_customer_groups(page):
    page.goto("/")

    navigation(page).get_by_role("link", name="Customers", exact=True).click()
    expect(page).to_have_url(re.compile("/app/customers$"))
    navigation(page).get_by_role("link", name="Customer Groups", exact=True).click()

    expect(page).to_have_url(re.compile("/app/customer-groups$"))
    expect(groups_table(page).or_(page.get_by_text("No customer groups yet"))).to_be_visible()
    current = navigation(page).locator("[aria-current=page]")
    expect(current).to_have_text("Customer Groups")


@pytest.mark.parametrize("start", ["/", "/app", "/app/"])
def test_the_start_page_is_the_list_of_groups(page, start):
    page.goto(start)

    expect(page).to_have_url(re.compile("/app/customer-groups$"))
    expect(page.get_by_role("heading", level=1, name="Customer Groups")).to_be_visible()


def test_the_title_and_the_breadcrumb_follow_the_page(page, api):
    group = api.group()
    page.goto(GROUPS)
    expect(page).to_have_title("Customer Groups")

    page.goto(group_path(group))
    expect(page).to_have_title(f"{group['name']} · Customer Groups")
    crumbs = page.get_by_role("navigation", name="Breadcrumb")
    expect(crumbs.get_by_role("listitem")).to_have_text(["Customer Groups", group["name"]])
    crumbs.get_by_role("link", name="Customer Groups").click()

    expect(page).to_have_url(re.compile("/customer-groups$"))
    expect(page).to_have_title("Customer Groups")


def test_signing_in_leads_to_the_page_first_asked_for(guest_page, server, api):
    group = api.group()
    guest_page.goto(group_path(group, "?m_order=email"))
    expect(guest_page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()

    sign_in(guest_page, server)

    expect(guest_page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    expect(guest_page).to_have_url(re.compile(rf"{group['id']}\?m_order=email$"))
    guest_page.reload()
    expect(guest_page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()
    stored = guest_page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "eyJ" not in stored  # how a token begins


def test_a_wrong_password_is_told_at_the_form(guest_page, server):
    guest_page.goto(GROUPS)

    sign_in(guest_page, server, password="not the password")

    expect(guest_page.get_by_role("alert")).to_contain_text("Invalid email or password")
    expect(guest_page.get_by_label("E-mail")).to_have_value(server.admin_email)
    expect(guest_page.get_by_label("Password")).to_be_focused()


def test_an_empty_sign_in_form_sends_nothing(guest_page):
    guest_page.goto(GROUPS)

    guest_page.get_by_role("button", name="Sign in").click()

    expect(guest_page.get_by_role("alert")).to_contain_text("Enter your e-mail and password")
    expect(guest_page.get_by_label("E-mail")).to_be_focused()


def test_signing_out_leads_to_the_sign_in_page(guest_page, server):
    guest_page.goto(GROUPS)
    sign_in(guest_page, server)
    expect(guest_page.get_by_role("heading", level=1, name="Customer Groups")).to_be_visible()

    choose(guest_page, account(guest_page), "Sign out")

    expect(guest_page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()


def account(page: Page):
    """The button of the user menu."""
    return page.get_by_role("button", name=re.compile("Account and theme"))


def test_when_the_session_ends_what_was_typed_stays(page, server):
    name = unique("Typed")
    page.goto(f"{GROUPS}/create")
    page.get_by_label("Name").fill(name)

    def end_session(route):
        page.context.clear_cookies()
        route.continue_()

    page.route("**/admin/customer-groups", end_session, times=1)
    dialog(page).get_by_role("button", name="Create", exact=True).click()

    again = page.get_by_role("dialog", name="Sign in")
    expect(again).to_be_visible()
    expect(again.get_by_label("E-mail")).to_have_value(server.admin_email)
    expect(page.get_by_role("textbox", name="Name", include_hidden=True)).to_have_value(name)
    again.get_by_label("Password").fill(server.admin_password)
    again.get_by_role("button", name="Sign in").click()
    expect(toast(page, name)).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_when_the_session_ends_the_selection_stays(page, api, server):
    rows = people(api, 2)
    group = group_of(api, rows)
    other = unique("Elsewhere")
    session = {"name": COOKIE, "value": api.post("/auth/session").cookies[COOKIE]}
    page.context.add_cookies([session | {"url": server.url}])
    page.goto(group_path(group))
    tick(page, rows[0]["email"])
    api.post(f"/admin/customer-groups/{group['id']}", {"name": other})
    expect(page.get_by_role("heading", level=1, name=other)).to_be_visible()
    assert api.delete("/auth/session").status_code == 200

    again = page.get_by_role("dialog", name="Sign in")
    expect(again).to_be_visible(timeout=SESSION_LOOK_MS)
    again.get_by_label("Password").fill(server.admin_password)
    again.get_by_role("button", name="Sign in").click()

    expect(again).to_have_count(0)
    expect(box(page, rows[0]["email"])).to_be_checked()


@pytest.mark.parametrize(
    ("label", "scheme"), [("Dark", "dark"), ("Light", "light")], ids=["dark", "light"]
)
def test_a_theme_is_remembered_and_never_flashes(new_page, label, scheme):
    page = new_page(color_scheme="light" if scheme == "dark" else "dark")
    page.goto(GROUPS)
    account(page).click()

    page.get_by_role("menuitemradio", name=label).click()

    expect(page.get_by_role("menuitemradio", name=label)).to_be_checked()
    assert background_is(page, scheme)
    page.reload()
    expect(account(page)).to_be_visible()
    assert background_is(page, scheme)
    html = page.request.get(GROUPS).text()
    assert f'data-theme="{scheme}"' in html.split("<head>")[0]


def background_is(page: Page, scheme: str) -> bool:
    """Whether the page is painted as dark or light: by the lightness that its canvas has."""
    light = page.evaluate(
        """() => {
          const canvas = new OffscreenCanvas(1, 1).getContext('2d');
          canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
          canvas.fillRect(0, 0, 1, 1);
          return canvas.getImageData(0, 0, 1, 1).data[1] > 127;
        }"""
    )
    return light == (scheme == "light")


def test_the_theme_of_the_system_is_followed_until_one_is_chosen(new_page):
    page = new_page(color_scheme="dark")
    page.goto(GROUPS)
    expect(account(page)).to_be_visible()
    assert background_is(page, "dark")

    page.emulate_media(color_scheme="light")

    assert background_is(page, "light")


@pytest.mark.parametrize(
    "path",
    [
        "/app/nowhere",
        f"{GROUPS}/cusgroup_unknown",
        f"{CUSTOMERS}/cus_unknown",
        f"{GROUPS}/x/y/z",
        f"{GROUPS}/cusgroup_unknown/edit",
        f"{GROUPS}/cusgroup_unknown/import",
        "/app/%E0%A4%A",
    ],
)
def test_what_is_not_there_is_a_page_with_a_way_back(page, path):
    page.goto(path)

    expect(page.get_by_text(re.compile(r"\(404\)"))).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="Back to the list").click()
    expect(page).to_have_url(re.compile(r"/(customer-groups|customers)$"))


def test_a_deleted_group_says_who_deleted_it(page, api, server):
    group = api.group()
    api.delete(f"/admin/customer-groups/{group['id']}")

    page.goto(group_path(group))

    expect(page.get_by_text(re.compile(rf"{group['name']} was deleted by"))).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(server.admin_email)
    expect(page.get_by_role("main")).to_contain_text("404")


def test_a_detail_that_cannot_be_loaded_says_why_and_can_be_tried_again(page, api):
    group = api.group()
    answer_with(page, f"**/admin/customer-groups/{group['id']}*", 500, "An unknown error occurred")
    page.goto(group_path(group))
    problem = page.get_by_role("alert").filter(has_text="An unknown error occurred")
    expect(problem).to_be_visible()

    page.unroute(f"**/admin/customer-groups/{group['id']}*")
    problem.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_a_503_shows_a_banner_until_it_is_over(page, api):
    name = api.group()["name"]
    page.goto(f"{GROUPS}?q={name}")
    expect_names(groups_table(page), [name])
    banner = page.get_by_role("status").filter(has_text="not available")
    expect(banner).to_be_hidden()

    answer_with(page, "**/admin/**", 503, "The read model is being rebuilt")
    api.group()  # so that the page asks
    expect(banner).to_be_visible()
    expect_names(groups_table(page), [name])
    page.unroute("**/admin/**")

    expect(banner).to_be_hidden()


def test_without_an_answer_the_same_banner_shows(page, api):
    name = api.group()["name"]
    page.goto(f"{GROUPS}?q={name}")
    expect_names(groups_table(page), [name])
    expect_complaint(page, "ERR_")

    page.route("**/admin/**", lambda route: route.abort())
    api.group()  # so that the page asks
    banner = page.get_by_role("status").filter(has_text="not available")
    expect(banner).to_be_visible()
    page.unroute("**/admin/**")

    expect(banner).to_be_hidden()


def json_button(page: Page):
    return page.get_by_role("button", name="View JSON")


def test_a_page_that_an_update_of_the_service_left_without_its_parts_begins_anew(page, api):
    page.goto(group_path(api.group()))
    page.route("**/jsondrawer.js", lambda route: route.fulfill(status=404))
    with page.expect_event("load"):  # of a new document, not of a new address
        json_button(page).click()
    page.unroute("**/jsondrawer.js")

    json_button(page).click()

    expect(page.get_by_role("dialog", name="JSON")).to_be_visible()


def test_a_page_stays_when_a_part_of_it_cannot_be_loaded_just_now(page, api):
    page.goto(group_path(api.group()))
    expect(json_button(page)).to_be_visible()
    page.evaluate("window.same = true")
    page.route("**/app/**", lambda route: route.abort())
    json_button(page).click()
    expect(error_toast(page, "cannot be reached")).to_be_visible()
    page.unroute("**/app/**")

    json_button(page).click()

    expect(page.get_by_role("dialog", name="JSON")).to_be_visible()
    assert page.evaluate("window.same")


def test_the_skip_link_leads_to_the_content(page):
    page.goto(GROUPS)
    settle(page)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("main")).to_be_focused()


def test_on_a_phone_the_navigation_is_a_sheet(new_page):
    page = new_page(**PHONE)
    page.goto(GROUPS)
    expect(navigation(page)).to_be_hidden()

    page.get_by_role("button", name="Open navigation").click()
    sheet = page.get_by_role("dialog", name="Navigation")
    sheet.get_by_role("link", name="Customers", exact=True).click()

    expect(page).to_have_url(re.compile("/customers$"))
    expect(sheet).to_have_count(0)


@pytest.mark.parametrize(
    ("rest", "heading"),
    [
        ("/edit", "Edit group"),
        ("/add-customers", "Add customers to"),
        ("/metadata/edit", "Edit metadata"),
    ],
)
def test_every_modal_of_a_group_opens_by_its_address_and_back_closes_it(page, api, rest, heading):
    group = api.group()
    page.goto(group_path(group))
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()

    page.goto(group_path(group, rest))
    opened = page.get_by_role("dialog", name=re.compile(f"^{heading}"))
    expect(opened).to_be_visible()
    page.reload()
    expect(opened).to_be_visible()
    page.keyboard.press("Escape")

    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(opened).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name=group["name"])).to_be_visible()


def test_every_modal_of_a_customer_opens_by_its_address(page, api):
    customer = api.customer()
    for path, heading in (
        (f"{CUSTOMERS}/create", "Create a customer"),
        (f"{CUSTOMERS}/{customer['id']}/edit", "Edit customer"),
        (f"{CUSTOMERS}/{customer['id']}/add-groups", "Add "),
    ):
        page.goto(path)

        expect(page.get_by_role("dialog", name=re.compile(f"^{heading}"))).to_be_visible()


def test_a_scrolled_list_is_where_it_was_after_back(new_page, api):
    word = unique("Scroll")
    for number in range(1, 21):
        api.group(f"{word} {number:02}")
    page = new_page(viewport={"width": 1360, "height": 400})
    page.goto(f"{GROUPS}?q={word}")
    link = groups_table(page).get_by_role("link", name=f"{word} 18")
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 0

    link.click()
    expect(page.get_by_role("heading", level=1, name=f"{word} 18")).to_be_visible()
    page.go_back()

    expect(link).to_be_in_viewport()
