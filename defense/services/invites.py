"""Keeping everybody's invite in step with what was published.

One invite is one calendar event of one person. `refresh_invites` compares what each person should have with
what they were last told, and queues a mail for every difference; nothing is sent here.

Source: invites.md "A right invite".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.integrations.calendar_file import CalendarEvent, build_calendar
from defense.integrations.mail import Letter, Mailbox, build_message, parse_mailbox, usable_address
from defense.integrations.notices import (
    LOCATION,
    CandidateNotice,
    NoticeKind,
    PanelistNotice,
    RenderedNotice,
    render_candidate_notice,
    render_panelist_notice,
)
from defense.models import Account, Expert, Invite, OutboxMessage, Round
from defense.models.types import random_id
from defense.services.access import issue_link, revoke_invite_links
from defense.services.appointments import Appointment, PublishedRound, key_of
from defense.services.audit import record_audit
from defense.settings import Settings


@dataclass(frozen=True)
class InviteSummary:
    """What a refresh did, in invites; `without_address` names, masked, whom staff must telephone."""

    created: int
    updated: int
    cancelled: int
    unchanged: int
    without_address: tuple[str, ...]


def refresh_invites(session: Session, round_: Round, settings: Settings, now: datetime) -> InviteSummary:
    """Queue mails until every invite of a round says what is published.

    Candidates are invited to their defences, panelists to their sittings. A defence that is decided, and a
    sitting whose defences all are, is left as it is. The caller commits.

    Parameters
    ----------
    now : aware; the DTSTAMP of new revisions, unless that would not be newer than the last one.
    """
    # Two refreshes at once would give one sequence number to two revisions.
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())
    published = PublishedRound(session, round_)
    clerk = _Clerk(session, round_, settings, now, parse_mailbox(settings.mail_from), published)
    existing = {
        key_of(invite): invite
        for invite in session.scalars(select(Invite).where(Invite.round_id == round_.id).order_by(Invite.id))
    }
    ids: dict[str, list[int]] = {"created": [], "updated": [], "cancelled": []}
    unchanged, kept, unreachable = 0, set(), {}
    for appointment in published.appointments():
        if clerk.address_of(appointment) is None:
            unreachable[appointment.account.id] = appointment.masked_name
            continue
        kept.add(appointment.key)
        invite = existing.get(appointment.key)
        if invite is None:
            ids["created"].append(clerk.create(appointment).id)
        elif invite.cancelled or invite.content_digest != clerk.digest(appointment):
            clerk.update(invite, appointment)
            ids["updated"].append(invite.id)
        else:
            unchanged += 1
    for key, invite in existing.items():
        if key not in kept and not invite.cancelled and not published.is_over(invite):
            clerk.cancel(invite)
            ids["cancelled"].append(invite.id)
    if any(ids.values()):
        record_audit(session, "invites.refreshed", f"round:{round_.id}", ids)
    return InviteSummary(
        created=len(ids["created"]),
        updated=len(ids["updated"]),
        cancelled=len(ids["cancelled"]),
        unchanged=unchanged,
        without_address=tuple(unreachable.values()),
    )


def people_to_telephone(session: Session, round_: Round, settings: Settings) -> list[Appointment]:
    """One appointment, the earliest, of everybody who has one to come and no address to be told of it at."""
    organizer = parse_mailbox(settings.mail_from)
    unreachable: dict[int, Appointment] = {}
    for appointment in PublishedRound(session, round_).appointments():
        if _address_of(appointment, organizer) is None:
            known = unreachable.setdefault(appointment.account.id, appointment)
            if appointment.slot.start_at < known.slot.start_at:
                unreachable[appointment.account.id] = appointment
    return list(unreachable.values())


def _address_of(appointment: Appointment, organizer: Mailbox) -> str | None:
    """Where to write to; the organiser's own mailbox does not count, calendars would not ask it."""
    address = usable_address(appointment.email)
    own = address is not None and address.lower() == organizer.address.lower()
    return None if own else address


