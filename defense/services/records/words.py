"""What the fields of a record are called, and two records side by side for people to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from defense.domain.identity import mask_email, mask_id_number, mask_phone
from defense.domain.record_parts import PROOF_TEXT, TrainingKind
from defense.domain.text import Text
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT
from defense.domain.zone import BEIJING

FIELD_TEXT: dict[str, Text] = {
    "number": Text("申报编号", "number"),
    "name": Text("姓名", "name"),
    "gender": Text("性别", "gender"),
    "id_number": Text("身份证号", "ID number"),
    "phone": Text("手机号码", "mobile number"),
    "email": Text("电子邮箱", "e-mail"),
    "unit": Text("工作单位", "unit"),
    "affiliation": Text("单位隶属", "affiliation"),
    "prefecture": Text("所在地州", "prefecture"),
    "series": Text("申报系列", "series"),
    "specialty": Text("申报专业", "specialty"),
    "level": Text("申报级别", "level"),
    "submitted_at": Text("申报时间", "submitted"),
    "submission_count": Text("申报次数", "submissions"),
    "formal_review_passed": Text("形式审核", "formal review"),
    "fee_paid": Text("缴费状态", "fee"),
    "present_title": Text("现任职资格", "present title"),
    "present_title_in_xinjiang": Text("资格取得地", "title got in Xinjiang"),
    "moved_from_government": Text("机关调动", "moved from government"),
    "work_summary": Text("工作简历", "work experience"),
    "achievements": Text("业绩成果", "achievements"),
    "publicity": Text("公示", "publicity"),
    "aid_posting": Text("援疆", "aid posting (援疆)"),
    "in_fanghuiju": Text("访惠聚", "village work (访惠聚)"),
    "works": Text("论文著作", "papers and books"),
    "attachments": Text("印证材料", "attachments"),
    "trainings": Text("继续教育", "continuing education"),
    "appraisals": Text("考核情况", "appraisals"),
    "ethnicity": Text("族别", "ethnicity"),
    "political_status": Text("政治面貌", "political status"),
    "present_title_on": Text("任职资格取得时间", "title got on"),
    "professional_years": Text("从事专业技术工作年限", "years of professional work"),
    "degrees": Text("学历学位", "degrees"),
    "exams": Text("考试成绩", "examinations"),
    "employments": Text("工作经历明细", "employments"),
    "achievement_items": Text("业绩成果明细", "achievements in detail"),
    "submissions": Text("上报记录", "history of submissions"),
    "audit_steps": Text("审核记录", "audit chain"),
    "recommending_opinion": Text("推荐单位意见", "opinion of the recommending unit"),
    "supervising_opinion": Text("主管单位意见", "opinion of the supervising unit"),
    "commission": Text("委托评审函", "commission"),
    "fee_payment": Text("缴费记录", "payment"),
}
"""Every field of `ApplicationRecord`, in the order of the form."""

LONGEST = {"number": 50, "name": 100, "unit": 200, "series": 100, "specialty": 100, "phone": 50, "email": 200}
"""Of texts that lists and letters use: characters."""

_MASKS: dict[str, Callable[[str], str]] = {
    "id_number": mask_id_number,
    "phone": mask_phone,
    "email": mask_email,
}
_LONGEST_SHOWN = 300


@dataclass(frozen=True)
class FieldChange:
    """One field before and after, as text; personal values are masked."""

    label: Text
    before: Text
    after: Text


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """The fields in which two records (as JSON) differ; of lists only the parts that came or went."""
    return [
        _change(name, before.get(name), after.get(name))
        for name in FIELD_TEXT
        if before.get(name) != after.get(name)
    ]


def _change(name: str, before: Any, after: Any) -> FieldChange:
    if isinstance(before, list) and isinstance(after, list):
        before, after = [p for p in before if p not in after], [p for p in after if p not in before]
    mask = _MASKS.get(name, str)
    is_hidden = all(_shown(before, mask, tongue) == _shown(after, mask, tongue) for tongue in _TONGUES)
    told_before, told_after = (
        Text(*(_shown(side, mask, tongue) for tongue in _TONGUES)) for side in (before, after)
    )
    if is_hidden:
        told_after = _HIDDEN_DIFFERS.format(value=told_after)
    return FieldChange(FIELD_TEXT[name], told_before, told_after)


def _shown(value: Any, mask: Callable[[str], str], tongue: str) -> str:
    if value is None or value in ("", [], {}):
        return "—"
    if isinstance(value, bool):
        return _YES_NO[value].pick(tongue)
    if isinstance(value, list):
        text = _BETWEEN.pick(tongue).join(_shown(part, mask, tongue) for part in value)
    elif isinstance(value, dict):
        text = " ".join(
            _shown(part, str, tongue)
            for key, part in value.items()
            if key not in _UNTOLD and part not in (None, "", [])
        )
    elif value in _WORDS:
        text = _WORDS[value].pick(tongue)
    else:
        text = _as_stamp(str(value)) or mask(str(value))
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _as_stamp(value: str) -> str | None:
    """A moment as the pages tell it; None for anything else."""
    if not _MOMENT.fullmatch(value):
        return None
    return datetime.fromisoformat(value).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")


_MOMENT = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})")
_TONGUES = ("zh", "en")
_YES_NO = (Text("否", "no"), Text("是", "yes"))
_BETWEEN = Text("；", "; ")
_WORDS: dict[Any, Text] = {
    **{
        code.value: text
        for table in (LEVEL_TEXT, AFFILIATION_TEXT, PROOF_TEXT)
        for code, text in table.items()
    },
    TrainingKind.PROFESSIONAL.value: Text("专业科目", "professional training"),
    TrainingKind.PUBLIC.value: Text("公需科目", "public training"),
}
"""Codes of a record in the words of the form."""
_HIDDEN_DIFFERS = Text(
    "{value}（编号或文件不同，此处不显示）", "{value} (another number or file, which is not shown here)"
)
_UNTOLD = ("section", "size", "sha256", "upstream_id", "certificate_number")
"""Of parts: what tells a reader nothing, or is somebody's number."""
