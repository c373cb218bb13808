"""One candidate's part of the minutes: phases, rounds of voting, breaks, recusals, requests to open again.

Source: voting.md "Secret mode … Named mode": of an open round nothing that depends on votes is told, of one
that decided nothing the turnout and why, and by name only what `results.named_ballots` gives this reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.lifecycle import DefenceState, Move
from defense.domain.text import Text
from defense.models import (
    Account,
    AuditEntry,
    BallotRound,
    DeclaredRecusal,
    Defence,
    Expert,
    Reopening,
    Seal,
    Sitting,
)
from defense.services.access import Principal
from defense.services.attempts import SECOND_DEFENCE
from defense.services.results import deciding_round, named_ballots
from defense.services.room.minutes_parts import (
    Break,
    CandidateDetail,
    CandidateMinutes,
    Pause,
    Phase,
    Recused,
    Request,
    VotingRound,
)
from defense.services.room.recusals import BREAK_OFF_REASON, conflicts_of
from defense.services.room.rule_words import terms_text
from voting.rules import Absences, Rule, Verdict

PHASE_TEXT = {
    "defence.check_in": Text("签到", "checked in"),
    "defence.call_in": Text("入场陈述", "called in"),
    "defence.begin_questions": Text("专家提问", "questions"),
    "defence.begin_discussion": Text("离场评议", "discussion"),
    "defence.step_back": Text("退回上一环节", "one step back"),
    "ballot.opened": Text("第 {number} 轮表决开始", "ballot {number} opened"),
    "ballot.closed": Text("第 {number} 轮表决结束", "ballot {number} closed"),
    "ballot.broken_off": Text("第 {number} 轮表决中止", "ballot {number} broken off"),
}
DECISION_TEXT = {
    "go_on": Text("恢复答辩", "the defence went on"),
    "other_time": Text("延期，另行安排", "postponed to another time"),
    "give_up": Text("申报人放弃", "withdrawn by the candidate"),
    "absent": Text("按缺席处理", "recorded as absent"),
    "cancelled": Text("取消答辩", "cancelled"),
}
RECUSAL_ACTION = "recusal.declared"
CLOCK_ACTIONS = ("clock.paused", "clock.resumed")
_FEW = Text("已投 {cast} 票，少于规定的 {needed} 票", "{cast} cast, fewer than the {needed} required")
_MISSING = Text("应到成员有人未投票", "an entitled member's ballot was missing")
_NO_RESULT = Text("依表决规则未形成有效结果", "no valid result under the rule")


def candidate_minutes(
    session: Session,
    principal: Principal,
    sitting: Sitting,
    defence: Defence,
    number: int | None,
    entries: Sequence[AuditEntry],
) -> CandidateMinutes:
    """One candidate as this reader may know it.

    Parameters
    ----------
    number : 序号; None if the defence was postponed and now has a place in another sitting.
    entries : the sitting's chain, in order.
    """
    here = defence.sitting_id == sitting.id
    conflicts = conflicts_of(session, defence.application, [m.expert for m in sitting.members])
    may_read = principal.expert_id is None or principal.expert_id not in conflicts
    since = _declared_since_seal(session, sitting, defence)
    known = {id_: text for id_, text in conflicts.items() if id_ not in since}
    return CandidateMinutes(
        defence.id,
        number,
        defence.application.name,
        defence.state if here else DefenceState.POSTPONED,
        defence.outcome if here else None,
        _detail(session, principal, defence, entries, known, here) if may_read else None,
    )


def _detail(
    session: Session,
    principal: Principal,
    defence: Defence,
    entries: Sequence[AuditEntry],
    conflicts: dict[int, Text],
    here: bool,
) -> CandidateDetail:
    application = defence.application
    own = [e for e in entries if e.subject == f"defence:{defence.id}"]
    rounds_here = {e.detail["ballot_round"] for e in own if e.action == "ballot.opened"}
    rounds = [r for r in defence.ballot_rounds if r.id in rounds_here]
    deciding = deciding_round(defence) if here else None
    effect = deciding.effect if deciding else application.round.rules.defence.effect
    return CandidateDetail(
        application.series,
        application.specialty,
        application.level,
        defence.start_at,
        defence.end_at,
        defence.attempt,
        effect,
        _phases(own, {r.id: r.number for r in rounds}),
        tuple(_voting_round(session, principal, r, r is deciding) for r in rounds),
        _breaks(own),
        _pauses(own),
        _recused(session, defence, conflicts, entries),
        tuple(_request(session, r) for r in defence.reopenings) if here else (),
        _heard_again_by(session, defence),
    )


def _phases(own: Sequence[AuditEntry], numbers: dict[str, int]) -> tuple[Phase, ...]:
    return tuple(
        Phase(e.at, PHASE_TEXT[e.action].format(number=numbers.get(e.detail.get("ballot_round", ""))))
        for e in own
        if e.action in PHASE_TEXT
    )


def _voting_round(
    session: Session, principal: Principal, ballot_round: BallotRound, deciding: bool
) -> VotingRound:
    status, tally = _status(ballot_round), ballot_round.tally or {}
    decided = status == "decided"
    # As on the record's page: reasons, remarks and names belong to the round that counts.
    told = tally if decided and deciding else {}
    ballots = named_ballots(session, principal, ballot_round) if told else []
    return VotingRound(
        ballot_round.number,
        status,
        terms_text(ballot_round.terms),
        ballot_round.secret,
        ballot_round.opened_at,
        ballot_round.closed_at,
        ballot_round.seats,
        len(ballot_round.voters),
        tally["present"] if decided else _present(ballot_round),
        tally.get("cast"),
        tally if decided else None,
        _why(ballot_round, status),
        decided and not deciding,
        tuple((reason, n) for reason, n in told.get("veto_reasons", ())),
        tuple(told.get("comments", ())),
        tuple((name, b.choice, b.score_tenths, b.veto_reason) for name, b in ballots),
    )


def _status(ballot_round: BallotRound) -> str:
    if ballot_round.closed_at is None:
        return "open"
    if ballot_round.void_reason is not None:
        return "broken_off"
    verdict = (ballot_round.tally or {}).get("verdict")
    return "invalid" if verdict == Verdict.INVALID else "decided"


def _present(ballot_round: BallotRound) -> int:
    """In the room when the ballot opened; of a closed round, also who voted all the same."""
    closed = ballot_round.closed_at is not None
    return sum(v.present or (closed and v.receipt is not None) for v in ballot_round.voters)


def _why(ballot_round: BallotRound, status: str) -> Text | None:
    """Why a round decided nothing, from turnout and rule alone."""
    if status == "broken_off":
        reason = ballot_round.void_reason or ""
        return BREAK_OFF_REASON if reason == BREAK_OFF_REASON.zh else Text(reason, reason)
    if status != "invalid" or ballot_round.tally is None:
        return None
    rule, cast = Rule.from_json(ballot_round.terms), ballot_round.tally["cast"]
    needed = max(rule.quorum.needed(ballot_round.seats), 1)
    if cast < needed:
        return _FEW.format(cast=cast, needed=needed)
    missing = rule.absences is Absences.INVALID and cast < len(ballot_round.voters)
    return _MISSING if missing else _NO_RESULT


def _breaks(own: Sequence[AuditEntry]) -> tuple[Break, ...]:
    """Each interruption with the move that ended it, if it has ended."""
    found = list[Break]()
    for entry in own:
        if entry.action == f"defence.{Move.INTERRUPT}":
            found.append(Break(entry.at, entry.detail["reason"], None, None, ""))
        elif decision := entry.detail.get("break_decision"):
            reason = entry.detail.get("reason", "")
            found[-1] = replace(
                found[-1], end_at=entry.at, decision=DECISION_TEXT[decision], decision_reason=reason
            )
    return tuple(found)


def _pauses(own: Sequence[AuditEntry]) -> tuple[Pause, ...]:
    """Each time the clock stood by the secretary's hand; whatever comes next in the phases ends that."""
    found = list[Pause]()
    for entry in own:
        if found and found[-1].end_at is None:
            found[-1] = replace(found[-1], end_at=entry.at)
        if entry.action == "clock.paused":
            found.append(Pause(entry.at, entry.detail["state"], None))
    return tuple(found)


