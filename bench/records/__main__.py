"""Measures the import of 20,000 applications, new and then changed: ``python -m bench.records``."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.command import carry_out, parse_arguments, report
from bench.figures import Figure, Target, of_runs
from bench.records.serving import ServingError, waits_meanwhile
from bench.records.workbooks import write_applications
from bench.voting.servers import ServerError
from defense.domain.round_rules import parse_round_rules
from defense.services.rounds import RULE_FILES_DIR

ROWS = 20_000
QUICK_ROWS = 2_000
REPEATS = 3
TIME = Target("≤", 60, "s")
LOCK = Target("≤", 5, "s")
MEMORY = Target("≤", 500, "MB")
PAUSE = Target("≤", 500, "ms")


@dataclass(frozen=True)
class Bench:
    """A folder for workbook and database, and how many rows."""

    folder: Path
    rows: int
    repeats: int

    def workbook(self, unit: str, faults: int = 0) -> Path:
        """A workbook of so many applications, some with a fault."""
        path = self.folder / f"{unit}-{faults}.xlsx"
        if not path.exists():
            rules = parse_round_rules((RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8"))
            write_applications(path, rules, self.rows, unit, faults)
        return path


def import_new(bench: Bench) -> list[Figure]:
    """Into an empty round."""
    workbook = bench.workbook("甲单位")
    runs = [_imported(bench, workbook, f"new-{n}") for n in range(bench.repeats)]
    return _figures(f"{bench.rows:,} new applications", runs)


def import_changed(bench: Bench) -> list[Figure]:
    """Of which every one is known and differs."""
    before, after = bench.workbook("甲单位"), bench.workbook("乙单位")
    runs = []
    for n in range(bench.repeats):
        _imported(bench, before, f"changed-{n}")
        runs.append(_imported(bench, after, f"changed-{n}"))
    return _figures(f"{bench.rows:,} changed applications", runs)


def mark_faults(bench: Bench) -> list[Figure]:
    """The upload given back with a fault in every fortieth row."""
    workbook = bench.workbook("甲单位", faults=bench.rows // 40)
    runs = [_carried_out(bench, workbook, f"marked-{n}", "mark") for n in range(bench.repeats)]
    work = f"marked copy of {bench.rows:,} rows, {bench.rows // 40} faults"
    return [
        of_runs(work, "marked, s", [run["marked copy, s"] for run in runs]),
        of_runs(work, "peak memory of the process, MB", [run["marked copy, MB"] for run in runs], MEMORY),
    ]


def _imported(bench: Bench, workbook: Path, database: str) -> dict[str, float]:
    figures = _carried_out(bench, workbook, database, "apply")
    if figures["rows written"] != bench.rows:
        raise RuntimeError(f"{figures['rows written']} of {bench.rows} rows were written")
    return figures


def _carried_out(bench: Bench, workbook: Path, database: str, step: str) -> dict[str, float]:
    url = f"sqlite:///{bench.folder / database}.sqlite3"
    environment = os.environ | {"DATABASE_URL": url, "INSTANCE_DIR": str(bench.folder)}
    # What tests install and a served process has not: with it openpyxl reads in pure Python.
    environment["OPENPYXL_DEFUSEDXML"] = "False"
    ended = subprocess.run(
        [sys.executable, "-m", "bench.records.importing", str(workbook), step],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return figures


def _figures(work: str, runs: list[dict[str, float]]) -> list[Figure]:
    both = [run["preview, s"] + run["apply, s"] for run in runs]
    return [
        of_runs(work, "preview, s", [run["preview, s"] for run in runs]),
        of_runs(work, "apply, s", [run["apply, s"] for run in runs]),
        of_runs(work, "preview and apply, s", both, TIME),
        of_runs(work, "lock held, s", [run["lock held, s"] for run in runs], LOCK),
        of_runs(work, "peak memory of both in one process, MB", [run["peak, MB"] for run in runs], MEMORY),
    ]


def import_served(bench: Bench) -> list[Figure]:
    """By the pages of the running service, while others ask for theirs."""
    folder = bench.folder / "served"
    folder.mkdir()
    quiet, disturbed = waits_meanwhile(folder, bench.workbook("甲单位"))
    figures = []
    for work, waits in (("nothing else", quiet), (f"{bench.rows:,} applications imported", disturbed)):
        ordered = sorted(wait * 1000 for wait in waits)
        figures += [
            of_runs(f"a page, {work}", "median, ms", [median(ordered)]),
            of_runs(f"a page, {work}", "99 %, ms", [ordered[len(ordered) * 99 // 100]]),
            of_runs(f"a page, {work}", "longest, ms", ordered[-1:], PAUSE if waits is disturbed else None),
        ]
    return figures


WORKS: dict[str, Callable[[Bench], list[Figure]]] = {
    "new": import_new,
    "changed": import_changed,
    "marked": mark_faults,
    "served": import_served,
}


def main() -> None:
    """Run the works that were asked for."""
    options = parse_arguments("records", __doc__, WORKS, f"{QUICK_ROWS:,} rows instead of {ROWS:,}, one run")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), *((QUICK_ROWS, 1) if options.quick else (ROWS, REPEATS)))
        failures = (subprocess.CalledProcessError, RuntimeError, ServerError, ServingError)
        report(carry_out(options.only or list(WORKS), WORKS, bench, failures), options.out)


if __name__ == "__main__":
    main()
