"""Make the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import types

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "strand",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("generation", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_strand")),
        sa.UniqueConstraint(
            "workspace",
            "rule",
            "role",
            "component",
            "generation",
            name=op.f("uq_strand_workspace_rule_role_component_generation"),
        ),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "line",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("opportunity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("strand", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("sequence", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minor", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("posted_period", sa.Text(), nullable=False),
        sa.Column("caused_by", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("stamp", types.Instant(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("run", types.Whole(), autoincrement=False, nullable=True),
        sa.Column("explanation", types.Document(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "pool"], ["pool.workspace", "pool.id"], name=op.f("fk_line_workspace_pool_pool")
        ),
        sa.ForeignKeyConstraint(
            ["workspace", "strand"], ["strand.workspace", "strand.id"], name=op.f("fk_line_workspace_strand_strand")
        ),
        sa.PrimaryKeyConstraint("workspace", "pool", "opportunity", "strand", "sequence", name=op.f("pk_line")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_line_opportunity", "line", ["workspace", "opportunity"], unique=False)
    op.create_index("ix_line_posted_period", "line", ["workspace", "posted_period"], unique=False)
    op.create_index("ix_line_run", "line", ["workspace", "run"], unique=False)
