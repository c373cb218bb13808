"""Who has to be where: what was published, read as one appointment per person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from defense.domain.identity import mask_name
from defense.domain.lifecycle import FINAL_STATES, UNSEATED_STATES, DefenceState
from defense.domain.people import Period
from defense.integrations.notice_wordings import Audience
from defense.models import (
    Account,
    Application,
    Defence,
    Expert,
    Invite,
    NamedAttendee,
    Panel,
    Round,
    Sitting,
    SittingMember,
)
from defense.services.access import accounts_of

AppointmentKey = tuple[int, int | None, int | None]
"""Account, defence (of a candidate or an attendee), sitting (of a panelist or a secretary)."""

_DECIDED_STATES = FINAL_STATES - {DefenceState.CANCELLED}
"""The defence took its course, so there is nothing left to invite to or to call off."""


Person = Application | Expert | Account
"""Whose record says where to write to: an office account is its own record."""


@dataclass(frozen=True)
class Appointment:
    """A time at which one person has to be there.

    `defence` is what a candidate or a named attendee comes for; None for a panelist and a secretary.
    """

    account: Account
    person: Person
    sitting: Sitting
    defence: Defence | None

    @property
    def key(self) -> AppointmentKey:
        """What tells it from every other one, and finds its invite."""
        if self.defence is not None:
            return self.account.id, self.defence.id, None
        return self.account.id, None, self.sitting.id

    @property
    def audience(self) -> Audience:
        """What the person is there."""
        if isinstance(self.person, Application):
            return Audience.CANDIDATE
        if isinstance(self.person, Account):
            return Audience.SECRETARY
        return Audience.PANELIST if self.defence is None else Audience.ATTENDEE

    @property
    def slot(self) -> Period:
        """The slot of a defence, or the whole sitting."""
        source = self.sitting if self.defence is None else self.defence
        return Period(source.start_at, source.end_at)

    @property
    def name(self) -> str:
        """The person's name."""
        return self.person.display_name if isinstance(self.person, Account) else self.person.name

    @property
    def email(self) -> str:
        """The address in the person's record, whatever it may be worth."""
        return self.person.email

    @property
    def phone(self) -> str:
        """The telephone number in the person's record; the office has none here."""
        return "" if isinstance(self.person, Account) else self.person.phone

    @property
    def number(self) -> str:
        """What staff know the person by."""
        person = self.person
        return person.username or "" if isinstance(person, Account) else person.number

    @property
    def masked_name(self) -> str:
        """Enough for staff to find the person: `张*（A0001）`."""
        return f"{mask_name(self.name)}（{self.number}）"


def key_of(invite: Invite) -> AppointmentKey:
    """The key of the appointment that an invite is for."""
    return invite.account_id, invite.defence_id, invite.sitting_id


class PublishedRound:
    """The sittings, members and defences of a round, read afresh rather than through loaded relationships."""

    def __init__(self, session: Session, round_: Round) -> None:
        session.flush()
        self._session = session
        sittings = (
            select(Sitting)
            .where(Sitting.round_id == round_.id)
            .options(joinedload(Sitting.panel).joinedload(Panel.secretary))
        )
        self._sittings = {sitting.id: sitting for sitting in session.scalars(sittings)}
        self._members = session.scalars(
            select(SittingMember)
            .join(Sitting, Sitting.id == SittingMember.sitting_id)
            .where(Sitting.round_id == round_.id)
            .options(joinedload(SittingMember.expert))
            .order_by(SittingMember.sitting_id, SittingMember.expert_id)
        ).all()
        self._members_of: dict[int, list[SittingMember]] = {id_: [] for id_ in self._sittings}
        for member in self._members:
            self._members_of[member.sitting_id].append(member)
        defences = session.scalars(
            select(Defence)
            .join(Sitting, Sitting.id == Defence.sitting_id)
            .where(Sitting.round_id == round_.id)
            .options(
                joinedload(Defence.application)
                .selectinload(Application.attendees)
                .joinedload(NamedAttendee.expert)
            )
            .order_by(Defence.start_at, Defence.id)
        )
        self._defences = {defence.id: defence for defence in defences}
        self._heard: dict[int, list[Defence]] = {id_: [] for id_ in self._sittings}
        for defence in self._defences.values():
            if defence.state not in {DefenceState.CANCELLED} | UNSEATED_STATES:
                self._heard[defence.sitting_id].append(defence)

        candidates = [defence.application for defence in self._defences.values()]
        attendees = [attendee.expert for candidate in candidates for attendee in candidate.attendees]
        panelists = [member.expert for member in self._members]
        self._accounts = accounts_of(session, {*candidates, *attendees, *panelists})

    def appointments(self) -> Iterator[Appointment]:
        """Everything that is still to come: candidates with attendees, then panelists, then secretaries."""
        on = [defence for defence in self._defences.values() if self._is_on(defence)]
        for defence in on:
            yield self._of_candidate(defence)
            panelists = {member.expert_id for member in self._members_of[defence.sitting_id]}
            for attendee in defence.application.attendees:
                if attendee.expert_id not in panelists:
                    yield self._of_attendee(defence, attendee.expert)
        held = {defence.sitting_id for defence in on}
        for member in self._members:
            if member.sitting_id in held:
                yield self._of_expert(self._sittings[member.sitting_id], member.expert)
        for sitting_id in sorted(held):
            sitting = self._sittings[sitting_id]
            if sitting.panel.secretary is not None and sitting.panel.secretary.active:
                yield Appointment(sitting.panel.secretary, sitting.panel.secretary, sitting, None)

    def appointment_of(self, invite: Invite) -> Appointment:
        """What an invite was for, on or not."""
        account = invite.account
        if invite.defence_id is not None:
            defence = self._defences[invite.defence_id]
            if account.expert is not None:
                return self._of_attendee(defence, account.expert)
            return self._of_candidate(defence)
        if invite.sitting_id is None:
            raise ValueError(f"invite {invite.id} is for neither a defence nor a sitting")
        sitting = self._sittings[invite.sitting_id]
        return Appointment(account, account.expert or account, sitting, None)

    def place_of(self, defence: Defence) -> int | None:
        """Where a defence stands in the order of its sitting, from 1; None once it is off."""
        order = [heard.id for heard in self._heard[defence.sitting_id]]
        return order.index(defence.id) + 1 if defence.id in order else None

    def candidate_count(self, sitting: Sitting) -> int:
        """How many candidates the sitting hears."""
        return len(self._heard[sitting.id])

    def is_over(self, invite: Invite) -> bool:
        """Whether what the invite was for has been held: then nobody is told anything any more."""
        if invite.defence_id is not None:
            return self._defences[invite.defence_id].state in _DECIDED_STATES
        heard = self._heard[invite.sitting_id or 0]
        return bool(heard) and all(defence.state in _DECIDED_STATES for defence in heard)

    def _is_on(self, defence: Defence) -> bool:
        off = defence.state in FINAL_STATES | UNSEATED_STATES
        return not off and not self._sittings[defence.sitting_id].cancelled

    def _of_candidate(self, defence: Defence) -> Appointment:
        account = self._accounts[defence.application]
        return Appointment(account, defence.application, self._sittings[defence.sitting_id], defence)

    def _of_attendee(self, defence: Defence, expert: Expert) -> Appointment:
        return Appointment(self._accounts[expert], expert, self._sittings[defence.sitting_id], defence)

    def _of_expert(self, sitting: Sitting, expert: Expert) -> Appointment:
        return Appointment(self._accounts[expert], expert, sitting, None)
