"""Mails that came back, read from a real mailbox: what becomes of the outbox, and whom staff telephone."""

from __future__ import annotations

import pytest
from reply_office import ALI, LI, Office, dovecot, dovecot_server, office

from defense.models import AuditEntry, OutboxMessage
from defense.models.types import utc_now
from defense.services.invites.bounces import bounced_keys
from defense.services.invites.inbox import Verdict
from defense.services.invites.outbox import MessageState
from defense.services.invites.outbox_care import send_again
from defense.services.transaction import begin_write
from tests.answers import gmail, home_made_bounces, notification

__all__ = ["dovecot", "dovecot_server", "office"]


def test_a_bounce_for_good_means_telephoning(office: Office) -> None:
    message = office.message()
    assert message.state == MessageState.SENT and office.to_telephone() == []
    office.dovecot.deliver(notification(message.message_id, ALI))
    assert office.read() == {Verdict.BOUNCED: 1}
    message = office.message()
    assert message.state == MessageState.BOUNCED
    assert "5.1.1" in str(message.last_answer) and "a***@example.org" in str(message.last_answer)
    assert ALI not in str(message.last_answer)
    assert office.to_telephone() == ["买买提·艾力"]
    assert "mail.bounced" in {entry.action for entry in office.rows(AuditEntry)}


@pytest.mark.parametrize("server", ["qmail", "exim", "qq", "netease"])
def test_bounces_of_servers_with_ways_of_their_own(office: Office, server: str) -> None:
    office.dovecot.deliver(home_made_bounces(office.message().message_id, ALI)[server])
    assert office.read() == {Verdict.BOUNCED: 1}
    message = office.message()
    assert message.state == MessageState.BOUNCED and ALI not in str(message.last_answer)
    assert office.message(LI).state == MessageState.SENT


def test_a_delay_is_noted_and_changes_nothing(office: Office) -> None:
    office.dovecot.deliver(
        notification(office.message().message_id, ALI, "delayed", "4.4.1", "smtp; 451 try later")
    )
    assert office.read() == {Verdict.BOUNCED_LATER: 1}
    message = office.message()
    assert message.state == MessageState.SENT and "451 try later" in str(message.last_answer)
    assert office.to_telephone() == []


def test_a_bounced_mail_can_be_sent_again_and_its_old_bounce_does_not_stop_it(office: Office) -> None:
    first, second = (notification(office.message().message_id, ALI) for _ in range(2))
    office.dovecot.deliver(first)
    office.read()
    with office.sessions() as session:
        begin_write(session)
        send_again(session, session.get_one(OutboxMessage, office.message().id), utc_now(), None)
        session.commit()
    office.dovecot.deliver(second)
    assert office.read() == {Verdict.BOUNCED_LATER: 1}
    assert office.message().state == MessageState.QUEUED


def test_who_answered_or_got_a_newer_invite_need_not_be_telephoned(office: Office) -> None:
    office.dovecot.deliver(notification(office.message().message_id, ALI))
    office.read()
    with office.sessions() as session:
        assert bounced_keys(session, session.merge(office.world.round))
    office.move()
    assert office.to_telephone() == []
    office.dovecot.deliver(notification(office.message().message_id, ALI), gmail(office.said()))
    assert office.read() == {Verdict.BOUNCED: 1, Verdict.REPLY_TAKEN: 1}
    assert office.to_telephone() == []


def test_the_bounce_of_a_mail_that_is_not_ours_goes_to_staff(office: Office) -> None:
    office.dovecot.deliver(notification("<other@example.net>", ALI))
    assert office.read() == {Verdict.UNKNOWN_BOUNCE: 1}
    assert {m.state for m in office.rows(OutboxMessage)} == {MessageState.SENT}
