"""What the platform is told, as plain JSON: the bodies of the contract, without their sequence.

Source: docs/upstream-openapi.yaml, `Decision` and `Result`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.result import Conclusion
from defense.models import Application, AuditHead, BallotRound, Defence, Ruling, Seal
from defense.services.audit import sitting_chain
from defense.services.results import conclusion_of, deciding_round, seated_defence
from defense.services.room.rule_words import rule_of

TOLD_NUMBERS = (
    *("verdict", "seats", "entitled", "present", "cast", "passes", "vetoes", "abstentions", "unused"),
    *("denominator", "scores", "sum_tenths", "mean"),
)
"""Of a tally. Reasons and comments stay in the house: on a small panel they give away who wrote them."""
WITHOUT_MEANING = ("sequence", "audit_head")
"""Of a body: another one of these is no other result."""


def decision_body(ruling: Ruling) -> dict[str, Any]:
    """One decision of staff, in the words they gave for it."""
    return {
        "kind": ruling.subject,
        "decision": ruling.decision,
        "reason": ruling.reason,
        "made_at": ruling.made_at.isoformat(),
    }


def result_body(session: Session, application: Application) -> dict[str, Any]:
    """How the application stands now: its conclusion, the vote behind it, and the head of its audit chain."""
    return result_bodies(session, [application])[application.id]


def result_bodies(session: Session, applications: Sequence[Application]) -> dict[int, dict[str, Any]]:
    """`result_body` of each, by id."""
    held = {application.id: _held(application) for application in applications}
    heads = _audit_heads(session, {defence.sitting_id for defence in held.values() if defence})
    return {a.id: _result(a, held[a.id], heads) for a in applications}


def _held(application: Application) -> Defence | None:
    newest = seated_defence(application)
    return newest if newest and newest.outcome else None


def _result(
    application: Application, held: Defence | None, heads: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    decided_by, rule = deciding_round(held), rule_of(application.round.rules.defence)
    return {
        "conclusion": conclusion_of(application).value,
        "outcome": held.outcome if held else None,
        "attempt": held.attempt if held else 0,
        "held_at": held.start_at.isoformat() if held else None,
        "panel": held.sitting.panel.name if held else "",
        "rule": decided_by.rule if decided_by else rule.name.value,
        "rule_version": decided_by.rule_version if decided_by else rule.version,
        "tally": _numbers(decided_by),
        "audit_head": heads.get(held.sitting_id) if held else None,
    }


def says_the_same(told: dict[str, Any], body: dict[str, Any]) -> bool:
    """Whether somebody who was told the one learns nothing from the other."""
    if told["conclusion"] == body["conclusion"] == Conclusion.PENDING:
        return True
    return _meaning(told) == _meaning(body)


def _meaning(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in WITHOUT_MEANING}


def _numbers(ballot_round: BallotRound | None) -> dict[str, Any] | None:
    if ballot_round is None or not ballot_round.tally:
        return None
    return {key: ballot_round.tally[key] for key in TOLD_NUMBERS if key in ballot_round.tally}


def _audit_heads(session: Session, sitting_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """By sitting, the sealed head of its chain; before the seal, the newest."""
    chains = {sitting_chain(id_): id_ for id_ in sitting_ids}
    newest = select(AuditHead.chain, AuditHead.seq, AuditHead.digest).where(AuditHead.chain.in_(chains))
    heads = {
        chains[chain]: {"chain": chain, "seq": seq, "digest": digest}
        for chain, seq, digest in session.execute(newest)
    }
    sealed = select(Seal.sitting_id, Seal.chain_seq, Seal.chain_digest).where(
        Seal.sitting_id.in_(sitting_ids)
    )
    for id_, seq, digest in session.execute(sealed):
        heads[id_] = {"chain": sitting_chain(id_), "seq": seq, "digest": digest}
    return heads
