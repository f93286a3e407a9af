"""The whole schema: every table gathered, the triggers that keep the ledger append-only, and the revision it stands at."""

from __future__ import annotations

from sqlalchemy import Connection, MetaData

from state.tables import credit, facts, ledger, running, workspace, writing
from state.tables.base import METADATA

HEAD = "0001"
"""The newest revision under ``state/migrations/versions``; a database at another one is refused."""

TABLES: MetaData = METADATA
MODULES = (workspace, facts, credit, ledger, writing, running)
"""Importing them is what fills ``TABLES``."""

_FUNCTION = """
CREATE OR REPLACE FUNCTION partnersync_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$
"""


def triggers(dialect: str) -> tuple[str, ...]:
    """The statements that refuse to change or remove what the ledger says; run them again after a table was rebuilt."""
    made: list[str] = [] if dialect == "sqlite" else [_FUNCTION]
    for name in ledger.APPEND_ONLY:
        for verb in ("update", "delete"):
            trigger = f"{name}_refuses_{verb}"
            if dialect == "sqlite":
                made.append(
                    f"CREATE TRIGGER IF NOT EXISTS {trigger} BEFORE {verb.upper()} ON {name} "
                    f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
                )
            else:
                made.append(
                    f"CREATE OR REPLACE TRIGGER {trigger} BEFORE {verb.upper()} ON {name} "
                    "FOR EACH ROW EXECUTE FUNCTION partnersync_append_only()"
                )
        if dialect != "sqlite":
            made.append(
                f"CREATE OR REPLACE TRIGGER {name}_refuses_truncate BEFORE TRUNCATE ON {name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION partnersync_append_only()"
            )
    return tuple(made)


def create(connection: Connection) -> None:
    """All tables and triggers at once, as the migrations make them one by one."""
    TABLES.create_all(connection)
    for statement in triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)
