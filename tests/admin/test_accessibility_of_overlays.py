"""Every dialog, menu, error and toast by axe, as the pages are in test_accessibility.py.

In the small tier what lies under them is left to the page's own test.
"""

import pytest

from tests.admin.looks import ALL, DARK_PHONE, FEW, OVER, PHONE, doubled_labels, find_faults
from tests.admin.states import NARROW, OVERLAYS, in_turn


@pytest.mark.parametrize(("turn", "state"), in_turn(OVERLAYS))
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page, world, sized, turn, state):
    OVERLAYS[state](page, world)

    assert doubled_labels(page) == []
    few, every = FEW[turn % 2 :][:1], ALL
    if state in NARROW:
        few, every = (DARK_PHONE,), (PHONE, DARK_PHONE)
    over = OVER if page.locator(OVER).count() else None
    assert find_faults(page, sized(few, every), within=sized(over, None)) == []
