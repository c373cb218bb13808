"""Who has to be where: what was published, read as one appointment per person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from defense.domain.identity import mask_name
from defense.domain.lifecycle import FINAL_STATES, UNSEATED_STATES, DefenceState
from defense.domain.people import Period
from defense.models import Account, Application, Defence, Expert, Invite, Round, Sitting, SittingMember
from defense.services.access import candidate_account, expert_account

AppointmentKey = tuple[int, int | None, int | None]
"""Account, defence (a candidate's), sitting (a panelist's)."""

_DECIDED_STATES = FINAL_STATES - {DefenceState.CANCELLED}
"""The defence took its course, so there is nothing left to invite to or to call off."""


@dataclass(frozen=True)
class Appointment:
    """A time at which one person has to be there; `defence` is None for a panelist."""

    account: Account
    person: Application | Expert
    sitting: Sitting
    defence: Defence | None

    @property
    def key(self) -> AppointmentKey:
        """What tells it from every other one, and finds its invite."""
        if self.defence is not None:
            return self.account.id, self.defence.id, None
        return self.account.id, None, self.sitting.id

    @property
    def slot(self) -> Period:
        """A candidate's slot, or a panelist's whole sitting."""
        source = self.sitting if self.defence is None else self.defence
        return Period(source.start_at, source.end_at)

    @property
    def email(self) -> str:
        """The address in the person's record, whatever it may be worth."""
        return self.person.email if isinstance(self.person, Expert) else self.person.record.email

    @property
    def masked_name(self) -> str:
        """Enough for staff to find the person: `张*（A0001）`."""
        return f"{mask_name(self.person.name)}（{self.person.number}）"


def key_of(invite: Invite) -> AppointmentKey:
    """The key of the appointment that an invite is for."""
    return invite.account_id, invite.defence_id, invite.sitting_id


class PublishedRound:
    """The sittings, members and defences of a round, read afresh rather than through loaded relationships."""

    def __init__(self, session: Session, round_: Round) -> None:
        session.flush()
        self._session = session
        sittings = select(Sitting).where(Sitting.round_id == round_.id).options(joinedload(Sitting.panel))
        self._sittings = {sitting.id: sitting for sitting in session.scalars(sittings)}
        self._members = session.scalars(
            select(SittingMember)
            .join(Sitting, Sitting.id == SittingMember.sitting_id)
            .where(Sitting.round_id == round_.id)
            .options(joinedload(SittingMember.expert))
            .order_by(SittingMember.sitting_id, SittingMember.expert_id)
        ).all()
        defences = session.scalars(
            select(Defence)
            .join(Sitting, Sitting.id == Defence.sitting_id)
            .where(Sitting.round_id == round_.id)
            .options(joinedload(Defence.application))
            .order_by(Defence.start_at, Defence.id)
        )
        self._defences = {defence.id: defence for defence in defences}
        self._heard: dict[int, list[Defence]] = {id_: [] for id_ in self._sittings}
        for defence in self._defences.values():
            if defence.state not in {DefenceState.CANCELLED} | UNSEATED_STATES:
                self._heard[defence.sitting_id].append(defence)

    def appointments(self) -> Iterator[Appointment]:
        """Everything that is still to come, candidates first."""
        for defence in self._defences.values():
            if self._is_on(defence):
                yield self._of_defence(defence)
        for member in self._members:
            if any(self._is_on(defence) for defence in self._heard[member.sitting_id]):
                yield self._of_expert(self._sittings[member.sitting_id], member.expert)

    def appointment_of(self, invite: Invite) -> Appointment:
        """What an invite was for, on or not."""
        if invite.defence_id is not None:
            return self._of_defence(self._defences[invite.defence_id])
        expert = invite.account.expert
        if expert is None or invite.sitting_id is None:
            raise ValueError(f"invite {invite.id} is for neither a defence nor an expert's sitting")
        return self._of_expert(self._sittings[invite.sitting_id], expert)

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

    def _of_defence(self, defence: Defence) -> Appointment:
        account = candidate_account(self._session, defence.application)
        return Appointment(account, defence.application, self._sittings[defence.sitting_id], defence)

    def _of_expert(self, sitting: Sitting, expert: Expert) -> Appointment:
        return Appointment(expert_account(self._session, expert), expert, sitting, None)
