"""Building mails with an invite in them, and the ways they leave the house.

References: RFC 6047 section 2.4 (calendar part), RFC 3834 section 5 (Auto-Submitted).
"""

from __future__ import annotations

import re
import smtplib
import ssl
import tempfile
from base64 import encodebytes
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.parser import BytesHeaderParser
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.header_text import one_line
from defense.integrations.smtp_answers import AnswerKind, SendAnswer, Stage, sort_answer
from defense.settings import Settings

SMTP_TIMEOUT_S = 20
MAX_ADDRESS_LENGTH = 200

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
# compat32 is three times as fast as EmailMessage (invites.md "Measured").
_WIRE = policy.compat32.clone(linesep="\r\n")
_CONTENT = b"(content)"


@dataclass(frozen=True)
class Mailbox:
    """A name and an address."""

    name: str
    address: str


def usable_address(text: str) -> str | None:
    """The address when mail can be sent to it, else None.

    Only ASCII: few servers in the region relay anything else.
    """
    address = text.strip()
    usable = len(address) <= MAX_ADDRESS_LENGTH and _ADDRESS.fullmatch(address)
    return address if usable else None


def parse_mailbox(text: str) -> Mailbox:
    """Read `name <address>`.

    Raises
    ------
    InvalidInput
        There is no usable address in it.
    """
    name, address = parseaddr(text)
    return Mailbox(name or address, _checked(address))


@dataclass(frozen=True)
class Letter:
    """What one mail says. `message_id` is with its angle brackets.

    `method` is that of `calendar`; both are empty in a letter without an event.
    """

    sender: Mailbox
    recipient: Mailbox
    subject: str
    text: str
    html: str
    calendar: bytes
    method: str | None
    message_id: str
    written_at: datetime


def build_message(letter: Letter) -> bytes:
    """The bytes of a mail, CRLF line ends; they are kept, and every attempt sends the same ones.

    Source: invites.md "Message".

    Raises
    ------
    InvalidInput
        An address is unusable, or sender and recipient are the same mailbox.
    """
    if _checked(letter.sender.address).lower() == _checked(letter.recipient.address).lower():
        raise InvalidInput(
            Text("收件人不能是发件邮箱。", "The organiser's own mailbox cannot be the recipient.")
        )
    headers = "\r\n".join(
        [
            f"From: {_mailbox_header('From', letter.sender)}",
            f"To: {_mailbox_header('To', letter.recipient)}",
            f"Subject: {_subject_header(one_line(letter.subject))}",
            f"Date: {format_datetime(letter.written_at.astimezone(UTC))}",
            f"Message-ID: {one_line(letter.message_id)}",
        ]
    )
    contents = [letter.text.encode(), letter.html.encode(), *([letter.calendar] if letter.method else [])]
    frame = iter(_frame(letter.method))
    parts = (next(frame) + _base64(content) for content in contents)
    return b"".join([headers.encode("ascii"), b"\r\n", *parts, next(frame)])


@lru_cache(maxsize=8)
def _frame(method: str | None) -> tuple[bytes, ...]:
    """What stands before, between and after the parts of a mail.

    The library writes it once: it takes four times as long over a whole mail as over all the rest of it.
    """
    message = MIMEMultipart("alternative")
    message["Auto-Submitted"] = "auto-generated"
    for subtype, params in [
        ("plain", {}),
        ("html", {}),
        *([("calendar", {"method": method})] if method else []),
    ]:
        message.attach(_empty_part(subtype, params))
    return tuple(message.as_bytes(policy=_WIRE).split(_CONTENT))


def _base64(content: bytes) -> bytes:
    """In lines of 76 characters; no boundary can occur in it."""
    return encodebytes(content).replace(b"\n", b"\r\n")


def _checked(address: str) -> str:
    usable = usable_address(address)
    if usable is None:
        raise InvalidInput(
            Text("电子邮箱地址不可用，请更正。", "The e-mail address cannot be used; correct it.")
        )
    return usable


@lru_cache(maxsize=4096)
def _mailbox_header(header_name: str, mailbox: Mailbox) -> str:
    header = Header(one_line(mailbox.name), "utf-8", header_name=header_name)
    header.append(f"<{mailbox.address.strip()}>", "us-ascii")
    return header.encode(linesep="\r\n")


@lru_cache(maxsize=4096)
def _subject_header(subject: str) -> str:
    """Kept, as many candidates have the same day and time, and encoding takes as long as rendering."""
    return Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _empty_part(subtype: str, params: dict[str, str]) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype)
    values = {"charset": "utf-8", **params}
    # Written out, because the library would quote the values, and old Outlooks want them bare.
    content_type = "; ".join([f"text/{subtype}", *(f"{name}={value}" for name, value in values.items())])
    part.replace_header("Content-Type", content_type)
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(_CONTENT.decode())
    return part


