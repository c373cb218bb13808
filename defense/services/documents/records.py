"""答辩情况登记表: one page for each candidate of a sitting, to be filled in and signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.clocks import both_clocks
from defense.domain.lifecycle import STATE_TEXT, DefenceState
from defense.domain.result import OUTCOME_TEXT, Outcome
from defense.models import Defence, Sitting
from defense.services.documents.minutes import break_words
from defense.services.documents.parts import moment_words
from defense.services.documents.sitting import candidate, heading, seated
from defense.services.documents.votes import OFFICE, reasons_words, tally_words
from defense.services.room.minutes import minutes_of
from defense.services.room.minutes_candidate import PHASE_TEXT
from defense.services.room.minutes_parts import CandidateDetail, Phase, VotingRound

_BEGINS, _LEAVES = PHASE_TEXT["defence.call_in"], PHASE_TEXT["defence.begin_discussion"]


def defence_records_content(session: Session, sitting: Sitting) -> dict[str, Any]:
    """The pages as they stand: times as they were recorded, a conclusion only where one was reached."""
    told = {c.defence_id: c.detail for c in minutes_of(session, OFFICE, sitting).candidates}
    return heading(session, sitting, "答辩情况登记表") | {
        "members": [member.expert.name for member in sitting.members],
        "records": [
            candidate(defence, order) | _record(defence, detail)
            for order, defence in seated(sitting)
            if (detail := told[defence.id]) is not None
        ],
    }


def _record(defence: Defence, detail: CandidateDetail) -> dict[str, Any]:
    application = defence.application
    vote = _decisive(detail.rounds) if defence.outcome else None
    return {
        "gender": application.record.gender,
        "present_title": application.record.present_title,
        "begun": _at(detail.phases, _BEGINS.zh),
        "ended": _at(detail.phases, _LEAVES.zh),
        "state": STATE_TEXT[DefenceState(defence.state)].zh,
        "recused": [member.name for member in detail.recused],
        "breaks": [break_words(pause) for pause in detail.breaks],
        "decided": defence.outcome is not None,
        "outcome": OUTCOME_TEXT[Outcome(defence.outcome)].zh if defence.outcome else "",
        "tally": f"应到{vote.entitled}人，{tally_words(vote.result)}" if vote and vote.result else "",
        "veto_reasons": reasons_words(vote.veto_reasons) if vote else "",
        "rule": vote.rule.zh if vote else "",
        "decided_at": moment_words(defence.decided_at) if defence.outcome else "",
    }


def _decisive(rounds: Sequence[VotingRound]) -> VotingRound | None:
    """The round that counts: a decided one that was not replaced."""
    return next((r for r in reversed(rounds) if r.status == "decided" and not r.replaced), None)


def _at(phases: Sequence[Phase], text: str) -> str:
    """When something last happened: after a step back it happens again."""
    times: list[datetime] = [phase.at for phase in phases if phase.text.zh == text]
    return both_clocks(times[-1]).zh if times else ""
