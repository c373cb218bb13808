"""Runs migrations on the application's own engine, inside its context."""

from alembic import context

from defense.extensions import db
from defense.models.types import UtcDateTime


def render_item(kind, item, _autogen_context):
    """Write our column type as what it is in the database: migrations must not import the models."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def run() -> None:
    """One transaction for everything that is outstanding."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
