"""What is not documented fails: routes, events, settings and commands."""

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from domain.group import Group
from projections.sqlite import SQLiteStore
from service.api.openapi import document
from service.app import create_app, prepare
from service.cli import main
from service.settings import PREFIX, Settings

README = (Path(__file__).parents[1] / "README.md").read_text()

EVENTS = [
    name
    for name, kind in vars(Group).items()
    if inspect.isclass(kind) and issubclass(kind, Group.Event) and kind is not Group.Event
]
SETTINGS = [PREFIX + field.name.upper() for field in dataclasses.fields(Settings)]


def rows(heading):
    """What the table under a heading of the README explains, by the first words in its rows."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    explained = re.compile(r"^\| `([\w-]+)[^|]*\| (.+) \|$", re.MULTILINE)
    return {found[1]: found[2] for found in explained.finditer(section)}


@pytest.fixture
def app(tmp_path):
    settings = Settings(admin_password="correct horse battery staple")
    store = SQLiteStore(tmp_path / "groups.db")
    prepare(settings, store)
    yield create_app(settings, store)
    store.close()


def routes(app):
    """Every method of every route of the API, as the document writes them.

    The pages are not the API; nor could OpenAPI write a parameter of several segments.
    """
    return {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith("admin.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_every_route_is_in_the_openapi_document_and_no_other(app):
    described = {
        f"{method.upper()} {path}"
        for path, operations in document(app)["paths"].items()
        for method in operations
    }

    assert described == routes(app), "service/api/openapi/routes.py has a row for each route"
    assert "POST /admin/customer-groups/{group_id}/customers" in described


def test_the_pages_are_in_the_readme(app):
    pages = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.")]

    assert {rule.rule.split("/")[1] for rule in pages} == {"app"}
    assert "`/app`" in README


def test_every_operation_says_what_it_does(app):
    for path, operations in document(app)["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], f"the view of {method} {path} has no docstring"


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_in_the_readme(event):
    assert rows("The events").get(event)


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_in_the_readme(setting):
    assert setting in rows("Settings")


@pytest.mark.parametrize("command", main.commands)
def test_every_command_is_in_the_readme_and_explains_itself(command):
    assert rows("Commands").get(command)
    assert main.commands[command].help


@pytest.mark.parametrize("picture", re.findall(r'"(tests/[^"]+\.png)"', README))
def test_every_picture_of_the_readme_is_there(picture):
    assert (Path(__file__).parents[1] / picture).is_file()


def test_the_readme_tells_of_nothing_else():
    assert set(rows("The events")) == set(EVENTS)
    assert set(rows("Settings")) == set(SETTINGS)
    assert set(rows("Commands")) == set(main.commands)
