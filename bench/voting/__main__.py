"""``python -m bench.voting``: measure, print one table, write ``bench/out/voting.json``."""

import argparse
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError

from bench.figures import Figure, to_table, write_figures
from bench.machine import describe_machine
from bench.report import OUT_DIR
from bench.voting import disturbances, duels, rooms
from bench.voting.crowd import CrowdError
from bench.voting.servers import ServerError
from bench.voting.workshop import Bench, LostBallotError

WORKS: dict[str, Callable[[Bench], list[Figure]]] = rooms.WORKS | duels.WORKS | disturbances.WORKS
PACKAGES = ("gevent", "python-socketio", "SQLAlchemy", "psycopg", "websockets", "uvloop")
OPEN_FILES = 20_000
"""Of this process and, by inheritance, of each server: a socket a client."""


def main() -> None:
    """Carry out the works asked for; ends with 1 when a target was missed."""
    arguments = _parse()
    # Asked to stop, it takes its servers with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, most), most))
    figures = describe_machine(PACKAGES)
    with tempfile.TemporaryDirectory(prefix="bench-voting-") as folder:
        bench = Bench(Path(folder), arguments.quick)
        for name in arguments.only or WORKS:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            figures += _carry_out(bench, name)
    print(to_table(figures))
    write_figures(arguments.out, figures)
    if any(figure.met is False for figure in figures):
        sys.exit(1)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.voting", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer panels, one run each")
    parser.add_argument("--only", nargs="+", choices=WORKS, metavar="NAME", help=f"of {', '.join(WORKS)}")
    parser.add_argument("--out", type=Path, default=OUT_DIR / "voting.json")
    return parser.parse_args()


def _carry_out(bench: Bench, name: str) -> list[Figure]:
    """Return the figures of a work; one that fails is a line of the table too."""
    try:
        return WORKS[name](bench)
    except (CrowdError, LostBallotError, ServerError, OSError, CalledProcessError) as error:
        return [Figure(name, "run", f"failed: {error}", target="no failure", met=False)]


if __name__ == "__main__":
    main()
