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
TIME = Target("≤", 60, "s")
LOCK = Target("≤", 5, "s")
MEMORY = Target("≤", 500, "MB")
PAUSE = Target("≤", 500, "ms")


@dataclass(frozen=True)
class Bench:
    """A folder for workbook and database, and how many rows."""

    folder: Path
    rows: int


def import_new(bench: Bench) -> list[Figure]:
    """Into an empty round."""
    return _measured(bench, f"{bench.rows:,} new applications", "甲单位", "new")


def import_changed(bench: Bench) -> list[Figure]:
    """Of which every one is known and differs."""
    _measured(bench, "", "甲单位", "changed")
    return _measured(bench, f"{bench.rows:,} changed applications", "乙单位", "changed")


def _measured(bench: Bench, work: str, unit: str, database: str) -> list[Figure]:
    workbook = bench.folder / f"{unit}.xlsx"
    rules = parse_round_rules((RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8"))
    write_applications(workbook, rules, bench.rows, unit)
    url = f"sqlite:///{bench.folder / database}.sqlite3"
    environment = os.environ | {"DATABASE_URL": url, "INSTANCE_DIR": str(bench.folder)}
    # What tests install and a served process has not: with it openpyxl reads in pure Python.
    environment["OPENPYXL_DEFUSEDXML"] = "False"
    ended = subprocess.run(
        [sys.executable, "-m", "bench.records.importing", str(workbook)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    if figures["rows written"] != bench.rows:
        raise RuntimeError(f"{figures['rows written']} of {bench.rows} rows were written")
    both = figures["preview, s"] + figures["apply, s"]
    return [
        of_runs(work, "workbook, MB", [workbook.stat().st_size / 1e6]),
        of_runs(work, "preview, s", [figures["preview, s"]]),
        of_runs(work, "apply, s", [figures["apply, s"]]),
        of_runs(work, "preview and apply, s", [both], TIME),
        of_runs(work, "lock held, s", [figures["lock held, s"]], LOCK),
        of_runs(work, "peak memory of the process, MB", [figures["preview and apply, MB"]], MEMORY),
    ]


def import_served(bench: Bench) -> list[Figure]:
    """By the pages of the running service, while others ask for theirs."""
    workbook, folder = bench.folder / "served.xlsx", bench.folder / "served"
    folder.mkdir()
    rules = parse_round_rules((RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8"))
    write_applications(workbook, rules, bench.rows, "甲单位")
    quiet, disturbed = waits_meanwhile(folder, workbook)
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
    "served": import_served,
}


def main() -> None:
    """Run the works that were asked for."""
    options = parse_arguments("records", __doc__, WORKS, f"{QUICK_ROWS:,} rows instead of {ROWS:,}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), QUICK_ROWS if options.quick else ROWS)
        failures = (subprocess.CalledProcessError, RuntimeError, ServerError, ServingError)
        report(carry_out(options.only or list(WORKS), WORKS, bench, failures), options.out)


if __name__ == "__main__":
    main()
