"""What must change in a CRM: decided changes, the frozen plan that holds them, the writes sent and what became of them.

The same ``Plan`` is printed, approved and applied. Every change has its own digest, so that approval of a plan approves
its changes one by one: apply sends those whose base and desired value still hold and lists those that moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from partnersync.ids import Ref, digest

Policy = Literal["crm_wins", "ours_wins", "review"]
Action = Literal["write", "clear", "adopt", "override", "review", "hold", "task_create", "task_update", "task_close"]
Status = Literal[
    "planned",
    "approved",
    "pending",
    "inflight",
    "applied",
    "verified",
    "unknown",
    "conflict",
    "rejected",
    "parked",
    "superseded",
    "reverted",
]
"""A write's life in the journal; the last six are side exits."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one record. ``base`` is B (what we last sent), ``current`` C, ``desired`` D, in normal form as text.

    Empty is None. ``adopt``, ``override`` and ``hold`` send nothing: they only remember.
    """

    action: Action
    ref: Ref
    field: str
    base: str | None
    current: str | None
    desired: str | None
    policy: Policy
    why: str
    label: str = ""

    @property
    def digest(self) -> str:
        """Identifies this very decision: the same record, field, base, current and desired value."""
        return digest([self.action, str(self.ref), self.field, self.base, self.current, self.desired])


@dataclass(frozen=True, slots=True)
class TaskChange:
    """One task of ours. ``key`` is deterministic (rule, record, epoch) and goes into the CRM with it."""

    action: Action
    key: str
    rule: str
    epoch: str
    record: Ref
    subject: str
    body: str
    due_on: date
    owner: str | None
    priority: Literal["low", "normal", "high"] = "normal"
    task: Ref | None = None
    why: str = ""

    @property
    def digest(self) -> str:
        """Identifies this very decision. On which day the task is due is a matter of when it is made."""
        return digest([self.action, self.key, self.subject, self.body, self.owner])


Change = FieldChange | TaskChange


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one cycle would write, sorted and frozen. ``totals`` are what guards judge, by name."""

    workspace: str
    config: str
    made_at: datetime
    changes: tuple[Change, ...]
    totals: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Identifies the plan's content; the instant it was made is not part of it."""
        return digest([self.workspace, self.config, [change.digest for change in self.changes]])


@dataclass(frozen=True, slots=True)
class Write:
    """One request to one record, as handed to a connector: set ``fields`` (None clears).

    ``ref.id`` is empty for a create. ``key`` is the intent key; ``unique`` names the CRM field that carries it where one
    exists, so that sending twice has one effect. ``about`` is the record a task belongs to. ``strict``: only if nobody
    modified the record since this connector last read it (where the CRM can tell; the others ignore it).
    """

    key: str
    ref: Ref
    fields: Mapping[str, str | None]
    unique: str | None = None
    about: Ref | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write. ``unknown`` must be read back before anything else is planned for its record.

    ``conflict``: it was strict and the record had been modified since; nothing was written.

    ``echo``: the record's values as the CRM answered the write itself, where it does; they spare the read-back.
    """

    key: str
    status: Literal["applied", "rejected", "unknown", "retry", "conflict"]
    id: str | None = None
    code: str | None = None
    message: str = ""
    echo: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """One journaled request: set ``desired`` on ``ref`` where it said ``before``, or do ``task``.

    ``begun_at`` is when it was last journaled to be sent; None before that.
    """

    key: str
    ref: Ref
    desired: Mapping[str, str | None] = field(default_factory=dict)
    before: Mapping[str, str | None] = field(default_factory=dict)
    task: TaskChange | None = None
    begun_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an intent. ``read_back`` is what the CRM said afterwards; ``id`` the task's id in the CRM."""

    intent: Intent
    status: Status
    read_back: Mapping[str, str | None] | None = None
    id: str | None = None
    code: str | None = None
    message: str = ""
