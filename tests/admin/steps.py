"""What an admin sees and does on the pages, in the words on the screen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.serving import Api, unique

GROUPS = "/app/customer-groups"
CUSTOMERS = "/app/customers"
NARROW = {"width": 390, "height": 844}
READING_POSTS = ("/admin/memberships/check", "/admin/customers/lookup")


def group_path(group: dict[str, Any] | str, rest: str = "") -> str:
    """Where the detail of a group is, or what lies over it: `group_path(vip, "/edit")`."""
    return f"{GROUPS}/{group if isinstance(group, str) else group['id']}{rest}"


# -- what is on the screen -------------------------------------------------------------------------


def groups_table(page: Page) -> Locator:
    return page.get_by_role("table", name="Customer Groups", exact=True)


def members_table(page: Page) -> Locator:
    return page.get_by_role("table", name="Customers in this group")


def section(page: Page, name: str) -> Locator:
    """One of the cards of a detail page; the group's name names the first."""
    return page.get_by_role("region", name=re.compile(f"^{re.escape(name)}"))


def dialog(page: Page) -> Locator:
    """The modal dialog on top, which is neither a prompt nor the small dialog of a filter."""
    return page.get_by_role("dialog").and_(page.locator("dialog")).last


def prompt(page: Page) -> Locator:
    """The prompt on top; one that was answered may still be fading."""
    return page.get_by_role("alertdialog").last


def toast(page: Page, text: str | re.Pattern[str]) -> Locator:
    """A toast that tells of a success."""
    return (
        page.get_by_role("status")
        .filter(has=page.get_by_role("button", name="Dismiss"))
        .filter(has_text=text)
    )


def error_toast(page: Page, text: str) -> Locator:
    return (
        page.get_by_role("alert")
        .filter(has=page.get_by_role("button", name="Dismiss"))
        .filter(has_text=text)
    )


def commands(page: Page) -> Locator:
    """The bar at the bottom centre."""
    return page.get_by_role("region", name="Selected customers")


def results(scope: Page | Locator, text: str) -> Locator:
    """What the pager says, "21 – 40 of 45 results"; it is announced in the same words as well."""
    root = scope if isinstance(scope, Page) else scope.page
    return scope.get_by_text(text, exact=True).and_(root.locator(":not([aria-live])"))


def box(scope: Page | Locator, email: str) -> Locator:
    return scope.get_by_role("checkbox", name=f"Select {email}", exact=True)


def whole_page_box(scope: Page | Locator) -> Locator:
    return scope.get_by_role("checkbox", name=re.compile("^Select all"))


def search(scope: Page | Locator) -> Locator:
    return scope.get_by_role("searchbox")


def chips(scope: Page | Locator) -> Locator:
    return scope.get_by_role("group", name="Filters")


# -- what an admin does ----------------------------------------------------------------------------


def choose(scope: Page | Locator, button: str | Locator, item: str) -> None:
    """Choose an item of the menu that a button opens."""
    opener = (
        scope.get_by_role("button", name=button, exact=True) if isinstance(button, str) else button
    )
    opener.click()
    scope.get_by_role("menuitem", name=re.compile(f"^{re.escape(item)}")).click()


def tick(scope: Page | Locator, *emails: str) -> None:
    for email in emails:
        box(scope, email).check()


def press_until(page: Page, key: str, target: Locator, most: int = 80) -> None:
    """Press a key, as who has no mouse does, until the focus is there."""
    for _ in range(most):
        if target.count() and target.first.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press(key)
    focused = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    raise AssertionError(f"{most} times {key} did not reach {target}, but {focused}")


def query(page: Page) -> str:
    """The query of the address, as the server would get it."""
    return page.evaluate("location.search")


# -- what goes over the wire -----------------------------------------------------------------------


def changes(page: Page) -> list[Request]:
    """The requests that change something, from now on, as a list that grows."""
    seen: list[Request] = []

    def note(request: Request) -> None:
        path = request.url.split("?")[0]
        if request.method not in ("GET", "HEAD") and not path.endswith(READING_POSTS):
            seen.append(request)

    page.on("request", note)
    return seen


def answer_with(page: Page, pattern: str, status: int, message: str, method: str = "") -> None:
    """Put a fault between page and service: requests like this are answered with an error."""

    def fault(route: Route) -> None:
        if method and route.request.method != method:
            route.fallback()
            return
        body = {"type": "unknown_error", "code": "unknown_error", "message": message}
        headers = {"Retry-After": "1"} if status == 503 else {}
        route.fulfill(status=status, json=body, headers=headers)

    page.route(pattern, fault)


@contextmanager
def held(page: Page, pattern: str, method: str) -> Iterator[list[Route]]:
    """Hold requests back while the block runs; then let them go on."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == method:
            routes.append(route)
        else:
            route.fallback()

    page.route(pattern, hold)
    yield routes
    for route in routes:
        route.continue_()
    page.unroute(pattern, hold)


# -- what there is before --------------------------------------------------------------------------


def people(api: Api, count: int, **fields: str) -> list[dict[str, Any]]:
    """Put customers into the directory whose e-mails share a beginning and sort as they come."""
    word = unique("p")
    rows = [
        {"id": f"cus_{word}{n:03}", "email": f"{word}-{n:03}@shop.example"} | fields
        for n in range(1, count + 1)
    ]
    head = ",".join(rows[0])
    lines = [",".join(row.values()) for row in rows]
    answer = api(
        "POST",
        "/admin/customers/import",
        data="\n".join([head, *lines]),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.json()["created"] == count, answer.text
    return rows


def group_of(api: Api, customers: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A new group with these members."""
    group = api.group(**fields)
    api.add(group["id"], *(customer["id"] for customer in customers))
    return group


def members(api: Api, group: dict[str, Any]) -> set[str]:
    """The ids of all members, as the API tells them."""
    answer = api.get(f"/admin/customer-groups/{group['id']}/customers", params={"limit": 1000})
    return {customer["id"] for customer in answer.json()["customers"]}


def metadata(api: Api, group: dict[str, Any]) -> Any:
    return api.get(f"/admin/customer-groups/{group['id']}").json()["customer_group"]["metadata"]


def name_of(api: Api, group: dict[str, Any]) -> str:
    return api.get(f"/admin/customer-groups/{group['id']}").json()["customer_group"]["name"]


def word_of(rows: list[dict[str, Any]]) -> str:
    """What the e-mails of `people` share, to search for."""
    return rows[0]["email"].split("-")[0]


def expect_names(table: Locator, names: list[str]) -> None:
    """The rows of a table, by their links, in order; waits for them."""
    expect(table.get_by_role("link")).to_have_text(names)


def expect_focus_on_row(table: Locator, name: str) -> None:
    """The focus is on something in the row that shows this."""
    row = table.get_by_role("row").filter(has_text=name)
    expect(row.locator(":focus")).to_have_count(1)
