"""The conclusion beside every application, and its release to the candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, selectinload

from defense.domain.errors import IllegalState
from defense.domain.lifecycle import DefenceState
from defense.domain.result import Conclusion, Outcome, derive_conclusion
from defense.domain.text import Text
from defense.models import Application, Ballot, BallotRound, Defence, Expert, Round, Sitting, SittingMember
from defense.services.access import Principal, Role
from defense.services.attempts import binding_attempt
from defense.services.audit import record_audit
from defense.services.paging import READ_AT_ONCE, place_page

PAGE_SIZE = 50


@dataclass(frozen=True)
class ResultRow:
    """One line of the summary table (汇总表)."""

    application: Application
    defence: Defence | None
    ballot_round: BallotRound | None
    conclusion: Conclusion


@dataclass(frozen=True)
class ResultPage:
    """One page of the summary table, and the counts of the whole round."""

    rows: tuple[ResultRow, ...]
    found: int
    page: int
    """From 1."""
    pages: int
    must_defend: int
    counts: Counter[Conclusion]
    pending: int
    """Those who must defend and have no conclusion yet."""


def conclusion_of(application: Application) -> Conclusion:
    """What stands beside this application now: derived, never stored, so that it cannot be typed in."""
    defence = seated_defence(application)
    outcome = Outcome(defence.outcome) if defence and defence.outcome else None
    return derive_conclusion(
        application.effective_valid, application.must_defend, outcome, _effect(application, defence)
    )


def seated_defence(application: Application) -> Defence | None:
    """The newest attempt that is in the timetable or has been held; None while another is to be made."""
    return binding_attempt(application)


def deciding_round(defence: Defence | None) -> BallotRound | None:
    """The round of voting that decided a defence; while it is decided by none, the last that was invalid.

    A round that was decided and is now to be voted on again shows nothing here: it no longer counts.
    """
    closed = [r for r in defence.ballot_rounds if r.closed_at] if defence else []
    newest = closed[-1] if closed else None
    stands = newest is not None and (defence.outcome is not None or not _decided(newest))  # type: ignore[union-attr]
    return newest if stands else None


def named_ballots(
    session: Session, principal: Principal, ballot_round: BallotRound | None
) -> list[tuple[str, Ballot]]:
    """Who voted what in a closed round of named ballots, for those who may know: head and supervisor.

    A round that decided nothing stays untold: it is voted again.

    Source: voting.md "Secret mode … Named mode".
    """
    if ballot_round is None or ballot_round.secret or not _decided(ballot_round):
        return []
    head = exists().where(
        SittingMember.sitting_id == ballot_round.defence.sitting_id,
        SittingMember.expert_id == principal.expert_id,
        SittingMember.is_head,
    )
    if principal.role is not Role.SUPERVISOR and not session.scalar(select(head)):
        return []
    rows = session.execute(
        select(Expert.name, Ballot)
        .join(Ballot, Ballot.expert_id == Expert.id)
        .where(Ballot.ballot_round_id == ballot_round.id)
        .order_by(Expert.name)
    )
    return [(name, ballot) for name, ballot in rows]


def result_rows(session: Session, round_: Round) -> Iterator[ResultRow]:
    """Every application of the round with its conclusion, by number; read a few hundred at a time."""
    applications = session.scalars(
        select(Application)
        .where(Application.round_id == round_.id)
        .order_by(Application.number)
        .options(
            selectinload(Application.defences).selectinload(Defence.ballot_rounds),
            selectinload(Application.defences).selectinload(Defence.reopenings),
            selectinload(Application.defences).selectinload(Defence.sitting).selectinload(Sitting.panel),
        )
        .execution_options(yield_per=READ_AT_ONCE)
    )
    for application in applications:
        defence = seated_defence(application)
        yield ResultRow(application, defence, deciding_round(defence), conclusion_of(application))


def find_results(session: Session, round_: Round, conclusion: str = "", page: int = 1) -> ResultPage:
    """One page of those who must defend, or of everybody with one conclusion; decided ones come first.

    An unknown conclusion narrows nothing, and a page that is not there becomes the nearest.
    """
    everybody = list(result_rows(session, round_))
    defending = [row for row in everybody if row.application.must_defend]
    known = conclusion in tuple(Conclusion)
    rows = [row for row in everybody if row.conclusion == conclusion] if known else defending
    rows.sort(key=lambda row: row.conclusion is Conclusion.PENDING)
    page, pages = place_page(page, len(rows), PAGE_SIZE)
    return ResultPage(
        rows=tuple(rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]),
        found=len(rows),
        page=page,
        pages=pages,
        must_defend=len(defending),
        counts=Counter(row.conclusion for row in everybody),
        pending=sum(row.conclusion is Conclusion.PENDING for row in defending),
    )


def release_results(session: Session, round_: Round, now: datetime, account_id: int) -> None:
    """Let candidates see their conclusions from now on.

    Raises
    ------
    IllegalState
        A ballot is open: somebody would read a result that is about to change.
    """
    session.refresh(round_, with_for_update=True)
    voting = session.scalar(
        select(Defence.id)
        .join(Application)
        .where(Application.round_id == round_.id, Defence.state == DefenceState.VOTING)
    )
    if voting is not None:
        raise IllegalState(
            Text("还有表决正在进行，结束后才能公布。", "A ballot is still open; close it before releasing.")
        )
    if round_.results_released_at is None:
        round_.results_released_at = now
        record_audit(session, "results.released", f"round:{round_.id}", {}, account_id)


def _decided(ballot_round: BallotRound) -> bool:
    return bool(ballot_round.tally) and ballot_round.tally["verdict"] != "invalid"  # type: ignore[index]


def _effect(application: Application, defence: Defence | None) -> str:
    """The effect frozen when the deciding ballot opened; without one, the round's."""
    decided_by = deciding_round(defence)
    return decided_by.effect if decided_by else application.round.rules.defence.effect
