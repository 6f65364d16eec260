"""What alembic runs: the steps on the connection, and within the transaction, of whoever asks for them."""

from __future__ import annotations

from alembic import context

from auditor.history.tables import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
)
context.run_migrations()
