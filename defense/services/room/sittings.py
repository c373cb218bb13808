"""The day of a sitting: who may do what in it, and the moves of its defences."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from defense.domain.errors import Forbidden, IllegalState, InvalidInput, NotFound
from defense.domain.lifecycle import LIVE_STATES, TIMED_STATES, DefenceState, Move, next_state
from defense.domain.result import Outcome
from defense.domain.text import Text
from defense.models import AuditEntry, Defence, Sitting, SittingMember
from defense.models.types import MAX_ROW_ID, utc_now
from defense.services.access import Principal, Role
from defense.services.audit import record_audit, sitting_chain
from defense.services.room.seals import require_unsealed
from defense.services.room.sitting_clock import elapsed_ms, go_on, start_clock, stop_clock
from defense.services.upstream.telling import tell_result

OUTCOME_OF_MOVE = {
    Move.MARK_ABSENT: Outcome.ABSENT,
    Move.WAIVE: Outcome.WAIVED,
    Move.CANCEL: Outcome.CANCELLED,
}
CONDUCT_MOVES = (
    Move.CHECK_IN,
    Move.CALL_IN,
    Move.BEGIN_QUESTIONS,
    Move.BEGIN_DISCUSSION,
    Move.STEP_BACK,
    Move.INTERRUPT,
    Move.RESUME,
    Move.POSTPONE,
    *OUTCOME_OF_MOVE,
)
REASONED_MOVES = frozenset({Move.INTERRUPT, Move.POSTPONE, *OUTCOME_OF_MOVE})
"""domain.md "The day": what was decided about a break or an absence is recorded with its reason."""
BREAK_DECISION = {
    Move.RESUME: "go_on",
    Move.POSTPONE: "other_time",
    Move.WAIVE: "give_up",
    Move.MARK_ABSENT: "absent",
    Move.CANCEL: "cancelled",
}
"""domain.md "The day", a dropped line: go on, other time, give up."""
LEFT_BY = {
    DefenceState.PRESENTING: Move.BEGIN_QUESTIONS,
    DefenceState.QUESTIONING: Move.BEGIN_DISCUSSION,
}
"""The move that ends a phase to which a step back can lead."""
MAX_REASON_LENGTH = 200


def require_watcher(session: Session, principal: Principal, sitting_id: int) -> Sitting:
    """The sitting, for somebody with a place in its room.

    Raises
    ------
    NotFound
        There is no such sitting, or this person has no place in it: which of the two is not told.
    """
    sitting = session.get(Sitting, sitting_id) if abs(sitting_id) <= MAX_ROW_ID else None
    if sitting is None or sitting.cancelled or not may_watch(session, principal, sitting):
        raise NotFound(
            Text("没有这场答辩，或您不在该答辩组。", "No such sitting, or you are not part of it.")
        )
    return sitting


def may_watch(session: Session, principal: Principal, sitting: Sitting) -> bool:
    """Staff and supervisors watch every sitting, a secretary their panel's, an expert their own."""
    if principal.role is Role.EXPERT:
        seat = exists().where(
            SittingMember.sitting_id == sitting.id, SittingMember.expert_id == principal.expert_id
        )
        return bool(session.scalar(select(seat)))
    return principal.role is Role.SUPERVISOR or may_conduct(principal, sitting)


def may_conduct(principal: Principal, sitting: Sitting) -> bool:
    """The panel's secretary conducts; staff stand in."""
    own_panel = principal.role is Role.SECRETARY and sitting.panel.secretary_id == principal.account_id
    return own_panel or principal.role is Role.STAFF


def heard_in_order(sitting: Sitting) -> list[Defence]:
    """The defences of a sitting as they are heard; who was taken out of the timetable is not among them."""
    return [d for d in sitting.defences if d.state != DefenceState.REMOVED]


def find_defence(session: Session, defence_id: int) -> Defence:
    """The defence of that number.

    Raises
    ------
    NotFound
        There is none.
    """
    defence = session.get(Defence, defence_id) if abs(defence_id) <= MAX_ROW_ID else None
    if defence is None:
        raise NotFound(Text("没有这场答辩。", "There is no such defence."))
    return defence


def lock_sitting(session: Session, sitting: Sitting) -> None:
    """Read a sitting anew and keep it from everybody else until the caller's commit.

    Whatever changes a sitting's day does this before anything else: a secretary and a stand-in may click at
    the same moment, and members vote meanwhile.
    """
    session.refresh(sitting, with_for_update=True)


def conducted_sitting(
    session: Session, principal: Principal, sitting_id: int, even_sealed: bool = False
) -> Sitting:
    """The sitting, locked, for somebody who conducts it.

    Raises
    ------
    NotFound, Forbidden, IllegalState
        No such sitting for this person; not theirs to conduct; sealed.
    """
    sitting = require_watcher(session, principal, sitting_id)
    if not may_conduct(principal, sitting):
        raise Forbidden(Text("只有本组秘书可以操作。", "Only the secretary of this panel may do that."))
    lock_sitting(session, sitting)
    if not even_sealed:
        require_unsealed(session, sitting.id)
    return sitting


