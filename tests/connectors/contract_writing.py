"""What every connector promises about writing: an outcome for each write, values that read back, tasks that come once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import pytest

from connectors.base import Connector, TaskDraft
from partnersync.changes import Write
from partnersync.ids import Ref
from partnersync.records import Value
from tests.connectors.contract_world import InAWorld, World


class WritingContract(InAWorld):
    """The promises about field writes and tasks."""

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

    def test_a_task_that_a_person_deleted_is_found_where_that_is_asked(
        self, connector: Connector, world: World
    ) -> None:
        first, second = self.make_deals(world, 2)
        drafts = [self.task(world, first, "ps-gone"), self.task(world, second, "ps-there")]
        made = {outcome.key: outcome.id for outcome in connector.put_tasks(drafts)}
        object_ = connector.find_tasks(drafts)["ps-gone"].ref.object
        world.delete(object_, str(made["ps-gone"]))

        live = connector.find_tasks(drafts)
        all_ = connector.find_tasks(drafts, deleted_too=True)

        assert {key: record.ref.id for key, record in live.items()} == {"ps-there": made["ps-there"]}
        assert {key: (record.ref.id, record.life) for key, record in all_.items()} == {
            "ps-gone": (made["ps-gone"], "deleted"),
            "ps-there": (made["ps-there"], "live"),
        }

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
