"""A schedule as a picture, in the words of the round."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.models import Application, Schedule
from defense.services.timetable.keys import candidate_key
from defense.services.timetable.schedules import plan_of
from scheduler.drawing.picture import draw_schedule
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.result import SolveResult
from scheduler.schedule import Schedule as Plan

DAY_ZERO = date(1970, 1, 2)
"""The day in Beijing that `SchedulingInstance.day_of` counts from, see `BEIJING_MIDNIGHT_MIN`."""


def draw(session: Session, schedule: Schedule, language: str) -> str:
    """The schedule as SVG; candidates bear their names, categories the words of the round."""
    instance, plan = SchedulingInstance.from_json(schedule.instance_json), plan_of(schedule)
    result = None
    if schedule.solver_json:
        result = SolveResult.from_json({**schedule.solver_json, "schedule": plan.to_json()})
    names = _names(session, schedule)
    named = replace(
        instance, candidates=tuple(_worded(c, names[c.id], language) for c in instance.candidates)
    )
    return draw_schedule(named, _renamed(plan, names), result, language, DAY_ZERO)


def _names(session: Session, schedule: Schedule) -> dict[str, str]:
    """Candidate → name, with the number where two have the same."""
    rows = session.execute(
        select(Application.id, Application.name, Application.number).where(
            Application.round_id == schedule.round_id
        )
    ).all()
    times = Counter(name for _id, name, _number in rows)
    return {
        candidate_key(id_): name if times[name] == 1 else f"{name} {number}" for id_, name, number in rows
    }


def _worded(candidate: Candidate, name: str, language: str) -> Candidate:
    series, specialty, level = candidate.category.split("|")
    words = f"{series}·{specialty}·{LEVEL_TEXT[Level(level)].pick(language)}"
    return replace(candidate, id=name, category=words)


def _renamed(plan: Plan, names: dict[str, str]) -> Plan:
    return Plan(
        tuple(replace(a, candidate_id=names[a.candidate_id]) for a in plan.assignments),
        tuple(replace(u, candidate_id=names[u.candidate_id]) for u in plan.unplaced),
    )
