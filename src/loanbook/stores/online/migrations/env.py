"""Run by Alembic: migrates over the connection that `online.migrate` hands it."""

from alembic import context

from loanbook.stores.online.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
