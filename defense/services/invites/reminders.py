"""Reminders: on the last working day before an appointment, and half an hour before it.

Every reminder is a letter of the outbox with a key of its own, so that each goes once, whoever queues them
and however often. They are queued when they are due, never ahead: who was moved is reminded of the new time.

Source: domain.md "The day"; invites.md "Working days".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, String, cast, exists, literal, select
from sqlalchemy.orm import Session, joinedload

from defense.domain.errors import InvalidInput
from defense.domain.round_rules import BEIJING, RoundRules
from defense.domain.text import Text
from defense.domain.working_days import working_days_after, working_days_before
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.integrations.mail import Mailbox
from defense.integrations.notice_wordings import NoticeKind
from defense.models import Account, Invite, OutboxMessage, Round
from defense.services.access import invite_link, invite_link_is_live
from defense.services.invites.appointments import PublishedRound, key_of
from defense.services.invites.notice_writing import notice_writer
from defense.services.invites.post import Addressee, LetterKind, PostOffice, reachable_address, slot_of
from defense.services.transaction import begin_write
from defense.settings import Settings

DAY_HOUR = time(10)
"""In Beijing time: offices in Xinjiang open at ten."""
SOON = timedelta(minutes=30)
"""Before a sitting, or before a candidate's check-in."""
TOO_LATE_FOR_DAY = timedelta(hours=2)
"""A reminder of the day before that an outage held up is left to the other one from then on."""
JUST_TOLD = timedelta(hours=24)
"""Who was told within this time needs no reminder of the day before yet."""


@dataclass(frozen=True)
class ReminderSummary:
    """What one turn queued, in letters, and why reminders of some day could not be counted out."""

    day: int = 0
    soon: int = 0
    problems: tuple[Text, ...] = ()


def reminded_until(now: datetime, rules: RoundRules) -> datetime:
    """The moment before which every start has had its reminder of the day before.

    At ten on a working day people are reminded of everything up to the end of the next one, so of a Monday on
    Friday, and of the days of a holiday on the last working day before it.

    Raises
    ------
    InvalidInput
        The working calendar of a year between is not known.
    """
    calendar = ChineseWorkingCalendar(rules.extra_days_off)
    local = now.astimezone(BEIJING)
    day = local.date()
    if local.time() < DAY_HOUR or not calendar.is_working_day(day):
        day = working_days_before(day, 1, calendar)
    next_working_day = working_days_after(day, 1, calendar)
    return datetime.combine(next_working_day + timedelta(days=1), time(0), BEIJING)


def remind(
    session_factory: Callable[[], Session], settings: Settings, now_fn: Callable[[], datetime]
) -> ReminderSummary:
    """Queue the reminders that are due in all rounds, each round in a transaction of its own."""
    now = now_fn()
    with session_factory() as session:
        to_come = select(Invite.round_id).where(Invite.start_at > now, ~Invite.cancelled).distinct()
        round_ids = session.scalars(to_come).all()
    counts: Counter[NoticeKind] = Counter()
    problems: dict[str, Text] = {}
    for round_id in round_ids:
        with session_factory() as session:
            round_ = session.get_one(Round, round_id)
            due, problem = _due(session, round_, now)
            if problem is not None:
                problems[problem.en] = problem
            if due:
                begin_write(session)
                round_ = session.get_one(Round, round_id, with_for_update=True)
                # Asked again: who was moved, or reminded by another process, meanwhile is not due any more.
                due, _ = _due(session, round_, now)
                counts.update(_Reminder(session, round_, settings, now).queue(due))
                session.commit()
    return ReminderSummary(
        counts[NoticeKind.REMINDER_DAY], counts[NoticeKind.REMINDER_SOON], tuple(problems.values())
    )


def _due(
    session: Session, round_: Round, now: datetime
) -> tuple[list[tuple[Invite, NoticeKind]], Text | None]:
    """Live invites with the reminder that is due and was not queued for their present revision."""
    scheduling = round_.rules.scheduling
    due: list[tuple[Invite, NoticeKind]] = []
    check_in = timedelta(minutes=round_.rules.defence.check_in_min)
    if scheduling.remind_soon:
        for lead, is_candidate in ((check_in, True), (timedelta(0), False)):
            of_them = (
                Account.application_id.is_not(None) if is_candidate else Account.application_id.is_(None)
            )
            until = now + SOON + lead
            due += _unreminded(
                session, round_, now, NoticeKind.REMINDER_SOON, [of_them, Invite.start_at <= until]
            )
    if scheduling.remind_day:
        try:
            limit = reminded_until(now, round_.rules)
        except InvalidInput as error:
            # The reminders half an hour before need no calendar, and go all the same.
            return due, error.text
        conditions = [
            Invite.start_at > now + TOO_LATE_FOR_DAY,
            Invite.start_at < limit,
            Invite.stamped_at <= now - JUST_TOLD,
        ]
        due += _unreminded(session, round_, now, NoticeKind.REMINDER_DAY, conditions)
    return due, None


def _unreminded(
    session: Session,
    round_: Round,
    now: datetime,
    kind: NoticeKind,
    conditions: Sequence[ColumnElement[bool]],
) -> list[tuple[Invite, NoticeKind]]:
    key = literal(f"{kind}:") + cast(Invite.id, String) + ":" + cast(Invite.sequence, String)
    query = (
        select(Invite)
        .join(Invite.account)
        .where(
            Invite.round_id == round_.id,
            ~Invite.cancelled,
            Invite.start_at > now,
            *conditions,
            ~exists().where(OutboxMessage.once_key == key),
        )
        .options(joinedload(Invite.account))
        .order_by(Invite.start_at, Invite.id)
    )
    return [(invite, kind) for invite in session.scalars(query)]


def _key(invite: Invite, kind: NoticeKind) -> str:
    return f"{kind}:{invite.id}:{invite.sequence}"


class _Reminder:
    """Writes the reminders of one round."""

    def __init__(self, session: Session, round_: Round, settings: Settings, now: datetime) -> None:
        self._session, self._round, self._settings, self._now = session, round_, settings, now
        published = PublishedRound(session, round_)
        self._appointments = {appointment.key: appointment for appointment in published.appointments()}
        self._writer = notice_writer(session, round_, published)
        self._post = PostOffice(session, settings, now)

    def queue(self, due: Sequence[tuple[Invite, NoticeKind]]) -> list[NoticeKind]:
        """Queue them, and return those that were; who has no appointment or address any more gets none."""
        queued = []
        for invite, kind in due:
            appointment = self._appointments.get(key_of(invite))
            address = reachable_address(appointment.email, self._post.organizer) if appointment else None
            if (
                appointment is None
                or address is None
                or not invite_link_is_live(self._session, invite, self._now)
            ):
                continue
            link = self._settings.public_url + invite_link(invite, self._settings.secret_key)
            letter = self._post.queue(
                LetterKind(kind),
                Addressee(self._round.id, invite.account_id, Mailbox(appointment.name, address), invite),
                self._writer.write(kind, appointment, slot_of(invite), link, self._now),
                once_key=_key(invite, kind),
            )
            queued += [kind] if letter is not None else []
        return queued
