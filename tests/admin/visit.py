"""What a test does with a page besides what Playwright offers: open, look back, run axe.

Every browser context has a journal; what a page must never do ends up among its complaints.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    WebError,
    expect,
)

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DARK = {"color_scheme": "dark"}

WATCH = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`);
});
"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FADED = """() => Promise.all(document.getAnimations()
  .filter((animation) => Number.isFinite(animation.effect.getComputedTiming().endTime))
  .map((animation) => animation.finished.catch(() => {})))"""
"""Waits until every fade that has an end is over."""

_axe = Axe()
_journals: "WeakKeyDictionary[BrowserContext, Journal]" = WeakKeyDictionary()


class Journal:
    """What the pages of one context asked for, and what was wrong with them."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        self.expected: list[str] = []
        _journals[context] = self
        context.add_init_script(WATCH)
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", self._error)

    def begin(self) -> "Journal":
        """Begin anew, for the next test in the same context."""
        self.requests.clear()
        self.complaints.clear()
        self.expected.clear()
        return self

    def unexpected(self) -> list[str]:
        """Return the complaints that no test expected."""
        known = re.compile("|".join(self.expected) or r"(?!)")
        return [complaint for complaint in self.complaints if not known.search(complaint)]

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.complaints.append(f"request to another origin: {request.url}")

    def _response(self, response: Response) -> None:
        ours = "x-request-id" in response.headers  # a test may have answered in its place
        if ours and (response.status >= 500 or ("/assets/" in response.url and not response.ok)):
            self.complaints.append(f"{response.status} for {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        # a refusal of the API is the page's to show; Chromium mentions it as well
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error.stack or error.error}")


def journal_of(context: BrowserContext) -> Journal:
    """Return what the pages of a context are noted in."""
    return _journals[context]


def open_at(page: Page, path: str) -> None:
    """Open a path below /app and wait until it shows what it has to show."""
    page.goto(f"/app{path}")
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page has its heading and nothing is loading any more."""
    expect(page.locator("h1").first).to_be_attached()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def requests_sent(page: Page, method: str, path: str = "") -> list[Request]:
    """Return the API requests of a page's context so far; `path` is searched for as a pattern.

    `request.post_data_json` is what was sent, `request.headers` with which headers.
    """
    return [
        request
        for request in _journals[page.context].requests
        if request.method == method
        and "/app/" not in request.url
        and re.search(path, request.url.removeprefix(_journals[page.context].origin))
    ]


@contextmanager
def nothing_sent(page: Page, method: str = "POST", path: str = "") -> Iterator[None]:
    """Fail if a request of this kind is sent within."""
    before = len(requests_sent(page, method, path))
    yield
    after = [f"{request.method} {request.url}" for request in requests_sent(page, method, path)]
    assert after[before:] == []


def expect_complaint(page: Page, pattern: str) -> None:
    """Let a page log an error or ask for what it may not, if it matches."""
    _journals[page.context].expected.append(pattern)


def toast(page: Page) -> Locator:
    """The place of the toasts; `expect(toast(page)).to_contain_text(...)`."""
    return page.locator("#toasts")


def axe(page: Page, within: str | None = None) -> list[str]:
    """Return what axe finds on a page, one readable line an element: `assert axe(page) == []`.

    `within` is a selector: only what it matches is looked at.
    """
    page.evaluate(FADED)  # half-faded text has half the contrast
    rules = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = _axe.run(page, within, rules).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}"
        f"\n  {' '.join(map(str, node['target']))}: {node['html'][:200]}"
        f"\n  {node.get('failureSummary', '')}"
        for violation in found
        for node in violation["nodes"]
    ]
