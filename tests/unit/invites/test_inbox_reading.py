"""Mails as they come in: every program's way of answering, every server's way of sending back, and malice."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defense.domain.people import Period
from defense.integrations.bounce_reading import Bounce, Delivery
from defense.integrations.inbox_reading import AutoReply, Letter, Unreadable, read_mail
from defense.integrations.itip_reading import CalendarAnswer
from defense.integrations.mail_parts import MAX_MAIL_BYTES
from tests.answers import PROGRAMS, Said, apple, foxmail, home_made_bounces, notification, outlook

AT = datetime(2021, 11, 2, 3, 4, 5, tzinfo=UTC)
WISHED = Period(datetime(2021, 11, 24, 7, tzinfo=UTC), datetime(2021, 11, 24, 7, 15, tzinfo=UTC))
SAID = Said("abc@defence.example.org", "ali@example.org", "ACCEPTED", AT)
OURS = "<0123abcd@example.com>"


def answer_in(raw: bytes) -> CalendarAnswer:
    content = read_mail(raw).content
    assert isinstance(content, CalendarAnswer), content
    return content


def bounce_in(raw: bytes) -> Bounce:
    content = read_mail(raw).content
    assert isinstance(content, Bounce), content
    return content


def calendar_mail(*lines: str, method: str = "REPLY", head: str = "From: ali@example.org") -> bytes:
    """A mail that is nothing but a calendar with one event of these lines."""
    body = "\r\n".join(
        ["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    )
    return f"{head}\r\nContent-Type: text/calendar; charset=utf-8\r\n\r\n{body}".encode()


LINES = ("UID:u@x", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ali@example.org", "DTSTAMP:20211102T030405Z")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("partstat", ["ACCEPTED", "DECLINED", "TENTATIVE"])
def test_every_program_and_every_answer_is_read(program: str, partstat: str) -> None:
    mail = read_mail(PROGRAMS[program](replace(SAID, partstat=partstat, comment="路上堵车, 可能; 迟到")))
    assert mail.sender == "ali@example.org"
    assert mail.written_at == AT
    assert mail.content == CalendarAnswer(
        method="REPLY",
        uid=SAID.uid,
        attendee="ali@example.org",
        partstat=partstat,
        sequence=0,
        stamped_at=AT,
        comment="路上堵车, 可能; 迟到",
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_can_ask_for_another_time(program: str) -> None:
    """By a Windows zone, in UTC, by a zone of the system, by rules that came along, and without any zone."""
    said = replace(SAID, partstat="TENTATIVE", proposed=WISHED, sequence=3)
    answer = answer_in(PROGRAMS[program](said))
    assert (answer.method, answer.sequence, answer.proposed) == ("COUNTER", 3, WISHED)


def test_a_missing_sequence_is_the_first_revision() -> None:
    assert answer_in(outlook(replace(SAID, sequence=None))).sequence == 0


def test_a_zone_nobody_knows_makes_no_time_but_an_answer() -> None:
    times = ("DTSTART;TZID=Nowhere:20211124T150000", "DTEND;TZID=Nowhere:20211124T151500")
    answer = answer_in(calendar_mail(*LINES, *times, method="COUNTER"))
    assert answer.method == "COUNTER" and answer.proposed is None


def test_rules_of_a_zone_with_summer_time_are_followed() -> None:
    zone = [
        "BEGIN:VTIMEZONE\r\nTZID:Mine",
        "BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD",
        "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE",
    ]
    times = ("DTSTART;TZID=Mine:{}T080000", "DTEND;TZID=Mine:{}T081500")
    for day, hour in (("20211124", 7), ("20210624", 6)):
        lines = [line.format(day) for line in times]
        raw = calendar_mail(*LINES, *lines, method="COUNTER")
        raw = raw.replace(b"BEGIN:VEVENT", "\r\n".join([*zone, "BEGIN:VEVENT"]).encode(), 1)
        proposed = answer_in(raw).proposed
        assert proposed is not None and proposed.start_at.hour == hour
        assert proposed.start_at.tzinfo is UTC


@pytest.mark.parametrize(
    "times",
    [
        ("DTSTART;VALUE=DATE:20211124", "DTEND;VALUE=DATE:20211125"),
        ("DTSTART:20211124T070000Z",),
        ("DTSTART:20211124T070000Z", "DTEND:20211124T060000Z"),
        ("DTSTART:20211124T070000Z", "DTEND:20221124T070000Z"),
        ("DTSTART:99991231T235959", "DTEND:99991231T235959"),
        ("DTSTART:20219999T070000Z", "DTEND:20211124T080000Z"),
        ("DTSTART;TZID=../../etc/passwd:20211124T070000", "DTEND:20211124T080000Z"),
        ("DTSTART;TZID=Asia:20211124T070000", "DTEND:20211124T080000Z"),
    ],
)
def test_a_time_that_is_none_is_left_out(times: tuple[str, ...]) -> None:
    answer = answer_in(calendar_mail(*LINES, *times, method="COUNTER"))
    assert answer.proposed is None


@pytest.mark.parametrize(
    "lines",
    [
        LINES[1:],
        LINES[:1],
        (*LINES, "UID:another@x"),
        (*LINES, "SEQUENCE:-1"),
        (*LINES, "SEQUENCE:99999999999999999999"),
        (*LINES, "SEQUENCE:1", "SEQUENCE:2"),
        (*LINES, "ATTENDEE;PARTSTAT=DECLINED:mailto:ali@example.org"),
        (*LINES[:1], "ATTENDEE:mailto:a@x.org", "ATTENDEE:mailto:b@x.org"),
        (*LINES, "END:VEVENT", "BEGIN:VEVENT", LINES[0], LINES[1].replace("ACC", "DECL"), LINES[2]),
        (*LINES, *(f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a{i}@x.org" for i in range(10_000))),
        ("UID:" + "u" * 300, *LINES[1:]),
    ],
    ids=lambda lines: "|".join(lines)[:60],
)
def test_an_ambiguous_or_broken_answer_goes_to_staff(lines: tuple[str, ...]) -> None:
    assert isinstance(read_mail(calendar_mail(*lines)).content, Unreadable)


def test_among_several_attendees_the_sender_answers() -> None:
    others = ("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:other@example.org", *LINES)
    assert answer_in(calendar_mail(*others)).attendee == "ali@example.org"


def test_two_methods_in_one_mail_are_no_answer() -> None:
    mixed = outlook(SAID).replace(b"method=REPLY", b"method=REQUEST")
    assert isinstance(read_mail(mixed).content, Unreadable)


def test_two_different_answers_in_one_mail_are_none() -> None:
    yes, no = (apple(replace(SAID, partstat=p)).partition(b"\r\n\r\n") for p in ("ACCEPTED", "DECLINED"))
    both = b"".join(yes).replace(b"--Apple-Mail=_1--\r\n", b"") + no[2]
    assert isinstance(read_mail(both).content, Unreadable)


def test_an_invite_that_came_along_is_not_an_answer() -> None:
    assert isinstance(read_mail(calendar_mail(*LINES, method="REQUEST")).content, Letter)


@pytest.mark.parametrize("charset", ["utf-8", "rot13", "punycode", "zlib", "no-such", "utf-7", '"', "\x00"])
def test_the_charset_that_is_claimed_is_only_a_hint(charset: str) -> None:
    raw = calendar_mail(*LINES, "COMMENT:好的").replace(b"charset=utf-8", f"charset={charset}".encode())
    assert answer_in(raw).comment == "好的"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"C:\\new\, 10\;", r"C:\new, 10;"),
        (r"一\n二\N三\\n", "一\n二\n三\\n"),
        ("100%2C5 a%3Ab", "100%2C5 a%3Ab"),
        ('说: "好"', '说: "好"'),
    ],
)
def test_a_comment_is_read_as_it_was_typed(written: str, meant: str) -> None:
    """A colon and a quote in a parameter before it change nothing."""
    line = f'COMMENT;ALTREP="http://x.cn/a:b":{written}'
    assert answer_in(calendar_mail(*LINES, line)).comment == meant
    assert answer_in(calendar_mail(*LINES, f"COMMENT:{written}")).comment == meant


def test_utf_16_is_read() -> None:
    head, _, body = calendar_mail(*LINES, "COMMENT:好的").partition(b"\r\n\r\n")
    head = head.replace(b"charset=utf-8", b"charset=utf-16\r\nContent-Transfer-Encoding: base64")
    encoded = base64.encodebytes(body.decode().encode("utf-16"))
    assert answer_in(head + b"\r\n\r\n" + encoded).comment == "好的"


def test_personal_data_is_not_in_what_staff_read() -> None:
    body = (
        "请致电 13812345678，身份证 11010519491231002X，邮箱 li.xm@163.com，见 https://d.org/link/abc_DEF-123"
    )
    mail = read_mail(f"From: Li <li@163.com>\r\nSubject: x@y.org\r\n\r\n{body}".encode())
    assert isinstance(mail.content, Letter)
    assert mail.subject == "x***@y.org"
    for secret in ("13812345678", "11010519491231002X", "li.xm", "abc_DEF"):
        assert secret not in mail.text
    assert "l***@163.com" in mail.text


def test_html_alone_is_told_as_text() -> None:
    mail = read_mail("Content-Type: text/html; charset=utf-8\r\n\r\n<p>您好&amp;<b>谢谢</b></p>".encode())
    assert mail.text.split() == ["您好&", "谢谢"]


@pytest.mark.parametrize(
    ("action", "status", "delivery"),
    [
        ("failed", "5.1.1", Delivery.FAILED),
        ("Failed", "4.4.7", Delivery.FAILED),
        ("delayed", "4.4.1", Delivery.DELAYED),
        ("relayed", "2.0.0", Delivery.DELIVERED),
        ("", "5.7.1", Delivery.FAILED),
        ("", "4.2.2", Delivery.DELAYED),
    ],
)
def test_a_notification_by_the_standard(action: str, status: str, delivery: Delivery) -> None:
    bounce = bounce_in(notification(OURS, "ali@example.org", action, status))
    assert bounce.delivery is delivery
    assert bounce.message_ids[0] == OURS
    assert status in bounce.words and "User unknown" in bounce.words


@pytest.mark.parametrize("server", ["qmail", "exim", "qq", "netease"])
def test_servers_with_ways_of_their_own(server: str) -> None:
    bounce = bounce_in(home_made_bounces(OURS, "ali@example.org")[server])
    assert bounce.delivery is Delivery.FAILED
    assert OURS in bounce.message_ids
    assert "550" in bounce.words


def test_a_home_made_warning_is_no_bounce_yet() -> None:
    raw = home_made_bounces(OURS, "ali@example.org")["exim"]
    raw = raw.replace(b"Mail delivery failed: returning message to sender", b"Warning: message delayed")
    raw = raw.replace(b"could not be delivered", b"is delayed, will be retried").replace(b"550", b"450")
    assert bounce_in(raw).delivery is Delivery.DELAYED


def test_a_person_who_writes_about_a_bounce_is_not_a_server() -> None:
    raw = f"From: li@163.com\r\nSubject: Re: failure notice\r\n\r\n我收到 {OURS} 退信".encode()
    assert isinstance(read_mail(raw).content, Letter)


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied",
        "X-Autoreply: yes",
        "Precedence: bulk",
        f"Subject: =?utf-8?B?{base64.b64encode('自动回复：您好'.encode()).decode()}?=",
        "Subject: Automatic reply: x",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    ],
)
def test_what_nobody_wrote_is_passed_over(head: str) -> None:
    assert isinstance(read_mail(f"From: li@163.com\r\n{head}\r\n\r\nhello".encode()).content, AutoReply)


def test_a_mail_is_known_by_its_message_id() -> None:
    first, again, other = (
        read_mail(f"Message-ID: <{id_}@x>\r\nReceived: {hop}\r\n\r\nx".encode())
        for id_, hop in (("a", "1"), ("a", "2"), ("b", "1"))
    )
    assert first.key == again.key != other.key
    assert len(read_mail(b"\r\nno headers").key) == 64


@pytest.mark.parametrize("senders", ["a@x.org, b@x.org", "", "nobody", "a@x.org\r\nFrom: b@x.org"])
def test_a_mail_without_one_sender_has_none(senders: str) -> None:
    assert read_mail(f"From: {senders}\r\n\r\nx".encode()).sender == ""


def nested(depth: int) -> bytes:
    boundaries = [f'Content-Type: multipart/mixed; boundary="b{i}"\r\n\r\n--b{i}' for i in range(depth)]
    return "\r\n".join(boundaries).encode() + b"\r\n\r\nx\n" + b"y\n" * 400_000


HOSTILE = {
    "huge": b"Subject: x\r\n\r\n" + b"x" * 40_000_000,
    "lines": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\n" * 2_000_000,
    "deep": nested(2_000),
    "as deep as is let through": nested(20),
    "forwarded in forwarded": b"Content-Type: message/rfc822\r\n\r\n" * 30_000,
    "many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\n\n" * 200_000,
    "many typed parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\nContent-Type: text/calendar\n\nMETHOD:REPLY\n" * 20_000,
    "long parameters": b"Content-Type: text/plain" + b";a" * 450_000 + b"\r\n\r\nx",
    "long parameters by continuation": b"Content-Type: text/plain;\r\n" + b" a=b;\r\n" * 140_000 + b"\r\nx",
    "long From": b"From: " + b"(" * 900_000 + b"\r\n\r\nx",
    "encoded words": b"Subject: " + b"=?utf-8?B?eA==?= " * 50_000 + b"\r\n\r\nx",
    "many headers": b"X: y\r\n" * 160_000 + b"\r\nx",
    "tags": b"Content-Type: text/html\r\n\r\n" + b"<" * 900_000,
    "no at sign": b"Content-Type: text/plain\r\n\r\n" + b"a" * 900_000,
    "attendees": calendar_mail(LINES[0], *(f"ATTENDEE:mailto:a{i}@x.org" for i in range(10_000))),
    "one folded line": calendar_mail(LINES[0], "COMMENT:" + "\r\n x" * 200_000),
    "events": calendar_mail(*["END:VEVENT", "BEGIN:VEVENT"] * 30_000),
    "components": calendar_mail(*["BEGIN:X"] * 90_000),
    "zones": calendar_mail(*LINES, "DTSTART;TZID=N:20211124T150000", method="COUNTER").replace(
        b"BEGIN:VEVENT", b"BEGIN:VTIMEZONE\r\nTZID:M\r\nEND:VTIMEZONE\r\n" * 18_000 + b"BEGIN:VEVENT", 1
    ),
    "a zone by the second": calendar_mail(
        *(LINES[0], LINES[1], "DTSTART;TZID=N:20211124T150000", "DTEND;TZID=N:20211124T151500"),
        method="COUNTER",
    ).replace(
        b"BEGIN:VEVENT",
        b"BEGIN:VTIMEZONE\r\nTZID:N\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0100\r\n"
        b"TZOFFSETTO:+0800\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
        1,
    ),
    "uuencode": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 1 x\n"
    + b"M" * 9,
    "status parts": b"Content-Type: message/delivery-status\r\n\r\n" + b"Action: failed\n\n" * 60_000,
    "message ids": b"From: postmaster@x.org\r\nSubject: failure notice\r\n\r\n" + b"<a@" * 300_000,
    "nul": b"\0" * 900_000,
    "carriage returns": b"Content-Type: text/calendar\r\r\rMETHOD:REPLY\rBEGIN:VEVENT\r" * 9_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_malice_neither_breaks_nor_holds_it_up(name: str) -> None:
    started = time.process_time()
    mail = read_mail(HOSTILE[name])
    assert time.process_time() - started < 2
    assert len(mail.text) <= 500 and len(mail.key) == 64


def test_the_beginning_of_a_huge_answer_is_read() -> None:
    raw = outlook(SAID) + b"x" * MAX_MAIL_BYTES * 3
    assert answer_in(raw).partstat == "ACCEPTED"


@settings(max_examples=300, deadline=timedelta(seconds=2))
@given(st.sampled_from(sorted(PROGRAMS)), st.data())
def test_damaged_answers_never_raise(program: str, data: st.DataObject) -> None:
    raw = bytearray(PROGRAMS[program](replace(SAID, proposed=WISHED, message_id="<a@b>")))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        if data.draw(st.booleans()):
            raw[at] = data.draw(st.integers(0, 255))
        else:
            del raw[at : at + data.draw(st.integers(1, 60))]
    assert len(read_mail(bytes(raw)).key) == 64


@settings(max_examples=200, deadline=timedelta(seconds=2))
@given(st.binary(max_size=2_000))
def test_noise_never_raises(noise: bytes) -> None:
    assert len(read_mail(noise).key) == 64
    assert len(read_mail(b"Content-Type: text/calendar; method=REPLY\r\n\r\n" + noise).key) == 64


def test_gbk_text_that_says_it_is_gb2312_is_read() -> None:
    raw = foxmail(replace(SAID, comment="喆先生")).replace(b'charset="GBK"', b'charset="gb2312"')
    assert answer_in(raw).comment == "喆先生"


def test_of_a_mail_too_deep_to_be_read_staff_learn_sender_and_subject() -> None:
    head = b"Message-ID: <d@x>\r\nFrom: Li <li@163.com>\r\nSubject: =?utf-8?B?5L2g5aW9?=\r\n"
    mail = read_mail(head + nested(2_000))
    assert isinstance(mail.content, Unreadable)
    assert (mail.sender, mail.subject) == ("li@163.com", "你好")
    assert mail.key == read_mail(head + b"\r\nx").key
