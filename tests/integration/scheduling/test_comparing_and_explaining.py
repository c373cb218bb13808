"""Schedules by their terms, and explanations in the words of the round."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.text import Text
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.models import Application, Panel, PanelHalfDay, Round, Schedule, SolveRun
from defense.services.timetable.comparing import (
    compare_schedules,
    figures_of,
    list_schedules,
    status_of,
    term_label,
)
from defense.services.timetable.explaining import read_explanation
from defense.services.timetable.moves import remove_candidate
from defense.services.timetable.pictures import draw
from defense.services.timetable.schedules import latest_schedule
from defense.services.timetable.words import SchedulerWords


@pytest.fixture
def schedule(session: Session, round_: Round) -> Schedule:
    newest = latest_schedule(session, round_)
    assert newest is not None
    return newest


def test_terms_have_words() -> None:
    assert term_label("placed_priority_0") == Text("排入的人数", "people placed")
    assert "优先级 3" in term_label("placed_priority_3").zh
    assert term_label("2*idle+switches").zh == "2×场内空闲分钟数 + 场内换专业、级别的次数"


def test_a_solvers_schedule_tells_values_bounds_and_proof(schedule: Schedule) -> None:
    figures = figures_of(schedule)
    placed = figures[0]
    assert placed.name == "placed_priority_0" and placed.value == len(schedule.slots)
    assert placed.is_proven and placed.gap_percent == 0
    assert [f.name for f in figures[1:3]] == ["moved", "opened"]
    assert figures[2].value == len({slot.half_day_id for slot in schedule.slots})


def test_two_schedules_are_compared_term_by_term(
    session: Session, round_: Round, schedule: Schedule, staff_id: int
) -> None:
    application = schedule.slots[0].application
    other = remove_candidate(session, schedule, application, staff_id)
    assert list_schedules(session, round_) == [other, schedule]
    comparison = compare_schedules(schedule, other)
    assert (comparison.moved, comparison.only_left, comparison.only_right) == (0, 1, 0)
    label, left, right = comparison.rows[0]
    assert label.zh == "排入的人数" and left and right
    assert (left.value, right.value) == (len(schedule.slots), len(schedule.slots) - 1)
    assert left.best_bound is not None and right.best_bound is None and right.gap_percent is None
    assert status_of(other).zh == "人工调整"
    assert compare_schedules(schedule, schedule).moved == 0


def test_ids_become_names(session: Session, round_: Round) -> None:
    application = session.scalars(select(Application).order_by(Application.id)).first()
    panel = session.scalars(select(Panel).order_by(Panel.id)).first()
    half_day = session.scalars(select(PanelHalfDay).order_by(PanelHalfDay.id)).first()
    assert application and panel and half_day
    expert = panel.members[0].expert
    ids = f"c{application.id}、p{panel.id}（e{expert.id}）在 h{half_day.id}，c999999"
    message = f"{ids}，工程系列|土木建筑|senior，工程系列·土木建筑·associate"
    words = SchedulerWords(session, round_).text({"zh": message, "en": message})
    for name in (application.name, application.number, panel.name, expert.name, "工程系列·土木建筑·正高级"):
        assert name in words.zh
    assert "c999999" in words.zh and "senior" not in words.zh
    assert "工程系列·土木建筑·副高级" in words.zh and LEVEL_TEXT[Level.SENIOR].en in words.en
    assert half_day.panel.name in words.zh


def explanation(schedule: Schedule) -> dict[str, Any]:
    """What the scheduler writes, in small."""
    ids = [f"c{slot.application_id}" for slot in schedule.slots[:2]]

    def message(words: str) -> dict[str, str]:
        return {"zh": words, "en": words}

    def clash(id_: str) -> dict[str, Any]:
        repair = {"message": message(f"p1 加一场给 {id_}"), "placed_before": 1, "placed_after": 2}
        return {
            "candidate_ids": [id_],
            "facts": [{"message": message(f"{id_} 须答辩")}],
            "is_minimal": True,
            "message": message(f"{id_} 排不下"),
            "repairs": [repair],
        }

    return {"summary": message("两处冲突"), "clashes": [clash(id_) for id_ in ids]}


def test_an_explanation_is_read_in_words_the_asked_person_first(
    session: Session, round_: Round, schedule: Schedule
) -> None:
    run = SolveRun(round_id=round_.id, kind="explain", schedule_id=schedule.id, options={})
    session.add(run)
    session.flush()
    assert read_explanation(session, run) is None
    run.result = explanation(schedule)
    second = schedule.slots[1].application
    told = read_explanation(session, run, second.id)
    assert told is not None and told.summary.zh == "两处冲突"
    assert [clash.application_ids for clash in told.clashes] == [
        (second.id,),
        (schedule.slots[0].application_id,),
    ]
    first = told.clashes[0]
    assert second.name in first.text.zh and second.name in first.facts[0].zh
    assert (first.repairs[0].placed_before, first.repairs[0].placed_after) == (1, 2)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_schedule_is_drawn_with_names(session: Session, schedule: Schedule, language: str) -> None:
    svg = draw(session, schedule, language)
    assert svg.lstrip().startswith(("<svg", "<?xml"))
    assert schedule.slots[0].half_day.panel.name in svg
    assert ("正高级" if language == "zh" else "senior") in svg.lower()
    day = schedule.slots[0].start_at
    assert (f"{day.month}月{day.day}日" if language == "zh" else str(day.day)) in svg
