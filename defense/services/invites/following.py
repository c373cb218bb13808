"""Keeping everybody's invite in step with what was published.

One invite is one calendar event of one person. `refresh_invites` compares what each person should have with
what they were last told, and queues a mail for every difference; nothing is sent here.

Source: invites.md "A right invite" and "Life".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from defense.domain.people import Period
from defense.integrations.calendar_file import CalendarEvent, build_calendar
from defense.integrations.mail import Mailbox, parse_mailbox
from defense.integrations.notice_wordings import NoticeKind
from defense.integrations.notices import LOCATION, RenderedNotice
from defense.models import Application, Invite, Round
from defense.models.types import random_id
from defense.services.access import issue_invite_link, revoke_invite_links
from defense.services.audit import record_audit
from defense.services.invites.appointments import Appointment, PublishedRound, key_of
from defense.services.invites.bounces import bounced_keys
from defense.services.invites.notice_writing import NoticeWriter, notice_writer
from defense.services.invites.outbox import MessageState
from defense.services.invites.post import (
    STATE_METHODS,
    Addressee,
    LetterKind,
    PostOffice,
    reachable_address,
    slot_of,
)
from defense.services.invites.replies import forget_answer
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

    Candidates and named attendees are invited to their defences, panelists and secretaries to their sittings.
    A defence that is decided, and a sitting whose defences all are, is left as it is. The caller commits.

    Parameters
    ----------
    now : aware; the DTSTAMP of new revisions, unless that would not be newer than the last one.
    """
    # Two refreshes at once would give one sequence number to two revisions.
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())
    published = PublishedRound(session, round_)
    post, writer = PostOffice(session, settings, now), notice_writer(session, round_, published)
    clerk = _Clerk(session, round_, settings, now, post, published, writer)
    existing = {
        key_of(invite): invite
        for invite in session.scalars(
            select(Invite)
            .where(Invite.round_id == round_.id)
            .order_by(Invite.id)
            # A sender holds an invite's row while it claims its mail.
            .with_for_update(of=Invite)
            .options(joinedload(Invite.account), selectinload(Invite.messages))
        )
    }
    ids: dict[str, list[int]] = {"created": [], "updated": [], "cancelled": []}
    unchanged, kept, unreachable = 0, set(), {}
    new: list[tuple[Appointment, Invite]] = []
    for appointment in published.appointments():
        if clerk.address_of(appointment) is None:
            unreachable[appointment.account.id] = appointment.masked_name
            continue
        kept.add(appointment.key)
        invite = existing.get(appointment.key)
        if invite is None:
            new.append((appointment, clerk.start(appointment)))
        elif invite.cancelled or invite.content_digest != clerk.digest(appointment):
            clerk.update(invite, appointment)
            ids["updated"].append(invite.id)
        else:
            unchanged += 1
    session.flush()
    for appointment, invite in new:
        clerk.invite(invite, appointment)
        ids["created"].append(invite.id)
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
    """One appointment, the earliest, of everybody who has one to come and whom no mail of it can reach.

    Either there is no usable address, or the invite came back from it.
    """
    bounced = bounced_keys(session, round_)
    organizer = parse_mailbox(settings.mail_from)
    unreachable: dict[int, Appointment] = {}
    for appointment in PublishedRound(session, round_).appointments():
        if appointment.key in bounced or reachable_address(appointment.email, organizer) is None:
            known = unreachable.setdefault(appointment.account.id, appointment)
            if appointment.slot.start_at < known.slot.start_at:
                unreachable[appointment.account.id] = appointment
    return list(unreachable.values())


