"""Words for the names and values in the details of audit entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from defense.domain.document_kinds import KINDS, DocumentKind
from defense.domain.lifecycle import STATE_TEXT
from defense.domain.record_parts import PROOF_TEXT
from defense.domain.result import OUTCOME_TEXT
from defense.domain.scheduling_rules import NOTICE_UNIT_TEXT
from defense.domain.text import Text
from defense.services.invites.replies import ANSWER_TEXT, VIA_TEXT
from defense.services.keeping.personal import FIELD_TEXT
from defense.services.meetings.settings import MEETING_STATE_TEXT, PROVIDER_TEXT
from defense.services.room.reopening import CAUSE_TEXT, KIND_TEXT
from defense.services.room.rule_words import (
    ABSENCES_TEXT,
    ABSTENTIONS_TEXT,
    DENOMINATOR_TEXT,
    terms_text,
)
from defense.services.round_settings import SETTING_TEXT
from defense.services.timetable.candidate_needs import WISH_TEXT
from defense.services.timetable.settings import SCHEDULING_TEXT
from defense.services.upstream.care import KIND_TEXT as DELIVERY_TEXT
from defense.services.upstream.differences import STATUS_TEXT
from defense.services.wording import EFFECT_TEXT, REQUIREMENT_TEXT, ROLE_TEXT, RULE_TEXT
from defense.web.format import localise, stamp

_NAMES = (
    SETTING_TEXT
    | SCHEDULING_TEXT
    | {
        "answer": Text("答复", "answer"),
        "abstentions": Text("弃权", "abstentions"),
        "added": Text("新增", "added"),
        "application": Text("申报人", "applicant"),
        "applications": Text("申报编号", "applications"),
        "assessed": Text("核查人数", "judged"),
        "attachment": Text("附件编号", "attachment"),
        "attachments": Text("文件摘要", "digests"),
        "attempt": Text("第几次答辩", "attempt"),
        "break_decision": Text("中断处理", "decision on the break"),
        "interrupted_at": Text("中断开始（北京时间）", "broken off at (Beijing time)"),
        "cause": Text("原因类别", "cause"),
        "experts": Text("专家编号", "experts"),
        "follows": Text("接续轮次编号", "follows round"),
        "reopening": Text("申请编号", "request"),
        "reopening_kind": Text("申请事项", "asked for"),
        "asked_by": Text("提出人", "asked by"),
        "ballot_round": Text("表决轮次编号", "round of voting"),
        "batch": Text("导入编号", "import"),
        "by": Text("方式", "by"),
        "cancelled": Text("取消", "cancelled"),
        "cast": Text("已投", "cast"),
        "changed": Text("变更", "changed"),
        "changed_rows": Text("变更的行", "changed rows"),
        "changed_rows_left_out": Text("未列出的变更行", "changed rows not listed"),
        "code": Text("批次", "round"),
        "comments": Text("附言", "remarks"),
        "created": Text("新发", "new"),
        "decision": Text("裁定", "decision"),
        "delivery_kind": Text("推送内容", "told"),
        "delivery_number": Text("推送序号", "number"),
        "end_at": Text("至（北京时间）", "to (Beijing time)"),
        "entitled": Text("应到", "entitled"),
        "expert": Text("专家", "expert"),
        "expires_at": Text("有效期至（北京时间）", "good until (Beijing time)"),
        "different": Text("待处理", "wait for staff"),
        "faulty": Text("无法读取", "cannot be taken in"),
        "fields": Text("变动栏目", "fields"),
        "passed_over": Text("略过（已退回或撤回）", "passed over (returned or withdrawn)"),
        "status": Text("平台状态", "status at the platform"),
        "field": Text("信息项", "field"),
        "table": Text("表格名称", "table"),
        "rows": Text("行数", "rows"),
        "keep_until": Text("保存至", "kept until"),
        "digest": Text("文件摘要", "digest of the file"),
        "document": Text("文书", "document"),
        "documents": Text("文书份数", "documents"),
        "kinds": Text("文书种类", "kinds of document"),
        "size": Text("字节数", "bytes"),
        "encrypted": Text("已加密", "encrypted"),
        "records": Text("申报记录数", "records"),
        "first_at": Text("首个场次（北京时间）", "first half-day (Beijing time)"),
        "kept": Text("答辩已开始，维持原结果", "kept, their defence has begun"),
        "link": Text("链接编号", "link"),
        "mean": Text("平均分", "mean"),
        "kind": Text("表格", "table"),
        "moved": Text("调整", "moved"),
        "new": Text("新增", "new"),
        "number": Text("轮次", "number"),
        "panel": Text("答辩组", "panel"),
        "passes": Text("通过", "pass"),
        "proof": Text("材料", "proof"),
        "files": Text("文件数", "files"),
        "phase_ms": Text("本阶段用时（分:秒）", "time of the phase (min:s)"),
        "placed": Text("已排", "placed"),
        "priority": Text("优先级", "priority"),
        "reason": Text("理由", "reason"),
        "refused": Text("有误", "refused"),
        "reminded": Text("催请人次", "letters"),
        "removed": Text("撤出", "removed"),
        "role": Text("岗位", "role"),
        "round": Text("批次", "round"),
        "rule": Text("表决规则", "rule"),
        "run_kind": Text("种类", "kind"),
        "secret": Text("无记名", "secret"),
        "source": Text("来源", "source"),
        "start_at": Text("自（北京时间）", "from (Beijing time)"),
        "state": Text("状态", "state"),
        "scores": Text("评分数", "scores"),
        "seal": Text("封存摘要", "digest of the seal"),
        "seats": Text("成员", "members"),
        "provider": Text("会议平台", "provider"),
        "second_provider": Text("备用会议平台", "second provider"),
        "from_provider": Text("原会议平台", "from"),
        "to_provider": Text("改用", "to"),
        "meeting_state": Text("会议状态", "state of the meeting"),
        "waiting_room": Text("等候室", "waiting room"),
        "sequence": Text("邀请版本", "revision of the invite"),
        "present": Text("到场", "present"),
        "sum_tenths": Text("总分（十分之一分）", "sum in tenths"),
        "tally": Text("计票", "count"),
        "terms": Text("表决规则", "rule"),
        "unchanged": Text("未变", "unchanged"),
        "unplaced": Text("未排", "not placed"),
        "unused": Text("未投", "unused"),
        "updated": Text("变更", "changed"),
        "username": Text("用户名", "user name"),
        "verdict": Text("结果", "verdict"),
        "veto_reasons": Text("否决原因", "reasons of the vetoes"),
        "via": Text("答复方式", "answered by"),
        "wish_kind": Text("种类", "kind"),
        "vetoes": Text("否决", "vetoes"),
    }
)

_VALUES: dict[str, Mapping[Any, Text]] = {
    "answer": ANSWER_TEXT,
    "via": VIA_TEXT,
    "by": {"link": Text("个人链接", "personal link"), "password": Text("密码", "password")},
    "decision": REQUIREMENT_TEXT
    | {
        "accepted": Text("采用平台内容", "the platform’s accepted"),
        "kept": Text("保留本系统内容", "ours kept"),
        "valid": Text("材料有效", "valid"),
        "not_valid": Text("材料无效", "not valid"),
        "waived": Text("准予缓缴", "let through unpaid"),
        "not_waived": Text("已收回准许", "permission taken back"),
    },
    "effect": EFFECT_TEXT,
    "field": {**FIELD_TEXT},
    "kind": {
        "applications": Text("申报人员", "applications"),
        "experts": Text("专家库", "experts"),
        "panels": Text("答辩组", "panels"),
    },
    "panel_rule": RULE_TEXT,
    "proof": PROOF_TEXT,
    "role": ROLE_TEXT,
    "rule": RULE_TEXT,
    "break_decision": {
        "go_on": Text("继续答辩", "go on"),
        "other_time": Text("另行安排", "another time"),
        "give_up": Text("放弃答辩", "given up"),
        "absent": Text("按缺席处理", "absent"),
        "cancelled": Text("取消答辩", "cancelled"),
    },
    "cause": CAUSE_TEXT,
    "reopening_kind": KIND_TEXT,
    "change_notice_unit": NOTICE_UNIT_TEXT,
    "denominator": {**DENOMINATOR_TEXT},
    "abstentions": {**ABSTENTIONS_TEXT},
    "absences": {**ABSENCES_TEXT},
    "run_kind": {
        "solve": Text("排期", "a timetable"),
        "reschedule": Text("尽量少改", "fewest changes"),
        "explain": Text("查找原因", "an explanation"),
    },
    "source": {
        "solver": Text("求解器", "solver"),
        "reschedule": Text("重新排期（尽量少改）", "fewest changes"),
        "staff": Text("人工调整", "by hand"),
    },
    "state": STATE_TEXT,
    **{key: {**PROVIDER_TEXT} for key in ("provider", "second_provider", "from_provider", "to_provider")},
    "meeting_state": MEETING_STATE_TEXT,
    "wish_kind": WISH_TEXT,
    "delivery_kind": DELIVERY_TEXT,
    "document": {kind.value: words.title for kind, words in KINDS.items()},
    "status": {**STATUS_TEXT},
    "verdict": OUTCOME_TEXT | {"invalid": Text("表决无效", "invalid vote")},
}

_COUNTED = ("created", "updated", "cancelled")
"""Lists of ids, told by their length."""

_YES, _NO = Text("是", "yes"), Text("否", "no")


def detail_name(key: str) -> str:
    """The name of a detail in the reader's language; an unknown one stays as it is."""
    return localise(_NAMES.get(key, Text(key, key)))


