"""Runs the migrations on the connection that `forensics.store.migrate` gives, or on the configured database."""

from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Enum

from alembic import context
from forensics import settings
from forensics.store import indexes  # noqa: F401  it adds indexes to the tables
from forensics.store.columns import UtcDateTime
from forensics.store.database import connect, writer
from forensics.store.models import Table


def render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write column types into new migrations as plain SQLAlchemy types."""
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String({item.length})"
    return False


def run(connection: Connection) -> None:
    """Run what alembic was asked for, within the connection's transaction."""
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with writer(connect(settings.load().database_url)).begin() as connection:
        run(connection)
