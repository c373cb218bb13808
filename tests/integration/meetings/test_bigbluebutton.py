"""The BigBlueButton connector against a strict stand-in; what a browser would open is opened too."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from defense.domain.errors import Forbidden
from defense.integrations.meetings.bigbluebutton import BigBlueButtonProvider
from defense.integrations.meetings.provider import FailureKind, HeldMeeting, Participant, ProviderFailure
from tests.doubles.bbb_double import BbbDouble
from tests.doubles.server import Fault, Reply
from tests.meeting_world import CANDIDATE, NOW, QUICK, SECRETARY, TAG, bbb_access, plan

UNTIL = NOW + timedelta(hours=1)


def enter(provider: BigBlueButtonProvider, person: Participant) -> str:
    return provider.join_url(provider.create(plan()), plan(), person, NOW, UNTIL)


def opened(address: str) -> str:
    """Where a browser ends up: a place on the server, or the key of what went wrong."""
    answer = requests.get(address, allow_redirects=False, timeout=5)
    if answer.status_code == 302:
        return answer.headers["Location"]
    found = re.search("<messageKey>(.*)</messageKey>", answer.text)
    assert found
    return found[1]


@pytest.mark.parametrize("checksum", ["sha1", "sha256", "sha384", "sha512"])
def test_the_first_click_makes_the_meeting(checksum: str, bbb: BbbDouble) -> None:
    bbb.algorithms = (checksum,)
    provider = BigBlueButtonProvider(bbb_access(bbb, checksum=checksum), QUICK)
    assert provider.find(plan()) is None
    assert opened(enter(provider, SECRETARY)) == "/html5client/join"
    assert opened(enter(provider, CANDIDATE)) == "/html5client/guestWait"
    (held,) = bbb.living
    assert (held.meeting_id, bbb.created) == (TAG, 1)
    assert (held.inside, held.waiting) == ([SECRETARY.id], [CANDIDATE.id])
    assert provider.find(plan()) == HeldMeeting(TAG, {})


def test_the_address_names_person_role_and_the_very_meeting(
    bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider
) -> None:
    address = enter(bbb_meetings, CANDIDATE)
    values = parse_qs(urlsplit(address).query)
    assert values["fullName"] == [CANDIDATE.name]
    assert values["createTime"] == [str(bbb.meetings[TAG].created_ms)]
    assert (values["role"], values["guest"]) == (["VIEWER"], ["true"])
    assert opened(address.replace("VIEWER", "MODERATOR")) == "checksumError"
    assert bbb.secret not in address


def test_an_expired_meeting_is_made_again_and_old_addresses_stay_shut(
    bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider
) -> None:
    old = enter(bbb_meetings, SECRETARY)
    bbb.expire()
    assert opened(old) == "invalidMeetingIdentifier"
    assert opened(enter(bbb_meetings, SECRETARY)) == "/html5client/join"
    assert opened(old) == "mismatchCreateTimeParam"


def test_cancel_ends_it(bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider) -> None:
    address = enter(bbb_meetings, SECRETARY)
    bbb_meetings.cancel(bbb_meetings.move(HeldMeeting(TAG, {}), plan(days=9)))
    assert bbb.living == []
    assert opened(address) == "meetingForciblyEnded"
    bbb_meetings.cancel(HeldMeeting(TAG, {}))


def test_full_and_denied(bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider) -> None:
    address = enter(bbb_meetings, CANDIDATE)
    bbb.meetings[TAG].denied.add(CANDIDATE.id)
    assert opened(address) == "guestDeniedAccess"
    bbb.seats = 0
    assert opened(enter(bbb_meetings, SECRETARY)) == "maxParticipantsReached"


def test_after_the_end_there_is_no_address(bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider) -> None:
    with pytest.raises(Forbidden):
        bbb_meetings.join_url(HeldMeeting(TAG, {}), plan(), CANDIDATE, NOW, NOW)
    assert bbb.calls == []


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("checksumError", FailureKind.NEVER),
        ("idNotUnique", FailureKind.NEVER),
        ("invalidMeetingIdentifier", FailureKind.ABSENT),
        ("mismatchCreateTimeParam", FailureKind.ABSENT),
        ("meetingForciblyEnded", FailureKind.ABSENT),
        ("maxParticipantsReached", FailureKind.QUOTA),
        ("guestDeniedAccess", FailureKind.NEVER),
        ("somethingNew", FailureKind.NEVER),
    ],
)
def test_errors_are_sorted_by_their_key(
    key: str, kind: FailureKind, bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider
) -> None:
    body = f"<response><returncode>FAILED</returncode><messageKey>{key}</messageKey></response>"
    bbb.answer = lambda _asked: Reply(200, body.encode(), "text/xml")  # type: ignore[method-assign]
    with pytest.raises(ProviderFailure) as failed:
        enter(bbb_meetings, CANDIDATE)
    assert (failed.value.kind, failed.value.code) == (kind, key)


def test_wrong_secret_or_hash(bbb: BbbDouble) -> None:
    bbb.algorithms = ("sha512",)
    for changed in ({"secret": "wrong"}, {"checksum": "sha256"}):
        with pytest.raises(ProviderFailure) as failed:
            enter(BigBlueButtonProvider(bbb_access(bbb, **changed), QUICK), CANDIDATE)
        assert (failed.value.kind, failed.value.code) == (FailureKind.NEVER, "checksumError")


@pytest.mark.parametrize("fault", [f for f in Fault if f not in (Fault.QUOTA, Fault.RATE)])
def test_a_fault_is_overcome_and_makes_no_second_meeting(
    fault: Fault, bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider
) -> None:
    once = [fault]
    bbb.faults = lambda _call: once.pop() if once else None
    assert opened(enter(bbb_meetings, SECRETARY)) == "/html5client/join"
    assert bbb.created == 1


def test_entities_are_not_read(bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider) -> None:
    grown = (
        '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        "<response><returncode>SUCCESS</returncode><createTime>1</createTime><x>&b;</x></response>"
    )
    bbb.answer = lambda _asked: Reply(200, grown.encode(), "text/xml")  # type: ignore[method-assign]
    with pytest.raises(ProviderFailure) as failed:
        enter(bbb_meetings, CANDIDATE)
    assert failed.value.kind is FailureKind.LATER


@pytest.mark.parametrize("room", ["a", "a,b", "x" * 257, "a\nb"])
def test_ids_that_the_server_would_not_take(
    room: str, bbb: BbbDouble, bbb_meetings: BigBlueButtonProvider
) -> None:
    with pytest.raises(ProviderFailure) as failed:
        bbb_meetings.join_url(HeldMeeting(room, {}), plan(), CANDIDATE, NOW, UNTIL)
    assert failed.value.kind is FailureKind.NEVER
    assert bbb.calls == []
