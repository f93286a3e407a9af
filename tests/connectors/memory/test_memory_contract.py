"""The memory connector keeps the contract, and proves that a CRM is one module and one line of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import pytest

from connectors.base import Surroundings
from connectors.memory import TASKS, MemoryConnection, MemoryConnector, MemoryCrm
from connectors.registry import CRMS, Crm, connect
from connectors.retry import RetryPolicy
from partnersync.changes import Write
from partnersync.clock import FixedClock
from partnersync.errors import UnavailableError
from partnersync.ids import Ref
from partnersync.records import Choice, FieldKind, FieldSchema, ObjectSchema, Person, Wanted
from tests.connectors.contract import ConnectorContract

_STAGES = ("open", "won")


@dataclass
class FlakyCrm(MemoryCrm):
    """Loses an answer, or is down for one call, when told to."""

    lose: Literal["before_commit", "after_commit"] | None = None
    down: int = 0

    def create(self, object_: str, values: Mapping[str, str | None], author: str | None = None) -> str:
        self._fail("before_commit")
        made = super().create(object_, values, author)
        self._fail("after_commit")
        return made

    def update(self, object_: str, id_: str, values: Mapping[str, str | None], author: str | None = None) -> None:
        self._fail("before_commit")
        super().update(object_, id_, values, author)
        self._fail("after_commit")

    def changes(self, object_: str, after: int, limit: int):  # type: ignore[no-untyped-def]
        self.down, failing = max(0, self.down - 1), self.down > 0
        if failing:
            raise UnavailableError("down for a moment", status=503)
        return super().changes(object_, after, limit)

    def _fail(self, when: str) -> None:
        if self.lose == when:
            self.lose = None
            raise UnavailableError("no answer", maybe_done=True)


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def _schema(object_: str, **kinds: FieldKind) -> ObjectSchema:
    fields = {name: FieldSchema(name, name, kind) for name, kind in kinds.items()}
    if "stage" in fields:
        fields["stage"] = replace(fields["stage"], choices=tuple(Choice(each, each) for each in _STAGES))
    return ObjectSchema(object_, object_, fields)


@dataclass
class MemoryWorld:
    surroundings: Surroundings
    account: str = "accounts"
    opportunity: str = "deals"
    account_name: str = "name"
    more_than_a_page: int = 7
    idle_hot_calls: int = 2
    stages: tuple[str, str] = _STAGES
    fields: Mapping[str, str] = field(
        default_factory=lambda: {
            name: name for name in ("name", "amount", "stage", "closes_on", "note", "score", "flag")
        }
    )

    def __post_init__(self) -> None:
        self.crm = FlakyCrm(WallClock())
        self.crm.people.append(Person(Ref("memory", "memory", "people", "dana"), "Dana", "dana@acme.example", True))
        self.crm.schemas = {
            "accounts": _schema("accounts", name="text"),
            "deals": _schema(
                "deals",
                name="text",
                amount="number",
                stage="choice",
                closes_on="date",
                note="text",
                score="number",
                flag="boolean",
                code="text",
            ),
            TASKS: _schema(
                TASKS,
                key="text",
                about="text",
                subject="text",
                body="text",
                due_on="date",
                owner="lookup",
                priority="choice",
                done="boolean",
            ),
        }

    def connect(self) -> MemoryConnector:
        return MemoryConnector("memory", self.crm, self.surroundings, 5, RetryPolicy(attempts=3, first_wait=0.01))

    def create(self, object_: str, values: Mapping[str, str | None]) -> str:
        return self.crm.create(object_, values, "dana")

    def create_tied(self, object_: str, rows: Sequence[Mapping[str, str | None]]) -> Sequence[str]:
        self.crm.clock = FixedClock(datetime.now(UTC))
        made = [self.create(object_, row) for row in rows]
        self.crm.clock = WallClock()
        return made

    def edit(self, object_: str, id_: str, values: Mapping[str, str | None]) -> None:
        self.crm.update(object_, id_, values, "dana")

    def delete(self, object_: str, id_: str) -> None:
        self.crm.delete(object_, id_)

    def restore(self, object_: str, id_: str) -> None:
        self.crm.restore(object_, id_)

    def read(self, object_: str, id_: str) -> Mapping[str, object]:
        (record,) = self.crm.read(object_, [id_])
        return record.values

    def tasks(self) -> Sequence[Mapping[str, object]]:
        return [record.values for record in self.crm.list(TASKS, "", 1_000)]

    def hide(self, object_: str, field_: str) -> None:
        schema = self.crm.schemas[object_]
        left = {name: one for name, one in schema.fields.items() if name != field_}
        self.crm.schemas[object_] = replace(schema, fields=left)

    def settle(self) -> None: ...

    def calls(self) -> int:
        return self.crm.calls

    def forget_calls(self) -> None:
        self.crm.calls = 0

    def writer(self) -> str:
        return "dana"

    def lose_next_write(self, when: Literal["before_commit", "after_commit"]) -> None:
        self.crm.lose = when

    def fail_next_call(self) -> None:
        self.crm.down = 1


@pytest.fixture
def world(surroundings: Surroundings) -> MemoryWorld:
    return MemoryWorld(surroundings)


class TestMemory(ConnectorContract):
    """The contract against a CRM in memory."""


def test_a_crm_is_one_module_and_one_line(surroundings: Surroundings) -> None:
    crms = {**CRMS, "memory": Crm(MemoryConnection, "connectors.memory")}
    settings = MemoryConnection.model_validate({"crm": "memory"})

    connector = connect("house", settings, str, surroundings, crms)

    assert connector.identify().org == "house"


def test_a_merged_record_names_its_survivor(world: MemoryWorld) -> None:
    connector = world.connect()
    ids = [world.create("deals", {"name": name}) for name in ("kept", "merged")]
    wanted = Wanted("deals", ("name",))
    cursor = [page.cursor for page in connector.hot([wanted])][-1]
    world.crm.merge("deals", *ids)

    (page,) = connector.hot([replace(wanted, cursor=cursor)])

    assert [(each.loser.id, each.survivor.id) for each in page.merged] == [(ids[1], ids[0])]
    assert page.gone == ()


def test_a_create_sent_twice_under_one_unique_value_makes_one_record(world: MemoryWorld) -> None:
    connector = world.connect()
    write = Write("ps-1", Ref("memory", "memory", "deals", ""), {"code": "A", "name": "once"}, unique="code")

    first, second = [*connector.send([write]), *connector.send([write])]

    assert first.id == second.id
    assert len(world.crm.list("deals", "", 10)) == 1


def test_fields_can_be_added(world: MemoryWorld) -> None:
    connector = world.connect()

    list(connector.create_fields("deals", [FieldSchema("partner", "Partner", "text")]))

    assert "partner" in connector.describe(["deals"])["deals"].fields
