"""Addresses made at the click, their tokens checked as a Jitsi server checks them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from defense.domain.errors import Forbidden
from defense.integrations.meetings.jitsi import TOKEN_LIFETIME, JitsiProvider
from defense.integrations.meetings.provider import HeldMeeting, MeetingPlan, Participant

SECRET = "s" * 40
NOW = datetime.now(UTC).replace(microsecond=0)


PLAN = MeetingPlan("AbC123def", "视频答辩", NOW, NOW + timedelta(hours=4))


def join(
    provider: JitsiProvider,
    moderator: bool = False,
    valid_until: datetime | None = None,
    room: str = "AbC123def",
) -> str:
    person = Participant("买买提·艾力", "c-17", moderator)
    return provider.join_url(
        HeldMeeting(room, {}), PLAN, person, NOW, valid_until or NOW + timedelta(hours=1)
    )


# The claims count from `NOW`, which a slow machine may have left behind.
UNTIMED = {"verify_exp": False}


def claims_of(url: str) -> dict[str, Any]:
    (token,) = parse_qs(urlsplit(url).query)["jwt"]
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    return jwt.decode(
        token, SECRET, algorithms=["HS256"], audience="jitsi", issuer="defence-app", options=UNTIMED
    )


def test_open_server() -> None:
    assert join(JitsiProvider("https://meet.example.org/")) == "https://meet.example.org/abc123def"


def test_token_names_person_room_and_role() -> None:
    provider = JitsiProvider("https://meet.example.org", "defence-app", SECRET)
    url = join(provider)
    claims = claims_of(url)
    assert urlsplit(url).path == "/abc123def"
    assert claims["room"] == "abc123def"
    assert claims["sub"] == "meet.example.org"
    assert claims["context"]["user"] == {"id": "c-17", "name": "买买提·艾力", "moderator": False}
    assert claims_of(join(provider, moderator=True))["context"]["user"]["moderator"] is True


def test_token_is_short_lived_and_never_outlives_the_right() -> None:
    provider = JitsiProvider("https://meet.example.org", "defence-app", SECRET)
    assert claims_of(join(provider))["exp"] == int((NOW + TOKEN_LIFETIME).timestamp())
    soon = NOW + timedelta(seconds=90)
    assert claims_of(join(provider, valid_until=soon))["exp"] == int(soon.timestamp())


def test_another_secret_opens_nothing() -> None:
    url = join(JitsiProvider("https://meet.example.org", "defence-app", "x" * 40))
    with pytest.raises(jwt.InvalidSignatureError):
        claims_of(url)


def test_after_the_end_there_is_no_address() -> None:
    with pytest.raises(Forbidden):
        join(JitsiProvider("https://meet.example.org"), valid_until=NOW)


def test_a_room_name_cannot_change_the_path() -> None:
    url = join(JitsiProvider("https://meet.example.org"), room="a/../b?jwt=x")
    assert url == "https://meet.example.org/a%2F..%2Fb%3Fjwt%3Dx"


def test_a_room_needs_no_making() -> None:
    provider = JitsiProvider("https://meet.example.org")
    made = provider.create(PLAN)
    assert made.id == PLAN.tag
    assert made == provider.find(PLAN) == provider.move(made, PLAN)
    provider.cancel(made)
