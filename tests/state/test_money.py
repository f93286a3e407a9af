"""Credits, pools and lines: replaced decisions mark only what changed; lines are appended and never change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from partnersync.credits import Credit, Evidence, Finding
from partnersync.errors import ConflictError, StateError
from partnersync.lines import Entry, FrozenRate, Key, Line, Pool, Rate
from partnersync.money import Money
from state.credits import Credits, Decided
from state.database import Database, Fence
from state.dossiers import Dossiers
from state.facts import Facts
from state.ledger import Ledger
from state.pools import Pools
from state.schema import line
from tests.state.world import START, record, ref, remember

DEAL = ref("Opportunity", "1")
POOL = Pool("channel", "reseller", "acme", "revenue", "2026-Q1", "USD")
CREDIT = Credit(
    DEAL,
    "sourced",
    "acme",
    Fraction(1, 3),
    Money(333_333, "EUR"),
    "registered",
    "channel",
    (Evidence("registration", ref("Registration", "r"), "abc", START, "dana", "approved in time"),),
)
RATE = Rate("EUR", "USD", date(2026, 2, 27), Fraction(27, 25), "published")
ENTRY = Entry(
    POOL, DEAL, 1, "v1", "base", "sourced", date(2026, 3, 1), START, "sf/1", Fraction(100, 3), Fraction(1, 3), RATE
)
KEY = Key("channel", "acme", "reseller", "base", "sourced", DEAL, 1, "2026-Q1", "USD", "commission")
LINE = Line(KEY, "earned", 1000, 1, "2026-Q1", "sf/1", "partnersync", START, {"v": 1})


@pytest.fixture
def decided(database: Database, fence: Fence) -> Decided:
    facts = Facts(database)
    remember(facts, fence, record("Account", "a"))
    remember(facts, fence, record("Opportunity", "1", account="a"), record("Opportunity", "2"))
    return Decided(DEAL, (CREDIT,), (ENTRY,), (FrozenRate(DEAL, 1, date(2026, 3, 1), RATE),))


def marked(database: Database) -> list[str]:
    return [each.pool.plan for each in Pools(database).stream("dirty", START)]


def test_what_was_decided_comes_back_as_it_was(database: Database, fence: Fence, decided: Decided) -> None:
    Credits(database).replace(fence, [decided], "c1")

    (dossier,) = Dossiers(database).stream([DEAL], START)
    (pooled,) = Pools(database).stream("dirty", START)
    assert (dossier.credits, dossier.rates) == (decided.credits, decided.rates)
    assert (pooled.pool, pooled.entries, pooled.posted) == (POOL, (ENTRY,), ())


def test_a_decided_deal_is_clean_until_time_alone_may_change_it(
    database: Database, fence: Fence, decided: Decided
) -> None:
    until = START + timedelta(days=30)
    store = Credits(database)
    store.replace(fence, [replace(decided, good_until=until), Decided(ref("Opportunity", "2"))], "c1")
    dossiers = Dossiers(database)

    assert dossiers.count("dirty", until - timedelta(seconds=1)) == 0
    assert [each.history[0].record.ref for each in dossiers.stream("dirty", until)] == [DEAL]


def test_the_same_decision_again_marks_no_pool(database: Database, fence: Fence, decided: Decided) -> None:
    store, ledger = Credits(database), Ledger(database)
    store.replace(fence, [decided], "c1")
    ledger.append(fence, [], "c1", pools=[POOL])

    again = store.replace(fence, [decided], "c1")

    assert (again["credited"], again["entered"], again["pools"], marked(database)) == (0, 0, 0, [])


def test_a_deal_that_moves_marks_the_pool_it_left_and_the_one_it_joined(
    database: Database, fence: Fence, decided: Decided
) -> None:
    store = Credits(database)
    store.replace(fence, [decided], "c1")
    Ledger(database).append(fence, [], "c1", pools=[POOL])
    other = replace(ENTRY, pool=replace(POOL, plan="referral"))
    store.replace(fence, [replace(decided, entries=(other,))], "c1")

    assert sorted(marked(database)) == ["referral", "reseller"]


def test_a_frozen_rate_is_never_replaced(database: Database, fence: Fence, decided: Decided) -> None:
    store = Credits(database)
    store.replace(fence, [decided], "c1")
    restated = FrozenRate(DEAL, 1, date(2026, 3, 1), replace(RATE, value=Fraction(2)))
    store.replace(fence, [replace(decided, rates=(restated,))], "c1")

    (dossier,) = Dossiers(database).stream([DEAL], START)
    assert dossier.rates == decided.rates


def test_findings_are_replaced_with_the_decision(database: Database, fence: Fence, decided: Decided) -> None:
    store = Credits(database)
    store.replace(fence, [replace(decided, findings=(Finding("no_amount", DEAL, "has no amount"),))], "c1")
    told = [each.code for each in store.findings()]
    store.replace(fence, [decided], "c1")

    assert (told, list(store.findings())) == (["no_amount"], [])


def test_entries_stand_in_their_order_and_blocked_ones_last(database: Database, fence: Fence, decided: Decided) -> None:
    late = replace(ENTRY, effective_on=date(2026, 3, 9), source_key="b")
    early = replace(ENTRY, effective_on=date(2026, 3, 9), source_key="a", role="influenced")
    blocked = replace(ENTRY, effective_on=None, blocked="close_date", basis=None, rate=None, role="services")
    Credits(database).replace(fence, [replace(decided, entries=(blocked, late, early, ENTRY))], "c1")

    (pooled,) = Pools(database).stream("all", START)
    assert pooled.entries == (ENTRY, early, late, blocked)


def test_lines_add_up_per_key(database: Database, fence: Fence, decided: Decided) -> None:
    Credits(database).replace(fence, [decided], "c1")
    ledger = Ledger(database)
    ledger.append(fence, [LINE], "c1")
    ledger.append(fence, [replace(LINE, minor=-300, sequence=2, kind="adjustment")], "c1", pools=[POOL])

    (pooled,) = Pools(database).stream("all", START)
    (posted,) = pooled.posted
    assert (posted.key, posted.minor, posted.count) == (KEY, 700, 2)
    assert [each.minor for each in ledger.lines(partner="acme", opportunity=DEAL, period="2026-Q1")] == [1000, -300]
    assert [each.minor for each in ledger.totals([DEAL])] == [700]
    assert list(ledger.lines(partner="other")) == []


def test_a_line_that_does_not_continue_its_key_is_refused(database: Database, fence: Fence, decided: Decided) -> None:
    ledger = Ledger(database)
    ledger.append(fence, [LINE], "c1")
    for wrong in (1, 3):
        with pytest.raises(ConflictError, match="settle it anew"):
            ledger.append(fence, [replace(LINE, sequence=wrong)], "c1")

    assert len(list(ledger.lines())) == 1


@pytest.mark.parametrize("statement", [line.update().values(minor=0), line.delete()])
def test_the_database_itself_refuses_to_change_a_line(
    database: Database, fence: Fence, decided: Decided, statement: object
) -> None:
    ledger = Ledger(database)
    ledger.append(fence, [LINE], "c1")
    with pytest.raises(StateError, match="append-only"), database.writing(fence) as connection:
        connection.execute(statement)  # type: ignore[call-overload]

    assert [each.minor for each in ledger.lines()] == [1000]


def test_amounts_beyond_any_float_stay_exact(database: Database, fence: Fence, decided: Decided) -> None:
    ledger = Ledger(database)
    big = 2**53 + 1
    ledger.append(fence, [replace(LINE, minor=big, stamp=datetime(2026, 1, 1, tzinfo=UTC))], "c1")

    assert [each.minor for each in ledger.totals()] == [big]
