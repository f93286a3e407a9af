"""Index merged records alone, which are few: a first load wrote an empty entry for each record.

Twins meet at one place now, not under two keys: keys of the old form go, and come anew where a record is read again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_MEETS = 3


def upgrade() -> None:
    op.drop_index("ix_fact_survivor", "fact")
    filled = sa.text("survivor IS NOT NULL")
    op.create_index("ix_fact_survivor", "fact", ["workspace", "survivor"], sqlite_where=filled, postgresql_where=filled)
    reach = sa.table("reach", sa.column("way"))
    op.execute(reach.delete().where(reach.c.way == _MEETS))
    fact = sa.table("fact", sa.column("kind"), sa.column("fields"))
    op.execute(fact.update().where(fact.c.kind == "opportunity").values(fields=None))
