"""Who comes and who does not, as staff see it: the answers of a round, counted, narrowed and in pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from defense.domain.errors import InvalidInput, NotFound
from defense.domain.identity import mask_name, mask_phone
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.integrations.notice_wordings import Audience
from defense.models import Account, Defence, Expert, Invite, InviteReply, Panel, Round, Sitting
from defense.services.access import Role
from defense.services.invites.own_appointments import audience_of
from defense.services.invites.replies import Answer
from defense.services.keeping.personal import PersonalField, show_personal
from defense.services.paging import place_page

PAGE_SIZE = 50
READ_AT_ONCE = 500
UNANSWERED = "none"

_WITH_ROWS = (
    joinedload(Invite.account).joinedload(Account.application),
    joinedload(Invite.account).joinedload(Account.expert).selectinload(Expert.absences),
    selectinload(Invite.replies),
)


@dataclass(frozen=True)
class AnswerFilter:
    """What of a list is wanted; what is empty or unknown narrows nothing.

    Parameters
    ----------
    answer : an `Answer`, or `none`.
    panel_id : 0 for all.
    """

    answer: str = ""
    audience: str = ""
    panel_id: int = 0
    day: date | None = None


@dataclass(frozen=True)
class AnswerRow:
    """One invite with what was answered to its present revision.

    Parameters
    ----------
    seen : id of the newest answer to any revision, 0 for none; a form carries it.
    """

    invite: Invite
    panel: Panel
    newest: InviteReply | None
    seen: int

    @property
    def audience(self) -> Audience:
        """What the person is there."""
        return audience_of(self.invite)

    @property
    def masked_name(self) -> str:
        """Enough for staff to find the person: `张*（A0001）`."""
        account = self.invite.account
        known = account.application or account.expert
        number = known.number if known else account.username
        return f"{mask_name(account.display_name)}（{number}）"

    @property
    def masked_phone(self) -> str:
        """The telephone number as lists show it; empty where there is none."""
        return mask_phone(phone_of(self.invite.account))


@dataclass(frozen=True)
class AnswerPage:
    """One page of the list. `page` counts from 1."""

    rows: tuple[AnswerRow, ...]
    found: int
    page: int
    pages: int


def count_answers(session: Session, round_: Round) -> Mapping[str, int]:
    """How many invites of a round have each answer; `none` for those without one."""
    rows = session.execute(
        select(Invite.answer, func.count())
        .where(Invite.round_id == round_.id, Invite.cancelled.is_(False))
        .group_by(Invite.answer)
    )
    return {answer or UNANSWERED: number for answer, number in rows}


def find_answers(session: Session, round_: Round, wanted: AnswerFilter, page: int = 1) -> AnswerPage:
    """One page of the invites that are on, in order of time; a page that is not there becomes the nearest."""
    query = _narrowed(round_, wanted)
    found = session.scalar(query.with_only_columns(func.count()).order_by(None)) or 0
    page, pages = place_page(page, found, PAGE_SIZE)
    rows = _rows(session, query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE))
    return AnswerPage(tuple(rows), found, page, pages)


def all_answers(session: Session, round_: Round, wanted: AnswerFilter) -> Iterator[AnswerRow]:
    """The same without pages, for a workbook; read as they are asked for."""
    query = _narrowed(round_, wanted).options(*_WITH_ROWS).execution_options(yield_per=READ_AT_ONCE)
    rows: Iterable[Any] = session.execute(query)
    return (_row(invite, panel) for invite, panel in rows)


def declined_panelists(session: Session, round_: Round, now: datetime) -> list[AnswerRow]:
    """Panelists and secretaries who will not come to a sitting ahead: somebody has to take their place."""
    query = _narrowed(round_, AnswerFilter(answer=Answer.DECLINED))
    return _rows(session, query.where(Invite.sitting_id.is_not(None), Invite.end_at > now))


def open_requests(session: Session, round_: Round) -> list[tuple[AnswerRow, InviteReply]]:
    """The requests for another time that nobody has settled, the nearest appointment first."""
    asked = _narrowed(round_, AnswerFilter(answer=Answer.OTHER_TIME))
    rows = _rows(session, asked.where(Invite.replies.any(_is_open())))
    return [
        (row, row.newest)
        for row in rows
        if row.newest is not None and row.newest.answer == Answer.OTHER_TIME and row.newest.settled_as is None
    ]


def count_open_requests(session: Session, round_: Round) -> int:
    """How many they are."""
    query = select(func.count()).select_from(InviteReply).join(Invite, Invite.id == InviteReply.invite_id)
    on = query.where(Invite.round_id == round_.id, Invite.cancelled.is_(False), _is_open())
    return session.scalar(on) or 0


def answer_row(session: Session, round_: Round, invite_id: int) -> AnswerRow:
    """One of the rows.

    Raises
    ------
    NotFound
        The round has no such invite.
    """
    (row, *_none) = [*_rows(session, _all(round_).where(Invite.id == invite_id)), None]
    if row is None:
        raise NotFound(Text("本批次没有这份邀请。", "This round has no such invite."))
    return row


def days_of(session: Session, round_: Round) -> list[date]:
    """The days of Beijing that somebody is invited to."""
    starts = session.scalars(
        select(Invite.start_at)
        .where(Invite.round_id == round_.id, Invite.cancelled.is_(False))
        .distinct()
        .order_by(Invite.start_at)
    )
    return list(dict.fromkeys(at.astimezone(BEIJING).date() for at in starts))


def phone_of(account: Account) -> str:
    """The telephone number in the person's record; the office has none here."""
    if account.application is not None:
        return account.application.record.phone
    return account.expert.phone if account.expert is not None else ""


