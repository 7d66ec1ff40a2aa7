"""The shell and its files, as a browser is sent them: what they may do, and how long they keep."""

import gzip
import re
from collections import namedtuple
from functools import cache
from html.parser import HTMLParser
from posixpath import dirname, join, normpath

import pytest

from projections.sqlite import SQLiteStore
from service.admin.assets import START, Assets
from service.admin.pages import MODULES, STATIC, assets, module_at
from service.app import create_app, prepare
from service.settings import Settings
from tests.admin.sources import DYNAMIC, imports

LIST = "/app/customer-groups"
FOR_EVER = "public, max-age=31536000, immutable"
FIRST_LOAD_BYTES = 60_000

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)

Tag = namedtuple("Tag", "name attributes")


class Html(HTMLParser):
    """The tags of a page, and what would run or colour it from within."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.inline = []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.tags.append(Tag(name, dict(attributes)))
        self.inline += [key for key, _ in attributes if key == "style" or key[:2] == "on"]

    def handle_data(self, data):
        if self.tags and self.tags[-1].name in ("script", "style") and data.strip():
            self.inline.append(data)

    def links(self, rel):
        return [tag.attributes["href"] for tag in self.tags if tag.attributes.get("rel") == rel]

    @property
    def addresses(self):
        """What a browser would ask for by itself."""
        return [
            tag.attributes[key]
            for tag in self.tags
            for key in ("src", "href", "action")
            if tag.name != "a" and key in tag.attributes
        ]


def without_preloads(html):
    return re.sub(r'\s*<link rel="modulepreload"[^>]*>', "", html)


@pytest.fixture(scope="module")
def client_of(tmp_path_factory):
    """A client of the application with these settings, without credentials."""
    store = SQLiteStore(tmp_path_factory.mktemp("shell") / "groups.db")
    prepare(Settings(admin_password="correct horse battery staple"), store)
    yield lambda **settings: create_app(Settings(**settings), store).test_client()
    store.close()


@pytest.fixture
def client(client_of):
    return client_of()


@pytest.fixture
def html(client):
    return Html(client.get(LIST).text)


@pytest.mark.parametrize("path", ["/", "/app", "/app/"])
def test_the_start_leads_to_the_list_of_groups(client, path):
    answer = client.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (302, LIST)


@pytest.mark.parametrize("path", [LIST, f"{LIST}/create", "/app/customers/cus_1", "/app/no/such"])
def test_every_page_starts_from_the_same_shell_without_credentials(client, path):
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert without_preloads(answer.text) == without_preloads(client.get(LIST).text)


def test_a_page_may_only_do_what_the_policy_says(client):
    headers = client.get(LIST).headers

    assert headers["Content-Security-Policy"] == POLICY
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in headers


def test_a_page_is_only_read(client):
    assert client.head(LIST).status_code == 200
    refused = client.post(LIST)
    assert refused.status_code == 405
    assert refused.json["code"] == "method-not-allowed"


def test_a_page_runs_nothing_of_its_own_and_asks_nobody_else(html):
    assert html.inline == []
    for address in html.addresses:
        assert address.startswith(("/app/assets/", "data:image/svg+xml,")), address


def test_the_style_sheet_asks_nobody(client, html):
    (sheet,) = html.links("stylesheet")

    text = client.get(sheet).text

    assert "@import" not in text
    for address in re.findall(r"""url\(\s*['"]?([^'")\s]{0,30})""", text):
        assert address.startswith("data:image/svg+xml,"), address


def test_the_shell_has_what_the_modules_fill(html):
    ids = [tag.attributes["id"] for tag in html.tags if "id" in tag.attributes]

    assert {"app", "toasts", "live"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert "noscript" in [tag.name for tag in html.tags]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_of_the_cookie_is_there_before_anything_runs(client, theme):
    client.set_cookie("customer_groups_theme", theme)

    root = Html(client.get(LIST).text).tags[0]

    assert root == Tag("html", {"lang": "en", "data-theme": theme})


@pytest.mark.parametrize("cookie", [None, "system", "", "'><script>"])
def test_any_other_theme_is_that_of_the_system(client, cookie):
    if cookie is not None:
        client.set_cookie("customer_groups_theme", cookie)

    assert Html(client.get(LIST).text).tags[0] == Tag("html", {"lang": "en"})


def test_the_shell_says_whether_a_change_wants_a_reason(client_of):
    root = Html(client_of(require_reason=True).get(LIST).text).tags[0]

    assert root == Tag("html", {"lang": "en", "data-require-reason": None})


def test_the_files_keep_for_ever(client, html):
    types = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}

    for address in {address for address in html.addresses if not address.startswith("data:")}:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == FOR_EVER
        assert answer.headers["Content-Type"] == types[address.rpartition(".")[2]]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["shell", "style sheet"])
@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [("gzip, deflate, br", True), ("*", True), ("br", False), ("gzip;q=0", False), (None, False)],
)
def test_what_is_sent_is_compressed_for_whoever_takes_it(client, html, name, accepted, compressed):
    path = LIST if name == "shell" else html.links("stylesheet")[0]
    plain = client.get(path).data

    answer = client.get(path, headers={"Accept-Encoding": accepted} if accepted else {})

    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers.get("Content-Encoding") == ("gzip" if compressed else None)
    assert (gzip.decompress(answer.data) if compressed else answer.data) == plain
    assert answer.content_length == len(answer.data)


