"""Every page by axe, in light, dark and on a phone, and at 320 px without sideways scroll.

In the small tier in one look each, by turns.
"""

import pytest

from tests.admin.looks import ALL, FEW, doubled_labels, find_faults
from tests.admin.states import PAGES, in_turn


@pytest.mark.parametrize(("turn", "state"), in_turn(PAGES))
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page, world, sized, turn, state):
    PAGES[state](page, world)

    assert doubled_labels(page) == []
    assert find_faults(page, sized(FEW[turn % 2 :][:1], ALL)) == []
