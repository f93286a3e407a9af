"""A run that wrote to both CRMs is taken back in both, also where the answers are lost or the rollback itself is killed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from service.cycle import run_cycle
from service.shop import opened
from state.holds import Holds
from tests.scenarios.conftest import Company
from tests.scenarios.test_taking_a_run_back import Mistake

WRITES = ("collections.update", "batch.update.deals")


@pytest.fixture
def mistake(company: Company) -> Mistake:
    """A deal of a partner in each CRM, about customers that have nothing to do with each other."""
    sales, hubspot = company.crm.world.salesforce, company.crm.world.hubspot
    (account,) = sales.load("Account", [{"Name": "Umbrella", "Website": "https://umbrella.io"}])
    deal = {
        "Name": "Umbrella", "AccountId": account, "StageName": "Closed Won", "Amount": 40000, "CurrencyIsoCode": "USD",
        "CloseDate": "2026-08-10", "Type": "New", "Partner__c": "Northwind",
    }  # fmt: skip
    (first,) = sales.load("Opportunity", [deal])
    (company_id,) = hubspot.load("companies", [{"properties": {"name": "Initech", "domain": "initech.example"}}])
    theirs = {
        "dealname": "Initech", "dealstage": "closedwon", "amount": "30000", "deal_currency_code": "USD",
        "closedate": "2026-08-10T12:00:00Z", "dealtype": "newbusiness", "partner": "Northwind",
    }  # fmt: skip
    (second,) = hubspot.load("deals", [{"properties": theirs}])
    hubspot.associate_many("deals", "companies", [(second, company_id)])
    made = Mistake(company, [first, second], {})
    made.before = made.crms()
    company.run(approve=True)
    return made


def test_a_run_that_wrote_to_both_crms_is_taken_back_in_both(mistake: Mistake) -> None:
    company = mistake.company
    after, owed = mistake.crms(), company.owed().minor
    changed = {name for name, rows in after.items() if rows != mistake.before[name]}
    assert changed >= {"salesforce.Opportunity", "hubspot.deals"}
    assert owed > 0

    mistake.back()

    assert mistake.crms() == mistake.before
    assert company.owed().minor == 0
    company.forget_calls()
    company.run(approve=True)
    assert company.writes() == 0


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_a_rollback_whose_answers_are_lost_is_finished_by_running_it_again(mistake: Mistake, when: str) -> None:
    company, run = mistake.company, mistake.run
    for endpoint in WRITES:
        company.control("faults", {"endpoint": endpoint, "when": when, "nth": 1, "action": "drop"})
    mistake.back(run)
    assert [fault["fired"] for fault in company.control("faults")] == [1, 1]
    company.crm.world.faults.remove()

    mistake.back(run)

    assert mistake.crms() == mistake.before
    assert company.owed().minor == 0
    company.forget_calls()
    company.run(approve=True)
    assert company.writes() == 0


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_a_rollback_that_is_killed_writes_nothing_twice_and_is_finished_by_running_it_again(
    mistake: Mistake, when: str
) -> None:
    """By SIGKILL at its first write; the cycle in between, which a service would run, brings nothing of the run back."""
    company, run = mistake.company, mistake.run
    digest = mistake.back(run, approve=False).digest
    company.control("faults", {"writes_only": True, "when": when, "nth": 1, "action": "kill"})
    command = [sys.executable, "-m", "service", "rollback", str(run), "--approve", digest[:12]]

    ended = subprocess.run([*command, "--config", str(company.config)], capture_output=True, check=False, timeout=60)
    company.crm.world.faults.remove()
    with opened(company.config) as shop:
        held = len(Holds(shop.database).all())
        run_cycle(shop, approve="dana@acme.com")
    mistake.back(run)

    assert ended.returncode == -9, ended.stderr
    assert held
    assert mistake.crms() == mistake.before
    assert company.owed().minor == 0
    company.forget_calls()
    company.run(approve=True)
    assert company.writes() == 0


def test_a_crm_that_is_down_is_left_and_listed_and_taken_back_when_it_answers(mistake: Mistake) -> None:
    company, run = mistake.company, mistake.run
    down = {"kind": "status", "code": 503, "headers": {"Retry-After": "300"}}
    company.control("faults", {"vendor": "hubspot", "action": down})
    found = mistake.back(run)
    company.crm.world.faults.remove()

    assert set(found.failed) == {"hubspot"}
    assert {left.why for left in found.left} == {"hubspot could not be asked"}
    assert mistake.crms()["salesforce.Opportunity"] == mistake.before["salesforce.Opportunity"]
    company.run(approve=True)
    mistake.back(run)
    assert mistake.crms() == mistake.before
    assert company.owed().minor == 0


def test_what_a_rollback_never_came_to_send_is_put_back_by_running_it_again(mistake: Mistake) -> None:
    """The credential of one CRM ends after the reading: its writes have no outcome at all, which is not the same as done."""
    company, run = mistake.company, mistake.run
    ended = {"kind": "status", "code": 401, "body": {"status": "error", "message": "expired"}}
    company.control("faults", {"endpoint": "batch.update.deals", "action": ended})
    found = mistake.back(run)
    company.crm.world.faults.remove()

    assert set(found.failed) == {"hubspot"}
    assert mistake.crms() != mistake.before
    mistake.back(run)
    assert mistake.crms() == mistake.before
    assert company.owed().minor == 0
