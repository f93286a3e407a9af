"""``policy: review``: where a person typed over a value of ours, one task asks them, whatever comes in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from partnersync.changes import TaskChange
from service.cycle import run_cycle
from service.shop import opened
from tests.scenarios.conftest import Company


@pytest.fixture
def edited(company: Company) -> Company:
    """A deal of a partner whose field a rep wrote over, where the config has a person asked."""
    text = company.config.read_text(encoding="utf-8")
    before = "      Partner__c: {value: partner.name, policy: crm_wins}"
    company.config.write_text(text.replace(before, before.replace("crm_wins", "review"), 1), encoding="utf-8")
    (account,) = company.crm.world.salesforce.load("Account", [{"Name": "Umbrella", "Website": "https://umbrella.io"}])
    deal = {
        "Name": "Umbrella", "AccountId": account, "StageName": "Prospecting", "Amount": 40000, "CurrencyIsoCode": "USD",
        "CloseDate": "2027-08-10", "Type": "New", "Partner__c": "Northwind",
    }  # fmt: skip
    (id_,) = company.crm.world.salesforce.load("Opportunity", [deal])
    company.run(approve=True)
    company.edit("salesforce", "Opportunity", id_, Partner__c="Somebody else")
    return company


def asked(company: Company) -> list[str]:
    return [row["Subject"] for row in company.control("dump?crm=salesforce&object=Task") if "Check" in row["Subject"]]


def test_a_person_who_typed_over_a_value_of_ours_is_asked_once(edited: Company) -> None:
    edited.run()
    edited.run()

    assert asked(edited) == ["Check Partner__c of Umbrella"]


def test_a_person_is_asked_in_the_next_run_where_the_task_could_not_be_made(edited: Company) -> None:
    ended = {"kind": "status", "code": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]}
    edited.control("faults", {"writes_only": True, "action": ended})
    assert edited.run().failed
    edited.crm.world.faults.remove()
    assert asked(edited) == []

    edited.run()
    edited.run()

    assert asked(edited) == ["Check Partner__c of Umbrella"]


def test_a_plan_with_a_task_that_was_read_on_another_day_is_applied_whole(edited: Company) -> None:
    """On which day a task is due is a matter of when it is made, and nothing that a person says yes to anew."""
    with opened(edited.config) as shop:
        plan = run_cycle(shop, apply=False).plan
    assert plan is not None
    yesterday = [
        replace(change, due_on=change.due_on - timedelta(days=1)) if isinstance(change, TaskChange) else change
        for change in plan.changes
    ]
    assert any(isinstance(change, TaskChange) for change in yesterday)
    read = replace(plan, changes=tuple(yesterday))

    with opened(edited.config) as shop:
        report = run_cycle(shop, approve="dana@acme.com", approved=read, exact=True)

    assert report.done.counts["unapproved"] == 0
    assert asked(edited) == ["Check Partner__c of Umbrella"]


def test_a_person_is_asked_about_a_customer_too(company: Company) -> None:
    before = "      Partner__c: {value: partner.name, policy: crm_wins}\n      Partner_Open_Deals__c"
    text = company.config.read_text(encoding="utf-8")
    assert before in text
    company.config.write_text(text.replace(before, before.replace("crm_wins", "review"), 1), encoding="utf-8")
    (account,) = company.crm.world.salesforce.load("Account", [{"Name": "Umbrella", "Website": "https://umbrella.io"}])
    deal = {
        "Name": "Umbrella 4", "AccountId": account, "StageName": "Prospecting", "Amount": 40000, "CurrencyIsoCode": "USD",
        "CloseDate": "2027-08-10", "Type": "New", "Partner__c": "Northwind",
    }  # fmt: skip
    company.crm.world.salesforce.load("Opportunity", [deal])
    company.run(approve=True)
    assert company.says("salesforce", "Account", account, "Partner__c") == "Northwind"
    company.edit("salesforce", "Account", account, Partner__c="Somebody else")

    company.run()
    company.run()

    assert asked(company) == ["Check Partner__c of Umbrella"]
    assert [row["WhatId"] for row in company.control("dump?crm=salesforce&object=Task")] == [account]
