"""triggers: what is decided or audited cannot be rewritten, not even by a defect of ours"""

from alembic import op

revision = "0002"
down_revision = "0001"

# name, event and table, condition under which it is refused, what to say
GUARDS = [
    ("audit_entry_no_update", "UPDATE", "audit_entry", None, "audit entries are append-only"),
    ("audit_entry_no_delete", "DELETE", "audit_entry", None, "audit entries are append-only"),
    ("ballot_no_update", "UPDATE", "ballot", None, "a ballot is never changed"),
    (
        "ballot_no_insert_closed",
        "INSERT",
        "ballot",
        "(SELECT closed_at FROM ballot_round WHERE id = NEW.ballot_round_id) IS NOT NULL",
        "the round of voting is closed",
    ),
    (
        "ballot_no_delete_closed",
        "DELETE",
        "ballot",
        "(SELECT closed_at FROM ballot_round WHERE id = OLD.ballot_round_id) IS NOT NULL",
        "the round of voting is closed",
    ),
    (
        "ballot_round_no_update_closed",
        "UPDATE",
        "ballot_round",
        "OLD.closed_at IS NOT NULL",
        "the round of voting is closed",
    ),
    (
        "voter_no_new_receipt",
        "UPDATE",
        "voter",
        "OLD.receipt IS NOT NULL OR NEW.expert_id <> OLD.expert_id "
        "OR NEW.ballot_round_id <> OLD.ballot_round_id",
        "a receipt is never changed",
    ),
    ("voter_no_delete", "DELETE", "voter", None, "voters are kept"),
    ("ballot_round_no_delete", "DELETE", "ballot_round", None, "rounds of voting are kept"),
    (
        "defence_no_new_outcome",
        "UPDATE",
        "defence",
        "OLD.outcome IS NOT NULL AND (NEW.outcome IS NULL OR NEW.outcome <> OLD.outcome "
        "OR NEW.application_id <> OLD.application_id)",
        "the outcome of a defence is final",
    ),
    ("defence_no_delete", "DELETE", "defence", None, "defences are kept"),
]


def upgrade():
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, event, table, condition, words in GUARDS:
        if postgresql:
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {condition or 'TRUE'} THEN RAISE EXCEPTION '{words}'; END IF; "
                f"RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        else:
            when = f"WHEN {condition} " if condition else ""
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}"
                f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )


def downgrade():
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, _event, table, _condition, _words in GUARDS:
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if postgresql else ""))
        if postgresql:
            op.execute(f"DROP FUNCTION {name}()")