@dataclass(frozen=True)
class _Clerk:
    """Writes revisions of invites and queues their mails, for one refresh of one round."""

    session: Session
    round: Round
    settings: Settings
    now: datetime
    organizer: Mailbox
    published: PublishedRound

    def address_of(self, appointment: Appointment) -> str | None:
        """Where to write to, if anywhere."""
        return _address_of(appointment, self.organizer)

    def digest(self, appointment: Appointment) -> str:
        """Of what matters to the reader.

        Neither the number of candidates nor the place in the order is in it: one neighbour's move changes
        them, and would write to the whole sitting again.
        """
        person, slot = appointment.person, appointment.slot
        facts = [
            person.name,
            self.address_of(appointment),
            person.series,
            None if isinstance(person, Expert) else person.specialty,
            person.level,
            appointment.sitting.id,
            appointment.sitting.panel.name,
            appointment.sitting.meeting_key,
            slot.start_at.isoformat(),
            slot.end_at.isoformat(),
            self.round.rules.defence.check_in_min if appointment.defence else None,
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def create(self, appointment: Appointment) -> Invite:
        """A person's first invite to this: sequence 0."""
        account_id, defence_id, sitting_id = appointment.key
        invite = Invite(
            round_id=self.round.id,
            account_id=account_id,
            defence_id=defence_id,
            sitting_id=sitting_id,
            uid=f"{random_id()}@{urlsplit(self.settings.public_url).hostname}",
            sequence=0,
            content_digest=self.digest(appointment),
            stamped_at=self.now.replace(microsecond=0),
            start_at=appointment.slot.start_at,
            end_at=appointment.slot.end_at,
        )
        self.session.add(invite)
        self.session.flush()
        self._queue(invite, appointment, NoticeKind.INVITE, str(self.address_of(appointment)), None)
        return invite

    def update(self, invite: Invite, appointment: Appointment) -> None:
        """The next revision of the same event; whoever had it at an old address loses it there."""
        kind = NoticeKind.CHANGE
        previous: Period | None = Period(invite.start_at, invite.end_at)
        if not invite.cancelled and self._last_address(invite) != self.address_of(appointment):
            self.cancel(invite)
        if invite.cancelled:
            kind, previous = NoticeKind.INVITE, None
        self._start_revision(invite)
        invite.cancelled = False
        invite.content_digest = self.digest(appointment)
        invite.start_at, invite.end_at = appointment.slot.start_at, appointment.slot.end_at
        self._queue(invite, appointment, kind, str(self.address_of(appointment)), previous)

    def cancel(self, invite: Invite) -> None:
        """Take the event out of the calendar it was sent to, whoever sits there now."""
        address = self._last_address(invite)
        self._start_revision(invite)
        invite.cancelled = True
        self._queue(invite, self.published.appointment_of(invite), NoticeKind.CANCEL, address, None)

    def _start_revision(self, invite: Invite) -> None:
        revoke_invite_links(self.session, invite, self.now)
        invite.sequence += 1
        # DTSTAMP counts whole seconds, and a reader drops what is not newer.
        invite.stamped_at = max(self.now.replace(microsecond=0), invite.stamped_at + timedelta(seconds=1))

    def _last_address(self, invite: Invite) -> str:
        newest = select(OutboxMessage.to_address).where(OutboxMessage.invite_id == invite.id)
        return self.session.scalars(newest.order_by(OutboxMessage.id.desc()).limit(1)).one()

    def _queue(
        self,
        invite: Invite,
        appointment: Appointment,
        kind: NoticeKind,
        address: str,
        previous: Period | None,
    ) -> None:
        cancelled = kind is NoticeKind.CANCEL
        link = "" if cancelled else self._new_link(invite, appointment.account)
        notice = self._render(invite, appointment, kind, link, previous)
        recipient = Mailbox(appointment.person.name, address)
        event = self._event(invite, recipient, notice, link)
        domain = self.organizer.address.partition("@")[2]
        letter = Letter(
            sender=self.organizer,
            recipient=recipient,
            subject=notice.subject,
            text=notice.text,
            html=notice.html,
            calendar=build_calendar(event),
            method=event.method,
            message_id=f"<{random_id()}@{domain}>",
            written_at=self.now,
        )
        self.session.add(
            OutboxMessage(
                invite=invite,
                to_address=address,
                message_id=letter.message_id,
                method=event.method,
                sequence=invite.sequence,
                data=build_message(letter),
                next_attempt_at=self.now,
                queued_at=self.now,
            )
        )

    def _new_link(self, invite: Invite, account: Account) -> str:
        expires_at = max(self.now, invite.end_at) + timedelta(days=self.settings.link_days)
        return self.settings.public_url + issue_link(self.session, account, expires_at, invite)

    def _event(self, invite: Invite, recipient: Mailbox, notice: RenderedNotice, link: str) -> CalendarEvent:
        lead_min = self.round.rules.defence.check_in_min if invite.defence_id else 0
        return CalendarEvent(
            uid=invite.uid,
            sequence=invite.sequence,
            stamped_at=invite.stamped_at,
            start_at=invite.start_at,
            end_at=invite.end_at,
            summary=notice.summary,
            description=notice.text,
            location=str(LOCATION),
            url=link,
            organizer_name=self.organizer.name,
            organizer_address=self.organizer.address,
            attendee_name=recipient.name,
            attendee_address=recipient.address,
            alarm_min=30 + lead_min,
            cancelled=invite.cancelled,
        )

    def _render(
        self,
        invite: Invite,
        appointment: Appointment,
        kind: NoticeKind,
        link: str,
        previous: Period | None,
    ) -> RenderedNotice:
        rules, person = self.round.rules, appointment.person
        slot = Period(invite.start_at, invite.end_at)
        if isinstance(person, Expert):
            return render_panelist_notice(
                PanelistNotice(
                    kind=kind,
                    round_name=rules.name,
                    name=person.name,
                    panel=appointment.sitting.panel.name,
                    slot=slot,
                    previous=previous,
                    written_at=self.now,
                    candidate_count=self.published.candidate_count(appointment.sitting),
                    link=link,
                    telephones=rules.telephones,
                    support_telephones=rules.support_telephones,
                )
            )
        return render_candidate_notice(
            CandidateNotice(
                kind=kind,
                round_name=rules.name,
                name=person.name,
                series=person.series,
                specialty=person.specialty,
                level=LEVEL_TEXT[Level(person.level)],
                panel=appointment.sitting.panel.name,
                slot=slot,
                place=self._place_of(appointment, kind),
                previous=previous,
                check_in_at=slot.start_at - timedelta(minutes=rules.defence.check_in_min),
                written_at=self.now,
                link=link,
                telephones=rules.telephones,
                support_telephones=rules.support_telephones,
            )
        )

    def _place_of(self, appointment: Appointment, kind: NoticeKind) -> int | None:
        if appointment.defence is None or kind is NoticeKind.CANCEL:
            return None
        return self.published.place_of(appointment.defence)
