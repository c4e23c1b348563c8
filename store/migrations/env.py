"""Alembic's environment, which runs the migrations on the connection of `store.sql.database.schema`."""

from alembic import context

from understudy.store.sql.database.columns import Base
from understudy.store.sql.database.trash_tables import TRASH

assert TRASH  # these tables are of the metadata, too

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter most things in place
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
