"""Tables of what was written to the CRMs: plans and approvals, intents, values sent, overrides noted, holds, tasks of ours."""

from __future__ import annotations

from state.schema.shape import document, flag, instant, table, text, whole

plan = table(
    "plan",
    text("digest"),
    text("config"),
    instant("made_at"),
    whole("run", optional=True),
    document("totals"),
    document("reasons"),
    text("approved_by", optional=True),
    instant("approved_at", optional=True),
    key=("digest",),
    indexes=(("made_at",),),
)

plan_change = table(
    "plan_change",
    text("plan"),
    whole("ordinal"),
    text("digest"),
    document("change"),
    key=("plan", "ordinal"),
    indexes=(("digest",),),
)

intent = table(
    "intent",
    whole("id"),
    text("key"),
    text("crm"),
    text("org"),
    text("object"),
    text("external"),
    document("desired"),
    document("before"),
    document("task", optional=True),
    text("status"),
    document("read_back", optional=True),
    text("code", optional=True),
    text("message"),
    whole("run", optional=True),
    instant("begun_at"),
    instant("finished_at", optional=True),
    key=("id",),
    indexes=(("status", "crm", "org"), ("key", "id"), ("run",)),
)

sent = table(
    "sent",
    whole("place"),
    text("external"),
    text("field"),
    whole("intent"),
    text("value", optional=True),
    instant("at"),
    flag("late"),
    key=("place", "external", "field", "intent"),
    indexes=(("intent",),),
)
"""Values that we sent. ``late``: one that a runner which stands still may yet send, so that it may land after newer ones."""

base = table(
    "base",
    whole("place"),
    text("external"),
    text("field"),
    text("value", optional=True),
    text("read_back", optional=True),
    whole("intent"),
    instant("at"),
    key=("place", "external", "field"),
)

noted = table(
    "noted",
    whole("place"),
    text("external"),
    text("field"),
    text("value", optional=True),
    text("desired", optional=True),
    instant("at"),
    key=("place", "external", "field"),
)

hold = table(
    "hold",
    whole("place"),
    text("external"),
    text("field"),
    text("value", optional=True),
    text("reason"),
    text("actor"),
    whole("run", optional=True),
    instant("at"),
    instant("released_at", optional=True),
    key=("place", "external", "field"),
)
"""Values that must not be written to a field again, until another is wanted there or a person releases it."""

task = table(
    "task",
    text("key"),
    text("rule"),
    text("epoch"),
    text("record"),
    text("task", optional=True),
    text("subject"),
    text("body"),
    text("due_on"),
    text("owner", optional=True),
    text("priority"),
    flag("open"),
    instant("at"),
    key=("key",),
    indexes=(("record",),),
)
