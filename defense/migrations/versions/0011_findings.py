"""findings: what the rules found, one row each, filled from the assessments"""

from alembic import op
import sqlalchemy as sa

revision = "0011"
down_revision = "0010"

application = sa.table("application", sa.column("id", sa.Integer), sa.column("assessment_json", sa.JSON))
BATCH = 500


def upgrade():
    finding = op.create_table(
        "finding",
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("section", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("application_id", "rule"),
    )
    op.create_index("ix_finding_rule_severity", "finding", ["rule", "severity"])
    connection = op.get_bind()
    ids = connection.execute(sa.select(application.c.id)).scalars().all()
    for first in range(0, len(ids), BATCH):
        rows = connection.execute(
            sa.select(application).where(application.c.id.in_(ids[first : first + BATCH]))
        ).all()
        if found := [row for id_, assessment in rows for row in _rows(id_, assessment)]:
            connection.execute(finding.insert(), found)


def downgrade():
    op.drop_table("finding")


def _rows(application_id, assessment):
    # An older release could give two reasons of one rule.
    by_rule = {f["code"]: f for f in assessment.get("findings", ())}
    return [
        {"application_id": application_id, "rule": rule, "severity": f["severity"], "section": f["section"]}
        for rule, f in by_rule.items()
    ]
