"""The days of a publicity as 附件1 and 附件2 tell them, and what keeps either from being written.

Counted as the rules count them: with the round's calendar, both days included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from defense.domain.application import ApplicationRecord
from defense.domain.document_kinds import DocumentRefused
from defense.domain.eligibility_case import Case
from defense.domain.errors import InvalidInput
from defense.domain.record_parts import UnitOpinion
from defense.domain.round_rules import RoundRules
from defense.domain.text import Text
from defense.domain.unit_checks import outcome_says_otherwise
from defense.domain.working_days import working_days_after
from defense.domain.zone import BEIJING
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models.types import utc_now
from defense.services.documents.parts import day_words
from defense.services.records.words import FIELD_TEXT

_NEEDED = ("name", "unit", "series", "specialty")
_CORRECT_UPSTREAM = Text(
    "请推荐单位在管理平台更正申报记录，重新拉取或导入后再生成。",
    "Have the recommending unit correct the record on the management platform, then pull or import it again.",
)


@dataclass(frozen=True)
class PublicityDays:
    """First and last day, and the working days from one to the other."""

    start: date
    end: date
    working_days: int


def require_named(record: ApplicationRecord) -> None:
    """Refuse a paper without a name, a unit, a series or a specialty."""
    missing = [FIELD_TEXT[field] for field in _NEEDED if not getattr(record, field).strip()]
    if missing:
        raise _refused(
            Text("申报记录缺少：{fields}。", "The record has no {fields}.").format(
                fields=Text("、".join(m.zh for m in missing), ", ".join(m.en for m in missing))
            )
        )


def publicity_days(record: ApplicationRecord, rules: RoundRules) -> PublicityDays:
    """The recorded days of the publicity, long enough for the notice.

    Raises
    ------
    DocumentRefused
        A day is missing, its year has no calendar, or there are too few working days.
    """
    start, end, counted = record.publicity.start, record.publicity.end, _case(record, rules).publicity_days
    if isinstance(counted, Text):
        raise DocumentRefused(counted)
    if start is None or end is None or counted is None:
        raise _refused(
            Text(
                "申报记录“公示”一栏没有{ends}，附件1、附件2不能缺少公示起止时间。",
                "The record's publicity has no {ends}; annexes 1 and 2 cannot do without its days.",
            ).format(ends=_missing_ends(start, end))
        )
    days = PublicityDays(start, end, counted)
    if days.working_days < rules.min_publicity_working_days:
        raise _refused(_too_short(days, rules))
    return days


def require_same_days(record: ApplicationRecord, days: PublicityDays) -> None:
    """Refuse 附件2 when the number of days that is recorded for it is not that of 附件1."""
    stated = record.publicity.stated_days
    if stated is not None and stated != days.working_days:
        raise _refused(
            Text(
                "附件1与附件2的公示天数不一致：附件2填报{stated}个工作日，附件1的公示时间"
                "{start}至{end}按工作日历计{days}个工作日。",
                "The days of annexes 1 and 2 disagree: annex 2 states {stated} working days, from {start} to "
                "{end} (annex 1) there are {days} by the working calendar.",
            ).format(stated=stated, days=days.working_days, **_ends(days))
        )


def require_favourable_outcome(record: ApplicationRecord, rules: RoundRules, days: PublicityDays) -> None:
    """Refuse 附件2, which says that nobody objected, unless that can be said."""
    if record.publicity.objection_open:
        raise DocumentRefused(
            Text(
                "申报记录“公示”一栏登记有未处理完的异议，不能出具“公示无异议”的附件2。"
                "请推荐单位核查处理完毕，并在管理平台更新后再生成。",
                "The record's publicity has an objection that is not settled, so annex 2 (no objection) "
                "cannot be written. The recommending unit settles it and updates the management platform.",
            )
        )
    if utc_now().astimezone(BEIJING).date() <= days.end:
        raise DocumentRefused(
            Text(
                "公示期至{end}届满，尚未结束，附件2请在期满之后生成。",
                "The publicity lasts until {end}; annex 2 can be written once that day is over.",
            ).format(end=_ends(days)["end"])
        )
    given = rules.settings["publicity_outcome_unclear"].given
    if outcome_says_otherwise(_case(record, rules), given):
        raise _refused(
            Text(
                "申报记录登记的公示结果为“{outcome}”，与附件2的表述“{wanted}”不符。",
                "The recorded outcome of the publicity is “{outcome}”, other than annex 2 says: “{wanted}”.",
            ).format(outcome=record.publicity.outcome.strip(), wanted="、".join(given["words"]))
        )


def require_no_refusal(opinion: UnitOpinion | None) -> None:
    """Refuse 附件3 when the supervising unit is on record as not agreeing."""
    if opinion is not None and "不同意" in opinion.text:
        raise DocumentRefused(
            Text(
                "申报记录中主管单位的意见为“不同意”，不能出具同意推荐的附件3。"
                "请主管单位在管理平台更正意见后再生成。",
                "On record the supervising unit does not agree, so annex 3 cannot be written. It corrects "
                "its opinion on the management platform first.",
            )
        )


def _case(record: ApplicationRecord, rules: RoundRules) -> Case:
    """The record as the rules judge it, so that a paper and a finding count alike."""
    return Case(record, rules, ChineseWorkingCalendar(rules.extra_days_off))


def _too_short(days: PublicityDays, rules: RoundRules) -> Text:
    needed = rules.min_publicity_working_days
    calendar = ChineseWorkingCalendar(rules.extra_days_off)
    try:
        starts = calendar.is_working_day(days.start)
        enough = working_days_after(days.start, needed - starts, calendar)
    except InvalidInput as error:
        raise DocumentRefused(error.text) from error
    return Text(
        "公示时间{start}至{end}按工作日历只有{days}个工作日，少于规定的{needed}个工作日；"
        "自{start}起公示，应至少公示到{enough}。",
        "From {start} to {end} there are only {days} working days, fewer than the {needed} required; begun "
        "on {start}, the publicity has to last until {enough} at least.",
    ).format(days=days.working_days, needed=needed, enough=_both(enough), **_ends(days))


def _missing_ends(start: date | None, end: date | None) -> Text:
    if start is None and end is None:
        return Text("起止日期", "first and last day")
    return Text("开始日期", "first day") if start is None else Text("结束日期", "last day")


def _ends(days: PublicityDays) -> dict[str, Text]:
    return {"start": _both(days.start), "end": _both(days.end)}


def _both(day: date) -> Text:
    return Text(day_words(day), day.isoformat())


def _refused(why: Text) -> DocumentRefused:
    return DocumentRefused(Text(why.zh + _CORRECT_UPSTREAM.zh, f"{why.en} {_CORRECT_UPSTREAM.en}"))