def conducted_defence(
    session: Session, principal: Principal, defence_id: int, even_sealed: bool = False
) -> Defence:
    """A defence as it stands once its sitting is locked; raises as `conducted_sitting` does."""
    defence = find_defence(session, defence_id)
    conducted_sitting(session, principal, defence.sitting_id, even_sealed)
    session.refresh(defence)
    return defence


def move_defence(
    session: Session, principal: Principal, defence_id: int, move: Move, reason: str = ""
) -> Defence:
    """Carry out one of `CONDUCT_MOVES` on a defence.

    Parameters
    ----------
    reason : why, in the secretary's words; needed for `REASONED_MOVES` and kept in the audit log.

    Raises
    ------
    InvalidInput
        The reason is missing or too long.
    NotFound, Forbidden, IllegalState
        No such defence, not this person's to conduct, or not possible from its present state.
    """
    defence = conducted_defence(session, principal, defence_id)
    reason = require_reason(reason, move in REASONED_MOVES)
    if move in (Move.CALL_IN, Move.RESUME):
        require_room_free(session, defence)
    ended = _what_ends(session, defence, move)
    apply_move(defence, move)
    if move is Move.STEP_BACK:
        _give_time_back(session, defence)
    if outcome := OUTCOME_OF_MOVE.get(move):
        defence.outcome, defence.decided_at = outcome, utc_now()
    record_day(
        session,
        principal,
        f"defence.{move}",
        defence,
        {"application": defence.application_id, "state": defence.state, "reason": reason} | ended,
    )
    if outcome:
        tell_result(session, defence.application)
    return defence


def apply_move(defence: Defence, move: Move) -> None:
    """Change the state by the table of moves, and the clock with it."""
    before = DefenceState(defence.state)
    interrupted = DefenceState(defence.interrupted_state) if defence.interrupted_state else None
    defence.state = next_state(before, move, interrupted)
    defence.interrupted_state = before if move is Move.INTERRUPT else None
    if move is Move.RESUME:
        go_on(defence)
    elif defence.state in TIMED_STATES:
        start_clock(defence)
    else:
        stop_clock(defence)
    defence.sitting.seq += 1


def require_room_free(session: Session, defence: Defence) -> None:
    """Refuse to hear somebody while another candidate of the sitting is being heard or voted on."""
    busy = session.scalar(
        select(Defence.id).where(
            Defence.sitting_id == defence.sitting_id,
            Defence.id != defence.id,
            Defence.state.in_(LIVE_STATES),
        )
    )
    if busy is not None:
        raise IllegalState(
            Text(
                "另一位答辩人尚未结束，请先完成其表决。",
                "Another candidate is not finished; close that vote first.",
            )
        )


def require_reason(reason: str, needed: bool = True, max_length: int = MAX_REASON_LENGTH) -> str:
    """The reason without blanks around it.

    Raises
    ------
    InvalidInput
        It is needed and missing, or too long.
    """
    reason = reason.strip()
    if (needed and not reason) or len(reason) > max_length:
        raise InvalidInput(
            Text(
                f"请填写原因（不超过 {max_length} 字）。",
                f"Give the reason, in at most {max_length} characters.",
            )
        )
    return reason


def record_day(
    session: Session, principal: Principal, action: str, defence: Defence, detail: dict[str, Any]
) -> None:
    """Enter something of a sitting's day into its chain."""
    chain = sitting_chain(defence.sitting_id)
    record_audit(session, action, f"defence:{defence.id}", detail, principal.account_id, chain)


def _what_ends(session: Session, defence: Defence, move: Move) -> dict[str, Any]:
    """What the log keeps of the phase or the break that a move ends.

    Source: domain.md "The day": start and end of a break, and what was decided.
    """
    if defence.state in TIMED_STATES:
        return {"phase_ms": elapsed_ms(defence)}
    if defence.state != DefenceState.INTERRUPTED:
        return {}
    broke_off = _newest_entry(session, defence, Move.INTERRUPT)
    ended = {"break_decision": BREAK_DECISION[move]} if move in BREAK_DECISION else {}
    return ended | {"interrupted_at": broke_off.at.isoformat()} if broke_off else ended


def _give_time_back(session: Session, defence: Defence) -> None:
    """After a mis-click the clock goes on from where the phase was left."""
    left_by = LEFT_BY.get(DefenceState(defence.state))
    left = _newest_entry(session, defence, left_by) if left_by else None
    defence.clock_elapsed_ms = left.detail["phase_ms"] if left else 0


def _newest_entry(session: Session, defence: Defence, move: Move) -> AuditEntry | None:
    return session.scalar(
        select(AuditEntry)
        .where(
            AuditEntry.chain == sitting_chain(defence.sitting_id),
            AuditEntry.subject == f"defence:{defence.id}",
            AuditEntry.action == f"defence.{move}",
        )
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    )
