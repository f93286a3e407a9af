"""Putting back what a run wrote: the inverse of each of its writes, as far as nobody touched the field since.

With before = what the field said when the run wrote, sent = what it wrote, and C = what the CRM says now:

    C                    then
    before               put back already, nothing to do
    sent, or its         write before; unless a later run wrote or adopted it: the later one knew more,
    read-back            leave it and say so
    anything else        somebody edited it since: leave it and say so
    gone, hidden         leave it and say so

A run may write a field more than once: what counts is what it said before the first time and what was sent the last time.
A task that the run made is closed, not deleted: what was on somebody's list stays to be found, and its key stays taken, so that
it does not come again. One that a person edited, completed or deleted is left. Texts of tasks and closed tasks stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from partnersync.changes import Change, FieldChange, TaskChange
from partnersync.ids import Ref
from reconcile.writeback.merge import Normal
from reconcile.writeback.tasks import Known, closing


@dataclass(frozen=True, slots=True)
class Was:
    """One field as a run found and left it. ``later``: another run wrote or adopted something there since."""

    ref: Ref
    field: str
    before: str | None
    sent: str | None
    read_back: str | None
    later: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """What is not put back, and why. ``what`` is a field, or a task by its subject."""

    ref: Ref
    what: str
    why: str


def together(written: Iterable[Was]) -> list[Was]:
    """One per field, of writes in the order in which they were sent."""
    found: dict[tuple[Ref, str], Was] = {}
    for each in written:
        first = found.get((each.ref, each.field))
        found[each.ref, each.field] = replace(each, before=first.before) if first else each
    return list(found.values())


def put_back(was: Was, now: Mapping[str, str | None] | None, normal: Normal, run: int) -> FieldChange | Left | None:
    """The inverse of one write; None where it is put back already. ``now`` is what the record says, None if it is gone."""
    if now is None:
        return Left(was.ref, was.field, "the record is gone")
    if was.field not in now:
        return Left(was.ref, was.field, "the CRM does not show the field to us")
    current, before = normal(now[was.field]), normal(was.before)
    if current == before:
        return None
    if was.later:
        return Left(was.ref, was.field, f"a later run dealt with it; it says {current or 'nothing'} now")
    if current not in (normal(was.sent), normal(was.read_back)):
        return Left(was.ref, was.field, f"edited since; it says {current or 'nothing'} now")
    action = "clear" if before is None else "write"
    why = f"as before run {run}"
    return FieldChange(action, was.ref, was.field, was.sent, current, before, "ours_wins", why)  # type: ignore[arg-type]


def undone(task: TaskChange, seen: Known | None, run: int) -> TaskChange | Left | None:
    """What becomes of a task of the run, as it is ``seen`` now (None: nothing is known of it); None where it is closed by us."""
    left = _left(task, seen)
    if left or seen is None:
        return Left(task.record, f"task {task.subject!r}", left)
    change = closing(seen)
    return replace(change, why=f"made by run {run}") if change else None


def _left(task: TaskChange, seen: Known | None) -> str:
    match task.action, seen:
        case "task_close", _:
            return "closed by the run; it is not opened again"
        case "task_update", _:
            return "its text was brought up to date; that stays"
        case _, None:
            return "nothing is known of it any more"
        case _, Known(state="completed"):
            return "done already"
        case _, Known(state="deleted"):
            return "deleted meanwhile"
        case _, Known(edited=True):
            return "edited since"
    return ""


def changes_of(found: Iterable[Change | Left | None]) -> tuple[list[Change], list[Left]]:
    """What is to be sent and what is left."""
    listed = [each for each in found if each is not None]
    return [each for each in listed if not isinstance(each, Left)], [each for each in listed if isinstance(each, Left)]
