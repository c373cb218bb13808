"""invites and meetings: letters of every kind in the outbox, answers, throttled domains, mail of the office"""

from alembic import op
import sqlalchemy as sa

revision = "0005"
down_revision = "0004"

TIME = sa.DateTime(timezone=True)
COLUMNS = [
    ("account", sa.Column("email", sa.String(length=200), nullable=False, server_default="")),
    ("invite", sa.Column("answer", sa.String(length=20), nullable=True)),
    ("invite", sa.Column("answered_at", TIME, nullable=True)),
]
KEPT_COLUMNS = (
    "id, invite_id, to_address, message_id, method, sequence, data, state, attempts, next_attempt_at, "
    "claimed_until, last_answer, queued_at, sent_at"
)


def upgrade():
    for table, column in COLUMNS:
        op.add_column(table, column)
    _widen_outbox()
    _create_tables()


def _widen_outbox():
    op.rename_table("outbox_message", "outbox_message_before")
    for name in ("ix_outbox_message_invite_id", "ix_outbox_message_state"):
        op.drop_index(name, "outbox_message_before")
    if op.get_bind().dialect.name == "postgresql":
        # Constraints keep their names when a table is renamed, and names are unique there.
        for name in ("pk_outbox_message", "uq_outbox_message_message_id", "fk_outbox_message_invite_id_invite"):
            op.execute(f"ALTER TABLE outbox_message_before RENAME CONSTRAINT {name} TO {name}_before")
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("invite_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("to_address", sa.String(length=200), nullable=False),
        sa.Column("domain", sa.String(length=200), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("once_key", sa.String(length=120), nullable=True),
        sa.Column("method", sa.String(length=20), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("claimed_until", TIME, nullable=True),
        sa.Column("last_answer", sa.Text(), nullable=True),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.Column("settled_note", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_outbox_message_round_id_round"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_outbox_message_account_id_account"),
        sa.ForeignKeyConstraint(["invite_id"], ["invite.id"], name="fk_outbox_message_invite_id_invite"),
        sa.ForeignKeyConstraint(["settled_by_id"], ["account.id"], name="fk_outbox_message_settled_by_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_message"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_message_id"),
        sa.UniqueConstraint("once_key", name="uq_outbox_message_once_key"),
    )
    kept = ", ".join(f"m.{name}" for name in KEPT_COLUMNS.split(", "))
    op.execute(
        f"INSERT INTO outbox_message ({KEPT_COLUMNS}, round_id, account_id, kind, domain) "
        f"SELECT {kept}, i.round_id, i.account_id, CASE WHEN m.method = 'CANCEL' THEN 'cancel' "
        "WHEN m.sequence = 0 THEN 'invite' ELSE 'change' END, "
        f"lower(substr(m.to_address, {_position_of_at()} + 1)) "
        "FROM outbox_message_before m JOIN invite i ON i.id = m.invite_id"
    )
    op.drop_table("outbox_message_before")
    if op.get_bind().dialect.name == "postgresql":
        # The numbers of the kept rows are taken.
        op.execute(
            "SELECT setval(pg_get_serial_sequence('outbox_message', 'id'), "
            "(SELECT coalesce(max(id), 0) + 1 FROM outbox_message), false)"
        )
    for name in ("round_id", "account_id", "invite_id", "state"):
        op.create_index(f"ix_outbox_message_{name}", "outbox_message", [name])


def _position_of_at():
    function = "strpos" if op.get_bind().dialect.name == "postgresql" else "instr"
    return f"{function}(m.to_address, '@')"


def _create_tables():
    op.create_table(
        "invite_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invite_id", sa.Integer(), nullable=False),
        sa.Column("via", sa.String(length=10), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("comment", sa.String(length=500), nullable=False),
        sa.Column("proposed_start_at", TIME, nullable=True),
        sa.Column("proposed_end_at", TIME, nullable=True),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("settled_as", sa.String(length=10), nullable=True),
        sa.Column("settled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["invite_id"], ["invite.id"], name="fk_invite_reply_invite_id_invite"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_invite_reply_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_invite_reply"),
    )
    op.create_index("ix_invite_reply_invite_id", "invite_reply", ["invite_id"])
    op.create_table(
        "received_mail",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("verdict", sa.String(length=30), nullable=False),
        sa.Column("invite_id", sa.Integer(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["invite_id"], ["invite.id"], name="fk_received_mail_invite_id_invite"),
        sa.PrimaryKeyConstraint("key", name="pk_received_mail"),
    )
    op.create_index("ix_received_mail_invite_id", "received_mail", ["invite_id"])
    op.create_table(
        "mail_domain",
        sa.Column("domain", sa.String(length=200), nullable=False),
        sa.Column("next_at", TIME, nullable=True),
        sa.Column("resting_until", TIME, nullable=True),
        sa.Column("last_answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("domain", name="pk_mail_domain"),
    )


def downgrade():
    for table in ("mail_domain", "received_mail", "invite_reply"):
        op.drop_table(table)
    op.rename_table("outbox_message", "outbox_message_after")
    for name in ("round_id", "account_id", "invite_id", "state"):
        op.drop_index(f"ix_outbox_message_{name}", "outbox_message_after")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("pk_outbox_message", "uq_outbox_message_message_id", "fk_outbox_message_invite_id_invite"):
            op.execute(f"ALTER TABLE outbox_message_after RENAME CONSTRAINT {name} TO {name}_after")
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invite_id", sa.Integer(), nullable=False),
        sa.Column("to_address", sa.String(length=200), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("claimed_until", TIME, nullable=True),
        sa.Column("last_answer", sa.Text(), nullable=True),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["invite_id"], ["invite.id"], name="fk_outbox_message_invite_id_invite"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_message"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_message_id"),
    )
    # What was sent stays on record; sealed bytes that are still to be sent could not be read any more.
    op.execute(
        f"INSERT INTO outbox_message ({KEPT_COLUMNS}) SELECT {KEPT_COLUMNS} FROM outbox_message_after "
        "WHERE method IN ('REQUEST', 'CANCEL') AND state <> 'queued'"
    )
    op.drop_table("outbox_message_after")
    for name in ("invite_id", "state"):
        op.create_index(f"ix_outbox_message_{name}", "outbox_message", [name])
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column.name)
