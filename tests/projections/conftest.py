"""What the read models say, in words: the contract is asked of both stores."""

import pytest

from projections import group_list, membership, pages

WAYS = {
    "few hits": {},
    "walk": {"FEW": 0},
    "walk that may be too short": {"FEW": 3, "LOOKED_AT": 2},
    "all hits sorted": {"FEW": 0, "LONGEST_WALK": 0},
}
"""Settings under which the hits of a search or of filters are found each way there is."""


IN_SHORT = ("few hits", "walk that may be too short")
"""The ways that `make test` tries: the second walks, falls short and sorts all hits."""


@pytest.fixture(
    params=[
        pytest.param(settings, id=name, marks=() if name in IN_SHORT else pytest.mark.big)
        for name, settings in WAYS.items()
    ]
)
def way(request, monkeypatch):
    """Find hits in each way in turn."""
    for setting, value in request.param.items():
        monkeypatch.setattr(pages, setting, value)


@pytest.fixture
def create(groups):
    """Create groups of these names; returns the id, or the list of ids when there are several."""

    def create(*names, metadata=None):
        ids = [groups.create_group(name, metadata).group_id for name in names]
        return ids if len(ids) > 1 else ids[0]

    return create


@pytest.fixture
def detail(store):
    """The row of a living group."""
    return lambda group_id: group_list.one(store.read, group_id)


@pytest.fixture
def members(store, detail):
    """The ids of a group's members, newest first."""

    def members(group_id):
        page = membership.members(store, detail(group_id), limit=1000)
        ids = [member.id for member in page.rows]
        assert page.count == detail(group_id).customers_count == len(ids)
        return ids

    return members


@pytest.fixture
def intervals(store):
    """All memberships there ever were in a group: customer, since, until."""

    def intervals(group_id):
        return store.read(
            "SELECT m.customer_id, m.since_position, m.until_position FROM membership m"
            " JOIN group_list g ON g.group_key = m.group_key WHERE g.id = :id"
            " ORDER BY m.since_position, m.customer_id",
            id=group_id,
        )

    return intervals
