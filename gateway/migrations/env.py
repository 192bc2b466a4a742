"""Alembic runs this: migrations on the connection that `gateway.migrations` hands over."""

from alembic import context

from gateway.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
