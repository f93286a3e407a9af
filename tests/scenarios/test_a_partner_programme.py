"""Stories that a partner manager can read: what happens in the CRMs and the ledger as a programme lives."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from partnersync.errors import StateError, UnsafePlanError
from reconcile.writeback.merge import MOST_WRITES
from service.shop import opened
from state.credits import Credits
from tests.scenarios.conftest import Company


@dataclass
class Quarter:
    """Northwind's three deals of a quarter: 40,000, 30,000 and 45,000, all typed by reps as Northwind's."""

    company: Company
    deals: list[str]
    account: str


@pytest.fixture
def quarter(company: Company) -> Quarter:
    sales = company.crm.world.salesforce
    (account,) = sales.load("Account", [{"Name": "Umbrella", "Website": "https://umbrella.io"}])
    rows = [
        {
            "Name": f"Umbrella {amount}", "AccountId": account, "StageName": "Closed Won", "Amount": amount,
            "CurrencyIsoCode": "USD", "CloseDate": f"2026-08-{day}", "Type": "New", "Partner__c": "Northwind",
        }
        for day, amount in (("10", 40000), ("11", 30000), ("12", 45000))
    ]  # fmt: skip
    return Quarter(company, list(sales.load("Opportunity", rows)), account)


def test_the_first_run_waits_for_a_person_and_writes_nothing(quarter: Quarter) -> None:
    company = quarter.company

    with pytest.raises(UnsafePlanError, match="has not been approved") as waiting:
        company.run()

    assert waiting.value.plan.changes
    assert (company.writes(), company.ledger()) == (0, [])


def test_three_deals_climb_the_brackets_and_the_crm_shows_what_each_earns(quarter: Quarter) -> None:
    company = quarter.company
    company.run(approve=True)

    shown = [company.says("salesforce", "Opportunity", deal, "Partner_Commission__c") for deal in quarter.deals]

    assert [float(each) for each in shown] == [4000, 3400, 5850]
    assert company.says("salesforce", "Account", quarter.account, "Partner__c") == "Northwind"
    assert str(company.owed()) == "13,250.00 USD"


def test_a_second_cycle_writes_nothing(quarter: Quarter) -> None:
    company = quarter.company
    company.run(approve=True)
    company.forget_calls()

    reports = [company.run() for _ in range(2)]

    assert [report.plan.changes if report.plan else None for report in reports] == [(), ()]
    assert [report.posted for report in reports] == [0, 0]
    assert company.writes() == 0


def test_a_deal_that_is_lost_after_all_takes_its_commission_back_and_rebrackets_the_others(quarter: Quarter) -> None:
    company, (first, second, third) = quarter.company, quarter.deals
    company.run(approve=True)
    before = len(company.ledger())

    company.edit("salesforce", "Opportunity", first, StageName="Closed Lost")
    company.run()

    new = sorted(company.ledger()[before:], key=lambda line: quarter.deals.index(line[0]))
    assert new == [
        (first, "adjustment", -400000, first),
        (second, "adjustment", -40000, first),
        (third, "adjustment", -85000, first),
    ]
    assert float(company.says("salesforce", "Opportunity", third, "Partner_Commission__c")) == 5000


def test_what_a_rep_typed_survives_a_hundred_percent_of_the_cycles(quarter: Quarter) -> None:
    company, deal = quarter.company, quarter.deals[0]
    company.run(approve=True)
    company.edit("salesforce", "Account", quarter.account, Partner__c="Ask Robin first")
    company.forget_calls()

    seen = [company.run().plan for _ in range(3)]

    assert [[change.action for change in plan.changes] for plan in seen if plan] == [["override"], [], []]
    assert company.says("salesforce", "Account", quarter.account, "Partner__c") == "Ask Robin first"
    assert company.says("salesforce", "Opportunity", deal, "Partner__c") == "Northwind"
    assert company.writes() == 0


def test_a_second_writer_of_one_field_is_given_way_after_a_few_rounds_and_told_of(quarter: Quarter) -> None:
    company, deal = quarter.company, quarter.deals[0]
    company.run(approve=True)
    written, told = 0, []

    for round_ in range(6):  # the CRMs' own native sync puts its value back whenever we have written ours
        company.crm.world.clock.move(5)
        company.edit("salesforce", "Opportunity", deal, Partner_Commission__c=round_ + 1)
        plan = company.run().plan
        assert plan is not None
        mine = [change for change in plan.changes if change.action in ("write", "hold")]
        written += sum(change.action == "write" for change in mine)
        told += [change.why for change in mine if change.action == "hold"]

    assert written == MOST_WRITES - 1  # the first run wrote it once
    assert ["another system writes this field too" in why for why in told] == [True]
    assert float(company.says("salesforce", "Opportunity", deal, "Partner_Commission__c")) == 6
    company.edit("salesforce", "Opportunity", deal, Amount=123_400)
    company.run(approve=True)
    assert float(company.says("salesforce", "Opportunity", deal, "Partner_Commission__c")) == 14_510


def test_a_partner_named_after_the_win_is_late_evidence_and_not_paid_without_a_decision(quarter: Quarter) -> None:
    company, (first, *_) = quarter.company, quarter.deals
    company.run(approve=True)

    company.crm.world.clock.move(5)  # Salesforce stamps whole seconds: the edit shall not fall into that of the win
    company.edit("salesforce", "Opportunity", first, Partner__c="Contoso")
    company.run()

    with opened(company.config) as shop:
        late = [found.ref.id for found in Credits(shop.database).findings() if found.code == "late_evidence"]
    assert late == [first]
    assert str(company.owed()) == "8,000.00 USD"
    assert company.says("salesforce", "Opportunity", first, "Partner__c") == "Contoso"


def test_a_deal_that_is_deleted_and_restored_nets_to_nothing_and_shows_both(quarter: Quarter) -> None:
    company, (first, *_) = quarter.company, quarter.deals
    company.run(approve=True)
    before = company.owed()

    company.control("delete", {"crm": "salesforce", "object": "Opportunity", "id": first, "as": "Robin Reyes"})
    company.run()
    gone = company.owed()
    company.control("clock", {"move": 90})
    company.control("restore", {"crm": "salesforce", "object": "Opportunity", "id": first, "as": "Robin Reyes"})
    company.run()

    assert str(gone) == "8,000.00 USD"
    assert company.owed() == before
    assert [minor for deal, _, minor, _ in company.ledger() if deal == first] == [400000, -400000, 400000]


def test_a_deal_in_euros_is_paid_in_dollars_at_its_own_days_rate_for_ever(company: Company) -> None:
    sales = company.crm.world.salesforce
    sales.load(
        "Opportunity",
        [
            {
                "Name": "Euro", "StageName": "Closed Won", "Amount": 60000, "CurrencyIsoCode": "EUR",
                "CloseDate": "2026-08-03", "Type": "New", "Partner__c": "Northwind",
            }
        ],
    )  # fmt: skip
    company.run(approve=True)
    (company.home / "rates.csv").write_text("date,from,to,rate\n2026-08-01,EUR,USD,2.00\n", encoding="utf-8")
    company.run(approve=True)

    assert [minor for _, _, minor, _ in company.ledger()] == [677600]


def test_an_unmapped_stage_sets_one_deal_aside_and_the_others_go_on(quarter: Quarter) -> None:
    company, (first, second, third) = quarter.company, quarter.deals
    text = company.config.read_text(encoding="utf-8").replace("lost: [Closed Lost]", "lost: [Never]")
    company.config.write_text(text, encoding="utf-8")
    company.edit("salesforce", "Opportunity", first, StageName="Closed Lost")

    report = company.run(approve=True)

    assert report.pulled.counts["quarantined"] == 1
    assert sorted(deal for deal, *_ in company.ledger()) == sorted([second, third])


def test_a_database_refuses_the_records_of_another_org(quarter: Quarter) -> None:
    company = quarter.company
    company.run(approve=True)
    text = company.config.read_text(encoding="utf-8").replace(
        "crm: hubspot\n    url", "crm: hubspot\n    allow_host: localhost\n    url"
    )
    company.config.write_text(text, encoding="utf-8")
    company.control("settings", {"hubspot": {"portal_id": 999}})

    with pytest.raises(StateError, match="another workspace or database"):
        company.run()
