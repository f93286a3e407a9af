"""The small world that a connector's test provides for the contract, and the mirror that takes its pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import pytest

from connectors.base import Connector
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


def taken_into(mirror: Mirror, pages: Iterable[Page]) -> tuple[Page, ...]:
    """The pages, after the mirror took them."""
    taken = []
    for page in pages:
        mirror.take(page)
        taken.append(page)
    return tuple(taken)


class InAWorld:
    """What reading and writing both need: a connector to a world, a mirror, and deals to work on."""

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
        return taken_into(mirror, connector.hot(self.wanted(world, mirror)))

    def all_classes(self, connector: Connector, world: World, mirror: Mirror) -> None:
        world.settle()
        self.hot(connector, world, mirror)
        taken_into(mirror, connector.warm(self.wanted(world, mirror)))

    def deal(self, world: World, name: str, **values: str | None) -> dict[str, str | None]:
        given = {"name": name, "stage": world.stages[0], "closes_on": "2026-09-30", "amount": "100.00", **values}
        return {world.fields[word]: value for word, value in given.items()}

    def make_deals(self, world: World, count: int, **values: str | None) -> list[str]:
        return [world.create(world.opportunity, self.deal(world, f"Deal {n}", **values)) for n in range(count)]
