"""Drop the index of versions by hash: nothing is looked up by it, and a first load writes to a random place of it per record."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_index("ix_version_hash", "version")
