"""Looking at a mail as a mail program and a relay do: parts, types, encodings, line lengths.

Source: invites.md "A right invite"; RFC 5322 section 2.1.1 (998 octets), RFC 5545 section 3.1 (75 octets),
RFC 6047 section 2.4 (the method in the type of the part).
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

MAX_MAIL_LINE, MAX_CALENDAR_LINE = 998, 75
_PARTS = ["text/plain", "text/html", "text/calendar"]
_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version")
_LONE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


def calendar_part_of(data: bytes) -> bytes:
    """The calendar file in a mail.

    Raises
    ------
    ValueError
        There is none, or more than one.
    """
    parts = [part for part in message_from_bytes(data).walk() if part.get_content_type() == "text/calendar"]
    if len(parts) != 1:
        raise ValueError(f"{len(parts)} calendar parts")
    payload = parts[0].get_payload(decode=True)
    if not isinstance(payload, bytes):
        raise TypeError("the calendar part holds parts itself")
    return payload


def faults_of_mail(data: bytes) -> list[str]:
    """Everything that is not as it has to be, a line each."""
    return [
        *_octet_faults(data),
        *_structure_faults(_parsed(data)),
        *calendar_octet_faults(calendar_part_of(data)),
    ]


def calendar_octet_faults(calendar: bytes) -> list[str]:
    """Line ends, line lengths and split characters of a calendar file."""
    faults = []
    if _LONE_END.search(calendar) or not calendar.endswith(b"END:VCALENDAR\r\n"):
        faults.append("calendar: line ends are not CRLF throughout")
    for line in calendar.split(b"\r\n"):
        if len(line) > MAX_CALENDAR_LINE:
            faults.append(f"calendar: a line of {len(line)} octets")
        try:
            line.decode()
        except UnicodeDecodeError:
            faults.append("calendar: a fold splits a character")
    return faults


def _parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _octet_faults(data: bytes) -> list[str]:
    faults = []
    if not data.isascii():
        faults.append("mail: not ASCII")
    if _LONE_END.search(data):
        faults.append("mail: line ends are not CRLF throughout")
    longest = max(map(len, data.split(b"\r\n")))
    if longest > MAX_MAIL_LINE:
        faults.append(f"mail: a line of {longest} octets")
    return faults


def _structure_faults(message: EmailMessage) -> list[str]:
    faults = [f"mail: {defect!r}" for part in message.walk() for defect in part.defects]
    faults += [f"mail: not one header {name}" for name in _HEADERS if len(message.get_all(name, [])) != 1]
    faults += [f"mail: a header {name}" for name in ("Cc", "Bcc", "Reply-To", "Resent-To") if name in message]
    if len(message["To"].addresses) != 1:
        faults.append("mail: not exactly one recipient")
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if message.get_content_type() != "multipart/alternative":
        faults.append(f"mail: is {message.get_content_type()}")
    if [part.get_content_type() for part in parts] != _PARTS:
        return [*faults, f"mail: parts {[part.get_content_type() for part in parts]}"]
    for part in parts:
        if part["Content-Transfer-Encoding"] != "base64" or part.get_content_charset() != "utf-8":
            faults.append(f"mail: {part.get_content_type()} is not UTF-8 in base64")
        if part["Content-Disposition"] is not None:
            faults.append(f"mail: {part.get_content_type()} has a disposition")
    return faults + _method_faults(parts[2])


def _method_faults(part: MIMEPart) -> list[str]:
    calendar = part.get_payload(decode=True)
    assert isinstance(calendar, bytes)
    stated = part["Content-Type"].params.get("method")
    methods = re.findall(r"(?m)^METHOD:(.*)\r$", calendar.decode())
    if methods != [stated] or stated != str(stated).upper():
        return [f"mail: method {stated} in the type, {methods} in the calendar"]
    return []
