"""The questions that the rows of `eligibility_rules` ask of one application.

Every function here answers False when there is nothing to report, else True or the values its text names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from defense.domain.application import ApplicationRecord
from defense.domain.errors import InvalidInput
from defense.domain.identity import parse_id_number
from defense.domain.record_parts import AidPosting, ProofKind, TrainingKind
from defense.domain.round_rules import BEIJING, RoundRules
from defense.domain.vocabulary import LEVEL_TEXT, Affiliation
from defense.domain.wording import find_future, find_overlaps, find_periods, find_vague_words
from defense.domain.working_days import WorkingCalendar, count_working_days

_NEED_COMMISSION = (Affiliation.CENTRAL, Affiliation.OUTSIDE_ENTERPRISE, Affiliation.MILITARY)
_MOST_SHOWN = 5
_MUST_BE_FILLED = {
    "name": "姓名",
    "phone": "手机号码",
    "email": "电子邮箱",
    "unit": "工作单位",
    "prefecture": "所在地州",
    "present_title": "现任职资格",
    "work_summary": "工作简历",
    "achievements": "业绩成果",
}


@dataclass(frozen=True)
class Case:
    """One application with all that is needed to judge it."""

    record: ApplicationRecord
    rules: RoundRules
    calendar: WorkingCalendar

    @property
    def submitted_on(self) -> date:
        """The day of submission in Beijing."""
        return self.record.submitted_at.astimezone(BEIJING).date()


Answer = Mapping[str, object] | bool
Question = Callable[[Case], Answer]


def lacks(*kinds: ProofKind) -> Question:
    """None of these proofs is there."""
    return lambda case: not any(case.record.has(kind) for kind in kinds)


def is_not(field: str) -> Question:
    """This flag is not set."""
    return lambda case: not getattr(case.record, field)


def holds(field: str) -> Question:
    """This flag is set."""
    return lambda case: bool(getattr(case.record, field))


def series_is_unknown(case: Case) -> Answer:
    """The round does not have the series."""
    known = case.rules.series_named(case.record.series) is not None
    return not known and {"series": case.record.series}


def specialty_is_unknown(case: Case) -> Answer:
    """The series is known, but not its specialty."""
    series = case.rules.series_named(case.record.series)
    return (
        series is not None
        and case.record.specialty not in series.specialties
        and {"series": series.name, "specialty": case.record.specialty}
    )


def level_is_not_offered(case: Case) -> Answer:
    """The series is known, but not at this level."""
    series = case.rules.series_named(case.record.series)
    return (
        series is not None
        and case.record.level not in series.levels
        and {"series": series.name, "level": LEVEL_TEXT[case.record.level]}
    )


def was_filed_early(case: Case) -> Answer:
    """Submitted before the window opened."""
    opens_at = case.rules.filing_opens_at
    return case.record.submitted_at < opens_at and {"limit": f"{opens_at:%Y-%m-%d %H:%M}"}


def was_filed_late(case: Case) -> Answer:
    """Submitted after the window closed; its last second counts to its end."""
    closes_at = case.rules.filing_closes_at
    late = case.record.submitted_at >= closes_at + timedelta(seconds=1)
    return late and {"limit": f"{closes_at:%Y-%m-%d %H:%M:%S}"}


def has_blank_fields(case: Case) -> Answer:
    """A field that must be filled is empty."""
    blank = [header for field, header in _MUST_BE_FILLED.items() if not getattr(case.record, field).strip()]
    return _unless_empty(fields="、".join(blank))


def is_vague(field: str) -> Question:
    """A vague word occurs in the text of this field."""
    return lambda case: _unless_empty(words="、".join(find_vague_words(getattr(case.record, field))))


def was_submitted_too_often(case: Case) -> Answer:
    """Submitted more often than the round allows."""
    count, limit = case.record.submission_count, case.rules.max_submissions
    return count > limit and {"count": count, "limit": limit}


def id_number_is_wrong(case: Case) -> Answer:
    """The identity number does not pass GB 11643."""
    try:
        parse_id_number(case.record.id_number)
    except InvalidInput as error:
        return {"reason": error.text}
    return False


def gender_differs(case: Case) -> Answer:
    """The 17th digit, odd for men, says otherwise than the field."""
    digit = case.record.id_number[16:17]
    return digit.isdigit() and ("女", "男")[int(digit) % 2] != case.record.gender


def lacks_exam_result(case: Case) -> Answer:
    """The level needs a national exam result and there is none."""
    series = case.rules.series_named(case.record.series)
    needed = series is not None and case.record.level in series.exam_result_levels
    return needed and not case.record.has(ProofKind.EXAM_RESULT)


def lacks_title_proof(case: Case) -> Answer:
    """Of the three documents none is there (title got in Xinjiang), or not all are (got elsewhere)."""
    record = case.record
    proofs = {
        "任职资格文件": record.has(ProofKind.TITLE_DOCUMENT),
        "职称证书": record.has(ProofKind.TITLE_CERTIFICATE),
        "评审表": record.has(ProofKind.TITLE_REVIEW_FORM),
    }
    if record.present_title_in_xinjiang and any(proofs.values()):
        return False
    return _unless_empty(missing="、".join(name for name, there in proofs.items() if not there))


def lacks_appointment_papers(case: Case) -> Answer:
    """Moved from government, without the papers."""
    return case.record.moved_from_government and not case.record.has(ProofKind.APPOINTMENT_PAPERS)


def resume_overlaps(case: Case) -> Answer:
    """Two periods of the résumé share a month."""
    pairs = find_overlaps(find_periods(case.record.work_summary, case.submitted_on))
    return _unless_empty(periods="；".join(f"{a.wording} / {b.wording}" for a, b in pairs[:_MOST_SHOWN]))


def resume_lies_in_future(case: Case) -> Answer:
    """A period of the résumé reaches past the submission."""
    periods = find_future(find_periods(case.record.work_summary, case.submitted_on), case.submitted_on)
    return _unless_empty(periods="；".join(period.wording for period in periods[:_MOST_SHOWN]))


def lacks_training(kind: TrainingKind) -> Question:
    """Years of continuing education that the round asks for and the record has no certificate of."""

    def look(case: Case) -> Answer:
        rules = case.rules
        asked = {
            TrainingKind.PROFESSIONAL: rules.professional_training_years,
            TrainingKind.PUBLIC: rules.public_training_years,
        }
        return _missing_years(asked[kind], case.record.training_years(kind))

    return look


def lacks_appraisals(case: Case) -> Answer:
    """Years whose appraisal form the round asks for and the record does not have."""
    return _missing_years(case.rules.appraisal_years, case.record.appraisal_years)


def lacks_publicity(case: Case) -> Answer:
    """The days of the publicity are not given."""
    return case.record.publicity.start is None or case.record.publicity.end is None


def publicity_cannot_be_counted(case: Case) -> Answer:
    """The publicity lies in a year without a known calendar: no guess is made."""
    try:
        _publicity_days(case)
    except InvalidInput as error:
        return {"reason": error.text}
    return False


def publicity_is_short(case: Case) -> Answer:
    """The publicity lasted fewer working days than the round asks for."""
    if lacks_publicity(case) or publicity_cannot_be_counted(case):
        return False
    days, limit = _publicity_days(case), case.rules.min_publicity_working_days
    return days < limit and {
        "days": days,
        "limit": limit,
        "start": case.record.publicity.start,
        "end": case.record.publicity.end,
    }


def objection_is_open(case: Case) -> Answer:
    """Somebody objected during the publicity."""
    return case.record.publicity.objection_open


def lacks_commission_letter(case: Case) -> Answer:
    """The unit is of a kind that needs a commission letter."""
    return case.record.affiliation in _NEED_COMMISSION and not case.record.has(ProofKind.COMMISSION_LETTER)


def aid_posting_lacks_consent(case: Case) -> Answer:
    """On a 援疆 posting without the sending unit's consent."""
    posting = case.record.aid_posting
    return posting is not None and not posting.sending_unit_consents


