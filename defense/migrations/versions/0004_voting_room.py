"""the voting room at full strength: envelopes, whole rules, chains by sitting, seals, reopenings, presence"""

import json

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)

# Columns are added one by one: rebuilding a table, as SQLite needs it for more, would lose its triggers.
COLUMNS = [
    ("ballot_round", sa.Column("terms", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))),
    ("ballot_round", sa.Column("seats", sa.Integer(), nullable=False, server_default=sa.text("0"))),
    ("ballot_round", sa.Column("void_reason", sa.String(length=200), nullable=True)),
    ("voter", sa.Column("present", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("voter", sa.Column("nudged_at", TIME, nullable=True)),
    ("ballot", sa.Column("score_tenths", sa.Integer(), nullable=True)),
    ("sitting", sa.Column("screen_key", sa.String(length=32), nullable=False, server_default="")),
    ("sitting", sa.Column("bell_at", TIME, nullable=True)),
    ("defence", sa.Column("interrupted_state", sa.String(length=20), nullable=True)),
    ("defence", sa.Column("clock_started_at", TIME, nullable=True)),
    ("defence", sa.Column("clock_elapsed_ms", sa.Integer(), nullable=False, server_default=sa.text("0"))),
]

# name, event and table, condition under which it is refused, what to say
GUARDS = [
    ("ballot_envelope_no_update", "UPDATE", "ballot_envelope", None, "an envelope is never changed"),
    (
        "ballot_envelope_no_insert_closed",
        "INSERT",
        "ballot_envelope",
        "(SELECT closed_at FROM ballot_round WHERE id = NEW.ballot_round_id) IS NOT NULL",
        "the round of voting is closed",
    ),
    (
        "ballot_envelope_no_delete_closed",
        "DELETE",
        "ballot_envelope",
        "(SELECT closed_at FROM ballot_round WHERE id = OLD.ballot_round_id) IS NOT NULL",
        "the round of voting is closed",
    ),
    ("seal_no_update", "UPDATE", "seal", None, "a seal is never changed"),
    ("seal_no_delete", "DELETE", "seal", None, "seals are kept"),
    (
        "defence_no_update_sealed",
        "UPDATE",
        "defence",
        # Who was not heard may be seated again, but elsewhere.
        "(EXISTS (SELECT 1 FROM seal WHERE seal.sitting_id = OLD.sitting_id) "
        "AND (OLD.state NOT IN ('removed', 'postponed') OR NEW.sitting_id = OLD.sitting_id)) "
        "OR (NEW.sitting_id <> OLD.sitting_id "
        "AND EXISTS (SELECT 1 FROM seal WHERE seal.sitting_id = NEW.sitting_id))",
        "the sitting is sealed",
    ),
    (
        "defence_no_insert_sealed",
        "INSERT",
        "defence",
        "EXISTS (SELECT 1 FROM seal WHERE seal.sitting_id = NEW.sitting_id)",
        "the sitting is sealed",
    ),
    (
        "ballot_round_no_insert_sealed",
        "INSERT",
        "ballot_round",
        "EXISTS (SELECT 1 FROM seal JOIN defence ON defence.sitting_id = seal.sitting_id "
        "WHERE defence.id = NEW.defence_id)",
        "the sitting is sealed",
    ),
    (
        "sitting_no_update_sealed",
        "UPDATE",
        "sitting",
        "(NEW.cancelled <> OLD.cancelled OR NEW.panel_id <> OLD.panel_id OR NEW.start_at <> OLD.start_at) "
        "AND EXISTS (SELECT 1 FROM seal WHERE seal.sitting_id = OLD.id)",
        "the sitting is sealed",
    ),
    ("reopening_no_delete", "DELETE", "reopening", None, "requests are kept"),
    (
        "reopening_no_new_decision",
        "UPDATE",
        "reopening",
        "OLD.spent_at IS NOT NULL OR (OLD.decided_at IS NOT NULL AND (NEW.granted <> OLD.granted "
        "OR NEW.decided_by_id <> OLD.decided_by_id OR NEW.reason <> OLD.reason))",
        "a decided request is never changed",
    ),
    (
        "reopening_two_people",
        "UPDATE",
        "reopening",
        "NEW.decided_by_id IS NOT NULL AND NEW.decided_by_id = NEW.asked_by_id",
        "who asks does not decide",
    ),
]

OUTCOME_CHANGED = (
    "OLD.outcome IS NOT NULL AND (NEW.outcome IS NULL OR NEW.outcome <> OLD.outcome "
    "OR NEW.application_id <> OLD.application_id)"
)
# An outcome is taken back by a re-vote only, which two people have agreed on.
OUTCOME_CHANGED_WITHOUT_GRANT = (
    f"{OUTCOME_CHANGED} AND NOT (NEW.outcome IS NULL AND NEW.application_id = OLD.application_id AND EXISTS "
    "(SELECT 1 FROM reopening WHERE reopening.defence_id = OLD.id AND reopening.kind = 're_vote' "
    "AND reopening.granted AND reopening.spent_at IS NULL))"
)
OUTCOME_GUARD = ("defence_no_new_outcome", "UPDATE", "defence")
CLOSED_GUARD = (
    "ballot_round_no_update_closed",
    "UPDATE",
    "ballot_round",
    "OLD.closed_at IS NOT NULL",
    "the round of voting is closed",
)
AUDIT_GUARDS = [
    ("audit_entry_no_update", "UPDATE", "audit_entry", None, "audit entries are append-only"),
    ("audit_entry_no_delete", "DELETE", "audit_entry", None, "audit entries are append-only"),
]


def upgrade():
    # A closed round and an audit entry take no change: their guards step aside while columns are filled in.
    for name, _event, table, *_rest in (CLOSED_GUARD, *AUDIT_GUARDS):
        _drop_guard(name, table)
    for table, column in COLUMNS:
        op.add_column(table, column)
    _fill_in()
    op.drop_column("ballot_round", "quorum")
    _chains_up()
    _create_tables()
    _drop_guard("defence_no_new_outcome", "defence")
    final = "the outcome of a defence is final"
    for guard in (
        CLOSED_GUARD,
        *AUDIT_GUARDS,
        *GUARDS,
        (*OUTCOME_GUARD, OUTCOME_CHANGED_WITHOUT_GRANT, final),
    ):
        _create_guard(*guard)


def downgrade():
    for name, _event, table, *_rest in (CLOSED_GUARD, *AUDIT_GUARDS, *GUARDS):
        _drop_guard(name, table)
    _drop_guard("defence_no_new_outcome", "defence")
    for table in ("presence", "room_process", "disconnection", "seal", "reopening", "ballot_envelope"):
        op.drop_table(table)
    _chains_down()
    op.add_column("ballot_round", sa.Column("quorum", sa.Integer(), nullable=False, server_default="3"))
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column.name)
    op.execute("UPDATE defence SET state = 'hearing' WHERE state IN ('presenting', 'questioning', 'discussing')")
    for guard in (
        CLOSED_GUARD,
        *AUDIT_GUARDS,
        (*OUTCOME_GUARD, OUTCOME_CHANGED, "the outcome of a defence is final"),
    ):
        _create_guard(*guard)


