"""``python -m scheduler``: the process that the service starts and watches, and that people run by hand."""

import argparse
import datetime
import math
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from scheduler.commands import inspection, solving
from scheduler.commands.running import (
    ABORTED,
    EXIT_ABORTED,
    EXIT_STOPPED,
    abort,
    abort_for_memory,
    limit_memory,
)
from scheduler.errors import InstanceError
from scheduler.formats.error_texts import describe_error
from scheduler.formats.files import require_writable

EXIT_BAD_INPUT, EXIT_CRASH = 2, 70
INPUTS = ("instance", "published", "result", "schedule", "a", "b")
TARGETS = ("out", "json")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 done; 1 the check found faults; 2 bad input. docs/instance-format.md lists the other ends.
    """
    arguments = _parser().parse_args(argv)
    if arguments.memory_limit_mb is not None:
        limit_memory(arguments.memory_limit_mb)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        _require_targets(arguments)
        return command(arguments)
    except InstanceError as error:
        print(describe_error(error), file=sys.stderr)
        return EXIT_BAD_INPUT


def _require_targets(arguments: argparse.Namespace) -> None:
    """Refuse a target before hours are spent on what shall go there."""
    named = vars(arguments)
    inputs = [named[name] for name in INPUTS if named.get(name) is not None]
    for name in TARGETS:
        if named.get(name) is not None:
            require_writable(named[name], inputs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scheduler", description="Schedule defences (答辩排期).")
    commands_of = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        made = commands_of.add_parser(name, help=words, description=words)
        made.add_argument("--memory-limit-mb", type=_count, help="end with exit code 3 beyond this")
        made.set_defaults(command=command)
        return made

    _add_solving(
        add("solve", solving.solve_file, "solve an instance; Ctrl-C stops and keeps the best so far")
    )
    _add_rescheduling(
        add("reschedule", solving.reschedule_file, "repair a published schedule, few people moved")
    )
    _add_reading(add)
    generate = add("generate", solving.generate_file, "write a random instance")
    generate.add_argument("--candidates", type=_count, required=True)
    generate.add_argument("--seed", type=int, default=1)
    generate.add_argument("--days", type=_count, default=10)
    generate.add_argument("--panels", type=_count, help="by default one for 143 candidates, at least five")
    generate.add_argument("--max-parallel", type=_count, help="by default four fifths of the panels")
    generate.add_argument("--out", type=Path, required=True)
    return parser


def _add_solving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("instance", type=Path)
    _add_effort(parser)


def _add_effort(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--time-limit", type=_finite, default=60.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--deterministic-limit", type=_finite, help="effort instead of time: repeatable")
    parser.add_argument("--progress", choices=("human", "json"), help="by default human on a terminal")
    _add_lang(parser)


def _add_rescheduling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("instance", type=Path)
    parser.add_argument("published", type=Path)
    _add_effort(parser)
    parser.add_argument("--now", type=int, metavar="MIN", help="minute of the axis that it is now")
    parser.add_argument("--notice", type=int, default=0, metavar="MIN", help="who is due within it stays")
    parser.add_argument("--may-move", nargs="+", default=[], metavar="ID", help="who may move nevertheless")


def _add_reading(add: Callable[..., argparse.ArgumentParser]) -> None:
    check = add("check", inspection.check_file, "check a result or schedule, and what it claims")
    check.add_argument("instance", type=Path)
    check.add_argument("result", type=Path)
    explain = add("explain", solving.explain_file, "say why not everybody can be placed, and what would help")
    explain.add_argument("instance", type=Path)
    explain.add_argument("--result", type=Path, help="what solve wrote: print its reasons first")
    explain.add_argument("--time-limit", type=_finite, default=15.0, metavar="SECONDS")
    explain.add_argument("--seed", type=int, default=1)
    slots = add("slots", inspection.slots_file, "list the legal other slots of one candidate")
    slots.add_argument("instance", type=Path)
    slots.add_argument("schedule", type=Path)
    slots.add_argument("candidate", metavar="CANDIDATE_ID")
    compare = add("compare", inspection.compare_files, "show two results side by side")
    for name in ("instance", "a", "b"):
        compare.add_argument(name, type=Path)
    for parser in (explain, slots, compare):
        parser.add_argument("--json", type=Path, metavar="FILE", help="write it as JSON too")
        _add_lang(parser)
    picture = add("picture", inspection.draw_file, "draw a result as SVG or PNG")
    picture.add_argument("instance", type=Path)
    picture.add_argument("result", type=Path)
    picture.add_argument("--out", type=Path, required=True, help="ends in .svg or .png")
    picture.add_argument("--zoom", type=_zoom, default=1.0, help="pixels of a PNG per unit, 0.25 to 4")
    picture.add_argument(
        "--day-zero",
        type=datetime.date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="date of day 0, to show dates",
    )
    _add_lang(picture)
    for parser in (check, picture):
        parser.add_argument(
            "--published", type=Path, help="what reschedule was given, to judge what it wrote"
        )


def _add_lang(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"must be a finite number, got {text}")
    return number


def _zoom(text: str) -> float:
    number = float(text)
    if not 0.25 <= number <= 4:
        raise argparse.ArgumentTypeError(f"must lie between 0.25 and 4, got {text}")
    return number


def run_process() -> NoReturn:
    """Run the command line as a process, with an exit code for each way in which it ends."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody reads any more: end without words
    signal.signal(signal.SIGTERM, _cancel)
    try:
        exit_code = main()
    except _CancelledError:
        abort(EXIT_STOPPED, "已取消，未写任何文件 / cancelled, nothing was written")
    except KeyboardInterrupt:
        abort(EXIT_ABORTED, ABORTED)
    except MemoryError:
        abort_for_memory()
    except Exception:
        traceback.print_exc()
        exit_code = EXIT_CRASH
    sys.exit(exit_code)


class _CancelledError(BaseException):
    """SIGTERM arrived; raised in the main thread, so that a file being written is cleared away."""


def _cancel(_number: int, _frame: object) -> NoReturn:
    raise _CancelledError


if __name__ == "__main__":
    run_process()
