"""The words of letters, round by round: the standard ones, or those that staff put in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, NotFound
from defense.domain.people import Period
from defense.domain.result import CONCLUSION_TEXT, Conclusion
from defense.domain.text import Text
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.integrations.notice_wordings import (
    MAX_REMARKS,
    PLACEHOLDERS,
    STANDARD,
    Audience,
    LetterName,
    NoticeKind,
    Wording,
    check_wording,
)
from defense.integrations.notices import (
    CandidateNotice,
    PanelNotice,
    RenderedNotice,
    ResultNotice,
    render_candidate_notice,
    render_panel_notice,
    render_result_notice,
)
from defense.models import NoticeWording, Round
from defense.services.audit import record_audit

__all__ = ["MAX_REMARKS", "PLACEHOLDERS", "Wording", "check_wording"]

AUDIENCE_TEXT = {
    Audience.CANDIDATE: Text("答辩人", "Candidates"),
    Audience.PANELIST: Text("评审专家", "Panelists"),
    Audience.SECRETARY: Text("秘书", "Secretaries"),
    Audience.ATTENDEE: Text("到场人员", "Named attendees"),
}
KIND_TEXT = {
    NoticeKind.INVITE: Text("通知（邀请）", "Invitation"),
    NoticeKind.CHANGE: Text("变更通知", "Change"),
    NoticeKind.CANCEL: Text("取消通知", "Cancellation"),
    NoticeKind.REMINDER_DAY: Text("前一工作日提醒", "Reminder, the working day before"),
    NoticeKind.REMINDER_SOON: Text("开始前 30 分钟提醒", "Reminder, half an hour before"),
    NoticeKind.PLEASE_CONFIRM: Text("请确认参加", "Please confirm"),
    NoticeKind.TIME_STAYS: Text("时间不变（答复调整申请）", "The time stays"),
    NoticeKind.RESULT: Text("结果通知", "Result"),
}
_SAMPLE_LINK = "https://defence.example.org/link/…"


@dataclass(frozen=True)
class OwnWording:
    """A letter's words in a round. `version` is 0 while they are the standard ones."""

    audience: Audience
    kind: NoticeKind
    wording: Wording
    version: int
    changed_at: datetime | None


def wordings_of(session: Session, round_: Round) -> Mapping[LetterName, Wording]:
    """The words that staff changed in a round, read at once for many letters."""
    rows = session.scalars(select(NoticeWording).where(NoticeWording.round_id == round_.id))
    return {(Audience(row.audience), NoticeKind(row.kind)): _from_json(row.words) for row in rows}


def list_wordings(session: Session, round_: Round) -> list[OwnWording]:
    """Every letter there is, with the words it has in this round."""
    rows = {
        (row.audience, row.kind): row
        for row in session.scalars(select(NoticeWording).where(NoticeWording.round_id == round_.id))
    }
    return [_own(name, rows.get((name[0].value, name[1].value))) for name in STANDARD]


def find_wording(session: Session, round_: Round, audience: str, kind: str) -> OwnWording:
    """The words of one letter.

    Raises
    ------
    NotFound
        There is no such letter.
    """
    for own in list_wordings(session, round_):
        if (own.audience, own.kind) == (audience, kind):
            return own
    raise NotFound(Text("没有这种通知。", "There is no such letter."))


def change_wording(
    session: Session,
    round_: Round,
    own: OwnWording,
    wording: Wording | None,
    now: datetime,
    account_id: int,
) -> None:
    """Put other words in the place of those that `own` showed, or with None the standard ones.

    Letters that were written before keep their words; the caller commits.

    Raises
    ------
    InvalidInput
        The words could not be sent: the text names the field.
    Conflict
        Somebody else changed them meanwhile.
    """
    if wording is not None:
        check_wording(wording)
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())
    row = session.scalar(
        select(NoticeWording).where(
            NoticeWording.round_id == round_.id,
            NoticeWording.audience == own.audience,
            NoticeWording.kind == own.kind,
        )
    )
    if (row.version if row else 0) != own.version:
        raise Conflict(
            Text(
                "保存前已有他人改动了这份通知的文字，请重新打开后再改。",
                "Somebody else changed this letter meanwhile; open it again before you change it.",
            )
        )
    if wording is None:
        if row is None:
            return
        session.delete(row)
    elif row is None:
        session.add(
            NoticeWording(
                round_id=round_.id,
                audience=own.audience,
                kind=own.kind,
                words=_to_json(wording),
                account_id=account_id,
                changed_at=now,
            )
        )
    else:
        row.words, row.version = _to_json(wording), row.version + 1
        row.account_id, row.changed_at = account_id, now
    detail = {"letter": f"{own.audience}.{own.kind}", "standard": wording is None}
    record_audit(session, "wording.changed", f"round:{round_.id}", detail, account_id)


def render_sample(
    round_: Round, audience: Audience, kind: NoticeKind, wording: Wording, slot: Period, now: datetime
) -> RenderedNotice:
    """The letter to an invented person, as it would be sent with these words."""
    rules, cancelled = round_.rules, kind is NoticeKind.CANCEL
    shared: dict[str, Any] = {
        "round_name": rules.name,
        "name": "张示例",
        "panel": "示例组",
        "slot": slot,
        "written_at": now,
        "link": "" if cancelled else _SAMPLE_LINK,
        "telephones": rules.telephones,
        "support_telephones": rules.support_telephones,
    }
    person: dict[str, Any] = {
        "series": rules.series[0].name,
        "specialty": rules.series[0].specialties[0],
        "level": LEVEL_TEXT[Level.SENIOR],
    }
    if kind is NoticeKind.RESULT:
        conclusion = CONCLUSION_TEXT[Conclusion.PASSED]
        return render_result_notice(ResultNotice(**shared, **person, conclusion=conclusion), wording)
    previous = Period(slot.start_at - timedelta(days=1), slot.end_at - timedelta(days=1))
    shared |= {"kind": kind, "previous": previous if kind is NoticeKind.CHANGE else None}
    if audience is not Audience.CANDIDATE:
        return render_panel_notice(PanelNotice(**shared, audience=audience, candidate_count=8), wording)
    check_in_at = slot.start_at - timedelta(minutes=rules.defence.check_in_min)
    place = None if cancelled else 3
    return render_candidate_notice(
        CandidateNotice(**shared, **person, check_in_at=check_in_at, place=place), wording
    )


def _own(name: LetterName, row: NoticeWording | None) -> OwnWording:
    wording = _from_json(row.words) if row else STANDARD[name]
    return OwnWording(*name, wording, row.version if row else 0, row.changed_at if row else None)


def _to_json(wording: Wording) -> dict[str, Any]:
    return {
        "title": wording.title.to_json(),
        "intro": wording.intro.to_json(),
        "remarks": [remark.to_json() for remark in wording.remarks],
    }


def _from_json(data: Mapping[str, Any]) -> Wording:
    return Wording(
        Text.from_json(data["title"]),
        Text.from_json(data["intro"]),
        tuple(Text.from_json(remark) for remark in data["remarks"]),
    )
