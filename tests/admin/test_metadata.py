"""The metadata editor: rows, types, mistakes, and only the difference sent."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.admin.steps import (
    answer_with,
    changes,
    choose,
    dialog,
    group_path,
    metadata,
    people,
    press_until,
    prompt,
    section,
    toast,
)
from tests.admin.visit import requests_sent

PAIRS = {"a": "one", "b": "two"}


class Editor:
    """The open drawer of a group."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.drawer = dialog(page)
        self.table = self.drawer.get_by_role("table", name="Metadata")

    @property
    def rows(self) -> Locator:
        return self.table.get_by_role("rowgroup").last.get_by_role("row")

    def key(self, at: int) -> Locator:
        return self.rows.nth(at).get_by_label("Key", exact=True)

    def value(self, at: int) -> Locator:
        return self.rows.nth(at).get_by_label("Value", exact=True)

    def type_word(self, at: int) -> Locator:
        return self.rows.nth(at).get_by_role("button", name=re.compile("^Type: "))

    def choose(self, at: int, item: str) -> None:
        """What the menu at the row's right end does."""
        opener = self.rows.nth(at).get_by_role("button", name=re.compile("actions", re.IGNORECASE))
        choose(self.drawer, opener, item)

    def fill(self, at: int, key: str, value: str) -> None:
        self.key(at).fill(key)
        self.value(at).fill(value)

    def save(self) -> None:
        self.drawer.get_by_role("button", name="Save", exact=True).click()

    def saved(self) -> None:
        self.save()
        expect(toast(self.page, "Metadata was updated")).to_be_visible()

    def keys(self) -> list[str]:
        return [self.key(at).input_value() for at in range(self.rows.count())]


@pytest.fixture
def pairs() -> dict[str, Any] | None:
    """What the group has before; a test may say otherwise by a parameter."""
    return PAIRS


@pytest.fixture
def group(api, pairs):
    return api.group(metadata=pairs)


def open_editor(page: Page, group) -> Editor:
    page.goto(group_path(group, "/metadata/edit"))
    editor = Editor(page)
    expect(editor.key(0)).to_be_focused()
    return editor


@pytest.fixture
def editor(page: Page, group) -> Editor:
    return open_editor(page, group)


def with_pairs(pairs: dict[str, Any] | None) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("pairs", [pairs], ids=["pairs"])


def test_a_row_inserted_below_is_stored_with_its_type(page, api, group):
    page.goto(group_path(group))
    section(page, "Metadata").get_by_role("link", name="Edit metadata").click()
    editor = Editor(page)

    editor.choose(0, "Insert row below")
    expect(editor.key(1)).to_be_focused()
    editor.fill(1, "c", "1")
    expect(editor.type_word(1)).to_have_text("Number")
    editor.saved()

    assert metadata(api, group) == {"a": "one", "b": "two", "c": 1}
    section(page, "Metadata").get_by_role("link", name="Edit metadata").click()
    expect(editor.rows).to_have_count(3)
    assert editor.keys() == ["a", "b", "c"]
    expect(editor.type_word(2)).to_have_text("Number")


def test_a_row_inserted_above_has_the_focus_and_is_stored(page, api, editor, group):
    editor.choose(0, "Insert row above")

    expect(editor.key(0)).to_be_focused()
    expect(editor.key(1)).to_have_value("a")
    page.keyboard.type("c")
    page.keyboard.press("Enter")
    page.keyboard.type("three")
    editor.saved()
    assert metadata(api, group) == {"a": "one", "b": "two", "c": "three"}


def test_a_deleted_row_is_gone_after_a_reload(page, api, editor, group):
    editor.choose(0, "Delete row")

    expect(editor.key(0)).to_have_value("b")
    expect(editor.key(0)).to_be_focused()
    editor.saved()
    page.reload()
    expect(section(page, "Metadata").get_by_role("term")).to_have_text(["b"])
    assert metadata(api, group) == {"b": "two"}


@with_pairs({"nested": {"x": [1, {"y": None}]}, "nothing": None, "code": "007", "note": "old"})
def test_what_is_nested_null_or_text_like_a_number_stays_as_it_is(page, api, editor, group, pairs):
    editor.value(3).fill("new")
    editor.saved()

    assert metadata(api, group) == pairs | {"note": "new"}
    (sent,) = requests_sent(page, "PATCH")
    assert sent.post_data_json == {"metadata": {"note": "new"}}
    assert re.fullmatch(r'"\d+"', sent.headers["if-match"])


