"""What is asked of the eight sections of the form (notice 四(一) 1-8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from defense.domain.eligibility_case import (
    MOST_SHOWN,
    Answer,
    Case,
    Given,
    lacks_any_of,
    missing_years,
    name_proofs,
    says_anything,
    unless_empty,
)
from defense.domain.errors import InvalidInput
from defense.domain.identity import parse_id_number
from defense.domain.record_parts import PROOF_TEXT, ProofKind, TrainingKind, section_of
from defense.domain.text import Text
from defense.domain.wording import (
    WrittenPeriod,
    find_future,
    find_overlaps,
    find_periods,
    period_between,
)

_ENUMERATED = Text("、", ", ")


def attachment_is_misplaced(case: Case, given: Given) -> Answer:
    """A proof was uploaded into another section than its own; a proof of no named kind may be anywhere."""
    misplaced = {
        a.kind
        for a in case.record.attachments
        if a.kind is not ProofKind.OTHER and a.section != section_of(a.kind)
    }
    return bool(misplaced) and {
        "kinds": name_proofs(tuple(sorted(misplaced, key=list(PROOF_TEXT).index)), _ENUMERATED)
    }


def id_number_is_wrong(case: Case, given: Given) -> Answer:
    """The identity number does not pass GB 11643."""
    try:
        parse_id_number(case.record.id_number)
    except InvalidInput as error:
        return {"reason": error.text}
    return False


def gender_differs(case: Case, given: Given) -> Answer:
    """The 17th digit, odd for men, says otherwise than the field."""
    digit = case.record.id_number[16:17]
    return digit.isdigit() and ("女", "男")[int(digit) % 2] != case.record.gender


def degree_is_unproved(case: Case, given: Given) -> Answer:
    """A degree that 学信网 does not have, without documents; with no proof at all another rule speaks."""
    if not case.proofs.isdisjoint(given["any_of"]) or ProofKind.DEGREE_CHECK not in case.proofs:
        return False
    return unless_empty(
        degrees="、".join(f"{d.school} {d.degree}" for d in case.record.degrees if not d.checked_online)
    )


def degree_lies_in_future(case: Case, given: Given) -> Answer:
    """Graduated after the filing."""
    return unless_empty(
        degrees="、".join(
            f"{d.school} {d.graduated_on}"
            for d in case.record.degrees
            if d.graduated_on is not None and d.graduated_on > case.submitted_on
        )
    )


def lacks_exam_result(case: Case, given: Given) -> Answer:
    """The level needs an exam result and there is none."""
    needed = case.record.level in given["needed_by"].get(case.record.series, ())
    return needed and lacks_any_of(case, given) and {"exam": given["exam"]}


def lacks_title_proof(case: Case, given: Given) -> Answer:
    """Of some documents none is there (title got in the region), or not all are (got elsewhere)."""
    if case.record.present_title_in_xinjiang:
        missing, joint = given["inside_any_of"], Text("或", " or ")
        if not case.proofs.isdisjoint(missing):
            return False
    else:
        missing = tuple(kind for kind in given["outside_all_of"] if kind not in case.proofs)
        joint = Text("和", " and ")
    return bool(missing) and {"missing": name_proofs(missing, joint)}


def title_lies_in_future(case: Case, given: Given) -> Answer:
    """The present title was got after the filing."""
    day = case.record.present_title_on
    return day is not None and day > case.submitted_on and {"day": day}


def lacks_appointment_papers(case: Case, given: Given) -> Answer:
    """Moved from government, without the papers."""
    return case.record.moved_from_government and lacks_any_of(case, given)


def resume_overlaps(case: Case, given: Given) -> Answer:
    """Two periods of the résumé share a month, in its text or in its list."""
    pairs = [*find_overlaps(_written(case)), *find_overlaps(_listed(case))]
    return unless_empty(periods="；".join(f"{a.wording} / {b.wording}" for a, b in pairs[:MOST_SHOWN]))


def resume_lies_in_future(case: Case, given: Given) -> Answer:
    """A period of the résumé reaches past the month of the submission."""
    periods = find_future((*_written(case), *_listed(case)), case.submitted_on)
    return unless_empty(periods="；".join(period.wording for period in periods[:MOST_SHOWN]))


def achievement_lies_in_future(case: Case, given: Given) -> Answer:
    """An achievement begins after the submission; one that still goes on may end later."""
    return unless_empty(
        titles="、".join(
            item.title
            for item in case.record.achievement_items
            if item.start is not None and item.start > case.submitted_on
        )
    )


def lacks_training(kind: TrainingKind) -> Callable[[Case, Given], Answer]:
    """Years of continuing education that the round asks for and the record has no certificate of."""
    return lambda case, given: missing_years(given["years"], case.record.training_years(kind))


def lacks_appraisals(case: Case, given: Given) -> Answer:
    """Years whose appraisal form the round asks for and the record does not have."""
    return missing_years(given["years"], case.record.appraisal_years)


def has_works(case: Case, given: Given) -> Answer:
    """Papers or books are named."""
    return says_anything(case.record.works)


def works_are_unproved(case: Case, given: Given) -> Answer:
    """Papers or books are named and none is uploaded, in a record of which the files are known."""
    return has_works(case, given) is True and case.files_are_told and lacks_any_of(case, given)


def _written(case: Case) -> tuple[WrittenPeriod, ...]:
    return find_periods(case.record.work_summary, case.submitted_on)


def _listed(case: Case) -> tuple[WrittenPeriod, ...]:
    return tuple(
        period_between(job.start, _last_day(job.end, job.start, case.submitted_on))
        for job in case.record.employments
    )


def _last_day(end: date | None, start: date, submitted_on: date) -> date:
    """至今 lasts until the submission, and never ends before it starts."""
    return end if end is not None else max(start, submitted_on)
