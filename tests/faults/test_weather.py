"""A run with every fault at five in a hundred calls ends right; the long form is a part of ``make faults``."""

from __future__ import annotations

import typing
from dataclasses import fields
from pathlib import Path

import pytest

from sandbox.faults import Action, Rule
from sandbox.settings import HubSpotSettings, SalesforceSettings
from tests.faults.climate import AT_FIRST, CONDITIONS, ELSEWHERE, LASTING, NO_WEATHER, PASSING
from tests.faults.weather import endured

pytestmark = pytest.mark.fault


def test_a_run_in_bad_weather_ends_right_within_three_times_its_calls(tmp_path: Path) -> None:
    assert endured(tmp_path, 3, "tiny", ("first front",)) == []


def test_every_fault_of_the_sandbox_is_in_the_weather_or_says_why_not() -> None:
    """A fault that the sandbox learns tomorrow must be added to the weather."""
    known = {kind.model_fields["kind"].default for kind in typing.get_args(Action)}
    rules = [Rule.model_validate(rule) for rule in (*PASSING, *LASTING)]

    assert {rule.action.kind for rule in rules} | NO_WEATHER.keys() == known
    assert {rule.action.kind for rule in rules}.isdisjoint(NO_WEATHER)


@pytest.mark.parametrize(("crm", "settings"), [("salesforce", SalesforceSettings), ("hubspot", HubSpotSettings)])
def test_every_switch_of_the_sandbox_is_in_the_weather_or_says_why_not(crm: str, settings: type) -> None:
    names = {each.name for each in fields(settings)}
    odd = {*CONDITIONS[crm], *AT_FIRST.get(crm, {})}
    elsewhere = set(" ".join(ELSEWHERE.values()).split())

    assert odd | (elsewhere & names) == names
    assert odd.isdisjoint(elsewhere)
