"""Make the tables of what was pulled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state import types

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "binding",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("crm", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("bound_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", name=op.f("pk_binding")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "body",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_body")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "cursor",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection", "object", name=op.f("pk_cursor")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "dirty",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("fact", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "fact", name=op.f("pk_dirty")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fact",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("place", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("life", sa.Text(), nullable=False),
        sa.Column("stamp", types.Instant(), nullable=True),
        sa.Column("gone_at", types.Instant(), nullable=True),
        sa.Column("version", types.Whole(), autoincrement=False, nullable=True),
        sa.Column("fields", sa.Text(), nullable=True),
        sa.Column("quarantine", sa.Text(), nullable=True),
        sa.Column("survivor", types.Whole(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_fact")),
        sa.UniqueConstraint("workspace", "place", "external", name=op.f("uq_fact_workspace_place_external")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_fact_kind_id", "fact", ["workspace", "kind", "id"], unique=False)
    op.create_index("ix_fact_survivor", "fact", ["workspace", "survivor"], unique=False)
    op.create_table(
        "place",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("crm", sa.Text(), nullable=False),
        sa.Column("org", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_place")),
        sa.UniqueConstraint("workspace", "crm", "org", "object", name=op.f("uq_place_workspace_crm_org_object")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "quarantine",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("place", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "place", "external", name=op.f("pk_quarantine")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "reach",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("key", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("role", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("way", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("fact", types.Whole(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", "role", "way", "fact", name=op.f("pk_reach")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reach_fact", "reach", ["workspace", "fact"], unique=False)
    op.create_table(
        "workspace",
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("recovering", types.Flag(), server_default="0", nullable=False),
        sa.Column("halted_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("slug", name=op.f("uq_workspace_slug")),
        sqlite_strict=True,
    )
    op.create_table(
        "version",
        sa.Column("workspace", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("fact", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("life", sa.Text(), nullable=False),
        sa.Column("stamp", types.Instant(), nullable=False),
        sa.Column("seen_at", types.Instant(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("body", types.Whole(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "fact"], ["fact.workspace", "fact.id"], name=op.f("fk_version_workspace_fact_fact")
        ),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_version")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("ix_version_fact_id", "version", ["workspace", "fact", "id"], unique=False)
    op.create_index("ix_version_hash", "version", ["workspace", "hash"], unique=False)
