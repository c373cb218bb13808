"""feeds: calendars read from outside, and what the calendar server was given of each sitting"""

from alembic import op
import sqlalchemy as sa

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("panel_id", sa.Integer(), nullable=True),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("last_read_at", TIME, nullable=True),
        sa.CheckConstraint("(account_id IS NULL) <> (panel_id IS NULL)", name="ck_feed_of_one"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_feed_account_id_account"),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name="fk_feed_panel_id_panel"),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name="fk_feed_created_by_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
        sa.UniqueConstraint("token_digest", name="uq_feed_token_digest"),
    )
    for name in ("account_id", "panel_id"):
        op.create_index(f"ix_feed_{name}", "feed", [name])
    op.create_table(
        "calendar_object",
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=100), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("stamped_at", TIME, nullable=False),
        sa.Column("panel_name", sa.String(length=100), nullable=False),
        sa.Column("start_at", TIME, nullable=False),
        sa.Column("end_at", TIME, nullable=False),
        sa.Column("candidate_count", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("pushed_digest", sa.String(length=64), nullable=True),
        sa.Column("etag", sa.String(length=200), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("claimed_until", TIME, nullable=True),
        sa.Column("last_answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name="fk_calendar_object_sitting_id_sitting"),
        sa.PrimaryKeyConstraint("sitting_id", name="pk_calendar_object"),
        sa.UniqueConstraint("uid", name="uq_calendar_object_uid"),
    )


def downgrade():
    op.drop_table("calendar_object")
    op.drop_table("feed")
