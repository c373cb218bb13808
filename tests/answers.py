"""Answers to an invite as five mail programs write them, and bounces as several servers do."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime
from itertools import count
from zoneinfo import ZoneInfo

from defense.domain.people import Period

_NUMBER = count(1)
OUTLOOK_ZONE = """BEGIN:VTIMEZONE
TZID:China Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0800
TZOFFSETTO:+0800
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T000000
TZOFFSETFROM:+0800
TZOFFSETTO:+0800
END:DAYLIGHT
END:VTIMEZONE
"""


@dataclass(frozen=True)
class Said:
    """What a person says. `sequence` None: the program leaves it out, which stands for 0."""

    uid: str
    address: str
    partstat: str
    stamped_at: datetime
    sequence: int | None = 0
    comment: str = ""
    proposed: Period | None = None
    sender: str = ""
    message_id: str = ""

    @property
    def method(self) -> str:
        return "COUNTER" if self.proposed else "REPLY"

    @property
    def from_address(self) -> str:
        return self.sender or self.address

    @property
    def id(self) -> str:
        return self.message_id or f"<answer-{next(_NUMBER)}@client.example>"


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def local(at: datetime, zone: str = "Asia/Shanghai") -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y%m%dT%H%M%S")


def _sequence(said: Said) -> str:
    return "" if said.sequence is None else f"SEQUENCE:{said.sequence}\n"


def _comment(said: Said, params: str = "") -> str:
    text = said.comment.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")
    return f"COMMENT{params}:{text}\n" if text else ""


def _folded(text: str, width: int = 75) -> bytes:
    """CRLF line ends; folded by octets, as careless programs do, even inside a character."""
    lines = []
    for line in text.strip().split("\n"):
        data = line.encode()
        lines.append(b"\r\n ".join(data[i : i + width] for i in range(0, len(data), width)) or b"")
    return b"\r\n".join(lines) + b"\r\n"


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data)


def _headers(said: Said, subject: str, content_type: str, *more: str) -> bytes:
    lines = (
        f"From: {Header('买买提·艾力', 'utf-8').encode()} <{said.from_address}>",
        "To: defence@example.com",
        f"Subject: {Header(subject, 'utf-8').encode()}",
        f"Date: {format_datetime(said.stamped_at)}",
        f"Message-ID: {said.id}",
        "MIME-Version: 1.0",
        f"Content-Type: {content_type}",
        *more,
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def outlook(said: Said) -> bytes:
    """No organiser, a Windows zone, the calendar in base64 beside an empty text."""
    times = ""
    if said.proposed:
        start, end = (local(at) for at in (said.proposed.start_at, said.proposed.end_at))
        times = (
            f'DTSTART;TZID="China Standard Time":{start}\nDTEND;TZID="China Standard Time":{end}\n'
            f"X-MS-OLK-ORIGINALSTART:{stamp(said.proposed.start_at)}\n"
        )
    calendar = (
        f"BEGIN:VCALENDAR\nMETHOD:{said.method}\nPRODID:Microsoft Exchange Server 2010\nVERSION:2.0\n"
        f"{OUTLOOK_ZONE}BEGIN:VEVENT\n"
        f"ATTENDEE;PARTSTAT={said.partstat};CN=买买提·艾力:MAILTO:{said.address.upper()}\n"
        f"{_comment(said, ';LANGUAGE=zh-CN')}UID:{said.uid}\n{times}DTSTAMP:{stamp(said.stamped_at)}\n"
        f"{_sequence(said)}X-MICROSOFT-CDO-APPT-SEQUENCE:{said.sequence or 0}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    return (
        _headers(said, "已接受: 视频答辩", 'multipart/alternative; boundary="_000_X"')
        + b'--_000_X\r\nContent-Type: text/plain; charset="gb2312"\r\n\r\n\r\n--_000_X\r\n'
        + f'Content-Type: text/calendar; charset="utf-8"; method={said.method}\r\n'.encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + _base64(_folded(calendar))
        + b"--_000_X--\r\n"
    )


def gmail(said: Said) -> bytes:
    """Marked as automatic, the calendar twice: in the body and as a file. Times in UTC."""
    times = ""
    if said.proposed:
        times = f"DTSTART:{stamp(said.proposed.start_at)}\nDTEND:{stamp(said.proposed.end_at)}\n"
    calendar = _folded(
        f"BEGIN:VCALENDAR\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\nVERSION:2.0\n"
        f"CALSCALE:GREGORIAN\nMETHOD:{said.method}\nBEGIN:VEVENT\n{times}DTSTAMP:{stamp(said.stamped_at)}\n"
        f"ORGANIZER;CN=评价中心:mailto:defence@example.com\nUID:{said.uid}\n"
        f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={said.partstat};"
        f"X-NUM-GUESTS=0;X-RESPONSE-COMMENT={said.comment or 'none'!r}:mailto:{said.address}\n"
        f"{_comment(said)}{_sequence(said)}STATUS:CONFIRMED\nEND:VEVENT\nEND:VCALENDAR\n".replace("'", '"')
    )
    calendar_type = f"text/calendar; charset=UTF-8; method={said.method}"
    return (
        _headers(
            said, "Accepted: 视频答辩", 'multipart/mixed; boundary="M"', "Auto-Submitted: auto-generated"
        )
        + b'--M\r\nContent-Type: multipart/alternative; boundary="A"\r\n\r\n'
        + b"--A\r\nContent-Type: text/plain; charset=UTF-8; format=flowed\r\n\r\nhas accepted\r\n"
        + f"--A\r\nContent-Type: {calendar_type}\r\n".encode()
        + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        + quopri.encodestring(calendar).replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")
        + b"\r\n--A--\r\n--M\r\nContent-Type: application/ics; name=invite.ics\r\n"
        + b"Content-Disposition: attachment; filename=invite.ics\r\n"
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + _base64(calendar)
        + b"--M--\r\n"
    )


def apple(said: Said) -> bytes:
    """Only the calendar, as a file, without a method in its type; small letters; a zone of the system."""
    times = ""
    if said.proposed:
        start, end = (local(at, "Asia/Urumqi") for at in (said.proposed.start_at, said.proposed.end_at))
        times = f"DTSTART;TZID=Asia/Urumqi:{start}\nDTEND;TZID=Asia/Urumqi:{end}\n"
    calendar = (
        f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Apple Inc.//Mac OS X 10.15//EN\nMETHOD:{said.method}\n"
        f"BEGIN:VEVENT\nUID:{said.uid}\n{times}DTSTAMP:{stamp(said.stamped_at)}\n"
        f"ATTENDEE;CN=Ali;CUTYPE=INDIVIDUAL;PARTSTAT={said.partstat.lower()}:mailto:{said.address}\n"
        f"{_comment(said)}{_sequence(said)}ORGANIZER:mailto:defence@example.com\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    return (
        _headers(said, "视频答辩", 'multipart/mixed; boundary="Apple-Mail=_1"')
        + b"--Apple-Mail=_1\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\r\n--Apple-Mail=_1\r\n"
        + b'Content-Type: application/octet-stream; name="iCal-20211101.ics"\r\n'
        + b"Content-Disposition: attachment; filename*=utf-8''%E7%AD%94%E8%BE%A9.ics\r\n"
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + _base64(_folded(calendar))
        + b"--Apple-Mail=_1--\r\n"
    )


def thunderbird(said: Said) -> bytes:
    """The calendar itself in 8 bits, a zone with its rules, a duration, everything in its own order."""
    times = zone = ""
    if said.proposed:
        minutes = (said.proposed.end_at - said.proposed.start_at) // timedelta(minutes=1)
        times = f"DTSTART;TZID=Office:{local(said.proposed.start_at)}\nDURATION:PT{minutes}M\n"
        zone = OUTLOOK_ZONE.replace("China Standard Time", "Office")
    calendar = (
        f"BEGIN:VCALENDAR\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\nVERSION:2.0\n"
        f"METHOD:{said.method}\n{zone}BEGIN:VEVENT\nCREATED:20211101T000000Z\n"
        f"DTSTAMP:{stamp(said.stamped_at)}\nUID:{said.uid}\nSUMMARY:视频答辩\n"
        f"ORGANIZER;CN=评价中心:mailto:defence@example.com\n"
        f"ATTENDEE;RSVP=TRUE;PARTSTAT={said.partstat};ROLE=REQ-PARTICIPANT:mailto:{said.address}\n"
        f"{times}{_comment(said)}{_sequence(said)}"
        f"BEGIN:VALARM\nACTION:DISPLAY\nUID:alarm\nTRIGGER:-PT30M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    return (
        _headers(said, "Event Invitation Reply", 'multipart/alternative; boundary="------T"')
        + b"--------T\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nAli has accepted.\r\n--------T\r\n"
        + f"Content-Type: text/calendar; method={said.method}; charset=UTF-8\r\n".encode()
        + b"Content-Transfer-Encoding: 8bit\r\n\r\n"
        + _folded(calendar)
        + b"\r\n--------T--\r\n"
    )


def foxmail(said: Said) -> bytes:
    """In GBK, bare LF line ends inside the part, times without a zone, a method in small letters."""
    times = ""
    if said.proposed:
        times = f"DTSTART:{local(said.proposed.start_at)}\nDTEND:{local(said.proposed.end_at)}\n"
    calendar = (
        f"BEGIN:VCALENDAR\nPRODID:-//Tencent//Foxmail//CN\nVERSION:2.0\nMETHOD:{said.method}\n"
        f"BEGIN:VEVENT\nUID:{said.uid}\n{times}{_sequence(said)}DTSTAMP:{stamp(said.stamped_at)}\n"
        f'ATTENDEE;PARTSTAT={said.partstat};CN="买买提":mailto:{said.address}\n{_comment(said)}'
        f"END:VEVENT\nEND:VCALENDAR\n"
    )
    return (
        _headers(said, "接受：视频答辩", 'multipart/mixed; boundary="F"', "X-Mailer: Foxmail 7.2.20.273[cn]")
        + b'--F\r\nContent-Type: text/html; charset="GBK"\r\n\r\n<p></p>\r\n--F\r\n'
        + f'Content-Type: text/calendar; charset="GBK"; method={said.method.lower()}\r\n'.encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + _base64(calendar.encode("gbk"))
        + b"--F--\r\n"
    )


PROGRAMS: dict[str, Callable[[Said], bytes]] = {
    "outlook": outlook,
    "gmail": gmail,
    "apple": apple,
    "thunderbird": thunderbird,
    "foxmail": foxmail,
}


def notification(
    message_id: str,
    address: str,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <{address}>: Recipient address rejected: User unknown",
) -> bytes:
    """A bounce by the standard, with the headers of what came back."""
    return (
        "From: MAILER-DAEMON@mx.example.com (Mail Delivery System)\r\nTo: defence@example.com\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <dsn-{next(_NUMBER)}@mx.example.com>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: {diagnostic.format(address=address)}\r\n"
        "\r\n--B\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Subject: x\r\nMessage-ID: {message_id}\r\n\r\n--B--\r\n"
    ).encode()


def home_made_bounces(message_id: str, address: str) -> dict[str, bytes]:
    """Bounces of servers with ways of their own; each says that the mail will never arrive."""

    def mail(sender: str, subject: str, body: str, *more: str, charset: str = "utf-8") -> bytes:
        lines = (
            f"From: {sender}",
            "To: defence@example.com",
            f"Subject: {Header(subject, 'utf-8').encode()}",
            f"Message-ID: <own-{next(_NUMBER)}@mx.example.com>",
            "MIME-Version: 1.0",
            *(more or (f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: 8bit")),
        )
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body.replace("\n", "\r\n").encode(charset)

    returned = f"--Q\nContent-Type: message/rfc822\n\nMessage-ID: {message_id}\nSubject: x\n\nhello\n--Q--\n"
    return {
        "qmail": mail(
            "MAILER-DAEMON@qmail.example.com",
            "failure notice",
            f"Hi. This is the qmail-send program.\nI'm afraid I wasn't able to deliver your message. "
            f"This is a permanent error; I've given up.\n\n<{address}>:\n550 no such user\n\n"
            f"--- Below this line is a copy of the message.\n\nReceived: by x\n"
            f"Message-ID: {message_id}\n\nhi\n",
        ),
        "exim": mail(
            "Mail Delivery System <Mailer-Daemon@exim.example.com>",
            "Mail delivery failed: returning message to sender",
            f"A message could not be delivered to all of its recipients.\n\n"
            f"  {address}\n    550 Unrouteable\n\n"
            f"------ This is a copy of the message's headers. ------\n\nMessage-ID: {message_id}\n",
            f"X-Failed-Recipients: {address}",
            "Content-Type: text/plain; charset=us-ascii",
            "Auto-Submitted: auto-replied",
        ),
        "qq": mail(
            "PostMaster@qq.com",
            "系统退信/Systems bounce",
            "--Q\nContent-Type: text/plain; charset=gb18030\nContent-Transfer-Encoding: base64\n\n"
            + base64.encodebytes(
                f"无法发送到 {address}\n退信原因：收件人邮件地址不存在。\n550 Mailbox not found.\n".encode(
                    "gb18030"
                )
            ).decode()
            + returned,
            'Content-Type: multipart/mixed; boundary="Q"',
        ),
        "netease": mail(
            "Postmaster@163.com",
            "系统退信",
            f"抱歉，您的邮件被退回来了……\n原邮件信息：\n收件人：{address}\n邮件ID：{message_id}\n"
            f"退信原因：550 User not found: {address}\n建议解决方案：请核对地址。\n",
            charset="gbk",
        ),
    }
