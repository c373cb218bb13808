"""What is asked of the filing itself: round, window, fields, submissions and audit chain."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import pairwise

from defense.domain.eligibility_case import Answer, Case, Given, Question, unless_empty
from defense.domain.rule_parameters import FIELD_TEXT
from defense.domain.text import Text
from defense.domain.vocabulary import LEVEL_TEXT
from defense.domain.wording import find_vague_words
from defense.domain.zone import BEIJING


def number_is_blank(case: Case, given: Given) -> Answer:
    """The platform gave no number."""
    return not case.record.number.strip()


def series_is_unknown(case: Case, given: Given) -> Answer:
    """The round does not have the series."""
    known = case.rules.series_named(case.record.series) is not None
    return not known and {"series": case.record.series}


def specialty_is_unknown(case: Case, given: Given) -> Answer:
    """The series is known, but not its specialty."""
    series = case.rules.series_named(case.record.series)
    return (
        series is not None
        and case.record.specialty not in series.specialties
        and {"series": series.name, "specialty": case.record.specialty}
    )


def level_is_not_offered(case: Case, given: Given) -> Answer:
    """The series is known, but not at this level."""
    series = case.rules.series_named(case.record.series)
    return (
        series is not None
        and case.record.level not in series.levels
        and {"series": series.name, "level": LEVEL_TEXT[case.record.level]}
    )


def was_filed_early(case: Case, given: Given) -> Answer:
    """Submitted before the window opened."""
    opens_at = datetime.combine(given["first_day"], time(0), BEIJING)
    return case.record.submitted_at < opens_at and {"limit": f"{opens_at:%Y-%m-%d %H:%M}"}


def was_filed_late(case: Case, given: Given) -> Answer:
    """Submitted after the window closed; its last second counts to its end."""
    closes_at = datetime.combine(given["last_day"], given["closing_time"], BEIJING)
    late = case.record.submitted_at >= closes_at + timedelta(seconds=1)
    return late and {"limit": f"{closes_at:%Y-%m-%d %H:%M:%S}"}


def has_blank_fields(case: Case, given: Given) -> Answer:
    """A field that must be filled is empty."""
    values = ((name, getattr(case.record, name)) for name in given["fields"])
    blank = [
        FIELD_TEXT[name]
        for name, value in values
        if value is None or (isinstance(value, str) and not value.strip())
    ]
    return unless_empty(
        fields=Text("、".join(text.zh for text in blank), ", ".join(text.en for text in blank))
    )


def has_blank_details(case: Case, given: Given) -> Answer:
    """A detail is empty that a workbook's row cannot carry, but this record could."""
    return case.is_told_in_full and has_blank_fields(case, given)


def is_vague(*fields: str) -> Question:
    """A vague word occurs in the text, or in one of the items, of these fields of the record."""

    def look(case: Case, given: Given) -> Answer:
        texts = "\n".join(_texts(getattr(case.record, field)) for field in fields)
        return unless_empty(words="、".join(find_vague_words(texts, given["words"])))

    return look


def was_submitted_too_often(case: Case, given: Given) -> Answer:
    """Submitted more often than the round allows, by the count or by the history."""
    count = max(case.record.submission_count, len(case.record.submissions))
    return count > given["limit"] and {"count": count, "limit": given["limit"]}


def history_contradicts(case: Case, given: Given) -> Answer:
    """The history of the submissions, where it is told, says otherwise than their count and last moment."""
    record, history = case.record, case.record.submissions
    if not history:
        return False
    wrong = []
    if len(history) != record.submission_count:
        wrong.append(
            Text(
                f"记录{len(history)}次，申报次数为{record.submission_count}",
                f"{len(history)} are listed, {record.submission_count} are counted",
            )
        )
    if _minute_of(history[-1].submitted_at) != _minute_of(record.submitted_at):
        wrong.append(Text("末次上报时间与申报时间不同", "the last one is not the moment of the filing"))
    if any(
        earlier.returned_at is None or not earlier.submitted_at <= earlier.returned_at <= later.submitted_at
        for earlier, later in pairwise(history)
    ):
        wrong.append(Text("退回与再次上报的先后不符", "returned and submitted again in an impossible order"))
    return unless_empty(what=Text("；".join(text.zh for text in wrong), "; ".join(text.en for text in wrong)))


def _minute_of(moment: datetime) -> datetime:
    """Workbooks often leave the seconds out."""
    return moment.astimezone(BEIJING).replace(second=0, microsecond=0)


def audit_is_unfinished(case: Case, given: Given) -> Answer:
    """Formal review is said to be passed, but the chain does not end in a passed final audit."""
    steps = case.record.audit_steps
    if not steps or not case.record.formal_review_passed:
        return False
    last = steps[-1]
    ends = last.passed and any(word in last.stage for word in given["final_stages"])
    return not ends and {"stage": last.stage}


def audit_is_disordered(case: Case, given: Given) -> Answer:
    """A level decided before the one below it."""
    disordered = [
        f"{earlier.stage} / {later.stage}"
        for earlier, later in pairwise(case.record.audit_steps)
        if later.decided_at < earlier.decided_at
    ]
    return unless_empty(stages="；".join(disordered))


def audit_step_is_incomplete(case: Case, given: Given) -> Answer:
    """A level of the chain without who, or without an opinion."""
    incomplete = [
        step.stage
        for step in case.record.audit_steps
        if not (step.unit.strip() and step.person.strip() and step.opinion.strip())
    ]
    return unless_empty(stages="、".join(incomplete))


def _texts(value: object) -> str:
    """A text itself, or all the texts of a tuple of parts."""
    if isinstance(value, str):
        return value
    items = value if isinstance(value, tuple) else ()
    return "\n".join(text for item in items for text in vars(item).values() if isinstance(text, str))
