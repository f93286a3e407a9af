"""A file comes with half of its rows: whatever follows from that waits for a person, not for the next cycle."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from partnersync.changes import Plan
from partnersync.errors import UnsafePlanError
from service.cycle import Report, run_cycle
from service.shop import opened
from state.plans import Plans
from tests.scenarios.conftest import CSV, Company


@dataclass
class Registered:
    """A partner's won deal, and ten registrations in a file."""

    company: Company
    deal: str

    def file(self, rows: int) -> None:
        """The file comes anew with so many rows."""
        made = [f"R-{n},northwind,approved,,,Nobody,nobody{n}.io,,2026-01-01,2026-01-02,,,\n" for n in range(rows)]
        (self.company.home / "registrations.csv").write_text(CSV["registrations.csv"] + "".join(made), encoding="utf-8")

    def worth(self, amount: int) -> None:
        """A rep corrects the deal, so that there is something to write."""
        self.company.edit("salesforce", "Opportunity", self.deal, Amount=amount)

    def commission(self) -> float:
        return float(self.company.says("salesforce", "Opportunity", self.deal, "Partner_Commission__c"))

    def waits(self) -> Plan:
        """A cycle that ends without a write, for the file fell too short; gives its plan."""
        self.company.forget_calls()
        with pytest.raises(UnsafePlanError, match=r"registrations\.csv returned \d+ records, 10 before") as stopped:
            self.company.run()
        assert self.company.writes() == 0
        return stopped.value.plan

    def apply(self, plan: str | None = None) -> Report:
        """As ``partnersync apply PLAN`` does it."""
        with opened(self.company.config) as shop:
            read = Plans(shop.database).find(plan)
            assert read is not None
            return run_cycle(shop, approve="dana@acme.com", approved=read, kind="apply")


@pytest.fixture
def registered(company: Company) -> Registered:
    sales = company.crm.world.salesforce
    (account,) = sales.load("Account", [{"Name": "Umbrella", "Website": "https://umbrella.io"}])
    row = {
        "Name": "Umbrella", "AccountId": account, "StageName": "Closed Won", "Amount": 10000,
        "CurrencyIsoCode": "USD", "CloseDate": "2026-08-12", "Type": "New", "Partner__c": "Northwind",
    }  # fmt: skip
    (deal,) = sales.load("Opportunity", [row])
    made = Registered(company, deal)
    made.file(10)
    company.run(approve=True)
    assert made.commission() == 1000
    return made


def test_what_follows_from_a_file_that_shrank_waits_in_every_cycle_until_a_person_says_yes(
    registered: Registered,
) -> None:
    """In ``serve`` the file is read by a cycle that only plans, and by none after it while it stays as it is."""
    company = registered.company
    registered.file(5)
    registered.worth(20000)

    report = company.run(apply=False)
    registered.waits()
    registered.waits()
    waited = registered.commission()
    company.run(approve=True)
    registered.worth(30000)
    company.run()

    assert ["guards.max_shrink" in reason for reason in report.reasons] == [True]
    assert (waited, registered.commission()) == (1000, 3000)


def test_a_file_that_has_its_rows_again_holds_nothing_up(registered: Registered) -> None:
    registered.file(5)
    registered.worth(20000)
    registered.waits()

    registered.file(9)
    registered.company.run()

    assert registered.commission() == 2000


def test_a_file_that_shrank_again_before_anybody_looked_is_held_against_what_it_had_at_first(
    registered: Registered,
) -> None:
    registered.file(7)
    registered.worth(20000)
    registered.waits()
    registered.file(6)

    registered.waits()


def test_a_file_may_lose_a_few_rows_again_and_again(registered: Registered) -> None:
    for rows in (8, 7, 6, 5):
        registered.file(rows)
        registered.company.run()
    registered.worth(20000)

    registered.company.run()

    assert registered.commission() == 2000


def test_a_higher_limit_lets_the_plan_pass(registered: Registered) -> None:
    registered.file(5)
    registered.worth(20000)
    registered.waits()
    config = registered.company.config
    config.write_text(
        config.read_text(encoding="utf-8").replace("guards: {", "guards: {max_shrink: 50%, ", 1), encoding="utf-8"
    )

    registered.company.run()

    assert registered.commission() == 2000


def test_the_yes_to_the_plan_that_tells_of_it_is_enough_even_where_the_plan_changes_nothing(
    registered: Registered,
) -> None:
    registered.file(5)
    waiting = registered.waits()

    registered.apply()
    registered.worth(20000)
    registered.company.run()

    assert waiting.changes == ()
    assert registered.commission() == 2000


def test_the_yes_to_a_plan_that_was_read_before_is_none_to_what_follows_from_the_file(registered: Registered) -> None:
    registered.worth(20000)
    early = registered.company.run(apply=False).plan
    assert early is not None
    registered.file(5)

    registered.apply(early.digest)
    sent = registered.commission()
    registered.worth(30000)

    registered.waits()
    assert sent == 2000
