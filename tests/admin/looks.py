"""The looks in which a page must be without fault: light, dark, on a phone, and at 320 px."""

from playwright.sync_api import Page

from tests.admin.visit import axe

WIDE = {"width": 1360, "height": 880}
PHONE = {"width": 390, "height": 844}
NARROWEST = {"width": 320, "height": 700}

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


def doubled_labels(page: Page) -> list[str]:
    """The labels of the seeds that more than one reachable control bears."""
    modal = page.locator("dialog:modal").last
    scope = modal if modal.count() else page.locator("body")
    return [
        label
        for label in LABELS
        if sum(
            scope.get_by_role(role, name=label, exact=True).count()
            for role in ("button", "link", "menuitem")
        )
        > 1
    ]


def find_faults(page: Page, *, narrow_only: bool = False, thoroughly: bool = True) -> list[str]:
    """What is wrong with what a page shows, in any look.

    Unless `thoroughly`, one look is both dark and narrow, and what lies under a dialog or a menu is
    left to the test of the page itself.
    """
    light, dark = ("light", WIDE, "light"), ("dark", WIDE, "dark")
    phone, dark_phone = ("phone, light", PHONE, "light"), ("phone, dark", PHONE, "dark")
    looks = [light, dark, phone] if thoroughly else [light, dark_phone]
    if narrow_only:
        looks = [phone, dark_phone]
    within = OVER if not thoroughly and page.locator(OVER).count() else None
    faults = []
    for look, size, scheme in looks:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        faults += [f"{look}: {fault}" for fault in axe(page, within)]
    page.set_viewport_size(NARROWEST)
    return faults + page.evaluate(SIDEWAYS)
