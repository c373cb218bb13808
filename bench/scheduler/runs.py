"""What one measured process does: ``python -m bench.scheduler.runs TASK ARGUMENTS.json ANSWER.json``."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from scheduler.deadline import StopSwitch
from scheduler.formats.files import read_instance, read_solution, write_json
from scheduler.instance import Interval, SchedulingInstance, Slot
from scheduler.objective import PLACED_PREFIX
from scheduler.result import SolveParameters, SolveResult
from scheduler.schedule import Assignment, Schedule, Unplaced, UnplacedReason

Json = dict[str, Any]


def solve_task(instance: str, out: str, time_limit_s: float, seed: int, until: str, gap: float = 0.0) -> Json:
    """Solve an instance file and write the result file; answer with times and the reports on the way.

    Parameters
    ----------
    until : str
        ``all`` for the whole solve, ``sittings`` to stop and keep once the placed are proven, and the opened
        sittings proven or within `gap` of their bound; ``placed`` once so many are placed as can be.
    """
    from scheduler.solver import solve  # noqa: PLC0415 (OR-Tools counts as start-up of this task alone)

    problem = read_instance(Path(instance))
    watch = _Watch(until, gap)
    params = SolveParameters(time_limit_s=time_limit_s, seed=seed)
    result = solve(problem, params, watch.note, watch.stop)
    write_json(Path(out), result.to_json())
    return watch.answer(result)


class _Watch:
    """Keeps the progress reports that say something new, and stops when the goal is reached."""

    def __init__(self, until: str, gap: float = 0.0) -> None:
        self.stop = StopSwitch()
        self._until, self._gap = until, gap
        self._goal_s: float | None = None
        self._reports: list[Json] = []

    def note(self, progress: Json) -> None:
        """Take a progress report."""
        if not self._reports or self._reports[-1]["terms"] != progress["terms"]:
            names = ("elapsed_s", "placed", "terms")
            self._reports.append({name: progress[name] for name in names})
        if self._goal_s is None and is_reached(progress["terms"], self._until, self._gap):
            self._goal_s = progress["elapsed_s"]
            self.stop.request()

    def answer(self, result: SolveResult) -> Json:
        """Return the times, the terms at the end and the reports on the way."""
        terms = [
            {"name": t.name, "sense": t.sense.value, "value": t.value, "best_bound": t.best_bound}
            for t in result.objective
        ]
        goal_s = result.wall_time_s if self._goal_s is None else self._goal_s
        return {
            "wall_time_s": result.wall_time_s,
            "status": result.status.value,
            # A later report may take back what an earlier one claimed, so the end decides.
            "goal_s": goal_s if is_reached(terms, self._until, self._gap) else None,
            "terms": terms,
            "reports": self._reports,
        }


def is_reached(terms: list[Json], until: str, gap: float = 0.0) -> bool:
    """Return whether terms with their bounds are as good as `until` asks, see `solve_task`."""
    wanted = {"all": None, "placed": (), "sittings": ("opened",), "moved": ("moved",)}[until]
    for term in terms:
        is_head = term["name"].startswith(PLACED_PREFIX)
        if is_head or wanted is None or term["name"] in wanted:
            allowed = gap * term["value"] if term["name"] == "opened" else 0.0
            if abs(term["value"] - term["best_bound"]) > allowed:
                return False
    return bool(terms)


def peer_task(instance: str, peer: str, time_limit_s: float) -> Json:
    """Run a peer; answer with every schedule it recorded, and when."""
    from bench.scheduler.peers import load_peer  # noqa: PLC0415 (only for this task)

    run = load_peer(peer)
    problem = read_instance(Path(instance))
    schedules: list[Json] = []
    started_at = time.monotonic()

    def record(assignments: Any) -> None:
        elapsed_s = time.monotonic() - started_at
        rows = [(a.candidate_id, a.sitting_id, a.start_min, a.end_min) for a in assignments]
        schedules.append({"elapsed_s": elapsed_s, "assignments": rows})

    run(problem, time_limit_s, record)
    return {"wall_time_s": time.monotonic() - started_at, "schedules": schedules}


def to_schedule(instance: SchedulingInstance, rows: list[list[Any]]) -> Schedule:
    """Return a peer's rows as a schedule; whoever has no slot is listed as unplaced."""
    placed = {row[0] for row in rows}
    unplaced = (
        Unplaced(candidate.id, UnplacedReason.CAPACITY, {})
        for candidate in instance.candidates
        if candidate.id not in placed
    )
    return Schedule(tuple(Assignment(*row) for row in rows), tuple(unplaced))