def test_nothing_else_is_served_and_no_refusal_is_kept(client):
    version = assets().version
    for path in (
        "000000000000/app.css",
        f"{version}/none.css",
        f"{version}/js",
        f"{version}/../templates/app.html",
        f"{version}/js/../../pages.py",
        f"{version}/%2e%2e/pages.py",
        f"{version}//etc/passwd",
        f"{version}/",
    ):
        answer = client.get(f"/app/assets/{path}", follow_redirects=True)
        if answer.status_code == 200:  # a page that there is not, which the router says
            assert without_preloads(answer.text) == without_preloads(client.get(LIST).text), path
            continue
        assert (answer.status_code, answer.json["code"]) == (404, "not-found"), path
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_version_changes_with_any_file(tmp_path):
    def version():
        return Assets.below(tmp_path).version

    seen = set()
    for name, content in (("a.js", "1"), ("a.js", "2"), ("b/a.js", "2"), ("a.css", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
        assert version() == version()
        assert re.fullmatch(r"[0-9a-f]{12}", version())
        seen.add(version())
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    seen.add(version())

    assert len(seen) == 5


def test_every_import_is_followed_however_it_is_written(tmp_path):
    (tmp_path / "start.js").write_text(
        "import './plain.js';\nimport { a,\n  b } from './names.js';\n"
        "import * as c from './deep/all.js';\nexport { d } from './again.js';\n"
        "import e from './default.js';\n"
        "const late = () => import('./late.js');\n// import './comment.js';\n"
        "const text = 'import \"./text.js\"';\nexport const path = './constant.js';\n"
    )
    for name in ("plain", "names", "again", "default", "late", "comment", "text", "constant"):
        (tmp_path / f"{name}.js").write_text("import './start.js';\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "all.js").write_text("import '../deepest.js';\n")
    (tmp_path / "deepest.js").write_text("")

    assert Assets.below(tmp_path).imported("start.js") == [
        *("start.js", "plain.js", "names.js", "deep/all.js", "again.js", "default.js"),
        "deepest.js",
    ]


@cache
def needed(name):
    """The modules that a module needs before it runs, itself included, by another reading."""
    found, left = set(), {name}
    while left:
        at = left.pop()
        found.add(at)
        left |= imports(STATIC / at)[0] - found
    return frozenset(found)


def routes():
    """The paths below /app that main.js knows, with the modules of the page and of its modal."""
    source = (STATIC / START).read_text()
    pages = dict(re.findall(r"const (\w+) = \{ open: \(\) => import\('(.+?)'\)", source))
    (home,) = re.findall(r"const LIST = '(.+?)'", source)
    (table,) = re.findall(r"const ROUTES = \[\n(.+?)\n\];", source, re.DOTALL)
    for line in table.splitlines():
        path, page, *modal = line.strip(" [],").split(", ", 2)
        named = [pages[page], *DYNAMIC.findall("".join(modal))]
        path = home if path == "LIST" else path.strip("'`").replace("${LIST}", home)
        yield path, *(normpath(join(dirname(START), name)) for name in named)


ROUTES = {path: modules for path, *modules in routes()}
every_route = pytest.mark.parametrize("path", ROUTES)


def preloaded(client, path):
    base = f"/app/assets/{assets().version}/"
    links = Html(client.get(f"/app{path}").text).links("modulepreload")
    return sorted(address.removeprefix(base) for address in links)


def load_bytes(client, path, module):
    """What a browser with nothing in its cache is sent, compressed, until the page is there."""
    shell = client.get(f"/app{path}", headers={"Accept-Encoding": "gzip"}).data
    names = {"app.css"} | needed(START) | needed(module)
    return len(shell) + sum(len(assets().files[name].compressed) for name in names)


@every_route
def test_the_shell_preloads_what_the_page_needs_and_nothing_else(client, path):
    module = ROUTES[path][0]

    assert preloaded(client, path) == sorted(needed(START) | needed(module))
    assert module_at(path.strip("/").replace(":id", "an.id%2Fb")) == module


def test_a_group_as_it_was_is_another_page(client):
    path, module = "/customer-groups/an.id", "js/pages/past.js"

    assert preloaded(client, f"{path}?as_of=5") == sorted(needed(START) | needed(module))
    assert preloaded(client, f"{path}?as_of=") == preloaded(client, path)
    assert preloaded(client, "/customers?as_of=5") == preloaded(client, "/customers")
    assert load_bytes(client, f"{path}?as_of=5", module) < FIRST_LOAD_BYTES


def test_the_shell_knows_no_other_pages(client):
    assert {name for _, name in MODULES} == {modules[0] for modules in ROUTES.values()}
    for path in ("/no/such", "/customer-groups-old", "/customersx", "/assets"):
        assert preloaded(client, path) == sorted(needed(START))


def test_the_shell_runs_the_start(html):
    (script,) = [tag for tag in html.tags if tag.name == "script"]

    assert script.attributes == {
        "type": "module",
        "src": f"/app/assets/{assets().version}/{START}",
    }


@every_route
def test_a_first_load_is_small_whichever_page_it_is(client, path):
    """A modal that the address names is loaded once its page is there, so it does not count."""
    assert load_bytes(client, path, ROUTES[path][0]) < FIRST_LOAD_BYTES
