"""Every pair of a state and a move, against a table written down for this test alone."""

from __future__ import annotations

from itertools import product

import pytest

from defense.domain.errors import IllegalState
from defense.domain.lifecycle import (
    FINAL_STATES,
    LIVE_STATES,
    MOVE_TEXT,
    NOT_BEGUN_STATES,
    STATE_TEXT,
    TIMED_STATES,
    UNSEATED_STATES,
    DefenceState,
    Move,
    legal_moves,
    next_state,
)

LEGAL = """
waiting      check_in          checked_in
waiting      postpone          postponed
waiting      mark_absent       absent
waiting      waive             waived
waiting      cancel            cancelled
waiting      remove            removed
removed      seat              waiting
postponed    seat              waiting
checked_in   call_in           presenting
checked_in   step_back         waiting
checked_in   postpone          postponed
checked_in   mark_absent       absent
checked_in   waive             waived
checked_in   cancel            cancelled
presenting   begin_questions   questioning
presenting   step_back         checked_in
presenting   interrupt         interrupted
presenting   postpone          postponed
presenting   waive             waived
questioning  begin_discussion  discussing
questioning  step_back         presenting
questioning  interrupt         interrupted
questioning  postpone          postponed
questioning  waive             waived
discussing   open_ballot       voting
discussing   step_back         questioning
discussing   interrupt         interrupted
voting       close_ballot      closed
voting       void_ballot       discussing
interrupted  resume            presenting
interrupted  postpone          postponed
interrupted  mark_absent       absent
interrupted  waive             waived
interrupted  cancel            cancelled
closed       reopen            discussing
closed       seal              sealed
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


@pytest.mark.parametrize("state", DefenceState)
def test_a_break_leads_back_to_where_it_was(state: DefenceState) -> None:
    """And to nowhere that cannot be interrupted, whatever a row may say."""
    resumed = next_state(DefenceState.INTERRUPTED, Move.RESUME, state)
    assert resumed is (state if (state, Move.INTERRUPT) in TABLE else DefenceState.PRESENTING)


def test_nothing_leads_out_of_a_final_state_but_what_two_people_do() -> None:
    assert {"closed", "sealed", "absent", "waived", "cancelled"} == FINAL_STATES
    assert {move for state in FINAL_STATES for move in legal_moves(state)} == {"reopen", "seal"}
    assert {start for start, move in TABLE if move in ("reopen", "seal")} == {"closed"}


def test_a_vote_decides_only_while_it_is_open() -> None:
    """Nothing but closing leads from voting to a decision, and nothing is decided by leaving it otherwise."""
    assert {(move, target) for (start, move), target in TABLE.items() if start == "voting"} == {
        ("close_ballot", "closed"),
        ("void_ballot", "discussing"),
    }
    assert {start for (start, _), target in TABLE.items() if target == "closed"} == {"voting"}


def test_the_kinds_of_states() -> None:
    assert {"presenting", "questioning", "discussing", "voting"} == LIVE_STATES
    assert {"presenting", "questioning", "discussing"} == TIMED_STATES
    assert {"removed", "postponed"} == UNSEATED_STATES
    assert {"waiting", "removed", "postponed"} == NOT_BEGUN_STATES
    assert set(DefenceState) == FINAL_STATES | LIVE_STATES | NOT_BEGUN_STATES | {"checked_in", "interrupted"}


def test_every_state_and_move_has_words_of_its_own() -> None:
    for table, kind in ((STATE_TEXT, DefenceState), (MOVE_TEXT, Move)):
        assert set(table) == set(kind)
        assert (
            len({text.zh for text in table.values()})
            == len({text.en for text in table.values()})
            == len(kind)
        )
