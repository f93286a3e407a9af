"""What every connector promises: a test class to inherit, and the small world that each connector's test provides for it.

A connector's test gives a ``world`` fixture: the CRM as a person changes it, behind the connector's back. The tests here
keep a ``Mirror``, which takes pages as the program does, and compare it with what the person did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

import pytest

from connectors.base import Connector, TaskDraft
from partnersync.changes import Outcome, Write
from partnersync.ids import Ref
from partnersync.records import Page, RawRecord, Value, Wanted


class World(Protocol):
    """A CRM that holds nothing yet, whose pages are so short that ``more_than_a_page`` records need several.

    ``account`` and ``opportunity`` are its object names. ``fields`` names fields of the opportunity by the words name,
    amount (decimals), stage, closes_on, note (text), score (a writable number) and flag (a boolean); the account's name
    goes by ``account_name``. ``stages`` are two values of stage. ``idle_hot_calls`` is for both objects together.
    """

    account: str
    opportunity: str
    account_name: str
    fields: Mapping[str, str]
    stages: tuple[str, str]
    more_than_a_page: int
    idle_hot_calls: int

    def connect(self) -> Connector:
        """A new connector that remembers nothing."""
        ...

    def create(self, object_: str, values: Mapping[str, str | None]) -> str:
        """As a person; returns the id."""
        ...

    def create_tied(self, object_: str, rows: Sequence[Mapping[str, str | None]]) -> Sequence[str]:
        """Records that all carry one and the same stamp of now."""
        ...

    def edit(self, object_: str, id_: str, values: Mapping[str, str | None]) -> None:
        """As a person."""
        ...

    def delete(self, object_: str, id_: str) -> None: ...

    def restore(self, object_: str, id_: str) -> None: ...

    def read(self, object_: str, id_: str) -> Mapping[str, object]:
        """The record as the CRM itself holds it."""
        ...

    def tasks(self) -> Sequence[Mapping[str, object]]:
        """Every task as the CRM itself holds it."""
        ...

    def hide(self, object_: str, field_: str) -> None:
        """The connector's user may no longer see this field."""
        ...

    def settle(self) -> None:
        """Time passes until nothing lags."""
        ...

    def calls(self) -> int:
        """HTTP calls since the last ``forget_calls``, as the CRM counted them, token calls left out."""
        ...

    def forget_calls(self) -> None: ...

    def writer(self) -> str:
        """The id of a person who can own a task."""
        ...

    def lose_next_write(self, when: Literal["before_commit", "after_commit"]) -> None:
        """The next write gets no answer."""
        ...

    def fail_next_call(self) -> None:
        """The next call is answered with a passing failure (503)."""
        ...


@dataclass
class Mirror:
    """What the program would remember of the pages it was given."""

    records: dict[tuple[str, str], RawRecord] = field(default_factory=dict)
    gone: dict[tuple[str, str], datetime] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)

    def take(self, page: Page) -> None:
        self.pages.append(page)
        for gone in page.gone:
            key = (gone.ref.object, gone.ref.id)
            if key not in self.records or self.records[key].stamp <= gone.at:
                self.gone[key] = gone.at
        for record in page.records:
            key = (record.ref.object, record.ref.id)
            assert all(not isinstance(value, float) for value in record.values.values())
            if key in self.gone and self.gone[key] > record.stamp:
                continue
            self.gone.pop(key, None)
            self.records[key] = record
        if page.cursor is not None:
            self.cursors[page.object] = page.cursor

    def value(self, object_: str, id_: str, name: str) -> Value:
        return self.records[object_, id_].values[name]

    def live(self, object_: str) -> set[str]:
        return {id_ for kind, id_ in self.records if kind == object_ and (kind, id_) not in self.gone}


