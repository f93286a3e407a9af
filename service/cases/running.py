"""A case, run: facts in, one cycle per step through the deciders that pay real money, everything that was computed out.

There is no database and no network; what the state would keep between two cycles (credits, frozen rates, entries, posted
lines, tasks) is kept here for the length of the case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from mapping.attribution import attribute
from mapping.book import Book, build_book
from mapping.config import vocabulary
from mapping.roster import RosterReader
from partnersync.clock import local_day
from partnersync.credits import Credit, Finding
from partnersync.facts import Account, Dossier
from partnersync.ids import Ref
from partnersync.lines import Entry, FrozenRate, Key, Line, Owed, Pool, Posted
from partnersync.money import Money
from reconcile.commission.calendar import Periods
from reconcile.commission.config import CommissionSections
from reconcile.commission.entries import Entered, entries
from reconcile.commission.plans import Plans
from reconcile.commission.rates import RateTable
from reconcile.commission.settle import settle
from reconcile.writeback.asked import one_amount
from reconcile.writeback.desired import Standing
from service.cases.facts import Grounds
from service.cases.language import Case, Step
from service.cases.world import World
from service.cases.writing import Desk, FieldWanted, TaskWanted
from service.settings import Settings

ACTOR = "partnersync"


@dataclass(frozen=True, slots=True)
class Revenue:
    """The cumulative revenue R of a pool, exact, in minor units of its currency."""

    pool: Pool
    minor: Fraction


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is owed and cannot be posted until a period opens."""

    key: Key
    minor: int


