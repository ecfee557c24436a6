"""Alembic's entry: runs on the connection that the registry hands over."""

from alembic import context

from causalcx.registry.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
