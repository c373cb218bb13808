"""Meetings created ahead, moved and cancelled with the timetable; what lost answers and refusals lead to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from defense.models import Defence, Meeting, Sitting, SittingMember
from defense.services.meetings.rows import MeetingState, held_of
from tests.doubles.server import Fault
from tests.doubles.tencent_double import TencentDouble
from tests.doubles.zoom_double import ZoomDouble
from tests.keeping_world import KeepingWorld, Killed, make_template, settings_in


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("keeping"))


@pytest.fixture
def world(tmp_path: Path, template: Path) -> Iterator[KeepingWorld]:
    with TencentDouble() as tencent, ZoomDouble() as zoom:
        world = KeepingWorld(tmp_path, template, tencent, zoom)
        yield world
        world.engine.dispose()


def edit_first(world: KeepingWorld, change: Callable[[Sitting], None]) -> None:
    def work(session: Session) -> None:
        change(session.get_one(Sitting, world.sitting_ids()[0]))

    world.change(work)


def move_by_an_hour(sitting: Sitting) -> None:
    sitting.start_at += timedelta(hours=1)
    sitting.end_at += timedelta(hours=1)


def cancel(sitting: Sitting) -> None:
    sitting.cancelled = True


def test_one_meeting_a_half_day_is_made_ahead_with_a_waiting_room(world: KeepingWorld) -> None:
    assert world.keep()["created"] == 3
    world.check_all_is_well()
    assert all(m.settings["auto_in_waiting_room"] is True for m in world.tencent.living)
    assert not world.keep()
    assert world.tencent.created == 3


def test_a_moved_half_day_moves_its_meeting(world: KeepingWorld) -> None:
    world.keep()
    edit_first(world, move_by_an_hour)
    assert world.keep() == {"moved": 1}
    world.check_all_is_well()
    assert world.tencent.created == 3


def test_a_cancelled_half_day_has_none_and_gets_one_when_it_is_used_again(world: KeepingWorld) -> None:
    world.keep()
    edit_first(world, cancel)
    assert world.keep() == {"cancelled": 1}
    world.check_all_is_well()
    edit_first(world, lambda sitting: setattr(sitting, "cancelled", False))
    assert world.keep() == {"created": 1}
    world.check_all_is_well()


def test_a_half_day_in_which_nobody_is_heard_has_none(world: KeepingWorld) -> None:
    world.keep()
    first = world.sitting_ids()[0]
    world.change(
        lambda session: [
            setattr(d, "state", "removed")
            for d in session.scalars(select(Defence).where(Defence.sitting_id == first))
        ]
    )
    world.keep()
    assert world.living("tencent") == 2


def test_a_half_day_that_is_deleted_leaves_no_orphan(world: KeepingWorld) -> None:
    world.keep()
    gone = world.sitting_ids()[-1]

    def remove(session: Session) -> None:
        for kind in (Defence, SittingMember):
            session.execute(delete(kind).where(kind.sitting_id == gone))
        session.execute(delete(Sitting).where(Sitting.id == gone))

    world.change(remove)
    assert world.keep() == {"cancelled": 1}
    world.check_all_is_well()


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.SILENCE_AFTER, Fault.CUT_OFF])
def test_a_creation_that_was_not_answered_is_found_and_not_repeated(
    world: KeepingWorld, fault: Fault
) -> None:
    edit_first(world, cancel)
    world.fail("tencent", fault)
    world.keep()
    assert {m.state for m in world.rows()} == {MeetingState.CREATING, MeetingState.PLANNED}
    world.fail("tencent", None)
    world.clock.wait(2)
    world.keep()
    world.check_all_is_well()
    assert world.tencent.created == 2


@pytest.mark.parametrize(("dies", "created"), [("before", 0), ("after", 1)])
def test_a_keeper_killed_while_creating(world: KeepingWorld, dies: str, created: int) -> None:
    world.mortals["tencent"].dies = dies
    with pytest.raises(Killed):
        world.keep()
    assert world.living("tencent") == created
    world.keep()
    assert len(world.rows(MeetingState.CREATING)) == 1, "somebody may still be at it"
    world.clock.wait(11)
    world.keep()
    world.check_all_is_well()
    assert world.tencent.created == 3


def test_out_of_quota_the_second_provider_is_asked_at_once_and_staff_are_told(world: KeepingWorld) -> None:
    world.fail("tencent", Fault.QUOTA)
    world.keep()
    world.check_all_is_well()
    assert (world.living("tencent"), world.living("zoom")) == (0, 3)
    failed = world.rows(MeetingState.FAILED)
    assert [m.provider for m in failed] == ["tencent"] * 3
    assert all(m.last_words for m in failed)
    assert all(m.is_second for m in world.rows(MeetingState.HELD))
    assert world.audited("meeting.switched") == [{"from_provider": "tencent", "to_provider": "zoom"}] * 3
    world.fail("tencent", None)
    world.keep_for(turns=3, minutes=61)
    assert world.living("zoom") == 3, "what works is left alone"


def test_a_provider_that_stays_down_gives_way_after_some_minutes(world: KeepingWorld) -> None:
    world.fail("tencent", Fault.ERROR_503)
    world.keep()
    assert world.living("zoom") == 0
    world.keep_for(turns=30, minutes=3)
    assert world.living("zoom") == 3
    world.check_all_is_well()


def test_a_provider_that_answers_every_question_but_no_creation_gives_way(world: KeepingWorld) -> None:
    world.tencent.faults = lambda call: Fault.RESET_BEFORE if call.startswith("POST") else None
    world.keep_for(turns=60, minutes=1)
    world.check_all_is_well()
    assert world.living("zoom") == 3


def test_what_the_first_provider_made_unheard_is_cancelled_when_it_is_back(world: KeepingWorld) -> None:
    def unheard(call: str) -> Fault:
        return Fault.RESET_AFTER if call.startswith("POST") else Fault.ERROR_503

    world.tencent.faults = unheard
    world.keep_for(turns=40, minutes=3)
    assert (world.living("tencent"), world.living("zoom")) == (3, 3)
    world.fail("tencent", None)
    world.keep_for(turns=3, minutes=61)
    assert world.living("tencent") == 0
    world.check_all_is_well()


def test_with_both_providers_down_staff_are_told_and_the_first_that_is_back_is_used(
    world: KeepingWorld,
) -> None:
    for name in world.doubles:
        world.fail(name, Fault.QUOTA)
    world.keep_for(turns=48, minutes=30)
    assert len(world.rows()) == 6, "a row for each provider, however long it takes"
    assert len(world.audited("meeting.stuck")) == 3
    world.fail("zoom", None)
    world.keep_for(turns=5, minutes=61)
    world.check_all_is_well()
    assert world.living("zoom") == 3
    assert not any(m.is_stuck for m in world.rows(MeetingState.HELD))


def test_without_a_second_provider_the_first_is_asked_until_it_answers(world: KeepingWorld) -> None:
    world.change_round("tencent", None)
    world.fail("tencent", Fault.QUOTA)
    world.keep_for(turns=10, minutes=20)
    assert [m.is_stuck for m in world.rows()] == [True] * 3
    assert len(world.audited("meeting.stuck")) == 3
    world.fail("tencent", None)
    world.keep_for(turns=2, minutes=61)
    world.check_all_is_well()
    assert not any(m.is_stuck for m in world.rows())


def test_another_provider_in_the_settings_cancels_and_makes_anew(world: KeepingWorld) -> None:
    world.keep()
    world.change_round("zoom", "tencent")
    world.keep()
    world.check_all_is_well()
    assert (world.living("tencent"), world.living("zoom")) == (0, 3)


def test_nobody_is_moved_out_of_an_open_room(world: KeepingWorld) -> None:
    world.keep()
    with world.sessions() as session:
        first = min(session.scalars(select(Sitting.start_at)))
    world.clock.now = first - timedelta(minutes=50)
    world.change_round("zoom", None)
    world.keep()
    assert (world.living("tencent"), world.living("zoom")) == (1, 2)
    world.check_all_is_well()


def test_a_half_day_that_is_over_is_left_alone(world: KeepingWorld) -> None:
    world.keep()
    world.clock.wait(60 * 24 * 30)
    calls = len(world.tencent.calls)
    world.change_round("zoom", None)
    world.keep()
    assert len(world.tencent.calls) == calls
    assert world.living("zoom") == 0


def test_two_keepers_at_once_make_every_meeting_once(world: KeepingWorld) -> None:
    barrier = threading.Barrier(4)
    failures = []

    def keep() -> None:
        barrier.wait()
        try:
            world.keep()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    world.check_all_is_well()
    assert world.tencent.created == 3


def test_what_a_keeper_makes_long_after_its_turn_is_cancelled(world: KeepingWorld) -> None:
    """Its process stood still for longer than the lease, and another one made the meeting meanwhile."""
    edit_first(world, cancel)
    real, asleep = world.mortals["tencent"].provider, iter((True,))

    class Sleepy:
        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def create(self, plan: object) -> object:
            if next(asleep, False):
                world.clock.wait(11)
                world.keep()
            return real.create(plan)

    world.mortals["tencent"].provider = Sleepy()
    world.keep()
    assert world.living("tencent") == 3
    world.clock.wait(21)
    world.keep()
    world.check_all_is_well()


def test_after_a_change_of_the_secret_key_the_provider_is_asked(world: KeepingWorld) -> None:
    world.keep()
    world.settings = settings_in(world.path.parent, "another" * 5)
    edit_first(world, move_by_an_hour)
    edit_second = world.sitting_ids()[1]
    world.change(lambda session: cancel(session.get_one(Sitting, edit_second)))
    world.keep()
    world.check_all_is_well()
    assert world.tencent.created == 3


def test_secrets_are_nowhere_in_the_clear(
    world: KeepingWorld, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    world.keep()
    edit_first(world, move_by_an_hour)
    world.fail("tencent", Fault.ERROR_500)
    world.keep()
    secrets = {
        secret
        for row in world.rows(MeetingState.HELD)
        for held in [_held(world, row)]
        for secret in held.values()
    }
    assert len(secrets) >= 6
    world.engine.dispose()
    files = b"".join(path.read_bytes() for path in world.path.parent.glob("test.sqlite3*"))
    output = "".join(capfd.readouterr())
    for secret in secrets:
        # A short password could stand in a binary file by chance.
        assert len(secret) < 7 or secret.encode() not in files
        assert secret not in caplog.text
        assert secret not in output
    for details in world.audited("meeting.switched"):
        assert not secrets & set(map(str, details.values()))


def _held(world: KeepingWorld, row: Meeting) -> dict[str, str]:
    with world.sessions() as session:
        held = held_of(world.settings, session.get_one(Meeting, row.id))
        assert held is not None
        return held.secrets
