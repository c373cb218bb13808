"""Figures with their spread and target: one table, one JSON file."""

import json
import operator
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

Value = float | int | str

_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "≤": operator.le,
    "<": operator.lt,
    "≥": operator.ge,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Target:
    """What a figure shall be, such as ``Target("≤", 1, "s")``."""

    relation: str
    limit: float
    unit: str = ""

    def is_met(self, values: Sequence[float]) -> bool:
        """Return whether the worst of the values, and so each of them, holds."""
        return bool(values) and all(_RELATIONS[self.relation](value, self.limit) for value in values)

    def __str__(self) -> str:
        return f"{self.relation} {_to_text(self.limit)} {self.unit}".rstrip()


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Parameters
    ----------
    work, metric : str
        What was done, and what of it was measured, with its unit.
    value : float, int or str
        The median of the runs, or a text.
    spread : tuple of float, optional
        Least and greatest of the runs, where there were several.
    target : str, optional
        As the round's plan states it.
    met : bool, optional
        Whether every run met it.
    """

    work: str
    metric: str
    value: Value
    spread: tuple[float, float] | None = None
    target: str | None = None
    met: bool | None = None


def of_runs(work: str, metric: str, values: Sequence[float | None], target: Target | None = None) -> Figure:
    """Return the figure of several runs; a run without a value (None) misses any target."""
    known = [value for value in values if value is not None]
    met = None if target is None else len(known) == len(values) and target.is_met(known)
    spread = (min(known), max(known)) if len(known) > 1 else None
    missing = len(values) - len(known)
    if missing:
        where = f" in {missing} of {len(values)} runs" if known else ""
        return Figure(work, metric, f"not reached{where}", spread, str(target) if target else None, met)
    return Figure(work, metric, median(known), spread, str(target) if target else None, met)


def write_figures(path: Path, figures: Sequence[Figure]) -> None:
    """Write the figures as a JSON list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(figure) for figure in figures]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_figures(path: Path) -> list[Figure]:
    """Read what `write_figures` wrote."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [Figure(**(row | {"spread": row["spread"] and tuple(row["spread"])})) for row in rows]


def to_cells(figure: Figure) -> tuple[str, ...]:
    """Return one line of the table."""
    spread = "" if figure.spread is None else " – ".join(_to_text(bound) for bound in figure.spread)
    met = {None: "", True: "met", False: "MISSED"}[figure.met]
    return figure.work, figure.metric, _to_text(figure.value), spread, figure.target or "", met


HEADINGS = ("work", "metric", "value", "spread", "target", "met")


def to_table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines of even columns for a terminal."""
    rows = [HEADINGS, *(to_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def to_markdown(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(to_cells(figure) for figure in figures)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def _to_text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
