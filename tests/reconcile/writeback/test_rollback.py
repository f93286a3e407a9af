"""The inverse of a run's writes: what is put back, and what is left and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from partnersync.changes import Action, FieldChange, TaskChange
from partnersync.ids import Ref
from reconcile.writeback.rollback import Left, Was, put_back, together, undone
from reconcile.writeback.tasks import Known

DEAL = Ref("salesforce", "00D", "Opportunity", "1")
WAS = Was(DEAL, "Partner__c", "Carl", "Acme", "ACME")
TASK = TaskChange("task_create", "ps-t", "confirm", "once", DEAL, "Confirm", "why", date(2026, 4, 1), "005")
THERE = Ref("salesforce", "00D", "Task", "00T")
SEEN = Known("ps-t", "confirm", DEAL, "once", THERE, "open", "Confirm", "why", date(2026, 4, 1), "005")


def same(value: str | None) -> str | None:
    return value.strip() if value else value or None


@pytest.mark.parametrize("current", ["Acme", "ACME", " Acme "])
def test_what_still_says_what_the_run_wrote_is_put_back(current: str) -> None:
    change = put_back(WAS, {"Partner__c": current}, same, 7)

    assert isinstance(change, FieldChange)
    assert (change.action, change.current, change.desired, change.why) == (
        "write", same(current), "Carl", "as before run 7"
    )  # fmt: skip


def test_a_field_that_was_empty_is_cleared() -> None:
    change = put_back(replace(WAS, before=None), {"Partner__c": "Acme"}, same, 7)

    assert isinstance(change, FieldChange)
    assert (change.action, change.desired) == ("clear", None)


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        (WAS, {"Partner__c": "Dana's"}, "edited since; it says Dana's now"),
        (WAS, {"Partner__c": None}, "edited since; it says nothing now"),
        (replace(WAS, later=True), {"Partner__c": "Acme"}, "a later run dealt with it; it says Acme now"),
        (WAS, None, "the record is gone"),
        (WAS, {}, "the CRM does not show the field to us"),
    ],
)
def test_what_somebody_touched_since_is_left_with_the_reason(
    was: Was, now: dict[str, str | None] | None, why: str
) -> None:
    assert put_back(was, now, same, 7) == Left(DEAL, "Partner__c", why)


@pytest.mark.parametrize("later", [False, True])
def test_what_says_so_already_needs_nothing(later: bool) -> None:
    assert put_back(replace(WAS, later=later), {"Partner__c": "Carl"}, same, 7) is None


def test_a_field_written_twice_goes_back_to_what_it_said_before_the_first_time() -> None:
    again = Was(DEAL, "Partner__c", "Acme", "Globex", "Globex")

    assert together([WAS, again]) == [replace(again, before="Carl")]


def test_a_task_that_the_run_made_is_closed() -> None:
    change = undone(TASK, SEEN, 7)

    assert isinstance(change, TaskChange)
    assert (change.action, change.task, change.key, change.why) == ("task_close", THERE, "ps-t", "made by run 7")


@pytest.mark.parametrize(
    ("action", "seen", "why"),
    [
        ("task_create", replace(SEEN, edited=True), "edited since"),
        ("task_create", replace(SEEN, state="completed"), "done already"),
        ("task_create", replace(SEEN, state="deleted"), "deleted meanwhile"),
        ("task_create", None, "nothing is known of it any more"),
        ("task_update", SEEN, "its text was brought up to date; that stays"),
        ("task_close", replace(SEEN, state="completed"), "closed by the run; it is not opened again"),
    ],
)
def test_a_task_that_is_no_longer_only_the_runs_is_left(action: Action, seen: Known | None, why: str) -> None:
    assert undone(replace(TASK, action=action), seen, 7) == Left(DEAL, "task 'Confirm'", why)
