"""Reading mails that say that another mail did not arrive, from servers that keep to the standard or do not.

References: RFC 3464 section 2 (delivery status notifications), RFC 6522 (multipart/report).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from itertools import islice

from defense.integrations.header_text import one_line
from defense.integrations.mail_parts import (
    content_text,
    header,
    leaves,
    message_ids_in,
    parts_of_type,
    sender_address,
)

MAX_MESSAGE_IDS = 20
MAX_TEXT = 100_000
MAX_WORDS = 500

_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_DAEMONS = ("mailer-daemon", "postmaster", "mail-daemon", "mdaemon", "mailerdaemon")
_WAITING = re.compile(
    r"delayed|will (?:be )?retr(?:y|ied)|still (?:being )?(?:trying|retried)|warning message only"
    r"|暂未送达|投递延迟|延迟投递|(?:继续|再次|重新)(?:尝试|投递)",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"gave up|given up|giving up|permanent|could not be delivered|undeliverable|退信|退回", re.IGNORECASE
)
_BOUNCE_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|fail|has fail)|failure notice|returned mail|mail delivery fail|退信|退回"
    r"|投递失败|未送达|无法送达",
    re.IGNORECASE,
)


class Delivery(StrEnum):
    """What a server says became of a mail."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"


@dataclass(frozen=True)
class Bounce:
    """A server's word on a mail.

    Parameters
    ----------
    words : the server's own, on one line, addresses and all.
    message_ids : with angle brackets; of the mail in question, most trusted first.
    """

    delivery: Delivery
    words: str
    message_ids: tuple[str, ...]


def read_bounce(message: Message) -> Bounce | None:
    """What a mail says about the delivery of another; None if it says nothing of the kind."""
    fields = [field for part in _status_parts(message) for field in _recipients(part)]
    if fields:
        return _standard(message, fields)
    return _home_made(message) if _looks_like_bounce(message) else None


def _status_parts(message: Message) -> Iterator[Message]:
    return parts_of_type(message, "message/delivery-status", "message/global-delivery-status")


def _recipients(part: Message) -> list[Message]:
    """The blocks of a status part that are about a recipient."""
    blocks = part.get_payload()
    found = [block for block in blocks if isinstance(block, Message)] if isinstance(blocks, list) else []
    return [block for block in found[:100] if block.get("Action") or block.get("Status")]


def _standard(message: Message, recipients: list[Message]) -> Bounce:
    told = [(_delivery_of(recipient), recipient) for recipient in recipients]
    worst = min(told, key=lambda one: list(Delivery).index(one[0]))
    words = " ".join(
        filter(None, (header(worst[1], name, MAX_WORDS) for name in ("Status", "Diagnostic-Code")))
    )
    return Bounce(worst[0], words[:MAX_WORDS], _ids_of(message))


def _delivery_of(recipient: Message) -> Delivery:
    action = header(recipient, "Action").lower().partition(";")[0].strip()
    if action == "failed":
        return Delivery.FAILED
    if action == "delayed":
        return Delivery.DELAYED
    if action in ("delivered", "relayed", "expanded"):
        return Delivery.DELIVERED
    kinds = {"5": Delivery.FAILED, "4": Delivery.DELAYED}
    return kinds.get(header(recipient, "Status")[:1], Delivery.DELIVERED)


def _looks_like_bounce(message: Message) -> bool:
    if message.get("X-Failed-Recipients"):
        return True
    from_daemon = sender_address(message).partition("@")[0] in _DAEMONS
    from_nobody = header(message, "Return-Path").replace(" ", "") == "<>"
    return (from_daemon or from_nobody) and bool(
        _BOUNCE_SUBJECT.search(header(message, "Subject")) or message.get_content_type() == "multipart/report"
    )


def _home_made(message: Message) -> Bounce:
    text = _text(message)
    # What follows is the mail that came back, which has words of its own.
    said = re.split(r"(?im)^(?:received|message-id|dkim-signature):", text, maxsplit=1)[0]
    status = _STATUS.search(said)
    waits = bool(_WAITING.search(said)) and not (status and status[0].startswith("5"))
    waits = waits and not _GIVEN_UP.search(said + header(message, "Subject"))
    delivery = Delivery.DELAYED if waits else Delivery.FAILED
    line = next((line for line in said.splitlines() if re.search(r"\b[45]\d\d\b|[45]\.\d\.\d", line)), said)
    return Bounce(delivery, one_line(line)[:MAX_WORDS], _ids_of(message))


def _text(message: Message) -> str:
    parts = [part for part in leaves(message) if part.get_content_maintype() == "text"]
    return "\n".join(content_text(part)[:MAX_TEXT] for part in parts[:5])[:MAX_TEXT]


def _ids_of(message: Message) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(_every_id(message)), MAX_MESSAGE_IDS))


def _every_id(message: Message) -> Iterator[str]:
    """Of the mail that came back, then of what the notice says of it, then of anything it mentions."""
    for carried in parts_of_type(message, "message/rfc822", "message/global"):
        inner = carried.get_payload()
        if isinstance(inner, list):
            for mail in inner:
                if isinstance(mail, Message):
                    yield from message_ids_in(header(mail, "Message-ID"))
    for part in parts_of_type(message, "text/rfc822-headers", "message/rfc822-headers", "text/rfc822"):
        yield from message_ids_in(content_text(part)[:MAX_TEXT])
    for part in _status_parts(message):
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if isinstance(block, Message):
                yield from message_ids_in(header(block, "X-Original-Message-ID"))
    yield from message_ids_in(header(message, "X-Original-Message-ID"))
    yield from message_ids_in(_text(message))
    for name in ("In-Reply-To", "References"):
        yield from message_ids_in(header(message, name, 4000))
