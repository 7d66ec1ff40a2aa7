"""Erasure on disk: the files of SQLite are searched for every byte of those who were deleted."""

import random
import re
import string

import pytest

from projections import directory, erasure
from service import sweeping
from service.sweeping import Sweeper
from tests.asking import asking
from tests.audit.persons import ERASED, TRACES, crowd, files, found_in, live
from tests.serving import until


@pytest.fixture
def store(sqlite_store):
    return sqlite_store


def move(store, people, customer_ids, chance):
    """Give customers another e-mail and more metadata, so that their rows grow and pages split."""
    with asking(), store.deciding():
        for customer_id in customer_ids:
            word = "".join(chance.choices(string.ascii_lowercase, k=12))
            more = {"email": f"{word}@x.example", "metadata": {"note": word * 20}}
            directory.update(store, customer_id, more)
            people[customer_id].append(word)


def words_in(content):
    """All runs of twelve letters."""
    runs = re.findall(rb"[a-z]{12,}", content)
    return {run[n : n + 12].decode() for run in runs for n in range(len(run) - 11)}


def test_the_files_hold_nothing_of_those_who_were_deleted(store, groups, sized):
    people = crowd(store, sized(3000, 20_000))
    chance = random.Random(2)
    move(store, people, chance.sample(sorted(people), len(people) // 5), chance)
    live(store, groups)
    erased = chance.sample(sorted(people), len(people) // 10)
    words = {word for customer_id in erased for word in people[customer_id]}
    folder = store.path.parent
    content = files(folder)
    assert found_in(content) == TRACES
    assert words_in(content) & words

    for customer_id in (ERASED, *erased):
        groups.delete_customer(customer_id)
    assert erasure.is_wanted(store)
    assert erasure.sweep(store)

    content = files(folder)
    assert (found_in(content), words_in(content) & words) == ([], set())
    assert not erasure.is_wanted(store)
    assert not erasure.is_wanted(store, erasure.REWRITTEN)


def test_those_who_are_still_there_are_found_as_before(store, groups):
    people = crowd(store, 600)
    live(store, groups)

    groups.delete_customer(ERASED)
    erasure.sweep(store)

    customer_id, (email, *_) = next(iter(people.items()))
    page = directory.page(store, limit=10, words=(email[3:8],))
    assert [row.id for row in page.rows] == [customer_id]
    assert directory.page(store, limit=10, words=("brzę",)).count == 0
    assert directory.page(store, limit=0).count == 600


def test_a_long_read_puts_it_off_and_is_not_disturbed(store, groups, background):
    live(store, groups)
    with store.reading():
        assert directory.one(store.read, ERASED)
        background(groups.delete_customer, ERASED).result()
        assert background(erasure.sweep, store).result() is False
        assert background(erasure.is_wanted, store, erasure.REWRITTEN).result()
        assert directory.one(store.read, ERASED)

    assert erasure.is_wanted(store)
    assert erasure.sweep(store)
    assert found_in(files(store.path.parent)) == []


def test_a_large_file_is_merged_and_its_log_emptied_before_it_is_rewritten(
    store, groups, monkeypatch
):
    monkeypatch.setattr(erasure, "QUICKLY_REWRITTEN_BYTES", 0)
    crowd(store, 600)
    live(store, groups)

    groups.delete_customer(ERASED)
    assert erasure.sweep(store)

    assert found_in(files(store.path.parent)) == []
    assert erasure.is_rewritable(store)
    erasure.rewrite(store)
    assert not erasure.is_rewritable(store)


def test_others_write_between_its_steps(store, groups, background, monkeypatch):
    monkeypatch.setattr(erasure, "QUICKLY_REWRITTEN_BYTES", 0)
    monkeypatch.setattr(erasure, "MERGED_PAGES", 1)
    crowd(store, 3000)
    live(store, groups)
    groups.delete_customer(ERASED)

    sweeping = background(erasure.sweep, store)
    made = []
    while not sweeping.done():
        made.append(groups.create_group(f"Group {len(made)}").position)

    assert len(made) > 3
    until(lambda: erasure.sweep(store))
    assert found_in(files(store.path.parent)) == []


def test_a_large_file_is_rewritten_once_nobody_has_written_for_a_while(store, groups, monkeypatch):
    monkeypatch.setattr(erasure, "QUICKLY_REWRITTEN_BYTES", 0)
    monkeypatch.setattr(sweeping, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(sweeping, "LOOK_SECONDS", 0.01)
    live(store, groups)
    groups.delete_customer(ERASED)
    sweeper = Sweeper(store)

    sweeper.start()
    until(lambda: not erasure.is_wanted(store, erasure.REWRITTEN))
    sweeper.stop()

    assert not erasure.is_wanted(store)
    until(lambda: found_in(files(store.path.parent)) == [])
