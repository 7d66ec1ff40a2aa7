"""The files that the pages are written in, and what the modules import."""

import re
from posixpath import dirname, join, normpath

from service.admin.pages import STATIC

MODULES = sorted(STATIC.rglob("*.js"))
TEMPLATES = sorted((STATIC.parent / "templates").rglob("*.html"))
SHEETS = sorted(STATIC.rglob("*.css"))

COMMENT = re.compile(r"^\s*//.*$|/\*(?:.|\n)*?\*/", re.MULTILINE)
FROM = re.compile(r"""(?:\bfrom|\bimport)\s*(['"])(\.[^'"]+)\1""")
DYNAMIC = re.compile(r"""\bimport\(\s*['"](\.[^'"]+)['"]\s*\)""")


def name(path):
    return path.relative_to(STATIC.parent).as_posix()


def code(path):
    """Return a module without its comments on lines of their own."""
    return COMMENT.sub("", path.read_text())


def imports(path):
    """Return the names of the modules that a module imports: before it runs, and while it does."""
    here = dirname(path.relative_to(STATIC).as_posix())

    def named(found):
        return {normpath(join(here, to)) for to in found}

    source = code(path)
    return named(to for _, to in FROM.findall(source)), named(DYNAMIC.findall(source))
