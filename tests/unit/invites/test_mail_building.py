"""The mail around an invite, read back by the email package."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr

import pytest

from defense.domain.errors import InvalidInput
from defense.integrations.mail import Letter, Mailbox, build_message, parse_mailbox, usable_address


def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_three_parts_in_order_none_attached(letter: Letter) -> None:
    message = parsed(build_message(letter))
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html", "text/calendar"]
    assert [part["Content-Transfer-Encoding"] for part in parts] == ["base64"] * 3
    assert [part["Content-Disposition"] for part in parts] == [None] * 3
    assert [part.get_payload(decode=True) for part in parts] == [
        letter.text.encode(),
        letter.html.encode(),
        letter.calendar,
    ]


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_the_method_is_in_the_type_of_the_part(letter: Letter, method: str) -> None:
    data = build_message(replace(letter, method=method))
    assert f"Content-Type: text/calendar; charset=utf-8; method={method}\r\n".encode() in data


def test_headers(letter: Letter) -> None:
    message = parsed(build_message(letter))
    assert message["From"].addresses[0].addr_spec == "defence@example.com"
    assert message["From"].addresses[0].display_name == "自治区职称社会化评价中心"
    assert [(a.display_name, a.addr_spec) for a in message["To"].addresses] == [
        ("买买提·艾力", "ali@example.org")
    ]
    assert message["Subject"] == letter.subject
    assert message["Message-ID"] == letter.message_id
    assert message["Date"].datetime == letter.written_at
    assert message["Auto-Submitted"] == "auto-generated"
    assert not {"cc", "bcc", "reply-to"} & {name.lower() for name in message}


@pytest.mark.parametrize(
    "name", ["مۇھەممەت ئېلى ئابدۇراخمان", "古丽努尔·阿卜杜热依木·买买提艾力" * 4, "O'Neil, (Jo)"]
)
def test_names_of_any_script_survive(letter: Letter, name: str) -> None:
    data = build_message(replace(letter, recipient=Mailbox(name, "someone@example.org")))
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 78
    # The older parser, since the newer one of Python 3.11 puts blanks between the parts of a long name.
    raw = BytesParser().parsebytes(data)["To"]
    assert str(make_header(decode_header(raw))) == f"{name} <someone@example.org>"
    assert parseaddr(raw)[1] == "someone@example.org"


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x00"])
def test_no_header_can_be_smuggled_in(letter: Letter, break_: str) -> None:
    evil = f"王{break_}Bcc: spy@example.net{break_}{break_}body"
    message = parsed(
        build_message(
            replace(
                letter,
                subject=evil,
                sender=Mailbox(evil, "defence@example.com"),
                recipient=Mailbox(evil, "ali@example.org"),
                message_id=f"<a@example.com>{break_}Bcc: spy@example.net",
            )
        )
    )
    assert message["Bcc"] is None
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == "ali@example.org"
    assert [part.get_content_type() for part in message.iter_parts()][-1] == "text/calendar"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "无",
        "a@b",
        "a b@example.org",
        "a@example.org\nBcc: x@y.cn",
        "a@例子.cn",
        "a@x.cn,b@y.cn",
        "<a@x.cn>",
    ],
)
def test_unusable_addresses(letter: Letter, address: str) -> None:
    assert usable_address(address) is None
    with pytest.raises(InvalidInput):
        build_message(replace(letter, recipient=Mailbox("王", address)))


@pytest.mark.parametrize("address", ["a@x.cn", "123456@qq.com", "o'x+t.y@sub.example.org", " a@x.cn\n"])
def test_usable_addresses(address: str) -> None:
    assert usable_address(address) == address.strip()


def test_the_organiser_never_invites_itself(letter: Letter) -> None:
    with pytest.raises(InvalidInput):
        build_message(replace(letter, recipient=Mailbox("中心", "Defence@Example.com")))


def test_parse_mailbox() -> None:
    assert parse_mailbox("评价中心（测试） <a@x.cn>") == Mailbox("评价中心（测试）", "a@x.cn")
    assert parse_mailbox("a@x.cn") == Mailbox("a@x.cn", "a@x.cn")
    with pytest.raises(InvalidInput):
        parse_mailbox("评价中心")
