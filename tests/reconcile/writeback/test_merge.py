"""The three-way merge of DOMAIN §8, row by row, and the cases behind its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partnersync.changes import Policy
from reconcile.writeback.merge import LAST_LANDING, MOST_WRITES, Base, Field, Noted, landing, verdict

SENT = Base("Acme", "Acme")


def same(value: str | None) -> str | None:
    return value or None


def whole_number(value: str | None) -> str | None:
    return None if value in (None, "") else str(round(float(value)))


@pytest.mark.parametrize(
    ("base", "current", "desired", "policy", "expected"),
    [
        (SENT, "Acme", "Acme", "crm_wins", "nothing"),
        (SENT, "Acme", "Beta", "crm_wins", "write"),
        (SENT, "Acme", None, "crm_wins", "clear"),
        (SENT, "Beta", "Beta", "crm_wins", "adopt"),
        (SENT, "Carl", "Acme", "crm_wins", "override"),
        (SENT, "Carl", "Acme", "ours_wins", "write"),
        (SENT, "Carl", None, "ours_wins", "clear"),
        (SENT, "Carl", "Acme", "review", "review"),
        (SENT, None, "Acme", "crm_wins", "override"),
        (SENT, None, "Acme", "ours_wins", "write"),
        (None, "Acme", "Acme", "crm_wins", "adopt"),
        (None, None, None, "crm_wins", "nothing"),
        (None, None, "Acme", "crm_wins", "write"),
        (None, "Carl", "Acme", "crm_wins", "override"),
        (None, "Carl", "Acme", "ours_wins", "override"),
        (None, "Carl", "Acme", "review", "override"),
    ],
)
def test_each_row_of_the_table(
    base: Base | None, current: str | None, desired: str | None, policy: str, expected: str
) -> None:
    field = Field(base, current, desired, policy)  # type: ignore[arg-type]

    assert verdict(field, same) == expected


def test_a_persons_value_is_replaced_on_first_sync_only_where_the_config_says_so() -> None:
    field = Field(None, "Carl", "Acme", "crm_wins", overwrite_first=True)

    assert verdict(field, same) == "write"


def test_a_value_that_the_crm_keeps_in_its_own_form_is_still_ours() -> None:
    field = Field(Base("1234.57", "1235"), "1235", "1234.57", "crm_wins")

    assert verdict(field, whole_number) == "nothing"


def test_a_late_landing_of_ours_is_written_over_and_never_taken_for_a_person() -> None:
    field = Field(Base("Beta", "Beta", since=("Acme",)), "Acme", "Beta", "crm_wins")

    assert verdict(field, same) == "write"


def test_an_edit_that_was_noted_is_not_noted_again_until_the_person_edits_again() -> None:
    noted = Noted("Carl", "Acme")

    assert verdict(Field(SENT, "Carl", "Acme", "crm_wins", noted=noted), same) == "nothing"
    assert verdict(Field(SENT, "Dora", "Acme", "crm_wins", noted=noted), same) == "override"


def test_a_review_is_raised_again_only_when_what_we_want_changes() -> None:
    noted = Noted("Carl", "Acme")

    assert verdict(Field(SENT, "Dora", "Acme", "review", noted=noted), same) == "nothing"
    assert verdict(Field(SENT, "Dora", "Beta", "review", noted=noted), same) == "review"


def test_a_field_that_the_crm_hides_is_never_touched() -> None:
    assert verdict(Field(SENT, None, "Beta", "ours_wins", hidden=True), same) == "nothing"


def test_after_a_person_restores_our_value_the_field_is_ours_again() -> None:
    field = Field(SENT, "Acme", "Beta", "crm_wins", noted=Noted("Carl", "Acme"))

    assert verdict(field, same) == "write"


@pytest.mark.parametrize(("times", "expected"), [(MOST_WRITES - 1, "write"), (MOST_WRITES, "hold")])
def test_a_value_that_is_changed_back_whenever_we_write_it_is_held_back(times: int, expected: str) -> None:
    field = Field(SENT, "Carl", "Acme", "ours_wins", lately=("Acme",) * times + ("Beta",) * 9)

    assert verdict(field, same) == expected
    assert verdict(replace(field, desired="Gamma"), same) == "write"


@pytest.mark.parametrize("base", [SENT, None])
@pytest.mark.parametrize("policy", ["ours_wins", "crm_wins", "review"])
@pytest.mark.parametrize("current", ["Acme", "Carl", None])
def test_a_value_that_is_held_is_neither_written_nor_asked_about(
    base: Base | None, policy: Policy, current: str | None
) -> None:
    field = Field(base, current, "Beta", policy, overwrite_first=True, held=True)

    assert verdict(field, same) == "nothing"
    assert verdict(replace(field, held=False), same) != "nothing"
    assert verdict(replace(field, current="Beta"), same) == "adopt"


def test_what_an_overtaken_run_had_in_hand_lands_within_a_quarter_of_an_hour_or_was_a_person() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    late = [(noon, "Acme"), (noon + timedelta(minutes=5), None)]

    assert landing(late, noon - timedelta(hours=1)) == ("Acme", None)
    assert landing(late, noon + LAST_LANDING) == ("Acme", None)
    assert landing(late, noon + LAST_LANDING + timedelta(seconds=1)) == (None,)
    assert landing(late, noon + timedelta(minutes=21)) == ()
