"""A partner programme in memory: a config as RevOps writes it, deals with their histories, and a ledger of lines.

``cycle`` does what the service does: enters every deal, settles every pool that has entries or lines, appends the lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import BaseModel

from mapping.conditions import Vocabulary
from mapping.config import Program
from partnersync.credits import Credit, Evidence, Finding
from partnersync.errors import ConfigError
from partnersync.facts import Dossier, Opportunity, Partner, Registration, Version
from partnersync.ids import Ref, digest
from partnersync.lines import Entry, FrozenRate, Key, Line, Owed, PeriodState, Pool, Posted, RateRow, TakenBack
from partnersync.placing import Fault, place
from partnersync.source import parse_source
from reconcile.commission.advice import advice
from reconcile.commission.calendar import Periods
from reconcile.commission.config import Calendar, Commission, CommissionSections, MoneyRules, faults
from reconcile.commission.entries import Entered, entries
from reconcile.commission.plans import Plans
from reconcile.commission.rates import RateTable
from reconcile.commission.settle import Settled, settle

TERMS = """
calendar: {timezone: America/New_York}
money: {reporting_currency: USD}
programs: {channel: {title: Channel, currency: USD}}
"""
GRADUATED = """
commission:
  starts_on: 2026-01-01
  plans:
    - id: reseller
      effective: {from: 2026-01-01}
      role: sourced
      rules:
        - id: revenue
          rate: {graduated: {over: quarter, brackets: [{to: 50000, rate: 10%}, {to: 100000, rate: 12%}, {rate: 15%}]}}
"""
PERCENT = """
commission:
  starts_on: 2026-01-01
  plans:
    - {id: referral, effective: {from: 2026-01-01}, role: sourced, rules: [{id: all, rate: {percent: 10%}}]}
"""
BOUNTY = """
commission:
  starts_on: 2026-01-01
  plans:
    - {id: intro, effective: {from: 2026-01-01}, role: sourced, rules: [{id: fee, rate: {bounty: {amount: 250}}}]}
"""


class File(BaseModel):
    """The part of a config file that commissions read."""

    calendar: Calendar
    money: MoneyRules
    programs: dict[str, Program]
    commission: Commission

    @property
    def sections(self) -> CommissionSections:
        """As the checks and ``Plans`` take them."""
        return CommissionSections(self.calendar, self.money, self.commission, self.programs)


def _check(file: File) -> Iterable[Fault]:
    return faults(file.sections, Vocabulary())


def read(commission: str, terms: str = TERMS) -> CommissionSections:
    """The sections of a config, or ``ConfigError`` with every mistake."""
    return place(parse_source(terms + commission, "c.yaml"), File, [_check]).sections


def mistakes(commission: str, terms: str = TERMS) -> list[str]:
    """The messages of a config's mistakes, each as ``path: message``."""
    try:
        read(commission, terms)
    except ConfigError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


def warned(commission: str, terms: str = TERMS) -> list[str]:
    """What ``check`` warns of in a config without mistakes."""
    return [fault.message for fault in advice(read(commission, terms), Vocabulary())]


def ref(id_: str) -> Ref:
    """An opportunity's identity."""
    return Ref("salesforce", "00D", "Opportunity", id_)


