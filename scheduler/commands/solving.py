"""The commands of ``python -m scheduler`` that compute: solve, reschedule, explain, generate."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scheduler.commands.console import (
    SHOWN_PEOPLE,
    HumanProgress,
    print_json_line,
    print_move,
    print_rest,
    print_result,
    print_unplaced,
    say,
)
from scheduler.commands.running import run_interruptible
from scheduler.deadline import StopSwitch
from scheduler.formats.files import (
    read_instance,
    read_known_schedule,
    read_solution,
    write_json,
)
from scheduler.generate import generate_instance
from scheduler.result import SolveParameters, SolveResult
from scheduler.schedule import Message

if TYPE_CHECKING:
    from scheduler.explain.explanation import Explanation
    from scheduler.reschedule import Rescheduling

# The solver is imported where it is needed, so that check and generate run without OR-Tools.
# ruff: noqa: PLC0415


def solve_file(arguments: argparse.Namespace) -> int:
    """Solve an instance and write the result."""
    params = _parameters(arguments)
    instance = read_instance(arguments.instance)
    stop = StopSwitch()
    report = _progress(arguments)

    def work() -> SolveResult:
        from scheduler.solver import solve

        return solve(instance, params, report, stop)

    result = run_interruptible(work, stop)
    write_json(arguments.out, result.to_json())
    _report_done(result, arguments)
    return 0


def reschedule_file(arguments: argparse.Namespace) -> int:
    """Repair a published schedule with the fewest people moved, and write result and moves."""
    params = _parameters(arguments)
    instance = read_instance(arguments.instance)
    published, _ = read_solution(arguments.published)
    may_move = frozenset(arguments.may_move)
    stop = StopSwitch()
    report = _progress(arguments)

    def work() -> "Rescheduling":
        from scheduler.reschedule import reschedule

        return reschedule(
            instance,
            published,
            params,
            now_min=arguments.now,
            notice_min=arguments.notice,
            may_move=may_move,
            on_progress=report,
            stop=stop,
        )

    outcome = run_interruptible(work, stop)
    write_json(arguments.out, outcome.to_json())
    _report_done(outcome.result, arguments, moves=len(outcome.moves))
    if _is_human(arguments):
        for move in outcome.moves[:SHOWN_PEOPLE]:
            print_move(instance, move.candidate_id, move.before, move.after, arguments.lang)
        print_rest(len(outcome.moves), arguments.lang)
    return 0


def explain_file(arguments: argparse.Namespace) -> int:
    """Say why not everybody can be placed, and which repairs would do."""
    instance = read_instance(arguments.instance)
    if arguments.result:
        print_unplaced(read_known_schedule(instance, arguments.result), arguments.lang)

    def work() -> "Explanation":
        from scheduler.explain import explain

        return explain(instance, time_limit_s=arguments.time_limit, seed=arguments.seed)

    explanation = run_interruptible(work)
    if arguments.json:
        write_json(arguments.json, explanation.to_json())
    print(explanation.text(arguments.lang))
    return 0


def generate_file(arguments: argparse.Namespace) -> int:
    """Write a random instance."""
    instance = generate_instance(
        arguments.candidates, arguments.seed, arguments.days, arguments.panels, arguments.max_parallel
    )
    write_json(arguments.out, instance.to_json())
    return 0


def _parameters(arguments: argparse.Namespace) -> SolveParameters:
    return SolveParameters(
        arguments.time_limit, arguments.seed, arguments.workers, arguments.deterministic_limit
    )


def _is_human(arguments: argparse.Namespace) -> bool:
    return (arguments.progress or ("human" if sys.stdout.isatty() else "json")) == "human"


def _progress(arguments: argparse.Namespace) -> Callable[[dict[str, Any]], None]:
    return HumanProgress(arguments.lang) if _is_human(arguments) else print_json_line


def _report_done(result: SolveResult, arguments: argparse.Namespace, **counts: int) -> None:
    if _is_human(arguments):
        print_result(result, arguments.lang)
        written = Message(f"已写入 {arguments.out}", f"written to {arguments.out}")
        print(say(written, arguments.lang))
        return
    print_json_line(
        {
            "event": "done",
            "status": result.status.value,
            "placed": len(result.schedule.assignments),
            "unplaced": len(result.schedule.unplaced),
            "objective": [[term.name, term.value, term.best_bound] for term in result.objective],
            "elapsed_s": result.wall_time_s,
            **counts,
        }
    )
