"""whole records: proofs become attachments, years become certificates and appraisals"""

from alembic import op
import sqlalchemy as sa

revision = "0010"
down_revision = "0009"

application = sa.table("application", sa.column("id", sa.Integer), sa.column("record_json", sa.JSON))

SECTIONS = {
    "commitment_letter": "identity",
    "id_scan": "identity",
    "photo": "identity",
    "degree_check": "degree",
    "degree_documents": "degree",
    "exam_result": "exam",
    "title_document": "title",
    "title_certificate": "title",
    "title_review_form": "title",
    "appointment_papers": "title",
    "achievement_proof": "achievements",
    "recommending_opinion": "other",
    "supervising_opinion": "other",
    "commission_letter": "other",
}
TRAININGS = ("professional", "public")
EMPTY = {
    "ethnicity": "",
    "political_status": "",
    "present_title_on": None,
    "professional_years": None,
    "degrees": [],
    "exams": [],
    "employments": [],
    "achievement_items": [],
    "submissions": [],
    "audit_steps": [],
    "recommending_opinion": None,
    "supervising_opinion": None,
    "commission": None,
    "fee_payment": None,
}


def upgrade():
    _rewrite(_whole)


def downgrade():
    _rewrite(_flat)


def _rewrite(change):
    connection = op.get_bind()
    for id_, in connection.execute(sa.select(application.c.id)).all():
        row = sa.select(application.c.record_json).where(application.c.id == id_)
        record = change(dict(connection.execute(row).scalar_one()))
        connection.execute(sa.update(application).where(application.c.id == id_).values(record_json=record))


def _whole(record):
    record["attachments"] = [
        {"kind": kind, "section": section, "name": "", "size": None, "sha256": "", "upstream_id": ""}
        for kind, section in SECTIONS.items()
        if record.pop(f"has_{kind}")
    ]
    record["trainings"] = [
        {"kind": kind, "year": year, "hours": None, "certificate_number": ""}
        for kind in TRAININGS
        for year in record.pop(f"{kind}_training_years")
    ]
    record["appraisals"] = [{"year": year, "grade": ""} for year in record.pop("appraisal_years")]
    record["publicity"] = {**record["publicity"], "outcome": "", "stated_days": None}
    if record["aid_posting"]:
        record["aid_posting"] = {**record["aid_posting"], "sending_unit": ""}
    return {**record, **EMPTY}


def _flat(record):
    there = {attachment["kind"] for attachment in record.pop("attachments")}
    trainings = record.pop("trainings")
    flat = {name: value for name, value in record.items() if name not in EMPTY}
    flat |= {f"has_{kind}": kind in there for kind in SECTIONS}
    for kind in TRAININGS:
        flat[f"{kind}_training_years"] = sorted({t["year"] for t in trainings if t["kind"] == kind})
    flat["appraisal_years"] = sorted({appraisal["year"] for appraisal in flat.pop("appraisals")})
    flat["publicity"] = {key: flat["publicity"][key] for key in ("start", "end", "objection_open")}
    if flat["aid_posting"]:
        keys = ("start", "end", "sending_unit_consents")
        flat["aid_posting"] = {key: flat["aid_posting"][key] for key in keys}
    return flat
