"""Reads one application by the notice and says what follows, with every reason."""

from __future__ import annotations

from defense.domain.application import ApplicationRecord
from defense.domain.assessment import Assessment, Finding, Requirement, Severity
from defense.domain.defence_requirement import derive_requirement
from defense.domain.eligibility_case import Case
from defense.domain.eligibility_rules import RULES
from defense.domain.round_rules import RoundRules
from defense.domain.working_days import WorkingCalendar

__all__ = ["Assessment", "Finding", "Requirement", "Severity", "assess_eligibility"]


def assess_eligibility(record: ApplicationRecord, rules: RoundRules, calendar: WorkingCalendar) -> Assessment:
    """Apply every rule of the round to one application.

    A missing proof warns, as its section counts as 无相关材料; what the notice makes a condition blocks.

    Parameters
    ----------
    record
        The application as filed and audited upstream.
    rules
        The rules of its round.
    calendar
        Counts the working days of the publicity; a year it does not know blocks.

    Returns
    -------
    Assessment
        Valid when nothing blocks; the findings come in the order of the notice.
    """
    case = Case(record, rules, calendar)
    requirement, found = derive_requirement(finding for rule in RULES if (finding := rule.apply(case)))
    if requirement is Requirement.NOT_REQUIRED:
        found = tuple(finding for finding in found if finding.code != "one_vote_veto")
    valid = all(finding.severity is not Severity.BLOCK for finding in found)
    return Assessment(valid, requirement, found)