@with_pairs({"regions": ["EU", "UK"], "nothing": None})
def test_what_cannot_be_edited_is_shown_and_can_be_deleted(api, editor, group):
    expect(editor.value(0)).to_have_value('["EU","UK"]')
    expect(editor.value(0)).not_to_be_editable()
    expect(editor.value(1)).to_have_value("null")
    expect(editor.drawer.get_by_text(re.compile("through the API"))).to_be_visible()

    editor.choose(0, "Delete row")
    editor.saved()

    assert metadata(api, group) == {"nothing": None}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("12.5", 12.5),
        ("-3", -3),
        ("true", True),
        ("false", False),
        ("12abc", "12abc"),
        ("007", "007"),
        ("1e3", "1e3"),
        ("9007199254740993", "9007199254740993"),
        ("  spaced out  ", "spaced out"),
    ],
)
def test_only_canonical_spellings_change_the_type(page, api, typed, stored):
    group = api.group()
    editor = open_editor(page, group)

    editor.fill(0, " key ", typed)
    editor.saved()

    found = metadata(api, group)
    assert found == {"key": stored}
    assert type(found["key"]) is type(stored)


@with_pairs({"year": "2024", "other": "x"})
def test_a_text_that_looks_like_a_number_stays_text_until_its_type_is_turned(api, editor, group):
    expect(editor.type_word(0)).to_have_text("Text")
    editor.value(0).fill("2025")
    expect(editor.type_word(0)).to_have_text("Text")

    editor.type_word(0).click()
    expect(editor.type_word(0)).to_have_text("Number")
    editor.saved()

    assert metadata(api, group) == {"year": 2025, "other": "x"}


def test_two_rows_of_one_key_are_both_marked_and_nothing_is_sent(page, editor):
    sent = changes(page)
    editor.choose(1, "Insert row below")
    editor.fill(2, "a", "again")

    for at in (0, 2):
        expect(editor.key(at)).to_have_attribute("aria-invalid", "true")
        expect(editor.rows.nth(at)).to_contain_text("used 2 times")
    editor.save()
    expect(editor.drawer.get_by_role("alert").filter(has_text="2 rows")).to_be_visible()
    expect(editor.key(0)).to_be_focused()
    assert sent == []
    editor.key(2).fill("c")

    for at in (0, 2):
        expect(editor.key(at)).to_have_attribute("aria-invalid", "false")
        expect(editor.rows.nth(at)).not_to_contain_text("used 2 times")


@pytest.mark.parametrize(("key", "value", "wrong"), [("c", "", "Value"), ("", "three", "Key")])
def test_a_half_filled_row_is_an_error_from_the_first_save_on(page, editor, key, value, wrong):
    sent = changes(page)
    editor.choose(1, "Insert row below")
    editor.fill(2, key, value)
    field = editor.rows.nth(2).get_by_label(wrong, exact=True)
    expect(field).not_to_have_attribute("aria-invalid", "true")

    editor.save()

    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(editor.drawer.get_by_role("alert").filter(has_text="1 row")).to_be_visible()
    assert sent == []


def test_empty_rows_are_ignored(page, editor, group):
    sent = changes(page)
    editor.drawer.get_by_role("button", name="Add row").click()
    expect(editor.key(2)).to_be_focused()

    editor.save()

    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert sent == []


@with_pairs(None)
def test_without_pairs_there_is_one_empty_row(editor):
    expect(editor.rows).to_have_count(1)
    expect(editor.key(0)).to_have_value("")


@with_pairs({"a": "one"})
def test_the_last_row_is_cleared_in_place_of_deleted(page, api, editor, group):
    editor.rows.nth(0).get_by_role("button", name="Actions for a").click()
    expect(page.get_by_role("menuitem", name=re.compile("^Delete row"))).to_have_count(0)
    page.get_by_role("menuitem", name=re.compile("^Clear row")).click()

    expect(editor.rows).to_have_count(1)
    expect(editor.key(0)).to_have_value("")
    editor.saved()
    assert metadata(api, group) == {}


def test_the_row_menu_is_reached_without_a_mouse(page, editor):
    menu = editor.rows.nth(0).get_by_role("button", name="Actions for a")

    press_until(page, "Tab", menu, most=3)

    assert menu.evaluate("e => getComputedStyle(e).visibility") == "visible"