def _recused(
    session: Session, defence: Defence, conflicts: dict[int, Text], entries: Sequence[AuditEntry]
) -> tuple[Recused, ...]:
    """Those recused beforehand by name, then those of the day, as they were declared."""
    subject = f"application:{defence.application_id}"
    of_day = [e for e in entries if e.action == RECUSAL_ACTION and e.subject == subject]
    declared = {e.detail["expert"] for e in of_day}
    before = [(expert_name(session, id_), text) for id_, text in conflicts.items() if id_ not in declared]
    return (
        *(Recused(name, text) for name, text in sorted(before, key=lambda pair: pair[0])),
        *(
            Recused(
                expert_name(session, e.detail["expert"]),
                e.detail["reason"],
                e.at,
                account_name(session, e.account_id),
            )
            for e in of_day
        ),
    )


def _declared_since_seal(session: Session, sitting: Sitting, defence: Defence) -> set[int]:
    """Whoever was recused for another sitting of the candidate: sealed minutes do not change."""
    declared = (
        select(DeclaredRecusal.expert_id)
        .join(Seal, Seal.sitting_id == sitting.id)
        .where(
            DeclaredRecusal.application_id == defence.application_id,
            DeclaredRecusal.declared_at > Seal.sealed_at,
        )
    )
    return set(session.scalars(declared))


def _heard_again_by(session: Session, defence: Defence) -> Request | None:
    """The granted request of the attempt before this one."""
    before = next((d for d in defence.application.defences if d.attempt == defence.attempt - 1), None)
    granted = [r for r in before.reopenings if r.kind == SECOND_DEFENCE and r.granted] if before else []
    return _request(session, granted[-1]) if granted else None


def _request(session: Session, reopening: Reopening) -> Request:
    decided_by = reopening.decided_by
    return Request(
        reopening.kind,
        reopening.cause,
        reopening.reason,
        reopening.asked_by.display_name,
        reopening.asked_at,
        reopening.granted,
        decided_by.display_name if decided_by else None,
        reopening.decided_at,
        _decision_reason(session, reopening) if decided_by else "",
    )


def _decision_reason(session: Session, reopening: Reopening) -> str:
    """What the supervisor said; in the sitting's chain, or in the main one after the seal."""
    decisions = session.scalars(
        select(AuditEntry).where(
            AuditEntry.subject == f"defence:{reopening.defence_id}",
            AuditEntry.action.in_(("reopening.granted", "reopening.refused")),
        )
    )
    return next((e.detail["reason"] for e in decisions if e.detail["reopening"] == reopening.id), "")


def expert_name(session: Session, expert_id: int) -> str:
    """The name of an expert that an entry names."""
    return session.get_one(Expert, expert_id).name


def account_name(session: Session, account_id: int | None) -> str | None:
    """The name of whoever acted; None for a command."""
    account = session.get(Account, account_id) if account_id is not None else None
    return account.display_name if account else None
