"""Make the tables of write-back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import types

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "base",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("place", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("read_back", sa.Text(), nullable=True),
        sa.Column("intent", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "place", "external", "field", name=op.f("pk_base")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "intent",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("crm", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("desired", types.Document(), nullable=False),
        sa.Column("before", types.Document(), nullable=False),
        sa.Column("task", types.Document(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("read_back", types.Document(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("run", types.Whole(), autoincrement=False, nullable=True),
        sa.Column("begun_at", types.Instant(), nullable=False),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_intent")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_intent_key_id", "intent", ["workspace", "key", "id"], unique=False)
    op.create_index("ix_intent_run", "intent", ["workspace", "run"], unique=False)
    op.create_index("ix_intent_status_crm_org", "intent", ["workspace", "status", "crm", "org"], unique=False)
    op.create_table(
        "noted",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("place", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("desired", sa.Text(), nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "place", "external", "field", name=op.f("pk_noted")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "plan",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("made_at", types.Instant(), nullable=False),
        sa.Column("run", types.Whole(), autoincrement=False, nullable=True),
        sa.Column("totals", types.Document(), nullable=False),
        sa.Column("reasons", types.Document(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "digest", name=op.f("pk_plan")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_plan_made_at", "plan", ["workspace", "made_at"], unique=False)
    op.create_table(
        "plan_change",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("ordinal", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("change", types.Document(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "plan", "ordinal", name=op.f("pk_plan_change")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_plan_change_digest", "plan_change", ["workspace", "digest"], unique=False)
    op.create_table(
        "sent",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("place", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("intent", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "place", "external", "field", "intent", name=op.f("pk_sent")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_sent_intent", "sent", ["workspace", "intent"], unique=False)
    op.create_table(
        "task",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("open", types.Flag(), server_default="0", nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name=op.f("pk_task")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_task_record", "task", ["workspace", "record"], unique=False)
