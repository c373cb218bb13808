"""What the room's page shows beside the snapshot: the ballot paper, the next step, the waiting screen."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import current_app, url_for
from sqlalchemy.orm import Session

from defense.domain.lifecycle import DefenceState, Move
from defense.models import Defence, Round, Sitting
from defense.models.types import random_id
from defense.services.room.reopening import Cause, possible_kinds
from defense.services.room.rule_words import rule_of, rule_text
from defense.services.room.sittings import OUTCOME_OF_MOVE, REASONED_MOVES
from defense.services.room.views import open_ballot_round
from voting.rules import Rule

FORWARD = {
    DefenceState.WAITING: Move.CHECK_IN,
    DefenceState.CHECKED_IN: Move.CALL_IN,
    DefenceState.PRESENTING: Move.BEGIN_QUESTIONS,
    DefenceState.QUESTIONING: Move.BEGIN_DISCUSSION,
    DefenceState.INTERRUPTED: Move.RESUME,
}
"""What a secretary does when nothing goes wrong; opening and closing a ballot have buttons of their own."""
PHASES = (
    DefenceState.CHECKED_IN,
    DefenceState.PRESENTING,
    DefenceState.QUESTIONING,
    DefenceState.DISCUSSING,
    DefenceState.VOTING,
)


def ballot_paper(session: Session, sitting: Sitting) -> dict[str, Any]:
    """What is on the ballot: the rule in force and the reasons of a veto, frozen once a ballot is open.

    `ballot_shape` changes with them: a page that was drawn for another shape is loaded anew.
    """
    ballot = open_ballot_round(sitting)
    rules = session.get_one(Round, sitting.round_id).rules.defence
    rule = Rule.from_json(ballot.terms) if ballot else rule_of(rules)
    veto_reasons = list(ballot.veto_reasons if ballot else rules.veto_reasons)
    secret = ballot.secret if ballot else rules.secret_ballots
    shape = json.dumps([rule.to_json(), veto_reasons, secret], ensure_ascii=False)
    return {
        "ballot": ballot,
        "rule": rule,
        "rule_text": rule_text(rule),
        "veto_reasons": veto_reasons,
        "secret": secret,
        "ballot_shape": hashlib.sha256(shape.encode()).hexdigest()[:16],
        # For a browser without scripts; ours makes its own and keeps it.
        "ballot_key": random_id(),
    }


def next_steps(order: list[Defence]) -> dict[str, Any]:
    """Who comes next, and which step is the big button of each defence."""
    coming = (DefenceState.CHECKED_IN, DefenceState.WAITING)
    return {
        # Whoever has checked in goes before somebody who is late (domain.md "The day").
        "next_up": next((d for state in coming for d in order if d.state == state), None),
        "forward": {d.id: FORWARD.get(DefenceState(d.state)) for d in order},
        "phases": PHASES,
        "reasoned_moves": REASONED_MOVES,
        "final_moves": tuple(OUTCOME_OF_MOVE),
    }


def reopenings(order: list[Defence], may_ask: bool) -> dict[str, Any]:
    """What may be asked for, for each defence: to vote again, to hear again, or nothing."""
    return {
        "reopening_kinds": {d.id: possible_kinds(d) if may_ask else () for d in order},
        "reopening_causes": tuple(Cause),
    }


def screen_address(sitting: Sitting) -> str:
    """The public address of the sitting's waiting screen, whole, to be copied."""
    path = url_for("screens.show", screen_key=sitting.screen_key)
    return f"{current_app.extensions['settings'].public_url}{path}"
