"""A pool → what is owed under each of its keys, and the ledger lines that make the ledger say so.

**Owed.** Entries are taken in the pool's order (effective date, created in the CRM, source key). Each deal's own plan version
and rule say what it earns at its place; D is rounded once, at the end. Deals of 40,000, 30,000 and 45,000 under
brackets of 10, 12 and 15 % owe 4,000, 3,400 and 5,850.

**Lines.** A line is D minus what is posted for the key, and never rounded itself: D 10.004 then 20.009 posts 10.00 and then
10.01. Zero posts nothing, so a second run posts nothing, and the ledger always sums to D. A key that is posted and no
longer owed (the deal was lost, deleted, moved to another period, blocked) has D = 0: without the deal of 40,000 above the
lines are −4,000 on its own key, −400 and −850 on those behind it, which name it as their cause.

A line goes into the commission period of the deal's effective date while that is open, else into the earliest open one
after it. Where none is open the difference waits (``waiting``): posted + waiting = D. A key's own period is its pool's: with
brackets over a year and quarterly commission periods the key says ``2026`` and its lines stand in the quarters.

**What a person took back.** A run that is rolled back has its lines reversed under a key of their own (``manual``), or the next
cycle would post the difference again. 4,000 posted by that run: −4,000 there while D of the commission key is still 4,000.
Once D is another, 4,200 say, the reason to take it back is gone with it: +200 on the commission key and +4,000 on the other,
4,200 in all.

**An entry older than the config.** A deal that cannot be read keeps its entries. Where the rule of one is gone meanwhile, what it
earns is not known, nor what the deals behind it do: the whole pool waits (``StaleEntryError``). Nothing is taken back for that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Protocol

from partnersync.errors import StateError
from partnersync.ids import Ref
from partnersync.lines import Entry, Key, Line, LineKind, Owed, Period, Pool, Posted, TakenBack
from partnersync.money import round_fraction
from reconcile.commission import explanation
from reconcile.commission.calendar import Periods
from reconcile.commission.plans import Plans
from reconcile.commission.rules import Deal

_NOTHING_POSTED = Posted(0, 0)


class StaleEntryError(StateError):
    """An entry names a plan, version or rule that the config no longer has; its pool waits until the deal is entered anew."""


class Held(Protocol):
    """What the ledger holds for a key: the sum of its lines in minor units, and how many there are."""

    @property
    def minor(self) -> int: ...

    @property
    def count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Settled:
    """What a pool owes, the lines to post now, what waits for a period to open, and R of the whole pool in minor units.

    ``ended`` are the commission keys of which nothing is taken back any more, because D is another now.
    """

    owed: tuple[Owed, ...]
    lines: tuple[Line, ...]
    waiting: tuple[tuple[Key, int], ...]
    revenue: Fraction
    ended: tuple[Key, ...] = ()


def settle(
    plans: Plans,
    pool: Pool,
    entries: Iterable[Entry],
    posted: Mapping[Key, Held],
    periods: Periods,
    as_of: datetime,
    *,
    actor: str,
    changed: Collection[Ref] = (),
    reason: str = "",
    taken_back: Iterable[TakenBack] = (),
) -> Settled:
    """Settle one pool.

    Args:
        posted: what the ledger holds for the pool's keys.
        changed: the deals whose entry in this pool changed since it was last settled.
        reason: what to name as the cause where no deal's change explains a line (a new config version, say).

    Raises:
        StaleEntryError: an entry names a plan version or rule that ``plans`` does not have: it is older than the config.
    """
    present = list(entries)
    ranked = sorted((entry for entry in present if entry.blocked is None), key=_place)
    revenue = sum((entry.basis for entry in ranked if entry.basis is not None), Fraction(0))
    owed = list(_owed(plans, pool, ranked, revenue, periods))
    known = {each.key for each, _ in owed} if posted else set()
    stopped = {entry.opportunity: entry for entry in present if entry.blocked is not None}
    gone = sorted(key for key in posted if key.component == "commission" and key not in known)
    since = _former(periods, pool.period)
    owed += [(_gone(key, since, stopped.get(key.opportunity)), since) for key in gone]
    back = list(taken_back)
    due = {each.key: (each.minor, period) for each, period in owed}
    ended = tuple(
        each.key
        for each in back
        if not each.ended
        and due.get(each.key, (0, since))[0] != each.owed
        and each.key.opportunity not in stopped  # D is not known now, which is not the same as another
    )
    owed += [_taken_back(each, *due.get(each.key, (0, since))) for each in back]
    people = {_by_hand(each.key): each for each in back}
    causes = _Causes({entry.opportunity: at for at, entry in enumerate(ranked)}, changed, reason)
    lines: list[Line] = []
    waiting: list[tuple[Key, int]] = []
    homes: dict[Period, Period | None] = {}
    for each, period in owed:
        held = posted.get(each.key, _NOTHING_POSTED)
        delta = each.minor - held.minor
        if not delta:
            continue
        if period not in homes:
            homes[period] = periods.posting(period)
        home = homes[period]
        if home is None:
            waiting.append((each.key, delta))
            continue
        person = people.get(each.key)
        cause = person.cause if person else causes.of(each.key.opportunity)
        told = explanation.of_line(each.explanation, held.minor, held.count, delta, cause)
        kind: LineKind = "adjustment" if held.count or person else "earned"
        who = person.actor if person and each.minor else actor
        lines.append(Line(each.key, kind, delta, held.count + 1, home.label, cause, who, as_of, told))
    return Settled(tuple(each for each, _ in owed), tuple(lines), tuple(waiting), revenue, ended)


def _by_hand(key: Key) -> Key:
    """The key under which people's decisions on a commission key stand."""
    return replace(key, component="manual")


