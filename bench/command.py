"""What the commands of all benches share: their options, and how they end."""

import argparse
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure, to_table, write_figures
from bench.report import OUT_DIR

BenchT = TypeVar("BenchT")


def parse_arguments(
    name: str, description: str | None, works: Collection[str], quick: str
) -> argparse.Namespace:
    """Return `quick`, `only` (names of works, or None) and `out` (a path); `quick` here is its help."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=description)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--only", nargs="+", choices=works, metavar="NAME", help=f"of {', '.join(works)}")
    parser.add_argument("--out", type=Path, default=OUT_DIR / f"{name}.json")
    return parser.parse_args()


def carry_out(
    names: Sequence[str],
    works: dict[str, Callable[[BenchT], list[Figure]]],
    bench: BenchT,
    failures: tuple[type[Exception], ...],
) -> list[Figure]:
    """Return the figures of the works; one that fails is a line of the table too."""
    figures: list[Figure] = []
    for name in names:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        try:
            figures += works[name](bench)
        except failures as error:
            figures.append(Figure(name, "run", f"failed: {error}", target="no failure", met=False))
    return figures


def report(figures: Sequence[Figure], out: Path) -> None:
    """Print the table, write the file, and end the process with 1 when a target was missed."""
    print(to_table(figures))
    write_figures(out, figures)
    if any(figure.met is False for figure in figures):
        sys.exit(1)
