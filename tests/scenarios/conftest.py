"""A small company with a Salesforce and a HubSpot, and one command to run a cycle over them, on both databases."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from partnersync.money import Money
from sandbox.generator.hubspot import OURS, REPS_OWN
from sandbox.generator.salesforce import FIELDS
from sandbox.server import Application, Server
from sandbox.world import World
from service.cycle import Report, run_cycle
from service.shop import opened
from state.ledger import Ledger
from tests.state.conftest import reused, server, upgraded_file, url  # noqa: F401 - the database fixtures

CSV = {
    "partners.csv": "id,name,type,status,domains,currency,manager,salesforce_id,hubspot_id,region,joined_on,ended_on,"
    "aliases,merged_into\nnorthwind,Northwind,reseller,active,northwind.com,USD,,,,,2024-01-01,,Northwind Inc,\n"
    "contoso,Contoso,referral,active,contoso.com,USD,,,,,2024-01-01,,,\n",
    "tiers.csv": "partner,tier,from,to,reason\nnorthwind,gold,2024-01-01,,\n",
    "registrations.csv": "id,partner,status,crm,account,account_name,account_domain,opportunity,submitted_at,approved_at,"
    "product,region,reason\n",
    "touchpoints.csv": "id,partner,crm,account,opportunity,type,occurred_at,recorded_at,source,weight\n",
    "rates.csv": "date,from,to,rate\n2026-08-01,EUR,USD,1.08\n",
}


@dataclass
class Company:
    """The two CRMs, the folder with config and files, and what partnersync made of them."""

    crm: Server
    home: Path

    @property
    def config(self) -> Path:
        return self.home / "partnersync.yaml"

    def run(self, *, approve: bool = False, apply: bool = True) -> Report:
        """One cycle, as ``partnersync run`` does it."""
        with opened(self.config) as shop:
            return run_cycle(shop, approve="dana@acme.com" if approve else None, apply=apply)

    def control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call to the sandbox's control."""
        payload = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.crm.url}/_sandbox/{path}", payload) as answer:
            return json.loads(answer.read() or b"null")

    def edit(self, crm: str, object_: str, id_: str, **fields: Any) -> None:
        """What a sales rep types."""
        self.control("edit", {"crm": crm, "object": object_, "id": id_, "fields": fields, "as": "Robin Reyes"})

    def says(self, crm: str, object_: str, id_: str, field: str) -> Any:
        """What a field of a CRM says now."""
        for row in self.control(f"dump?crm={crm}&object={object_}"):
            if id_ in (row.get("Id"), row.get("id")):
                return row.get("properties", row).get(field)
        raise LookupError(id_)

    def writes(self) -> int:
        """How many writes the CRMs counted since the last reset."""
        return int(sum(each["writes"] for each in self.control("counters")["totals"].values()))

    def forget_calls(self) -> None:
        self.control("counters/reset", {})

    def ledger(self) -> list[tuple[str, str, int, str]]:
        """(deal id, kind, minor units, caused by) of every line, in order."""
        with opened(self.config) as shop:
            lines = sorted(Ledger(shop.database).lines(), key=lambda line: (line.stamp, line.key))
            return [(e.key.opportunity.id, e.kind, e.minor, e.caused_by.rpartition("/")[2]) for e in lines]

    def owed(self) -> Money:
        """The sum of the ledger."""
        return Money(sum(minor for _, _, minor, _ in self.ledger()), "USD")


@pytest.fixture(scope="session")
def _listening() -> Iterator[Server]:
    first = World.open()
    listening = Server(Application(first), "127.0.0.1", 0)
    yield listening
    listening.stop()
    first.close()


@pytest.fixture
def company(_listening: Server, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:  # noqa: F811
    world = World.open()
    for object_, definition in FIELDS:
        world.salesforce.add_field(object_, definition)
    for type_, definition in (*OURS, *REPS_OWN):
        world.hubspot.add_property(type_, definition)
    _listening.serve(world)
    for name, value in {"SF_CLIENT_ID": "sandbox-client", "SF_CLIENT_SECRET": "sandbox-secret"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HUBSPOT_TOKEN", "pat-na1-sandbox-token")
    for name, text in CSV.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    template = (files("service") / "templates" / "demo.yaml").read_text(encoding="utf-8")
    config = template.replace("@SALESFORCE@", _listening.url).replace("@HUBSPOT@", _listening.url)
    config = config.replace("sqlite:///partnersync.db", url).replace("max_share: 20%", "max_share: 100%")
    (tmp_path / "partnersync.yaml").write_text(config, encoding="utf-8")
    yield Company(_listening, tmp_path)
    world.close()
