"""The CRM's schema moves under the config: the mapping that needs what is gone stands still, is told with its line, and goes
on when it is back; everything else goes on meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Freshness
from partnersync.changes import FieldChange
from partnersync.ids import Ref
from sandbox.generator import populate
from sandbox.hubspot.tables import catalog_changed
from sandbox.server import Server, start
from sandbox.world import World
from service.cli import main
from service.cycle import Report, run_cycle
from service.shop import opened
from state.dossiers import Dossiers
from tests.service.conftest import SECRETS


@dataclass
class Programme:
    """A tiny programme over both CRMs that has run once."""

    server: Server
    config: Path

    def run(self, freshness: Freshness = "hot", approve: str | None = None, *, apply: bool = True) -> Report:
        with opened(self.config) as shop:
            return run_cycle(shop, dict.fromkeys(shop.settings.connections, freshness), apply=apply, approve=approve)

    def set(self, vendor: str, **switches: Any) -> None:
        self.server.world.settings.update(vendor, switches)

    def edit(self, id_: str, **fields: Any) -> None:
        self.server.world.salesforce.edit("Opportunity", id_, fields, "Riley Rep")

    @property
    def won(self) -> str:
        rows = self.server.world.salesforce.dump("Opportunity", stamps=False)
        return next(str(row["Id"]) for row in rows if row["StageName"] == "Closed Won" and row["Amount"])

    def line(self, part: str) -> int:
        lines = enumerate(self.config.read_text().splitlines(), 1)
        return next(number for number, line in lines if part in line)


@pytest.fixture
def programme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Programme]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    world = World.open()
    populate(world, 3, "tiny", date(2026, 11, 21), tmp_path)
    demo = (files("service") / "templates" / "demo.yaml").read_text(encoding="utf-8")
    with start(world, 0) as server:
        config = tmp_path / "partnersync.yaml"
        config.write_text(demo.replace("@SALESFORCE@", server.url).replace("@HUBSPOT@", server.url))
        found = Programme(server, config)
        found.set("hubspot", search_per_second=None, burst_limit=None)
        found.run(approve="dana")
        found.run()
        yield found
    world.close()


def test_a_field_that_is_gone_stops_its_source_with_its_line_and_no_other(programme: Programme) -> None:
    won = programme.won
    programme.set("salesforce", hidden_fields=("Opportunity.Amount",))
    programme.edit(won, Name="renamed while it stood still")

    report = programme.run("warm")

    (name, problem), *others = report.pulled.stopped.items()
    assert (name, others, report.reasons) == ("salesforce.Opportunity", [], ())
    assert (problem.line, problem.message) == (
        programme.line("amount: Amount"),
        "Opportunity shows no field 'Amount'",
    )
    assert report.pulled.counts["quarantined"] == 0
    assert not report.plan or not report.plan.changes

    programme.set("salesforce", hidden_fields=())
    assert programme.run().pulled.stopped == {}
    assert _name_of(programme, won) == "renamed while it stood still"


def test_a_written_field_that_is_gone_is_not_written_and_others_are(programme: Programme) -> None:
    won = programme.won
    programme.set("salesforce", read_only_fields=("Opportunity.Partner_Commission__c",))
    programme.run("warm")
    programme.edit(won, Amount=987_654)

    report = programme.run(approve="dana")

    assert report.plan is not None
    written = {c.field for c in report.plan.changes if isinstance(c, FieldChange) and c.ref.object == "Opportunity"}
    assert "Partner_Commission__c" not in written
    assert report.done.counts["rejected"] == 0
    programme.set("salesforce", read_only_fields=())
    programme.edit(won, Amount=987_655)
    back = programme.run("warm", approve="dana")
    assert back.plan is not None
    assert "Partner_Commission__c" in {c.field for c in back.plan.changes if isinstance(c, FieldChange)}


GONE = "UPDATE hs_property SET archived = 1 WHERE kind = '0-3' AND name = 'amount'"
TEXT = """UPDATE hs_property SET definition = json_set(definition, '$.type', 'string', '$.fieldType', 'text')
          WHERE kind = '0-3' AND name = 'amount'"""


@pytest.mark.parametrize("change", [GONE, TEXT])
def test_a_property_that_is_gone_or_changed_its_type_is_no_empty_value(programme: Programme, change: str) -> None:
    with programme.server.world.store.write(hooked=False) as db:
        assert db.execute(change).rowcount == 1
        catalog_changed(db)

    report = programme.run("warm")

    assert {name: problem.line for name, problem in report.pulled.stopped.items()} == {
        "hubspot.deals": programme.line("amount: amount")
    }
    assert not report.plan or not report.plan.changes


def test_status_tells_what_stands_still_where_to_mend_it_and_what_is_new(
    programme: Programme, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programme.set("salesforce", hidden_fields=("Opportunity.Amount",))
    programme.run("warm")
    monkeypatch.setattr(sys, "argv", ["partnersync", "status", "--config", str(programme.config)])

    with pytest.raises(SystemExit):
        main()

    told = " ".join(capfd.readouterr().out.split())
    assert "salesforce.Opportunity stands still" in told
    assert f"partnersync.yaml:{programme.line('amount: Amount')}:" in told.replace("\n", "")
    assert "records that hold one are set aside" in told


def _name_of(programme: Programme, id_: str) -> str:
    with opened(programme.config) as shop:
        ref = Ref("salesforce", shop.sign_in()["salesforce"].org, "Opportunity", id_)
        (dossier,) = Dossiers(shop.database).stream([ref], shop.clock.now())
        return str(dossier.history[-1].record.values["Name"])


def test_what_the_look_at_the_schema_told_serves_the_writes_that_follow(programme: Programme) -> None:
    portal, counters = programme.server.world.hubspot, programme.server.world.counters
    won = next(each for each in portal.dump("deals", stamps=False) if each["properties"]["dealstage"] == "closedwon")
    portal.edit("deals", won["id"], {"amount": "4321.00"}, "Riley Rep")
    counters.reset()

    report = programme.run("cold", approve="dana")

    assert report.plan is not None
    assert counters.total("hubspot", "properties.list") == 2  # one look at companies, one at deals
