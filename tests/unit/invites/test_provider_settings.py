"""The settings of meeting providers: all of one or none, and an error that names what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from defense.domain.errors import Forbidden, InvalidInput
from defense.integrations.meetings.fixed import FixedProvider, standing_room
from defense.integrations.meetings.provider import (
    ADDRESS,
    PASSWORD,
    FailureKind,
    HeldMeeting,
    ProviderFailure,
    ProviderName,
)
from defense.integrations.meetings.registry import provider_from
from defense.integrations.meetings.subject import carries, subject_with_tag, utf8_length
from defense.settings import Settings, SettingsError
from tests.meeting_world import CANDIDATE, NOW, TAG, plan

SECRET = "s3cr3t-of-nobody"
JITSI = {"JITSI_APP_ID": "defence", "JITSI_APP_SECRET": SECRET}
BBB = {"BBB_URL": "https://bbb.example.org/bigbluebutton/", "BBB_SECRET": SECRET}
TENCENT = {
    "TENCENT_MEETING_SECRET_ID": SECRET,
    "TENCENT_MEETING_SECRET_KEY": SECRET,
    "TENCENT_MEETING_APP_ID": "200000001",
    "TENCENT_MEETING_USER_ID": "secretary",
}
ZOOM = {
    "ZOOM_ACCOUNT_ID": "account",
    "ZOOM_CLIENT_ID": "client",
    "ZOOM_CLIENT_SECRET": SECRET,
    "ZOOM_USER_ID": "meetings@centre.example",
}


def settings(tmp_path: Path, **env: str) -> Settings:
    return Settings.from_env({"INSTANCE_DIR": str(tmp_path)} | env)


def test_nothing_given(tmp_path: Path) -> None:
    empty = settings(tmp_path)
    usable = [name for name in ProviderName if provider_from(empty, name)]
    assert usable == [ProviderName.JITSI, ProviderName.FIXED]


def test_everything_given(tmp_path: Path) -> None:
    mail = {"SMTP_URL": f"smtps://u:{SECRET}@mail.example.org", "SECRET_KEY": SECRET}
    full = settings(tmp_path, **BBB, **TENCENT, **ZOOM, **JITSI, **mail)
    for name in ProviderName:
        provider = provider_from(full, name)
        assert provider is not None
        assert provider.name is name
        assert provider.creates_ahead is (name in (ProviderName.TENCENT, ProviderName.ZOOM))
        assert SECRET not in repr(provider)
    assert full.bigbluebutton is not None
    assert full.bigbluebutton.url == "https://bbb.example.org/bigbluebutton/api"
    assert full.bigbluebutton.checksum == "sha256"
    assert full.tencent is not None
    assert (full.tencent.url, full.tencent.sdk_id) == ("https://api.meeting.qq.com", None)
    assert full.zoom is not None
    assert (full.zoom.url, full.zoom.oauth_url) == ("https://api.zoom.us", "https://zoom.us")
    assert SECRET not in repr(full)


@pytest.mark.parametrize("whole", [BBB, TENCENT, ZOOM, JITSI])
def test_what_is_missing_is_named(whole: dict[str, str], tmp_path: Path) -> None:
    for name in whole:
        with pytest.raises(SettingsError, match=f"^{name}: missing; ") as failed:
            settings(tmp_path, **{other: value for other, value in whole.items() if other != name})
        assert SECRET not in str(failed.value)


@pytest.mark.parametrize(
    "wrong",
    [
        BBB | {"BBB_URL": "http://bbb.example.org"},
        BBB | {"BBB_URL": f"https://user:{SECRET}@bbb.example.org"},
        BBB | {"BBB_URL": "https://bbb.example.org/?x=1"},
        BBB | {"BBB_URL": "bbb.example.org"},
        BBB | {"BBB_URL": "https://[::1"},
        BBB | {"BBB_CHECKSUM": "md5"},
        BBB | {"BBB_SECRET": f"{SECRET}\n"},
        TENCENT | {"TENCENT_MEETING_URL": "ftp://api.meeting.qq.com"},
        TENCENT | {"TENCENT_MEETING_SECRET_ID": f"{SECRET} x"},
        TENCENT | {"TENCENT_MEETING_SDK_ID": "钥匙"},
        ZOOM | {"ZOOM_USER_ID": "me"},
        ZOOM | {"ZOOM_OAUTH_URL": "http://zoom.us"},
    ],
)
def test_wrong_values_are_named_and_not_repeated(wrong: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^(BBB|TENCENT_MEETING|ZOOM)_[A-Z_]+[:=]") as failed:
        settings(tmp_path, **wrong)
    assert SECRET not in str(failed.value)


def test_a_server_on_this_machine_needs_no_tls(tmp_path: Path) -> None:
    assert settings(tmp_path, **(BBB | {"BBB_URL": "http://127.0.0.1:8090"})).bigbluebutton


def test_a_standing_room() -> None:
    address = "https://meeting.tencent.com/p/1234567890"
    room = standing_room("panel-3", f" {address}\n", "135790")
    assert room == HeldMeeting("panel-3", {ADDRESS: address, PASSWORD: "135790"})
    app = "wemeet://page/inmeeting?meeting_code=123456789"
    assert standing_room("panel-4", app).secrets == {ADDRESS: app}
    assert address not in repr(room)
    assert "135790" not in repr(room)
    provider = FixedProvider()
    assert provider.move(room, plan()) == room
    provider.cancel(room)
    assert provider.find(plan()) is None
    assert provider.join_url(room, plan(), CANDIDATE, NOW, plan().end_at) == address
    with pytest.raises(Forbidden):
        provider.join_url(room, plan(), CANDIDATE, NOW, NOW)
    for fail in (
        lambda: provider.create(plan()),
        lambda: provider.join_url(HeldMeeting("panel-3", {}), plan(), CANDIDATE, NOW, plan().end_at),
    ):
        with pytest.raises(ProviderFailure) as failed:
            fail()
        assert failed.value.kind in (FailureKind.NEVER, FailureKind.ABSENT)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "meeting.tencent.com/p/1",
        "javascript:alert(1)//example.org",
        "https://",
        "https://user:pw@example.org/",
        "https://example.org/ x",
        "https://example.org/\r\nSet-Cookie: a=b",
        "https://example.org\\@evil.example",
        "https://例子.example/",
        "https://example.org/" + "x" * 2000,
        "wemeet:page",
        "wemeet://",
    ],
)
def test_what_is_no_web_address_is_not_taken(address: str) -> None:
    with pytest.raises(InvalidInput) as failed:
        standing_room("panel-3", address)
    assert len(address) < 10 or address not in str(failed.value)


def test_a_password_is_one_short_line() -> None:
    for password in ("a\nb", "x" * 41):
        with pytest.raises(InvalidInput):
            standing_room("panel-3", "https://example.org/room", password)


def test_the_tag_stands_in_every_subject() -> None:
    for subject in ("视频答辩", "", "答辩" * 200, f"视频答辩 {TAG}", f"视频答辩 [{TAG}] {'长' * 300}"):
        written = subject_with_tag(plan(subject=subject), 512, utf8_length)
        assert carries(written, TAG)
        assert len(written.encode()) <= 512
        assert written == subject_with_tag(plan(subject=written), 512, utf8_length)
    assert not carries(f"x{TAG}", TAG)
    assert not carries(f"{TAG}1", TAG)
