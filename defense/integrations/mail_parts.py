"""Taking a strange mail apart without trusting a byte of it.

Everything has a limit, because some of the standard library's parsing takes quadratic time and anybody may
write to the reply mailbox.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import getaddresses

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.header_text import one_line

MAX_MAIL_BYTES = 500_000
"""Of a longer mail the beginning is read: what counts comes before the photographs."""
MAX_HEADER = 4_000
MAX_MULTIPARTS = 20
MAX_PARTS = 500
MAX_SEPARATORS = 2_000
"""Lines that begin with two hyphens, as those between parts do."""

_OPENING = re.compile(rb"^content-type[ \t]*:|multipart/|message/", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(r"<[^<>@\s]{1,150}@[^<>@\s]{1,150}>")
_TRUSTED_CODECS = re.compile(
    r"utf-8|ascii|iso8859-\d+|gb2312|gbk|gb18030|big5|big5hkscs|utf-16(-[bl]e)?|cp125\d|cp936|cp950|koi8-r"
    r"|iso2022_jp|shift_jis|euc_(jp|kr|jis_2004)"
)


class _ShortHeaders(Compat32):
    """Cuts headers before the library looks at them: it reads parameters in quadratic time."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MAX_HEADER]


_POLICY = _ShortHeaders()


def parse_mail(raw: bytes) -> Message:
    """The mail as a tree of parts.

    Raises
    ------
    InvalidInput
        It nests too deep or has too many parts for a mail of real life.
    """
    raw = raw[:MAX_MAIL_BYTES]
    lines = raw.replace(b"\r", b"\n")
    openings = [found[0].lower() for found in _OPENING.finditer(lines)]
    if (
        openings.count(b"multipart/") > MAX_MULTIPARTS
        or len(openings) > MAX_PARTS
        or lines.count(b"\n--") > MAX_SEPARATORS
    ):
        raise InvalidInput(Text("邮件结构过于复杂。", "The mail has too many parts."))
    try:
        return BytesParser(policy=_POLICY).parsebytes(raw)
    # The library is known for more than one kind of failure on malformed mails.
    except Exception as error:
        raise InvalidInput(Text("邮件无法解析。", "The mail cannot be parsed.")) from error


def parse_headers(raw: bytes) -> Message:
    """Only the headers of the mail itself, whatever the rest may be."""
    return BytesParser(policy=_POLICY).parsebytes(raw[:MAX_MAIL_BYTES], headersonly=True)


def leaves(message: Message) -> Iterator[Message]:
    """The parts without parts, in order; not those of a mail that is carried inside this one."""
    if not message.is_multipart():
        yield message
    elif message.get_content_maintype() != "message":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from leaves(part)


def parts_of_type(message: Message, *types: str) -> Iterator[Message]:
    """Every part of these types, at any depth but inside carried mails."""
    if message.get_content_type() in types:
        yield message
    elif message.is_multipart() and message.get_content_maintype() != "message":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from parts_of_type(part, *types)


def header(message: Message, name: str, limit: int = 500) -> str:
    """A header on one line, decoded as well as it can be; "" without one."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)
    with suppress(HeaderParseError, LookupError, ValueError, TypeError):
        text = str(make_header(decode_header(value)))
    return one_line(text.encode("utf-8", "replace").decode("utf-8"))[:limit]


def sender_address(message: Message) -> str:
    """The address in From, in lower case; "" if there is none or more than one."""
    values = [str(value)[:MAX_HEADER] for value in message.get_all("From", [])]
    addresses = {address.strip().lower() for _name, address in getaddresses(values) if "@" in address}
    return addresses.pop() if len(addresses) == 1 and len(values) == 1 else ""


def message_ids_in(text: str) -> list[str]:
    """Every Message-ID in a text, with its angle brackets."""
    return _MESSAGE_ID.findall(text)


def content_bytes(part: Message) -> bytes:
    """What a part holds, its transfer encoding undone; b"" if that is impossible."""
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # as above
        return b""
    return payload if isinstance(payload, bytes) else b""


def content_text(part: Message) -> str:
    """The text of a part; the charset it claims is only a hint."""
    return decode_text(content_bytes(part), charset_of(part))


def charset_of(part: Message) -> str:
    """The charset that a part claims, or ""."""
    try:
        return str(part.get_content_charset() or "")
    except Exception:  # as above
        return ""


def decode_text(data: bytes, charset: str = "") -> str:
    """Bytes as text: UTF-8 where they are, else as they say, else as most mail of the region is."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    for name in ("utf-8-sig", _trusted(charset), "gb18030"):
        try:
            if name:
                return data.decode(name)
        except UnicodeError:
            continue
    return data.decode("utf-8", "replace")


def _trusted(charset: str) -> str:
    """The codec of a charset, if it is one that texts come in: some codecs are slow, some are no charsets."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError, UnicodeError):
        return ""
    if name in ("gb2312", "gbk", "cp936"):
        return "gb18030"  # what says GB 2312 often holds characters beyond it
    return name if _TRUSTED_CODECS.fullmatch(name) else ""
