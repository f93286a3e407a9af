"""Make the tables of values that must not be written again and of amounts that a person took back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import types

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "hold",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("place", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("run", types.Whole(), autoincrement=False, nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("released_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "place", "external", "field", name=op.f("pk_hold")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "taken_back",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("pool", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("opportunity", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("strand", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("owed", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("minor", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("run", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("ended_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "pool"], ["pool.workspace", "pool.id"], name=op.f("fk_taken_back_workspace_pool_pool")
        ),
        sa.ForeignKeyConstraint(
            ["workspace", "strand"],
            ["strand.workspace", "strand.id"],
            name=op.f("fk_taken_back_workspace_strand_strand"),
        ),
        sa.PrimaryKeyConstraint("workspace", "pool", "opportunity", "strand", name=op.f("pk_taken_back")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_taken_back_opportunity", "taken_back", ["workspace", "opportunity"], unique=False)