def explain_task(kind: str, time_limit_s: float) -> Json:
    """Explain one of the infeasible kinds."""
    from scheduler.explain import explain  # noqa: PLC0415 (as above)
    from scheduler.generate_infeasible import infeasible_kinds  # noqa: PLC0415

    explanation = explain(infeasible_kinds()[kind], time_limit_s=time_limit_s)
    return {
        "wall_time_s": explanation.wall_time_s,
        "is_explained": explanation.is_feasible is False
        and bool(explanation.clashes)
        and explanation.is_complete,
        "is_minimal": bool(explanation.clashes) and all(clash.is_minimal for clash in explanation.clashes),
    }


def reschedule_task(instance: str, published: str, out: str, time_limit_s: float, seed: int) -> Json:
    """Take a day from the expert whom most candidates lose with it, and repair the published schedule."""
    from scheduler.reschedule import reschedule  # noqa: PLC0415 (as above)

    problem = read_instance(Path(instance))
    schedule, _ = read_solution(Path(published))
    changed = lose_expert_day(problem, schedule)
    watch = _Watch("moved")
    params = SolveParameters(time_limit_s=time_limit_s, seed=seed)
    outcome = reschedule(changed, schedule, params, on_progress=watch.note, stop=watch.stop)
    write_json(Path(out), outcome.result.to_json())
    return watch.answer(outcome.result) | {"moves": len(outcome.moves)}


def lose_expert_day(instance: SchedulingInstance, schedule: Schedule) -> SchedulingInstance:
    """Return the instance in which the expert and day with most of the slots are gone."""
    sittings = {sitting.id: sitting for sitting in instance.sittings}
    members = {panel.id: panel.expert_ids for panel in instance.panels}
    hit: dict[tuple[str, int], int] = {}
    for slot in schedule.assignments:
        for expert_id in members[sittings[slot.sitting_id].panel_id]:
            key = expert_id, instance.day_of(slot.start_min)
            hit[key] = hit.get(key, 0) + 1
    expert_id, day = min(hit, key=lambda key: (-hit[key], key))
    start_min = instance.midnight_min + day * 24 * 60
    away = Interval(start_min, start_min + 24 * 60)
    experts = tuple(
        replace(expert, unavailable=(*expert.unavailable, away)) if expert.id == expert_id else expert
        for expert in instance.experts
    )
    return replace(instance, experts=experts)


def publish(instance: SchedulingInstance, schedule: Schedule) -> SchedulingInstance:
    """Return the instance in which every slot of `schedule` counts as announced."""
    slots = {slot.candidate_id: Slot(slot.sitting_id, slot.start_min) for slot in schedule.assignments}
    candidates = tuple(replace(c, published=slots.get(c.id)) for c in instance.candidates)
    return replace(instance, candidates=candidates)


def slots_task(instance: str, schedule: str, count: int) -> Json:
    """List the legal other slots of some candidates, evenly taken from the list."""
    from scheduler.legal_slots import legal_slots  # noqa: PLC0415 (as above)

    problem = read_instance(Path(instance))
    present, _ = read_solution(Path(schedule))
    times_s = []
    for candidate in problem.candidates[:: max(1, len(problem.candidates) // count)]:
        started_at = time.monotonic()
        legal_slots(problem, present, candidate.id)
        times_s.append(time.monotonic() - started_at)
    return {"times_s": times_s}


TASKS: dict[str, Callable[..., Json]] = {
    "solve": solve_task,
    "peer": peer_task,
    "explain": explain_task,
    "reschedule": reschedule_task,
    "slots": slots_task,
}


def peak_bytes() -> int:
    """Return the most memory that this process held.

    Linux hands ``ru_maxrss`` of the parent on to a child; the own high-water mark is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Carry out the task and write its answer with the peak of memory."""
    task, arguments, answer = sys.argv[1:]
    found = TASKS[task](**json.loads(Path(arguments).read_text(encoding="utf-8")))
    Path(answer).write_text(json.dumps(found | {"peak_bytes": peak_bytes()}), encoding="utf-8")
    if task == "peer":
        os._exit(0)  # a Java machine may wait for its threads for ever


if __name__ == "__main__":
    main()
