"""Every run in a process of its own, and its schedule before the checker."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.report import PROJECT_DIR
from scheduler.checker import find_violations, recompute_objective
from scheduler.formats.files import read_solution, write_json
from scheduler.instance import SchedulingInstance
from scheduler.schedule import Schedule

GRACE_S = 180.0
"""How much longer than its limit a run may take before its process is ended."""


class RunFailedError(Exception):
    """A run ended without an answer, or with a schedule that the checker faults."""


@dataclass(frozen=True)
class Answer:
    """What a task answered, with the seconds of its whole process."""

    values: dict[str, Any]
    process_s: float


@dataclass
class Workshop:
    """A folder for the files of a bench."""

    folder: Path
    _count: int = field(default=0)

    def place(self, name: str) -> Path:
        """Return a new path in the folder."""
        self._count += 1
        return self.folder / f"{self._count:04d}-{name}.json"

    def save(self, instance: SchedulingInstance) -> Path:
        """Write an instance and return its path."""
        path = self.place("instance")
        write_json(path, instance.to_json())
        return path

    def run(self, task: str, limit_s: float, **arguments: Any) -> Answer:
        """Run a task of `bench.scheduler.runs` in a process of its own.

        Raises
        ------
        RunFailedError
            It crashed, or took much longer than `limit_s`.
        """
        inward, outward = self.place(f"{task}-arguments"), self.place(f"{task}-answer")
        inward.write_text(json.dumps(arguments), encoding="utf-8")
        command = [sys.executable, "-m", "bench.scheduler.runs", task, str(inward), str(outward)]
        started_at = time.monotonic()
        try:
            done = subprocess.run(
                command,
                cwd=PROJECT_DIR,
                capture_output=True,
                text=True,
                timeout=limit_s + GRACE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RunFailedError(f"{task} did not end within {limit_s + GRACE_S:g} s") from None
        process_s = time.monotonic() - started_at
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise RunFailedError(f"{task} ended with code {done.returncode}: {last}")
        return Answer(json.loads(outward.read_text(encoding="utf-8")), process_s)


def open_workshop() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that goes when the bench is done."""
    return tempfile.TemporaryDirectory(prefix="bench-scheduler-")


@dataclass(frozen=True)
class Judged:
    """A solve whose schedule the checker found without fault, and whose terms it recomputed."""

    answer: Answer
    schedule: Schedule
    objective: dict[str, int]

    @property
    def wall_time_s(self) -> float:
        """Seconds of `solve` itself."""
        return float(self.answer.values["wall_time_s"])

    @property
    def terms(self) -> list[dict[str, Any]]:
        """The terms that the result claims."""
        return list(self.answer.values["terms"])

    @property
    def goal_s(self) -> float | None:
        """Seconds until the goal of the run was reached, None where it was not."""
        goal_s: float | None = self.answer.values["goal_s"]
        return goal_s

    @property
    def placed(self) -> int:
        """Candidates with a slot."""
        return len(self.schedule.assignments)


def judge(instance: SchedulingInstance, answer: Answer, out: Path) -> Judged:
    """Check the schedule that a solve wrote, and that the terms it claims are true.

    Raises
    ------
    RunFailedError
        A hard rule is broken, or a term is not what was claimed.
    """
    schedule, _ = read_solution(out)
    violations = find_violations(instance, schedule)
    if violations:
        raise RunFailedError(f"{len(violations)} violations, first: {violations[0]}")
    objective = recompute_objective(instance, schedule)
    for term in answer.values["terms"]:
        if objective.get(term["name"], term["value"]) != term["value"]:
            raise RunFailedError(
                f"claims {term['name']} = {term['value']}, but it is {objective[term['name']]}"
            )
    return Judged(answer, schedule, objective)


def solve_judged(
    workshop: Workshop,
    instance: SchedulingInstance,
    time_limit_s: float,
    seed: int = 1,
    until: str = "all",
    gap: float = 0.0,
) -> Judged:
    """Solve in a process of its own, see `bench.scheduler.runs.solve_task`, and judge."""
    path, out = workshop.save(instance), workshop.place("result")
    answer = workshop.run(
        "solve",
        time_limit_s,
        instance=str(path),
        out=str(out),
        time_limit_s=time_limit_s,
        seed=seed,
        until=until,
        gap=gap,
    )
    return judge(instance, answer, out)
