"""Plans are kept whole, once, and in time that grows with their size and not with its square."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from partnersync.changes import FieldChange, Plan
from partnersync.errors import ConflictError
from state.database import Database, Fence
from state.leases import acquire, release
from state.plans import Plans
from tests.state.world import ref

MADE = datetime(2026, 3, 1, tzinfo=UTC)


def plan_of(count: int) -> Plan:
    changes = tuple(
        FieldChange("write", ref("Opportunity", f"{n:06}"), "Partner__c", None, None, "Nordwind", "crm_wins", "why")
        for n in range(count)
    )
    return Plan("acme", "config", MADE, changes, {"write": count})


def test_a_plan_of_5000_changes_is_kept_whole_in_seconds(database: Database, fence: Fence) -> None:
    made, began = plan_of(5_000), time.process_time()
    Plans(database).put(fence, made, ("too many",))
    took = time.process_time() - began
    found = Plans(database).find(made.digest)
    assert found is not None
    assert found.changes == made.changes
    assert took < 10, f"{took:.1f} s: a plan's digest reads all its changes and may not be taken per change"


def test_the_same_plan_made_again_is_kept_once_with_its_newest_reasons(database: Database, fence: Fence) -> None:
    plans, made = Plans(database), plan_of(3)
    plans.put(fence, made, ("first",))
    plans.put(fence, made, ("second",))
    assert plans.waiting() == (made.digest, ["second"])
    plans.put(fence, made, ("second",), approved_by="dana")
    assert plans.waiting() is None
    found = plans.find()
    assert found is not None
    assert found.changes == made.changes


def test_a_plan_is_not_kept_by_who_lost_the_lease(database: Database) -> None:
    lost = acquire(database, "first")
    release(lost)
    with pytest.raises(ConflictError):
        Plans(database).put(lost, plan_of(3), ())
    assert Plans(database).find() is None
