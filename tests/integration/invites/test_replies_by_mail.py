"""From the invite that was mailed to the answer in the reply mailbox, through a real mail server each way."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from reply_office import ALI, LI, MINUTE, WISHED, Office, dovecot, dovecot_server, office
from sqlalchemy import select

from defense.models import CandidateWish, Invite, InviteReply, ReceivedMail
from defense.services.invites.inbox import Verdict
from defense.services.invites.replies import Answer, Reply, Via, take_reply
from defense.services.transaction import begin_write
from tests.answers import PROGRAMS, gmail, outlook

__all__ = ["dovecot", "dovecot_server", "office"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_answer_of_every_program_arrives(office: Office, program: str) -> None:
    answers = {"ACCEPTED": Answer.ACCEPTED, "TENTATIVE": Answer.TENTATIVE, "DECLINED": Answer.DECLINED}
    for minutes, (partstat, answer) in enumerate(answers.items()):
        said = replace(office.said(partstat=partstat), comment=f"第{minutes}次")
        office.dovecot.deliver(PROGRAMS[program](said))
        assert office.read() == {Verdict.REPLY_TAKEN: 1}
        invite = office.invite()
        assert (invite.answer, invite.answered_at) == (answer, said.stamped_at)
    replies = office.rows(InviteReply)
    assert [(r.via, r.comment, r.sequence) for r in replies] == [("mail", f"第{i}次", 0) for i in range(3)]
    assert replies[-1].received_at == office.now, "received when it was read, not when it says it was written"
    assert office.dovecot.count("UNSEEN") == 0 and office.dovecot.count("SEEN") == 3


@pytest.mark.parametrize("program", PROGRAMS)
def test_asking_for_another_time_is_an_open_request_and_a_wish(office: Office, program: str) -> None:
    said = replace(office.said(partstat="DECLINED"), proposed=WISHED, comment="上午有课")
    office.dovecot.deliver(PROGRAMS[program](said))
    assert office.read() == {Verdict.COUNTER_TAKEN: 1}
    (reply,) = office.rows(InviteReply)
    assert (reply.answer, reply.settled_as, reply.comment) == (Answer.OTHER_TIME, None, "上午有课")
    assert (reply.proposed_start_at, reply.proposed_end_at) == (WISHED.start_at, WISHED.end_at)
    wishes = {(wish.kind, wish.start_at) for wish in office.rows(CandidateWish)}
    assert ("preferred", WISHED.start_at) in wishes and ("avoided", office.invite().start_at) in wishes


def test_the_newest_answer_holds_in_whatever_order_and_number_they_arrive(office: Office) -> None:
    partstats = ["TENTATIVE", "DECLINED", "ACCEPTED"]
    mails = [
        PROGRAMS[program](office.said(partstat=partstat, minutes=i))
        for i, (program, partstat) in enumerate(zip(PROGRAMS, partstats, strict=False))
    ]
    for order in itertools.permutations(mails):
        office.dovecot.empty()
        begin_write(office.world.session)
        for row in office.world.session.scalars(select(InviteReply)):
            office.world.session.delete(row)
        for mail in office.world.session.scalars(select(ReceivedMail)):
            office.world.session.delete(mail)
        invite = office.world.session.scalars(select(Invite).where(Invite.uid == office.invite().uid)).one()
        invite.answer = invite.answered_at = None
        office.world.session.commit()
        doubled = [*order, *order]
        random.Random(7).shuffle(doubled)
        office.dovecot.deliver(*doubled)
        verdicts = office.read()
        assert verdicts[Verdict.SEEN_BEFORE] == 3
        assert verdicts[Verdict.REPLY_TAKEN] + verdicts[Verdict.REPLY_LATE] == 3
        assert office.invite().answer == Answer.ACCEPTED


def test_an_answer_to_an_older_revision_comes_too_late(office: Office) -> None:
    old = office.said()
    office.now += timedelta(hours=1)
    office.move()
    office.dovecot.deliver(outlook(replace(old, stamped_at=office.now + MINUTE)))
    assert office.read() == {Verdict.REPLY_LATE: 1}
    assert office.invite().answer is None
    office.dovecot.deliver(gmail(office.said()))
    assert office.read() == {Verdict.REPLY_TAKEN: 1}
    assert office.invite().answer == Answer.ACCEPTED


def test_a_mail_from_before_the_click_cannot_overturn_it(office: Office) -> None:
    late = office.said(partstat="DECLINED", minutes=1)
    with office.sessions() as session:
        begin_write(session)
        invite = session.get_one(Invite, office.invite().id)
        clicked_at = office.now + 5 * MINUTE
        assert take_reply(session, invite, Reply(Answer.ACCEPTED, Via.PAGE, 0, clicked_at), clicked_at)
        session.commit()
    office.dovecot.deliver(outlook(late))
    assert office.read() == {Verdict.REPLY_LATE: 1}
    assert office.invite().answer == Answer.ACCEPTED


def test_an_answer_to_a_revision_that_was_never_sent_goes_to_staff(office: Office) -> None:
    office.dovecot.deliver(outlook(replace(office.said(), sequence=7)))
    assert office.read() == {Verdict.REPLY_AHEAD: 1}
    assert office.invite().answer is None


def test_a_fast_clock_does_not_outlast_later_answers(office: Office) -> None:
    office.dovecot.deliver(outlook(office.said(minutes=60 * 24 * 365)))
    assert office.read() == {Verdict.REPLY_TAKEN: 1}
    assert office.invite().answered_at == office.now
    office.dovecot.deliver(outlook(office.said(partstat="DECLINED", minutes=5)))
    assert office.read() == {Verdict.REPLY_TAKEN: 1}
    assert office.invite().answer == Answer.DECLINED


def test_a_program_that_sends_the_stamp_of_the_invite_back_is_dated_by_its_mail(office: Office) -> None:
    stamped_at = office.invite().stamped_at
    for minutes, partstat in ((5, "ACCEPTED"), (8, "DECLINED")):
        said = office.said(partstat=partstat)
        raw = gmail(replace(said, stamped_at=stamped_at))
        date = (office.now + minutes * MINUTE).strftime("%a, %d %b %Y %H:%M:%S +0000")
        head, _, rest = raw.partition(b"Date: ")
        office.dovecot.deliver(head + b"Date: " + date.encode() + b"\r\n" + rest.partition(b"\r\n")[2])
        expected = (office.now + minutes * MINUTE).replace(microsecond=0)
        assert office.read() == {Verdict.REPLY_TAKEN: 1}
        assert office.invite().answered_at == expected
    assert office.invite().answer == Answer.DECLINED


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_forged_answer_is_kept_for_staff_and_never_counts(office: Office, program: str) -> None:
    said = office.said(partstat="DECLINED")
    office.dovecot.deliver(PROGRAMS[program](replace(said, sender="mallory@example.net")))
    assert office.read() == {Verdict.NOT_FROM_ATTENDEE: 1}
    assert office.invite().answer is None and not office.rows(InviteReply)
    (kept,) = office.rows(ReceivedMail)
    assert kept.invite_id == office.invite().id and kept.settled_at is None
    assert "m***@example.net" in kept.excerpt and "mallory" not in kept.excerpt
    assert "DECLINED" in kept.excerpt and ALI not in kept.excerpt


def test_another_invited_person_cannot_answer_for_somebody(office: Office) -> None:
    theirs = office.said(LI)
    office.dovecot.deliver(
        outlook(replace(theirs, address=ALI, partstat="DECLINED")),
        outlook(replace(theirs, sender=ALI)),
        outlook(replace(theirs, address=ALI, sender=LI)),
    )
    assert office.read() == {Verdict.NOT_FROM_ATTENDEE: 3}
    assert office.invite(LI).answer is None


def test_the_address_that_counts_is_the_one_the_invite_went_to_last(office: Office) -> None:
    old = office.said()
    begin_write(office.world.session)
    office.world.set_email(office.world.candidates[0], "new@example.org")
    office.world.session.commit()
    office.publish()
    new = office.said("new@example.org")
    assert new.uid == old.uid
    office.dovecot.deliver(outlook(replace(new, address=ALI)))
    assert office.read() == {Verdict.NOT_FROM_ATTENDEE: 1}
    office.dovecot.deliver(outlook(replace(new, address="New@Example.ORG")))
    assert office.read() == {Verdict.REPLY_TAKEN: 1}


def test_an_event_of_somebody_else_goes_to_staff(office: Office) -> None:
    office.dovecot.deliver(outlook(replace(office.said(), uid="lunch@example.net")))
    assert office.read() == {Verdict.UNKNOWN_EVENT: 1}


@pytest.mark.parametrize("partstat", ["DELEGATED", "NEEDS-ACTION", "X-PERHAPS"])
def test_what_is_no_answer_goes_to_staff(office: Office, partstat: str) -> None:
    office.dovecot.deliver(outlook(office.said(partstat=partstat)))
    assert office.read() == {Verdict.NO_ANSWER: 1}
    assert office.invite().answer is None


def test_an_answer_in_words_goes_to_staff_with_the_name_of_whose_invite_it_is(office: Office) -> None:
    head = f"Message-ID: <w@x>\nFrom: {ALI}\nIn-Reply-To: {office.message().message_id}\n"
    office.dovecot.deliver((head + "Content-Type: text/plain; charset=utf-8\n\n我会参加").encode())
    assert office.read() == {Verdict.LETTER: 1}
    (kept,) = office.rows(ReceivedMail)
    assert kept.invite_id == office.invite().id and "我会参加" in kept.excerpt
    assert office.invite().answer is None
