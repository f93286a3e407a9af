"""One task per rule, record and epoch; who owns it; and what a person did to it is respected."""

from __future__ import annotations

from datetime import date

import pytest

from partnersync.changes import FieldChange, TaskChange
from partnersync.ids import Ref
from partnersync.records import Person
from reconcile.writeback.config import TaskRule
from reconcile.writeback.tasks import Known, Wish, closing, decide, epoch_of, owner_of, review, task_key

DEAL = Ref("salesforce", "00D", "Opportunity", "006")
TODAY = date(2026, 5, 4)


def rule(**changes: object) -> TaskRule:
    base = {
        "id": "confirm",
        "task": "confirm",
        "when": {"opportunity.outcome": "won"},
        "subject": "Confirm {opportunity.name}",
        "due": "3d",
    }
    return TaskRule.model_validate({**base, **changes})


def wish(of: TaskRule) -> Wish:
    return Wish(of, DEAL, {"opportunity.name": "Big deal"}, "005A", "won without a partner")


def known(of: TaskRule, state: str, epoch: str = "once", **changes: object) -> dict[str, Known]:
    key = task_key("acme", of, DEAL, epoch)
    base: dict[str, object] = {
        "key": key, "rule": of.id, "record": DEAL, "epoch": epoch, "task": Ref("salesforce", "00D", "Task", "00T"),
        "state": state, "subject": "Confirm Big deal", "body": "", "due_on": date(2026, 5, 7), "owner": "005A",
    }  # fmt: skip
    return {key: Known(**{**base, **changes})}  # type: ignore[arg-type]


def test_a_wish_makes_one_task_with_its_texts_filled_and_its_day_counted() -> None:
    change = decide("acme", wish(rule()), {}, TODAY)

    assert change is not None
    assert (change.action, change.subject, change.due_on) == ("task_create", "Confirm Big deal", date(2026, 5, 7))
    assert len(change.key) <= 64
    assert change.key == change.key.lower()


@pytest.mark.parametrize("state", ["open", "completed", "deleted"])
def test_a_task_that_exists_completed_or_was_deleted_is_not_made_again_in_its_epoch(state: str) -> None:
    assert decide("acme", wish(rule()), known(rule(), state), TODAY) is None


def test_a_completed_task_comes_again_in_the_next_month_where_the_rule_says_so() -> None:
    monthly = rule(epoch="month")

    change = decide("acme", wish(monthly), known(monthly, "completed", "2026-04"), TODAY)

    assert change is not None
    assert change.epoch == "2026-05"


def test_an_open_task_rolls_over_into_the_next_epoch_and_is_not_doubled() -> None:
    monthly = rule(epoch="month")

    assert decide("acme", wish(monthly), known(monthly, "open", "2026-04"), TODAY) is None


def test_an_open_task_is_updated_when_its_text_changes_unless_a_person_edited_it() -> None:
    stale = known(rule(), "open", subject="Confirm Old name")
    edited = known(rule(), "open", subject="Confirm Old name", edited=True)

    change = decide("acme", wish(rule()), stale, TODAY)

    assert change is not None
    assert change.action == "task_update"
    assert decide("acme", wish(rule()), edited, TODAY) is None


def test_a_task_whose_reason_is_gone_is_closed_only_if_nobody_edited_it() -> None:
    (mine,) = known(rule(), "open").values()
    (theirs,) = known(rule(), "open", edited=True).values()

    change = closing(mine)

    assert change is not None
    assert change.action == "task_close"
    assert closing(theirs) is None


def test_a_renamed_rule_keeps_the_keys_of_its_tasks() -> None:
    assert task_key("acme", rule(id="confirm-partner", was="confirm"), DEAL, "once") == task_key(
        "acme", rule(), DEAL, "once"
    )


def test_the_epochs_are_calendar_months_and_quarters() -> None:
    assert [epoch_of(rule(epoch=each), TODAY) for each in ("once", "month", "quarter")] == [
        "once",
        "2026-05",
        "2026-Q2",
    ]


def person(id_: str, *, active: bool, manager: str | None = None, email: str = "") -> Person:
    return Person(Ref("salesforce", "00D", "User", id_), id_, email, active, manager)


def test_the_owner_is_the_first_active_one_up_the_line_then_the_fallback() -> None:
    people = {
        "gone": person("gone", active=False, manager="boss"),
        "boss": person("boss", active=False, manager="top"),
        "top": person("top", active=True),
        "loop": person("loop", active=False, manager="loop"),
        "ops@acme.com": person("ops", active=True),
    }

    assert owner_of(("gone",), people, "ops@acme.com") == "top"
    assert owner_of(("loop",), people, "ops@acme.com") == "ops"
    assert owner_of((None, "nobody"), people, "OPS@acme.com") == "ops"
    assert owner_of((None,), people, None) is None


def test_a_review_task_names_both_values_and_is_the_same_task_until_what_we_want_changes() -> None:
    def asked(desired: str) -> TaskChange:
        edit = FieldChange(
            "review", DEAL, "Partner__c", "Acme", "Carl", desired, "review", "sourced by acme", "Big deal"
        )
        return review("acme", edit, "005A", TODAY)

    assert "Carl" in asked("Acme").body
    assert "sourced by acme" in asked("Acme").body
    assert asked("Acme").key == asked("Acme").key != asked("Beta").key
