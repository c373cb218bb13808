"""meetings: what is kept at the providers, which ones a round uses, a panel's standing conference room"""

from alembic import op
import sqlalchemy as sa

revision = "0007"
down_revision = "0006"

TIME = sa.DateTime(timezone=True)
IS_LIVE = sa.text("state IN ('planned', 'creating', 'held')")
COLUMNS = (
    ("round", sa.Column("meeting_provider", sa.String(20), nullable=False, server_default="jitsi")),
    ("round", sa.Column("second_meeting_provider", sa.String(20), nullable=True)),
    ("round", sa.Column("meeting_waiting_room", sa.Boolean(), nullable=False, server_default=sa.true())),
    ("panel", sa.Column("meeting_address", sa.LargeBinary(), nullable=True)),
    ("panel", sa.Column("meeting_number", sa.LargeBinary(), nullable=True)),
    ("panel", sa.Column("meeting_password", sa.LargeBinary(), nullable=True)),
)


def upgrade():
    for table, column in COLUMNS:
        op.add_column(table, column)
    op.create_table(
        "meeting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("sitting_id", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("is_second", sa.Boolean(), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=True),
        sa.Column("is_behind", sa.Boolean(), nullable=False),
        sa.Column("is_stuck", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("claimed_until", TIME, nullable=True),
        sa.Column("last_words", sa.JSON(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_meeting_round_id_round"),
        sa.ForeignKeyConstraint(
            ["sitting_id"], ["sitting.id"], name="fk_meeting_sitting_id_sitting", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_meeting"),
    )
    op.create_index("ix_meeting_round_id", "meeting", ["round_id"])
    op.create_index("ix_meeting_sitting_id", "meeting", ["sitting_id"])
    op.create_index(
        "ix_meeting_live",
        "meeting",
        ["sitting_id"],
        unique=True,
        sqlite_where=IS_LIVE,
        postgresql_where=IS_LIVE,
    )


def downgrade():
    op.drop_table("meeting")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column.name)