def _fill_in():
    """Give rounds of voting the whole rule they were held under, and sittings the key of their screen."""
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE defence SET state = 'discussing' WHERE state = 'hearing'"))
    rows = connection.execute(
        sa.text(
            "SELECT r.id, r.rule, r.quorum, "
            "(SELECT count(*) FROM sitting_member m WHERE m.sitting_id = d.sitting_id) "
            "FROM ballot_round r JOIN defence d ON d.id = r.defence_id"
        )
    ).all()
    for round_id, rule, quorum, seats in rows:
        terms = {
            "name": "absolute_majority" if rule == "majority" else rule,
            "version": 1,
            "denominator": "entitled",
            "abstentions": "against",
            "absences": "against",
            "quorum": {"at_least": quorum, "numerator": 0, "denominator": 1},
        }
        connection.execute(
            sa.text("UPDATE ballot_round SET terms = :terms, rule = :rule, seats = :seats WHERE id = :id"),
            {"terms": json.dumps(terms), "rule": terms["name"], "seats": seats, "id": round_id},
        )
    random_key = "md5(random()::text || id::text)" if _postgresql() else "lower(hex(randomblob(16)))"
    connection.execute(sa.text(f"UPDATE sitting SET screen_key = {random_key}"))


def _chains_up():
    """The log so far is the main chain; the head of each chain is a row."""
    if _postgresql():
        op.add_column("audit_entry", sa.Column("chain", sa.String(40), nullable=False, server_default="main"))
        op.drop_constraint("pk_audit_entry", "audit_entry")
        op.create_primary_key("pk_audit_entry", "audit_entry", ["chain", "seq"])
        for name in ("account_id", "action"):
            op.drop_index(f"ix_audit_entry_{name}", "audit_entry")
    else:
        op.rename_table("audit_entry", "audit_entry_before")
        for name in ("account_id", "action", "subject"):
            op.drop_index(f"ix_audit_entry_{name}", "audit_entry_before")
        _create_audit_entry(chain=True)
        op.execute(
            "INSERT INTO audit_entry (chain, seq, at, account_id, action, subject, detail, previous_digest, digest) "
            "SELECT 'main', seq, at, account_id, action, subject, detail, previous_digest, digest "
            "FROM audit_entry_before ORDER BY seq"
        )
        op.drop_table("audit_entry_before")
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.rename_table("audit_head", "audit_head_before")
    op.create_table(
        "audit_head",
        sa.Column("chain", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_audit_head_chain"),
    )
    op.execute("INSERT INTO audit_head SELECT 'main', seq, digest FROM audit_head_before")
    op.drop_table("audit_head_before")


def _chains_down():
    """Only the main chain has a place in the older tables."""
    op.drop_index("ix_audit_entry_at", "audit_entry")
    op.execute("DELETE FROM audit_entry WHERE chain <> 'main'")
    if _postgresql():
        op.drop_constraint("pk_audit_entry", "audit_entry")
        op.create_primary_key("pk_audit_entry", "audit_entry", ["seq"])
        op.drop_column("audit_entry", "chain")
        for name in ("account_id", "action"):
            op.create_index(f"ix_audit_entry_{name}", "audit_entry", [name])
    else:
        op.rename_table("audit_entry", "audit_entry_before")
        op.drop_index("ix_audit_entry_subject", "audit_entry_before")
        _create_audit_entry(chain=False)
        op.execute(
            "INSERT INTO audit_entry (seq, at, account_id, action, subject, detail, previous_digest, digest) "
            "SELECT seq, at, account_id, action, subject, detail, previous_digest, digest "
            "FROM audit_entry_before ORDER BY seq"
        )
        op.drop_table("audit_entry_before")
    op.rename_table("audit_head", "audit_head_before")
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.execute("INSERT INTO audit_head SELECT 1, seq, digest FROM audit_head_before WHERE chain = 'main'")
    op.drop_table("audit_head_before")


def _create_audit_entry(chain):
    key = ["chain", "seq"] if chain else ["seq"]
    op.create_table(
        "audit_entry",
        *([sa.Column("chain", sa.String(length=40), nullable=False)] if chain else []),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_digest", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_audit_entry_account_id_account"),
        sa.PrimaryKeyConstraint(*key, name="pk_audit_entry"),
    )
    for name in ("subject",) if chain else ("account_id", "action", "subject"):
        op.create_index(f"ix_audit_entry_{name}", "audit_entry", [name])


