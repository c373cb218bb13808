"""Reading a real mailbox: crashes, several readers, encryption, and errors that tell no secret."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from reply_office import ALI, LI, MINUTE, WISHED, Office, dovecot, dovecot_server, office
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.extensions import db
from defense.integrations.imap import ImapMailbox, MailboxUnreachable
from defense.integrations.mail_parts import MAX_MAIL_BYTES
from defense.models import InviteReply, ReceivedMail
from defense.services.invites.inbox import Verdict, file_mail, read_inbox
from defense.services.invites.replies import Answer
from tests.answers import gmail, outlook
from tests.dovecot import PASSWORD, free_port
from tests.postgres import PostgresServer, engine_of

__all__ = ["dovecot", "dovecot_server", "office"]


KILLED = """
import os, signal, sys
from datetime import datetime
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from defense.integrations.imap import ImapMailbox
from defense.services.invites.inbox import file_mail
from defense.services.transaction import begin_write, prepare_engine

engine = create_engine(sys.argv[1])
prepare_engine(engine)

def file(raw):
    with sessionmaker(engine)() as session:
        begin_write(session)
        file_mail(session, raw, datetime.fromisoformat(sys.argv[3]))
        session.commit()
    os.kill(os.getpid(), signal.SIGKILL)

ImapMailbox(sys.argv[2]).read_new(file)
"""


def test_killed_between_filing_and_marking_the_mail_is_read_again_and_known(office: Office) -> None:
    office.dovecot.deliver(outlook(replace(office.said(), proposed=WISHED)), gmail(office.said(LI)))
    office.now += 2 * MINUTE
    with office.sessions() as session:
        database = session.get_bind().engine.url.render_as_string(hide_password=False)
    words = [sys.executable, "-c", KILLED, database, office.dovecot.url, office.now.isoformat()]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert office.invite().answer == Answer.OTHER_TIME
    assert office.dovecot.count("UNSEEN") == 2
    assert office.read() == {Verdict.SEEN_BEFORE: 1, Verdict.REPLY_TAKEN: 1}
    assert len(office.rows(InviteReply)) == 2
    assert office.dovecot.count("UNSEEN") == 0
    assert office.read() == {}


def test_a_mail_whose_filing_fails_stays_unread(office: Office) -> None:
    office.dovecot.deliver(outlook(office.said()))

    def failing() -> Session:
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        read_inbox(failing, ImapMailbox(office.dovecot.url), lambda: office.now)
    assert office.dovecot.count("UNSEEN") == 1
    assert office.read() == {Verdict.REPLY_TAKEN: 1}


def test_a_mail_that_fails_keeps_no_other_one_waiting(office: Office) -> None:
    office.dovecot.deliver(b"Subject: poison\n\nx", outlook(office.said()))
    taken: list[bytes] = []

    def file(raw: bytes) -> None:
        if b"poison" in raw:
            raise RuntimeError("cannot be filed")
        taken.append(raw)

    with pytest.raises(RuntimeError, match="cannot be filed"):
        ImapMailbox(office.dovecot.url).read_new(file)
    assert len(taken) == 1 and office.dovecot.count("UNSEEN") == 1


def test_several_processes_may_read_at_once(office: Office) -> None:
    office.dovecot.deliver(
        *(outlook(office.said(address, minutes=i)) for i in range(10) for address in (ALI, LI))
    )
    office.now += 20 * MINUTE
    found: list[Counter[Verdict]] = []

    def read() -> None:
        found.append(read_inbox(office.sessions, ImapMailbox(office.dovecot.url), lambda: office.now))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(found, Counter())
    assert total[Verdict.REPLY_TAKEN] + total[Verdict.REPLY_LATE] == 20
    assert len(office.rows(ReceivedMail)) == 20


def test_filed_mails_are_moved_where_the_setting_says(office: Office) -> None:
    office.dovecot.deliver(outlook(office.said()))
    assert office.read(url=office.dovecot.url + "?done=Filed") == {Verdict.REPLY_TAKEN: 1}
    assert (office.dovecot.count("ALL"), office.dovecot.count("ALL", "Filed")) == (0, 1)


def test_what_others_marked_as_deleted_is_left_in_the_folder(office: Office) -> None:
    office.dovecot.deliver(b"Subject: x\n\nthrown away by hand")
    with office.dovecot.connection() as connection:
        connection.store("1", "+FLAGS", r"(\Deleted \Seen)")
    office.dovecot.deliver(outlook(office.said()))
    assert office.read() == {Verdict.REPLY_TAKEN: 1}
    assert office.dovecot.count("DELETED") == 1


@pytest.mark.parametrize("way", ["imaps", "starttls"])
def test_over_tls_the_certificate_is_checked(
    office: Office, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = office.dovecot.tls_url if way == "imaps" else office.dovecot.url + "?starttls=1"
    office.dovecot.deliver(outlook(office.said()))
    with pytest.raises(MailboxUnreachable, match="certificate"):
        office.read(url=url)
    monkeypatch.setenv("SSL_CERT_FILE", str(office.dovecot.certificate))
    assert office.read(url=url) == {Verdict.REPLY_TAKEN: 1}


def test_errors_name_the_setting_and_no_password(office: Office) -> None:
    own = office.dovecot
    wrong = {
        own.url.replace(f":{own.port}/", f":{free_port()}/"): "refused",
        own.url.replace("INBOX", "Absent"): "Absent",
        own.url.replace("%25", "%26"): "AUTHENTICATIONFAILED",
        own.url + "?done=Absent": "Absent",
    }
    for url, word in wrong.items():
        own.empty()
        own.deliver(b"Subject: x\n\nx")
        with pytest.raises(MailboxUnreachable) as caught:
            office.read(url=url)
        told = f"{caught.value.text.zh} {caught.value.text.en} {caught.value.__context__!r}"
        assert "IMAP_URL" in told and word in told
        assert PASSWORD not in str(caught.value.text) and PASSWORD not in repr(ImapMailbox(url)._address)


def test_of_a_long_mail_the_beginning_is_read(office: Office) -> None:
    photograph = b"\r\n--_000_X\r\nContent-Type: image/jpeg\r\n\r\n" + b"A" * 76 + b"\r\n" * 20_000
    office.dovecot.deliver(outlook(office.said()).replace(b"--_000_X--\r\n", photograph * 40))
    sizes: list[int] = []
    ImapMailbox(office.dovecot.url).read_new(lambda raw: sizes.append(len(raw)))
    assert sizes == [MAX_MAIL_BYTES]
    with office.dovecot.connection() as connection:
        connection.store("1", "-FLAGS", r"(\Seen)")
    assert office.read() == {Verdict.REPLY_TAKEN: 1}


def test_two_processes_that_file_one_mail_at_once_take_it_once(postgres: PostgresServer) -> None:
    """On SQLite writers wait for each other; on PostgreSQL the second one meets the first one's key."""
    engine = engine_of(postgres.create_database())
    db.metadata.create_all(engine)
    raw = b"Message-ID: <a@b>\r\nFrom: a@example.org\r\n\r\nhello"
    now = datetime(2021, 11, 1, tzinfo=UTC)
    found = []
    with Session(engine) as first, Session(engine) as second:
        assert file_mail(first, raw, now) is Verdict.LETTER
        waiting = threading.Thread(target=lambda: found.append(file_mail(second, raw, now)))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive(), "it waits for what becomes of the first"
        first.commit()
        waiting.join(10)
        second.commit()
    assert found == [Verdict.SEEN_BEFORE]
    with Session(engine) as session:
        assert [mail.verdict for mail in session.scalars(select(ReceivedMail))] == [Verdict.LETTER]
    engine.dispose()