class ConnectorContract:
    """The promises of ``connectors/base.py``, kept over real HTTP."""

    @pytest.fixture
    def connector(self, world: World) -> Iterator[Connector]:
        with closing(world.connect()) as made:
            yield made

    @pytest.fixture
    def mirror(self) -> Mirror:
        return Mirror()

    def wanted(self, world: World, mirror: Mirror) -> tuple[Wanted, ...]:
        return (
            Wanted(world.account, (world.account_name,), mirror.cursors.get(world.account)),
            Wanted(world.opportunity, tuple(world.fields.values()), mirror.cursors.get(world.opportunity)),
        )

    def hot(self, connector: Connector, world: World, mirror: Mirror) -> tuple[Page, ...]:
        return _into(mirror, connector.hot(self.wanted(world, mirror)))

    def all_classes(self, connector: Connector, world: World, mirror: Mirror) -> None:
        world.settle()
        self.hot(connector, world, mirror)
        _into(mirror, connector.warm(self.wanted(world, mirror)))

    def deal(self, world: World, name: str, **values: str | None) -> dict[str, str | None]:
        given = {"name": name, "stage": world.stages[0], "closes_on": "2026-09-30", "amount": "100.00", **values}
        return {world.fields[word]: value for word, value in given.items()}

    def make_deals(self, world: World, count: int, **values: str | None) -> list[str]:
        return [world.create(world.opportunity, self.deal(world, f"Deal {n}", **values)) for n in range(count)]

    # -- who ---------------------------------------------------------------------------------------------------------

    def test_a_connection_knows_its_org(self, connector: Connector, world: World) -> None:
        first, second = connector.identify(), connector.identify()

        assert first == second
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
        _into(mirror, pages)
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

        pages = _into(cold, connector.cold(self.wanted(world, mirror)))

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

    # -- writing -----------------------------------------------------------------------------------------------------

    def test_each_write_has_its_own_outcome(self, connector: Connector, world: World) -> None:
        ids = self.make_deals(world, 2)
        unknown = ids[0][:-4] + "9999"
        writes = [
            self.write(connector, world, ids[0], {"note": "mine", "score": "12.5"}),
            self.write(connector, world, unknown, {"note": "nobody"}),
            self.write(connector, world, ids[1], {"score": "not a number"}),
        ]

        outcomes = {outcome.key: outcome for outcome in connector.send(writes)}

        assert [outcomes[write.key].status for write in writes] == ["applied", "rejected", "rejected"]
        assert all(outcomes[write.key].code for write in writes[1:])
        held = world.read(world.opportunity, ids[0])
        assert held[world.fields["note"]] == "mine"
        assert Decimal(str(held[world.fields["score"]])) == Decimal("12.5")

    def test_more_writes_than_a_batch_takes_are_all_sent(self, connector: Connector, world: World) -> None:
        rows = [self.deal(world, f"Deal {n}") for n in range(connector.capabilities.batch + 3)]
        ids = world.create_tied(world.opportunity, rows)
        writes = [self.write(connector, world, id_, {"note": f"for {id_}"}) for id_ in ids]

        outcomes = list(connector.send(writes))

        assert {outcome.key for outcome in outcomes} == {write.key for write in writes}
        assert {outcome.status for outcome in outcomes} == {"applied"}
        for id_ in (ids[0], ids[-1]):
            assert world.read(world.opportunity, id_)[world.fields["note"]] == f"for {id_}"

    def test_none_clears_a_field(self, connector: Connector, world: World) -> None:
        (id_,) = self.make_deals(world, 1, note="something", score="5")

        outcomes = list(connector.send([self.write(connector, world, id_, {"note": None, "score": None})]))

        assert [outcome.status for outcome in outcomes] == ["applied"]
        fetched = connector.fetch(world.opportunity, [id_], (world.fields["note"], world.fields["score"]))[id_]
        assert set(fetched.values.values()) == {None}

    def test_what_was_written_reads_back_in_the_same_normal_form(self, connector: Connector, world: World) -> None:
        (id_,) = self.make_deals(world, 1)
        schema = connector.describe([world.opportunity])[world.opportunity].fields
        long_text = "a long text with ümlauts " * 20_000
        desired = {"note": long_text, "score": "1250.5000", "flag": "true", "stage": world.stages[1]}
        normal = {word: connector.normal(schema[world.fields[word]], value) for word, value in desired.items()}

        outcomes = list(connector.send([self.write(connector, world, id_, normal)]))

        assert [(outcome.status, outcome.code) for outcome in outcomes] == [("applied", None)]
        fetched = connector.fetch(world.opportunity, [id_], [world.fields[word] for word in desired])[id_]
        for word, value in normal.items():
            name = world.fields[word]
            assert connector.normal(schema[name], text_of(fetched.values[name])) == value
            assert connector.normal(schema[name], value) == value

    @pytest.mark.parametrize("when", ["before_commit", "after_commit"])
    def test_a_write_without_an_answer_is_unknown_and_can_be_read_back(
        self, connector: Connector, world: World, when: Literal["before_commit", "after_commit"]
    ) -> None:
        (id_,) = self.make_deals(world, 1)
        write = self.write(connector, world, id_, {"note": "perhaps"})
        world.lose_next_write(when)

        (outcome,) = connector.send([write])

        assert outcome.status == "unknown"
        fetched = connector.fetch(world.opportunity, [id_], (world.fields["note"],))[id_]
        assert (fetched.values[world.fields["note"]] == "perhaps") == (when == "after_commit")

    # -- tasks -------------------------------------------------------------------------------------------------------

    def test_a_task_is_put_found_changed_and_closed_under_its_key(self, connector: Connector, world: World) -> None:
        (id_,) = self.make_deals(world, 1)
        draft = self.task(world, id_, "ps-one")

        (made,) = connector.put_tasks([draft])
        found = connector.find_tasks([draft, self.task(world, id_, "ps-other")])

        assert (made.key, made.status) == ("ps-one", "applied")
        assert list(found) == ["ps-one"]
        assert found["ps-one"].ref.id == made.id
        assert {
            name: found["ps-one"].values[name] for name in ("subject", "body", "due_on", "owner", "done", "key")
        } == {
            "subject": "Confirm the partner",
            "body": "Please look.\nThank you.",
            "due_on": "2026-12-01",
            "owner": world.writer(),
            "done": False,
            "key": "ps-one",
        }

        (changed,) = connector.put_tasks([self.task(world, id_, "ps-one", id=made.id, subject="Confirm it now")])
        assert (changed.status, changed.id) == ("applied", made.id)
        assert connector.find_tasks([draft])["ps-one"].values["subject"] == "Confirm it now"

        (closed,) = connector.put_tasks([self.task(world, id_, "ps-one", id=made.id, done=True)])
        assert closed.status == "applied"
        assert connector.find_tasks([draft])["ps-one"].values["done"] is True
        assert len(world.tasks()) == 1

    def test_a_task_whose_creation_got_no_answer_comes_once(self, connector: Connector, world: World) -> None:
        (id_,) = self.make_deals(world, 1)
        draft = self.task(world, id_, "ps-lost")
        world.lose_next_write("after_commit")

        (outcome,) = connector.put_tasks([draft])
        found = connector.find_tasks([draft])

        assert outcome.status in ("unknown", "applied")
        assert list(found) == ["ps-lost"]
        assert len(world.tasks()) == 1

    def test_tasks_of_many_records_are_found_each_under_its_own(self, connector: Connector, world: World) -> None:
        ids = self.make_deals(world, 3)
        drafts = [self.task(world, id_, f"ps-{n}") for n, id_ in enumerate(ids)]

        outcomes = {outcome.key: outcome for outcome in connector.put_tasks(drafts)}
        found = connector.find_tasks(drafts)

        assert {key: record.ref.id for key, record in found.items()} == {key: o.id for key, o in outcomes.items()}
        assert set(found) == {draft.key for draft in drafts}

    # -- words -------------------------------------------------------------------------------------------------------

    def write(self, connector: Connector, world: World, id_: str, values: Mapping[str, str | None]) -> Write:
        identity = connector.identify()
        ref = Ref(identity.crm, identity.org, world.opportunity, id_)
        named = {world.fields[word]: value for word, value in values.items()}
        return Write(key=f"ps-{id_}", ref=ref, fields=named)

    def task(
        self,
        world: World,
        about: str,
        key: str,
        *,
        id: str | None = None,  # noqa: A002
        subject: str = "Confirm the partner",
        done: bool = False,
    ) -> TaskDraft:
        return TaskDraft(
            key=key,
            about=about,
            about_object=world.opportunity,
            subject=subject,
            body="Please look.\nThank you.",
            due_on="2026-12-01",
            owner=world.writer(),
            priority="high",
            id=id,
            done=done,
        )


def text_of(value: Value) -> str | None:
    """A received value as the text that the house compares."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def statuses(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Key to status."""
    return {outcome.key: outcome.status for outcome in outcomes}


def _into(mirror: Mirror, pages: Iterable[Page]) -> tuple[Page, ...]:
    taken = []
    for page in pages:
        mirror.take(page)
        taken.append(page)
    return tuple(taken)
