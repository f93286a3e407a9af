"""What tasks cost: as many calls for thirty as for one, whether they are made or closed."""

from __future__ import annotations

import pytest

from tests.faults.model.ground import ground
from tests.faults.model.harms import Struck
from tests.faults.model.steps import Play

pytestmark = pytest.mark.fault
DEALS = 30
WON = {
    "salesforce": ("Opportunity", {"StageName": "Closed Won", "Sold_With__c": ""}, {"StageName": "Closed Lost"}),
    "hubspot": ("deals", {"dealstage": "closedwon", "partner": ""}, {"dealstage": "closedlost"}),
}
"""CRM → its deals, an edit that asks for a task, and one that takes its reason away."""


def test_closing_many_tasks_takes_one_look_at_each_crm() -> None:
    with ground() as here:
        play = Play(here, Struck())
        play.begin("tasks", 4)
        here.world.settings.update("salesforce", {"page_size": 2000})
        deals = {crm: [play.people.create(crm, "deal", 1) for _ in range(DEALS)] for crm in WON}
        for asks, closes in ((1, "task_create"), (2, "task_close")):
            for crm, told in WON.items():
                for id_ in deals[crm]:
                    play.people.vendor(crm).edit(told[0], id_, told[asks], "Robin Reyes")
            here.move(61)
            done = here.cycle("cold" if asks == 1 else "hot", approve="dana")
            assert done.report is not None, done.error
            assert done.report.counts()["plan"].get(closes, 0) >= 2 * DEALS, done.report.counts()
        calls = {crm: done.report.calls[crm]["write"] for crm in WON}
        assert calls["hubspot"]["batch.read.tasks"] == 1
        assert sum(calls["hubspot"].values()) <= 6, calls["hubspot"]
        assert sum(calls["salesforce"].values()) <= 6, calls["salesforce"]
