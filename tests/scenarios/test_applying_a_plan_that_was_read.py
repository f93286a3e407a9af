"""A person reads a plan in the evening and applies it in the morning: what they read is done, and nothing that they did not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from partnersync.changes import Plan
from partnersync.errors import ConflictError, UnsafePlanError
from service.cycle import Report, run_cycle
from service.shop import opened
from state.plans import Plans
from tests.scenarios.conftest import Company


@dataclass
class Evening:
    """Two won deals of a partner, and the plan that waits for a person."""

    company: Company
    deals: list[str]
    account: str
    plan: str

    def apply(self, plan: str | None = None, *, exact: bool = False) -> Report:
        """As ``partnersync apply PLAN`` does it."""
        with opened(self.company.config) as shop:
            read = Plans(shop.database).find(plan or self.plan)
            assert isinstance(read, Plan)
            return run_cycle(shop, approve="dana@acme.com", approved=read, exact=exact, kind="apply")

    def commission(self, deal: int) -> object:
        return self.company.says("salesforce", "Opportunity", self.deals[deal], "Partner_Commission__c")

    def close(self, amount: int) -> str:
        """A rep wins another deal."""
        row = {
            "Name": f"Umbrella {amount}", "AccountId": self.account, "StageName": "Closed Won", "Amount": amount,
            "CurrencyIsoCode": "USD", "CloseDate": "2026-08-12", "Type": "New", "Partner__c": "Northwind",
        }  # fmt: skip
        (id_,) = self.company.crm.world.salesforce.load("Opportunity", [row])
        return id_

    def edit_config(self, before: str, after: str) -> None:
        text = self.company.config.read_text(encoding="utf-8")
        assert before in text
        self.company.config.write_text(text.replace(before, after, 1), encoding="utf-8")


@pytest.fixture
def evening(company: Company) -> Evening:
    (account,) = company.crm.world.salesforce.load("Account", [{"Name": "Umbrella", "Website": "https://umbrella.io"}])
    made = Evening(company, [], account, "")
    made.deals = [made.close(40000), made.close(30000)]
    with pytest.raises(UnsafePlanError) as waits:
        company.run()
    made.plan = waits.value.plan.digest
    return made


@pytest.mark.parametrize("exact", [False, True])
def test_a_plan_that_was_read_is_applied_whole_while_nothing_moves(evening: Evening, exact: bool) -> None:
    report = evening.apply(exact=exact)

    assert report.done.counts["unapproved"] == 0
    assert [float(str(evening.commission(n))) for n in (0, 1)] == [4000, 3400]
    assert evening.company.owed().minor == 740000
    evening.company.forget_calls()
    evening.company.run()
    assert evening.company.writes() == 0


def test_of_a_plan_that_was_read_what_moved_since_is_not_sent(evening: Evening) -> None:
    evening.company.edit("salesforce", "Opportunity", evening.deals[1], Amount=31000)

    report = evening.apply()

    assert report.done.counts["unapproved"] >= 1
    assert float(str(evening.commission(0))) == 4000
    assert evening.commission(1) is None


def test_all_of_a_plan_or_nothing_where_a_person_says_so(evening: Evening) -> None:
    evening.company.edit("salesforce", "Opportunity", evening.deals[1], Amount=31000)

    with pytest.raises(ConflictError, match="the world moved"):
        evening.apply(exact=True)

    assert (evening.company.writes(), evening.company.ledger()) == (0, [])


def test_a_plan_made_by_other_rules_is_refused_and_they_are_not_approved_by_it(evening: Evening) -> None:
    """Somebody edits the YAML between reading and applying: nobody has looked at what the new rules would do."""
    evening.edit_config("rate: 10%", "rate: 90%")

    with pytest.raises(ConflictError, match="other rules"):
        evening.apply()

    assert (evening.company.writes(), evening.company.ledger()) == (0, [])
    with pytest.raises(UnsafePlanError, match="has not been approved"):
        evening.company.run()


def test_a_limit_that_the_plan_that_was_read_kept_still_holds_when_it_is_applied(evening: Evening) -> None:
    """A rep wins a huge deal over night; the yes to two small ones pays no commission on it."""
    evening.edit_config("_moved: 25000 USD", "_moved: 8000 USD")
    evening.close(9_000_000)

    with pytest.raises(UnsafePlanError, match="commission would move"):
        evening.apply()

    assert (evening.company.writes(), evening.company.ledger()) == (0, [])


def test_a_limit_that_a_person_was_told_of_holds_nothing_up(evening: Evening) -> None:
    evening.edit_config("_moved: 25000 USD", "_moved: 1000 USD")
    with pytest.raises(UnsafePlanError, match="commission would move"):
        evening.company.run()

    evening.apply()

    assert evening.company.owed().minor == 740000
