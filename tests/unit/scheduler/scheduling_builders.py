"""Small instances for the scheduler's tests: one panel of three, one hour, unless a test says otherwise."""

from collections.abc import Sequence
from typing import Any

from scheduler.instance import Candidate, Expert, Interval, Panel, SchedulingInstance, Sitting
from scheduler.result import SolveParameters

ONE_WORKER = SolveParameters(time_limit_s=20, seed=1, workers=1)
THREE = ("e0", "e1", "e2")


def candidate(id_: str = "c0", **fields: Any) -> Candidate:
    defaults: dict[str, Any] = {"category": "x", "duration_min": 15, "buffer_min": 5}
    return Candidate(id_, **(defaults | fields))


def candidates(count: int, **fields: Any) -> list[Candidate]:
    return [candidate(f"c{i}", **fields) for i in range(count)]


def panel(id_: str = "p0", experts: Sequence[str] = THREE, accepts: Sequence[str] | None = ("x",)) -> Panel:
    return Panel(id_, f"Panel {id_}", tuple(experts), None if accepts is None else frozenset(accepts))


def room(id_: str = "p0") -> Panel:
    """A panel without experts that hears everyone; needs ``min_panel_size=0``."""
    return panel(id_, (), None)


def sitting(id_: str = "s0", panel_id: str = "p0", start: int = 0, end: int = 60) -> Sitting:
    return Sitting(id_, panel_id, start, end)


def away(start: int, end: int) -> tuple[Interval, ...]:
    return (Interval(start, end),)


def instance(
    people: Sequence[Candidate],
    panels: Sequence[Panel] | None = None,
    sittings: Sequence[Sitting] | None = None,
    absences: dict[str, tuple[Interval, ...]] | None = None,
    **rules: Any,
) -> SchedulingInstance:
    panels = [panel()] if panels is None else panels
    named = {id_ for each in panels for id_ in each.expert_ids}
    named |= {id_ for person in people for id_ in person.recused_expert_ids | person.attendee_ids}
    return SchedulingInstance(
        experts=tuple(Expert(id_, unavailable=(absences or {}).get(id_, ())) for id_ in sorted(named)),
        panels=tuple(panels),
        sittings=tuple([sitting()] if sittings is None else sittings),
        candidates=tuple(people),
        **rules,
    )
