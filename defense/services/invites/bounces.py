"""Mails that the first server took and a later one sent back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from defense.models import Invite, OutboxMessage, Round
from defense.services.audit import record_audit
from defense.services.invites.appointments import AppointmentKey, key_of
from defense.services.invites.outbox import MessageState
from defense.services.invites.post import STATE_METHODS


def message_of(session: Session, message_ids: Sequence[str]) -> OutboxMessage | None:
    """The mail of ours that a bounce is about, locked; the ids come most trusted first."""
    found = {
        message.message_id: message
        for message in session.scalars(
            select(OutboxMessage).where(OutboxMessage.message_id.in_(message_ids)).with_for_update()
        )
    }
    return next((found[id_] for id_ in message_ids if id_ in found), None)


def mark_bounced(session: Session, message: OutboxMessage, words: str) -> bool:
    """Note that a mail came back for good; the caller commits.

    Returns False, and changes nothing, for a mail that is waiting to be sent or on its way: what came back is
    an earlier copy of it, and the present one will speak for itself.

    Parameters
    ----------
    words : the server's own, with addresses masked.
    """
    if message.state == MessageState.BOUNCED:
        return True
    if message.state != MessageState.SENT:
        return False
    message.state, message.last_answer = MessageState.BOUNCED, words
    record_audit(session, "mail.bounced", f"outbox_message:{message.id}", {})
    return True


def note_delay(message: OutboxMessage, words: str) -> None:
    """Keep the server's words on a mail that it has not given up yet."""
    if message.state == MessageState.SENT:
        message.last_answer = words


def bounced_keys(session: Session, round_: Round) -> set[AppointmentKey]:
    """The appointments whose newest invite came back, and who has not answered it nevertheless."""
    newer = aliased(OutboxMessage)
    newer_exists = exists().where(
        newer.invite_id == OutboxMessage.invite_id,
        newer.method.in_(STATE_METHODS),
        newer.id > OutboxMessage.id,
    )
    invites = session.scalars(
        select(Invite)
        .join(OutboxMessage, OutboxMessage.invite_id == Invite.id)
        .where(
            Invite.round_id == round_.id,
            Invite.cancelled.is_(False),
            Invite.answer.is_(None),
            OutboxMessage.method == "REQUEST",
            OutboxMessage.state == MessageState.BOUNCED,
            OutboxMessage.settled_by_id.is_(None),
            ~newer_exists,
        )
    )
    return {key_of(invite) for invite in invites}
