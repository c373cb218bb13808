"""Sending what is queued: order, retries, crashes and two senders at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, InvalidInput
from defense.integrations.mail import SmtpSender
from defense.integrations.smtp_answers import AnswerKind, SendAnswer
from defense.models import AuditEntry, MailDomain, OutboxMessage
from defense.services.invites.following import refresh_invites
from defense.services.invites.mail_throttle import BURST
from defense.services.invites.outbox import LEASE, MAX_ATTEMPTS, SendSummary, send_due
from defense.services.invites.outbox_care import forget_letters, give_up, send_again
from defense.services.transaction import begin_write
from defense.settings import Settings
from tests.invite_world import World
from tests.mail_server import MailServer

Sessions = Callable[[], Session]
ALI, LI = "ali@example.org", "li@163.com"


class Post:
    """The published round, its outbox and a clock that the tests move."""

    def __init__(self, world: World, settings: Settings, sessions: Sessions, server: MailServer) -> None:
        self.world, self.settings, self.sessions, self.server = world, settings, sessions, server
        self.now = world.sitting.start_at - timedelta(days=7)

    def publish(self) -> None:
        refresh_invites(self.world.session, self.world.round, self.settings, self.now)
        self.world.session.commit()

    def send(self, minutes: float = 0, limit: int = 200) -> SendSummary:
        self.now += timedelta(minutes=minutes)
        return send_due(self.sessions, [SmtpSender(self.server.url)], self.settings, lambda: self.now, limit)

    def messages(self, address: str) -> list[OutboxMessage]:
        with self.sessions() as session:
            return session.query(OutboxMessage).filter_by(to_address=address).order_by("id").all()

    def taken(self, address: str) -> list[bytes]:
        return [data for recipient, data in self.server.taken if recipient == address]

    def move(self, candidate: int = 0) -> None:
        begin_write(self.world.session)
        self.world.defences[candidate].start_at += timedelta(days=1)
        self.world.defences[candidate].end_at += timedelta(days=1)
        self.publish()


@pytest.fixture
def post(world: World, settings: Settings, sessions: Sessions, mail_server: MailServer) -> Iterator[Post]:
    post = Post(world, settings, sessions, mail_server)
    post.publish()
    yield post
    world.session.rollback()


def test_everything_goes_once_in_order_over_one_connection(post: Post) -> None:
    assert post.send() == SendSummary(sent=5)
    assert post.send() == SendSummary()
    addresses = [ALI, LI, "expert0@qq.com", "expert1@qq.com", "expert2@qq.com"]
    assert [recipient for recipient, _ in post.server.taken] == addresses
    assert post.server.connections == 1
    (message,) = post.messages(ALI)
    assert (message.state, message.attempts, message.sent_at) == ("sent", 1, post.now)
    assert message.claimed_until is None


def test_the_frozen_bytes_are_sent_each_time(post: Post) -> None:
    post.server.answers[ALI] = ["451 DT:SPM"]
    (queued,) = post.world.mails_to(ALI)
    frozen = queued.data
    post.send()
    post.send(minutes=2)
    assert post.taken(ALI) == [frozen]


def test_limit(post: Post) -> None:
    assert post.send(limit=2).sent == 2
    assert post.send(limit=2).sent == 2
    assert post.send(limit=2).sent == 1


def test_later_waits_longer_each_time(post: Post) -> None:
    post.server.answers[ALI] = ["450 4.2.1 try again"] * 6
    waits = []
    assert post.send() == SendSummary(sent=4, later=1)
    for _ in range(6):
        (message,) = post.messages(ALI)
        assert (message.state, message.last_answer) == ("queued", "450 4.2.1 try again")
        wait = message.next_attempt_at - post.now
        waits.append(wait / timedelta(minutes=1))
        assert post.send(minutes=waits[-1] - 0.01) == SendSummary()
        post.send(minutes=0.01)
    assert waits == [1, 2, 5, 15, 60, 60]
    (message,) = post.messages(ALI)
    assert (message.state, message.attempts) == ("sent", 7)


def test_after_a_day_it_has_failed(post: Post) -> None:
    began = post.now
    post.server.answers[ALI] = ["450 4.2.1 busy"] * (MAX_ATTEMPTS + 1)
    for _ in range(MAX_ATTEMPTS):
        post.send(minutes=0)
        (message,) = post.messages(ALI)
        post.now = max(post.now, message.next_attempt_at)
    assert (message.state, message.last_answer) == ("failed", "450 4.2.1 busy")
    assert timedelta(hours=23) < post.now - began < timedelta(hours=25)
    assert post.send(minutes=600) == SendSummary()
    assert len(post.server.answers[ALI]) == 1


def test_never_fails_at_once_with_the_servers_words(post: Post) -> None:
    post.server.answers[ALI] = ["550 Mailbox not found"]
    assert post.send() == SendSummary(sent=4, failed=1)
    (message,) = post.messages(ALI)
    assert (message.state, message.attempts, message.sent_at) == ("failed", 1, None)
    assert message.last_answer == "550 Mailbox not found"
    assert post.send(minutes=100) == SendSummary()


def test_a_domain_that_refuses_gets_a_rest(post: Post) -> None:
    post.server.answers["expert0@qq.com"] = ["550 Ip frequency limited"]
    assert post.send() == SendSummary(sent=2, later=1)
    assert [message.attempts for message in post.messages("expert1@qq.com")] == [0]
    assert post.send(minutes=1.9) == SendSummary()
    assert post.send(minutes=0.1) == SendSummary(sent=3)


def test_a_full_mailbox_does_not_stop_its_domain(post: Post) -> None:
    post.server.answers["expert0@qq.com"] = ["552 5.2.2 mailbox is full"]
    assert post.send() == SendSummary(sent=2, later=1)
    assert post.send() == SendSummary(sent=2)


def test_a_domain_is_written_to_no_faster_than_its_rate(post: Post) -> None:
    post.settings = replace(post.settings, mail_rates={"qq.com": 1})
    with post.sessions() as session:
        begin_write(session)
        session.add(MailDomain(domain="qq.com", next_at=post.now + timedelta(minutes=BURST - 2)))
        session.commit()
    assert post.send() == SendSummary(sent=4)
    assert post.send() == SendSummary()
    assert post.send(minutes=1) == SendSummary(sent=1)


def test_our_own_account_refused_is_nobodys_bounce(post: Post) -> None:
    post.server.sender_answers = ["501 mail from address must be same as authorization user"] * 2
    assert post.send() == SendSummary(later=1)
    assert {m.state for a in (ALI, LI) for m in post.messages(a)} == {"queued"}
    assert post.send() == SendSummary(later=1)


def test_staff_give_up_what_is_stuck_with_a_note(post: Post) -> None:
    post.server.answers[ALI] = ["550 Mailbox not found"]
    post.send()
    staff = post.world.staff_id()
    with post.sessions() as session:
        begin_write(session)
        message = session.query(OutboxMessage).filter_by(to_address=ALI).one()
        with pytest.raises(InvalidInput):
            give_up(session, message, "  ", post.now, staff)
        give_up(session, message, "已电话通知", post.now, staff)
        with pytest.raises(IllegalState):
            give_up(session, message, "已电话通知", post.now, staff)
        with pytest.raises(IllegalState):
            send_again(session, message, post.now, staff)
        session.commit()
    assert post.send(minutes=100) == SendSummary()
    assert [m.state for m in post.messages(ALI)] == ["given_up"]


def test_a_resend_is_the_same_bytes(post: Post) -> None:
    post.send()
    with post.sessions() as session:
        begin_write(session)
        message = session.query(OutboxMessage).filter_by(to_address=ALI).one()
        send_again(session, message, post.now, None)
        session.commit()
    assert post.send() == SendSummary(sent=1)
    first, second = post.taken(ALI)
    assert first == second


def test_bytes_are_sealed_and_forgotten_after_the_event(post: Post) -> None:
    with post.sessions() as session:
        sealed = session.query(OutboxMessage).filter_by(to_address=ALI).one().data
    (queued,) = post.world.mails_to(ALI)
    assert sealed
    assert not {line for line in queued.data.splitlines() if len(line) > 20 and line in sealed}
    post.send()
    with post.sessions() as session:
        begin_write(session)
        end_at = post.world.sitting.end_at
        assert forget_letters(session, end_at) == 0
        assert forget_letters(session, end_at + timedelta(days=15)) == 5
        session.commit()
        (kept,) = session.query(OutboxMessage).filter_by(to_address=ALI)
        with pytest.raises(IllegalState, match="deleted"):
            send_again(session, kept, post.now, None)


def test_several_connections_send_at_once_and_each_once(post: Post) -> None:
    post.server.delay_s = 0.2
    senders = [SmtpSender(post.server.url) for _ in range(3)]
    assert send_due(post.sessions, senders, post.settings, lambda: post.now) == SendSummary(sent=5)
    assert post.server.connections == 3
    assert len({recipient for recipient, _ in post.server.taken}) == len(post.server.taken) == 5


def test_another_secret_key_is_told_to_staff(post: Post) -> None:
    post.settings = replace(post.settings, secret_key="another")
    assert post.send() == SendSummary(failed=5)
    assert "SECRET_KEY" in (post.messages(ALI)[0].last_answer or "")


def test_without_a_server_the_rest_is_not_tried(post: Post) -> None:
    post.server.port = 1
    assert post.send() == SendSummary(later=1)
    attempts = [post.messages(address)[0].attempts for address in (ALI, LI)]
    assert attempts == [1, 0]


def test_retry_by_staff(post: Post) -> None:
    post.server.answers[ALI] = ["550 Mailbox not found"]
    post.send()
    with post.sessions() as session:
        begin_write(session)
        message = session.query(OutboxMessage).filter_by(to_address=ALI).one()
        send_again(session, message, post.now, None)
        assert (message.state, message.attempts) == ("queued", 0)
        with pytest.raises(IllegalState):
            send_again(session, message, post.now, None)
        session.commit()
        assert session.query(AuditEntry).filter_by(action="mail.retried").count() == 1
    assert post.send() == SendSummary(sent=1)


def test_an_older_revision_that_failed_is_not_revived(post: Post) -> None:
    post.server.answers[ALI] = ["550 Mailbox not found"]
    post.send()
    post.move()
    with post.sessions() as session, pytest.raises(IllegalState):
        old = session.query(OutboxMessage).filter_by(to_address=ALI, sequence=0).one()
        send_again(session, old, post.now, None)
    assert post.send() == SendSummary(sent=1)


def test_an_unsent_revision_is_superseded_by_the_next(post: Post) -> None:
    post.server.answers[ALI] = ["451 4.3.0 busy"]
    post.send()
    post.move()
    assert post.send() == SendSummary(sent=1, superseded=1)
    assert [(m.sequence, m.state) for m in post.messages(ALI)] == [(0, "superseded"), (1, "sent")]
    assert len(post.taken(ALI)) == 1
    assert post.send(minutes=100) == SendSummary()


def test_a_revision_waits_while_an_older_one_is_on_its_way(post: Post) -> None:
    class Overtaken(SmtpSender):
        """In the middle of sending the first revision, the second is published and a sender starts."""

        def send(self, to_address: str, data: bytes) -> SendAnswer:
            if to_address == ALI and not summaries:
                post.move()
                summaries.append(post.send())
            return super().send(to_address, data)

    summaries: list[SendSummary] = []
    send_due(post.sessions, [Overtaken(post.server.url)], post.settings, lambda: post.now)
    assert summaries == [SendSummary(sent=4)]  # everybody but the one under way
    assert [(m.sequence, m.state) for m in post.messages(ALI)] == [(0, "sent"), (1, "queued")]
    assert post.send() == SendSummary(sent=1)
    assert len(post.taken(ALI)) == 2
    assert len(post.server.taken) == 6


def test_a_revision_outdated_during_the_batch_is_not_sent(post: Post) -> None:
    class Republishing(SmtpSender):
        """While the first mail goes out, staff move the person whom the second one is for."""

        def send(self, to_address: str, data: bytes) -> SendAnswer:
            if to_address == ALI:
                post.move(candidate=1)
            return super().send(to_address, data)

    assert send_due(post.sessions, [Republishing(post.server.url)], post.settings, lambda: post.now).sent == 4
    assert post.taken(LI) == []
    assert post.send() == SendSummary(sent=1, superseded=1)
    assert [(m.sequence, m.state) for m in post.messages(LI)] == [(0, "superseded"), (1, "sent")]


class Crash(BaseException):
    """The process dies here."""


class CrashingSender(SmtpSender):
    """Hands the second message over and dies before it can say so."""

    sent = 0

    def send(self, to_address: str, data: bytes) -> SendAnswer:
        answer = super().send(to_address, data)
        assert answer.kind is AnswerKind.SENT
        self.sent += 1
        if self.sent == 2:
            raise Crash
        return answer


def test_a_crash_repeats_one_message_at_most(post: Post) -> None:
    with pytest.raises(Crash):
        send_due(post.sessions, [CrashingSender(post.server.url)], post.settings, lambda: post.now)
    assert post.send() == SendSummary(sent=3)
    assert post.send(minutes=LEASE / timedelta(minutes=1)) == SendSummary(sent=1)
    recipients = [recipient for recipient, _ in post.server.taken]
    assert recipients.count(LI) == 2
    assert len(recipients) == 6
    assert len(set(post.taken(LI))) == 1  # the very same bytes: the reader's calendar sees no second event


def test_two_senders_at_once_send_each_message_once(post: Post) -> None:
    post.server.delay_s = 0.03
    summaries: list[SendSummary] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        summaries.append(
            send_due(post.sessions, [SmtpSender(post.server.url)], post.settings, lambda: post.now)
        )

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(summary.sent for summary in summaries) == 5
    assert len({recipient for recipient, _ in post.server.taken}) == len(post.server.taken) == 5


def test_no_transaction_is_open_while_the_server_thinks(post: Post) -> None:
    class Writing(SmtpSender):
        """Another writer of the database comes by during every conversation."""

        def send(self, to_address: str, data: bytes) -> SendAnswer:
            with post.sessions() as session:
                session.connection().exec_driver_sql("PRAGMA busy_timeout=0")
                session.query(OutboxMessage).filter_by(to_address="x").delete()
                session.commit()
                session.connection().exec_driver_sql("PRAGMA busy_timeout=10000")
            return super().send(to_address, data)

    assert send_due(
        post.sessions, [Writing(post.server.url)], post.settings, lambda: post.now
    ) == SendSummary(sent=5)


def test_clock_is_asked_for_every_message(post: Post) -> None:
    moments = iter(post.now + timedelta(minutes=i) for i in range(100))

    def tick() -> datetime:
        return next(moments)

    send_due(post.sessions, [SmtpSender(post.server.url)], post.settings, tick)
    sent = [post.messages(address)[0].sent_at for address in (ALI, LI)]
    assert sent[0] is not None
    assert sent[1] is not None
    assert sent[0] < sent[1]
