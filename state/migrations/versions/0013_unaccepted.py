"""Keep what a full read brought that fell behind the last accepted one, until it is accepted or a later one brings enough."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Whole

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("full_read", sa.Column("fewer", Whole(), nullable=True))