def _create_tables():
    op.create_table(
        "ballot_envelope",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ballot_round_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_round_id"], ["ballot_round.id"], name="fk_ballot_envelope_ballot_round_id_ballot_round"),
        sa.PrimaryKeyConstraint("id", name="pk_ballot_envelope"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ballot_envelope_ballot_round_id", "ballot_envelope", ["ballot_round_id"])
    op.create_table(
        "reopening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("defence_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("spent_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["defence_id"], ["defence.id"], name="fk_reopening_defence_id_defence"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["account.id"], name="fk_reopening_asked_by_id_account"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name="fk_reopening_decided_by_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_reopening"),
    )
    op.create_index("ix_reopening_defence_id", "reopening", ["defence_id"])
    op.create_table(
        "seal",
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("chain_seq", sa.Integer(), nullable=False),
        sa.Column("chain_digest", sa.String(length=64), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("sealed_by_id", sa.Integer(), nullable=False),
        sa.Column("sealed_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name="fk_seal_sitting_id_sitting"),
        sa.ForeignKeyConstraint(["sealed_by_id"], ["account.id"], name="fk_seal_sealed_by_id_account"),
        sa.PrimaryKeyConstraint("sitting_id", name="pk_seal"),
    )
    op.create_table(
        "disconnection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("sign_in_id", sa.String(length=32), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_disconnection_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_disconnection"),
    )
    op.create_index("ix_disconnection_at", "disconnection", ["at"])
    op.create_table(
        "room_process",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("beat_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_room_process"),
    )
    op.create_table(
        "presence",
        sa.Column("process_id", sa.String(length=32), nullable=False),
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["process_id"], ["room_process.id"], name="fk_presence_process_id_room_process", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name="fk_presence_sitting_id_sitting"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_presence_account_id_account"),
        sa.PrimaryKeyConstraint("process_id", "sitting_id", "account_id", name="pk_presence"),
    )
    op.create_index("ix_presence_sitting_id", "presence", ["sitting_id"])


def _postgresql():
    return op.get_bind().dialect.name == "postgresql"


def _create_guard(name, event, table, condition, words):
    if _postgresql():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {condition or 'TRUE'} THEN RAISE EXCEPTION '{words}'; END IF; "
            f"RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    else:
        when = f"WHEN {condition} " if condition else ""
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}"
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


def _drop_guard(name, table):
    op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if _postgresql() else ""))
    if _postgresql():
        op.execute(f"DROP FUNCTION {name}()")
