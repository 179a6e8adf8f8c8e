"""Alembic's entry: runs the migrations on the connection it is handed."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel

import storage.models  # noqa: F401  the tables register themselves
from storage.columns import ChannelId, Moment, Sealed


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Migrations name SQLAlchemy's own types only, so that old ones never need our code."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, Sealed):
        return "sa.Text()"
    words = isinstance(item, ChannelId) or type(item).__name__ == "AutoString"
    return "sa.String()" if kind == "type" and words else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
