"""Every page by axe, in light, dark and on a phone, and at 320 px without sideways scroll."""

import pytest

from tests.admin.looks import doubled_labels, find_faults
from tests.admin.states import PAGES


@pytest.mark.parametrize("state", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page, world, sized, state):
    PAGES[state](page, world)

    assert doubled_labels(page) == []
    thoroughly = sized(False, True)
    assert find_faults(page, thoroughly=thoroughly) == []
