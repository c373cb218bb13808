"""表决票: one paper for each candidate of a sitting, for a day on which the line fails.

How many copies a candidate's paper needs is told, as recused members get none. Where ballots are secret
nobody signs them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from defense.domain.document_kinds import DocumentRefused
from defense.domain.lifecycle import FINAL_STATES
from defense.domain.text import Text
from defense.models import Defence, Sitting
from defense.services.documents.sitting import candidate, heading, round_of, seated
from defense.services.room.recusals import entitled_members
from defense.services.room.rule_words import rule_of, rule_text
from defense.services.wording import EFFECT_TEXT, RULE_TEXT
from voting.rules import RuleName

_CHOICES = ("通过", "否决", "弃权")


def ballot_papers_content(session: Session, sitting: Sitting) -> dict[str, Any]:
    """Blank papers for everyone of the sitting who is not decided yet, by the rule of the round.

    Raises
    ------
    DocumentRefused
        Everyone is decided.
    """
    rules = round_of(session, sitting).rules.defence
    papers = [
        _paper(session, defence, order)
        for order, defence in seated(sitting)
        if defence.state not in FINAL_STATES
    ]
    if not papers:
        raise DocumentRefused(
            Text(
                "本场答辩均已有结论，不再需要表决票。经批准重新表决的，批准后再打印。",
                "Everybody of this sitting has an outcome: no ballot paper is needed. For a re-vote print "
                "it once that is granted.",
            )
        )
    scored = rules.panel_rule == RuleName.MEAN_SCORE
    return heading(session, sitting, "表决票") | {
        "rule_name": RULE_TEXT[rules.panel_rule].zh,
        "rule": rule_text(rule_of(rules)).zh,
        "effect": EFFECT_TEXT[rules.effect].zh,
        "secret": rules.secret_ballots,
        "scored": scored,
        "choices": ["弃权"] if scored else list(_CHOICES),
        "veto_reasons": [] if scored else list(rules.veto_reasons),
        "papers": papers,
    }


def _paper(session: Session, defence: Defence, order: int) -> dict[str, Any]:
    copies = len(entitled_members(session, defence))
    return candidate(defence, order) | {
        "copies": copies,
        "recused": len(defence.sitting.members) - copies,
    }
