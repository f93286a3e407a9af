"""Which tasks a record should have, who owns them, and whether one may come again.

A task's key is (rule, record, epoch) and nothing else, so that it is the same after a crash, a restored database or a rename
of its title. The epoch is fixed when the task is made: ``once`` for ever, ``month`` or ``quarter`` by the calendar. One open
task per key: an open one is updated, never doubled. One that a person completed or deleted is respected until the next epoch.
When its reason is gone, our task is closed only if nobody edited it since we wrote it. Source: DOMAIN §4, §8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from partnersync.changes import FieldChange, TaskChange
from partnersync.ids import Ref, intent_key
from partnersync.records import Person
from reconcile.writeback.config import TaskRule
from reconcile.writeback.templates import filled

TaskState = Literal["open", "completed", "deleted"]
REVIEW_DAYS = 3


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule that wants a task on a record now, with the values its texts name."""

    rule: TaskRule
    record: Ref
    values: Mapping[str, str | None]
    owner: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Known:
    """A task of ours as last seen. ``edited``: a person changed what we wrote (subject, body, date or owner)."""

    key: str
    rule: str
    record: Ref
    epoch: str
    task: Ref | None
    state: TaskState
    subject: str
    body: str
    due_on: date
    owner: str | None
    edited: bool = False


def epoch_of(rule: TaskRule, today: date) -> str:
    """The epoch that a task made today belongs to."""
    match rule.epoch:
        case "once":
            return "once"
        case "month":
            return f"{today:%Y-%m}"
        case "quarter":
            return f"{today.year}-Q{(today.month + 2) // 3}"


def task_key(workspace: str, rule: TaskRule, record: Ref, epoch: str) -> str:
    """The deterministic key under which the CRM carries the task; a renamed rule keeps the keys of its old id."""
    return intent_key("task", workspace, rule.was or rule.id, str(record), epoch)


def decide(workspace: str, wish: Wish, known: Mapping[str, Known], today: date) -> TaskChange | None:
    """What one wish asks for: a new task, an update of the open one, or nothing.

    ``known`` are our tasks of this rule and record by key.
    """
    subject = filled(wish.rule.subject, wish.values)
    body = filled(wish.rule.body or "", wish.values)
    open_ones = [task for task in known.values() if task.state == "open"]
    if open_ones:
        task = min(open_ones, key=lambda each: each.key)
        if task.edited or (task.subject, task.body) == (subject, body):
            return None
        return TaskChange(
            "task_update", task.key, wish.rule.id, task.epoch, wish.record, subject, body, task.due_on, task.owner,
            wish.rule.priority, task.task, wish.why,
        )  # fmt: skip
    epoch = epoch_of(wish.rule, today)
    key = task_key(workspace, wish.rule, wish.record, epoch)
    if key in known:
        return None
    due = today + timedelta(days=wish.rule.due)
    return TaskChange(
        "task_create", key, wish.rule.id, epoch, wish.record, subject, body, due, wish.owner, wish.rule.priority, None, wish.why
    )  # fmt: skip


def closing(task: Known) -> TaskChange | None:
    """Close our task when its reason is gone, unless a person edited it or it is closed already."""
    if task.state != "open" or task.edited or task.task is None:
        return None
    return TaskChange(
        "task_close", task.key, task.rule, task.epoch, task.record, task.subject, task.body, task.due_on, task.owner,
        "normal", task.task, "its reason is gone",
    )  # fmt: skip


def review_key(workspace: str, change: FieldChange) -> str:
    """The key of the one task that asks about a field."""
    return intent_key("review", workspace, str(change.ref), change.field, change.desired or "")


def review(workspace: str, change: FieldChange, owner: str | None, today: date) -> TaskChange:
    """The one task that asks a person about a field: theirs or ours, with both values and why ours is what it is."""
    key = review_key(workspace, change)
    subject = f"Check {change.field} of {change.label or change.ref.id}"
    body = (
        f"{change.field} says {change.current or 'nothing'}; by the rules it should say {change.desired or 'nothing'} "
        f"({change.why}). Keep what is right and complete this task."
    )
    due = today + timedelta(days=REVIEW_DAYS)
    return TaskChange(
        "task_create", key, "review", "once", change.ref, subject, body, due, owner, why="a person's edit"
    )


def owner_of(candidates: tuple[str | None, ...], people: Mapping[str, Person], fallback: str | None) -> str | None:
    """Who gets the task: the first active of the candidates, each followed by their manager, then the configured default.

    ``candidates`` are user ids or e-mail addresses (the opportunity's owner, then the partner's manager); ``people`` is by
    id and by lower-case e-mail.
    """
    for candidate in (*candidates, fallback):
        person = people.get(candidate or "") or people.get((candidate or "").lower())
        seen: set[str] = set()
        while person and not person.active and person.manager_id and person.ref.id not in seen:
            seen.add(person.ref.id)
            person = people.get(person.manager_id)
        if person and person.active:
            return person.ref.id
    return None
