"""One cycle: pull, remember, attribute, settle, plan, guard, post, apply; and the stops before its end.

``plan`` is the cycle stopped before apply and makes the very object that apply runs. Every part is level-triggered: whatever
a killed run left undone is still marked as such, and the next run does it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from connectors.base import Freshness
from partnersync.changes import Plan
from partnersync.errors import ConflictError, PartnersyncError, UnsafePlanError
from reconcile.writeback.guards import Situation, moved_totals, reasons, unread
from service.shop import Shop
from service.steps.apply import Doing, apply_plan, resolve_all, unsettled
from service.steps.attribute import attribute_all
from service.steps.plan import Planned, plan_all
from service.steps.pull import Pulled, accept, pull
from service.steps.recollect import recollect
from service.steps.rules import Rules, rules_of_the_day
from service.steps.settle import Moved, post, preview
from state.backup import recovered, recovering
from state.database import Fence
from state.holds import Holds
from state.journal import Journal
from state.plans import Plans as StoredPlans
from state.runs import Runs
from state.snapshots import Snapshots
from state.standings import Standings
from state.tasks import Tasks

_ROUNDS = 6
_FRUITLESS = 2
"""Rounds in a row that settle nothing: one may meet a passing fault, a second one says that the CRM does not take it now."""
_READ = frozenset({"done", "waiting"})
"""How a run ended that read what it wanted."""
_LOOKED_BACK = 20
Calls = dict[str, dict[str, dict[str, int]]]
"""How often each endpoint was called, by connection and freshness."""


class Watcher(Protocol):
    """Told what happens, for progress bars and logs."""

    def step(self, name: str) -> None:
        """A step begins."""
        ...

    def at(self, what: str, done: int, total: int | None = None) -> None:
        """So far."""
        ...


class Silent:
    """Tells nobody."""

    def step(self, name: str) -> None:
        """Nothing."""

    def at(self, what: str, done: int, total: int | None = None) -> None:
        """Nothing."""


@dataclass(slots=True)
class Report:
    """What one cycle did. ``seconds`` is (wall, own CPU) by step.

    ``reasons``: why its plan must wait for a person; ``unread``: those that a person who approved another plan was not told of.
    """

    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)
    pulled: Pulled = field(default_factory=Pulled)
    decided: dict[str, int] = field(default_factory=dict)
    moved: Moved = field(default_factory=Moved)
    plan: Plan | None = None
    reasons: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    posted: int = 0
    done: Doing = field(default_factory=Doing)
    resolved: dict[str, int] = field(default_factory=dict)
    calls: Calls = field(default_factory=dict)

    @property
    def failed(self) -> Mapping[str, str]:
        """What could not be reached, by connection."""
        return {**self.pulled.failed, **self.done.failed}

    def counts(self) -> dict[str, Any]:
        """The report as numbers, for run history and machines."""
        return {
            "pulled": dict(self.pulled.counts),
            "decided": dict(self.decided),
            "pools": self.moved.pools,
            "pools_waiting": self.moved.stale,
            "lines": self.posted,
            "plan": dict(self.plan.totals) if self.plan else {},
            "applied": dict(self.done.counts),
            "resolved": dict(self.resolved),
            "failed": dict(self.failed),
            "stopped": {name: str(problem) for name, problem in self.pulled.stopped.items()},
            "calls": self.calls,
            "seconds": {step: round(wall, 3) for step, (wall, _) in self.seconds.items()},
        }


def run_cycle(
    shop: Shop,
    work: Mapping[str, Freshness] | None = None,
    *,
    apply: bool = True,
    approve: str | None = None,
    approved: Plan | None = None,
    exact: bool = False,
    watcher: Watcher | None = None,
    kind: str = "run",
) -> Report:
    """Run one cycle over ``work`` (connection → freshness; None: every connection, hot).

    ``apply=False`` stops after the plan. ``approve`` is who says yes to this config version and to a plan over its limits;
    with ``approved``, the plan that they read, only those of its changes are sent that still hold (``exact``: all or none).

    Raises:
        UnsafePlanError: the plan waits for a person. ConflictError: another run holds the workspace, or the plan that they read
        was made by other rules.
    """
    if approved is not None and approved.config != shop.settings.meaning:
        raise ConflictError(
            "that plan was made by other rules than the config says now: run `partnersync plan` and read it"
        )
    report, watch = Report(), watcher or Silent()
    wanted: Mapping[str, Freshness] = work if work is not None else dict.fromkeys(shop.settings.connections, "hot")
    called = shop.meter.ever()
    with shop.running() as fence:
        runs = Runs(shop.database)
        run = runs.begin(fence, kind, shop.settings.meaning, approve or "partnersync")
        status, message = "failed", ""
        try:
            rules = _decide(shop, fence, run, wanted, report, watch, send=apply)
            _judge(shop, fence, rules, report, approve, approved)
            if apply and not shop.stop.is_set():
                if approved is not None and exact and report.plan and report.plan.digest != approved.digest:
                    raise ConflictError("the world moved since this plan was made: look at the new one")
                _act(shop, fence, run, rules, report, watch, approve, approved)
            status = "stopped" if shop.stop.is_set() else "done"
        except UnsafePlanError as error:
            status, message = "waiting", str(error)
            raise
        except PartnersyncError as error:
            message = str(error)
            raise
        finally:
            report.calls = _sorted_out(shop.meter.ever() - called)
            runs.end(fence, run, status, report.counts(), message)
            shop.meter.flush()
    return report


def _decide(
    shop: Shop, fence: Fence, run: int, work: Mapping[str, Freshness], report: Report, watch: Watcher, *, send: bool
) -> Rules:
    """Everything up to the plan; ``send``: also what an earlier run left open and did not land."""
    with _timed(report, watch, "pull"):
        shop.sign_in()
        report.resolved = dict(resolve_all(shop, fence, run, send=send).counts)
        remembers = recovering(shop.database)
        if remembers is not None or _read_by_others(shop, run):
            # What we hold cannot be trusted to be how the CRMs would be read now.
            work = dict.fromkeys(shop.settings.connections, "cold")
        report.pulled = pull(shop, fence, work, watch.at)
    with _timed(report, watch, "attribute"):
        rules = rules_of_the_day(shop, shop.clock.now())
        if remembers is not None:
            recollect(shop, fence, rules, remembers)
        report.decided = dict(attribute_all(shop, fence, rules, lambda n: watch.at("opportunities", n)))
    with _timed(report, watch, "settle"):
        report.moved = preview(shop, rules, lambda n: watch.at("pools", n))
    with _timed(report, watch, "plan"):
        planned: Planned = plan_all(shop, rules, report.moved, lambda n: watch.at("records", n))
        report.plan = planned.plan
        report.pulled.failed |= planned.failed
        if planned.closed:
            Tasks(shop.database).close(fence, planned.closed)
        if planned.let_go:
            Holds(shop.database).release(fence, planned.let_go, shop.clock.now())
        # Last, for what is at rest is not looked at again: a run that dies before leaves all of the above to the next.
        Standings(shop.database).settle(fence, planned.quiet)
        Journal(shop.database, fence, run).supersede()
    return rules


def _read_by_others(shop: Shop, run: int) -> bool:
    """Whether the last run that read everything it wanted read by other field maps: keys and readability may differ now."""
    earlier = [each for each in Runs(shop.database).newest(_LOOKED_BACK) if each.id != run]
    whole = (each for each in earlier if each.status in _READ and each.counts.get("failed") == {})
    before = next(whole, earlier[-1] if earlier else None)
    if before is None or before.config is None or before.config == shop.settings.meaning:
        return False
    meaning = Snapshots(shop.database).meaning(before.config) or {}
    now = shop.settings.model_dump(mode="json", include={"sources", "partners"})
    return {name: meaning.get(name) for name in now} != now


def _judge(shop: Shop, fence: Fence, rules: Rules, report: Report, approve: str | None, approved: Plan | None) -> None:
    """Hold the plan against its limits and keep it with what they said."""
    assert report.plan is not None
    report.plan = replace(report.plan, totals={**report.plan.totals, **moved_totals(report.moved.gross)})
    snapshots = Snapshots(shop.database)
    snapshots.seen(fence, rules.config, shop.settings.model_dump(mode="json"))
    if approve:
        snapshots.approve(fence, rules.config, approve)
    situation = Situation(
        Standings(shop.database).reachable(shop.sites, shop.settings.writeback),
        report.moved.gross,
        report.pulled.shrunk,
        tuple(f"{name} ({why})" for name, why in sorted(report.pulled.failed.items())),
        snapshots.approved(rules.config),
    )
    report.reasons = reasons(report.plan, shop.settings.guards, situation)
    report.unread = unread(approved, shop.settings.guards, situation) if approved is not None else ()
    few = _too_few(shop, report.plan, report.pulled)
    accept(shop, fence, report.pulled.shrunk.keys() - few)
    if report.plan.changes or report.moved.lines or few:
        StoredPlans(shop.database).put(fence, report.plan, report.reasons, approve)


def _too_few(shop: Shop, plan: Plan, pulled: Pulled) -> set[str]:
    """The feeds that fell short by more than the limit: until a person says yes, they are held against what they had before."""
    nothing, limits = replace(plan, changes=()), shop.settings.guards
    each = pulled.shrunk.items()
    return {name for name, counts in each if reasons(nothing, limits, Situation(0, shrunk={name: counts}))}


def _act(
    shop: Shop,
    fence: Fence,
    run: int,
    rules: Rules,
    report: Report,
    watch: Watcher,
    approve: str | None,
    approved: Plan | None,
) -> None:
    """Post and apply.

    Raises:
        UnsafePlanError: the plan is over its limits and nobody said yes, or said yes to less.
    """
    assert report.plan is not None
    if report.unread:
        raise UnsafePlanError(report.unread, report.plan)
    idle = not report.plan.changes and not report.moved.lines
    only_out_of_reach = len(report.reasons) == len(report.pulled.failed)
    # A CRM that is down while there is nothing to do anyway is a failed pull; no plan waits for anybody.
    if report.reasons and not approve and not (idle and only_out_of_reach):
        raise UnsafePlanError(report.reasons, report.plan)
    if not idle:
        fence.check()  # nothing is posted either while a person has halted the workspace
    if approve:  # to a plan that was read before a feed fell short, a yes is none to what follows from that
        accept(shop, fence, report.pulled.shrunk, approved.made_at if approved else None)
    with _timed(report, watch, "post"):
        if report.moved.pools:
            report.posted = post(shop, fence, rules, run, lambda n: watch.at("lines", n))
    with _timed(report, watch, "apply"):
        if report.plan.changes:
            digests = {change.digest for change in (approved or report.plan).changes}
            report.done = apply_plan(
                shop, fence, report.plan, run, digests, lambda n: watch.at("writes", n), insist=approve is not None
            )
            _mend(shop, fence, run, rules, report.done, digests)
        if recovering(shop.database) and _whole(shop, report):
            recovered(shop.database, fence)


def _whole(shop: Shop, report: Report) -> bool:
    """Whether everything was read and everything wanted was done, so that nothing is left to recollect or to look for."""
    stopped = shop.stop.is_set() or report.pulled.stopped
    return not (stopped or report.failed or report.done.counts["unapproved"])


def _mend(shop: Shop, fence: Fence, run: int, rules: Rules, done: Doing, approved: Collection[str]) -> None:
    """Settle what is open after a connection failed, by reading, and send once more what did not land.

    Nothing but what was approved: the same change, of the same record, from the same value. What is still open after a few
    rounds, fewer where they settle nothing, waits for the next cycle, and this one has failed there.
    """
    fruitless = 0
    for _ in range(_ROUNDS):
        if not done.open or shop.stop.is_set():
            return
        before = done.open
        looked = resolve_all(shop, fence, run)
        if looked.failed:
            done.failed |= looked.failed
            return
        planned = plan_all(shop, rules, Moved())
        Standings(shop.database).settle(fence, planned.quiet)
        done.follow(apply_plan(shop, fence, planned.plan, run, approved))
        fruitless = 0 if done.open < before else fruitless + 1
        if fruitless == _FRUITLESS:
            break
    for connection, count in unsettled(shop, done).items():
        done.failed.setdefault(
            connection, f"{count:,} writes have not landed yet, or nobody knows; the next run goes on"
        )


def _sorted_out(calls: Mapping[tuple[str, str, str], int]) -> Calls:
    found: Calls = {}
    for (connection, freshness, endpoint), count in sorted(calls.items()):
        found.setdefault(connection, {}).setdefault(freshness, {})[endpoint] = count
    return found


@contextmanager
def _timed(report: Report, watch: Watcher, step: str) -> Iterator[None]:
    watch.step(step)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        took = (time.perf_counter() - wall, time.process_time() - cpu)
        report.seconds[step] = took
        structlog.get_logger("partnersync.cycle").info("step done", step=step, seconds=round(took[0], 3))
