"""What is asked of the units and the office: publicity, opinions, commission, 援疆, 访惠聚 and the fee."""

from __future__ import annotations

import re
from datetime import date

from defense.domain.application import ApplicationRecord
from defense.domain.eligibility_case import Answer, Case, Given, Question, lacks_any_of, lacks_when_told
from defense.domain.record_parts import AidPosting, ProofKind
from defense.domain.text import Text
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT

_NOT_WORDS = re.compile(r"[\W_]+")
_SPARE_WORDS = re.compile("系列|专业")
"""A series is called 工程 or 工程系列, and the wording's own 系列 may follow it or not."""


def is_not(field: str) -> Question:
    """This flag is not set."""
    return lambda case, given: not getattr(case.record, field)


def publicity_is_undated(case: Case, given: Given) -> Answer:
    """The days of the publicity are not given."""
    return case.record.publicity.start is None or case.record.publicity.end is None


def publicity_cannot_be_counted(case: Case, given: Given) -> Answer:
    """The publicity lies in a year without a known calendar: no guess is made."""
    days = case.publicity_days
    return isinstance(days, Text) and {"reason": days}


def publicity_is_short(case: Case, given: Given) -> Answer:
    """The publicity lasted fewer working days than the round asks for."""
    days, limit = case.publicity_days, given["min_working_days"]
    return (
        isinstance(days, int)
        and days < limit
        and {
            "days": days,
            "limit": limit,
            "start": case.record.publicity.start,
            "end": case.record.publicity.end,
        }
    )


def objection_is_open(case: Case, given: Given) -> Answer:
    """Somebody objected during the publicity."""
    return case.record.publicity.objection_open


def stated_days_differ(case: Case, given: Given) -> Answer:
    """附件2 names another number of working days than the days of 附件1 have."""
    stated, days = case.record.publicity.stated_days, case.publicity_days
    return (
        stated is not None and isinstance(days, int) and stated != days and {"stated": stated, "days": days}
    )


def outcome_is_missing(case: Case, given: Given) -> Answer:
    """A record that could say what came of the publicity does not."""
    publicity = case.record.publicity
    could = case.is_told_in_full or publicity.stated_days is not None
    return could and not publicity.outcome.strip()


def outcome_says_otherwise(case: Case, given: Given) -> Answer:
    """What came of the publicity is told, but not in the words of 附件2."""
    outcome = case.record.publicity.outcome
    missing = [word for word in given["words"] if _bare(word) not in _bare(outcome)]
    return bool(outcome.strip() and missing) and {"missing": "、".join(missing)}


def recommending_opinion_differs(case: Case, given: Given) -> Answer:
    """The recommending unit wrote something else than the fixed text."""
    opinion = case.record.recommending_opinion
    return opinion is not None and _bare(given["wording"]) not in _bare(opinion.text)


def supervising_opinion_differs(case: Case, given: Given) -> Answer:
    """The supervising unit wrote something else than 附件3 with this person's name, series and level."""
    opinion = case.record.supervising_opinion
    if opinion is None:
        return False
    return not any(words in _core(opinion.text) for words in _filled(given["wording"], case.record))


def lacks_commission_letter(case: Case, given: Given) -> Answer:
    """The unit is of a kind that needs a commission letter."""
    needed = case.record.affiliation in given["affiliations"]
    return needed and lacks_any_of(case, given) and {"affiliation": AFFILIATION_TEXT[case.record.affiliation]}


def commission_is_not_approved(case: Case, given: Given) -> Answer:
    """The commission is told, and nobody approved it."""
    commission = case.record.commission
    return (
        case.record.affiliation in given["affiliations"]
        and commission is not None
        and not (commission.approved_by.strip() and commission.approved_on)
        and ProofKind.COMMISSION_APPROVAL not in case.proofs
    )


def aid_posting_lacks_consent(case: Case, given: Given) -> Answer:
    """On a 援疆 posting without the sending unit's consent."""
    posting = case.record.aid_posting
    return posting is not None and not posting.sending_unit_consents


def aid_consent_is_unproved(case: Case, given: Given) -> Answer:
    """The consent is told, its paper is not among the files."""
    posting = case.record.aid_posting
    return posting is not None and posting.sending_unit_consents and lacks_when_told(case, given)


def aid_posting_lacks_dates(case: Case, given: Given) -> Answer:
    """On a 援疆 posting whose days are not given."""
    posting = case.record.aid_posting
    return posting is not None and None in (posting.start, posting.end)


def aid_posting_is_short(case: Case, given: Given) -> Answer:
    """The posting is shorter than so many years; 1 March to the last of February is one year."""
    days, years = _posting_days(case.record.aid_posting), given["min_years"]
    return (
        days is not None
        and date.fromordinal(days[1].toordinal() + 1) < _years_after(days[0], years)
        and {"years": years}
    )


def aid_posting_is_not_under_way(case: Case, given: Given) -> Answer:
    """The day of submission is not one of the posting's days."""
    days = _posting_days(case.record.aid_posting)
    return days is not None and not days[0] <= case.submitted_on <= days[1]


def was_in_fanghuiju(case: Case, given: Given) -> Answer:
    """Took part in 访惠聚."""
    return case.record.in_fanghuiju and {"document": given["document"]}


def fanghuiju_is_unproved(case: Case, given: Given) -> Answer:
    """Took part in 访惠聚, and the proof is not among the files."""
    return case.record.in_fanghuiju and lacks_when_told(case, given)


def always(case: Case, given: Given) -> Answer:
    """A note for everybody."""
    return dict(given)


def _bare(text: str) -> str:
    """Without blanks and punctuation, which vary with whoever types."""
    return _NOT_WORDS.sub("", text)


def _core(text: str) -> str:
    return _SPARE_WORDS.sub("", _bare(text))


def _filled(wording: str, record: ApplicationRecord) -> tuple[str, ...]:
    """The wording for this record, in the ways in which one may write it."""
    level = LEVEL_TEXT[record.level].zh.removesuffix("级")
    names = {"name": record.name, "series": record.series}
    # 经济系列人力资源管理 names its specialty already.
    specialties = {record.specialty, "" if record.specialty in record.series else record.specialty}
    return tuple(
        _core(wording.format(**names, specialty=specialty, level=word))
        for specialty in specialties
        for word in (level, "高")
    )


def _posting_days(posting: AidPosting | None) -> tuple[date, date] | None:
    if posting is None or posting.start is None or posting.end is None:
        return None
    return posting.start, posting.end


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)
