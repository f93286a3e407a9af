"""Whatever happens to deals, in whatever order it is heard of: the ledger sums to what is owed."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from partnersync.facts import Dossier, Opportunity, Version
from partnersync.lines import Entry, Key, Pool, Posted
from reconcile.commission.calendar import FiscalCalendar, Periods
from reconcile.commission.entries import entries
from reconcile.commission.rates import RateTable
from reconcile.commission.settle import settle
from tests.reconcile.commission.programme import BOUNTY, GRADUATED, PERCENT, Programme, rate, ref

PLANS = (GRADUATED, PERCENT, BOUNTY, GRADUATED + PERCENT.split("plans:\n")[1] + BOUNTY.split("plans:\n")[1])
RATES = [rate("2026-02-01", "EUR", "USD", "1.083"), rate("2026-05-01", "EUR", "USD", "1.127")]
DAYS = ("2025-12-31", "2026-02-01", "2026-02-03", "2026-03-31", "2026-05-02", None)

amounts = st.one_of(st.none(), st.integers(-9_000_000, 20_000_000).map(lambda cents: str(Decimal(cents).scaleb(-2))))
edits = st.tuples(
    st.sampled_from("abcd"),
    amounts,
    st.sampled_from(DAYS),
    st.sampled_from(["won", "won", "won", "lost", "gone"]),
    st.sampled_from(["USD", "USD", "EUR", None]),
    st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(2, 7)]),
)


def apply(programme: Programme, edit: tuple[str, str | None, str | None, str, str | None, Fraction]) -> None:
    id_, amount, on, outcome, currency, share = edit
    if outcome == "gone":
        if id_ in programme.histories:
            programme.delete(id_)
        return
    rest = {"bolt": 1 - share} if share < 1 else {}
    programme.deal(id_, amount, on, outcome=outcome, currency=currency, roles={"sourced": {"acme": share, **rest}})


def sums(programme: Programme) -> dict[Key, int]:
    held: dict[Key, int] = defaultdict(int)
    for line in programme.lines:
        held[line.key] += line.minor
    return {key: minor for key, minor in held.items() if minor}


@given(st.sampled_from(PLANS), st.lists(edits, min_size=1, max_size=12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_cycle_after_every_edit_and_one_at_the_end_owe_the_same(
    plan: str, history: list[object], locked: bool
) -> None:
    often, once = Programme(plan, rates=RATES), Programme(plan, rates=RATES)
    for edit in history:
        for programme in (often, once):
            apply(programme, edit)  # type: ignore[arg-type]
        often.cycle()
        if locked:
            often.closed["2026-Q1"] = "locked"
    once.cycle()

    assert sums(often) == sums(once)
    assert often.cycle() == once.cycle() == []
    owed = {each.key: each.minor for each in often.owed}
    assert all(owed[key] == minor for key, minor in sums(often).items())
    assert not any(settled.waiting for settled in often.settled.values())


@given(st.sampled_from(PLANS), st.permutations(list("abcdef")), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_the_order_in_which_deals_arrive_does_not_matter(plan: str, order: list[str], seed: int) -> None:
    random = Random(seed)
    facts = {
        id_: (str(Decimal(random.randrange(-(10**6), 10**7)).scaleb(-2)), random.choice(DAYS[1:5])) for id_ in "abcdef"
    }
    arrived, together = Programme(plan), Programme(plan)
    for id_ in order:
        arrived.deal(id_, *facts[id_])
        arrived.cycle()
    for id_ in "abcdef":
        together.deal(id_, *facts[id_])
    together.cycle()

    assert sums(arrived) == sums(together), f"seed {seed}"


@given(st.sampled_from(PLANS), st.lists(edits, min_size=2, max_size=6), st.sampled_from("abcd"))
@settings(max_examples=40, deadline=None)
def test_removing_a_deal_and_restoring_it_nets_to_zero(plan: str, history: list[object], id_: str) -> None:
    programme = Programme(plan, rates=RATES)
    programme.deal(id_, "40000")
    for edit in history:
        apply(programme, edit)  # type: ignore[arg-type]
    if programme.histories[id_][-1].fact is None:
        programme.restore(id_)
    programme.cycle()
    before = sums(programme)

    programme.delete(id_)
    programme.cycle()
    without = sums(programme)
    programme.restore(id_)
    programme.cycle()

    assert sums(programme) == before
    assert not any(key.opportunity == ref(id_) for key in without)


def whole(revenue: Fraction) -> Fraction:
    """C(R) in minor units, written down a second time and differently: the whole revenue through the brackets at once."""
    first = min(revenue, Fraction(5_000_000)) * Fraction(10, 100)
    second = max(Fraction(0), min(revenue, Fraction(10_000_000)) - 5_000_000) * Fraction(12, 100)
    third = max(Fraction(0), revenue - 10_000_000) * Fraction(15, 100)
    return first + second + third


@given(st.lists(st.integers(-6_000_000, 9_000_000), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None)
def test_marginal_amounts_sum_to_the_whole_within_half_a_cent_each(cents: list[int]) -> None:
    programme = Programme(GRADUATED)
    for at, minor in enumerate(cents):
        programme.deal(
            f"d{at:02}", str(Decimal(minor).scaleb(-2)), (date(2026, 2, 1) + timedelta(days=at % 5)).isoformat()
        )
    programme.cycle()

    assert sum(each.exact for each in programme.owed) == whole(Fraction(sum(cents)))
    assert abs(programme.total() - whole(Fraction(sum(cents)))) <= Fraction(len(cents), 2)


def test_a_pool_of_twenty_thousand_deals_settles_well_under_a_second_and_does_not_grow_faster_than_its_deals() -> None:
    programme = Programme(GRADUATED, rates=[rate("2026-02-01", "EUR", "USD", "1.08731")])
    plans = programme.plans
    pool = Pool("channel", "reseller", "acme", "revenue", "2026-Q1", "USD")
    programme.deal("x", "1234.56", currency="EUR", roles={"sourced": {"acme": Fraction(1, 3)}})
    (pattern,) = programme.enter()["x"].entries
    periods = Periods(FiscalCalendar("America/New_York"), date(2027, 6, 1))

    def entry(at: int) -> Entry:
        basis = (pattern.basis or Fraction(0)) + Fraction(at % 977, 3)
        return Entry(
            pool, ref(f"{at:06}"), 1, pattern.version, pattern.rule, "sourced", date(2026, 1, 1) + timedelta(days=at % 90),
            pattern.created_at, f"{at:06}", basis, pattern.share, pattern.rate, None, pattern.facts, pattern.context,
        )  # fmt: skip

    def seconds(count: int) -> float:
        held = [entry(at) for at in range(count)]
        posted = {
            line.key: Posted(line.minor - 1, 1) for line in settle(plans, pool, held, {}, periods, NOW, actor="x").lines
        }
        started = time.process_time()
        again = settle(plans, pool, held, posted, periods, NOW, actor="x", changed={held[0].opportunity})
        taken = time.process_time() - started
        assert len(again.lines) == count
        return taken

    small, large = min(seconds(2_000) for _ in range(3)), min(seconds(20_000) for _ in range(2))

    assert large < 2.0
    assert large < small * 10 * 2.5


NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


def test_twenty_thousand_deals_are_entered_in_a_few_seconds() -> None:
    programme = Programme(PLANS[3], rates=RATES)
    plans = programme.plans
    table = RateTable.of(RATES, "USD")
    programme.deal("x", "1234.56", currency="EUR")
    (held,) = programme.credits.values()
    started = time.process_time()
    for at in range(2_000):
        fact = Opportunity(
            ref(str(at)), "d", "won", "s", amount=Decimal(at), currency="EUR", closes_on=date(2026, 2, 1)
        )
        dossier = Dossier((Version(fact, str(at), NOW, NOW),))
        assert len(entries(plans, programme, table, dossier, held, (), NOW).entries) == 3

    assert time.process_time() - started < 2.0
