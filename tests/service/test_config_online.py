"""``check --online``: what the CRMs lack, hide or forbid is told on the YAML line that names it, with what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from connectors.base import Surroundings
from partnersync.errors import Problem
from sandbox.generator import populate
from sandbox.server import Server, start
from sandbox.world import World
from service.commands import check
from service.commands.check import NoMeter
from service.online import Online, online
from service.secrets import Secrets
from service.settings import load

ENVIRON = {
    "SF_CLIENT_ID": "sandbox-client",
    "SF_CLIENT_SECRET": "sandbox-secret",
    "HUBSPOT_TOKEN": "pat-na1-sandbox-token",
}


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Site:
    """A generated world with both CRMs, and the demo's config for it."""

    server: Server
    home: Path
    text: str

    def set(self, vendor: str, **switches: Any) -> None:
        self.server.world.settings.update(vendor, switches)

    def add(self, object_: str, **field: Any) -> None:
        self.server.world.salesforce.add_field(object_, field)

    def line(self, part: str, nth: int = 0) -> int:
        """The n-th line that holds ``part``."""
        return [number for number, line in enumerate(self.text.splitlines(), 1) if part in line][nth]

    def change(self, old: str, new: str) -> None:
        assert old in self.text
        self.text = self.text.replace(old, new, 1)

    def check(self, patient: bool = True, **environ: str) -> Online:
        file = self.home / "partnersync.yaml"
        file.write_text(self.text, encoding="utf-8")
        secrets = Secrets({**ENVIRON, **environ}, self.home)
        stop = Event()
        if not patient:
            stop.set()
        return online(load(file), secrets, Surroundings(WallClock(), stop, NoMeter()))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    world = World.open()
    populate(world, 1, "tiny", date(2026, 11, 21), tmp_path)
    demo = (files("service") / "templates" / "demo.yaml").read_text(encoding="utf-8")
    with start(world, 0) as server:
        text = demo.replace("@SALESFORCE@", server.url).replace("@HUBSPOT@", server.url)
        site = Site(server, tmp_path, text)
        site.set("hubspot", search_per_second=None, burst_limit=None)
        yield site
    world.close()


def told(problems: list[Problem]) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.message, problem.hint) for problem in sorted(problems)]


def test_the_demo_fits_its_crms_and_unmapped_stages_are_warned_of(site: Site) -> None:
    found = site.check()

    assert found.problems == []
    assert {name: site.crm for name, site in found.signed_in.items()} == {
        "salesforce": "salesforce",
        "hubspot": "hubspot",
    }
    lines = {(problem.line, problem.path) for problem in found.warnings if "set aside" in problem.message}
    assert (site.line("stages:", 0), "sources.opportunity[0].stages") in lines
    assert (site.line("stages:", 1), "sources.opportunity[1].stages") in lines


def test_a_hidden_field_is_told_wherever_it_is_read_or_written(site: Site) -> None:
    site.set("salesforce", hidden_fields=("Opportunity.Amount", "Opportunity.Partner_Commission__c"))

    found = told(site.check().problems)

    assert [(line, message) for line, message, _ in found] == [
        (site.line("amount: Amount"), "Opportunity shows no field 'Amount'"),
        (site.line("Partner_Commission__c:"), "Opportunity shows no field 'Partner_Commission__c'"),
    ]
    assert all("visible to our user" in hint for _, _, hint in found)


def test_a_field_that_may_not_be_edited_is_told_with_what_to_grant(site: Site) -> None:
    site.set("salesforce", read_only_fields=("Opportunity.Partner__c",))

    ((line, message, hint),) = told(site.check().problems)

    assert (line, message) == (site.line("Partner__c: {value"), "Partner__c cannot be written by our user")
    assert "edit access" in hint


def test_misspelt_objects_fields_and_stages_come_with_the_likely_name(site: Site) -> None:
    site.change("from: hubspot.companies", "from: hubspot.companys")
    site.change("amount: Amount", "amount: Amuont")
    site.change("closedwon", "closedwonn")
    site.change("partnersync_commission:", "partnersync_comission:")

    found = {line: (message, hint) for line, message, hint in told(site.check().problems)}

    assert found[site.line("hubspot.companys")][0] == "hubspot shows no object 'companys'"
    assert found[site.line("Amuont")] == ("Opportunity shows no field 'Amuont'", "did you mean 'Amount'?")
    assert found[site.line("closedwonn")] == ("dealstage has no value 'closedwonn'", "did you mean 'closedwon'?")
    assert found[site.line("partnersync_comission")][1] == "did you mean 'partnersync_commission'?"


