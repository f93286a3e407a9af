"""The triggers that refuse UPDATE and DELETE on append-only tables, on both databases."""

from __future__ import annotations

from sqlalchemy import Connection

from state.schema import APPEND_ONLY

_SQLITE = (
    "CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only: post a counter-line'); END"
)
_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only: post a counter-line', TG_TABLE_NAME; END $$
"""
_POSTGRESQL = (
    "CREATE OR REPLACE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} FOR EACH STATEMENT "
    "EXECUTE FUNCTION refuse_change()"
)


def guard(connection: Connection) -> None:
    """Create the triggers, replacing those that are there; run after every change of such a table."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_FUNCTION.replace("%", "%%"))
        for table in APPEND_ONLY:
            for verb in ("update", "delete", "truncate"):
                connection.exec_driver_sql(_POSTGRESQL.format(table=table, verb=verb))
        return
    for table in APPEND_ONLY:
        for verb in ("update", "delete"):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
            connection.exec_driver_sql(_SQLITE.format(table=table, verb=verb))
