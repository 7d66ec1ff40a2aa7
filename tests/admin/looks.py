"""The looks in which a page must be without fault: light, dark, on a phone, and at 320 px."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from playwright.sync_api import Page, ViewportSize

from tests.admin.visit import axe

Look = tuple[str, ViewportSize, Literal["light", "dark"]]

WIDE: ViewportSize = {"width": 1360, "height": 880}
NARROW: ViewportSize = {"width": 390, "height": 844}
NARROWEST: ViewportSize = {"width": 320, "height": 700}

LIGHT: Look = ("light", WIDE, "light")
DARK: Look = ("dark", WIDE, "dark")
PHONE: Look = ("phone, light", NARROW, "light")
DARK_PHONE: Look = ("phone, dark", NARROW, "dark")
ALL = (LIGHT, DARK, PHONE)
FEW = (LIGHT, DARK_PHONE)
"""Each width and each scheme, once: a test of the small tier takes one of them by turns."""

OVER = "dialog[open], :popover-open"
"""What lies over a page."""

SIDEWAYS = """() => [...document.querySelectorAll('*')]
  .filter((element) => element.checkVisibility() && element.clientWidth
    && (element === document.documentElement
      || /auto|scroll/.test(getComputedStyle(element).overflowX))
    && element.scrollWidth > element.clientWidth + 1)
  .map((element) => `${element.tagName}.${element.className} scrolls sideways:`
    + ` ${element.scrollWidth} in ${element.clientWidth}`)"""


LABELS = [
    "Create",
    "Edit",
    "Delete",
    "Save",
    "Add",
    "Remove",
    "Continue",
    "Insert row above",
    "Insert row below",
    "Delete row",
]
"""What the seeds tell to click; a reader must not have to choose between two."""

CONTROLS = re.compile(r'^\s*- \'?(?:button|link|menuitem) "([^"]*)"', re.MULTILINE)


def doubled_labels(page: Page) -> list[str]:
    """The labels of the seeds that more than one reachable control bears."""
    modal = page.locator("dialog:modal").last
    scope = modal if modal.count() else page.locator("body")
    found = Counter(CONTROLS.findall(scope.aria_snapshot()))
    return [label for label in LABELS if found[label] > 1]


def find_faults(page: Page, looks: Sequence[Look], *, within: str | None = None) -> list[str]:
    """What is wrong with what a page shows, or with what lies `within` it, in these looks."""
    faults = []
    for look, size, scheme in looks:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        faults += [f"{look}: {fault}" for fault in axe(page, within)]
    page.set_viewport_size(NARROWEST)
    return faults + page.evaluate(SIDEWAYS)
