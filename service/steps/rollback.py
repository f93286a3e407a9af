"""Take a run back: the inverse plan from its journal and its lines, shown first, sent once a person named it.

It goes through what every plan goes through: the guards, the fence, the journal, the read before and after each write. What
anybody touched since is left and listed. What the run wrote is held, so that the next cycle does not write it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from partnersync.changes import Change, FieldChange, Plan, TaskChange
from partnersync.errors import ConflictError, ConnectorError, StateError
from partnersync.ids import Ref, digest
from partnersync.lines import Line
from partnersync.money import Money
from reconcile.writeback.apply import Applied
from reconcile.writeback.guards import Situation, reasons
from reconcile.writeback.plan import plan
from reconcile.writeback.rollback import Left, Was, changes_of, put_back, together, undone
from service.shop import Shop
from service.steps.apply import Doing, apply_plan, resolve_all
from service.steps.attribute import attribute_all
from service.steps.known import as_known, looked_up
from service.steps.reversing import Reversed, reversals
from service.steps.rules import Rules, rules_of_the_day
from service.steps.writer import ConnectorWriter
from state.database import Fence
from state.holds import Hold, Holds
from state.ledger import Ledger
from state.runs import Run, Runs
from state.snapshots import Snapshots
from state.standings import Standings
from state.tasks import Tasks
from state.undoing import LANDED, Undoing, Wrote

KIND = "rollback"
_READ_AT_ONCE = 2000
_What = tuple[Ref, str]
"""A record and one of its fields, or a task by its subject."""


@dataclass(slots=True)
class Rollback:
    """What taking a run back comes to: the plan, the lines to post, what is left and why, and what was done."""

    run: Run
    plan: Plan
    wrote: tuple[Wrote, ...] = ()
    reversed: tuple[Reversed, ...] = ()
    held: tuple[Was, ...] = ()
    left: tuple[Left, ...] = ()
    reasons: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    done: Doing | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is posted."""
        return tuple(line for each in self.reversed for line in each.lines)

    @property
    def digest(self) -> str:
        """Identifies what a person says yes to: every write and every line."""
        lines = [[str(line.key), line.minor] for line in self.lines]
        return digest([self.run.id, [change.digest for change in self.plan.changes], lines])

    @property
    def gross(self) -> dict[str, int]:
        """The lines' gross by currency, in minor units."""
        found: dict[str, int] = {}
        for line in self.lines:
            found[line.key.currency] = found.get(line.key.currency, 0) + abs(line.minor)
        return found

    @property
    def amounts(self) -> tuple[Money, ...]:
        """The lines' net by currency."""
        found: dict[str, int] = {}
        for line in self.lines:
            found[line.key.currency] = found.get(line.key.currency, 0) + line.minor
        return tuple(Money(minor, currency) for currency, minor in sorted(found.items()))


def roll_back(shop: Shop, run: int, actor: str, approve: str | None = None) -> Rollback:
    """Plan the inverse of a run; with ``approve``, the beginning of the digest of the plan that a person read, also do it.

    Raises:
        StateError: there is no such run, or it was a rollback itself. ConflictError: the world moved since the plan was read, or
        another run holds the workspace.
    """
    wanted = Runs(shop.database).of(run)
    if wanted is None:
        raise StateError(f"there is no run {run}: partnersync status lists the last ones")
    if wanted.kind == KIND:
        raise StateError(f"run {run} was a rollback: what it holds is released by `partnersync hold release`")
    with shop.running() as fence:
        runs = Runs(shop.database)
        own = runs.begin(fence, KIND, shop.settings.meaning, actor)
        status, message, found = "failed", "", None
        try:
            shop.sign_in()
            resolve_all(shop, fence, own, send=False)  # else the plan that was read would not be the one that is done
            rules = rules_of_the_day(shop, shop.clock.now())
            attribute_all(shop, fence, rules)
            found = _planned(shop, rules, wanted, actor)
            if approve is not None:
                _do(shop, fence, own, rules, found, actor, approve)
            status = "waiting" if approve is None else "stopped" if shop.stop.is_set() else "done"
            message = "" if approve else f"the rollback of run {run} waits for a person"
        except (StateError, ConflictError, ConnectorError) as error:
            message = str(error)
            raise
        finally:
            runs.end(fence, own, status, _counts(found) if found else {}, message)
            shop.meter.flush()
    return found


def _planned(shop: Shop, rules: Rules, run: Run, actor: str) -> Rollback:
    undoing = Undoing(shop.database)
    wrote = undoing.wrote(run.id)
    failed: dict[str, str] = {}
    fields = together(was for each in wrote if each.task is None for was in _fields(each))
    tasks = [each.task for each in wrote if each.task is not None]
    decided = list(_asked(shop, run.id, fields, tasks, failed))
    changes, left = changes_of(decided)
    open_ = undoing.open(run.id)
    if open_:
        failed["journal"] = f"{open_} writes of the run may still land: run this again after the next cycle"
    money = tuple(reversals(shop, rules, run.id, actor))
    found = Rollback(
        run,
        plan(shop.settings.workspace, rules.config, rules.as_of, changes),
        tuple(wrote),
        money,
        tuple(was for was in fields if not was.later),
        (*left, *(each for pool in money for each in pool.left)),
        failed=failed,
    )
    situation = Situation(
        Standings(shop.database).reachable(shop.sites, shop.settings.writeback),
        found.gross,
        {},
        tuple(f"{name} ({why})" for name, why in sorted(failed.items())),
    )
    found.reasons = reasons(found.plan, shop.settings.guards, situation)
    return found


