"""The states of a defence on its day, and which move leads where."""

from __future__ import annotations

from enum import StrEnum

from defense.domain.errors import IllegalState
from defense.domain.text import Text


class DefenceState(StrEnum):
    """Where a defence stands."""

    WAITING = "waiting"
    CHECKED_IN = "checked_in"
    PRESENTING = "presenting"
    QUESTIONING = "questioning"
    DISCUSSING = "discussing"
    VOTING = "voting"
    CLOSED = "closed"
    SEALED = "sealed"
    POSTPONED = "postponed"
    ABSENT = "absent"
    WAIVED = "waived"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    REMOVED = "removed"


class Move(StrEnum):
    """What somebody does to a defence."""

    CHECK_IN = "check_in"
    CALL_IN = "call_in"
    BEGIN_QUESTIONS = "begin_questions"
    BEGIN_DISCUSSION = "begin_discussion"
    STEP_BACK = "step_back"
    OPEN_BALLOT = "open_ballot"
    CLOSE_BALLOT = "close_ballot"
    VOID_BALLOT = "void_ballot"
    INTERRUPT = "interrupt"
    RESUME = "resume"
    POSTPONE = "postpone"
    MARK_ABSENT = "mark_absent"
    WAIVE = "waive"
    CANCEL = "cancel"
    REMOVE = "remove"
    SEAT = "seat"
    REOPEN = "reopen"
    SEAL = "seal"


STATE_TEXT = {
    DefenceState.WAITING: Text("候场", "waiting"),
    DefenceState.CHECKED_IN: Text("已签到", "checked in"),
    DefenceState.PRESENTING: Text("陈述", "statement"),
    DefenceState.QUESTIONING: Text("提问", "questions"),
    DefenceState.DISCUSSING: Text("评议", "discussion"),
    DefenceState.VOTING: Text("表决", "voting"),
    DefenceState.CLOSED: Text("已表决", "decided"),
    DefenceState.SEALED: Text("已封存", "sealed"),
    DefenceState.POSTPONED: Text("延期", "postponed"),
    DefenceState.ABSENT: Text("缺席", "absent"),
    DefenceState.WAIVED: Text("放弃答辩", "withdrawn by the candidate"),
    DefenceState.INTERRUPTED: Text("中断", "interrupted"),
    DefenceState.CANCELLED: Text("取消", "cancelled"),
    DefenceState.REMOVED: Text("已撤出安排", "taken out of the timetable"),
}

MOVE_TEXT = {
    Move.CHECK_IN: Text("签到", "check in"),
    Move.CALL_IN: Text("请入答辩", "call in"),
    Move.BEGIN_QUESTIONS: Text("开始提问", "begin questions"),
    Move.BEGIN_DISCUSSION: Text("答辩人离场，开始评议", "candidate leaves, begin discussion"),
    Move.STEP_BACK: Text("退回上一环节", "one step back"),
    Move.OPEN_BALLOT: Text("开始表决", "open the ballot"),
    Move.CLOSE_BALLOT: Text("结束表决", "close the ballot"),
    Move.VOID_BALLOT: Text("表决无效，重新表决", "invalid ballot, vote again"),
    Move.INTERRUPT: Text("登记中断", "record an interruption"),
    Move.RESUME: Text("恢复答辩", "resume"),
    Move.POSTPONE: Text("延期，另行安排", "postpone"),
    Move.MARK_ABSENT: Text("登记缺席", "record as absent"),
    Move.WAIVE: Text("登记放弃", "record a withdrawal"),
    Move.CANCEL: Text("取消答辩", "cancel the defence"),
    Move.REMOVE: Text("撤出安排", "take out of the timetable"),
    Move.SEAT: Text("安排", "seat"),
    Move.REOPEN: Text("批准重新表决", "vote again as approved"),
    Move.SEAL: Text("封存", "seal"),
}

