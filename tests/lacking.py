"""What to do about a part that a test needs and the machine does not have."""

import os
from typing import NoReturn

import pytest


def unavailable(reason: str) -> NoReturn:
    """Skip where a person tests on a machine of theirs, fail where CI should have had it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
