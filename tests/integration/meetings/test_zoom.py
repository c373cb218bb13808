"""The Zoom connector against a strict stand-in."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest

from defense.domain.errors import Forbidden
from defense.integrations.meetings import zoom_token
from defense.integrations.meetings.provider import (
    ADDRESS,
    PASSWORD,
    FailureKind,
    HeldMeeting,
    ProviderFailure,
)
from defense.integrations.meetings.zoom import ZoomProvider
from tests.doubles.server import Fault, Reply
from tests.doubles.zoom_double import ZoomDouble
from tests.meeting_world import CANDIDATE, NOW, QUICK, SECRETARY, TAG, plan, zoom_access

HOUR = timedelta(hours=1)
CREATING = "POST /v2/users/meetings%40centre.example/meetings"


def test_create_find_move_cancel(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    made = zoom_meetings.create(plan())
    held = zoom.meetings[int(made.id)]
    assert TAG in held.topic
    assert (held.duration, held.settings["waiting_room"]) == (240, True)
    assert made.secrets == {ADDRESS: held.shown()["join_url"], PASSWORD: held.password}
    assert zoom_meetings.find(plan()) == made
    later = plan(days=5)
    assert zoom_meetings.move(made, later) == made == zoom_meetings.move(made, later)
    assert held.start_time == later.start_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    zoom_meetings.cancel(made)
    assert zoom.living == []
    zoom_meetings.cancel(made)
    assert zoom_meetings.find(plan()) is None
    with pytest.raises(ProviderFailure) as failed:
        zoom_meetings.move(made, plan())
    assert (failed.value.kind, failed.value.code) == (FailureKind.ABSENT, "3001")


def test_it_is_found_on_the_last_of_many_pages(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    zoom.account.page = 2
    for number in range(5):
        zoom_meetings.create(plan(f"other{number}"))
    assert zoom_meetings.find(plan()) is None
    assert zoom_meetings.create(plan()) == zoom_meetings.find(plan())


def test_a_running_meeting_is_ended(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    made = zoom_meetings.create(plan())
    zoom.meetings[int(made.id)].running = True
    zoom_meetings.cancel(made)
    assert zoom.living == []


def test_only_a_moderator_becomes_the_host(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    made = zoom_meetings.create(plan())
    address = zoom_meetings.join_url(made, plan(), CANDIDATE, NOW, NOW + HOUR)
    assert address == made.secrets[ADDRESS]
    assert "zak" not in f"{made.secrets}{address}"
    assert "zak" in zoom_meetings.join_url(made, plan(), SECRETARY, NOW, NOW + HOUR)
    with pytest.raises(Forbidden):
        zoom_meetings.join_url(made, plan(), SECRETARY, NOW, NOW)
    zoom_meetings.cancel(made)
    with pytest.raises(ProviderFailure) as failed:
        zoom_meetings.join_url(made, plan(), SECRETARY, NOW, NOW + HOUR)
    assert failed.value.kind is FailureKind.ABSENT


def test_one_token_serves_many_calls_and_connectors(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    zoom_meetings.create(plan())
    assert ZoomProvider(zoom_access(zoom), QUICK).find(plan())
    assert zoom.calls.count("POST /oauth/token") == 1


def test_many_at_once_fetch_one_token(zoom: ZoomDouble) -> None:
    connectors = [ZoomProvider(zoom_access(zoom), QUICK) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda connector: connector.find(plan()), connectors)) == [None] * 8
    zoom.revoke_tokens()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda connector: connector.find(plan()), connectors))
    assert zoom.calls.count("POST /oauth/token") == 2


def test_a_meeting_that_goes_while_it_is_looked_for(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    made = zoom_meetings.create(plan())

    def go(call: str) -> None:
        if call == f"GET /v2/meetings/{made.id}":
            zoom.meetings.clear()

    zoom.faults = go
    assert zoom_meetings.find(plan()) is None


def test_a_refused_token_is_replaced_once(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    zoom_meetings.create(plan())
    zoom.revoke_tokens()
    zoom_meetings.create(plan("another"))
    assert len(zoom.living) == 2
    assert zoom.calls.count("POST /oauth/token") == 2
    usual = zoom.answer
    refusal = Reply.of_json({"code": 124, "message": "Invalid access token."}, 401)
    zoom.answer = lambda asked: refusal if "/v2/" in asked.path else usual(asked)  # type: ignore[method-assign]
    with pytest.raises(ProviderFailure) as failed:
        zoom_meetings.find(plan())
    assert failed.value.kind is FailureKind.NEVER
    assert zoom.calls.count("POST /oauth/token") == 3


def test_a_token_ends_with_its_hour(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    real = zoom.clock
    zoom_meetings.create(plan())
    zoom.clock = lambda: real() + 3601
    assert zoom_meetings.find(plan())
    assert zoom.calls.count("POST /oauth/token") == 2


def test_a_token_near_its_end_is_not_tried(
    zoom: ZoomDouble, zoom_meetings: ZoomProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoom_meetings.create(plan())
    soon = time.monotonic() + 3600 - 30
    monkeypatch.setattr(zoom_token, "time", SimpleNamespace(monotonic=lambda: soon))
    zoom.calls.clear()
    zoom_meetings.find(plan())
    assert zoom.calls[0] == "POST /oauth/token"


@pytest.mark.parametrize(
    "fault", [f for f in Fault if f.is_after] + [Fault.SILENCE_BEFORE, Fault.RESET_BEFORE, Fault.ERROR_500]
)
def test_an_unanswered_creation_is_looked_up(
    fault: Fault, zoom: ZoomDouble, zoom_meetings: ZoomProvider
) -> None:
    zoom.faults = lambda call: fault if call == CREATING else None
    with pytest.raises(ProviderFailure) as failed:
        zoom_meetings.create(plan())
    assert failed.value.kind is FailureKind.UNKNOWN
    assert zoom.calls.count(CREATING) == 1
    found = zoom_meetings.find(plan())
    assert (found is not None) == fault.is_after == (len(zoom.living) == 1)


def test_rate_and_quota(zoom: ZoomDouble, zoom_meetings: ZoomProvider) -> None:
    once = [Fault.RATE]
    zoom.faults = lambda call: once.pop() if once and call == CREATING else None
    zoom_meetings.create(plan())
    zoom.faults = lambda _call: Fault.QUOTA
    with pytest.raises(ProviderFailure) as failed:
        zoom_meetings.create(plan("another"))
    assert (failed.value.kind, failed.value.code) == (FailureKind.LATER, "429")
    assert len(zoom.living) == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_secret": "wrong"}, "token"),
        ({"account_id": "wrong"}, "token"),
        ({"user_id": "stranger"}, "1001"),
    ],
)
def test_wrong_settings_never_work(changed: dict[str, str], code: str, zoom: ZoomDouble) -> None:
    with pytest.raises(ProviderFailure) as failed:
        ZoomProvider(zoom_access(zoom, **changed), QUICK).create(plan())
    assert (failed.value.kind, failed.value.code) == (FailureKind.NEVER, code)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 300, FailureKind.NEVER),
        (400, 4711, FailureKind.NEVER),
        (404, 1001, FailureKind.NEVER),
        (404, 3001, FailureKind.ABSENT),
        (429, 429, FailureKind.LATER),
        (500, 300, FailureKind.UNKNOWN),
        (302, 0, FailureKind.NEVER),
    ],
)
def test_errors_are_sorted(
    status: int, code: int, kind: FailureKind, zoom: ZoomDouble, zoom_meetings: ZoomProvider
) -> None:
    zoom_meetings.find(plan())
    reply = Reply.of_json({"code": code, "message": "host-credential"}, status)
    reply.headers["Location"] = f"{zoom.url}/elsewhere"
    zoom.answer = lambda _asked: reply  # type: ignore[method-assign]
    with pytest.raises(ProviderFailure) as failed:
        zoom_meetings.create(plan())
    assert failed.value.kind is kind
    assert "credential" not in f"{failed.value!r}{failed.value.words}"
    assert not any("elsewhere" in call for call in zoom.calls)


def test_what_is_absent_counts_as_cancelled(zoom_meetings: ZoomProvider) -> None:
    zoom_meetings.cancel(HeldMeeting("../users/1", {}))
