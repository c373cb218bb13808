"""The reply mailbox, read over IMAP.

A mail is fetched without marking it, filed by the caller, and only then marked: what a crash interrupts is
read again, and the caller knows it again.

References: RFC 3501 (IMAP4rev1), RFC 2971 (ID, without which NetEase opens no folder), RFC 6851 (MOVE).
"""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from imap_tools import BaseMailBox, ImapToolsError, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.utils import encode_folder

from defense.domain.errors import DomainError
from defense.domain.text import Text
from defense.integrations.mail_parts import MAX_MAIL_BYTES

IMAP_TIMEOUT_S = 20
MAILS_PER_TURN = 200
TURN_LIMIT_S = 120
"""Then the rest waits for the next turn, so that one slow server does not hold the line open for hours."""

_FAILURES = (ImapToolsError, imaplib.IMAP4.error, OSError, ValueError)


class MailboxUnreachable(DomainError):
    """The reply mailbox cannot be read just now; the text names the setting and never the password."""


@dataclass(frozen=True)
class MailboxAddress:
    """Where the reply mailbox is, from a setting's URL."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    tls: bool
    starttls: bool
    done_folder: str | None
    """Where mails go once they are filed; without one they stay and are marked as read."""

    @classmethod
    def from_url(cls, url: str) -> MailboxAddress:
        """Read an address that the settings have checked."""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        tls = parts.scheme == "imaps"
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or (993 if tls else 143),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            folder=unquote(parts.path.strip("/")) or "INBOX",
            tls=tls,
            starttls=query.get("starttls") == ["1"],
            done_folder=query.get("done", [None])[0],
        )

    def __repr__(self) -> str:
        """Without user and password: this may end up in a log."""
        return f"MailboxAddress({self.host}:{self.port}/{self.folder})"


class ImapMailbox:
    """Unread mails of one folder.

    Parameters
    ----------
    url : `imaps://user:password@host:993/INBOX`, or `imap://…?starttls=1`; `&done=Folder` moves filed mails
        there. User, password and folder are percent-encoded.
    """

    def __init__(self, url: str) -> None:
        self._address = MailboxAddress.from_url(url)

    def read_new(self, file: Callable[[bytes], object]) -> int:
        """Hand over the unread mails, oldest first; each is marked as read once `file` has returned.

        A mail that `file` fails on stays unread and keeps no other one waiting; the first failure is raised
        when the others are done.

        Raises
        ------
        MailboxUnreachable
            The server does not answer, refuses, or breaks off.
        """
        count, failure = 0, None
        deadline = time.monotonic() + TURN_LIMIT_S
        with self._open() as mailbox:
            with self._told():
                uids = mailbox.uids("UNSEEN", charset=None)
            for uid in uids[:MAILS_PER_TURN]:
                with self._told():
                    raw = _fetch(mailbox, uid)
                if raw is None:
                    continue
                try:
                    file(raw)
                except Exception as error:
                    failure = failure or error
                else:
                    with self._told():
                        self._put_away(mailbox, uid)
                    count += 1
                if time.monotonic() > deadline:
                    break
        if failure is not None:
            raise failure
        return count

    @contextmanager
    def _open(self) -> Iterator[BaseMailBox]:
        with self._told():
            mailbox = self._connect()
        try:
            with self._told():
                self._enter(mailbox)
            yield mailbox
        finally:
            with suppress(*_FAILURES):
                mailbox.client.logout()
            with suppress(*_FAILURES):
                mailbox.client.shutdown()

    def _connect(self) -> BaseMailBox:
        own = self._address
        if own.tls:
            context = ssl.create_default_context()
            return MailBox(own.host, own.port, timeout=IMAP_TIMEOUT_S, ssl_context=context)
        if own.starttls:
            context = ssl.create_default_context()
            return MailBoxStartTls(own.host, own.port, timeout=IMAP_TIMEOUT_S, ssl_context=context)
        return MailBoxUnencrypted(own.host, own.port, timeout=IMAP_TIMEOUT_S)

    def _enter(self, mailbox: BaseMailBox) -> None:
        own, client = self._address, mailbox.client
        if (own.user + own.password).isascii():
            mailbox.login(own.user, own.password, initial_folder=None)
        else:
            mailbox.login_utf8(own.user, own.password, initial_folder=None)
        # Servers offer more to somebody they know, and the library asks before the log-in only.
        told = client.capability()[1][-1] or b""
        client.capabilities = tuple(told.decode("ascii", "replace").upper().split())
        if "ID" in client.capabilities:
            client.xatom("ID", '("name" "defence" "version" "1")')
        mailbox.folder.set(own.folder)

    def _put_away(self, mailbox: BaseMailBox, uid: str) -> None:
        # Not by the library's own `flag`, which empties the folder of what others marked as deleted.
        answer = mailbox.client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")
        if answer[0] != "OK":
            raise imaplib.IMAP4.error("STORE refused")
        if self._address.done_folder and "MOVE" in mailbox.client.capabilities:
            answer = mailbox.client.uid("MOVE", uid, encode_folder(self._address.done_folder).decode())
            if answer[0] != "OK":
                raise imaplib.IMAP4.error(f"MOVE to {self._address.done_folder} refused")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what a server or the line did into words; the error itself may hold the password."""
        try:
            yield
        except _FAILURES as error:
            words = self._without_password(str(error) or type(error).__name__)
            place = f"{self._address.host}:{self._address.port}"
            raise MailboxUnreachable(
                Text(
                    f"无法读取回复邮箱 {place}（{words}）。请检查设置 IMAP_URL。",
                    f"The reply mailbox at {place} cannot be read ({words}). Check the setting IMAP_URL.",
                )
            ) from None

    def _without_password(self, words: str) -> str:
        return words.replace(self._address.password, "***") if self._address.password else words


def _fetch(mailbox: BaseMailBox, uid: str) -> bytes | None:
    """A mail, of a long one the beginning; None if it is gone."""
    sizes = [item for item in _fetched(mailbox, uid, "RFC822.SIZE") if isinstance(item, bytes)]
    found = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(sizes))
    is_long = found is not None and int(found[1]) > MAX_MAIL_BYTES
    # Only where it has to be: not every server is good at handing out pieces.
    piece = f"<0.{MAX_MAIL_BYTES}>" if is_long else ""
    data = _fetched(mailbox, uid, f"BODY.PEEK[]{piece}")
    return next((item[1] for item in data if isinstance(item, tuple)), None)


def _fetched(mailbox: BaseMailBox, uid: str, what: str) -> list[Any]:
    kind, data = mailbox.client.uid("FETCH", uid, f"({what})")
    if kind != "OK":
        raise imaplib.IMAP4.error("FETCH refused")
    return data
