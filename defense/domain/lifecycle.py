"""The states of a defence on its day, and which move leads where."""

from __future__ import annotations

from enum import StrEnum

from defense.domain.errors import IllegalState
from defense.domain.text import Text


class DefenceState(StrEnum):
    """Where a defence stands."""

    WAITING = "waiting"
    HEARING = "hearing"
    VOTING = "voting"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"
    ABSENT = "absent"
    WAIVED = "waived"
    CANCELLED = "cancelled"
    REMOVED = "removed"


class Move(StrEnum):
    """What somebody does to a defence."""

    CALL_IN = "call_in"
    OPEN_BALLOT = "open_ballot"
    CLOSE_BALLOT = "close_ballot"
    VOID_BALLOT = "void_ballot"
    INTERRUPT = "interrupt"
    RESUME = "resume"
    MARK_ABSENT = "mark_absent"
    WAIVE = "waive"
    CANCEL = "cancel"
    REMOVE = "remove"
    SEAT = "seat"


STATE_TEXT = {
    DefenceState.WAITING: Text("候场", "waiting"),
    DefenceState.HEARING: Text("答辩中", "being heard"),
    DefenceState.VOTING: Text("表决中", "voting"),
    DefenceState.CLOSED: Text("已表决", "decided"),
    DefenceState.INTERRUPTED: Text("中断", "interrupted"),
    DefenceState.ABSENT: Text("缺席", "absent"),
    DefenceState.WAIVED: Text("放弃答辩", "withdrawn by the candidate"),
    DefenceState.CANCELLED: Text("取消", "cancelled"),
    DefenceState.REMOVED: Text("已撤出安排", "taken out of the timetable"),
}

MOVE_TEXT = {
    Move.CALL_IN: Text("请入答辩", "call in"),
    Move.OPEN_BALLOT: Text("开始表决", "open the ballot"),
    Move.CLOSE_BALLOT: Text("结束表决", "close the ballot"),
    Move.VOID_BALLOT: Text("表决无效，重新表决", "invalid ballot, vote again"),
    Move.INTERRUPT: Text("登记中断", "record an interruption"),
    Move.RESUME: Text("恢复答辩", "resume"),
    Move.MARK_ABSENT: Text("登记缺席", "record as absent"),
    Move.WAIVE: Text("登记放弃", "record a withdrawal"),
    Move.CANCEL: Text("取消答辩", "cancel the defence"),
    Move.REMOVE: Text("撤出安排", "take out of the timetable"),
    Move.SEAT: Text("安排", "seat"),
}

_S = DefenceState
TRANSITIONS: dict[Move, dict[DefenceState, DefenceState]] = {
    Move.CALL_IN: {_S.WAITING: _S.HEARING},
    Move.OPEN_BALLOT: {_S.HEARING: _S.VOTING},
    Move.CLOSE_BALLOT: {_S.VOTING: _S.CLOSED},
    Move.VOID_BALLOT: {_S.VOTING: _S.HEARING},
    Move.INTERRUPT: {_S.HEARING: _S.INTERRUPTED},
    Move.RESUME: {_S.INTERRUPTED: _S.HEARING},
    Move.MARK_ABSENT: {_S.WAITING: _S.ABSENT, _S.INTERRUPTED: _S.ABSENT},
    Move.WAIVE: {_S.WAITING: _S.WAIVED, _S.HEARING: _S.WAIVED, _S.INTERRUPTED: _S.WAIVED},
    Move.CANCEL: {_S.WAITING: _S.CANCELLED, _S.INTERRUPTED: _S.CANCELLED},
    Move.REMOVE: {_S.WAITING: _S.REMOVED},
    Move.SEAT: {_S.REMOVED: _S.WAITING},
}

FINAL_STATES = frozenset({_S.CLOSED, _S.ABSENT, _S.WAIVED, _S.CANCELLED})
"""Decided for good: no schedule and no click changes these."""
LIVE_STATES = frozenset({_S.HEARING, _S.VOTING})
"""The panel is busy with this candidate; a sitting has at most one."""


def next_state(state: DefenceState, move: Move) -> DefenceState:
    """The state after a move.

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
    return target


def legal_moves(state: DefenceState) -> tuple[Move, ...]:
    """The moves that start from a state, in the order of the day."""
    return tuple(move for move, starts in TRANSITIONS.items() if state in starts)
