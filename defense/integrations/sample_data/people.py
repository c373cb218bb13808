"""Invents applicants whose records break no rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from defense.domain.identity import id_check_digit
from defense.domain.round_rules import RoundRules, Series
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT, PREFECTURES, Affiliation, Level
from defense.integrations.sample_data.vocabulary import DOMAINS, Unit, big_unit, invent_name, small_unit

_AREAS = ("650102", "650104", "650204", "650402", "652301", "652701", "652801", "653101", "654002", "652901")
_AFFILIATION_SHARES = {
    Affiliation.REGION: 36,
    Affiliation.PREFECTURE: 30,
    Affiliation.COUNTY: 12,
    Affiliation.TOWNSHIP: 5,
    Affiliation.CENTRAL: 8,
    Affiliation.OUTSIDE_ENTERPRISE: 4,
    Affiliation.MILITARY: 3,
    Affiliation.OTHER: 2,
}
_IN_BIG_UNITS = (Affiliation.REGION, Affiliation.CENTRAL)
_WITH_LETTER = (Affiliation.CENTRAL, Affiliation.OUTSIDE_ENTERPRISE, Affiliation.MILITARY)
_NOT_HEARD = (Affiliation.COUNTY, Affiliation.TOWNSHIP)
_FIRST_SERIES_SHARES = (9, 5, 5, 3, 3)
_YES_NO = (("是", "否"), ("有", "无"), ("√", "×"))
_DAY_FORMATS: tuple[Callable[[date], Any], ...] = (
    lambda day: day,
    lambda day: f"{day:%Y-%m-%d}",
    lambda day: f"{day.year}/{day.month}/{day.day}",
    lambda day: f"{day.year}.{day.month}.{day.day}",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day:%Y%m%d}",
    lambda day: (day - date(1899, 12, 30)).days,
)


@dataclass
class Applicant:
    """One row of the workbook to be, and what the planning of panels needs to know of it."""

    cells: dict[str, Any]
    """Column key → what stands in the cell."""
    series: Series
    specialty: str
    level: Level
    unit: Unit
    submitted_at: datetime
    on_aid_posting: bool

    @property
    def defends(self) -> bool:
        """Whether a seat is needed, pending ones included."""
        return self.level is Level.SENIOR or self.unit.affiliation not in _NOT_HEARD or self.on_aid_posting


def domain_of(series: Series, rules: RoundRules) -> str:
    """The kind of units that a series draws its people from."""
    if "技工" in series.name:
        return "skill_school"
    if "教师" in series.name:
        return "cadre_school"
    return "economy" if "经济" in series.name else DOMAINS[0]


def write_day(day: date, rng: Random) -> Any:
    """A day in one of the ways in which people write it."""
    return rng.choice(_DAY_FORMATS)(day)


def write_moment(moment: datetime, rng: Random) -> Any:
    """A moment as a real date-and-time cell or as text."""
    naive = moment.replace(tzinfo=None)
    return rng.choice(
        (naive, f"{naive:%Y-%m-%d %H:%M:%S}", f"{naive:%Y/%m/%d %H:%M}", f"{naive:%Y年%m月%d日 %H:%M}")
    )


def invent_applicant(index: int, rules: RoundRules, rng: Random) -> Applicant:
    """One applicant whose record breaks no rule of the round."""
    shares = [*_FIRST_SERIES_SHARES, *(3 for _ in rules.series)][: len(rules.series)]
    series = rng.choices(rules.series, shares)[0]
    level, specialty = rng.choice(series.levels), rng.choice(series.specialties)
    unit = _invent_unit(domain_of(series, rules), rng)
    gender = rng.choice(("男", "女"))
    submitted_at = _invent_submission(rules, rng)
    on_aid_posting = rng.random() < 0.05
    cells: dict[str, Any] = {
        "number": f"XJ{rules.year}{index + 1:05d}",
        "name": _spread(invent_name(gender, rng), rng),
        "gender": gender,
        "id_number": _invent_id_number(gender, index, rng),
        "phone": _written_phone(f"13{rng.randrange(10)}{index:05d}{rng.randrange(1000):03d}", rng),
        "email": f"applicant{index + 1:05d}@mail{index % 7 + 1}.example.com",
        "unit": unit.name,
        "affiliation": AFFILIATION_TEXT[unit.affiliation].zh,
        "prefecture": unit.prefecture,
        "series": series.name,
        "specialty": specialty,
        "level": LEVEL_TEXT[level].zh,
        "submitted_at": write_moment(submitted_at, rng),
        "submission_count": rng.choice((1, 1, 1, 2, "2", 3)),
        "formal_review_passed": "通过",
        "fee_paid": "已缴",
    }
    cells |= _proofs(series, level, rules, rng)
    cells |= _texts(unit, rng)
    cells |= _unit_side(unit, submitted_at, on_aid_posting, rng)
    return Applicant(cells, series, specialty, level, unit, submitted_at, on_aid_posting)


def _invent_unit(domain: str, rng: Random) -> Unit:
    affiliation = rng.choices(tuple(_AFFILIATION_SHARES), tuple(_AFFILIATION_SHARES.values()))[0]
    if affiliation in _IN_BIG_UNITS:
        return big_unit(affiliation, domain, rng)
    return small_unit(affiliation, domain, rng.choice(PREFECTURES), rng)


def _invent_submission(rules: RoundRules, rng: Random) -> datetime:
    days = (rules.filing_closes_at - rules.filing_opens_at).days
    return rules.filing_opens_at + timedelta(days=rng.randrange(days), hours=10, minutes=rng.randrange(600))


def _invent_id_number(gender: str, index: int, rng: Random) -> str:
    born = date(1963 + rng.randrange(28), rng.randrange(1, 13), rng.randrange(1, 29))
    sequence = index % 100 * 10 + rng.randrange(5) * 2 + (gender == "男")
    first = f"{rng.choice(_AREAS)}{born:%Y%m%d}{sequence:03d}"
    return first + id_check_digit(first)


def _spread(name: str, rng: Random) -> str:
    return f"{name[0]} {name[1]}" if len(name) == 2 and rng.random() < 0.5 else name


def _written_phone(phone: str, rng: Random) -> Any:
    return rng.choice((phone, phone, int(phone), f"{phone[:3]} {phone[3:7]} {phone[7:]}"))


def _yes(rng: Random, answer: bool = True) -> str:
    return rng.choice(_YES_NO)[0 if answer else 1]


def _proofs(series: Series, level: Level, rules: RoundRules, rng: Random) -> dict[str, Any]:
    in_xinjiang, moved = rng.random() < 0.85, rng.random() < 0.05
    online = rng.random() < 0.8
    shown = rng.randrange(3)
    return {
        "has_commitment_letter": _yes(rng),
        "has_id_scan": _yes(rng),
        "has_photo": _yes(rng),
        "has_degree_check": _yes(rng, online),
        "has_degree_documents": _yes(rng, not online),
        "has_exam_result": _yes(rng, level in series.exam_result_levels),
        "present_title": "高级工程师" if "工程" in series.name else "高级职称",
        "present_title_in_xinjiang": "新疆" if in_xinjiang else "外省",
        "has_title_document": _yes(rng, not in_xinjiang or shown == 0),
        "has_title_certificate": _yes(rng, not in_xinjiang or shown == 1),
        "has_title_review_form": _yes(rng, not in_xinjiang or shown == 2),
        "moved_from_government": _yes(rng, moved),
        "has_appointment_papers": _yes(rng, moved),
        "has_achievement_proof": _yes(rng),
        "professional_training_years": write_years(rules.professional_training_years, rng),
        "public_training_years": write_years(rules.public_training_years, rng),
        "appraisal_years": write_years(rules.appraisal_years, rng),
    }


def write_years(years: frozenset[int], rng: Random) -> str:
    """Years as a range where they follow each other, else as a list; 无 for none."""
    ordered = sorted(years)
    if not ordered:
        return "无"
    follow = ordered[-1] - ordered[0] == len(ordered) - 1 > 0
    listed = rng.choice("、，, ").join(str(year) for year in ordered)
    return f"{ordered[0]}-{ordered[-1]}" if follow and rng.random() < 0.6 else listed


def _texts(unit: Unit, rng: Random) -> dict[str, Any]:
    begun, moved = rng.randrange(1992, 2004), rng.randrange(2005, 2014)
    projects, awards, savings = rng.randrange(2, 9), rng.randrange(1, 4), rng.randrange(80, 900)
    return {
        "work_summary": f"{begun}年7月至{moved}年8月在基层从事专业技术工作；"
        f"{moved}年9月至今在{unit.name}工作",
        "achievements": f"主持完成项目{projects}项，获自治区级奖励{awards}项，节约资金{savings}万元",
        "in_fanghuiju": _yes(rng, rng.random() < 0.1),
        "works": rng.choice(("无", "无", "独著论文1篇", "参编教材1部、论文2篇")),
    }


def _unit_side(unit: Unit, submitted_at: datetime, on_aid_posting: bool, rng: Random) -> dict[str, Any]:
    day = submitted_at.date()
    # Two weeks hold five working days even beside the week of 1 October.
    first, last = day - timedelta(days=rng.randrange(15, 18)), day - timedelta(days=1)
    aid_days = (day - timedelta(days=rng.randrange(100, 700)), day + timedelta(days=rng.randrange(300, 600)))
    return {
        "publicity_start": write_day(first, rng),
        "publicity_end": write_day(last, rng),
        "objection_open": "无异议",
        "has_recommending_opinion": _yes(rng),
        "has_supervising_opinion": _yes(rng),
        "has_commission_letter": _yes(rng, unit.affiliation in _WITH_LETTER),
        "on_aid_posting": _yes(rng, on_aid_posting),
        "aid_start": write_day(aid_days[0], rng) if on_aid_posting else "无",
        "aid_end": write_day(aid_days[1], rng) if on_aid_posting else "无",
        "sending_unit_consents": _yes(rng, on_aid_posting),
    }
