"""Where a round stands, and the sittings of one person."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from defense.domain.lifecycle import FINAL_STATES
from defense.domain.round_rules import BEIJING
from defense.models import (
    Application,
    Expert,
    OutboxMessage,
    Panel,
    Round,
    Sitting,
    SittingMember,
)
from defense.services.access import Principal, Role
from defense.services.attempts import binds, newest_attempts
from defense.services.invites.answer_desk import UNANSWERED, count_answers, count_open_requests
from defense.services.meetings.desk import count_on_second, count_stuck
from defense.services.timetable.outrun import outrun_by
from defense.services.timetable.publishing import published_schedule
from defense.services.timetable.schedules import latest_schedule


@dataclass(frozen=True)
class Overview:
    """Counts of one round, in the order of the work."""

    applications: int
    must_defend: int
    unpaid: int
    """Of those who must defend: fee neither paid nor waived, so not seated."""
    to_be_ruled_on: int
    experts: int
    panels: int
    placed: int
    unplaced: int
    left_out: int
    """To be seated, and the newest schedule does not know of them."""
    unsuited: int
    """Seated, and the panel does not hear them any more, or they are not to be seated."""
    unpublished: bool
    """The newest schedule is not the published one."""
    published: bool
    mails_waiting: int
    mails_failed: int
    meetings_stuck: int
    """Providers refuse or do not answer: staff have to act."""
    meetings_on_second: int
    invited: int
    answered: int
    requests: int
    """Open requests for another time."""
    decided: int
    seated: int
    released: bool

    @property
    def next_step(self) -> str:
        """The page that the next piece of work is on."""
        if not self.applications or not self.experts or not self.panels:
            return "import"
        if not self.published or self.unpublished or self.left_out or self.unsuited:
            return "schedule"
        if self.decided < self.seated:
            return "sittings"
        return "results"


def overview_of(session: Session, round_: Round) -> Overview:
    """Count where the round stands."""
    applications = session.scalars(select(Application).where(Application.round_id == round_.id)).all()
    newest, published = latest_schedule(session, round_), published_schedule(session, round_)
    outrun = outrun_by(session, newest) if newest else None
    answers = count_answers(session, round_)
    seated = [d for d in newest_attempts(session, round_).values() if binds(d)]
    return Overview(
        applications=len(applications),
        must_defend=sum(a.must_defend for a in applications),
        unpaid=sum(a.must_defend and not a.may_be_scheduled for a in applications),
        to_be_ruled_on=sum(a.effective_valid and a.effective_requirement == "pending" for a in applications),
        experts=_count(session, Expert, round_),
        panels=_count(session, Panel, round_),
        placed=len(newest.slots) if newest else 0,
        unplaced=len(newest.unplaced) if newest else 0,
        left_out=len(outrun.left_out) if outrun else 0,
        unsuited=len(outrun.unsuited) + len(outrun.stale) if outrun else 0,
        unpublished=newest is not None and newest.published_at is None,
        published=published is not None,
        mails_waiting=_mails(session, round_, "queued"),
        mails_failed=_mails(session, round_, "failed"),
        meetings_stuck=count_stuck(session, round_),
        meetings_on_second=count_on_second(session, round_),
        invited=sum(answers.values()),
        answered=sum(answers.values()) - answers.get(UNANSWERED, 0),
        requests=count_open_requests(session, round_),
        decided=sum(defence.state in FINAL_STATES for defence in seated),
        seated=len(seated),
        released=round_.results_released_at is not None,
    )


def has_data(session: Session, round_: Round) -> bool:
    """Whether there is anybody to seat and a panel to hear them."""
    return all(_count(session, kind, round_) for kind in (Application, Expert, Panel))


def sittings_for(session: Session, principal: Principal) -> dict[date, list[Sitting]]:
    """The sittings that a person may watch, by day of Beijing."""
    query = (
        select(Sitting)
        .where(Sitting.cancelled.is_(False))
        .order_by(Sitting.start_at, Sitting.panel_id)
        .options(selectinload(Sitting.panel), selectinload(Sitting.defences))
    )
    if principal.role is Role.EXPERT:
        query = query.join(SittingMember).where(SittingMember.expert_id == principal.expert_id)
    elif principal.role is Role.SECRETARY:
        query = query.join(Panel).where(Panel.secretary_id == principal.account_id)
    days: dict[date, list[Sitting]] = defaultdict(list)
    for sitting in session.scalars(query):
        days[sitting.start_at.astimezone(BEIJING).date()].append(sitting)
    return dict(days)


def _count(session: Session, kind: type[Application] | type[Expert] | type[Panel], round_: Round) -> int:
    return session.scalar(select(func.count()).select_from(kind).where(kind.round_id == round_.id)) or 0


def _mails(session: Session, round_: Round, state: str) -> int:
    query = select(func.count()).select_from(OutboxMessage)
    return session.scalar(query.where(OutboxMessage.round_id == round_.id, OutboxMessage.state == state)) or 0
