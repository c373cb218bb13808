"""The end of a sitting: the supervisor counts, and signs the head of its audit chain."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, Forbidden, IllegalState
from defense.domain.lifecycle import FINAL_STATES, STATE_TEXT, UNSEATED_STATES, DefenceState, Move, next_state
from defense.domain.text import Text
from defense.models import Defence, Reopening, Seal, Sitting
from defense.models.audit import MAIN_CHAIN
from defense.services.access import Principal, Role
from defense.services.audit import canonical_json, genesis_digest, lock_heads, record_audit, sitting_chain
from defense.services.results import deciding_round
from defense.services.room.seal_check import SITTING_SEALED
from defense.services.room.seals import public_key_of, seal_digest, sign
from defense.services.room.sittings import heard_in_order, lock_sitting, require_watcher

WORDS_OF_TALLY = ("veto_reasons", "comments")
"""Not in what is signed and handed on: they stand in the minutes, for those who may read them."""


@dataclass(frozen=True)
class SealView:
    """What the room shows about the seal of a sitting."""

    seal: Seal | None
    may_seal: bool
    missing: tuple[Text, ...]
    """What has to be done before."""
    closed: int
    others: int


def seal_sitting(
    session: Session, principal: Principal, sitting_id: int, seal_key: bytes, now: datetime
) -> Seal:
    """Seal a sitting, in the caller's transaction: from then on nothing in it can be changed.

    The signature is under a statement with the results, the head of the sitting's chain and that of the main
    chain; the main chain records the seal, and the sitting's chain ends where it is.

    Parameters
    ----------
    seal_key : the seed of the Ed25519 key, 32 bytes.

    Raises
    ------
    NotFound, Forbidden
        No such sitting; not a supervisor.
    Conflict
        It is sealed already.
    IllegalState
        Somebody is still to be heard, or a request to open a defence again waits for an answer.
    """
    sitting = require_watcher(session, principal, sitting_id)
    if principal.role is not Role.SUPERVISOR:
        raise Forbidden(Text("只有监督员可以封存。", "Only a supervisor seals."))
    lock_sitting(session, sitting)
    session.expire_all()
    if session.get(Seal, sitting.id) is not None:
        raise Conflict(Text("本场答辩已经封存。", "This sitting is sealed already."))
    if missing := missing_before_seal(session, sitting):
        raise IllegalState(
            Text(
                "暂不能封存：" + "；".join(text.zh for text in missing) + "。",
                "It cannot be sealed yet: " + "; ".join(text.en for text in missing) + ".",
            )
        )
    for defence in sitting.defences:
        if defence.state == DefenceState.CLOSED:
            defence.state = next_state(DefenceState.CLOSED, Move.SEAL)
    sitting.seq += 1
    session.flush()
    seal = _signed(session, sitting, principal, seal_key, now)
    session.add(seal)
    fields = [
        seal.sitting_id,
        seal.chain_seq,
        seal.chain_digest,
        seal.statement,
        seal.signature,
        seal.public_key,
        seal.sealed_by_id,
    ]
    record_audit(
        session,
        SITTING_SEALED,
        f"sitting:{sitting.id}",
        {"seal": seal_digest(fields, now)},
        principal.account_id,
    )
    return seal


def missing_before_seal(session: Session, sitting: Sitting) -> tuple[Text, ...]:
    """What stands in the way of the seal, by name; empty when it can be put."""
    unfinished = [d for d in sitting.defences if d.state not in FINAL_STATES | UNSEATED_STATES]
    undecided = session.scalar(
        select(Reopening.id)
        .join(Defence, Defence.id == Reopening.defence_id)
        .where(Defence.sitting_id == sitting.id, Reopening.decided_at.is_(None))
        .limit(1)
    )
    order = heard_in_order(sitting)
    waits = [] if order else [Text("本场没有答辩人", "nobody is in this sitting")]
    waits += [
        # Two candidates of one name are not rare; the number tells them apart.
        Text("{number} 号 {name}（{state}）", "no. {number} {name} ({state})").format(
            number=order.index(d) + 1, name=d.application.name, state=STATE_TEXT[DefenceState(d.state)]
        )
        for d in unfinished
    ]
    if undecided is not None:
        waits.append(
            Text("有重新表决或二次答辩的申请尚未审批", "a request for a re-vote or second defence is open")
        )
    return tuple(waits)


def seal_view(session: Session, principal: Principal, sitting: Sitting) -> SealView:
    """What the room shows this person about the seal."""
    seal = session.get(Seal, sitting.id)
    missing = () if seal else missing_before_seal(session, sitting)
    order = heard_in_order(sitting)
    closed = sum(d.state in (DefenceState.CLOSED, DefenceState.SEALED) for d in order)
    may_seal = seal is None and not missing and bool(order) and principal.role is Role.SUPERVISOR
    return SealView(seal, may_seal, missing, closed, len(order) - closed)


def results_differ(session: Session, seal: Seal) -> bool:
    """Whether the results in the database are others than those that were signed.

    Left aside are those who had not been heard: they may have been seated elsewhere since.
    """
    try:
        stated = [d for d in json.loads(seal.statement)["defences"] if d["state"] not in UNSEATED_STATES]
        rows = select(Defence).where(Defence.sitting_id == seal.sitting_id)
        found = session.scalars(rows.execution_options(populate_existing=True))
        now = [_result_of(d) for d in found if d.state not in UNSEATED_STATES]
    except (ValueError, KeyError, TypeError, LookupError):
        return True
    return sorted(map(canonical_json, stated)) != sorted(map(canonical_json, now))


def _signed(session: Session, sitting: Sitting, principal: Principal, seal_key: bytes, now: datetime) -> Seal:
    chain = sitting_chain(sitting.id)
    heads = lock_heads(session, {chain, MAIN_CHAIN})
    seq, digest = heads.get(chain, (0, genesis_digest(chain)))
    main_seq, main_digest = heads.get(MAIN_CHAIN, (0, genesis_digest(MAIN_CHAIN)))
    statement = canonical_json(
        {
            "sitting": sitting.id,
            "panel": sitting.panel.name,
            "start_at": sitting.start_at.isoformat(),
            "sealed_at": now.isoformat(),
            "defences": [_result_of(defence) for defence in heard_in_order(sitting)],
            "chain": {"name": chain, "seq": seq, "digest": digest},
            "main_chain": {"seq": main_seq, "digest": main_digest},
        }
    )
    return Seal(
        sitting_id=sitting.id,
        chain_seq=seq,
        chain_digest=digest,
        statement=statement,
        signature=sign(seal_key, statement),
        public_key=public_key_of(seal_key),
        sealed_by_id=principal.account_id,
        sealed_at=now,
    )


def _result_of(defence: Defence) -> dict[str, Any]:
    """A defence as it is signed: by number, without names and without words."""
    decided_by = deciding_round(defence)
    tally = (decided_by.tally or {}) if decided_by else {}
    return {
        "application": defence.application.number,
        "attempt": defence.attempt,
        "state": defence.state,
        "outcome": defence.outcome,
        "terms": decided_by.terms if decided_by else None,
        "tally": {k: v for k, v in tally.items() if k not in WORDS_OF_TALLY},
    }
