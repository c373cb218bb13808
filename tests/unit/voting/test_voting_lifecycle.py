"""Every pair of a state and a move, against a table written down for this test alone."""

from __future__ import annotations

from itertools import product

import pytest

from defense.domain.errors import IllegalState
from defense.domain.lifecycle import (
    FINAL_STATES,
    LIVE_STATES,
    MOVE_TEXT,
    STATE_TEXT,
    DefenceState,
    Move,
    legal_moves,
    next_state,
)

LEGAL = """
waiting      call_in       hearing
waiting      mark_absent   absent
waiting      waive         waived
waiting      cancel        cancelled
waiting      remove        removed
removed      seat          waiting
hearing      open_ballot   voting
hearing      interrupt     interrupted
hearing      waive         waived
voting       close_ballot  closed
voting       void_ballot   hearing
interrupted  resume        hearing
interrupted  mark_absent   absent
interrupted  waive         waived
interrupted  cancel        cancelled
"""
TABLE = {
    (DefenceState(start), Move(move)): DefenceState(target)
    for start, move, target in (line.split() for line in LEGAL.split("\n") if line)
}


@pytest.mark.parametrize(("state", "move"), list(product(DefenceState, Move)))
def test_a_move_is_legal_or_refused_in_words(state: DefenceState, move: Move) -> None:
    target = TABLE.get((state, move))
    if target is not None:
        assert next_state(state, move) is target
        return
    with pytest.raises(IllegalState) as refused:
        next_state(state, move)
    assert STATE_TEXT[state].zh in refused.value.text.zh
    assert MOVE_TEXT[move].en in refused.value.text.en


@pytest.mark.parametrize("state", DefenceState)
def test_the_buttons_offered_are_the_moves_that_work(state: DefenceState) -> None:
    assert set(legal_moves(state)) == {move for start, move in TABLE if start is state}


def test_nothing_leads_out_of_a_final_state() -> None:
    assert {"closed", "absent", "waived", "cancelled"} == FINAL_STATES
    assert [move for state in FINAL_STATES for move in legal_moves(state)] == []


def test_a_vote_decides_only_while_it_is_open() -> None:
    """Nothing but closing leads from voting to a decision, and nothing is decided by leaving it otherwise."""
    assert {"hearing", "voting"} == LIVE_STATES
    assert {(move, target) for (start, move), target in TABLE.items() if start == "voting"} == {
        ("close_ballot", "closed"),
        ("void_ballot", "hearing"),
    }
