"""Tell the values that may land after newer ones: those that a runner which was overtaken may yet send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Flag

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("sent", sa.Column("late", Flag(), server_default="0", nullable=False))
