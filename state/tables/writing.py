"""What we wrote and mean to write: plans, the journal of intents with their fields, B of every field, edits, holds, tasks."""

from __future__ import annotations

from sqlalchemy import Column

from state.tables.base import table, whole
from state.types import Day, Flag, Hash, Json, Slug, UtcInstant, Word

plans = table(
    "plans",
    ("digest",),
    Column("digest", Hash()),
    Column("config", Word(), nullable=False),
    Column("made_at", UtcInstant(), nullable=False),
    Column("body", Hash(), nullable=False),
    Column("totals", Json(), nullable=False),
    Column("reasons", Json(), nullable=False),
    index=(("made_at",),),
)
"""``body`` is the payload with the plan's JSON; ``reasons`` are those for which it waits for a person."""

plan_changes = table(
    "plan_changes",
    ("plan", "change"),
    Column("plan", Hash()),
    Column("change", Hash()),
    Column("approved_by", Word()),
    Column("approved_at", UtcInstant()),
    Column("status", Word(), nullable=False),
    Column("message", Word(), nullable=False),
)

intents = table(
    "intents",
    ("intent",),
    whole("intent"),
    Column("key", Word(), nullable=False),
    Column("kind", Word(), nullable=False),
    whole("entity"),
    Column("status", Word(), nullable=False),
    Column("open", Flag(), nullable=False),
    whole("attempt"),
    whole("token"),
    whole("run", null=True),
    Column("payload", Hash(), nullable=False),
    Column("task", Json()),
    Column("sent_at", UtcInstant(), nullable=False),
    Column("ended_at", UtcInstant()),
    Column("crm_id", Word()),
    Column("code", Word()),
    Column("message", Word(), nullable=False),
    index=(("key",), ("open",), ("run",)),
    refers=(("entity", "entities"),),
    rowid=True,
)
"""One row per time that we set out to write. ``open``: its outcome is not known, or it is still to be sent."""

intent_fields = table(
    "intent_fields",
    ("intent", "field"),
    whole("intent"),
    Column("field", Word()),
    whole("entity"),
    Column("before", Word()),
    Column("desired", Word()),
    Column("read_back", Word()),
    index=(("entity", "field", "intent"),),
    refers=(("intent", "intents"),),
)

bases = table(
    "bases",
    ("entity", "field"),
    whole("entity"),
    Column("field", Word()),
    Column("sent", Word()),
    Column("read_back", Word()),
    whole("mark"),
    Column("at", UtcInstant(), nullable=False),
    refers=(("entity", "entities"),),
)
"""B: what we last sent and its read-back. ``mark`` is an intent number: what was sent after it was sent since B."""

edits = table(
    "edits",
    ("entity", "field"),
    whole("entity"),
    Column("field", Word()),
    Column("value", Word()),
    Column("desired", Word()),
    whole("times"),
    Column("at", UtcInstant(), nullable=False),
    refers=(("entity", "entities"),),
)
"""A person's edit that was recorded, and what we wanted at that time; ``times`` it was recorded anew."""

holds = table(
    "holds",
    ("entity", "field"),
    whole("entity"),
    Column("field", Word()),
    Column("value", Word()),
    Column("desired", Word()),
    whole("run"),
    Column("at", UtcInstant(), nullable=False),
    refers=(("entity", "entities"),),
)
"""A rollback's hold: while ``desired`` is still what we want, the field is left alone."""

tasks = table(
    "tasks",
    ("key",),
    Column("key", Word()),
    Column("rule", Slug(), nullable=False),
    whole("entity"),
    Column("epoch", Word(), nullable=False),
    Column("task", Word()),
    Column("state", Word(), nullable=False),
    Column("subject", Word(), nullable=False),
    Column("body", Word(), nullable=False),
    Column("due_on", Day(), nullable=False),
    Column("owner", Word()),
    Column("priority", Word(), nullable=False),
    Column("edited", Flag(), nullable=False),
    Column("closed_as", Word()),
    Column("at", UtcInstant(), nullable=False),
    index=(("entity",), ("state",)),
    refers=(("entity", "entities"),),
    rowid=True,
)
"""``task`` is the task's identity in the CRM as text; ``closed_as`` what the CRM said when it was closed or gone."""
