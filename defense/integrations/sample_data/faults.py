"""Spoils some applicants, each in one of the ways that a centre meets; says which.

A kind among `UNREADABLE` makes a cell that the reader refuses. The others are read, and each is named by the
code of the one finding that the rules then report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from random import Random
from typing import Any

from defense.domain.round_rules import RoundRules
from defense.domain.vocabulary import Affiliation
from defense.integrations.sample_data.detail_faults import DETAIL_FAULTS, MARK
from defense.integrations.sample_data.details import MOST_WHOLE
from defense.integrations.sample_data.people import Applicant, write_day, write_moment, write_years
from defense.integrations.workbooks.cells import as_yes_no

ONE_IN = 12

_Cells = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """One kind of fault."""

    kind: str
    spoil: Callable[[Applicant, RoundRules, Random], _Cells]
    """The cells that change."""
    suits: Callable[[Applicant], bool] = lambda applicant: True
    keeps_seat: bool = False
    """Whether the person is heard all the same."""


def _set(**cells: Any) -> Callable[[Applicant, RoundRules, Random], _Cells]:
    return lambda applicant, rules, rng: cells


def _blank(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    return {rng.choice(("achievements", "works", "has_photo", "unit", "aid_start")): None}


def _broken_check_digit(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    number = applicant.cells["id_number"]
    return {"id_number": number[:17] + ("2" if number[17] != "2" else "3")}


def _id_as_number(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    return {"id_number": float(applicant.cells["id_number"][:15] + "000")}


def _late(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    return {"submitted_at": write_moment(rules.filing_closes_at + timedelta(days=2), rng)}


def _short_publicity(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    day = applicant.submitted_at.date()
    monday = day - timedelta(days=7 + day.weekday())
    return {
        "publicity_start": write_day(monday, rng),
        "publicity_end": write_day(monday + timedelta(days=3), rng),
    }


def _fewer_training_years(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    years = rules.public_training_years
    return {"public_training_years": write_years(years - {max(years)}, rng)}


def _needs_letter(applicant: Applicant) -> bool:
    return applicant.unit.affiliation in (
        Affiliation.CENTRAL,
        Affiliation.OUTSIDE_ENTERPRISE,
        Affiliation.MILITARY,
    )


def _early(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    # Late enough for the publicity, which ended before, to lie in the same weeks of the calendar.
    return {"submitted_at": write_moment(rules.filing_opens_at - timedelta(hours=2), rng)}


def _other_gender(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    return {"gender": "女" if applicant.cells["gender"] == "男" else "男"}


def _overlapping(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    return {"work_summary": "1998年7月至2010年8月在甲单位工作；2009年1月至今在乙单位工作"}


def _working_on(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    return {"work_summary": f"1998年7月至{rules.year + 2}年8月在本单位工作"}


def _lost_year(key: str) -> Callable[[Applicant, RoundRules, Random], _Cells]:
    def spoil(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
        years = {
            "professional_training_years": rules.professional_training_years,
            "appraisal_years": rules.appraisal_years,
        }[key]
        return {key: write_years(years - {max(years)}, rng)}

    return spoil


def _undated(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    return {"publicity_start": "无", "publicity_end": "无"}


def _uncountable(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
    """In a year for which no calendar is published."""
    return {
        "publicity_start": write_day(applicant.submitted_at.date().replace(year=2036, month=3, day=2), rng),
        "publicity_end": write_day(applicant.submitted_at.date().replace(year=2036, month=3, day=20), rng),
    }


def _posted(days_before: int, days_after: int) -> Callable[[Applicant, RoundRules, Random], _Cells]:
    """A posting from so many days before the submission to so many days after it."""

    def spoil(applicant: Applicant, rules: RoundRules, rng: Random) -> _Cells:
        day = applicant.submitted_at.date()
        return {
            "aid_start": write_day(day - timedelta(days=days_before), rng),
            "aid_end": write_day(day + timedelta(days=days_after), rng),
        }

    return spoil


def _is_posted(applicant: Applicant) -> bool:
    return applicant.on_aid_posting


UNREADABLE = (
    Fault("blank_cell", _blank),
    Fault("broken_check_digit", _broken_check_digit),
    Fault("id_as_number", _id_as_number),
    Fault("unknown_series", _set(series="农业系列")),
    Fault("impossible_date", _set(publicity_end="2021-02-30")),
    Fault("formula", _set(works='=CONCATENATE("论文",1)')),
    Fault("short_phone", _set(phone="138990")),
)
READABLE = (
    Fault("filed_late", _late),
    Fault("too_many_submissions", _set(submission_count=4)),
    Fault("publicity_too_short", _short_publicity),
    Fault("objection_open", _set(objection_open="有异议")),
    Fault("no_commission_letter", _set(has_commission_letter="无"), _needs_letter),
    Fault("no_commitment_letter", _set(has_commitment_letter="无")),
    Fault("fee_unpaid", _set(fee_paid="未缴"), keeps_seat=True),
    Fault(
        "no_exam_result",
        _set(has_exam_result="无"),
        lambda applicant: applicant.level in applicant.series.exam_result_levels,
    ),
    Fault("aid_no_consent", _set(sending_unit_consents="否"), _is_posted),
    Fault("no_recommending_opinion", _set(has_recommending_opinion="无")),
    Fault("formal_review_not_passed", _set(formal_review_passed="未通过")),
    Fault("vague_achievements", _set(achievements="完成若干项目，多次获奖"), keeps_seat=True),
    Fault("no_degree_proof", _set(has_degree_check="无", has_degree_documents="无"), keeps_seat=True),
    Fault("public_training_missing", _fewer_training_years, keeps_seat=True),
)
_NO_TITLE_PROOF = _set(has_title_document="无", has_title_certificate="无", has_title_review_form="无")
_MOVED_WITHOUT_PAPERS = _set(moved_from_government="是", has_appointment_papers="无")
RARER = (
    Fault("filed_early", _early, lambda applicant: not applicant.on_aid_posting),
    Fault("vague_experience", _set(work_summary="在基层从事专业技术工作20年左右"), keeps_seat=True),
    Fault("gender_mismatch", _other_gender, keeps_seat=True),
    Fault("no_id_scan", _set(has_id_scan="无"), keeps_seat=True),
    Fault("no_photo", _set(has_photo="无"), keeps_seat=True),
    Fault("no_title_proof", _NO_TITLE_PROOF, keeps_seat=True),
    Fault(
        "no_appointment_papers",
        _set(moved_from_government="是", has_appointment_papers="无"),
        keeps_seat=True,
    ),
    Fault("resume_overlap", _overlapping, keeps_seat=True),
    Fault("resume_in_future", _working_on, keeps_seat=True),
    Fault("no_achievement_proof", _set(has_achievement_proof="无"), keeps_seat=True),
    Fault("professional_training_missing", _lost_year("professional_training_years"), keeps_seat=True),
    Fault("appraisal_missing", _lost_year("appraisal_years"), keeps_seat=True),
    Fault("no_publicity", _undated),
    Fault("publicity_uncountable", _uncountable),
    Fault("no_supervising_opinion", _set(has_supervising_opinion="无")),
    Fault("aid_too_short", _posted(100, 100), _is_posted),
    Fault("aid_not_under_way", _posted(800, -10), _is_posted),
)
"""Used after those before have been: a round of 240 has none of them, one of 800 all."""


def _is_whole(applicant: Applicant) -> bool:
    """Whether details are invented for this applicant (`details.MOST_WHOLE`)."""
    return int(applicant.cells["number"][-5:]) <= MOST_WHOLE


def _has_online_degree(applicant: Applicant) -> bool:
    shown = [as_yes_no(applicant.cells[key]) for key in ("has_degree_check", "has_degree_documents")]
    return shown == [True, False]


_DETAIL_SUITS: dict[str, Callable[[Applicant], bool]] = {
    "commission_not_approved": _needs_letter,
    "aid_consent_unproved": _is_posted,
    "degree_unproved": _has_online_degree,
}


def _detailed(kind: str) -> Fault:
    suits = _DETAIL_SUITS.get(kind, lambda applicant: True)
    return Fault(
        kind,
        _set(**{MARK: kind}),
        lambda applicant: _is_whole(applicant) and suits(applicant),
        keeps_seat=kind != "commission_not_approved",
    )


DETAILED = tuple(_detailed(kind) for kind in DETAIL_FAULTS)
"""Used last of all."""
NOT_SHOWN = {
    **dict.fromkeys(
        ("series_unknown", "specialty_unknown", "level_not_offered"), "the reader knows the round's lists"
    ),
    **dict.fromkeys(
        ("no_platform_number", "blank_field", "id_number_invalid", "aid_dates_missing"),
        "the reader refuses such a row",
    ),
    "audit_disordered": "the reader sorts the audits by their moments",
    "submissions_disagree": "the listed submissions are taken for the count and the moment of the filing",
    "attachment_misplaced": "the list of files has no column for the section",
    **dict.fromkeys(("fanghuiju_unproved", "works_unproved"), "a note, and no fault of the applicant"),
}
"""Rules that no workbook of the sample shows, and why."""


def spoil_some(
    applicants: Sequence[Applicant], rules: RoundRules, rng: Random
) -> tuple[Counter[str], set[int]]:
    """Spoil one applicant in twelve, in place, taking the kinds in turn.

    Returns
    -------
    Counter, set of int
        How often each kind was used, and the indexes of the applicants who lost their seat by it.
    """
    free = list(range(len(applicants)))
    rng.shuffle(free)
    counts: Counter[str] = Counter()
    lost: set[int] = set()
    kinds = cycle(_alternating())
    while sum(counts.values()) < len(applicants) // ONE_IN:
        fault = next(kinds)
        index = next((i for i in free if fault.suits(applicants[i])), None)
        if index is None:
            continue
        free.remove(index)
        applicants[index].cells |= fault.spoil(applicants[index], rules, rng)
        counts[fault.kind] += 1
        if not fault.keeps_seat:
            lost.add(index)
    return counts, lost


def _alternating() -> list[Fault]:
    """Two readable kinds, then an unreadable one, until all are used."""
    unreadable = list(UNREADABLE)
    kinds: list[Fault] = []
    for position, fault in enumerate(READABLE):
        kinds.append(fault)
        if position % 2 == 1:
            kinds.append(unreadable.pop(0))
    return [*kinds, *unreadable, *RARER, *DETAILED]
