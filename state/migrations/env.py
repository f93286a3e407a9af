"""Run revisions over the connection that ``state.migrate`` hands in; never over one of its own."""

from __future__ import annotations

from alembic import context

from state.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