def test_the_keys_of_the_grid_move_insert_and_delete(page, editor):
    page.keyboard.press("Enter")
    expect(editor.value(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(editor.value(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(editor.key(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(editor.key(1)).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(editor.rows).to_have_count(4)
    expect(editor.key(1)).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    expect(editor.rows).to_have_count(5)
    page.keyboard.press("Control+Shift+Backspace")
    expect(editor.key(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Control+Shift+Backspace")

    assert editor.keys() == ["a", "b", ""]


def test_ctrl_and_enter_saves(page, api, editor, group):
    editor.value(0).fill("eins")

    editor.value(0).press("Control+Enter")

    expect(toast(page, "Metadata was updated")).to_be_visible()
    assert metadata(api, group) == {"a": "eins", "b": "two"}


def test_pasted_lines_become_rows(api, editor, group):
    editor.drawer.get_by_role("button", name="Add row").click()
    editor.key(2).evaluate(
        """(field, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text', text);
          field.dispatchEvent(new ClipboardEvent('paste',
            { clipboardData, bubbles: true, cancelable: true }));
        }""",
        "tier\tgold\ndiscount: 12.5\nactive=true",
    )

    expect(editor.rows).to_have_count(5)
    editor.saved()
    assert metadata(api, group) == PAIRS | {"tier": "gold", "discount": 12.5, "active": True}


def test_saving_what_is_unchanged_sends_nothing(page, editor, group):
    sent = changes(page)
    editor.value(0).fill("eins")
    editor.value(0).fill("one")

    editor.save()

    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert sent == []


def change_elsewhere(api, group, patch: dict[str, Any]) -> None:
    answer = api.patch(f"/admin/customer-groups/{group['id']}", {"metadata": patch})
    assert answer.status_code == 200, answer.text


def test_changes_of_other_keys_and_members_meanwhile_do_not_disturb(api, editor, group):
    editor.value(0).fill("mine")
    change_elsewhere(api, group, {"b": "theirs", "c": 3})
    api.add(group["id"], people(api, 1)[0]["id"])

    editor.saved()

    assert metadata(api, group) == {"a": "mine", "b": "theirs", "c": 3}


def test_a_key_changed_by_both_is_shown_and_mine_can_be_kept(page, api, server, editor, group):
    editor.value(0).fill("mine")
    change_elsewhere(api, group, {"a": "theirs"})

    editor.save()

    clash = editor.drawer.get_by_role("region", name="Changed meanwhile")
    for words in ("theirs", "mine", server.admin_email):
        expect(clash).to_contain_text(words)
    assert metadata(api, group)["a"] == "theirs"
    clash.get_by_role("button", name="Keep mine").click()
    expect(toast(page, "Metadata was updated")).to_be_visible()
    assert metadata(api, group)["a"] == "mine"


def test_of_a_key_changed_by_both_theirs_can_be_used(page, api, editor, group):
    editor.value(0).fill("mine")
    editor.value(1).fill("also mine")
    change_elsewhere(api, group, {"a": "theirs"})
    editor.save()

    editor.drawer.get_by_role("button", name="Use theirs").click()

    expect(toast(page, "Metadata was updated")).to_be_visible()
    assert metadata(api, group) == {"a": "theirs", "b": "also mine"}


def test_a_failure_is_told_in_the_footer_and_keeps_what_was_typed(page, api, editor, group):
    editor.value(0).fill("eins")
    answer_with(page, "**/admin/customer-groups/*", 500, "An unknown error occurred", "PATCH")

    editor.save()

    expect(editor.drawer.get_by_role("alert").filter(has_text="unknown error")).to_be_visible()
    expect(editor.value(0)).to_have_value("eins")
    page.unroute("**/admin/customer-groups/*")
    editor.saved()
    assert metadata(api, group)["a"] == "eins"


def test_leaving_with_changes_asks_first(page, editor, group):
    editor.value(0).fill("eins")

    page.keyboard.press("Escape")
    prompt(page).get_by_role("button", name="Cancel").click()
    expect(prompt(page)).to_have_count(0)
    expect(editor.value(0)).to_have_value("eins")
    page.keyboard.press("Escape")
    prompt(page).get_by_role("button", name="Continue").click()

    expect(page).to_have_url(re.compile(f"{group['id']}$"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_focus_returns_to_the_icon(page, group):
    page.goto(group_path(group))
    icon = section(page, "Metadata").get_by_role("link", name="Edit metadata")
    icon.click()
    editor = Editor(page)
    editor.value(0).fill("eins")

    editor.saved()

    expect(icon).to_be_focused()


def test_a_change_of_metadata_can_be_undone(page, api, editor, group):
    editor.value(0).fill("eins")
    editor.choose(1, "Delete row")
    editor.saved()
    assert metadata(api, group) == {"a": "eins"}

    toast(page, "Metadata was updated").get_by_role("button", name="Undo").click()

    expect(section(page, "Metadata").get_by_role("term")).to_have_count(2)
    assert metadata(api, group) == PAIRS


@with_pairs({f"key {n}": n for n in range(11)})
def test_the_card_lists_eight_pairs_and_counts_the_rest(page, group):
    page.goto(group_path(group))
    card = section(page, "Metadata")

    expect(card.get_by_role("term")).to_have_count(8)
    expect(card).to_contain_text("11 keys")
    expect(card).to_contain_text("and 3 more")
