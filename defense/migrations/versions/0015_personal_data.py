"""personal data: who may see it, until when it is kept, exports and deletions"""

from alembic import op
import sqlalchemy as sa

revision = "0015"
down_revision = "0014"


def upgrade():
    # The default stays: to take it away SQLite would have to copy the whole table.
    allowed = sa.Column("may_see_personal", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("account", allowed)
    # Whoever could until now goes on; for new accounts it is granted by name.
    op.execute("UPDATE account SET may_see_personal = (role = 'staff')")
    op.add_column("round", sa.Column("keep_until", sa.Date()))
    op.create_table(
        "retention_export",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("is_encrypted", sa.Boolean(), nullable=False),
        sa.Column("made_by_id", sa.Integer()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"]),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"]
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_retention_export_round_id"), "retention_export", ["round_id"])
    op.create_table(
        "round_erasure",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("export_id", sa.Integer(), nullable=False),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"]),
        sa.ForeignKeyConstraint(
            ["export_id"], ["retention_export.id"]
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["account.id"]
        ),
        sa.PrimaryKeyConstraint("round_id"),
    )


def downgrade():
    op.drop_table("round_erasure")
    op.drop_table("retention_export")
    op.drop_column("round", "keep_until")
    op.drop_column("account", "may_see_personal")
