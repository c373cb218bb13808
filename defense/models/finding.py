"""What the rules found, one row each, so that lists and sums need not read whole assessments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model

if TYPE_CHECKING:
    from defense.models.application import Application


class ApplicationFinding(Model):
    """One finding of an application's assessment; its words are in `Application.assessment_json`."""

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_rule_severity", "rule", "severity"),)

    application_id: Mapped[int] = mapped_column(
        ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )
    rule: Mapped[str] = mapped_column(String(40), primary_key=True)
    """Id of a rule of `defense.domain.eligibility_rules`."""
    severity: Mapped[str] = mapped_column(String(10))
    """A `defense.domain.assessment.Severity`."""
    section: Mapped[str] = mapped_column(String(20))

    application: Mapped[Application] = relationship()
