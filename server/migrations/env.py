"""What alembic runs: the engine comes from `server.migrating`."""

from alembic import context
from sqlmodel import SQLModel

from sessions import tables

assert tables.EventRow.metadata is SQLModel.metadata

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
