"""The house: which room may know which, and what may be found where."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]

ROOMS = {"domain": set(), "projections": {"domain"}, "service": {"domain", "projections"}}
"""Which rooms each room may import, itself aside."""

FILES = [path for room in ROOMS for path in sorted((HOUSE / room).rglob("*.py"))]

SQL = re.compile(
    r"\s*(SELECT\s+\S|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s"
    r"|CREATE\s+(UNIQUE\s+|TEMP\s+|VIRTUAL\s+)?(TABLE|INDEX|TRIGGER|EXTENSION|SEQUENCE)\s"
    r"|ALTER\s+TABLE\s|DROP\s+(TABLE|INDEX)\s|WITH\s+\w+\s+AS\s|PRAGMA\s)"
)

SQL_OUTSIDE_PROJECTIONS = {"service/accounts.py", "service/webhooks.py"}
"""They own tables that nobody joins."""


def name(path):
    return path.relative_to(HOUSE).as_posix()


def imported(path):
    """Return the names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports relatively"
            found.add(node.module)
    return found


def texts(path):
    """Return the texts in a file, each f-string as one, and no docstrings."""
    tree = ast.parse(path.read_text())
    documentation = {
        id(statement.value) for statement in ast.walk(tree) if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        if id(node) in documentation:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                part.value if isinstance(part, ast.Constant) else "x" for part in node.values
            )


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_one_way(path):
    room = path.relative_to(HOUSE).parts[0]

    rooms = {module.split(".")[0] for module in imported(path)} & {*ROOMS, "tests"}

    assert rooms - {room} <= ROOMS[room]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_sql_lives_in_the_projections_and_with_tables_nobody_joins(path):
    if path.is_relative_to(HOUSE / "projections") or name(path) in SQL_OUTSIDE_PROJECTIONS:
        return

    assert [text for text in texts(path) if SQL.match(text)] == []


def test_sql_is_recognised():
    found = {name(path) for path in FILES if any(map(SQL.match, texts(path)))}

    for module in ("group_list", "group_detail", "membership", "requests", "directory", "log"):
        assert f"projections/{module}.py" in found


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_the_service_knows_flask_marshmallow_and_nats(path):
    libraries = {module.split(".")[0] for module in imported(path)}

    if not path.is_relative_to(HOUSE / "service"):
        assert not libraries & {"flask", "werkzeug", "marshmallow", "apispec", "granian", "nats"}
    if name(path) != "service/relay.py":
        assert "nats" not in libraries


def test_the_domain_knows_no_database_and_no_http():
    for path in (HOUSE / "domain").glob("*.py"):
        assert not imported(path) & {"sqlite3", "psycopg", "http", "urllib.parse"}
        assert not re.search(r"\b(400|404|409|412)\b", path.read_text()), name(path)


def test_the_top_level_has_the_rooms_and_the_tests_only():
    """What git would see: build products and caches are ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what belongs to the house cannot be told")
    top = {line.split("/")[0] for line in listed.stdout.splitlines() if "/" in line}

    assert {folder for folder in top if not folder.startswith(".")} == {*ROOMS, "tests"}


def test_no_module_hides_behind_a_name_that_says_nothing():
    tests = [path for path in (HOUSE / "tests").rglob("*.py") if "node_modules" not in path.parts]
    for path in [*FILES, *tests]:
        assert path.stem not in {"utils", "util", "helpers", "common", "base", "core", "manager"}
