"""Opening a round of voting: its rule and those entitled to vote are fixed from then on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState
from defense.domain.lifecycle import Move
from defense.domain.text import Text
from defense.models import Account, BallotRound, Defence, Round, Voter
from defense.models.types import random_id, utc_now
from defense.services.access import Principal
from defense.services.room.presence import accounts_present
from defense.services.room.recusals import entitled_members
from defense.services.room.rule_words import rule_of
from defense.services.room.sittings import apply_move, conducted_defence, record_day


def open_ballot(session: Session, principal: Principal, defence_id: int) -> BallotRound:
    """Open a round of voting: its rule and the members entitled to vote are fixed from here on.

    Raises
    ------
    NotFound, Forbidden, IllegalState
        No such defence; not this person's to conduct; the panel does not discuss it now, or too few members
        remain after recusal.
    """
    defence = conducted_defence(session, principal, defence_id)
    apply_move(defence, Move.OPEN_BALLOT)
    # Locked, so that the settings of the vote cannot change while they are being frozen.
    round_ = session.get_one(
        Round, defence.application.round_id, with_for_update=True, populate_existing=True
    )
    entitled = entitled_members(session, defence)
    _require_enough(len(entitled), round_.rules.defence.min_panel_size)
    round_.rules_frozen_at = round_.rules_frozen_at or utc_now()
    follows = _what_it_follows(defence)
    ballot_round = _new_round(defence, round_, principal)
    session.add(ballot_round)
    session.flush()
    present = _experts_present(session, defence.sitting_id, entitled)
    session.add_all(
        Voter(ballot_round_id=ballot_round.id, expert_id=expert_id, present=expert_id in present)
        for expert_id in entitled
    )
    detail = {
        "ballot_round": ballot_round.id,
        "number": ballot_round.number,
        "terms": ballot_round.terms,
        "effect": ballot_round.effect,
        "secret": ballot_round.secret,
        "seats": ballot_round.seats,
        "entitled": len(entitled),
        "present": len(present),
    }
    record_day(session, principal, "ballot.opened", defence, detail | follows)
    return ballot_round


def _new_round(defence: Defence, round_: Round, principal: Principal) -> BallotRound:
    rules = round_.rules.defence
    rule = rule_of(rules)
    return BallotRound(
        id=random_id(),
        defence_id=defence.id,
        number=len(defence.ballot_rounds) + 1,
        rule=rule.name,
        rule_version=rule.version,
        terms=rule.to_json(),
        seats=len(defence.sitting.members),
        effect=rules.effect,
        secret=rules.secret_ballots,
        veto_reasons=list(rules.veto_reasons),
        opened_by_id=principal.account_id,
    )


def _experts_present(session: Session, sitting_id: int, entitled: Collection[int]) -> frozenset[int]:
    present = accounts_present(session, sitting_id)
    found = session.scalars(
        select(Account.expert_id).where(Account.expert_id.in_(entitled), Account.id.in_(present))
    )
    return frozenset(id_ for id_ in found if id_ is not None)


def _what_it_follows(defence: Defence) -> dict[str, Any]:
    """A later round names the one before it, and the approval that it rests on if that one had decided."""
    if not defence.ballot_rounds:
        return {}
    spent = [r.id for r in defence.reopenings if r.kind == "re_vote" and r.spent_at]
    return {"follows": defence.ballot_rounds[-1].id} | ({"reopening": spent[-1]} if spent else {})


def _require_enough(entitled: int, needed: int) -> None:
    if entitled < needed:
        raise IllegalState(
            Text(
                f"回避后仅剩 {entitled} 名专家，少于 {needed} 名，不能表决。请更换专家或延期。",
                f"Only {entitled} experts remain after recusal, fewer than {needed}: "
                "replace an expert or postpone the defence.",
            )
        )