def show_invited_phone(session: Session, invite: Invite, reason: str, account_id: int) -> str:
    """The whole telephone number of an invited person; who looked and why is audited, the number is not.

    Raises
    ------
    InvalidInput
        No reason, or somebody of the office, of whom there is no number here.
    Forbidden
        No permission, or too many looks within the hour.

    Source: domain.md "Personal data": full value by permission and logged.
    """
    person = invite.account.application or invite.account.expert
    if person is None:
        raise InvalidInput(Text("此人没有登记电话。", "There is no number of this person."))
    return show_personal(session, person, PersonalField.PHONE, reason, account_id)


def _all(round_: Round) -> Select[Invite, Panel]:
    return (
        select(Invite, Panel)
        .join(Account, Account.id == Invite.account_id)
        .outerjoin(Defence, Defence.id == Invite.defence_id)
        .join(Sitting, Sitting.id == func.coalesce(Invite.sitting_id, Defence.sitting_id))
        .join(Panel, Panel.id == Sitting.panel_id)
        .where(Invite.round_id == round_.id, Invite.cancelled.is_(False))
        .order_by(Invite.start_at, Panel.id, Invite.id)
    )


def _narrowed(round_: Round, wanted: AnswerFilter) -> Select[Invite, Panel]:
    query = _all(round_)
    if wanted.answer == UNANSWERED:
        query = query.where(Invite.answer.is_(None))
    elif wanted.answer in tuple(Answer):
        query = query.where(Invite.answer == wanted.answer)
    if wanted.audience in tuple(Audience):
        query = query.where(_is_audience(Audience(wanted.audience)))
    if wanted.panel_id:
        query = query.where(Panel.id == wanted.panel_id)
    if wanted.day is not None:
        midnight = datetime.combine(wanted.day, time(0), BEIJING)
        query = query.where(Invite.start_at >= midnight, Invite.start_at < midnight + timedelta(days=1))
    return query


def _is_audience(audience: Audience) -> ColumnElement[bool]:
    if audience is Audience.CANDIDATE:
        return Account.application_id.is_not(None)
    if audience is Audience.SECRETARY:
        return Account.role == Role.SECRETARY
    is_attendee = audience is Audience.ATTENDEE
    return Account.expert_id.is_not(None) & (
        Invite.defence_id.is_not(None) if is_attendee else Invite.defence_id.is_(None)
    )


def _is_open() -> ColumnElement[bool]:
    return (InviteReply.answer == Answer.OTHER_TIME) & InviteReply.settled_as.is_(None)


def _rows(session: Session, query: Select[Invite, Panel]) -> list[AnswerRow]:
    rows: Sequence[Any] = session.execute(query.options(*_WITH_ROWS)).all()
    return [_row(invite, panel) for invite, panel in rows]


def _row(invite: Invite, panel: Panel) -> AnswerRow:
    newest = invite.replies[-1] if invite.replies else None
    is_present = newest is not None and newest.sequence == invite.sequence
    return AnswerRow(invite, panel, newest if is_present else None, newest.id if newest else 0)
