"""Our tasks between their forms: as stored, as the merge judges them, and as the CRM has them now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors.base import Connector
from partnersync.changes import TaskChange
from partnersync.records import RawRecord
from reconcile.writeback.tasks import Known
from service.steps.writer import draft, text_of
from state.tasks import StoredTask


def as_known(stored: StoredTask) -> Known:
    """A stored task, believed to be as we last wrote it."""
    return Known(
        stored.key, stored.rule, stored.record, stored.epoch, stored.task, "open" if stored.open else "completed",
        stored.subject, stored.body, stored.due_on, stored.owner,
    )  # fmt: skip


def as_change(task: Known) -> TaskChange:
    """The change that would write the task as it is."""
    return TaskChange(
        "task_update", task.key, task.rule, task.epoch, task.record, task.subject, task.body, task.due_on, task.owner,
        task=task.task,
    )  # fmt: skip


def as_seen(task: Known, found: RawRecord | None) -> Known:
    """The task as the CRM has it: deleted, completed, or open and perhaps edited by a person."""
    if found is None:
        return replace(task, state="deleted")
    said = {name: text_of(value) for name, value in found.values.items()}
    if said.get("done") == "true":
        return replace(task, state="completed")
    ours = {"subject": task.subject, "due_on": task.due_on.isoformat(), "owner": task.owner}
    edited = any(name in said and said[name] != value for name, value in ours.items())
    return replace(task, edited=edited)


def looked_up(crm: Connector, mine: Mapping[str, Known]) -> dict[str, Known]:
    """Our tasks as the CRM has them now."""
    open_ones = [as_change(task) for task in mine.values() if task.state == "open"]
    found = crm.find_tasks([draft(change) for change in open_ones]) if open_ones else {}
    return {key: as_seen(task, found.get(key)) if task.state == "open" else task for key, task in mine.items()}
