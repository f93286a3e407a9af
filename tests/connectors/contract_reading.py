"""What every connector promises about reading: complete, resumable, cheap when idle, and exact in its values."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import pytest

from connectors.base import Connector
from tests.connectors.contract_world import InAWorld, Mirror, World, taken_into


class ReadingContract(InAWorld):
    """The promises about who, what and what changed."""

    # -- who ---------------------------------------------------------------------------------------------------------

    def test_a_connection_knows_its_org_and_asks_for_it_once(self, connector: Connector, world: World) -> None:
        first = connector.identify()
        world.forget_calls()
        second = connector.identify()

        assert first == second
        assert world.calls() == 0
        assert first.crm
        assert first.org

    def test_people_who_can_own_records_are_found(self, connector: Connector, world: World) -> None:
        people = {person.ref.id: person for person in connector.people()}

        assert world.writer() in people
        assert people[world.writer()].active
        assert people[world.writer()].email

    # -- pulling -----------------------------------------------------------------------------------------------------

    def test_a_first_pull_is_complete_and_leaves_a_cursor(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        ids = self.make_deals(world, world.more_than_a_page)
        account = world.create(world.account, {world.account_name: "Acme"})
        world.settle()

        pages = self.hot(connector, world, mirror)

        assert mirror.live(world.opportunity) == set(ids)
        assert mirror.live(world.account) == {account}
        for object_, total in ((world.opportunity, len(ids)), (world.account, 1)):
            own = [page for page in pages if page.object == object_]
            assert [page.done for page in own] == [False] * (len(own) - 1) + [True]
            assert all(page.full for page in own)
            assert own[-1].total == total
            assert own[-1].cursor is not None

    def test_an_edit_is_found_and_nothing_else_is_needed(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        ids = self.make_deals(world, 3)
        world.settle()
        self.hot(connector, world, mirror)
        world.edit(world.opportunity, ids[1], {world.fields["amount"]: "777.70"})
        world.settle()

        pages = self.hot(connector, world, mirror)

        assert not any(page.full for page in pages)
        assert Decimal(str(mirror.value(world.opportunity, ids[1], world.fields["amount"]))) == Decimal("777.70")

    def test_a_new_record_is_found(self, connector: Connector, world: World, mirror: Mirror) -> None:
        self.hot(connector, world, mirror)
        made = world.create(world.opportunity, self.deal(world, "New"))
        world.settle()

        self.hot(connector, world, mirror)

        assert mirror.live(world.opportunity) == {made}

    def test_records_of_one_stamp_are_all_found_across_page_edges(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        self.hot(connector, world, mirror)
        rows = [self.deal(world, f"Tied {n}") for n in range(2 * world.more_than_a_page)]
        ids = world.create_tied(world.opportunity, rows)
        world.settle()

        self.hot(connector, world, mirror)

        assert mirror.live(world.opportunity) == set(ids)

    def test_an_edit_made_while_pages_are_read_is_found_at_the_latest_by_the_next_pull(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        ids = self.make_deals(world, world.more_than_a_page)
        world.settle()
        pages = connector.hot(self.wanted(world, mirror))
        while not mirror.live(world.opportunity):
            mirror.take(next(pages))
        for id_ in ids:
            world.edit(world.opportunity, id_, {world.fields["note"]: "while reading"})
        taken_into(mirror, pages)
        world.settle()

        self.hot(connector, world, mirror)

        assert {mirror.value(world.opportunity, id_, world.fields["note"]) for id_ in ids} == {"while reading"}

    @pytest.mark.parametrize("first", [True, False], ids=["first pull", "later pull"])
    def test_a_pull_that_was_killed_between_pages_goes_on_from_its_cursor(
        self, world: World, mirror: Mirror, first: bool
    ) -> None:
        if not first:
            with closing(world.connect()) as early:
                self.hot(early, world, mirror)
        ids = self.make_deals(world, 2 * world.more_than_a_page)
        world.settle()
        with closing(world.connect()) as killed:
            pages = killed.hot(self.wanted(world, mirror))
            while not mirror.live(world.opportunity):
                mirror.take(next(pages))
            seen = len(mirror.live(world.opportunity))
        late = world.create(world.opportunity, self.deal(world, "Late"))
        world.settle()

        with closing(world.connect()) as again:
            self.hot(again, world, mirror)

        assert 0 < seen < len(ids)
        assert mirror.live(world.opportunity) == {*ids, late}

    def test_a_deletion_is_seen(self, connector: Connector, world: World, mirror: Mirror) -> None:
        ids = self.make_deals(world, 2)
        self.all_classes(connector, world, mirror)
        world.delete(world.opportunity, ids[0])

        self.all_classes(connector, world, mirror)

        assert mirror.live(world.opportunity) == {ids[1]}

    def test_a_restored_record_lives_again(self, connector: Connector, world: World, mirror: Mirror) -> None:
        (id_,) = self.make_deals(world, 1)
        self.all_classes(connector, world, mirror)
        world.delete(world.opportunity, id_)
        self.all_classes(connector, world, mirror)
        world.restore(world.opportunity, id_)

        self.all_classes(connector, world, mirror)

        assert mirror.live(world.opportunity) == {id_}

    def test_a_record_deleted_and_restored_between_two_pulls_lives(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        (id_,) = self.make_deals(world, 1)
        self.all_classes(connector, world, mirror)
        world.delete(world.opportunity, id_)
        world.restore(world.opportunity, id_)

        self.all_classes(connector, world, mirror)
        self.all_classes(connector, world, mirror)

        assert mirror.live(world.opportunity) == {id_}

    def test_a_cold_read_brings_everything_live_and_takes_no_absence_for_a_deletion(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        ids = self.make_deals(world, world.more_than_a_page)
        self.all_classes(connector, world, mirror)
        before = dict(mirror.cursors)
        world.delete(world.opportunity, ids[0])
        world.settle()
        cold = Mirror()

        pages = taken_into(cold, connector.cold(self.wanted(world, mirror)))

        assert cold.live(world.opportunity) == set(ids[1:])
        assert not any(page.gone for page in pages)
        own = [page for page in pages if page.object == world.opportunity]
        assert all(page.full and page.cursor is None for page in own)
        assert [page.total for page in own if page.done] == [len(ids) - 1]
        assert mirror.cursors == before

    def test_an_idle_cycle_costs_the_promised_calls_and_brings_no_full_read(self, world: World, mirror: Mirror) -> None:
        self.make_deals(world, 2)
        world.create(world.account, {world.account_name: "Acme"})
        world.settle()
        with closing(world.connect()) as connector:
            self.hot(connector, world, mirror)
            world.settle()
            world.forget_calls()
            pages = self.hot(connector, world, mirror)
        first = world.calls()
        world.forget_calls()
        with closing(world.connect()) as fresh:
            self.hot(fresh, world, mirror)

        assert (first, world.calls()) == (world.idle_hot_calls, world.idle_hot_calls)
        assert not any(page.full for page in pages)

    def test_numbers_keep_their_digits(self, connector: Connector, world: World, mirror: Mirror) -> None:
        amounts = ["0.10", "1234567.89", "-3.33", "9999999999999.99"]
        ids = {self.make_deals(world, 1, amount=amount)[0]: Decimal(amount) for amount in amounts}
        world.settle()

        self.hot(connector, world, mirror)

        got = {id_: mirror.value(world.opportunity, id_, world.fields["amount"]) for id_ in ids}
        assert {id_: Decimal(str(value)) for id_, value in got.items()} == ids

    def test_a_hidden_field_is_absent_and_an_empty_one_is_none(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        (id_,) = self.make_deals(world, 1, note=None)
        world.hide(world.opportunity, world.fields["score"])
        world.settle()

        self.hot(connector, world, mirror)

        values = mirror.records[world.opportunity, id_].values
        assert world.fields["score"] not in values
        assert values[world.fields["note"]] is None

    def test_a_field_hidden_between_two_pulls_stops_nothing(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        (id_,) = self.make_deals(world, 1, score="5")
        world.settle()
        self.hot(connector, world, mirror)
        world.hide(world.opportunity, world.fields["score"])
        world.edit(world.opportunity, id_, {world.fields["note"]: "after"})
        world.settle()

        self.hot(connector, world, mirror)

        values = mirror.records[world.opportunity, id_].values
        assert values[world.fields["note"]] == "after"
        assert world.fields["score"] not in values

    def test_records_tell_when_they_were_made_and_changed(
        self, connector: Connector, world: World, mirror: Mirror
    ) -> None:
        (id_,) = self.make_deals(world, 1)
        world.settle()

        self.hot(connector, world, mirror)

        record = mirror.records[world.opportunity, id_]
        assert record.created_at is not None
        assert record.created_at <= record.stamp
        assert record.stamp.utcoffset() is not None
        assert record.ref.org == connector.identify().org

    def test_a_passing_failure_is_waited_out(self, connector: Connector, world: World, mirror: Mirror) -> None:
        ids = self.make_deals(world, 1)
        world.settle()
        self.hot(connector, world, mirror)
        world.edit(world.opportunity, ids[0], {world.fields["note"]: "seen"})
        world.settle()
        world.fail_next_call()

        self.hot(connector, world, mirror)

        assert mirror.value(world.opportunity, ids[0], world.fields["note"]) == "seen"

    # -- looking -----------------------------------------------------------------------------------------------------

    def test_fetch_gives_the_present_state_and_leaves_out_deleted_and_unknown_ids(
        self, connector: Connector, world: World
    ) -> None:
        ids = self.make_deals(world, 3)
        world.edit(world.opportunity, ids[0], {world.fields["note"]: "now"})
        world.delete(world.opportunity, ids[2])
        unknown = ids[0][:-4] + "9999"

        found = connector.fetch(world.opportunity, [*ids, unknown], (world.fields["note"], world.fields["amount"]))

        assert set(found) == set(ids[:2])
        assert found[ids[0]].values[world.fields["note"]] == "now"
        assert Decimal(str(found[ids[1]].values[world.fields["amount"]])) == 100

    def test_describe_knows_kinds_stages_and_what_may_be_written(self, connector: Connector, world: World) -> None:
        world.hide(world.opportunity, world.fields["score"])

        schemas = connector.describe([world.opportunity, "Nonsense"])

        assert set(schemas) == {world.opportunity}
        fields = schemas[world.opportunity].fields
        assert fields[world.fields["amount"]].kind == "number"
        assert fields[world.fields["closes_on"]].kind in ("date", "datetime")
        assert fields[world.fields["note"]].kind == "text"
        assert fields[world.fields["note"]].updatable
        assert set(world.stages) <= {choice.value for choice in fields[world.fields["stage"]].choices}
        assert world.fields["score"] not in fields
