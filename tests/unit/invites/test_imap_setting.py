"""The setting of the reply mailbox: what is taken, and that a refusal shows no password."""

from __future__ import annotations

from pathlib import Path

import pytest

from defense.integrations.imap import MailboxAddress
from defense.settings import Settings, SettingsError


def settings(tmp_path: Path, url: str) -> Settings:
    return Settings.from_env({"INSTANCE_DIR": str(tmp_path), "IMAP_URL": url})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "imaps://defence%40example.com:p%3Aw%2Fd@mail.example.com/",
            MailboxAddress(
                "mail.example.com", 993, "defence@example.com", "p:w/d", "INBOX", True, False, None
            ),
        ),
        (
            "imap://u:p@mail.example.com:1143/%E5%9B%9E%E5%A4%8D?starttls=1&done=INBOX/Filed",
            MailboxAddress("mail.example.com", 1143, "u", "p", "回复", False, True, "INBOX/Filed"),
        ),
        ("imap://u:p@127.0.0.1/a/b", MailboxAddress("127.0.0.1", 143, "u", "p", "a/b", False, False, None)),
        ("imap://u:p@[::1]:5", MailboxAddress("::1", 5, "u", "p", "INBOX", False, False, None)),
    ],
)
def test_what_the_address_says(tmp_path: Path, url: str, expected: MailboxAddress) -> None:
    imap_url = settings(tmp_path, url).imap_url
    assert imap_url is not None
    assert MailboxAddress.from_url(imap_url) == expected
    assert repr(expected) == f"MailboxAddress({expected.host}:{expected.port}/{expected.folder})"


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "https://u:s3cret@mail.example.com",
        "imaps://mail.example.com/INBOX",
        "imaps://u@mail.example.com",
        "imaps://:s3cret@mail.example.com",
        "imaps://u:s3cret@",
        "imaps://u:s3cret@mail.example.com:99999/INBOX",
        "imaps://u:s3cret@mail.example.com:0/INBOX",
        "imaps://u:s3cret@[mail/INBOX",
        "imaps://u:s3cret%0D%0AA2 DELETE INBOX@mail.example.com",
        "imaps://u:s3cret@mail.example.com/INBOX%0A",
        "imaps://u:s3cret@mail.example.com/INBOX?done=a%0D%0Ab",
        "imaps://u:s3cret@mail.example.com/INBOX?start_tls=1",
        "imap://u:s3cret@mail.example.com/INBOX?starttls=yes",
        "imap://u:s3cret@mail.example.com/INBOX",
        "imap://u:s3cret@127.0.0.1.example.com/INBOX",
    ],
)
def test_a_wrong_one_stops_the_start_by_name(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="IMAP_URL") as caught:
        settings(tmp_path, url)
    assert "s3cret" not in str(caught.value) and caught.value.__cause__ is None


def test_without_it_nobody_reads(tmp_path: Path) -> None:
    assert settings(tmp_path, "").imap_url is None
