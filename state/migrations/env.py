"""Alembic's environment: runs revisions on the connection that ``state.migrate`` holds, inside its transaction."""

from __future__ import annotations

from alembic import context

from state.schema import TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
