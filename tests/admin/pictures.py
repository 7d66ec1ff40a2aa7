"""`make pictures`: take the README's pictures from the real product, light and dark."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from service.auth import COOKIE
from tests.admin.browser import FLAGS, executable
from tests.admin.visit import FADED, open_at
from tests.serving import Server, signed_in

FOLDER = Path(__file__).parent / "pictures"
SIZE = {"width": 1280, "height": 800}


def groups(page: Page) -> None:
    """Show the list."""
    open_at(page, "/customer-groups")


def members(page: Page) -> None:
    """Show a group of which some members are selected."""
    open_at(page, "/customer-groups?q=wholesale&order=-customers_count")
    page.get_by_role("table").get_by_role("link").first.click()
    boxes = page.get_by_role("checkbox", name="Select ")
    boxes.nth(2).check()
    boxes.nth(4).check()


def metadata(page: Page) -> None:
    """Show the editor of metadata."""
    members(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Edit metadata").click()
    page.get_by_label("Key").first.wait_for()


SCENES: dict[str, Callable[[Page], None]] = {
    "groups": groups,
    "members": members,
    "metadata": metadata,
}


def main() -> None:
    """Serve a made-up shop and photograph every scene in both themes."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        directory = Path(folder)
        with Server(f"sqlite:///{directory / 'shop.db'}", directory) as server:
            made = server.cli("demo")
            assert made.returncode == 0, made.stderr
            api = signed_in(server)
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
