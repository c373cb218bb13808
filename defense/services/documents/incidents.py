"""异常情况登记表: what went otherwise than planned, from the logs of the sittings and the tables.

Absences, withdrawals, cancellations, postponements, interruptions; votes that were broken off or decided
nothing; requests to vote or to hear again; recusals. Nothing of a single ballot, nothing of an open one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.clocks import both_clocks, day_with_weekday
from defense.domain.lifecycle import Move
from defense.models import (
    Application,
    AuditEntry,
    DeclaredRecusal,
    Defence,
    Panel,
    Reopening,
    Round,
    Sitting,
)
from defense.services.attempts import binding_attempt
from defense.services.audit import sitting_chain
from defense.services.documents.parts import common, time_words
from defense.services.room.minutes_candidate import DECISION_TEXT, account_name, expert_name
from defense.services.room.reopening import CAUSE_TEXT, KIND_TEXT, Cause, ReopeningKind
from voting.rules import Verdict

_KIND_OF_MOVE = {
    Move.MARK_ABSENT: "缺席",
    Move.WAIVE: "放弃答辩",
    Move.CANCEL: "取消",
    Move.POSTPONE: "延期",
    Move.INTERRUPT: "中断",
}
_INTERRUPTED = f"defence.{Move.INTERRUPT}"
_MOVES = {f"defence.{move}": kind for move, kind in _KIND_OF_MOVE.items()}


@dataclass(frozen=True)
class _Incident:
    kind: str
    at: datetime
    application: Application
    panel: str
    reason: str
    handling: str
    recorded_by: str


def incidents_content(session: Session, round_: Round) -> dict[str, Any]:
    """The incidents of a round in the order in which they happened; with none, a register that says so."""
    defences = _defences(session, round_)
    found = [
        *_moves(session, round_, defences),
        *_votes(session, defences.values()),
        *_requests(defences.values()),
        *_recusals(session, round_),
    ]
    found.sort(key=lambda incident: incident.at)
    heading = common(round_, "视频答辩异常情况登记表")
    return heading | {
        "as_of": heading["made_at"],
        "total": len(found),
        "counts": [{"kind": k, "count": n} for k, n in Counter(i.kind for i in found).items()],
        "rows": [_row(order, incident) for order, incident in enumerate(found, 1)],
    }


def _defences(session: Session, round_: Round) -> dict[int, Defence]:
    rows = session.scalars(
        select(Defence)
        .join(Application)
        .where(Application.round_id == round_.id)
        .options(
            selectinload(Defence.application),
            selectinload(Defence.sitting).selectinload(Sitting.panel),
            selectinload(Defence.ballot_rounds),
            selectinload(Defence.reopenings).selectinload(Reopening.asked_by),
            selectinload(Defence.reopenings).selectinload(Reopening.decided_by),
        )
    )
    return {defence.id: defence for defence in rows}


def _moves(session: Session, round_: Round, defences: dict[int, Defence]) -> Iterator[_Incident]:
    """Of the sittings' logs: who did not come, who left, what broke off and how it went on."""
    sittings = session.execute(
        select(Sitting.id, Panel.name).join(Panel).where(Sitting.round_id == round_.id)
    ).all()
    panels = {sitting_chain(id_): name for id_, name in sittings}
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.chain.in_(panels), AuditEntry.action.startswith("defence."))
        .order_by(AuditEntry.chain, AuditEntry.seq)
    ).all()
    ended = _ends(entries)
    for entry in entries:
        defence = defences.get(int(entry.subject.removeprefix("defence:")))
        if entry.action in _MOVES and defence is not None:
            yield _Incident(
                _MOVES[entry.action],
                entry.at,
                defence.application,
                panels[entry.chain],
                entry.detail.get("reason", ""),
                _handling(ended.get((entry.chain, entry.seq))) if entry.action == _INTERRUPTED else "",
                account_name(session, entry.account_id) or "",
            )


def _ends(entries: Sequence[AuditEntry]) -> dict[tuple[str, int], AuditEntry]:
    """Interruption → the entry that ended it; the entries of a chain are in order."""
    open_ = dict[tuple[str, str], tuple[str, int]]()
    ended = {}
    for entry in entries:
        key = (entry.chain, entry.subject)
        if key in open_ and "break_decision" in entry.detail:
            ended[open_.pop(key)] = entry
        if entry.action == _INTERRUPTED:
            open_[key] = (entry.chain, entry.seq)
    return ended


def _handling(end: AuditEntry | None) -> str:
    if end is None:
        return "尚未决定"
    reason = f"：{end.detail['reason']}" if end.detail.get("reason") else ""
    return f"{time_words(end.at)} {DECISION_TEXT[end.detail['break_decision']].zh}{reason}"


def _votes(session: Session, defences: Iterable[Defence]) -> Iterator[_Incident]:
    """Closed rounds of voting that decided nothing; of why no more than turnout and rule tell."""
    for defence in defences:
        for ballot_round in defence.ballot_rounds:
            closed_at, tally = ballot_round.closed_at, ballot_round.tally or {}
            if closed_at is None or tally.get("verdict") != Verdict.INVALID:
                continue
            broken_off = ballot_round.void_reason is not None
            yield _Incident(
                "表决中止" if broken_off else "表决无效",
                closed_at,
                defence.application,
                defence.sitting.panel.name,
                ballot_round.void_reason or "依表决规则未形成有效结果",
                f"第{ballot_round.number}轮表决不计",
                account_name(session, ballot_round.closed_by_id) or "",
            )


def _requests(defences: Iterable[Defence]) -> Iterator[_Incident]:
    for defence in defences:
        for request in defence.reopenings:
            decided = (
                f"{request.decided_by.display_name}{'批准' if request.granted else '不批准'}"
                if request.decided_by
                else "尚未决定"
            )
            yield _Incident(
                KIND_TEXT[ReopeningKind(request.kind)].zh,
                request.asked_at,
                defence.application,
                defence.sitting.panel.name,
                f"{CAUSE_TEXT[Cause(request.cause)].zh}：{request.reason}",
                decided,
                request.asked_by.display_name,
            )


def _recusals(session: Session, round_: Round) -> Iterator[_Incident]:
    """Declared ones, beforehand or on the day; those of the same unit follow from the lists alone."""
    declared = session.scalars(
        select(DeclaredRecusal)
        .join(Application)
        .where(Application.round_id == round_.id)
        .options(selectinload(DeclaredRecusal.application))
    )
    for recusal in declared:
        defence = binding_attempt(recusal.application)
        yield _Incident(
            "回避",
            recusal.declared_at,
            recusal.application,
            defence.sitting.panel.name if defence else "",
            recusal.reason,
            f"{expert_name(session, recusal.expert_id)}不参加该答辩人的评议和表决",
            account_name(session, recusal.account_id) or "",
        )


def _row(order: int, incident: _Incident) -> dict[str, Any]:
    return {
        "order": order,
        "kind": incident.kind,
        "panel": incident.panel,
        "day": day_with_weekday(incident.at).zh,
        "clocks": both_clocks(incident.at).zh,
        "number": incident.application.number,
        "name": incident.application.name,
        "reason": incident.reason,
        "handling": incident.handling,
        "recorded_by": incident.recorded_by,
    }
