"""After a restore a workspace recovers until one run has read everything and done everything that it wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.cycle import Silent, run_cycle
from service.shop import opened
from state.backup import recovering
from tests.scenarios.conftest import Company


@pytest.fixture
def restored(company: Company) -> Company:
    """A deal without a partner, whose task the backup does not know."""
    text = company.config.read_text(encoding="utf-8")
    company.config.write_text(text.replace(", attribution.influenced: present", ""), encoding="utf-8")
    (account,) = company.crm.world.salesforce.load("Account", [{"Name": "Umbrella", "Website": "https://umbrella.io"}])
    company.run(approve=True)
    _partnersync(company, "backup")
    deal = {
        "Name": "Umbrella", "AccountId": account, "StageName": "Closed Won", "Amount": 40000, "CurrencyIsoCode": "USD",
        "CloseDate": "2026-08-10", "Type": "New", "Partner__c": None,
    }  # fmt: skip
    company.crm.world.salesforce.load("Opportunity", [deal])
    company.run(approve=True)
    assert len(tasks(company)) == 1
    _partnersync(company, "restore")
    return company


def _partnersync(company: Company, word: str) -> None:
    words = ["db", word, str(company.home / "backup.db"), "--config", str(company.config)]
    ended = CliRunner().invoke(app, words)
    assert ended.exit_code == 0, ended.output


def tasks(company: Company) -> list[str]:
    return [row["Subject"] for row in company.control("dump?crm=salesforce&object=Task")]


def recovers(company: Company) -> bool:
    with opened(company.config) as shop:
        return recovering(shop.database) is not None


def test_a_run_that_was_told_to_stop_leaves_the_workspace_recovering(restored: Company) -> None:
    """It looked for some of our tasks; whoever took the rest for new ones would make them a second time."""
    with opened(restored.config) as shop:

        class Stopping(Silent):
            def step(self, name: str) -> None:
                if name == "apply":
                    shop.stop.set()

        run_cycle(shop, approve="dana@acme.com", watcher=Stopping())
    assert recovers(restored)

    restored.run(approve=True)

    assert not recovers(restored)
    assert len(tasks(restored)) == 1


def test_a_run_that_was_not_allowed_everything_leaves_the_workspace_recovering(restored: Company) -> None:
    with opened(restored.config) as shop:
        plan = run_cycle(shop, apply=False).plan
        assert plan is not None
        run_cycle(shop, approve="dana@acme.com", approved=replace(plan, changes=()))
    assert recovers(restored)

    restored.run(approve=True)

    assert not recovers(restored)
    assert len(tasks(restored)) == 1


def test_a_source_that_stands_still_leaves_the_workspace_recovering(restored: Company) -> None:
    """What it does not give is not recollected: later our own values in it would pass for a person's."""
    text = restored.config.read_text(encoding="utf-8")
    restored.config.write_text(text.replace("amount: Amount\n", "amount: Amount_Gone__c\n", 1), encoding="utf-8")
    assert restored.run(approve=True).pulled.stopped
    assert recovers(restored)

    restored.config.write_text(text, encoding="utf-8")
    restored.run(approve=True)

    assert not recovers(restored)
    assert len(tasks(restored)) == 1
