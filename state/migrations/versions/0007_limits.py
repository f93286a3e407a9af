"""Let a bucket list what is taken of it, and make the table of connections that rest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import types

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.drop_table("bucket")
    op.create_table(
        "bucket",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("most", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("window", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("taken", types.Document(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "name", name=op.f("pk_bucket")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "rest",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("until", types.Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", name=op.f("pk_rest")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
