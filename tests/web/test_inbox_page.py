"""The page of incoming mails: who sees it, what is on it, and dealing with a mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import AuditEntry, Invite, OutboxMessage, ReceivedMail, Round
from defense.models.types import utc_now
from defense.services.invites.inbox import FOR_STAFF, Verdict, file_mail
from defense.services.invites.outbox import MessageState
from defense.services.rounds import ensure_round
from defense.web.inbox import VERDICT_TEXT
from tests.answers import Said, gmail, notification

PAGE = "/rounds/2021/invites/inbox"
LETTER = (
    "Message-ID: <l@x>\r\nFrom: li.xiaomei@163.com\r\nSubject: <script>alert(1)</script>\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n请问可以改期吗？"
).encode()
Enter = Callable[[str], FlaskClient]


@pytest.fixture
def session(published_app: Flask) -> Session:
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        yield session


def some_message(session: Session) -> OutboxMessage:
    query = select(OutboxMessage).where(OutboxMessage.method == "REQUEST").order_by(OutboxMessage.id)
    message = session.scalars(query).first()
    assert message is not None and message.invite is not None
    return message


def forged(message: OutboxMessage) -> bytes:
    assert message.invite is not None
    said = Said(message.invite.uid, message.to_address, "DECLINED", utc_now(), sender="mallory@x.org")
    return gmail(said)


def test_staff_only(enter: Enter) -> None:
    assert enter("staff").get(PAGE).status_code == 200
    for name in ("supervisor", "secretary", "expert0", "candidate0"):
        client = enter(name)
        assert client.get(PAGE).status_code == 403
        assert client.post(f"{PAGE}/{'0' * 64}/settle").status_code == 403


def test_every_verdict_for_staff_has_words() -> None:
    assert set(VERDICT_TEXT) == set(FOR_STAFF)


def test_a_letter_is_shown_masked_until_somebody_dealt_with_it(enter: Enter, session: Session) -> None:
    assert file_mail(session, LETTER, utc_now()) is Verdict.LETTER
    session.commit()
    staff = enter("staff")
    page = staff.get(PAGE).get_data(as_text=True)
    assert "l***@163.com" in page and "请问可以改期吗" in page
    assert "li.xiaomei" not in page and "<script>alert" not in page
    assert 'href="/rounds/2021/invites/inbox"' in staff.get("/rounds/2021/invites").get_data(as_text=True)
    key = session.scalars(select(ReceivedMail.key)).one()
    assert staff.post(f"{PAGE}/{key}/settle").status_code == 302
    assert staff.post(f"{PAGE}/{key}/settle").status_code == 302
    assert "请问可以改期吗" not in staff.get(PAGE).get_data(as_text=True)
    session.rollback()
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action == "mail.settled"))
    assert len(actions.all()) == 1
    assert staff.post(f"{PAGE}/{'0' * 64}/settle").status_code == 404


def test_a_mail_about_an_invite_stays_with_its_round(enter: Enter, session: Session) -> None:
    message = some_message(session)
    name = message.account.display_name
    assert file_mail(session, forged(message), utc_now()) is Verdict.NOT_FROM_ATTENDEE
    file_mail(session, LETTER, utc_now())
    other = Round(code="2026", rules_toml=ensure_round(session, "2021").rules_toml)
    session.add(other)
    session.commit()
    staff = enter("staff")
    assert name in staff.get(PAGE).get_data(as_text=True)
    elsewhere = staff.get(f"/rounds/{other.code}/invites/inbox").get_data(as_text=True)
    assert name not in elsewhere and "请问可以改期吗" in elsewhere
    key = session.scalars(select(ReceivedMail.key).where(ReceivedMail.invite_id.is_not(None))).one()
    assert staff.post(f"/rounds/{other.code}/invites/inbox/{key}/settle").status_code == 404


def test_who_is_unreachable_by_a_bounce_is_to_be_telephoned(enter: Enter, session: Session) -> None:
    message = some_message(session)
    message.state, message.sent_at = MessageState.SENT, utc_now() - timedelta(hours=1)
    raw = notification(message.message_id, message.to_address)
    assert file_mail(session, raw, utc_now()) is Verdict.BOUNCED
    session.commit()
    staff = enter("staff")
    assert message.account.display_name in staff.get("/rounds/2021/invites?state=telephone").get_data(
        as_text=True
    )
    page = staff.get("/rounds/2021/invites?state=bounced").get_data(as_text=True)
    assert "被退回" in page and "User unknown" in page and f"/{message.id}/retry" in page
    assert staff.post(f"/rounds/2021/invites/{message.id}/retry").status_code == 302
    session.rollback()
    assert session.get_one(OutboxMessage, message.id).state == MessageState.QUEUED


def test_in_english_too(enter: Enter, session: Session) -> None:
    file_mail(session, forged(some_message(session)), utc_now())
    session.commit()
    staff = enter("staff")
    staff.post("/language/en")
    assert "not sent from the invited address" in staff.get(PAGE).get_data(as_text=True)
    assert session.scalars(select(Invite).where(Invite.answer.is_not(None))).all() == []
