"""No plan over its limits is applied without a person; each limit is named with what it found and what it allows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from partnersync.changes import FieldChange, Plan, TaskChange
from partnersync.errors import UnsafePlanError
from partnersync.ids import Ref
from reconcile.writeback.config import Guards
from reconcile.writeback.guards import Situation, guard, reasons
from reconcile.writeback.plan import plan

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def write(n: int, desired: str | None = "Acme") -> FieldChange:
    ref = Ref("memory", "1", "deal", f"{n:05}")
    return FieldChange(
        "clear" if desired is None else "write", ref, "partner", None, None, desired, "crm_wins", "because"
    )


def task(n: int, owner: str) -> TaskChange:
    ref = Ref("memory", "1", "deal", f"{n:05}")
    return TaskChange("task_create", f"ps-{n}", "confirm", "once", ref, "Confirm", "", date(2026, 5, 7), owner)


def made(*changes: FieldChange | TaskChange) -> Plan:
    return plan("acme", "c0ffee", NOW, changes)


LIMITS = Guards.model_validate(
    {
        "max_changes": "3",
        "max_share": "50%",
        "max_clears": "1",
        "max_tasks_per_owner": "1",
        "max_commission_moved": "100 USD",
        "max_shrink": "20%",
    }
)
WIDE = Situation(reachable=100)


@pytest.mark.parametrize(
    ("changes", "situation", "word"),
    [
        ([write(n) for n in range(4)], WIDE, "guards.max_changes"),
        ([write(1), write(2)], Situation(reachable=3), "guards.max_share"),
        ([write(1, None), write(2, None)], WIDE, "guards.max_clears"),
        ([task(1, "005A"), task(2, "005A")], WIDE, "guards.max_tasks_per_owner"),
        ([], Situation(100, moved={"USD": 10001}), "guards.max_commission_moved"),
        ([], Situation(100, moved={"JPY": 101}), "guards.max_commission_moved"),
        ([], Situation(100, shrunk={"salesforce.Account": (100, 79)}), "guards.max_shrink"),
        ([], Situation(100, pull_failed=("hubspot.deals",)), "ended in an error"),
        ([write(1)], Situation(100, approved_config=False), "has not been approved"),
    ],
)
def test_each_limit_stops_the_plan_and_says_which(
    changes: list[FieldChange | TaskChange], situation: Situation, word: str
) -> None:
    with pytest.raises(UnsafePlanError, match=word) as stopped:
        guard(made(*changes), LIMITS, situation)

    assert len(stopped.value.reasons) == 1


@pytest.mark.parametrize(
    ("changes", "situation"),
    [
        ([write(n) for n in range(3)], WIDE),
        ([write(1)], Situation(reachable=2)),
        ([write(1, None)], WIDE),
        ([task(1, "005A"), task(2, "005B")], WIDE),
        ([], Situation(100, moved={"USD": 10000, "JPY": 100})),
        ([], Situation(100, shrunk={"salesforce.Account": (100, 80)})),
        ([], Situation(100, approved_config=False)),
    ],
)
def test_a_plan_exactly_at_its_limits_passes(changes: list[FieldChange | TaskChange], situation: Situation) -> None:
    guard(made(*changes), LIMITS, situation)


def test_every_reason_is_given_at_once() -> None:
    found = reasons(made(*(write(n, None) for n in range(9))), LIMITS, Situation(9, pull_failed=("hubspot.deals",)))

    assert len(found) == 4


def test_adopting_and_noting_count_as_no_change() -> None:
    ref = Ref("memory", "1", "deal", "1")
    quiet = [FieldChange("adopt", ref, f"f{n}", None, "x", "x", "crm_wins", "") for n in range(50)]

    guard(made(*quiet), LIMITS, WIDE)


def test_a_plan_is_the_same_whatever_order_its_changes_came_in() -> None:
    changes = [write(3), task(1, "005"), write(1), write(2)]

    assert made(*changes).digest == made(*reversed(changes)).digest
    assert made(*changes).changes == made(*reversed(changes)).changes


def test_the_digest_changes_with_any_decision_in_it_and_not_with_the_instant() -> None:
    later = plan("acme", "c0ffee", datetime(2027, 1, 1, tzinfo=UTC), [write(1)])

    assert later.digest == made(write(1)).digest
    assert made(write(1, "Beta")).digest != made(write(1)).digest


def test_the_limits_have_defaults_that_stop_a_first_run() -> None:
    assert (Guards().first_run, Guards().max_share) == ("plan", Fraction(1, 5))
