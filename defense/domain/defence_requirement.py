"""Who must defend, by part five of the notice.

Source: domain.md rows 28 and 29; which levels and affiliations the rules speak of is said by the round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from defense.domain.assessment import Finding, Requirement
from defense.domain.eligibility_case import Answer, Case, Given
from defense.domain.rule import RuleSetting
from defense.domain.vocabulary import AFFILIATION_TEXT, Affiliation, Level

REQUIREMENT_OF = {
    "defence_required_senior": Requirement.REQUIRED,
    "defence_required_unit": Requirement.REQUIRED,
    "defence_pending": Requirement.PENDING,
    "defence_pending_aid": Requirement.PENDING,
    "defence_not_required": Requirement.NOT_REQUIRED,
}
"""Rule → what it comes to. Where several hold, required comes before pending, and that before the last."""

_BY_STRENGTH = (Requirement.REQUIRED, Requirement.PENDING, Requirement.NOT_REQUIRED)


def is_of_level(case: Case, given: Given) -> Answer:
    """Applies for one of the levels."""
    return case.record.level in given["levels"]


def is_of_unit(case: Case, given: Given) -> Answer:
    """Applies for one of the levels from a unit of one of the affiliations."""
    record = case.record
    fits = record.level in given["levels"] and record.affiliation in given["affiliations"]
    return fits and {"affiliation": AFFILIATION_TEXT[record.affiliation]}


def is_posted_to_unit(case: Case, given: Given) -> Answer:
    """As `is_of_unit`, on a 援疆 posting."""
    return case.record.aid_posting is not None and is_of_unit(case, given)


def failing_fails_all(case: Case, given: Given) -> Answer:
    """One who fails the defence fails the application; said of those who may have to defend."""
    return case.rules.defence.effect == "veto"


def derive_requirement(findings: Iterable[Finding]) -> tuple[Requirement, tuple[Finding, ...]]:
    """Whether the person must defend, and the findings without the reasons that stronger ones outdo."""
    findings = tuple(findings)
    found = {REQUIREMENT_OF[f.code] for f in findings if f.code in REQUIREMENT_OF}
    requirement = next((r for r in _BY_STRENGTH if r in found), Requirement.PENDING)
    return requirement, tuple(f for f in findings if REQUIREMENT_OF.get(f.code, requirement) is requirement)


def undecided(
    settings: Mapping[str, RuleSetting], levels: Iterable[Level]
) -> tuple[tuple[Level, Affiliation], ...]:
    """Of the levels and affiliations those of which no rule says anything."""
    covered: set[tuple[Level, Affiliation]] = set()
    for code in REQUIREMENT_OF.keys() - {"defence_pending_aid"}:
        setting = settings[code]
        if setting.severity is not None:
            affiliations = setting.given.get("affiliations", tuple(Affiliation))
            covered.update(product(setting.given["levels"], affiliations))
    return tuple(pair for pair in product(levels, Affiliation) if pair not in covered)