def _fields(each: Wrote) -> Iterator[Was]:
    for name, value in sorted(each.desired.items()):
        yield Was(each.ref, name, each.before.get(name), value, each.read_back.get(name, value), name in each.later)


def _asked(
    shop: Shop, run: int, fields: Sequence[Was], tasks: Sequence[TaskChange], failed: dict[str, str]
) -> Iterator[Change | Left | None]:
    """What is decided of each field and task, by what its CRM says now; one that does not answer has its own listed."""
    for connection, site in shop.sites.items():
        here = [was for was in fields if (was.ref.crm, was.ref.org) == (site.crm, site.org)]
        mine = [task for task in tasks if (task.record.crm, task.record.org) == (site.crm, site.org)]
        try:
            if connection in shop.failures:
                raise ConnectorError(shop.failures[connection])
            yield from list(_put_back(shop, connection, run, here))
            yield from list(_undone(shop, connection, run, mine))
        except ConnectorError as error:
            if here or mine:
                failed[connection] = str(error)
                unasked = f"{connection} could not be asked"
                yield from (Left(was.ref, was.field, unasked) for was in here)
                yield from (Left(task.record, _told(task), unasked) for task in mine)


def _put_back(shop: Shop, connection: str, run: int, fields: Sequence[Was]) -> Iterator[Change | Left | None]:
    writer, schemas = ConnectorWriter(shop.crm(connection)), shop.schemas(connection)
    for object_ in sorted({was.ref.object for was in fields}):
        listed = [was for was in fields if was.ref.object == object_]
        names = sorted({was.field for was in listed})
        for start in range(0, len(listed), _READ_AT_ONCE):
            some = listed[start : start + _READ_AT_ONCE]
            now = writer.current(object_, sorted({was.ref.id for was in some}), names)
            for was in some:
                yield put_back(was, now.get(was.ref.id), partial(schemas.normal, object_, was.field), run)


def _undone(shop: Shop, connection: str, run: int, tasks: Sequence[TaskChange]) -> Iterator[Change | Left | None]:
    created = {task.key for task in tasks if task.action == "task_create"}
    stored = [each for several in Tasks(shop.database).of(t.record for t in tasks).values() for each in several]
    known = {each.key: as_known(each) for each in stored if each.key in created}
    seen = looked_up(shop.crm(connection), known)
    for task in tasks:
        yield undone(task, seen.get(task.key), run)


def _do(shop: Shop, fence: Fence, own: int, rules: Rules, found: Rollback, actor: str, approve: str) -> None:
    """Hold, post, send; in this order, so that a run that comes after a crash in between writes nothing again.

    Raises:
        ConflictError: this is not the plan that the person read, or the workspace is halted.
    """
    if not approve or not found.digest.startswith(approve):
        raise ConflictError(
            f"this is not the plan that you read, it is {found.digest[:12]} now: look at it, then approve it"
        )
    fence.check()
    Snapshots(shop.database).seen(fence, rules.config, shop.settings.model_dump(mode="json"))
    now, reason = shop.clock.now(), f"run {found.run.id} was rolled back"
    held = [Hold(was.ref, was.field, was.sent, reason, actor, now, found.run.id) for was in found.held]
    Holds(shop.database).put(fence, held)
    ledger = Ledger(shop.database)
    for each in found.reversed:
        fence.check()
        ledger.append(fence, each.lines, rules.config, run=own, taken=each.taken)
    landed: set[_What] = set()

    def hear(outcome: Applied) -> None:
        if outcome.status in LANDED:
            landed.add(_what(outcome.change))

    found.done = apply_plan(shop, fence, found.plan, own, insist=True, hear=hear)
    found.failed |= found.done.failed
    Undoing(shop.database).reverted(fence, _reverted(found, landed))


def _what(change: Change) -> _What:
    return (change.ref, change.field) if isinstance(change, FieldChange) else (change.record, _told(change))


def _reverted(found: Rollback, landed: Collection[_What]) -> list[int]:
    """The writes of the run of which nothing is left in the CRMs: all else was put back before, or has ``landed`` now."""
    remain = {(each.ref, each.what) for each in found.left}
    remain |= {_what(change) for change in found.plan.changes} - set(landed)
    return [
        each.id
        for each in found.wrote
        if not any((each.ref, name) in remain for name in each.desired)
        and not (each.task and (each.task.record, _told(each.task)) in remain)
    ]


def _told(task: TaskChange) -> str:
    return f"task {task.subject!r}"


def _counts(found: Rollback) -> dict[str, Any]:
    done = dict(found.done.counts) if found.done else {}
    return {
        "rolled_back": found.run.id,
        "plan": dict(found.plan.totals),
        "lines": len(found.lines) if found.done else 0,
        "applied": done,
        "left": len(found.left),
    }
