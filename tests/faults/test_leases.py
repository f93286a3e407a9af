"""A killed run keeps nobody waiting: its lease is taken over as soon as its process is gone, and not before."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from partnersync.errors import ConflictError
from service.clock import SystemClock
from service.shop import gone, owner
from state import leases, migrate
from state.database import Database
from tests.faults.worlds import ROOT

pytestmark = pytest.mark.fault
HOLDER = """
import sys, time
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
