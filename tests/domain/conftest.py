"""The rules are proven on the embedded store; `tests/projections` proves that both agree."""

import pytest


@pytest.fixture
def store(sqlite_store):
    return sqlite_store


@pytest.fixture
def vip(groups):
    """The id of an empty group of the name VIP."""
    return groups.create_group("VIP").group_id
