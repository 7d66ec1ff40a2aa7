"""Commands that read a whole log hold little of it. (--big: 1,000,000 events.)"""

from pathlib import Path

import pytest

from tests.benchmarks import moving

MOST_MEGABYTES = 300


@pytest.fixture(params=["sqlite", "postgres"])
def urls(request, tmp_path):
    """The addresses of two databases of which each is not there or has nothing in it."""
    if request.param == "sqlite":
        yield tuple(f"sqlite:///{tmp_path / name}" for name in ("from.db", "to.db"))
        return
    server = request.getfixturevalue("postgres")
    made = tuple(server.create_database() for _ in range(2))
    yield made
    for url in made:
        server.drop_database(url)


def test_no_command_holds_more_than_300_mb_however_long_the_log_is(urls, sized, tmp_path):
    figures = moving.measure(*urls, Path(tmp_path), sized(3_000, 1_000_000))

    print(*figures, sep="\n")
    assert {figure.what for figure in figures} > {"export", "import", "rebuild", "verify"}
    for figure in figures:
        assert 0 < figure.megabytes < MOST_MEGABYTES, figure