def aid_posting_lacks_dates(case: Case) -> Answer:
    """On a 援疆 posting whose days are not given."""
    posting = case.record.aid_posting
    return posting is not None and None in (posting.start, posting.end)


def aid_posting_is_short(case: Case) -> Answer:
    """The posting is shorter than a year; 1 March to the last of February is one year."""
    days = _posting_days(case.record.aid_posting)
    return days is not None and days[1] + timedelta(days=1) < _one_year_after(days[0])


def aid_posting_is_not_under_way(case: Case) -> Answer:
    """The day of submission is not one of the posting's days."""
    days = _posting_days(case.record.aid_posting)
    return days is not None and not days[0] <= case.submitted_on <= days[1]


def has_works(case: Case) -> Answer:
    """Papers or books are named."""
    return case.record.works.strip() not in ("", "无")


def _unless_empty(**values: str) -> Answer:
    return values if any(values.values()) else False


def _missing_years(asked: frozenset[int], there: frozenset[int]) -> Answer:
    return _unless_empty(years="、".join(str(year) for year in sorted(asked - there)))


def _publicity_days(case: Case) -> int:
    start, end = case.record.publicity.start, case.record.publicity.end
    if start is None or end is None:
        return 0
    return count_working_days(start, end, case.calendar)


def _posting_days(posting: AidPosting | None) -> tuple[date, date] | None:
    if posting is None or posting.start is None or posting.end is None:
        return None
    return posting.start, posting.end


def _one_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return date(day.year + 1, 3, 1)
