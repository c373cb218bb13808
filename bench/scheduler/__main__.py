"""``python -m bench.scheduler``: measure, print one table, write ``bench/out/scheduler.json``."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.figures import Figure, to_table, write_figures
from bench.machine import describe_machine
from bench.report import OUT_DIR
from bench.scheduler import changes, duels, rounds
from bench.scheduler.processes import RunFailedError, Workshop, open_workshop
from bench.scheduler.rounds import Bench

WORKS: dict[str, Callable[[Bench], list[Figure]]] = rounds.WORKS | changes.WORKS | duels.WORKS
QUICK_WORKS = ("200", "1000", "first", "contest", "thesis-40", "lost-day", "slots", "explain", "peers-200")
PACKAGES = ("ortools", "highspy", "timefold")


def main() -> None:
    """Carry out the works asked for; ends with 1 when a target was missed."""
    arguments = _parse()
    names = arguments.only or (QUICK_WORKS if arguments.quick else WORKS)
    figures = [*describe_machine(PACKAGES), Figure("machine", "Java", _java())]
    with open_workshop() as folder:
        bench = Bench(Workshop(Path(folder)), arguments.quick)
        for name in names:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            figures += _carry_out(bench, name)
    print(to_table(figures))
    write_figures(arguments.out, figures)
    if any(figure.met is False for figure in figures):
        sys.exit(1)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scheduler", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one run each, 5 s for the peers")
    parser.add_argument("--only", nargs="+", choices=WORKS, metavar="NAME", help=f"of {', '.join(WORKS)}")
    parser.add_argument("--out", type=Path, default=OUT_DIR / "scheduler.json")
    return parser.parse_args()


def _carry_out(bench: Bench, name: str) -> list[Figure]:
    """Return the figures of a work; one that fails is a line of the table too."""
    try:
        return WORKS[name](bench)
    except RunFailedError as error:
        return [Figure(name, "run", f"failed: {error}", target="a legal schedule", met=False)]


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        return "none"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return told.splitlines()[0] if told else "unknown"


if __name__ == "__main__":
    main()