_S = DefenceState
TRANSITIONS: dict[Move, dict[DefenceState, DefenceState]] = {
    Move.CHECK_IN: {_S.WAITING: _S.CHECKED_IN},
    Move.CALL_IN: {_S.CHECKED_IN: _S.PRESENTING},
    Move.BEGIN_QUESTIONS: {_S.PRESENTING: _S.QUESTIONING},
    Move.BEGIN_DISCUSSION: {_S.QUESTIONING: _S.DISCUSSING},
    Move.STEP_BACK: {
        _S.CHECKED_IN: _S.WAITING,
        _S.PRESENTING: _S.CHECKED_IN,
        _S.QUESTIONING: _S.PRESENTING,
        _S.DISCUSSING: _S.QUESTIONING,
    },
    Move.OPEN_BALLOT: {_S.DISCUSSING: _S.VOTING},
    Move.CLOSE_BALLOT: {_S.VOTING: _S.CLOSED},
    Move.VOID_BALLOT: {_S.VOTING: _S.DISCUSSING},
    Move.INTERRUPT: dict.fromkeys((_S.PRESENTING, _S.QUESTIONING, _S.DISCUSSING), _S.INTERRUPTED),
    # Leads back to where it was interrupted; this is for one that was before there were phases.
    Move.RESUME: {_S.INTERRUPTED: _S.PRESENTING},
    Move.POSTPONE: dict.fromkeys(
        (_S.WAITING, _S.CHECKED_IN, _S.PRESENTING, _S.QUESTIONING, _S.INTERRUPTED), _S.POSTPONED
    ),
    Move.MARK_ABSENT: dict.fromkeys((_S.WAITING, _S.CHECKED_IN, _S.INTERRUPTED), _S.ABSENT),
    Move.WAIVE: dict.fromkeys(
        (_S.WAITING, _S.CHECKED_IN, _S.PRESENTING, _S.QUESTIONING, _S.INTERRUPTED), _S.WAIVED
    ),
    Move.CANCEL: dict.fromkeys((_S.WAITING, _S.CHECKED_IN, _S.INTERRUPTED), _S.CANCELLED),
    Move.REMOVE: {_S.WAITING: _S.REMOVED},
    Move.SEAT: {_S.REMOVED: _S.WAITING, _S.POSTPONED: _S.WAITING},
    Move.REOPEN: {_S.CLOSED: _S.DISCUSSING},
    Move.SEAL: {_S.CLOSED: _S.SEALED},
}

FINAL_STATES = frozenset({_S.CLOSED, _S.SEALED, _S.ABSENT, _S.WAIVED, _S.CANCELLED})
"""Decided: no schedule and no click changes these; a re-vote or a second defence takes two people."""
LIVE_STATES = frozenset({_S.PRESENTING, _S.QUESTIONING, _S.DISCUSSING, _S.VOTING})
"""The panel is busy with this candidate; a sitting has at most one."""
TIMED_STATES = frozenset({_S.PRESENTING, _S.QUESTIONING, _S.DISCUSSING})
"""A clock runs; these can be interrupted."""
UNSEATED_STATES = frozenset({_S.REMOVED, _S.POSTPONED})
"""Without a place: the old one binds nobody, and the next plan seats the candidate again."""
NOT_BEGUN_STATES = frozenset({_S.WAITING}) | UNSEATED_STATES
"""A plan may still move these; whoever has checked in stays where they are."""


def next_state(
    state: DefenceState, move: Move, interrupted_state: DefenceState | None = None
) -> DefenceState:
    """The state after a move.

    Parameters
    ----------
    interrupted_state : where an interrupted defence goes on when it is resumed.

    Raises
    ------
    IllegalState
        The move does not start from this state.
    """
    target = TRANSITIONS[move].get(state)
    if target is None:
        raise IllegalState(
            Text(
                "当前状态为“{state}”，不能“{move}”。请刷新页面查看最新状态。",
                "The defence is “{state}”, so “{move}” is not possible. Reload to see how it stands.",
            ).format(state=STATE_TEXT[state], move=MOVE_TEXT[move])
        )
    if move is Move.RESUME and interrupted_state in TIMED_STATES:
        return interrupted_state
    return target


def legal_moves(state: DefenceState) -> tuple[Move, ...]:
    """The moves that start from a state, in the order of the day."""
    return tuple(move for move, starts in TRANSITIONS.items() if state in starts)