@dataclass(frozen=True)
class _Clerk:
    """Writes revisions of invites and queues their mails, for one refresh of one round."""

    session: Session
    round: Round
    settings: Settings
    now: datetime
    post: PostOffice
    published: PublishedRound
    writer: NoticeWriter

    def address_of(self, appointment: Appointment) -> str | None:
        """Where to write to, if anywhere."""
        return reachable_address(appointment.email, self.post.organizer)

    def digest(self, appointment: Appointment) -> str:
        """Of what matters to the reader.

        Neither the number of candidates nor the place in the order is in it: one neighbour's move changes
        them, and would write to the whole sitting again.
        """
        person, slot = appointment.person, appointment.slot
        facts = [
            appointment.name,
            self.address_of(appointment),
            *((person.series, person.specialty, person.level) if isinstance(person, Application) else ()),
            appointment.sitting.id,
            appointment.sitting.panel.name,
            appointment.sitting.meeting_key,
            slot.start_at.isoformat(),
            slot.end_at.isoformat(),
            self.writer.rules.defence.check_in_min if appointment.defence else None,
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def start(self, appointment: Appointment) -> Invite:
        """A person's first invite to this, sequence 0, without its mail: that needs the row's id."""
        account_id, defence_id, sitting_id = appointment.key
        invite = Invite(
            round_id=self.round.id,
            account_id=account_id,
            account=appointment.account,
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
        return invite

    def invite(self, invite: Invite, appointment: Appointment) -> None:
        """Queue the mail of a first invite."""
        self._queue(invite, appointment, NoticeKind.INVITE, str(self.address_of(appointment)), None)

    def update(self, invite: Invite, appointment: Appointment) -> None:
        """The next revision of the same event; whoever had it at an old address loses it there."""
        kind = NoticeKind.CHANGE
        previous: Period | None = slot_of(invite)
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
        """Take the event out of the calendar it was sent to, whoever sits there now.

        Who never got it is not written to: a cancellation of something unknown only frightens.
        """
        address = self._last_address(invite)
        never_left = self._withdraw_unsent(invite, address)
        self._start_revision(invite)
        invite.cancelled = True
        if not never_left:
            appointment = self.published.appointment_of(invite)
            self._queue(invite, appointment, NoticeKind.CANCEL, address, None)

    def _start_revision(self, invite: Invite) -> None:
        revoke_invite_links(self.session, invite, self.now)
        forget_answer(self.session, invite, self.now)
        invite.sequence += 1
        # DTSTAMP counts whole seconds, and a reader drops what is not newer.
        invite.stamped_at = max(self.now.replace(microsecond=0), invite.stamped_at + timedelta(seconds=1))

    def _last_address(self, invite: Invite) -> str:
        return next(m.to_address for m in reversed(invite.messages) if m.method in STATE_METHODS)

    def _withdraw_unsent(self, invite: Invite, address: str) -> bool:
        """Whether nothing about this event has left for that address; what waits is taken back then."""
        about_it = [m for m in invite.messages if m.to_address == address]
        untouched = (MessageState.QUEUED, MessageState.SUPERSEDED)
        for message in about_it:
            # A sender may have claimed it meanwhile: the row decides, not what was read.
            self.session.refresh(message, with_for_update=True)
            # A resend starts the attempts anew; the server's answer to the former ones stays.
            tried = message.attempts or message.claimed_until or message.last_answer or message.sent_at
            if tried or message.state not in untouched:
                return False
        for message in about_it:
            message.state, message.data = MessageState.SUPERSEDED, b""
        return True

    def _queue(
        self,
        invite: Invite,
        appointment: Appointment,
        kind: NoticeKind,
        address: str,
        previous: Period | None,
    ) -> None:
        cancelled = kind is NoticeKind.CANCEL
        link = "" if cancelled else self._new_link(invite)
        notice = self.writer.write(kind, appointment, slot_of(invite), link, self.now, previous)
        recipient = Mailbox(appointment.name, address)
        event = self._event(invite, recipient, notice, link)
        self.post.queue(
            LetterKind(kind),
            Addressee(self.round.id, appointment.account.id, recipient, invite),
            notice,
            build_calendar(event),
            event.method,
        )

    def _new_link(self, invite: Invite) -> str:
        expires_at = max(self.now, invite.end_at) + timedelta(days=self.settings.link_days)
        return self.settings.public_url + issue_invite_link(
            self.session, invite, expires_at, self.settings.secret_key
        )

    def _event(self, invite: Invite, recipient: Mailbox, notice: RenderedNotice, link: str) -> CalendarEvent:
        lead_min = self.writer.rules.defence.check_in_min if invite.defence_id else 0
        organizer = self.post.organizer
        return CalendarEvent(
            uid=invite.uid,
            sequence=invite.sequence,
            stamped_at=invite.stamped_at,
            start_at=invite.start_at,
            end_at=invite.end_at,
            summary=notice.summary,
            description=notice.description,
            location=str(LOCATION),
            url=link,
            organizer_name=organizer.name,
            organizer_address=organizer.address,
            attendee_name=recipient.name,
            attendee_address=recipient.address,
            alarm_min=30 + lead_min,
            cancelled=invite.cancelled,
        )
