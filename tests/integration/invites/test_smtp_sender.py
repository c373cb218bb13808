"""The SMTP sender against a real server that gives the answers of real ones."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from defense.integrations.mail import (
    FolderSender,
    Letter,
    Mailbox,
    SmtpSender,
    build_message,
    senders_from,
)
from defense.integrations.smtp_answers import AnswerKind
from defense.models.types import utc_now
from defense.settings import Settings
from tests.mail_server import MailServer

TO = "ali@example.org"


@pytest.fixture
def data() -> bytes:
    return build_message(
        Letter(
            sender=Mailbox("评价中心", "defence@example.com"),
            recipient=Mailbox("买买提·艾力", TO),
            subject="视频答辩通知",
            text="文字\n.\n..点开头的行\n",
            html="<p>文字</p>",
            calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
            method="REQUEST",
            message_id="<1@example.com>",
            written_at=utc_now(),
        )
    )


def test_the_very_bytes_arrive_over_one_connection(mail_server: MailServer, data: bytes) -> None:
    sender = SmtpSender(mail_server.url)
    answers = [sender.send(TO, data) for _ in range(3)]
    sender.close()
    assert [answer.kind for answer in answers] == [AnswerKind.SENT] * 3
    assert mail_server.taken == [(TO, data)] * 3
    assert mail_server.connections == 1


def test_a_closed_sender_starts_again(mail_server: MailServer, data: bytes) -> None:
    sender = SmtpSender(mail_server.url)
    for _ in range(2):
        sender.send(TO, data)
        sender.close()
    assert (len(mail_server.taken), mail_server.connections) == (2, 2)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("550 Ip frequency limited. http://service.mail.qq.com/detail/0/723", AnswerKind.LATER),
        ("550 Connection Frequency Limited", AnswerKind.LATER),
        ("450 MI:DMC 163 smtp5", AnswerKind.LATER),
        ("451 DT:SPM please try again", AnswerKind.LATER),
        ("421 HL:IFC 163 smtp5", AnswerKind.LATER),
        ("550 Mailbox not found", AnswerKind.NEVER),
        ("553 Requested action not taken", AnswerKind.NEVER),
    ],
)
def test_refusals_are_sorted(mail_server: MailServer, data: bytes, words: str, kind: AnswerKind) -> None:
    mail_server.answers[TO] = [words]
    sender = SmtpSender(mail_server.url)
    answer = sender.send(TO, data)
    assert (answer.kind, answer.words, answer.unreachable) == (kind, words, False)
    # A refusal spoils nothing for the next message.
    assert sender.send(TO, data).kind is AnswerKind.SENT
    sender.close()
    assert len(mail_server.taken) == 1


def test_a_broken_line_is_for_later_and_the_next_one_goes(mail_server: MailServer, data: bytes) -> None:
    mail_server.answers[TO] = ["hang up"]
    sender = SmtpSender(mail_server.url)
    answer = sender.send(TO, data)
    assert answer.kind is AnswerKind.LATER
    assert answer.words
    assert sender.send(TO, data).kind is AnswerKind.SENT
    sender.close()


def test_nobody_listening_is_for_later(data: bytes) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        answer = SmtpSender(f"smtp://127.0.0.1:{taken.getsockname()[1]}").send(TO, data)
    assert (answer.kind, answer.unreachable) == (AnswerKind.LATER, True)
    assert "refused" in answer.words


def test_a_server_that_says_nothing_is_for_later(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("defense.integrations.mail.SMTP_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = SmtpSender(f"smtp://127.0.0.1:{silent.getsockname()[1]}").send(TO, data)
    assert (answer.kind, answer.unreachable) == (AnswerKind.LATER, True)


def test_greeting_that_refuses_is_for_later(data: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"554 too busy for you\r\n")
                connection.recv(100)

        thread = threading.Thread(target=refuse)
        thread.start()
        answer = SmtpSender(f"smtp://127.0.0.1:{server.getsockname()[1]}").send(TO, data)
        thread.join()
    assert (answer.kind, answer.words, answer.unreachable) == (AnswerKind.LATER, "554 too busy for you", True)


def test_user_and_password_are_percent_decoded(mail_server: MailServer, data: bytes) -> None:
    right = SmtpSender(mail_server.url.replace("//", "//user%40x:p%3Aw%2Fd@"))
    assert right.send(TO, data).kind is AnswerKind.SENT
    right.close()
    wrong = SmtpSender(mail_server.url.replace("//", "//user%40x:other@"))
    answer = wrong.send(TO, data)
    assert (answer.kind, answer.unreachable) == (AnswerKind.LATER, True)
    assert answer.words.startswith("535")
    assert len(mail_server.taken) == 1


def test_never_in_the_clear_when_tls_is_asked_for(mail_server: MailServer, data: bytes) -> None:
    answer = SmtpSender(mail_server.url + "?starttls=1").send(TO, data)
    assert (answer.kind, answer.unreachable) == (AnswerKind.LATER, True)
    assert "STARTTLS" in answer.words
    answer = SmtpSender(mail_server.url.replace("smtp:", "smtps:")).send(TO, data)
    assert (answer.kind, answer.unreachable) == (AnswerKind.LATER, True)
    assert mail_server.taken == []


def test_settings_choose_the_way_out(mail_server: MailServer, settings: Settings, data: bytes) -> None:
    assert isinstance(senders_from(settings)[0], FolderSender)
    senders_from(settings)[0].send(TO, data)
    assert (settings.instance_dir / "outbox" / "1@example_com.eml").read_bytes() == data
    sender, *_ = senders_from(replace(settings, smtp_url=mail_server.url))
    sender.send(TO, data)
    sender.close()
    assert mail_server.taken == [(TO, data)]
