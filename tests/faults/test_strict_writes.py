"""Fields that are not written to a record which somebody modified after the run had read it."""

from __future__ import annotations

import threading
import time

import pytest

from tests.faults.conftest import Theatre

pytestmark = pytest.mark.fault
COMMISSION = "Partner_Commission__c: {value: commission.earned, policy: ours_wins"


def test_a_strict_field_is_not_written_over_an_edit_made_while_the_write_was_under_way(theatre: Theatre) -> None:
    """A rep edits another field of every deal between our last look and Salesforce's doing; the next cycle writes."""
    theatre.edit_config(COMMISSION, COMMISSION + ", if_modified: refuse")
    salesforce = theatre.server.world.salesforce
    deals = [deal["Id"] for deal in salesforce.dump("Opportunity", False) if not deal["IsDeleted"]]
    slow = {"kind": "latency", "ms": 1500}
    theatre.fault(slow, vendor="salesforce", endpoint="composite", writes_only=True, times=1)

    def edit_all() -> None:
        until = time.monotonic() + 30
        while not theatre.ask("faults")[0]["fired"]:
            if time.monotonic() > until:
                return  # nothing was written, and the assertions below say so
            time.sleep(0.02)
        for deal in deals:
            salesforce.edit("Opportunity", deal, {"NextStep": "call Kim"}, "Riley Rep")

    person = threading.Thread(target=edit_all)
    person.start()
    report = theatre.cycle(approve="a person")
    person.join()
    before = theatre.fields("salesforce", "Opportunity", "Partner_Commission__c")
    theatre.cycle()

    after = theatre.fields("salesforce", "Opportunity", "Partner_Commission__c")
    assert report.counts()["applied"]["conflict"] >= 1
    assert set(theatre.fields("salesforce", "Opportunity", "NextStep").values()) == {"call Kim"}
    assert sum(value is not None for value in before.values()) < sum(value is not None for value in after.values())
    theatre.is_quiet()


def test_without_such_an_edit_strict_fields_are_written_like_the_others(theatre: Theatre) -> None:
    theatre.edit_config(COMMISSION, COMMISSION + ", if_modified: refuse")

    theatre.cycle(approve="a person")

    theatre.is_as_undisturbed()
    theatre.is_quiet()
