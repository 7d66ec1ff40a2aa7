"""After random commands: the undo of the last request is the state before, its undo that after."""

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from domain.errors import ErasureIsFinal, MetadataTooLarge, RequestNotFound, UndoConflict
from projections import group_list, log
from tests.property.test_against_a_model import (
    PEOPLE,
    Model,
    Shop,
    fresh_postgres,
    fresh_sqlite,
    metadata,
    names,
)

__all__ = ["fresh_postgres", "fresh_sqlite"]


class UndoingShop(Shop):
    """The shop, in which every request is undone and the undo as well, at once or later."""

    def state(self, group_ids):
        """What everybody sees of these groups, and which groups there are."""
        groups = [(group_id, self.store.group(group_id)) for group_id in group_ids]
        living = group_list.page(self.store, limit=100)
        return (
            living.count,
            {row.id for row in living.rows},
            [
                (
                    None if group.deleted else group.name,
                    orjson.dumps(group.metadata, option=orjson.OPT_SORT_KEYS),
                    group.customers_count,
                    self.store.members_among(group_id, PEOPLE),
                )
                for group_id, group in groups
            ],
        )

    def last_request(self):
        """The id of the request that recorded last, and whether it erased somebody."""
        ((request_id,),) = self.store.read(
            "SELECT request_id FROM requests ORDER BY first_position DESC LIMIT 1"
        )
        newest = self.store.events_of_request(request_id)[-1].event
        return request_id, newest.reason == "customer deleted"

    def back_and_forth(self, before, group_ids):
        request_id, erased = self.last_request()
        if erased:
            with pytest.raises(ErasureIsFinal):
                self.commands.undo(request_id)
            return
        after = self.state(self.model)
        undone = self.commands.undo(request_id, request_id=f"{request_id}-undo")
        assert undone.position == log.end(self.store.read)
        assert undone.left_out == []
        assert self.state(group_ids) == before
        with pytest.raises(UndoConflict):
            self.commands.undo(request_id)
        self.commands.undo(f"{request_id}-undo", request_id=f"{request_id}-again")
        assert self.state(self.model) == after
        self.count_versions()

    def count_versions(self):
        for group_id, group in self.model.items():
            group.version = self.store.group(group_id).version

    def same(self, command, model):
        group_ids = [*self.model]
        before, end = self.state(group_ids), log.end(self.store.read)
        outcome = super().same(command, model)
        if log.end(self.store.read) > end:
            self.back_and_forth(before, group_ids)
        return outcome

    @rule(name=names, given=metadata)
    def create(self, name, given):
        group_ids = [*self.model]
        before = self.state(group_ids)
        super().create(name, given)
        if len(self.model) > len(group_ids):
            self.back_and_forth(before, group_ids)

    @rule(data=st.data())
    def undo_any(self, data):
        """An older request is undone as well, or refused and nothing has happened."""
        found = self.store.read("SELECT request_id FROM requests ORDER BY first_position")
        if not found:
            return
        (request_id,) = data.draw(st.sampled_from(found))
        before, end = self.state(self.model), log.end(self.store.read)
        try:
            self.commands.undo(request_id)
        except (UndoConflict, ErasureIsFinal, MetadataTooLarge):
            assert (self.state(self.model), log.end(self.store.read)) == (before, end)
        for group_id in self.model:
            self.model[group_id] = self.as_it_is(group_id)

    def as_it_is(self, group_id):
        group = self.store.group(group_id)
        members = self.store.members_among(group_id, PEOPLE)
        return Model(group.name, group.metadata, group.deleted, group.version, members)

    def teardown(self):
        with pytest.raises(RequestNotFound):
            self.commands.undo("nobody's")
        super().teardown()


@pytest.mark.parametrize(
    ("fresh", "small", "big"), [("fresh_sqlite", 6, 300), ("fresh_postgres", 1, 50)]
)
def test_an_undo_is_the_state_before_and_its_undo_the_state_after(
    request, sized, fresh, small, big
):
    store = request.getfixturevalue(fresh)

    run_state_machine_as_test(
        lambda: UndoingShop(store()),
        settings=settings(
            max_examples=sized(small, big),
            stateful_step_count=20,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
