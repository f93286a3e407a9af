"""A killed run keeps nobody waiting: its lease is taken over as soon as its process is gone, and not before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from partnersync.errors import ConflictError
from service import cycle
from service.clock import SystemClock
from service.shop import gone, owner
from service.steps.plan import Planned, plan_all
from state import leases, migrate
from state.database import Database
from tests.faults.conftest import Theatre
from tests.faults.worlds import ROOT

pytestmark = pytest.mark.fault
HOLDER = """
import sys, time
from service import cycle
from service.clock import SystemClock
from service.shop import owner
from state import leases
from state.database import Database
leases.acquire(Database.open(sys.argv[1], "acme", SystemClock()), owner())
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    found = f"sqlite:///{tmp_path / 'state.db'}"
    migrate.upgrade(found)
    return found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    found = Database.open(url, "acme", SystemClock())
    yield found
    found.close()


def test_a_lease_is_taken_over_when_its_process_was_killed_and_not_before(url: str, database: Database) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ConflictError, match="try again when it is done"):
            leases.acquire(database, owner(), gone=gone)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()

    taken = leases.acquire(database, owner(), gone=gone)

    assert taken.token == 2
    taken.check()


def test_whether_a_process_is_gone_is_said_only_where_it_can_be_known() -> None:
    """Our own is here; one with our number that began at another time is gone; another machine's cannot be told."""
    host, pid, began = owner().rsplit(":", 2)

    assert not gone(owner())
    assert gone(f"{host}:{pid}:{float(began) - 100:.2f}")
    assert not gone(f"elsewhere:{pid}:{float(began) - 100:.2f}")
    assert not gone("nobody")


def test_a_lease_is_kept_while_nothing_is_committed(database: Database) -> None:
    """A CRM that keeps us waiting, or a plan over very many records, takes longer than a lease lasts."""
    fence = leases.acquire(database, owner(), ttl=0.6)

    with leases.kept(fence):
        time.sleep(1.5)
        fence.check()

    time.sleep(0.7)
    with pytest.raises(ConflictError, match="no longer held"):
        fence.check()


def test_a_lease_that_was_taken_over_is_not_taken_back(database: Database) -> None:
    fence = leases.acquire(database, owner(), ttl=0.3)
    with leases.kept(fence):
        other = leases.acquire(database, "another", gone=lambda _: True)
        time.sleep(0.4)
        other.check()
        with pytest.raises(ConflictError, match="no longer held"):
            fence.check()


def test_a_plan_that_takes_longer_than_a_lease_is_carried_out(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "acquire", partial(leases.acquire, ttl=0.6))

    def slowly(*arguments: Any, **named: Any) -> Planned:
        planned = plan_all(*arguments, **named)
        time.sleep(1.5)
        return planned

    monkeypatch.setattr(cycle, "plan_all", slowly)

    assert theatre.cycle(approve="dana").done.counts["applied"]
