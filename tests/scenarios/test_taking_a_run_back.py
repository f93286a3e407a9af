"""A run that should not have been: it is taken back, nothing of it comes again by itself, and what is right later is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from typer.testing import CliRunner

from partnersync.errors import ConflictError, StateError
from service.cli import app
from service.shop import opened
from service.steps.rollback import Rollback, roll_back
from state.holds import Holds
from state.ledger import Ledger
from state.reversals import Reversals
from state.runs import Runs
from tests.scenarios.conftest import Company

OBJECTS = (("salesforce", "Account"), ("salesforce", "Opportunity"), ("hubspot", "companies"), ("hubspot", "deals"))


@dataclass
class Mistake:
    """Two deals of a partner in Salesforce and one without a partner, which asks for a task; and what the CRMs said before."""

    company: Company
    deals: list[str]
    before: dict[str, Any]

    @property
    def run(self) -> int:
        """The number of the last run that was no rollback."""
        with opened(self.company.config) as shop:
            return next(each.id for each in Runs(shop.database).newest(20) if each.kind == "run")

    def back(self, run: int | None = None, *, approve: bool = True) -> Rollback:
        """Plan the rollback of the last run, or another, and say yes to that plan."""
        number = self.run if run is None else run
        with opened(self.company.config) as shop:
            found = roll_back(shop, number, "dana")
            return roll_back(shop, number, "dana", found.digest[:12]) if approve else found

    def crms(self) -> dict[str, Any]:
        """What people see, without stamps."""
        return {
            f"{crm}.{name}": self.company.control(f"dump?crm={crm}&object={name}&stamps=0") for crm, name in OBJECTS
        }

    def tasks(self) -> list[tuple[str, str]]:
        return [(row["Subject"], row["Status"]) for row in self.company.control("dump?crm=salesforce&object=Task")]

    def commission(self, deal: int = 0) -> Any:
        return self.company.says("salesforce", "Opportunity", self.deals[deal], "Partner_Commission__c")


@pytest.fixture
def mistake(company: Company) -> Mistake:
    sales = company.crm.world.salesforce
    (account,) = sales.load("Account", [{"Name": "Umbrella", "Website": "https://umbrella.io"}])
    rows = [
        {
            "Name": f"Umbrella {amount}", "AccountId": account, "StageName": "Closed Won", "Amount": amount,
            "CurrencyIsoCode": "USD", "CloseDate": "2026-08-10", "Type": "New", "Partner__c": "Northwind",
        }
        for amount in (40000, 30000)
    ]  # fmt: skip
    made = Mistake(company, list(sales.load("Opportunity", rows)), {})
    made.before = made.crms()
    company.run(approve=True)
    return made


def test_a_run_taken_back_leaves_the_crms_and_the_balance_as_before_and_does_not_come_again(mistake: Mistake) -> None:
    company = mistake.company
    assert mistake.crms() != mistake.before
    assert company.owed().minor == 740000

    done = mistake.back().done

    assert done is not None
    assert not done.noteworthy
    assert mistake.crms() == mistake.before
    assert company.owed().minor == 0
    assert len(company.ledger()) == 4  # nothing is deleted from the ledger
    company.forget_calls()
    for _ in range(2):
        company.run(approve=True)
    assert company.writes() == 0
    assert len(company.ledger()) == 4
    assert mistake.crms() == mistake.before


def test_taken_back_twice_is_taken_back_once(mistake: Mistake) -> None:
    run = mistake.run
    mistake.back(run)
    mistake.company.forget_calls()

    again = mistake.back(run)

    assert (again.plan.changes, again.lines, again.left) == ((), (), ())
    assert mistake.company.writes() == 0


def test_showing_it_writes_and_posts_nothing(mistake: Mistake) -> None:
    company = mistake.company
    after, lines = mistake.crms(), company.ledger()
    company.forget_calls()

    found = mistake.back(approve=False)

    assert found.plan.totals["sent"] == len(found.plan.changes) > 0
    assert [line.minor for line in found.lines] == [-400000, -340000]
    assert (mistake.crms(), company.ledger(), company.writes()) == (after, lines, 0)
    with opened(company.config) as shop:
        assert not Holds(shop.database).all()
        assert not Reversals(shop.database).all()


def test_what_a_person_edited_since_is_left_and_listed(mistake: Mistake) -> None:
    company, first = mistake.company, mistake.deals[0]
    company.edit(
        "salesforce", "Opportunity", first, Partner_Role__c="Influenced"
    )  # ours_wins: every run would overwrite it
    company.edit("salesforce", "Opportunity", first, Partner_Commission__c=77)

    found = mistake.back()

    assert sorted((left.ref.id, left.what, left.why) for left in found.left) == [
        (first, "Partner_Commission__c", "edited since; it says 77 now"),
        (first, "Partner_Role__c", "edited since; it says Influenced now"),
    ]
    assert (float(mistake.commission(0)), mistake.commission(1)) == (77, None)
    company.run(approve=True)
    assert company.says("salesforce", "Opportunity", first, "Partner_Role__c") == "Influenced"


def test_once_another_amount_is_right_it_is_written_and_paid_in_full(mistake: Mistake) -> None:
    company = mistake.company
    mistake.back()
    company.edit("salesforce", "Opportunity", mistake.deals[0], Amount=50000)

    company.run(approve=True)

    assert float(mistake.commission(0)) == 5000
    with opened(company.config) as shop:
        sums: dict[str, int] = {}
        for line in Ledger(shop.database).lines():
            sums[line.key.opportunity.id] = sums.get(line.key.opportunity.id, 0) + line.minor
        assert sums[mistake.deals[0]] == 500000
    company.forget_calls()
    company.run()
    assert company.writes() == 0


def test_what_is_released_is_written_and_paid_again(mistake: Mistake) -> None:
    company, run = mistake.company, mistake.run
    after = mistake.crms()
    mistake.back(run)

    said = CliRunner().invoke(app, ["hold", "release", "--run", str(run), "--config", str(company.config)])

    assert said.exit_code == 0, said.output
    company.run(approve=True)
    assert company.owed().minor == 740000
    assert mistake.crms() == after


def test_of_the_second_of_two_runs_only_its_own_part_is_taken_back(mistake: Mistake) -> None:
    company = mistake.company
    first, between = mistake.run, mistake.crms()
    company.edit("salesforce", "Opportunity", mistake.deals[0], Amount=50000)
    company.run(approve=True)
    assert float(mistake.commission(0)) == 5000

    found = mistake.back()
    early = mistake.back(first, approve=False)

    assert [line.minor for line in found.lines] == [-100000, -20000]
    assert (float(mistake.commission(0)), float(mistake.commission(1))) == (4000, 3400)
    assert company.owed().minor == 740000
    assert {left.why for left in early.left} >= {"a later run posted to it"}
    assert mistake.crms()["salesforce.Account"] == between["salesforce.Account"]


def test_a_task_that_the_run_made_is_closed_and_not_made_again(mistake: Mistake) -> None:
    company = mistake.company
    text = company.config.read_text(encoding="utf-8")
    company.config.write_text(text.replace(", attribution.influenced: present}", "}"), encoding="utf-8")
    company.crm.world.salesforce.load(
        "Opportunity",
        [
            {
                "Name": "Lonely",
                "StageName": "Closed Won",
                "Amount": 10,
                "CurrencyIsoCode": "USD",
                "CloseDate": "2026-08-10",
            }
        ],
    )
    company.run(approve=True)
    open_ones = [subject for subject, status in mistake.tasks() if status != "Completed"]
    assert len(open_ones) == 1

    mistake.back()

    assert [status for _, status in mistake.tasks()] == ["Completed"]
    company.run(approve=True)
    assert len(mistake.tasks()) == 1


def test_another_plan_than_the_one_that_was_read_is_refused(mistake: Mistake) -> None:
    company, run = mistake.company, mistake.run
    read = mistake.back(run, approve=False)
    company.edit("salesforce", "Opportunity", mistake.deals[0], Partner_Commission__c=1)

    with opened(company.config) as shop, pytest.raises(ConflictError, match="not the plan that you read"):
        roll_back(shop, run, "dana", read.digest[:12])

    assert company.owed().minor == 740000


def test_the_guards_speak_before_a_rollback_as_before_any_plan(mistake: Mistake) -> None:
    config = mistake.company.config
    text = config.read_text(encoding="utf-8")
    text = text.replace("max_changes: 500", "max_changes: 1").replace("_moved: 25000 USD", "_moved: 100 USD")
    config.write_text(text, encoding="utf-8")

    told = " ".join(mistake.back(approve=False).reasons)

    assert "changes are more than guards.max_changes allows (1)" in told
    assert "7,400.00 USD of commission would move" in told


def test_a_halted_workspace_takes_nothing_back(mistake: Mistake) -> None:
    company = mistake.company
    CliRunner().invoke(app, ["halt", "--config", str(company.config)])

    with pytest.raises(ConflictError, match="halted"):
        mistake.back()

    assert company.owed().minor == 740000
    assert mistake.crms() != mistake.before


def test_no_rollback_is_rolled_back_and_no_unknown_run(mistake: Mistake) -> None:
    mistake.back()
    with opened(mistake.company.config) as shop:
        (last,) = Runs(shop.database).newest(1)
        for number in (last.id, 999):
            with pytest.raises(StateError):
                roll_back(shop, number, "dana")
        assert replace(last, kind="rollback") == last
