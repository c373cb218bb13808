"""scheduling at full strength: settings of the round, needs of candidates, absences, explanations"""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"

# Columns are added one by one: rebuilding a table, as SQLite needs it for more, would lose its triggers.
COLUMNS = [
    ("round", sa.Column("scheduling_settings", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))),
    ("application", sa.Column("priority", sa.Integer(), nullable=False, server_default=sa.text("0"))),
    ("expert", sa.Column("is_attendee_only", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("panel_half_day", sa.Column("is_added", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("panel_half_day", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True)),
    ("solve_run", sa.Column("kind", sa.String(length=20), nullable=False, server_default="solve")),
    ("solve_run", sa.Column("options", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))),
    ("solve_run", sa.Column("keep_requested", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("solve_run", sa.Column("result", sa.JSON(), nullable=True)),
]


def upgrade():
    for table, column in COLUMNS:
        op.add_column(table, column)
    op.create_table(
        "candidate_wish",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name="fk_candidate_wish_application_id_application"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_candidate_wish_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_candidate_wish"),
    )
    op.create_index("ix_candidate_wish_application_id", "candidate_wish", ["application_id"])
    op.create_table(
        "named_attendee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("expert_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name="fk_named_attendee_application_id_application"),
        sa.ForeignKeyConstraint(["expert_id"], ["expert.id"], name="fk_named_attendee_expert_id_expert"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_named_attendee_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_named_attendee"),
        sa.UniqueConstraint("application_id", "expert_id", name="uq_named_attendee_application_id_expert_id"),
    )
    op.create_index("ix_named_attendee_application_id", "named_attendee", ["application_id"])
    op.create_index("ix_named_attendee_expert_id", "named_attendee", ["expert_id"])
    op.create_table(
        "expert_absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("expert_id", sa.Integer(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["expert_id"], ["expert.id"], name="fk_expert_absence_expert_id_expert"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_expert_absence_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_expert_absence"),
    )
    op.create_index("ix_expert_absence_expert_id", "expert_absence", ["expert_id"])


def downgrade():
    for table in ("expert_absence", "named_attendee", "candidate_wish"):
        op.drop_table(table)
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column.name)
