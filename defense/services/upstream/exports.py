"""What differs at the upstream platform, and what it is told, as workbooks: what their pages show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.result import CONCLUSION_TEXT, Conclusion
from defense.domain.text import Text
from defense.integrations.workbooks import Tables
from defense.models import Round, UpstreamDelivery
from defense.services.upstream.care import KIND_TEXT, STATE_TEXT, all_stuck, differing_ids
from defense.services.upstream.differences import STATUS_TEXT, OpenDifference, faults_of, open_differences
from defense.services.upstream.telling import DeliveryKind, DeliveryState

DIFFERENCE_HEADERS = (
    "申报编号", "姓名", "变动", "发现时间（北京时间）", "栏目", "本系统", "上级平台", "不能采用的原因",
)  # fmt: skip
FAULT_HEADERS = ("编号", "问题与处理办法", "发现时间（北京时间）")
DELIVERY_HEADERS = (
    "申报编号", "姓名", "内容", "序号", "生成时间（北京时间）", "状态", "平台答复", "尝试次数",
    "下次推送（北京时间）",
)  # fmt: skip

# As the page has them.
_DECISION_WORDS = {
    "required": "须答辩",
    "not_required": "无需答辩",
    "valid": "符合要求",
    "not_valid": "不符合要求",
    "waived": "准予缓缴",
    "not_waived": "不准缓缴",
}
_CHANGED_UPSTREAM = "平台上有变动"


def export_differences(session: Session, round_: Round) -> Tables:
    """What waits for staff, a row for each field that differs, and what cannot be taken in."""
    rows = (row for difference in open_differences(session, round_) for row in _difference(difference))
    faults = (
        (fault.number, Text.from_json(fault.words).zh, fault.noticed_at)
        for fault in faults_of(session, round_)
    )
    return {"平台变动": (DIFFERENCE_HEADERS, rows), "无法读取的申报": (FAULT_HEADERS, faults)}


def export_deliveries(session: Session, round_: Round) -> Tables:
    """What failed, and what is being retried or held up: all of it, not only what the page lists."""
    differing = differing_ids(session, round_)
    sheets = {"推送失败": DeliveryState.DEAD, "滞留": DeliveryState.WAITING}
    return {
        title: (DELIVERY_HEADERS, (_delivery(d, differing) for d in all_stuck(session, round_, state)))
        for title, state in sheets.items()
    }


def _difference(row: OpenDifference) -> Iterator[tuple[Any, ...]]:
    difference = row.difference
    application, status = difference.application, STATUS_TEXT[difference.status].zh
    about = (application.number, application.name, status, difference.noticed_at)
    frozen = row.frozen.zh if row.frozen else None
    if not row.changes:
        yield (*about, None, None, None, frozen)
    for change in row.changes:
        yield (*about, change.label.zh, change.before.zh, change.after.zh, frozen)


def _delivery(delivery: UpstreamDelivery, differing: frozenset[int]) -> tuple[Any, ...]:
    is_held = delivery.id in differing
    is_retried = delivery.state == DeliveryState.WAITING and not is_held
    return (
        delivery.application.number,
        delivery.application.name,
        f"{KIND_TEXT[DeliveryKind(delivery.kind)].zh}：{_told(delivery)}",
        delivery.sequence,
        delivery.queued_at,
        _CHANGED_UPSTREAM if is_held else STATE_TEXT[DeliveryState(delivery.state)].zh,
        Text.from_json(delivery.last_answer).zh if delivery.last_answer else None,
        delivery.attempts,
        delivery.next_attempt_at if is_retried else None,
    )


def _told(delivery: UpstreamDelivery) -> str:
    body = delivery.body_json
    if delivery.kind == DeliveryKind.RESULT:
        return CONCLUSION_TEXT[Conclusion(body["conclusion"])].zh
    return _DECISION_WORDS[body["decision"]]
