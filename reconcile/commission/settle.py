"""A pool → what is owed under each of its keys, and the ledger lines that make the ledger say so.

**Owed.** Entries are taken in the pool's order (effective date, created in the CRM, source key). Each deal's own plan version
and rule say what it earns at its place; D is rounded once, at the end. Deals of 40,000, 30,000 and 45,000 under
brackets of 10, 12 and 15 % owe 4,000, 3,400 and 5,850.

**Lines.** A line is D minus what is posted for the key, and never rounded itself: D 10.004 then 20.009 posts 10.00 and then
10.01. Zero posts nothing, so a second run posts nothing, and the ledger always sums to D. A key that is posted and no
longer owed (the deal was lost, deleted, moved to another period, blocked) has D = 0: without the deal of 40,000 above the
lines are −4,000 on its own key, −400 and −850 on those behind it, which name it as their cause.

A line goes into the key's own period while that is open, else into the earliest open one after it. Where none is open the
difference waits (``waiting``): posted + waiting = D.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from partnersync.ids import Ref
from partnersync.lines import Entry, Key, Line, LineKind, Owed, Period, Pool, Posted
from partnersync.money import round_fraction
from reconcile.commission import explanation
from reconcile.commission.calendar import Periods
from reconcile.commission.plans import Plans
from reconcile.commission.rules import Deal

_NOTHING_POSTED = Posted(0, 0)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a pool owes, the lines to post now, what waits for a period to open, and R of the whole pool in minor units."""

    owed: tuple[Owed, ...]
    lines: tuple[Line, ...]
    waiting: tuple[tuple[Key, int], ...]
    revenue: Fraction


def settle(
    plans: Plans,
    pool: Pool,
    entries: Iterable[Entry],
    posted: Mapping[Key, Posted],
    periods: Periods,
    as_of: datetime,
    *,
    actor: str,
    changed: Collection[Ref] = (),
    reason: str = "",
) -> Settled:
    """Settle one pool.

    Args:
        posted: what the ledger holds for the pool's commission keys.
        changed: the deals whose entry in this pool changed since it was last settled.
        reason: what to name as the cause where no deal's change explains a line (a new config version, say).

    Raises:
        LookupError: an entry names a plan version or rule that ``plans`` does not have: it is older than the config.
    """
    present = list(entries)
    ranked = sorted((entry for entry in present if entry.blocked is None), key=_place)
    revenue = sum((entry.basis for entry in ranked if entry.basis is not None), Fraction(0))
    owed = list(_owed(plans, pool, ranked, revenue, periods))
    known = {each.key for each in owed}
    stopped = {entry.opportunity: entry for entry in present if entry.blocked is not None}
    gone = [key for key in posted if key.component == "commission" and key not in known]
    owed += [_gone(key, stopped.get(key.opportunity)) for key in sorted(gone)]
    causes = _Causes({entry.opportunity: at for at, entry in enumerate(ranked)}, changed, reason)
    lines: list[Line] = []
    waiting: list[tuple[Key, int]] = []
    homes: dict[str, Period | None] = {}
    for each in owed:
        held = posted.get(each.key, _NOTHING_POSTED)
        delta = each.minor - held.minor
        if not delta:
            continue
        label = each.key.period
        if label not in homes:
            homes[label] = periods.posting(_period(periods, label))
        home = homes[label]
        if home is None:
            waiting.append((each.key, delta))
            continue
        cause = causes.of(each.key.opportunity)
        told = explanation.of_line(each.explanation, held, delta, cause)
        kind: LineKind = "adjustment" if held.count else "earned"
        lines.append(Line(each.key, kind, delta, held.count + 1, home.label, cause, actor, as_of, told))
    return Settled(tuple(owed), tuple(lines), tuple(waiting), revenue)


def _place(entry: Entry) -> tuple[date, datetime, str]:
    if entry.effective_on is None:
        raise ValueError(f"{entry.opportunity} has no effective date and is not blocked")
    return entry.effective_on, entry.created_at, entry.source_key


def _owed(plans: Plans, pool: Pool, ranked: list[Entry], revenue: Fraction, periods: Periods) -> Iterator[Owed]:
    """D of each deal, R growing along the pool."""
    before = Fraction(0)
    labels: dict[date, str] = {}
    rules = {(plan.version, rule.id): rule for plan in plans.versions if plan.id == pool.plan for rule in plan.rules}
    for entry in ranked:
        rule = rules.get((entry.version, entry.rule))
        if rule is None:
            raise LookupError(
                f"{pool.plan} {entry.version} has no rule {entry.rule!r}: enter {entry.opportunity} again"
            )
        day = _place(entry)[0]
        if day not in labels:
            labels[day] = periods.calendar.period_of(day).label
        deal = Deal(entry.basis, entry.share, before, before + entry.basis if entry.basis else before, revenue)
        earned = rule.pay(deal)
        minor = round_fraction(earned.exact, plans.rounding)
        key = Key(
            pool.program, pool.partner, pool.plan, entry.rule, entry.role, entry.opportunity, entry.generation,
            labels[day], pool.currency, "commission",
        )  # fmt: skip
        told = explanation.of_earned(entry, rule, labels[day], deal, earned, minor, plans.rounding)
        yield Owed(key, minor, earned.exact, told)
        before = deal.after


def _period(periods: Periods, label: str) -> Period:
    """The period of a key; keys of a former fiscal calendar are taken back in the period of today."""
    try:
        return periods.calendar.period(label)
    except ValueError:
        return periods.calendar.period_of(periods.today)


def _gone(key: Key, stopped: Entry | None) -> Owed:
    reason = stopped.blocked if stopped is not None and stopped.blocked else "no longer earns here"
    return Owed(key, 0, Fraction(0), explanation.of_gone(reason, stopped))


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
