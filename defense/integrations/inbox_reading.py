"""What a mail of the reply mailbox is: an answer, a bounce, an automatic reply, or a letter.

References: RFC 3834 section 5 (Auto-Submitted), RFC 8098 (read receipts).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from html import unescape

from defense.domain.errors import DomainError
from defense.domain.identity import mask_email, mask_id_number, mask_phone
from defense.integrations.bounce_reading import Bounce, read_bounce
from defense.integrations.itip_reading import CalendarAnswer, read_answer
from defense.integrations.mail_parts import (
    MAX_HEADER,
    MAX_MAIL_BYTES,
    content_text,
    header,
    leaves,
    message_ids_in,
    parse_headers,
    parse_mail,
    sender_address,
)

EXCERPT_LENGTH = 500
MAX_REPLIED_TO = 20

_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,200}")
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx]", re.ASCII)
_PHONE = re.compile(r"(?<!\d)1\d{10}(?!\d)", re.ASCII)
_LINK = re.compile(r"/link/[\w=-]*", re.ASCII)
_SENT_BY_ITSELF = re.compile(
    r"(?:re[:：] ?)?\W{0,2}"
    r"(?:自动回复|自动答复|auto(?:matic)?[- ]?(?:reply|response)|out of (?:the )?office)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class AutoReply:
    """Written by a program on somebody's behalf: on leave, read receipt, newsletter."""


@dataclass(frozen=True)
class Letter:
    """A mail that says nothing this service understands: a person has to read it."""


@dataclass(frozen=True)
class Unreadable:
    """Malformed; `why` is for staff."""

    why: str


Content = CalendarAnswer | Bounce | AutoReply | Letter | Unreadable


@dataclass(frozen=True)
class ReadMail:
    """One mail, read.

    Parameters
    ----------
    key : SHA-256 of the Message-ID, or of the whole mail where it has none.
    sender : address in lower case; "" if there is not exactly one.
    written_at : its Date, if it has one that can be read.
    replied_to : Message-IDs, with angle brackets, of the mails that this one follows.
    text : the first words of its body, with addresses, numbers of persons and personal links hidden.
    """

    key: str
    sender: str
    subject: str
    written_at: datetime | None
    replied_to: tuple[str, ...]
    text: str
    content: Content


def read_mail(raw: bytes) -> ReadMail:
    """Read one mail; whatever is wrong with it is said in the content, nothing is raised."""
    try:
        return _read(raw)
    except DomainError as error:
        why = str(error.text)
    # A mail that this file cannot read must not keep the others from being read.
    except Exception as error:
        why = type(error).__name__
    try:
        return _described(parse_headers(raw), raw, "", Unreadable(why))
    except Exception:  # not even its headers
        return ReadMail(_digest(raw), "", "", None, (), "", Unreadable(why))


def _read(raw: bytes) -> ReadMail:
    message = parse_mail(raw)
    return _described(message, raw, _first_words(message), _content(message))


def _described(message: Message, raw: bytes, text: str, content: Content) -> ReadMail:
    replied_to = " ".join(header(message, name, MAX_HEADER) for name in ("In-Reply-To", "References"))
    return ReadMail(
        key=_key(message, raw),
        sender=sender_address(message),
        subject=hide_persons(header(message, "Subject", 200)),
        written_at=_date(message),
        replied_to=tuple(dict.fromkeys(message_ids_in(replied_to)))[:MAX_REPLIED_TO],
        text=text,
        content=content,
    )


def hide_persons(text: str) -> str:
    """The text without whole addresses, identity numbers, telephone numbers and personal links."""
    text = _LINK.sub("/link/…", text)
    text = _ADDRESS.sub(lambda found: mask_email(found[0]), text)
    text = _ID_NUMBER.sub(lambda found: mask_id_number(found[0]), text)
    return _PHONE.sub(lambda found: mask_phone(found[0]), text)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw[:MAX_MAIL_BYTES]).hexdigest()


def _key(message: Message, raw: bytes) -> str:
    message_id = header(message, "Message-ID", 1000)
    return hashlib.sha256(message_id.encode()).hexdigest() if message_id else _digest(raw)


def _date(message: Message) -> datetime | None:
    try:
        date = parsedate_to_datetime(header(message, "Date", 100))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _content(message: Message) -> Content:
    bounce = read_bounce(message)
    if bounce is not None:
        return bounce
    try:
        # Before asking who wrote the mail: some calendars mark the answers of persons as automatic.
        answer = read_answer(message, sender_address(message))
    except DomainError as error:
        return Unreadable(str(error.text))
    if answer is not None:
        return answer
    return AutoReply() if _is_automatic(message) else Letter()


def _is_automatic(message: Message) -> bool:
    submitted = header(message, "Auto-Submitted").lower().partition(";")[0].strip()
    precedence = header(message, "Precedence").lower()
    is_receipt = "disposition-notification" in header(message, "Content-Type")
    return (
        submitted not in ("", "no")
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "List-Id"))
        or is_receipt
        or bool(_SENT_BY_ITSELF.match(header(message, "Subject")))
    )


def _first_words(message: Message) -> str:
    texts = [part for part in leaves(message) if part.get_content_type() in ("text/plain", "text/html")]
    plain = [part for part in texts if part.get_content_type() == "text/plain"]
    for part in (plain or texts)[:1]:
        text = content_text(part)[: EXCERPT_LENGTH * 20]
        if not plain:
            text = unescape(re.sub(r"<[^<>]*>", " ", text))
        lines = (" ".join(line.split()) for line in text.splitlines())
        # Cut last: half an address would not be hidden.
        return hide_persons("\n".join(line for line in lines if line))[:EXCERPT_LENGTH]
    return ""
