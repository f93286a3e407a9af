"""A write to a deal or company that somebody merged into another one ends: its record is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from connectors.hubspot.connector import HubSpotConnector
from partnersync.changes import FieldChange, Outcome, Write
from partnersync.clock import FixedClock
from partnersync.ids import Ref
from reconcile.writeback.apply import Doer
from service.steps.writer import ConnectorWriter
from tests.reconcile.writeback.crm import Book, Held

GONE = ("conflict", "the record is gone")


class Overtaken(ConnectorWriter):
    """Something happens around the send: before it, or after it while its answer is lost."""

    def __init__(self, connector: HubSpotConnector, before: Callable[[], Any], after: Callable[[], Any]) -> None:
        super().__init__(connector)
        self.before = before
        self.after = after

    def send(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        self.before()
        outcomes = list(super().send(writes))
        self.after()
        return iter(outcomes)


def nothing() -> None:
    """Nobody does anything."""


@pytest.fixture(params=["deals", "companies"])
def object_(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def pair(portal: Any, object_: str) -> tuple[str, str]:
    name = {"deals": "dealname", "companies": "name"}[object_]
    return portal.create(object_, {name: "Acme"}), portal.create(object_, {name: "Acme Inc"})


def doer(writer: ConnectorWriter, book: Book) -> Doer:
    now = FixedClock(datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    return Doer("acme", book, writer, Held(), lambda _object, _field, value: value or None, Event(), now)


def change(object_: str, id_: str) -> FieldChange:
    ref = Ref("hubspot", "44000001", object_, id_)
    return FieldChange("write", ref, "description", None, None, "ours", "crm_wins", "x")


def test_a_record_that_was_merged_away_before_the_write_is_not_written(
    portal: Any, object_: str, pair: tuple[str, str]
) -> None:
    kept, lost = pair
    survivor = portal.merge(object_, kept, lost)
    book = Book()

    (applied,) = doer(ConnectorWriter(portal.connect()), book).apply([change(object_, lost)])

    assert (applied.status, applied.message) == GONE
    assert not book.open
    assert portal.read(object_, survivor).get("description") is None


def test_a_write_that_a_merge_overtook_ends_with_its_read_back(
    portal: Any, object_: str, pair: tuple[str, str]
) -> None:
    kept, lost = pair
    book = Book()
    writer = Overtaken(portal.connect(), lambda: portal.merge(object_, kept, lost), nothing)

    (applied,) = doer(writer, book).apply([change(object_, lost)])

    assert (applied.status, applied.message) == GONE
    assert not book.open


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_a_write_without_an_answer_whose_record_was_merged_away_ends_in_the_next_run(
    portal: Any, object_: str, pair: tuple[str, str], when: str
) -> None:
    kept, lost = pair
    book = Book()
    list(
        doer(Overtaken(portal.connect(), lambda: lose(portal, when), lambda: cut(portal)), book).apply(
            [change(object_, lost)]
        )
    )
    assert book.open
    portal.server.world.faults.remove()
    portal.merge(object_, kept, lost)

    (done,) = doer(ConnectorWriter(portal.connect()), book).resolve("hubspot", "44000001")

    assert (done.status, done.message) == GONE
    assert not book.open


def lose(portal: Any, when: str) -> None:
    """The answers of all writes."""
    portal.fault(writes_only=True, when=when, action="drop")


def cut(portal: Any) -> None:
    """Nothing answers any more."""
    portal.fault(action="drop")
