"""How the pages are written: small modules of our own, safe by what they do not use."""

import re

import pytest

from service.admin.assets import START
from service.admin.pages import STATIC
from tests.admin.sources import MODULES, SHEETS, TEMPLATES, code, imports, name

LONGEST_MODULE = 200
COLUMNS = 100
SVG = "http://www.w3.org/2000/svg"

UNSAFE = re.compile(
    r"\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b|\bsetHTMLUnsafe\b|\bparseHTMLUnsafe\b"
    r"|\bcreateContextualFragment\b|\bDOMParser\b|\bsrcdoc\b|\bdocument\.write|\beval\b"
    r"|\bnew Function\b|\bset(?:Timeout|Interval)\(\s*['\"`]|javascript:|\btrustedTypes\b"
)
"""What makes code of text."""

INLINE_STYLE = re.compile(r"""setAttribute\(\s*['"]style|\bstyle:\s|\bstyle=|\bcssText\b""")
"""What the policy refuses; `element.style.setProperty` it allows."""

ADDRESS = re.compile(r"\b(?:https?|wss?):/*[^\s'\"`<>)]*|(?<=['\"`(])//[a-z]")

everything = pytest.mark.parametrize("path", [*MODULES, *SHEETS, *TEMPLATES], ids=name)
modules = pytest.mark.parametrize("path", MODULES, ids=name)


def test_the_pages_are_modules_one_style_sheet_and_one_shell():
    assert START in {path.relative_to(STATIC).as_posix() for path in MODULES}
    assert [name(path) for path in SHEETS] == ["static/app.css"]
    assert [name(path) for path in TEMPLATES] == ["templates/app.html"]
    files = {path for path in STATIC.rglob("*") if path.is_file()}
    assert {name(path) for path in files - {*MODULES, *SHEETS}} == set()


@modules
def test_a_module_is_small(path):
    assert len(path.read_text().splitlines()) < LONGEST_MODULE


@everything
def test_lines_are_short_and_tidy(path):
    text = path.read_text()
    lines = text.splitlines()

    assert [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS] == []
    assert [number for number, line in enumerate(lines, 1) if line != line.rstrip()] == []
    assert "\t" not in text
    assert text.endswith("\n")


@modules
def test_a_module_says_first_what_it_is_for(path):
    assert re.match(r"// \S", path.read_text())


@modules
def test_no_text_becomes_code(path):
    assert UNSAFE.findall(code(path)) == []


@pytest.mark.parametrize("path", [*MODULES, *TEMPLATES], ids=name)
def test_no_style_is_inline(path):
    assert INLINE_STYLE.findall(code(path)) == []


@everything
def test_nobody_else_is_asked(path):
    assert set(ADDRESS.findall(code(path))) - {SVG} == set()


@everything
def test_nothing_is_vendored_or_generated(path):
    first = path.read_text()[:400]

    assert not re.search(r"copyright|licen[sc]e|@preserve|\(c\) ", first, re.IGNORECASE)
    assert "sourceMappingURL" not in path.read_text()
    assert ".min." not in path.name


def test_every_import_is_there_and_every_module_is_imported():
    known = {path.relative_to(STATIC).as_posix() for path in MODULES}
    wanted = {
        to: path.relative_to(STATIC).as_posix()
        for path in MODULES
        for kind in imports(path)
        for to in kind
    }

    assert {f"{by} imports {to}" for to, by in wanted.items() if to not in known} == set()
    assert known - {*wanted, START} == set(), "nobody imports these"


@modules
def test_every_imported_name_is_exported(path):
    """A wrong name is a blank page, noticed by whoever opens it first."""
    clause = re.compile(r"\bimport\s*\{([^}]*)\}\s*from\s*['\"](\.[^'\"]+)['\"]")
    for names, to in clause.findall(code(path)):
        source = code((path.parent / to).resolve())
        for wanted in filter(None, (part.split(" as ")[0].strip() for part in names.split(","))):
            exported = (
                rf"^export (?:async )?(?:function\*?|const|let|class) {re.escape(wanted)}\b"
                rf"|^export\s*\{{[^}}]*\b{re.escape(wanted)}\b[^}}]*\}}"
            )
            assert re.search(exported, source, re.MULTILINE), f"{to} does not export {wanted}"


def test_every_icon_that_is_used_is_in_the_sprite():
    sprite = set(re.findall(r'<symbol id="i-([\w-]+)"', TEMPLATES[0].read_text()))
    used = {
        icon: name(path)
        for path in MODULES
        for icon in re.findall(r"\bicon\(\s*['\"]([\w-]+)['\"]", code(path))
    }

    assert {f"{by}: {icon}" for icon, by in used.items() if icon not in sprite} == set()
