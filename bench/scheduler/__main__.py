"""``python -m bench.scheduler``: measure, print one table, write ``bench/out/scheduler.json``."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from bench.command import carry_out, parse_arguments, report
from bench.figures import Figure
from bench.machine import describe_machine
from bench.scheduler import changes, duels, rounds
from bench.scheduler.processes import RunFailedError, Workshop, open_workshop
from bench.scheduler.rounds import Bench

WORKS: dict[str, Callable[[Bench], list[Figure]]] = rounds.WORKS | changes.WORKS | duels.WORKS
QUICK_WORKS = ("200", "1000", "first", "contest", "thesis-40", "lost-day", "slots", "explain", "peers-200")
PACKAGES = ("ortools", "highspy", "timefold")


def main() -> None:
    """Carry out the works asked for; ends with 1 when a target was missed."""
    quick = "small sizes, one run each, 5 s for the peers"
    arguments = parse_arguments("scheduler", __doc__, WORKS, quick)
    names = arguments.only or (QUICK_WORKS if arguments.quick else WORKS)
    figures = [*describe_machine(PACKAGES), Figure("machine", "Java", _java())]
    with open_workshop() as folder:
        bench = Bench(Workshop(Path(folder)), arguments.quick)
        figures += carry_out(list(names), WORKS, bench, (RunFailedError,))
    report(figures, arguments.out)


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        return "none"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return told.splitlines()[0] if told else "unknown"


if __name__ == "__main__":
    main()
