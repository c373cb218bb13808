"""Letters about answers: asking for the one that has not come, and telling that the time stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.integrations.calendar_file import DECLINE_COUNTER, CalendarEvent, build_decline_counter
from defense.integrations.mail import Mailbox
from defense.integrations.notice_wordings import NoticeKind
from defense.integrations.notices import LOCATION, RenderedNotice
from defense.models import Invite, InviteReply, OutboxMessage, Round
from defense.services.access import invite_link, invite_link_is_live
from defense.services.audit import record_audit
from defense.services.invites.appointments import Appointment, PublishedRound, key_of
from defense.services.invites.bounces import bounced_keys
from defense.services.invites.notice_writing import notice_writer
from defense.services.invites.post import STATE_METHODS, Addressee, LetterKind, PostOffice, slot_of
from defense.services.invites.replies import Via, keep_time
from defense.settings import Settings


class AnswerOffice:
    """Queues letters about the answers of one round in the caller's transaction.

    Parameters
    ----------
    now : aware.
    """

    def __init__(self, session: Session, round_: Round, settings: Settings, now: datetime) -> None:
        # Two clerks at once would each find that nothing was queued yet.
        session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())
        self._session, self._round, self._settings, self._now = session, round_, settings, now
        self._post = PostOffice(session, settings, now)
        self._published = PublishedRound(session, round_)
        self._writer = notice_writer(session, round_, self._published)

    def remind(self, invite: Invite, account_id: int) -> bool:
        """Ask one person for the answer; False if they were asked today, or cannot be. The caller commits."""
        queued = key_of(invite) not in bounced_keys(self._session, self._round) and self._remind(invite)
        if queued:
            record_audit(self._session, "invite.reminded", f"invite:{invite.id}", {}, account_id)
        return queued

    def remind_all(self, account_id: int) -> int:
        """Ask everybody who has not answered and can be reached; how many letters. The caller commits."""
        bounced = bounced_keys(self._session, self._round)
        waiting = self._session.scalars(
            select(Invite)
            .where(
                Invite.round_id == self._round.id,
                Invite.cancelled.is_(False),
                Invite.answer.is_(None),
                Invite.start_at > self._now,
            )
            .order_by(Invite.start_at, Invite.id)
        )
        queued = sum(self._remind(invite) for invite in waiting.all() if key_of(invite) not in bounced)
        if queued:
            detail = {"reminded": queued}
            record_audit(self._session, "invites.reminded", f"round:{self._round.id}", detail, account_id)
        return queued

    def keep_time(self, request: InviteReply, account_id: int) -> bool:
        """Settle a request for another time: the time stays, and the person is told. The caller commits.

        Returns False, and changes nothing, when somebody else has settled it. A proposal that came by mail is
        answered as calendars do it (DECLINECOUNTER), every other one by a plain letter.

        Raises
        ------
        IllegalState
            The appointment is off.
        """
        invite = request.invite
        self._session.execute(select(Invite.id).where(Invite.id == invite.id).with_for_update())
        self._session.refresh(request)
        if request.settled_as is not None:
            return False
        if invite.cancelled:
            raise IllegalState(Text("该安排已取消。", "The appointment is off."))
        keep_time(self._session, request, self._now, account_id)
        appointment = self._published.appointment_of(invite)
        notice = self._write(NoticeKind.TIME_STAYS, appointment, invite)
        by_mail = request.via == Via.MAIL
        recipient = Mailbox(appointment.name, self._address_of(invite))
        self._post.queue(
            LetterKind.TIME_STAYS,
            Addressee(self._round.id, invite.account_id, recipient, invite),
            notice,
            self._decline_counter(invite, recipient, notice) if by_mail else b"",
            DECLINE_COUNTER if by_mail else None,
            once_key=f"time_stays:{request.id}",
        )
        return True

    def _remind(self, invite: Invite) -> bool:
        is_over = invite.cancelled or invite.start_at <= self._now
        if is_over or invite.answer is not None or not self._link(invite):
            return False
        appointment = self._published.appointment_of(invite)
        day = self._now.astimezone(BEIJING).date().isoformat()
        message = self._post.queue(
            LetterKind.PLEASE_CONFIRM,
            Addressee(
                self._round.id,
                invite.account_id,
                Mailbox(appointment.name, self._address_of(invite)),
                invite,
            ),
            self._write(NoticeKind.PLEASE_CONFIRM, appointment, invite),
            once_key=f"please_confirm:{invite.id}:{invite.sequence}:{day}",
        )
        return message is not None

    def _write(self, kind: NoticeKind, appointment: Appointment, invite: Invite) -> RenderedNotice:
        return self._writer.write(kind, appointment, slot_of(invite), self._link(invite), self._now)

    def _link(self, invite: Invite) -> str:
        """The link of the invite itself; none where staff have revoked it."""
        if not invite_link_is_live(self._session, invite, self._now):
            return ""
        return self._settings.public_url + invite_link(invite, self._settings.secret_key)

    def _address_of(self, invite: Invite) -> str:
        """Where the invite went: only there its event can be found."""
        addresses: Sequence[str] = self._session.scalars(
            select(OutboxMessage.to_address)
            .where(OutboxMessage.invite_id == invite.id, OutboxMessage.method.in_(STATE_METHODS))
            .order_by(OutboxMessage.id.desc())
            .limit(1)
        ).all()
        return addresses[0]

    def _decline_counter(self, invite: Invite, recipient: Mailbox, notice: RenderedNotice) -> bytes:
        organizer = self._post.organizer
        return build_decline_counter(
            CalendarEvent(
                uid=invite.uid,
                sequence=invite.sequence,
                stamped_at=self._now.replace(microsecond=0),
                start_at=invite.start_at,
                end_at=invite.end_at,
                summary=notice.summary,
                description="",
                location=str(LOCATION),
                url="",
                organizer_name=organizer.name,
                organizer_address=organizer.address,
                attendee_name=recipient.name,
                attendee_address=recipient.address,
            )
        )
