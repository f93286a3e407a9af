"""Tell up to when a restored database remembers, which says more than that it was restored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Instant, Whole

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("workspace", sa.Column("remembers_until", Instant(), nullable=True))
    columns = sa.column("recovering", Whole()), sa.column("remembers_until", Whole()), sa.column("created_at", Whole())
    workspace = sa.table("workspace", *columns)
    op.execute(workspace.update().where(workspace.c.recovering == 1).values(remembers_until=workspace.c.created_at))
    op.drop_column("workspace", "recovering")
