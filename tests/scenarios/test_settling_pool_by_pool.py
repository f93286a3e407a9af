"""Every pool is settled for itself: one that cannot be waits alone, and a person's halt holds before the next."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from partnersync.errors import ConflictError, StateError
from service.commands.serve import Service
from service.cycle import Silent, run_cycle
from service.metrics import Metrics
from service.naming import Names
from service.schedule import Slot
from service.shop import Shop, opened
from service.steps.rules import rules_of_the_day
from service.story import tell
from state import leases
from state.ledger import Ledger
from state.pools import Pools
from tests.scenarios.conftest import Company


@dataclass
class Halves:
    """Northwind's deals of 40,000 and 30,000 in one pool and Contoso's of 10,000 in another; all are posted."""

    company: Company
    first: str
    second: str
    other: str

    def configure(self, old: str, new: str) -> None:
        """What a RevOps person changes in the config."""
        text = self.company.config.read_text(encoding="utf-8")
        assert old in text
        self.company.config.write_text(text.replace(old, new), encoding="utf-8")

    def posted(self) -> dict[str, int]:
        """The sum of the ledger by deal."""
        sums: dict[str, int] = {}
        for deal, _, minor, _ in self.company.ledger():
            sums[deal] = sums.get(deal, 0) + minor
        return sums

    def shown(self, deal: str) -> float:
        return float(self.company.says("salesforce", "Opportunity", deal, "Partner_Commission__c"))

    def waiting(self) -> list[str]:
        """The plans of the pools that are still marked."""
        with opened(self.company.config) as shop:
            return [each.pool.plan for each in Pools(shop.database).stream("dirty", shop.clock.now())]


@pytest.fixture
def halves(company: Company) -> Halves:
    rows = [
        {
            "Name": f"{partner} {amount}", "StageName": "Closed Won", "Amount": amount, "CurrencyIsoCode": "USD",
            "CloseDate": f"2026-08-{day}", "Type": "New", "Partner__c": partner,
        }
        for day, partner, amount in (("10", "Northwind", 40000), ("11", "Northwind", 30000), ("12", "Contoso", 10000))
    ]  # fmt: skip
    return Halves(company, *company.crm.world.salesforce.load("Opportunity", rows))


@pytest.fixture
def stuck(halves: Halves) -> Halves:
    """The first deal cannot be read any more and the rule that it was entered under has another name; both others changed."""
    company = halves.company
    company.run(approve=True)
    assert halves.posted() == {halves.first: 400000, halves.second: 340000, halves.other: 120000}
    halves.configure("lost: [Closed Lost]", "lost: [Never]")
    halves.configure("- id: revenue", "- id: turnover")
    company.edit("salesforce", "Opportunity", halves.first, StageName="Closed Lost")
    company.edit("salesforce", "Opportunity", halves.second, Amount=50000)
    company.edit("salesforce", "Opportunity", halves.other, Amount=20000)
    return halves


def test_a_pool_with_an_unreadable_deal_under_a_rule_that_is_gone_waits_alone_and_is_told_of(
    stuck: Halves, capfd: pytest.CaptureFixture[str]
) -> None:
    seen = stuck.company.run(approve=True)

    told = capfd.readouterr().err
    assert stuck.posted() == {stuck.first: 400000, stuck.second: 340000, stuck.other: 240000}
    assert (stuck.shown(stuck.second), stuck.shown(stuck.other)) == (3400, 2400)
    assert (seen.moved.gross, seen.posted) == ({"USD": 120000}, 1)
    assert (seen.counts()["pools"], seen.counts()["pools_waiting"]) == (1, 1)
    assert stuck.waiting() == ["reseller"]
    assert told.count("pool waits") == 1
    for words in (f"salesforce:{stuck.first}", "plan reseller", "rule revenue", "readable again", "`was: revenue`"):
        assert words in told


@pytest.mark.parametrize("remedy", ["readable", "was"])
def test_a_pool_that_waited_is_settled_once_the_deal_can_be_read_or_its_rule_is_known_again(
    stuck: Halves, remedy: str
) -> None:
    stuck.company.run(approve=True)
    if remedy == "readable":
        stuck.company.edit("salesforce", "Opportunity", stuck.first, StageName="Closed Won")
    else:
        stuck.configure("- id: turnover", "- id: turnover\n          was: revenue")

    mended = stuck.company.run(approve=True)
    again = stuck.company.run()

    assert mended.counts()["pools_waiting"] == 0
    assert stuck.posted() == {stuck.first: 400000, stuck.second: 580000, stuck.other: 240000}
    assert (again.posted, stuck.waiting()) == (0, [])
    assert stuck.shown(stuck.second) == 5800


def test_a_deal_under_a_plan_that_is_gone_says_so_and_nothing_of_it_is_taken_back(
    stuck: Halves, capfd: pytest.CaptureFixture[str]
) -> None:
    stuck.configure("- id: reseller", "- id: channel-sales")

    stuck.company.run(approve=True)

    assert stuck.posted()[stuck.first] == 400000
    assert "`was: reseller`" in capfd.readouterr().err


def test_a_deal_that_holds_up_its_pool_is_explained_by_what_to_do(stuck: Halves) -> None:
    stuck.company.run(approve=True)

    with opened(stuck.company.config) as shop:
        rules = rules_of_the_day(shop, shop.clock.now())
        deal = next(line.key.opportunity for line in Ledger(shop.database).lines() if line.key.rule == "revenue")
        with pytest.raises(StateError, match="readable again"):
            tell(shop, rules, Names(shop, rules.book), deal)


class Halting(Silent):
    """A person who halts the workspace as soon as something is posted."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def at(self, what: str, done: int, total: int | None = None) -> None:
        """Pull the switch."""
        if what == "lines" and done:
            leases.halt(self.shop.database, "dana")


def test_a_halt_stops_posting_before_the_next_pool(halves: Halves) -> None:
    company = halves.company
    with opened(company.config) as shop:
        with pytest.raises(ConflictError, match="dana halted this workspace"):
            run_cycle(shop, approve="dana", watcher=Halting(shop))
        posted = {line.key.plan for line in Ledger(shop.database).lines()}
        leases.resume(shop.database)

    assert len(posted) == 1
    assert company.writes() == 0
    company.run()
    assert halves.posted() == {halves.first: 400000, halves.second: 340000, halves.other: 120000}


def test_a_service_whose_cycle_broke_down_is_not_ready_until_one_ends_well(
    halves: Halves, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = halves.company
    company.run(approve=True)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("what nobody thought of, with a customer's name")

    with opened(company.config) as shop:
        service = Service(shop, Metrics())
        with monkeypatch.context() as patch:
            patch.setattr("service.commands.serve.run_cycle", broken)
            service.scheduler.tick()  # the scheduler outlives it
        unready = service.ready()
        service.cycle([Slot(shop.clock.now(), name, "hot") for name in shop.settings.connections])

        assert "RuntimeError" in unready
        assert "customer" not in unready
        assert (service.ready(), service.alive()) == ("", "")
