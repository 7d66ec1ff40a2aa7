"""Every dialog, menu, error and toast by axe, as the pages are in test_accessibility.py."""

import pytest

from tests.admin.looks import doubled_labels, find_faults
from tests.admin.states import NARROW, OVERLAYS


@pytest.mark.parametrize("state", OVERLAYS)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page, world, sized, state):
    OVERLAYS[state](page, world)

    assert doubled_labels(page) == []
    thoroughly = sized(False, True)
    assert find_faults(page, narrow_only=state in NARROW, thoroughly=thoroughly) == []
