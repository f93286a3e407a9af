"""Desired fields and tasks against what the CRM says → one frozen, sorted plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from partnersync.changes import Action, Change, FieldChange, Plan, TaskChange
from partnersync.ids import Ref
from reconcile.writeback.config import FieldRule
from reconcile.writeback.desired import Desired, Unknown
from reconcile.writeback.guards import SENDING
from reconcile.writeback.merge import MOST_WRITES, Base, Field, Normal, Noted, verdict

CONTESTED = (
    f"written {MOST_WRITES} times within a day and changed each time: another system writes this field too; "
    "take it out of its sync and release it, or give it up here"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A value that must not be written, because a person rolled it back or another system writes the field too."""

    value: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of one record with all that decides it.

    ``hidden``: the CRM did not show the field. ``lately``: what we sent to it within a day, since a person last released it.
    ``held``: the value that must not be written there.
    """

    ref: Ref
    field: str
    rule: FieldRule
    desired: Desired
    current: str | None
    base: Base | None = None
    noted: Noted | None = None
    hidden: bool = False
    label: str = ""
    lately: tuple[str | None, ...] = ()
    held: Held | None = None


def field_change(cell: Cell, normal: Normal) -> FieldChange | None:
    """What must be done about one cell, None for nothing."""
    if isinstance(cell.desired.value, Unknown):
        return None
    desired = normal(cell.desired.value)
    judged = Field(
        cell.base, cell.current, desired, cell.rule.policy, cell.rule.first_sync == "overwrite", cell.noted, cell.hidden,
        cell.lately, cell.held is not None and normal(cell.held.value) == desired,
    )  # fmt: skip
    action: Action
    match verdict(judged, normal):
        case "nothing":
            return None
        case "review":
            action = "review"
        case other:
            action = other
    return FieldChange(
        action, cell.ref, cell.field, cell.base.sent if cell.base else None, normal(cell.current), desired,
        cell.rule.policy, CONTESTED if action == "hold" else cell.desired.why, cell.label,
    )  # fmt: skip


def plan(workspace: str, config: str, made_at: datetime, changes: Iterable[Change]) -> Plan:
    """The frozen plan: sorted by CRM, object, record and field, tasks after fields, with its totals."""
    ordered = tuple(sorted(changes, key=_order))
    return Plan(workspace, config, made_at, ordered, totals(ordered))


def totals(changes: Iterable[Change]) -> Mapping[str, int]:
    """How many changes of each action there are, how many records they touch and how many are sent."""
    listed = list(changes)
    counts = Counter(change.action for change in listed)
    records = {change.ref for change in listed if isinstance(change, FieldChange) and change.action in SENDING}
    sent = sum(1 for change in listed if change.action in SENDING)
    return {**dict(sorted(counts.items())), "records": len(records), "sent": sent}


def _order(change: Change) -> tuple[str, ...]:
    match change:
        case FieldChange(ref=ref):
            return ("0", ref.crm, ref.org, ref.object, ref.id, change.field)
        case TaskChange(record=ref):
            return ("1", ref.crm, ref.org, ref.object, ref.id, change.key)
