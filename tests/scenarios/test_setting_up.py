"""A portal and an org that lack our fields: shown, created where the CRM lets us, spelled out where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.generator.hubspot import REPS_OWN
from sandbox.world import World
from service.commands import setup
from tests.scenarios.conftest import Company


def ran(config: Path, capsys: pytest.CaptureFixture[str], *, yes: bool = False) -> str:
    capsys.readouterr()
    setup.command(yes=yes, config=config)
    return capsys.readouterr().out


def test_missing_fields_are_shown_then_created_in_hubspot_and_spelled_out_for_salesforce(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = World.open()
    for type_, definition in REPS_OWN:
        bare.hubspot.add_property(type_, definition)
    company.crm.serve(bare)
    shown = ran(company.config, capsys)
    writes_when_shown = company.writes()

    created = ran(company.config, capsys, yes=True)
    after = ran(company.config, capsys)
    bare.close()

    assert "+ partnersync_commission: number, 18 digits, 2 decimals" in shown
    assert "+ Partner_Account__c: lookup to Account" in shown
    assert "+ Partner_Role__c: picklist: Sourced, Influenced" in shown
    assert writes_when_shown == 0
    assert created.count("      created") == 6
    assert "hubspot · deals" not in after
    assert "hubspot · companies" not in after
    assert "salesforce · Opportunity: an administrator creates these" in after


def test_where_every_field_is_there_it_says_so(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Every field that the config writes to is there." in ran(company.config, capsys)


def test_where_the_settings_allow_it_salesforce_gets_its_fields_and_it_is_told_who_must_grant_them(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    text = company.config.read_text(encoding="utf-8")
    company.config.write_text(text.replace("crm: salesforce", "crm: salesforce\n    create_fields: tooling", 1))
    bare = World.open()
    for type_, definition in REPS_OWN:
        bare.hubspot.add_property(type_, definition)
    company.crm.serve(bare)

    shown = ran(company.config, capsys)
    created = ran(company.config, capsys, yes=True)
    after = ran(company.config, capsys)
    bare.close()

    assert "salesforce · Opportunity: an administrator" not in shown
    assert "FieldPermissions" in created
    assert "Every field that the config writes to is there." in after
