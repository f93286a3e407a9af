"""A sandbox over real HTTP per test, a stop signal, and a meter that remembers what it was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

import pytest

from connectors.base import Budget, Freshness, Surroundings
from sandbox.server import Application, Server
from sandbox.world import World

pytest.register_assert_rewrite(
    *(f"tests.connectors.{name}" for name in ("contract_reading", "contract_world", "contract_writing"))
)


class WallClock:
    """Real time; the connectors under test talk to a server that lives in it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class CountingMeter:
    """A meter that lets everything pass (but for ``waits``) and keeps what it was told."""

    calls: Counter[tuple[str, str, int | None]] = field(default_factory=Counter)
    budgets: dict[str, Budget] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    rests: list[tuple[float | None, str]] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    filled: list[tuple[str, int, float]] = field(default_factory=list)

    def count(self, connection: str, freshness: Freshness, endpoint: str, status: int | None) -> None:
        self.calls[freshness, endpoint, status] += 1

    def learn(self, connection: str, budget: Budget) -> None:
        self.budgets[budget.name] = budget

    def wait(self, connection: str, bucket: str) -> float:
        return self.waits.pop(0) if self.waits else 0.0

    def answered(self, connection: str, bucket: str) -> None:
        self.over.append(bucket)

    def full(self, connection: str, bucket: str, limit: int, seconds: float) -> None:
        self.filled.append((bucket, limit, seconds))

    def rest(self, connection: str, seconds: float | None, reason: str) -> None:
        self.rests.append((seconds, reason))

    def of(self, freshness: Freshness) -> int:
        """How many calls were made for this freshness class."""
        return sum(n for (kind, _, _), n in self.calls.items() if kind == freshness)


@pytest.fixture
def meter() -> CountingMeter:
    return CountingMeter()


@pytest.fixture
def surroundings(meter: CountingMeter) -> Surroundings:
    return Surroundings(WallClock(), Event(), meter)


@pytest.fixture(scope="session")
def _crm_server() -> Iterator[Server]:
    first = World.open()
    server = Server(Application(first), "127.0.0.1", 0)
    yield server
    server.stop()
    first.close()


@pytest.fixture
def crm(_crm_server: Server) -> Iterator[Server]:
    """A listening sandbox (``.url``, ``.world``) that holds an empty world of its own."""
    world = World.open()
    _crm_server.serve(world)
    yield _crm_server
    world.close()
