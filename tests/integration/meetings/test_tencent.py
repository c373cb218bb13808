"""The Tencent Meeting connector against a strict stand-in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from defense.domain.errors import Forbidden
from defense.integrations.meetings.provider import (
    ADDRESS,
    PASSWORD,
    FailureKind,
    HeldMeeting,
    ProviderFailure,
)
from defense.integrations.meetings.tencent import TencentProvider
from tests.doubles.server import Fault
from tests.doubles.tencent_double import Refused, State, TencentDouble
from tests.meeting_world import CANDIDATE, NOW, QUICK, TAG, plan, tencent_access


def test_create_find_move_cancel(tencent: TencentDouble, tencent_meetings: TencentProvider) -> None:
    made = tencent_meetings.create(plan())
    held = tencent.meetings[made.id]
    assert TAG in held.subject
    assert held.settings["auto_in_waiting_room"] is True
    assert made.secrets == {ADDRESS: held.shown()["join_url"], PASSWORD: held.password}
    assert tencent_meetings.find(plan()) == made
    later = plan(days=5, subject="视频答辩（改期）")
    assert tencent_meetings.move(made, later) == made == tencent_meetings.move(made, later)
    assert held.start == int(later.start_at.timestamp())
    assert held.subject == f"视频答辩（改期） [{TAG}]"
    tencent_meetings.cancel(made)
    assert held.state is State.CANCELLED
    tencent_meetings.cancel(made)
    assert tencent_meetings.find(plan()) is None


def test_a_running_meeting_is_ended(tencent: TencentDouble, tencent_meetings: TencentProvider) -> None:
    made = tencent_meetings.create(plan())
    tencent.start_meeting(made.id)
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.move(made, plan(days=4))
    assert (failed.value.kind, failed.value.code) == (FailureKind.NEVER, "13602")
    tencent_meetings.cancel(made)
    assert tencent.meetings[made.id].state is State.ENDED
    tencent_meetings.cancel(made)
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.move(made, plan(days=4))
    assert (failed.value.kind, failed.value.code) == (FailureKind.ABSENT, "13603")


def test_only_a_running_meeting_is_ended(tencent: TencentDouble, tencent_meetings: TencentProvider) -> None:
    made = tencent_meetings.create(plan())
    tencent.faults = lambda _call: Fault.ERROR_503
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.cancel(made)
    assert failed.value.kind is FailureKind.LATER
    assert not any(call.endswith("/dismiss") for call in tencent.calls)
    assert tencent.living


def test_what_is_absent_counts_as_cancelled(tencent_meetings: TencentProvider) -> None:
    nobody = HeldMeeting("15871", {})
    tencent_meetings.cancel(nobody)
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.move(nobody, plan())
    assert failed.value.kind is FailureKind.ABSENT


def test_it_is_found_on_the_last_of_many_pages(tencent_meetings: TencentProvider) -> None:
    for number in range(45):
        tencent_meetings.create(plan(f"other{number}", days=1))
    assert tencent_meetings.find(plan()) is None
    made = tencent_meetings.create(plan(days=9))
    assert tencent_meetings.find(plan()) == made
    assert tencent_meetings.find(plan(TAG[:-1])) is None


def test_a_long_subject_keeps_its_tag(tencent: TencentDouble, tencent_meetings: TencentProvider) -> None:
    made = tencent_meetings.create(plan(subject="正高级工程师" * 60))
    assert len(tencent.meetings[made.id].subject.encode()) <= 512
    assert tencent_meetings.find(plan()) == made


@pytest.mark.parametrize(
    "fault", [f for f in Fault if f.is_after] + [Fault.SILENCE_BEFORE, Fault.RESET_BEFORE]
)
def test_an_unanswered_creation_is_looked_up(
    fault: Fault, tencent: TencentDouble, tencent_meetings: TencentProvider
) -> None:
    tencent.faults = lambda call: fault if call == "POST /v1/meetings" else None
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.create(plan())
    assert failed.value.kind is FailureKind.UNKNOWN
    assert tencent.calls == ["POST /v1/meetings"]
    found = tencent_meetings.find(plan())
    assert (found is not None) == fault.is_after == (len(tencent.living) == 1)
    if found:
        assert found.secrets[PASSWORD] == tencent.meetings[found.id].password


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.SILENCE_BEFORE, Fault.RESET_AFTER, Fault.CUT_OFF])
def test_what_may_be_repeated_is_repeated(
    fault: Fault, tencent: TencentDouble, tencent_meetings: TencentProvider
) -> None:
    made = tencent_meetings.create(plan())
    plans = [fault]
    tencent.faults = lambda _call: plans.pop() if plans else None
    assert tencent_meetings.find(plan()) == made
    plans.append(fault)
    tencent_meetings.move(made, plan(days=6))
    plans.append(fault)
    tencent_meetings.cancel(made)
    assert tencent.living == []


def test_a_refused_creation_is_repeated_and_made_once(
    tencent: TencentDouble, tencent_meetings: TencentProvider
) -> None:
    once = [Fault.RATE]
    tencent.faults = lambda _call: once.pop() if once else None
    made = tencent_meetings.create(plan())
    assert [held.meeting_id for held in tencent.living] == [made.id]
    assert tencent.calls == ["POST /v1/meetings"] * 2


def test_a_down_provider_is_left_soon(tencent: TencentDouble, tencent_meetings: TencentProvider) -> None:
    tencent.faults = lambda _call: Fault.ERROR_503
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.find(plan())
    assert failed.value.kind is FailureKind.LATER
    assert len(tencent.calls) == QUICK.attempts


def test_nobody_listens() -> None:
    with TencentDouble() as double:
        provider = TencentProvider(tencent_access(double), QUICK)
    with pytest.raises(ProviderFailure) as failed:
        provider.create(plan())
    assert (failed.value.kind, failed.value.code) == (FailureKind.LATER, "connect")


def test_used_up(tencent: TencentDouble, tencent_meetings: TencentProvider) -> None:
    tencent.account.monthly = 1
    tencent_meetings.create(plan())
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.create(plan("another"))
    assert (failed.value.kind, failed.value.code) == (FailureKind.QUOTA, "500168")
    tencent.account.per_minute = 0
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.find(plan())
    assert (failed.value.kind, failed.value.code) == (FailureKind.LATER, "190310")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"secret_key": "wrong"}, "200003"),
        ({"secret_id": "wrong"}, "190303"),
        ({"app_id": "1"}, "190303"),
        ({"sdk_id": "1"}, "190303"),
        ({"user_id": "stranger"}, "9042"),
    ],
)
def test_wrong_settings_never_work(changed: dict[str, str], code: str, tencent: TencentDouble) -> None:
    with pytest.raises(ProviderFailure) as failed:
        TencentProvider(tencent_access(tencent, **changed), QUICK).create(plan())
    assert (failed.value.kind, failed.value.code) == (FailureKind.NEVER, code)
    assert len(tencent.calls) == 1


def test_a_wrong_clock_never_works(tencent: TencentDouble, tencent_meetings: TencentProvider) -> None:
    real = tencent.clock
    tencent.clock = lambda: real() + 301
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.create(plan())
    assert (failed.value.kind, failed.value.code) == (FailureKind.NEVER, "190300")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, 190301, FailureKind.LATER),
        (400, 190004, FailureKind.NEVER),
        (500, 190311, FailureKind.LATER),
        (500, 500029, FailureKind.LATER),
        (500, 9093, FailureKind.NEVER),
        (403, 424242, FailureKind.NEVER),
        (500, 424242, FailureKind.UNKNOWN),
        (500, 41, FailureKind.UNKNOWN),
        (200, 41, FailureKind.UNKNOWN),
        (500, 9003, FailureKind.ABSENT),
    ],
)
def test_errors_are_sorted_by_their_code(
    status: int,
    code: int,
    kind: FailureKind,
    tencent: TencentDouble,
    tencent_meetings: TencentProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tencent, "answer", lambda _asked: Refused(status, code, "秘密 https://x").reply)
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.create(plan())
    assert (failed.value.kind, failed.value.code) == (kind, str(code))
    assert "秘密" not in f"{failed.value!r}{failed.value.words}"
    assert "{provider}" not in str(failed.value.words)


def test_the_address_is_given_only_in_time(tencent_meetings: TencentProvider) -> None:
    made = tencent_meetings.create(plan())
    hour = timedelta(hours=1)
    assert tencent_meetings.join_url(made, plan(), CANDIDATE, NOW, NOW + hour) == made.secrets[ADDRESS]
    with pytest.raises(Forbidden):
        tencent_meetings.join_url(made, plan(), CANDIDATE, NOW, NOW)
    with pytest.raises(ProviderFailure) as failed:
        tencent_meetings.join_url(HeldMeeting(made.id, {}), plan(), CANDIDATE, NOW, NOW + hour)
    assert failed.value.kind is FailureKind.ABSENT
