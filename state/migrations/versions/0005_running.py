"""Make the tables of runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import types

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "bucket",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("free_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "name", name=op.f("pk_bucket")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "budget",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("used", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("allowance", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "name", name=op.f("pk_budget")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "calls",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("freshness", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("count", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace", "connection", "freshness", "endpoint", "status", "day", name=op.f("pk_calls")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "full_read",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("total", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "object", name=op.f("pk_full_read")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "lease",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("token", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.Column("renewed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "job", name=op.f("pk_lease")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "person",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("crm", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("active", types.Flag(), server_default="0", nullable=False),
        sa.Column("manager", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "crm", "org", "external", name=op.f("pk_person")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "run",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", types.Instant(), nullable=False),
        sa.Column("ended_at", types.Instant(), nullable=True),
        sa.Column("counts", types.Document(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_run")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_run_started_at", "run", ["workspace", "started_at"], unique=False)
    op.create_table(
        "slot",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("shard", sa.Text(), nullable=False),
        sa.Column("slot", types.Instant(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("claimed_at", types.Instant(), nullable=False),
        sa.Column("ended_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "kind", "shard", "slot", name=op.f("pk_slot")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "snapshot",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("meaning", types.Document(), nullable=False),
        sa.Column("first_seen_at", types.Instant(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "hash", name=op.f("pk_snapshot")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