@dataclass(frozen=True, slots=True)
class Computed:
    """Everything that one step came to."""

    as_of: datetime
    credits: tuple[Credit, ...]
    entries: tuple[Entry, ...]
    lines: tuple[Line, ...]
    owed: tuple[Owed, ...]
    revenue: tuple[Revenue, ...]
    waiting: tuple[Waiting, ...]
    rates: tuple[FrozenRate, ...]
    fields: tuple[FieldWanted, ...]
    tasks: tuple[TaskWanted, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A case that ran: its steps in order, and whom its ids mean, by kind."""

    steps: tuple[Computed, ...]
    refs: Mapping[str, Mapping[str, Ref]]

    @property
    def names(self) -> dict[Ref, str]:
        """What the case calls its records."""
        return {ref: id_ for known in self.refs.values() for id_, ref in reversed(list(known.items()))}


def run_case(case: Case, settings: Settings) -> Run:
    """Run every step of a case."""
    cycle = _Cycle(case, settings)
    steps = tuple(cycle.step(step) for step in case.cycles)
    return Run(steps, cycle.world.naming.known)


class _Cycle:
    """What one case's cycles share."""

    def __init__(self, case: Case, settings: Settings) -> None:
        grounds = Grounds.of(settings)
        self.world = World.of(grounds, case)
        self._grounds = grounds
        self._case = case
        self._settings = settings
        self._inline, self._told = RosterReader(settings.mapping).roster()
        self._plans = _plans(settings)
        self._desk = Desk(grounds, {})
        self._credits: dict[Ref, tuple[Credit, ...]] = {}
        self._frozen: dict[Ref, tuple[FrozenRate, ...]] = {}
        self._entries: dict[Pool, dict[Ref, tuple[Entry, ...]]] = {}
        self._posted: dict[Pool, dict[Key, Posted]] = {}
        self._earlier = False

    def step(self, step: Step) -> Computed:
        """One cycle."""
        as_of = self._grounds.instant(step.as_of)
        if not self._earlier:
            self.world.learn(self._case, as_of)
            self._earlier = True
        self.world.learn(step, as_of)
        book = build_book(self._settings.mapping, self._grounds.sites, self.world.partners(self._inline), self._told)
        findings = list(book.findings)
        money = self._settings.money
        table = RateTable.of(self.world.rates, money.reporting_currency, money.max_rate_age)
        found: dict[Ref, Entered] = {}
        for deal in self.world.deals:
            found[deal] = self._decide(book, table, deal, as_of, findings)
        owed, lines, revenue, waiting = self._settle(found, as_of)
        standings = list(self._standings(found))
        return Computed(
            as_of=as_of,
            credits=tuple(credit for deal in self.world.deals for credit in self._credits[deal]),
            entries=tuple(entry for entered in found.values() for entry in entered.entries),
            lines=tuple(lines),
            owed=tuple(owed),
            revenue=tuple(revenue),
            waiting=tuple(waiting),
            rates=tuple(rate for deal in self.world.deals for rate in self._frozen.get(deal, ())),
            fields=tuple(self._desk.fields(book, standings)),
            tasks=tuple(self._desk.wanted(book, standings, as_of)),
            findings=tuple(dict.fromkeys(findings)),
        )

    def _decide(self, book: Book, table: RateTable, deal: Ref, as_of: datetime, findings: list[Finding]) -> Entered:
        dossier = self.world.dossier(deal, self._credits.get(deal, ()))
        attributed = attribute(book, dossier, as_of)
        self._credits[deal] = attributed.credits
        findings += attributed.findings
        if self._plans is None:
            return Entered()

        def credited(earlier: Dossier, at: datetime) -> tuple[Credit, ...]:
            return attribute(book, earlier, at).credits

        frozen = self._frozen.get(deal, ())
        entered = entries(self._plans, book, table, dossier, attributed.credits, frozen, as_of, credited)
        self._frozen[deal] = (*frozen, *entered.new_rates)
        findings += entered.findings
        return entered

    def _settle(
        self, found: dict[Ref, Entered], as_of: datetime
    ) -> tuple[list[Owed], list[Line], list[Revenue], list[Waiting]]:
        """Settle every pool that has or had entries, and post."""
        now: dict[Pool, dict[Ref, tuple[Entry, ...]]] = {}
        for deal, entered in found.items():
            for entry in entered.entries:
                held = now.setdefault(entry.pool, {})
                held[deal] = (*held.get(deal, ()), entry)
        owed: list[Owed] = []
        lines: list[Line] = []
        revenue: list[Revenue] = []
        waiting: list[Waiting] = []
        for pool in sorted(now.keys() | self._posted.keys()):
            assert self._plans is not None
            before, after = self._entries.get(pool, {}), now.get(pool, {})
            changed = {deal for deal in before.keys() | after.keys() if before.get(deal) != after.get(deal)}
            posted = self._posted.setdefault(pool, {})
            calendar = self._plans.terms[pool.program].calendar
            periods = Periods(calendar, local_day(as_of, calendar.timezone), self.world.closed)
            mine = [entry for held in after.values() for entry in held]
            settled = settle(self._plans, pool, mine, posted, periods, as_of, actor=ACTOR, changed=changed)
            for line in settled.lines:
                was = posted.get(line.key, Posted(0, 0))
                posted[line.key] = Posted(was.minor + line.minor, was.count + 1)
            owed += settled.owed
            lines += settled.lines
            revenue.append(Revenue(pool, settled.revenue))
            waiting += [Waiting(key, minor) for key, minor in settled.waiting]
        self._entries = now
        return owed, lines, revenue, waiting

    def _standings(self, found: dict[Ref, Entered]) -> Iterator[tuple[Standing, Account | None]]:
        for deal, entered in found.items():
            fact = self.world.versions["opportunities"][deal][-1].fact
            if fact is None:
                continue
            blocked = next((entry.blocked for entry in entered.entries if entry.blocked), None)
            account = self.world.account(fact.account)
            yield Standing(fact, self._credits[deal], self._earned(deal), blocked), account

    def _earned(self, deal: Ref) -> Mapping[str, Money]:
        """What was posted by partner."""
        return one_amount(
            (key.partner, Money(posted.minor, key.currency))
            for held in self._posted.values()
            for key, posted in held.items()
            if key.opportunity == deal
        )


def _plans(settings: Settings) -> Plans | None:
    if settings.commission is None:
        return None
    sections = CommissionSections(settings.calendar, settings.money, settings.commission, settings.programs)
    return Plans.of(sections, vocabulary(settings.mapping))
