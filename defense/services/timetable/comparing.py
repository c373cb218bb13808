"""Schedules by their terms: what each reached, what is proven, and how two of them differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.scheduling_rules import TERM_TEXT, read_tier
from defense.domain.text import Text
from defense.models import Round, Schedule
from defense.services.timetable.schedules import plan_of
from scheduler import checker
from scheduler.instance import SchedulingInstance
from scheduler.objective import PLACED_PREFIX

_MAXIMISE = "maximise"
STATUS_TEXT = {
    "optimal": Text("已证明最优", "proven best"),
    "feasible": Text("时限内最好，未全部证明", "best within the limit, not all proven"),
    "stopped": Text("人工停止，保留当时最好", "stopped by staff, best so far kept"),
    "staff": Text("人工调整", "changed by hand"),
}


@dataclass(frozen=True)
class TermFigures:
    """One term of a schedule; `best_bound` is None where no search gave one."""

    name: str
    sense: str
    value: int
    best_bound: int | None

    @property
    def label(self) -> Text:
        """The term in words."""
        return term_label(self.name)

    @property
    def is_proven(self) -> bool:
        """Whether nothing better exists, given the terms before it."""
        return self.value == self.best_bound

    @property
    def gap_percent(self) -> float | None:
        """How far the bound lies from the value; None without a bound."""
        if self.best_bound is None:
            return None
        return 100 * abs(self.value - self.best_bound) / max(1, abs(self.value))


@dataclass(frozen=True)
class Comparison:
    """Two schedules of a round, term by term."""

    rows: tuple[tuple[Text, TermFigures | None, TermFigures | None], ...]
    moved: int
    """How many are heard at another time or place."""
    only_left: int
    only_right: int


def term_label(name: str) -> Text:
    """A term of the solver's results in words; a weighted tier names its parts."""
    if name.startswith(PLACED_PREFIX):
        priority = name.removeprefix(PLACED_PREFIX)
        if priority == "0":
            return Text("排入的人数", "people placed")
        return Text(f"排入的人数（优先级 {priority}）", f"people placed (priority {priority})")
    parts = [
        TERM_TEXT[term]
        if weight == 1
        else Text(f"{weight}×{TERM_TEXT[term].zh}", f"{weight}×{TERM_TEXT[term].en}")
        for term, weight in read_tier(name)
    ]
    return Text(" + ".join(p.zh for p in parts), " + ".join(p.en for p in parts))


def figures_of(schedule: Schedule) -> tuple[TermFigures, ...]:
    """The terms of a schedule in their order; of one made by hand they are counted by the checker."""
    terms: list[dict[str, Any]] | None = schedule.solver_json.get("objective")
    if terms is not None:
        return tuple(TermFigures(t["name"], t["sense"], t["value"], t["best_bound"]) for t in terms)
    instance = SchedulingInstance.from_json(schedule.instance_json)
    counted = checker.recompute_objective(instance, plan_of(schedule))
    senses = {True: _MAXIMISE, False: "minimise"}
    return tuple(
        TermFigures(name, senses[name.startswith(PLACED_PREFIX)], value, None)
        for name, value in counted.items()
    )


def status_of(schedule: Schedule) -> Text:
    """How far a schedule can be trusted to be the best one."""
    return STATUS_TEXT.get(schedule.solver_json.get("status", "staff"), STATUS_TEXT["feasible"])


def list_schedules(session: Session, round_: Round, limit: int = 30) -> list[Schedule]:
    """The newest schedules of a round."""
    query = select(Schedule).where(Schedule.round_id == round_.id).order_by(Schedule.id.desc()).limit(limit)
    return list(session.scalars(query.options(selectinload(Schedule.slots), selectinload(Schedule.unplaced))))


def compare_schedules(left: Schedule, right: Schedule) -> Comparison:
    """Term by term, and how many people are seated otherwise."""
    figures = [{f.name: f for f in figures_of(schedule)} for schedule in (left, right)]
    names = dict.fromkeys([*figures[0], *figures[1]])
    places = [
        {slot.application_id: (slot.half_day_id, slot.start_at) for slot in schedule.slots}
        for schedule in (left, right)
    ]
    both = places[0].keys() & places[1].keys()
    return Comparison(
        rows=tuple((term_label(name), figures[0].get(name), figures[1].get(name)) for name in names),
        moved=sum(places[0][id_] != places[1][id_] for id_ in both),
        only_left=len(places[0].keys() - both),
        only_right=len(places[1].keys() - both),
    )