class MailSender(Protocol):
    """A way out for mail. It raises nothing for what a server may do: that is in the answer."""

    def send(self, to_address: str, data: bytes) -> SendAnswer:
        """Hand over one message for one recipient."""
        ...

    def close(self) -> None:
        """End the batch; the next `send` starts a new one."""
        ...


class FolderSender:
    """Writes messages as files where no mail server is configured; the folder shows what went out."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def send(self, to_address: str, data: bytes) -> SendAnswer:
        """Write `<message id>.eml` in one step; the same message again replaces itself."""
        message_id = _header(data, "Message-ID")
        name = re.sub(r"[^A-Za-z0-9@_-]", "_", message_id.strip("<> ")) + ".eml"
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._directory, suffix=".part", delete=False) as file:
                file.write(data)
            Path(file.name).replace(self._directory / name)
        except OSError as error:
            return SendAnswer(AnswerKind.LATER, str(error), unreachable=True)
        return SendAnswer(AnswerKind.SENT, name)

    def close(self) -> None:
        """Nothing is held open."""


class SmtpSender:
    """Sends through a mail server; one connection serves a whole batch.

    Parameters
    ----------
    url : `smtp://user:password@host:port`, `smtps://…`, or `smtp://…?starttls=1`; user and password
        percent-encoded.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._starttls = parse_qs(parts.query).get("starttls") == ["1"]
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 587 if self._starttls else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._connection: smtplib.SMTP | None = None

    def send(self, to_address: str, data: bytes) -> SendAnswer:
        """Hand one message to the server and sort its answer."""
        from_address = parseaddr(_header(data, "From"))[1]
        for is_last_try in (self._connection is None, True):
            try:
                connection = self._connected()
            except (smtplib.SMTPException, OSError) as error:
                self._drop()
                return SendAnswer(AnswerKind.LATER, _words_of(error), unreachable=True)
            try:
                refusal = _announce(connection, from_address, to_address)
            except (smtplib.SMTPException, OSError) as error:
                # A server may end a connection it finds idle; nothing of this message has left yet.
                self._drop()
                if is_last_try:
                    return SendAnswer(AnswerKind.LATER, _words_of(error), unreachable=True)
                continue
            return refusal or self._hand_over(connection, data)
        raise AssertionError("the last try returns")

    def _hand_over(self, connection: smtplib.SMTP, data: bytes) -> SendAnswer:
        try:
            code, words = connection.data(data)
        except smtplib.SMTPDataError as error:
            return _refused(connection, error.smtp_code, error.smtp_error, Stage.CONTENT)
        except (smtplib.SMTPException, OSError) as error:
            # It may have been taken: the retry carries the same Message-ID.
            self._drop()
            return SendAnswer(AnswerKind.LATER, _words_of(error))
        if code != 250:
            return _refused(connection, code, words, Stage.CONTENT)
        return SendAnswer(AnswerKind.SENT, f"{code} {_decoded(words)}")

    def close(self) -> None:
        """Say goodbye to the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=SMTP_TIMEOUT_S, context=context
            )
        else:
            connection = smtplib.SMTP(self._host, self._port, timeout=SMTP_TIMEOUT_S)
        try:
            if self._starttls:
                connection.starttls(context=context)
            if self._user:
                connection.login(self._user, self._password)
        except (smtplib.SMTPException, OSError):
            connection.close()
            raise
        return connection


def _header(data: bytes, name: str) -> str:
    """A header of one of our own mails."""
    head = data.partition(b"\r\n\r\n")[0]
    return str(BytesHeaderParser().parsebytes(head)[name])


def _announce(connection: smtplib.SMTP, from_address: str, to_address: str) -> SendAnswer | None:
    """Name sender and recipient; the answer if one of them is refused."""
    connection.ehlo_or_helo_if_needed()
    code, words = connection.mail(from_address)
    if code != 250:
        return _refused(connection, code, words, Stage.SENDER)
    code, words = connection.rcpt(to_address)
    if code not in (250, 251):
        return _refused(connection, code, words, Stage.RECIPIENT)
    return None


def _refused(connection: smtplib.SMTP, code: int, words: bytes | str, stage: Stage) -> SendAnswer:
    if code == 421:
        connection.close()
    else:
        with suppress(smtplib.SMTPException, OSError):
            connection.rset()
    return sort_answer(code, _decoded(words), stage)


def _words_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_decoded(error.smtp_error)}"
    return str(error) or type(error).__name__


def _decoded(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def senders_from(settings: Settings) -> list[MailSender]:
    """The ways out that this installation uses at once: connections to its mail server, or one folder."""
    if settings.smtp_url:
        return [SmtpSender(settings.smtp_url) for _ in range(settings.mail_connections)]
    return [FolderSender(settings.instance_dir / "outbox")]
