"""Keeping what the rules say of an application: whole beside it, and as rows for lists and sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from defense.domain.assessment import Assessment
from defense.models import Application, ApplicationFinding
from defense.models.types import table_of

_FINDINGS = table_of(ApplicationFinding)


def keep_assessment(session: Session, application: Application, assessment: Assessment) -> None:
    """Write an assessment in place of the one before; a new application is added with it."""
    before, after = application.assessment_json, assessment.to_json()
    application.assessment_json = after
    application.valid, application.requirement = assessment.valid, assessment.requirement.value
    rows = finding_rows(after)
    if application.id is None:
        session.add_all(ApplicationFinding(application=application, **row) for row in rows)
    elif before is None or finding_rows(before) != rows:
        session.flush()
        session.execute(delete(_FINDINGS).where(_FINDINGS.c.application_id == application.id))
        if rows:
            session.execute(insert(_FINDINGS), [{"application_id": application.id, **row} for row in rows])


def finding_rows(assessment: Mapping[str, Any]) -> list[dict[str, str]]:
    """The findings of an assessment as rows, without the application that they are about."""
    return [
        {"rule": f["code"], "severity": f["severity"], "section": f["section"]}
        for f in assessment.get("findings", ())
    ]
