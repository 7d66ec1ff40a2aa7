"""The pages as an admin meets them: a real Chromium, against a real `customer-groups serve`.

`server` is shared by all tests; for a world of its own a test, class or file overrides it:
`def server(empty_server): return empty_server`. `api`, `page` and the others then follow.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from service.auth import COOKIE
from tests.admin.browser import FLAGS, executable
from tests.admin.states import World
from tests.admin.visit import Journal, journal_of
from tests.conftest import STORES
from tests.lacking import unavailable
from tests.serving import Api, Server, signed_in

PATIENCE_MS = 10_000
DESKTOP: ViewportSize = {"width": 1360, "height": 880}
START_MS = 60_000  # the first start of the day, on a busy machine

NewPage = Callable[..., Page]
Kept = defaultdict[str, list[BrowserContext]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        kinds = STORES if metafunc.config.getoption("--big") else STORES[:1]
        metafunc.parametrize("kind", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    """The database: SQLite, with --big also PostgreSQL."""
    return request.param


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here; gone before others run, whose event loop it would take."""
    with sync_playwright() as playwright:
        path = executable(playwright)
        if path is None:
            unavailable("Chromium is not installed: the pages were not tried; `make test` installs")
        expect.set_options(timeout=PATIENCE_MS)
        with playwright.chromium.launch(
            executable_path=path, args=FLAGS, timeout=START_MS
        ) as chromium:
            yield chromium


@pytest.fixture(scope="session")
def server(kind: str, new_database, tmp_path_factory) -> Iterator[Server]:
    """A running service, shared by tests that make things of their own."""
    with Server(new_database(kind), tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.fixture
def empty_server(kind: str, new_database, tmp_path) -> Iterator[Server]:
    """A running service with nothing in it."""
    with Server(new_database(kind), tmp_path) as running:
        yield running


@cache
def admin_of(server: Server) -> tuple[Api, str]:
    """The API for the admin of a service, and a session cookie."""
    api = signed_in(server)
    opened = api.post("/auth/session")
    cookie = opened.cookies[COOKIE]
    api.session.cookies.clear()
    return api, cookie


@pytest.fixture
def api(server: Server) -> Api:
    """The API for a signed-in script, to make what a test needs."""
    return admin_of(server)[0]


@pytest.fixture(scope="package")
def used_before(browser: Browser) -> Iterator[Kept]:  # noqa: ARG001  # closed before it
    """Contexts that other tests have left: they have the modules in their cache."""
    kept: Kept = defaultdict(list)
    yield kept
    for context in chain(*kept.values()):
        context.close()


def forget(context: BrowserContext) -> None:
    """Take from a context what a test has left in it, but for the cache and one empty page."""
    page, *others = context.pages or [context.new_page()]
    for other in others:
        other.close()
    page.unroute_all(behavior="ignoreErrors")  # one may be in the middle of an answer
    page.goto("/health")  # as quick as no page at all, and its process is used again
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    context.clear_cookies()


@pytest.fixture
def new_page(browser: Browser, server: Server, used_before, request) -> Iterator[NewPage]:
    """Open a page in a context of its own: `new_page(**PHONE, **DARK)`, `new_page(guest=True)`.

    It is of `server` unless another is given. Fails afterwards if any page logged an error, broke
    the policy or asked another origin.
    """
    for other in {"empty_server", "start"} & {*request.fixturenames}:
        request.getfixturevalue(other)  # before us, so that no page outlives its service
    journals = []
    contexts = []
    kept = []
    of_file = server if "empty_server" not in request.fixturenames else None

    def make(*, server: Server = server, guest: bool = False, **options) -> Page:
        usual = {
            "base_url": server.url,
            "viewport": DESKTOP,
            "locale": "en-GB",
            "timezone_id": "Europe/Berlin",
        }
        like = repr((server.url, guest, sorted(options.items())))
        if server is of_file and used_before[like]:
            context = used_before[like].pop()
            journals.append(journal_of(context).begin())
            context.pages[0].set_viewport_size(options.get("viewport", DESKTOP))
            context.pages[0].emulate_media(
                color_scheme=options.get("color_scheme", "light"),
                reduced_motion=options.get("reduced_motion", "no-preference"),
            )
        else:
            context = browser.new_context(**usual | options)
            context.set_default_timeout(PATIENCE_MS)
            journals.append(Journal(context, server.url))
        (kept if server is of_file else contexts).append((like, context))
        if not guest:
            session = {"name": COOKIE, "value": admin_of(server)[1], "url": server.url}
            context.add_cookies([session | {"httpOnly": True, "sameSite": "Lax"}])
        return context.pages[0] if context.pages else context.new_page()

    yield make
    for _, context in contexts:
        context.close()
    for like, context in kept:
        forget(context)
        used_before[like].append(context)
    complaints = [complaint for journal in journals for complaint in journal.unexpected()]
    if complaints:
        pytest.fail("the pages did what they must not:\n" + "\n".join(complaints), pytrace=False)


@pytest.fixture(scope="session")
def world(server: Server) -> World:
    """Something of everything there is to be shown."""
    return World.on(server, signed_in(server))


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page of a signed-in admin."""
    return new_page()


@pytest.fixture
def guest_page(new_page: NewPage) -> Page:
    """A page of nobody yet."""
    return new_page(guest=True)
