"""会议记录: the minutes of a sitting as lines of text, with what vouches for them.

What may be told is decided where the minutes of the page are made (`services.minutes`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.document_kinds import DocumentRefused
from defense.domain.lifecycle import STATE_TEXT, DefenceState, Move
from defense.domain.result import OUTCOME_TEXT, Outcome
from defense.domain.text import Text
from defense.domain.zone import BEIJING
from defense.models import Sitting
from defense.services.documents.parts import applies_for, day_words, moment_words, time_words
from defense.services.documents.sitting import heading
from defense.services.documents.votes import OFFICE, reasons_words, tally_words
from defense.services.room.minutes import ChainHead, Minutes, SealMinutes, minutes_of
from defense.services.room.minutes_parts import (
    Break,
    CandidateDetail,
    CandidateMinutes,
    Pause,
    Recused,
    Request,
    VotingRound,
)
from defense.services.room.reopening import CAUSE_TEXT, KIND_TEXT, Cause, ReopeningKind
from defense.services.wording import EFFECT_TEXT

_INCIDENT_TEXT = {
    Move.POSTPONE: "延期",
    Move.MARK_ABSENT: "缺席",
    Move.WAIVE: "放弃答辩",
    Move.CANCEL: "取消",
}
_ATTENDANCE = {None: "—", True: "到场", False: "未到场"}


def minutes_content(session: Session, sitting: Sitting) -> dict[str, Any]:
    """The minutes as they stand.

    Raises
    ------
    DocumentRefused
        A ballot is open: what would be printed is about to change.
    """
    minutes = minutes_of(session, OFFICE, sitting)
    if minutes.voting:
        raise DocumentRefused(
            Text(
                "本场有表决正在进行，会议记录请在该轮表决结束后生成。",
                "A ballot of this sitting is open; the minutes can be written once it is closed.",
            )
        )
    return heading(session, sitting, "视频答辩会议记录") | {
        "members": [
            {
                "name": member.name,
                "unit": member.unit,
                "duty": "组长" if member.is_head else "专家",
                "attendance": _ATTENDANCE[member.present],
            }
            for member in minutes.members
        ],
        "candidates": [_candidate(c, c.detail) for c in minutes.candidates if c.detail],
        "incidents": _incidents(minutes),
        "waiting": [f"{c.number} {c.name}（{_state(c)}）" for c in minutes.waiting],
        "audit_head": _head(minutes.head),
        "check": minutes.check if minutes.head else "",
        "seal": _seal(minutes.seal),
    }


def _candidate(candidate: CandidateMinutes, detail: CandidateDetail) -> dict[str, Any]:
    return {
        "order": _number(candidate.number),
        "name": candidate.name,
        "applies_for": applies_for(detail.series, detail.specialty, detail.level),
        "expected": f"{time_words(detail.start_at)}–{time_words(detail.end_at)}",
        "attempt": detail.attempt,
        "course": [f"{time_words(phase.at)} {phase.text.zh}" for phase in detail.phases],
        "heard_again": request_words(detail.heard_again_by) if detail.heard_again_by else "",
        "recused": [_recused_words(member) for member in detail.recused],
        "breaks": [break_words(pause) for pause in detail.breaks],
        "pauses": [_pause_words(pause) for pause in detail.pauses],
        "votes": [_vote(vote) for vote in detail.rounds],
        "requests": [request_words(request) for request in detail.requests],
        "outcome": OUTCOME_TEXT[Outcome(candidate.outcome)].zh if candidate.outcome else _state(candidate),
        "effect": EFFECT_TEXT[detail.effect].zh if candidate.outcome else "",
    }


def _vote(vote: VotingRound) -> dict[str, Any]:
    times = [f"{time_words(vote.opened_at)} 开始"]
    times += [f"{time_words(vote.closed_at)} 结束"] if vote.closed_at else []
    turnout = f"成员{vote.seats}人，应到{vote.entitled}人，到场{vote.present}人"
    return {
        "number": vote.number,
        "rule": vote.rule.zh,
        "ballots": "；".join(["无记名投票" if vote.secret else "记名投票", *times]),
        "turnout": turnout + (f"，投票{vote.cast}张" if vote.cast is not None else ""),
        "result": _result_words(vote),
        "reasons": reasons_words(vote.veto_reasons),
        "remarks": list(vote.remarks),
    }


def _result_words(vote: VotingRound) -> str:
    if vote.status == "decided" and vote.result:
        outcome = OUTCOME_TEXT[Outcome(vote.result["verdict"])].zh
        replaced = "；经批准重新表决，本轮不再计" if vote.replaced else ""
        return f"{outcome}；{tally_words(vote.result)}{replaced}"
    why = f"：{vote.why.zh}" if vote.why else ""
    return f"{'表决中止，不计' if vote.status == 'broken_off' else '表决无效'}{why}"


def _recused_words(member: Recused) -> str:
    reason = member.reason if isinstance(member.reason, str) else member.reason.zh
    declared = f"；{time_words(member.at)} 提出" if member.at else ""
    return f"{member.name}：{reason}{declared}"


def break_words(pause: Break) -> str:
    """10:07–10:09：线路中断；恢复答辩."""
    end = time_words(pause.end_at) if pause.end_at else "（未结束）"
    decision = pause.decision.zh if pause.decision else "尚未决定"
    reason = f"：{pause.decision_reason}" if pause.decision_reason else ""
    return f"{time_words(pause.start_at)}–{end}：{pause.reason}；{decision}{reason}"


def _pause_words(pause: Pause) -> str:
    end = time_words(pause.end_at) if pause.end_at else ""
    return f"{time_words(pause.start_at)}–{end}（{STATE_TEXT[DefenceState(pause.phase)].zh}）"


def request_words(request: Request) -> str:
    """What was asked by whom, why, and what was decided."""
    asked = (
        f"{KIND_TEXT[ReopeningKind(request.kind)].zh}（{CAUSE_TEXT[Cause(request.cause)].zh}）："
        f"{request.reason}；{request.asked_by} {_day_time(request.asked_at)} 申请；"
    )
    if request.granted is None or request.decided_at is None:
        return f"{asked}尚未决定"
    decided = "批准" if request.granted else "不批准"
    reason = f"：{request.decision_reason}" if request.decision_reason else ""
    return f"{asked}{request.decided_by} {_day_time(request.decided_at)} {decided}{reason}"


def _incidents(minutes: Minutes) -> list[dict[str, str]]:
    return [
        {
            "order": _number(incident.number),
            "name": incident.name,
            "decided": _INCIDENT_TEXT[incident.move],
            "when": time_words(incident.at),
            "recorded_by": incident.recorded_by or "—",
            "reason": incident.reason or "",
        }
        for incident in minutes.incidents
    ]


def _head(head: ChainHead | None) -> dict[str, Any]:
    return {
        "recorded": head is not None,
        "chain": head.chain if head else "",
        "seq": head.seq if head else 0,
        "digest": _by_fours(head.digest) if head else "",
    }


def _seal(seal: SealMinutes | None) -> dict[str, Any]:
    entry = seal.entry if seal else None
    return {
        "sealed": seal is not None,
        "by": seal.sealed_by if seal else "",
        "at": moment_words(seal.sealed_at) if seal else "",
        "signature": _by_fours(seal.signature) if seal else "",
        "public_key": _by_fours(seal.public_key) if seal else "",
        "entry": f"链 {entry.chain} 第 {entry.seq} 条" if entry else "",
        "entry_digest": _by_fours(entry.digest) if entry else "",
    }


def _state(candidate: CandidateMinutes) -> str:
    return STATE_TEXT[DefenceState(candidate.state)].zh


def _number(number: int | None) -> str:
    return str(number) if number is not None else "—"


def _day_time(at: datetime) -> str:
    """A request may be made on another day than the sitting's."""
    return f"{day_words(at.astimezone(BEIJING).date())} {time_words(at)}"


def _by_fours(digits: str) -> str:
    """In groups, so that two people can compare them aloud."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
