"""``python -m scheduler solve | check | generate``: the process the service starts and watches."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scheduler.checker import find_violations
from scheduler.deadline import StopSwitch
from scheduler.errors import InstanceError
from scheduler.generate import generate_instance
from scheduler.instance import SchedulingInstance
from scheduler.result import SolveParameters, SolveResult

EXIT_FAULTS, EXIT_BAD_INPUT, EXIT_STOPPED = 1, 2, 143
STOP_GRACE_S = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 done; 1 the check found violations; 2 bad input; 143 stopped by SIGTERM, nothing written.
    """
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except InstanceError as error:
        print(error, file=sys.stderr)
    except json.JSONDecodeError as error:
        print(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}", file=sys.stderr)
    except (OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
    return EXIT_BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scheduler", description="Schedule video defences.")
    commands = parser.add_subparsers(required=True)
    solve = commands.add_parser(
        "solve", help="solve an instance; progress goes to stdout, a line of JSON each"
    )
    solve.add_argument("instance", type=Path)
    solve.add_argument("--out", type=Path, required=True)
    solve.add_argument("--time-limit", type=float, default=60.0, help="seconds")
    solve.add_argument("--seed", type=int, default=1)
    solve.add_argument("--workers", type=int, default=8)
    solve.set_defaults(command=_solve)
    check = commands.add_parser("check", help="check a result against its instance")
    check.add_argument("instance", type=Path)
    check.add_argument("result", type=Path)
    check.set_defaults(command=_check)
    generate = commands.add_parser("generate", help="write a random instance")
    generate.add_argument("--candidates", type=int, required=True)
    generate.add_argument("--seed", type=int, default=1)
    generate.add_argument("--out", type=Path, required=True)
    generate.set_defaults(command=_generate)
    return parser


def _solve(arguments: argparse.Namespace) -> int:
    params = SolveParameters(arguments.time_limit, arguments.seed, arguments.workers)
    stop = StopSwitch()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.request())
    instance = _read_instance(arguments.instance)
    result = _solve_apart(instance, params, stop)
    if stop.requested:
        return EXIT_STOPPED
    _write_json(arguments.out, result.to_json())
    _print_line(
        {
            "event": "done",
            "status": result.status.value,
            "placed": len(result.schedule.assignments),
            "unplaced": len(result.schedule.unplaced),
            "objective": [[term.name, term.value, term.best_bound] for term in result.objective],
            "elapsed_s": result.wall_time_s,
        }
    )
    return 0


def _solve_apart(instance: SchedulingInstance, params: SolveParameters, stop: StopSwitch) -> SolveResult:
    """Solve in a thread, as a signal reaches Python only while the main thread does not wait in C++."""
    # Imported here so that check and generate, and with them the checker, run without OR-Tools.
    from scheduler.solver import solve  # noqa: PLC0415

    results: list[SolveResult] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(solve(instance, params, _print_line, stop))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    waited_s = 0.0
    while thread.is_alive():
        thread.join(0.1)
        if stop.requested:
            stop.request()  # again: a search may have begun just after the first request
            waited_s += 0.1
            if waited_s > STOP_GRACE_S:
                os._exit(EXIT_STOPPED)
    if errors:
        raise errors[0]
    return results[0]


def _check(arguments: argparse.Namespace) -> int:
    instance = _read_instance(arguments.instance)
    result = SolveResult.from_json(_read_json(arguments.result))
    violations = find_violations(instance, result.schedule)
    for violation in violations:
        print(violation)
    return EXIT_FAULTS if violations else 0


def _generate(arguments: argparse.Namespace) -> int:
    _write_json(arguments.out, generate_instance(arguments.candidates, arguments.seed).to_json())
    return 0


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _read_instance(path: Path) -> SchedulingInstance:
    return SchedulingInstance.from_json(_read_json(path))


def _write_json(path: Path, data: Any) -> None:
    """Write beside the target and rename, so that a reader never sees half a file."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _print_line(data: dict[str, Any]) -> None:
    print(json.dumps(data, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main())