def _taken_back(held: TakenBack, owed: int, period: Period) -> tuple[Owed, Period]:
    minor = 0 if held.ended or owed != held.owed else -held.minor
    told = explanation.of_taken_back(held.cause, period.label, owed, minor)
    return Owed(_by_hand(held.key), minor, Fraction(minor), told), period


def _place(entry: Entry) -> tuple[date, datetime, str]:
    if entry.effective_on is None:
        raise ValueError(f"{entry.opportunity} has no effective date and is not blocked")
    return entry.effective_on, entry.created_at, entry.source_key


def _owed(
    plans: Plans, pool: Pool, ranked: list[Entry], revenue: Fraction, periods: Periods
) -> Iterator[tuple[Owed, Period]]:
    """D of each deal with the commission period of its effective date, R growing along the pool."""
    before = Fraction(0)
    spans: dict[date, Period] = {}
    rules = {(plan.version, rule.id): rule for plan in plans.versions if plan.id == pool.plan for rule in plan.rules}
    for entry in ranked:
        rule = rules.get((entry.version, entry.rule))
        if rule is None:
            raise StaleEntryError(_stale(plans, pool, entry))
        day = _place(entry)[0]
        if day not in spans:
            spans[day] = periods.calendar.period_of(day)
        deal = Deal(entry.basis, entry.share, before, before + entry.basis if entry.basis else before, revenue)
        earned = rule.pay(deal)
        minor = round_fraction(earned.exact, plans.rounding)
        key = Key(
            pool.program, pool.partner, pool.plan, entry.rule, entry.role, entry.opportunity, entry.generation,
            pool.period, pool.currency, "commission",
        )  # fmt: skip
        told = explanation.of_earned(entry, rule, spans[day].label, deal, earned, minor, plans.rounding)
        yield Owed(key, minor, earned.exact, told), spans[day]
        before = deal.after


def _stale(plans: Plans, pool: Pool, entry: Entry) -> str:
    """Which deal cannot be settled, by which rule it was entered, and what to do."""
    versions = {plan.version for plan in plans.versions if plan.id == pool.plan}
    if not versions:
        keep = f"plan in the config (under another name: with `was: {pool.plan}`)"
    elif entry.version not in versions:
        keep = f"version of the plan in the config, effective from {entry.version}"
    else:
        keep = f"rule in the config (under another name: with `was: {entry.rule}`)"
    return (
        f"{entry.opportunity.crm}:{entry.opportunity.id} was entered under plan {pool.plan} of {entry.version}, "
        f"rule {entry.rule}, which the config no longer has: make the deal readable again, or keep that {keep}"
    )


def _former(periods: Periods, label: str) -> Period:
    """The commission period that a key of this pool is taken back in once its deal, and so its day, is gone.

    That is the pool's own period. Where the pool spans several (brackets over a year, settled by quarter) it is the one of
    today, or the last of them; so it is for a pool of a former fiscal calendar, whose labels mean nothing any more.
    """
    calendar = periods.calendar
    try:
        whole = calendar.period(label)
    except ValueError:
        return calendar.period_of(periods.today)
    return calendar.period_of(max(whole.starts_on, min(periods.today, whole.ends_on - timedelta(days=1))))


def _gone(key: Key, period: Period, stopped: Entry | None) -> Owed:
    reason = stopped.blocked if stopped is not None and stopped.blocked else "no longer earns here"
    return Owed(key, 0, Fraction(0), explanation.of_gone(reason, period.label, stopped))


class _Causes:
    """Whose change moved a key: the deal's own, else that of the first changed deal before it in the pool."""

    def __init__(self, places: Mapping[Ref, int], changed: Collection[Ref], reason: str) -> None:
        self._places = places
        self._changed = frozenset(changed)
        self._reason = reason
        self._first = min(((places.get(deal, -1), deal) for deal in self._changed), default=None)

    def of(self, opportunity: Ref) -> str:
        """The text form of the deal that caused a line on this one."""
        if opportunity in self._changed:
            return str(opportunity)
        if self._first is not None and self._first[0] < self._places.get(opportunity, len(self._places)):
            return str(self._first[1])
        return self._reason
