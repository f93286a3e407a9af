"""Make the table of what a CRM's schema no longer gives."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import types

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "drift",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("ordinal", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("setting", types.Document(), nullable=False),
        sa.Column("at_key", types.Flag(), server_default="0", nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("stops", types.Flag(), server_default="0", nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "ordinal", name=op.f("pk_drift")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
