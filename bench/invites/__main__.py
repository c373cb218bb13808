"""``python -m bench.invites``: measure, print one table, write ``bench/out/invites.json``."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError

from bench.command import carry_out, parse_arguments, report
from bench.figures import Figure
from bench.invites import delivery, kills, parsers
from bench.invites.workshop import Bench
from bench.machine import describe_machine

PARTS = (delivery, parsers, kills)
"""Each with its `WORKS`."""
WORKS: dict[str, Callable[[Bench], list[Figure]]] = {
    name: work for part in PARTS for name, work in part.WORKS.items()
}
PACKAGES = ("icalendar", "SQLAlchemy", "Jinja2")
FAILURES = (ValueError, OSError, CalledProcessError)


def main() -> None:
    """Carry out the works asked for; ends with 1 when a target was missed."""
    arguments = parse_arguments("invites", __doc__, WORKS, "a tenth of the round, the names and the kills")
    figures = describe_machine(PACKAGES)
    with tempfile.TemporaryDirectory(prefix="bench-invites-") as folder:
        figures += carry_out(
            arguments.only or list(WORKS), WORKS, Bench(Path(folder), arguments.quick), FAILURES
        )
    report(figures, arguments.out)


if __name__ == "__main__":
    main()