@dataclass
class Programme:
    """Deals, credits and the ledger. ``as_of`` is late enough for every deal of the tests unless one says otherwise."""

    commission: str = GRADUATED
    terms: str = TERMS
    rates: list[RateRow] = field(default_factory=list)
    as_of: datetime = datetime(2027, 6, 1, 12, tzinfo=UTC)
    partners: Mapping[str, Partner] = field(default_factory=lambda: {"acme": Partner("acme", "Acme", "reseller")})
    closed: dict[str, PeriodState] = field(default_factory=dict)
    registrations: tuple[Version[Registration], ...] = ()
    histories: dict[str, list[Version[Opportunity]]] = field(default_factory=dict)
    credits: dict[str, tuple[Credit, ...]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    frozen: list[FrozenRate] = field(default_factory=list)
    taken_back: list[TakenBack] = field(default_factory=list)
    entered: dict[str, Entered] = field(default_factory=dict)
    settled: dict[Pool, Settled] = field(default_factory=dict)

    def tier(self, id_: str, on: object, program: str | None = None) -> str | None:
        """The partner's tier on a day."""
        tiers = self.partners[id_].tiers if id_ in self.partners else ()
        held = [t.tier for t in tiers if t.valid_from <= on and (t.valid_to is None or on < t.valid_to)]  # type: ignore[operator]
        return held[0] if held else None

    def deal(self, id_: str, amount: str | None = None, on: str | None = "2026-02-01", **changed: Any) -> None:
        """A new version of a deal: won, in USD, created in the order of the ids, credited to acme."""
        held: dict[str, Any] = {"outcome": "won", "currency": "USD", "created_at": datetime(2025, 1, 1, tzinfo=UTC)}
        roles = changed.pop("roles", {"sourced": {"acme": Fraction(1)}})
        held |= changed
        fact = Opportunity(
            ref(id_), f"Deal {id_}", stage="s", amount=None if amount is None else Decimal(amount),
            closes_on=date.fromisoformat(on) if on else None, **held,
        )  # fmt: skip
        self._version(id_, fact)
        self.credits[id_] = tuple(
            Credit(
                ref(id_), role, partner, share, None, "rep-field", "channel",
                (Evidence("field", ref(id_), digest([id_, role]), datetime(2026, 1, 5, tzinfo=UTC)),),
            )
            for role, shares in roles.items()
            for partner, share in shares.items()
        )  # fmt: skip

    def delete(self, id_: str) -> None:
        """The CRM deleted the deal."""
        self._version(id_, None)

    def restore(self, id_: str) -> None:
        """The CRM brought the deal back as it was."""
        self._version(id_, next(v.fact for v in reversed(self.histories[id_]) if v.fact))

    def _version(self, id_: str, fact: Opportunity | None) -> None:
        history = self.histories.setdefault(id_, [])
        stamp = datetime(2026, 7, 1, tzinfo=UTC) + timedelta(hours=len(history))
        history.append(Version(fact, digest([id_, len(history)]), stamp, stamp))

    @property
    def plans(self) -> Plans:
        """The compiled plans."""
        return Plans.of(read(self.commission, self.terms), Vocabulary())

    def enter(self) -> dict[str, Entered]:
        """The entries of every deal as of now; nothing is stored."""
        plans = self.plans
        money = read(self.commission, self.terms).money
        table = RateTable.of(self.rates, money.reporting_currency, money.max_rate_age)
        return {
            id_: entries(
                plans, self, table, Dossier(tuple(history), registrations=self.registrations), self.credits[id_],
                self.frozen, self.as_of,
            )
            for id_, history in self.histories.items()
        }  # fmt: skip

    def cycle(self, reason: str = "config") -> list[Line]:
        """One cycle; the lines that it posted."""
        before = self._by_pool(self.entered)
        plans, self.entered = self.plans, self.enter()
        for each in self.entered.values():
            self.frozen.extend(each.new_rates)
        after = self._by_pool(self.entered)
        posted = self.posted()
        fresh: list[Line] = []
        for pool in sorted(set(after) | set(before) | set(posted)):
            was = {entry.opportunity: entry for entry in before.get(pool, ())}
            now = {entry.opportunity: entry for entry in after.get(pool, ())}
            changed = {deal for deal in was.keys() | now.keys() if was.get(deal) != now.get(deal)}
            periods = Periods(
                plans.terms[pool.program].calendar, plans.terms[pool.program].calendar.day(self.as_of), self.closed
            )
            self.settled[pool] = settle(
                plans, pool, now.values(), posted.get(pool, {}), periods, self.as_of,
                actor="partnersync", changed=changed, reason=reason,
                taken_back=[each for each in self.taken_back if _pool_of(each.key) == pool],
            )  # fmt: skip
            fresh += self.settled[pool].lines
        self.lines += fresh
        return fresh

    def _by_pool(self, entered: Mapping[str, Entered]) -> dict[Pool, list[Entry]]:
        pools: dict[Pool, list[Entry]] = {}
        for each in entered.values():
            for entry in each.entries:
                pools.setdefault(entry.pool, []).append(entry)
        return pools

    def posted(self) -> dict[Pool, dict[Key, Posted]]:
        """Sum and count of lines by key, each under its pool, as the database keeps them."""
        held: dict[Pool, dict[Key, Posted]] = {}
        for line in self.lines:
            key = line.key
            sums = held.setdefault(_pool_of(key), {})
            known = sums.get(key, Posted(0, 0))
            sums[key] = Posted(known.minor + line.minor, known.count + 1)
        return held

    @property
    def owed(self) -> list[Owed]:
        """What every pool owes as of the last cycle."""
        return [each for settled in self.settled.values() for each in settled.owed]

    @property
    def findings(self) -> list[Finding]:
        """The findings of the last cycle."""
        return [finding for entered in self.entered.values() for finding in entered.findings]

    def total(self) -> int:
        """Everything posted, in minor units."""
        return sum(line.minor for line in self.lines)


def _pool_of(key: Key) -> Pool:
    return Pool(key.program, key.plan, key.partner, "revenue", key.period, key.currency)


def told(lines: Iterable[Line]) -> list[tuple[str, int]]:
    """(deal, minor units) of each line, by deal."""
    return sorted((line.key.opportunity.id, line.minor) for line in lines)


def rate(on: str, base: str, quote: str, value: str) -> RateRow:
    """A published rate."""
    return RateRow(date.fromisoformat(on), base, quote, Decimal(value))
