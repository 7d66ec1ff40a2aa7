"""`make pictures`: take the README's pictures from the real product, light and dark."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from service.auth import COOKIE
from tests.admin.browser import FLAGS, executable
from tests.admin.visit import FADED, open_at, settle
from tests.serving import Api, Server, signed_in

LATER = 3
"""How often somebody changes a group after it was made."""

FOLDER = Path(__file__).parent / "pictures"
SIZE = {"width": 1280, "height": 800}


def groups(page: Page) -> None:
    """Show the list."""
    open_at(page, "/customer-groups")


def open_group(page: Page) -> None:
    """Show the group that was changed last."""
    open_at(page, "/customer-groups?order=-updated_at")
    page.get_by_role("table").get_by_role("link").first.click()
    page.get_by_role("link", name="View all").wait_for()


def members(page: Page) -> None:
    """Show a group of which some members are selected."""
    open_group(page)
    boxes = page.get_by_role("checkbox", name="Select ")
    boxes.nth(2).check()
    boxes.nth(4).check()


def metadata(page: Page) -> None:
    """Show the editor of metadata."""
    members(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Edit metadata").click()
    page.get_by_label("Key").first.wait_for()


def history(page: Page) -> None:
    """Show the history of a group."""
    open_group(page)
    page.get_by_role("link", name="View all").click()
    page.get_by_text("demo: a group is made").wait_for()


def past(page: Page) -> None:
    """Show a group as it was, compared with what it is."""
    open_group(page)
    page.get_by_role("button", name="Group actions").click()
    page.get_by_role("menuitem", name="View as it was").click()
    page.get_by_role("button", name="Compare with now").click()
    for _ in range(LATER):
        page.get_by_role("button", name="Earlier event").click()
    page.get_by_text(f"{LATER} events since").wait_for()
    settle(page)


SCENES: dict[str, Callable[[Page], None]] = {
    "groups": groups,
    "members": members,
    "metadata": metadata,
    "history": history,
    "past": past,
}


def change(api: Api) -> None:
    """Change a group as its admin does, so that there is something to look back at."""
    listed = api.get("/admin/customer-groups", params={"q": "wholesale", "order": "-name"})
    path = f"/admin/customer-groups/{listed.json()['customer_groups'][0]['id']}"
    members = api.get(f"{path}/customers", params={"limit": 2}).json()["customers"]
    metadata = {"discount_percent": 24, "contract": "2027-01"}
    agreed = {"X-Reason": "Contract for 2027"}
    api.post(path, {"name": "Wholesale EU"}, headers=agreed)
    api.patch(path, {"metadata": metadata}, headers=agreed)
    api.post(f"{path}/customers", {"remove": [member["id"] for member in members]})


def main() -> None:
    """Serve a made-up shop and photograph every scene in both themes."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        directory = Path(folder)
        with Server(f"sqlite:///{directory / 'shop.db'}", directory) as server:
            made = server.cli("demo")
            assert made.returncode == 0, made.stderr
            api = signed_in(server)
            change(api)
            cookie = api.post("/auth/session").cookies[COOKIE]
            browser = playwright.chromium.launch(executable_path=executable(playwright), args=FLAGS)
            for theme in ("light", "dark"):
                context = browser.new_context(
                    base_url=server.url, viewport=SIZE, color_scheme=theme, locale="en-GB"
                )
                context.add_cookies([{"name": COOKIE, "value": cookie, "url": server.url}])
                page = context.new_page()
                for name, show in SCENES.items():
                    show(page)
                    page.mouse.move(0, 0)
                    page.evaluate(FADED)  # what rises and fades has come to rest
                    page.screenshot(path=FOLDER / f"{name}-{theme}.png")
            browser.close()


if __name__ == "__main__":
    main()
