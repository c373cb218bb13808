"""Absences and half-days as staff change them, beside what the workbooks say."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, InvalidInput
from defense.domain.half_days import HalfDayWish
from defense.domain.people import Period
from defense.domain.round_rules import BEIJING
from defense.integrations.sample_data import write_sample_data
from defense.models import AuditEntry, Defence, Expert, Panel, PanelHalfDay, Round
from defense.services.imports.merging import levels_of_experts
from defense.services.timetable.availability import (
    add_attendee_only,
    add_half_days,
    cancel_half_day,
    note_absence,
    propose_half_days,
    restore_half_day,
    warnings_of,
    withdraw_absence,
)
from tests.conftest import FIRST_DAY, SAMPLE_CANDIDATES
from tests.importing import import_workbook

MONDAY = date(2030, 1, 7)
START = datetime(2030, 1, 7, 10, tzinfo=BEIJING)


@pytest.fixture
def panel(session: Session) -> Panel:
    return session.scalars(select(Panel).order_by(Panel.id)).first()  # type: ignore[return-value]


def import_again(session: Session, round_: Round, directory: Path, kind: str) -> None:
    """Take in the same people and panels, with half-days on other days."""
    write_sample_data(directory, SAMPLE_CANDIDATES, 7, FIRST_DAY, round_.rules)
    import_workbook(session, round_, kind, (directory / f"{kind}.xlsx").read_bytes())


def test_an_absence_survives_the_next_import_of_the_pool(
    session: Session, round_: Round, staff_id: int, tmp_path: Path
) -> None:
    expert = session.scalars(select(Expert).order_by(Expert.id)).first()
    assert expert is not None
    absence = note_absence(session, expert, START, START + timedelta(hours=4), "生病", staff_id)
    import_again(session, round_, tmp_path, "experts")
    session.expire_all()
    assert Period(START, START + timedelta(hours=4)) in expert.unavailable
    withdraw_absence(session, expert, absence.id, staff_id)
    session.flush()
    session.expire_all()
    assert Period(START, START + timedelta(hours=4)) not in expert.unavailable
    for wrong in ((START, START, "生病"), (START, START + timedelta(hours=1), " ")):
        with pytest.raises(InvalidInput):
            note_absence(session, expert, *wrong, staff_id)


def test_half_days_are_proposed_made_once_and_outlive_an_import(
    session: Session, round_: Round, panel: Panel, staff_id: int, tmp_path: Path
) -> None:
    wish = HalfDayWish(MONDAY, MONDAY + timedelta(days=6))
    before = len(panel.half_days)
    proposed = propose_half_days(session, panel, wish)
    assert len(proposed) == 10 and not any(p.is_taken or p.warnings for p in proposed)
    assert len(panel.half_days) == before, "a preview changes nothing"
    assert add_half_days(session, panel, wish, staff_id) == 10
    assert add_half_days(session, panel, wish, staff_id) == 0
    assert all(p.is_taken for p in propose_half_days(session, panel, wish))
    import_again(session, round_, tmp_path, "panels")
    session.expire_all()
    assert sum(h.is_added for h in panel.half_days) == 10
    assert session.scalars(select(AuditEntry.action)).all().count("half_day.added") == 1


def test_half_days_at_odd_hours_are_made_with_a_warning(
    session: Session, round_: Round, panel: Panel, staff_id: int
) -> None:
    sunday = MONDAY - timedelta(days=1)
    wish = HalfDayWish(sunday, sunday, ((time(20), time(22)),), skips_days_off=False)
    (proposed,) = propose_half_days(session, panel, wish)
    assert [w.zh for w in proposed.warnings] == [
        "2030-01-06 是周末或法定节假日",
        "超出 2030-01-06 所在季节的工作时间（10:00-14:00, 15:30-19:30）",
    ]
    add_half_days(session, panel, wish, staff_id)
    added = next(h for h in panel.half_days if h.is_added)
    assert warnings_of(round_, panel) == {added.id: proposed.warnings}


def test_a_half_day_is_cancelled_and_used_again(
    session: Session, round_: Round, panel: Panel, staff_id: int, tmp_path: Path
) -> None:
    half_day = panel.half_days[0]
    with pytest.raises(InvalidInput):
        cancel_half_day(session, half_day, " ", staff_id)
    for _twice in range(2):
        cancel_half_day(session, half_day, "线路故障", staff_id)
    import_again(session, round_, tmp_path, "panels")
    session.expire_all()
    assert half_day.cancelled_at is not None, "an import does not bring it back"
    restore_half_day(session, half_day, staff_id)
    actions = session.scalars(select(AuditEntry.action)).all()
    assert (actions.count("half_day.cancelled"), actions.count("half_day.restored")) == (1, 1)


def test_a_half_day_with_a_begun_defence_stays(session: Session, staff_id: int) -> None:
    defence = session.scalars(select(Defence).order_by(Defence.id)).first()
    assert defence is not None
    defence.state = "presenting"
    session.flush()
    half_day = session.get_one(PanelHalfDay, defence.sitting.half_day_id)
    with pytest.raises(IllegalState, match="已有答辩开始"):
        cancel_half_day(session, half_day, "线路故障", staff_id)
    assert half_day.cancelled_at is None


def test_somebody_who_only_attends_sits_on_no_panel(
    session: Session, round_: Round, panel: Panel, staff_id: int
) -> None:
    person = add_attendee_only(session, round_, "古丽", "", "", staff_id)
    assert person.number not in levels_of_experts(session, round_)
    assert panel.members[0].expert.number in levels_of_experts(session, round_)
