"""Reading the reply mailbox by command, and by the running service."""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from test_commands import Shell, shell

from tests.answers import notification
from tests.dovecot import PASSWORD, Dovecot, dovecot, dovecot_server
from tests.live import LiveServer, free_port

__all__ = ["dovecot", "dovecot_server", "shell"]

LETTER = b"Message-ID: <l@x>\nFrom: li@163.com\nSubject: x\n\nhello"


def test_by_command(shell: Shell, dovecot: Dovecot) -> None:
    dovecot.deliver(LETTER, notification("<other@example.net>", "a@example.org"))
    told = shell.run("read-replies", IMAP_URL=dovecot.url)
    assert told.split() == ["mails", "read:", "2", "letter:", "1", "unknown_bounce:", "1"]
    assert "mails read: 0" in shell.run("read-replies", IMAP_URL=dovecot.url)


def test_what_is_wrong_is_told_without_the_password(shell: Shell, dovecot: Dovecot) -> None:
    assert "IMAP_URL" in shell.run("read-replies", ok=False)
    for url in (
        dovecot.url.replace(str(dovecot.port), str(free_port())),
        dovecot.url.replace("imap://", "ftp://"),
    ):
        told = shell.run("read-replies", ok=False, IMAP_URL=url)
        assert "IMAP_URL" in told and PASSWORD not in told and url not in told


@pytest.mark.parametrize("reachable", [True, False])
def test_by_the_running_service(
    tmp_path: Path, published_sqlite: Path, dovecot: Dovecot, reachable: bool
) -> None:
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    dovecot.deliver(LETTER)
    url = dovecot.url if reachable else dovecot.url.replace(str(dovecot.port), str(free_port()))
    server = LiveServer(tmp_path, free_port(), 0, [], {}, environ={"IMAP_URL": url})
    server.start()
    try:
        deadline = time.monotonic() + 20
        while True:
            log = (tmp_path / "server.log").read_text(errors="replace")
            with sqlite3.connect(tmp_path / "defence.sqlite3") as database:
                verdicts = database.execute("SELECT verdict FROM received_mail").fetchall()
            if verdicts or (not reachable and "reading the replies failed" in log):
                break
            assert time.monotonic() < deadline, log
            time.sleep(0.1)
    finally:
        server.kill()
    assert verdicts == ([("letter",)] if reachable else [])
    assert PASSWORD not in log
    assert dovecot.count("UNSEEN") == (0 if reachable else 1)