def test_a_value_that_its_field_cannot_hold_is_told(site: Site) -> None:
    site.add("Opportunity", name="Is_Partner__c", type="boolean")
    site.add("Opportunity", name="Partner_User__c", type="reference", referenceTo=["User"])
    site.change("Partner_Commission__c: {", "Is_Partner__c: {")
    site.change("Partner_Account__c: {", "Partner_User__c: {")
    site.change("influenced: Influenced}}", "influenced: Influencd}}")
    site.change("closes_on: CloseDate", "closes_on: StageName")

    found = {line: message for line, message, _ in told(site.check().problems)}

    assert found[site.line("Is_Partner__c")] == "commission.earned is a number, and Is_Partner__c is a boolean"
    assert "refers to User" in found[site.line("Partner_User__c")]
    assert "has no value 'Influencd'" in found[site.line("Influencd")]
    assert "closes_on needs a date" in found[site.line("closes_on: StageName")]


def test_a_wrong_credential_is_told_on_its_connection_and_the_other_crm_is_still_checked(site: Site) -> None:
    site.change("amount: Amount", "amount: Amuont")

    found = told(site.check(HUBSPOT_TOKEN="pat-na1-wrong-wrong-wrong").problems)

    assert [line for line, _, _ in found] == [site.line("  hubspot:"), site.line("Amuont")]
    assert "cannot sign in" in found[0][1]
    assert "pat-na1-wrong" not in str(found)


def test_a_secret_that_is_not_set_is_told_on_the_line_that_refers_to_it(site: Site) -> None:
    found = told(site.check(HUBSPOT_TOKEN="", SF_CLIENT_SECRET="").problems)

    assert [line for line, _, _ in found] == [site.line("SF_CLIENT_SECRET"), site.line("HUBSPOT_TOKEN")]
    assert all("not set or empty" in message for _, message, _ in found)


def test_a_missing_scope_is_named_where_it_is_needed(site: Site) -> None:
    token = "pat-na1-narrow-token"
    given = ("oauth", "crm.objects.companies.read", "crm.schemas.companies.read", "crm.objects.owners.read")
    site.set("hubspot", scopes={token: given})

    found = told(site.check(HUBSPOT_TOKEN=token).problems)

    deals = [(line, hint) for line, message, hint in found if "deals" in message]
    assert deals == [(site.line("from: hubspot.deals"), deals[0][1])]
    assert "crm.schemas.deals.read" in deals[0][1] or "crm.objects.deals.read" in deals[0][1]


def test_a_crm_that_cannot_be_reached_is_told_without_a_traceback(site: Site) -> None:
    site.change(f"url: {site.server.url}", "url: http://127.0.0.1:9")

    found = told(site.check(patient=False).problems)

    assert [line for line, _, _ in found] == [site.line("  salesforce:")]
    assert "cannot sign in" in found[0][1]
    assert "check the address" in found[0][2]


def test_a_task_key_that_is_not_unique_and_a_fallback_nobody_knows_are_warned_of(site: Site) -> None:
    site.change("    every: 15m", "    every: 15m\n    task_key: Nothing__c")

    found = told(site.check().warnings)

    assert any(line == site.line("task_key") and "is not there on Task" in message for line, message, _ in found)
    assert any("nobody active in salesforce has the address ops@acme.example" in message for _, message, _ in found)


def test_the_command_signs_in_and_says_where_it_is(site: Site) -> None:
    app = typer.Typer()
    app.command()(check.command)
    file = site.home / "partnersync.yaml"
    file.write_text(site.text, encoding="utf-8")

    text = CliRunner().invoke(app, ["--config", str(file), "--online"], env=ENVIRON)
    as_json = CliRunner().invoke(app, ["--config", str(file), "--online", "--json"], env=ENVIRON)

    assert (text.exit_code, as_json.exit_code) == (0, 0)
    assert "salesforce: signed in to" in text.stdout
    assert set(json.loads(as_json.stdout)["signed_in"]) == {"salesforce", "hubspot"}
    assert "sandbox-secret" not in text.output + as_json.output
