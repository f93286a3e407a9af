"""Make the tables of credit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "credit",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("opportunity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("ordinal", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("share", types.Ratio(), nullable=False),
        sa.Column("minor", types.Whole(), autoincrement=False, nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("evidence", types.Document(), nullable=False),
        sa.Column("good_until", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "opportunity", "ordinal", name=op.f("pk_credit")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_credit_partner_opportunity", "credit", ["workspace", "partner", "opportunity"], unique=False)
    op.create_table(
        "dirty_pool",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "pool", name=op.f("pk_dirty_pool")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dirty_record",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("fact", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "fact", name=op.f("pk_dirty_record")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "finding",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("opportunity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("ordinal", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "opportunity", "ordinal", name=op.f("pk_finding")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_finding_code", "finding", ["workspace", "code"], unique=False)
    op.create_table(
        "frozen_rate",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("opportunity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("generation", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("asked_on", types.Day(), nullable=False),
        sa.Column("rate_on", types.Day(), nullable=False),
        sa.Column("value", types.Ratio(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("frozen_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace", "opportunity", "generation", "base", "quote", "asked_on", name=op.f("pk_frozen_rate")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "pool",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_pool")),
        sa.UniqueConstraint(
            "workspace",
            "program",
            "plan",
            "partner",
            "measure",
            "period",
            "currency",
            name=op.f("uq_pool_workspace_program_plan_partner_measure_period_currency"),
        ),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "standing",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("opportunity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("decided_at", types.Instant(), nullable=False),
        sa.Column("good_until", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "opportunity", name=op.f("pk_standing")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_standing_good_until", "standing", ["workspace", "good_until"], unique=False)
    op.create_table(
        "entry",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("opportunity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("ordinal", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("generation", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("effective_on", types.Day(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("basis", types.Ratio(), nullable=True),
        sa.Column("share", types.Ratio(), nullable=False),
        sa.Column("rate", types.Document(), nullable=True),
        sa.Column("blocked", sa.Text(), nullable=True),
        sa.Column("facts", types.Document(), nullable=False),
        sa.Column("context", types.Document(), nullable=False),
        sa.Column("cites", types.Document(), nullable=False),
        sa.Column("entered_at", types.Instant(), nullable=False),
        sa.Column("good_until", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "pool"], ["pool.workspace", "pool.id"], name=op.f("fk_entry_workspace_pool_pool")
        ),
        sa.PrimaryKeyConstraint("workspace", "pool", "opportunity", "ordinal", name=op.f("pk_entry")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_entry_good_until", "entry", ["workspace", "good_until"], unique=False)
    op.create_index("ix_entry_opportunity", "entry", ["workspace", "opportunity"], unique=False)
