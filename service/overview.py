"""Where everything stands: read from the database alone, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import unquote

from mapping.book import Book
from partnersync.ids import Ref
from partnersync.money import Money
from service.naming import Names
from service.shop import Shop
from service.steps.drift import problem
from service.steps.rules import rules_of_the_day
from state.backup import recovering
from state.credits import Credits
from state.drifts import Drifts
from state.holds import Holds
from state.overview import Allowance, Overview, Troubled
from state.plans import Plans
from state.quarantines import quarantined
from state.rests import Rest, Rests
from state.reversals import Reversals
from state.runs import Run, Runs
from state.slots import Slots

DAY = timedelta(hours=24)
HOT = timedelta(minutes=15)
_RUNS = 5


@dataclass(frozen=True, slots=True)
class Class:
    """One freshness class of a connection: when it was last read, and the longest that a change waits (None: for ever)."""

    kind: Literal["hot", "warm", "cold"]
    last: datetime | None
    delay: timedelta | None


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection; ``calls`` are today's by class, in UTC days, ``problem`` is what the last run met, ``rest`` until
    when its CRM is asked nothing, and why."""

    name: str
    crm: str
    org: str | None
    classes: tuple[Class, ...]
    allowances: tuple[Allowance, ...]
    calls: Mapping[str, int]
    problem: str = ""
    rest: Rest | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The plan that waits for a person."""

    digest: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Write:
    """A write that is not known to have landed."""

    status: str
    record: str
    fields: tuple[str, ...]
    code: str | None
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Aside:
    """A record that could not be read."""

    record: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding, with what people call the record."""

    code: str
    severity: str
    record: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Drifted:
    """Where the CRM no longer fits the config: the line and the fix, what stands still for it (None: nothing), since when."""

    problem: str
    stands_still: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What is not written or paid again: a value of a field, or an amount of commission, and since which run."""

    record: str
    what: str
    value: str | None
    reason: str
    actor: str
    run: int | None

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.record} {self.what}: not {self.value or 'emptied'} again, {self.reason} ({self.actor})"


@dataclass(frozen=True, slots=True)
class Stand:
    """The whole of it."""

    workspace: str
    config: str
    approved_by: str | None
    now: datetime
    connections: tuple[Connection, ...]
    runs: tuple[Run, ...]
    plan: Waiting | None
    undecided: int
    halted_by: str | None
    recovering: bool
    troubled: tuple[Write, ...]
    quarantined: tuple[Aside, ...]
    drifts: tuple[Drifted, ...]
    held: tuple[HeldBack, ...]
    findings: tuple[Seen, ...]

    def by_status(self) -> Mapping[str, list[Write]]:
        """The writes by how they ended."""
        found: dict[str, list[Write]] = {}
        for each in self.troubled:
            found.setdefault(each.status, []).append(each)
        return found

    def by_code(self) -> Mapping[str, list[Seen]]:
        """The findings by code, errors first, then the most frequent."""
        found: dict[str, list[Seen]] = {}
        for each in self.findings:
            found.setdefault(each.code, []).append(each)
        rank = {"error": 0, "warning": 1, "info": 2}
        return dict(sorted(found.items(), key=lambda item: (rank[item[1][0].severity], -len(item[1]), item[0])))


def stand(shop: Shop) -> Stand:
    """Look at everything."""
    now = shop.clock.now()
    overview = Overview(shop.database)
    rules = rules_of_the_day(shop, now)
    approval = overview.approval(rules.config)
    runs = tuple(Runs(shop.database).newest(_RUNS))
    failed = dict(runs[0].counts.get("failed", {})) if runs else {}
    return Stand(
        workspace=shop.settings.workspace,
        config=rules.config[:12],
        approved_by=approval[0] if approval else None,
        now=now,
        connections=tuple(_connections(shop, overview, now, failed)),
        runs=runs,
        plan=_waiting(shop, runs),
        undecided=overview.undecided(),
        halted_by=overview.halted_by(),
        recovering=recovering(shop.database) is not None,
        troubled=tuple(_write(each) for each in overview.troubled()),
        quarantined=tuple(Aside(record(each.ref), each.kind, each.reason) for each in quarantined(shop.database)),
        drifts=tuple(_drifts(shop)),
        held=tuple(held_back(shop)),
        findings=tuple(_findings(shop, rules.book)),
    )


def record(ref: Ref) -> str:
    """A record as people type it: ``salesforce:006…``, ``registrations.csv: R-7``."""
    match ref.crm:
        case "file":
            return f"{unquote(ref.org)}: {ref.id}"
        case "partnersync":
            return f"{ref.object} {ref.id}"
        case crm:
            return f"{crm}:{ref.id}"


def _waiting(shop: Shop, runs: Sequence[Run]) -> Waiting | None:
    """The newest plan, if it waits and no later run found that there is nothing left to do."""
    plans = Plans(shop.database)
    waiting = plans.waiting()
    plan = plans.find(waiting[0]) if waiting else None
    if waiting is None or plan is None:
        return None
    later = [run for run in runs if run.status == "done" and run.started_at > plan.made_at]
    if any(run.counts.get("applied") or not run.counts.get("plan", {}).get("sent") for run in later):
        return None
    return Waiting(waiting[0], tuple(waiting[1]))


def _connections(shop: Shop, overview: Overview, now: datetime, failed: Mapping[str, str]) -> Iterable[Connection]:
    read, whole, slots = overview.read_at(), overview.read_whole_at(), Slots(shop.database).newest()
    calls = overview.calls_on(now.astimezone(UTC).date())
    allowances = overview.allowances()
    rests = {each.connection: each for each in Rests(shop.database).all()}
    for name, settings in shop.settings.connections.items():
        site = shop.sites.get(name)
        warm = max((at for at in (slots.get(f"warm:{name}"), whole.get(name)) if at), default=None)
        yield Connection(
            name,
            settings.crm,
            site.org if site else None,
            (
                Class("hot", read.get(name), settings.every or HOT),
                Class("warm", warm, settings.warm_every),
                Class("cold", whole.get(name), DAY if settings.cold_at else None),
            ),
            tuple(each for each in allowances if each.connection == name),
            {kind: count for (connection, kind), count in calls.items() if connection == name},
            failed.get(name, ""),
            rests.get(name),
        )


def _write(each: Troubled) -> Write:
    return Write(each.status, record(each.ref), each.fields, each.code, each.message, each.at)


def held_back(shop: Shop) -> Iterable[HeldBack]:
    """Every hold on a field, then every amount that was taken back."""
    for each in Holds(shop.database).all():
        yield HeldBack(record(each.ref), each.field, each.value, each.reason, each.actor, each.run)
    for back in Reversals(shop.database).all():
        what = f"commission of {back.key.partner}"
        amount = str(Money(back.minor, back.key.currency))
        yield HeldBack(record(back.key.opportunity), what, amount, back.cause, back.actor, back.run)


def _drifts(shop: Shop) -> Iterable[Drifted]:
    for each in Drifts(shop.database).all():
        what = f"{each.connection}.{each.object}" + (f".{each.field}" if each.field else "")
        yield Drifted(str(problem(shop, each)), what if each.stops and each.object else None, each.since)


def _findings(shop: Shop, book: Book) -> Iterable[Seen]:
    names = Names(shop, book)
    for each in (*Credits(shop.database).findings(), *book.findings):
        name = "" if each.ref.crm == "file" else names(str(each.ref))
        yield Seen(each.code, each.severity, record(each.ref), name, each.message)