def detail_value(key: str, value: Any) -> str:
    """A value in the reader's language, by the detail it stands in; times on the clock of Beijing."""
    if isinstance(value, bool):
        return localise(_YES if value else _NO)
    if key == "terms":
        return localise(terms_text(value))
    if isinstance(value, Mapping):
        inner = (f"{detail_name(k)} {detail_value(k, v)}" for k, v in value.items())
        return localise(Text("，", ", ")).join(inner)
    if key == "kinds":
        return localise(Text("、", ", ")).join(localise(KINDS[DocumentKind(kind)].title) for kind in value)
    if isinstance(value, list):
        return str(len(value)) if key in _COUNTED else "；".join(map(_listed, value)) or "—"
    return _single_value(key, value)


def _single_value(key: str, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if key.endswith("_at"):
        return stamp(datetime.fromisoformat(str(value)))
    if key == "phase_ms":
        minutes, seconds = divmod(int(value) // 1000, 60)
        return f"{minutes:02}:{seconds:02}"
    word = _VALUES.get(key, {}).get(value)
    if word:
        return localise(word)
    if key == "digest":
        # Its end is what the second person reads off the file that was kept.
        return f"{str(value)[:12]}…"
    return str(value)[:8] if key in ("ballot_round", "follows") else str(value)


def _listed(item: Any) -> str:
    """A reason with its number, as a tally keeps it, or just what it is."""
    return " × ".join(str(part) for part in item) if isinstance(item, list) else str(item)
