"""``python -m bench.voting``: measure, print one table, write ``bench/out/voting.json``."""

import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError

from bench.command import carry_out, parse_arguments, report
from bench.figures import Figure
from bench.machine import describe_machine
from bench.voting import disturbances, duels, rooms
from bench.voting.crowd import CrowdError
from bench.voting.servers import ServerError
from bench.voting.workshop import Bench, LostBallotError

WORKS: dict[str, Callable[[Bench], list[Figure]]] = rooms.WORKS | duels.WORKS | disturbances.WORKS
PACKAGES = ("gevent", "python-socketio", "SQLAlchemy", "psycopg", "websockets", "uvloop")
OPEN_FILES = 20_000
"""Of this process and, by inheritance, of each server: a socket a client."""


FAILURES = (CrowdError, LostBallotError, ServerError, OSError, CalledProcessError)


def main() -> None:
    """Carry out the works asked for; ends with 1 when a target was missed."""
    arguments = parse_arguments("voting", __doc__, WORKS, "fewer panels, one run each")
    # Asked to stop, it takes its servers with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, most), most))
    figures = describe_machine(PACKAGES)
    with tempfile.TemporaryDirectory(prefix="bench-voting-") as folder:
        figures += carry_out(
            arguments.only or list(WORKS), WORKS, Bench(Path(folder), arguments.quick), FAILURES
        )
    report(figures, arguments.out)


if __name__ == "__main__":
    main()
