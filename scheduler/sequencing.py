"""Order and start times of the candidates within one sitting."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ortools.sat.python import cp_model

from scheduler.eligibility import StartRanges, sitting_starts
from scheduler.instance import Candidate, Sitting

FIND_EFFORT = 1.0
POLISH_EFFORT = 0.1
"""Deterministic time (roughly seconds) for finding any order, and for closing idle gaps of a known one."""

Starts = dict[str, int]
"""Start minute by candidate id."""


class Fit(Enum):
    """Whether all candidates fit into the sitting; UNKNOWN when the search ran out of effort."""

    FITS = "fits"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Item:
    """A candidate with the starts that are possible in this sitting."""

    candidate: Candidate
    starts: StartRanges

    @property
    def step_min(self) -> int:
        """Duration and buffer."""
        return self.candidate.duration_min + self.candidate.buffer_min


def list_items(sitting: Sitting, candidates: Sequence[Candidate]) -> list[Item]:
    """Return the items in the wished order: one category after another, the longest buffer last of all."""
    longest = max(candidates, key=lambda c: (c.buffer_min, c.category))

    def wish(candidate: Candidate) -> tuple[bool, str, int, int, str]:
        is_last_category = candidate.category == longest.category
        return (is_last_category, candidate.category, candidate.buffer_min, -candidate.priority, candidate.id)

    return [Item(candidate, sitting_starts(candidate, sitting)) for candidate in sorted(candidates, key=wish)]


def arrange(sitting: Sitting, candidates: Sequence[Candidate]) -> tuple[Fit, Starts]:
    """Find start times for all candidates, without looking at idle gaps.

    Returns
    -------
    tuple of Fit and dict
        With ``Fit.FITS`` the starts hold everyone; otherwise as many as the greedy rule placed.
    """
    items = list_items(sitting, candidates)
    starts = _dispatch(sitting, items)
    if len(starts) == len(items):
        return Fit.FITS, starts
    fit, exact = _search(items, FIND_EFFORT, hint=None)
    return fit, exact or starts


def polish(sitting: Sitting, candidates: Sequence[Candidate], starts: Starts) -> Starts:
    """Return starts for the same candidates with fewer idle gaps and categories together, if found."""
    busy_min = sum(c.duration_min + c.buffer_min for c in candidates)
    last = max(candidates, key=lambda c: starts[c.id])
    used_min = starts[last.id] + last.duration_min + last.buffer_min - min(starts.values())
    is_free = all(c.pin is None and not c.unavailable for c in candidates)
    if is_free and used_min == busy_min:
        return starts
    return _search(list_items(sitting, candidates), POLISH_EFFORT, hint=starts)[1] or starts


def _dispatch(sitting: Sitting, items: Sequence[Item]) -> Starts:
    """Place from left to right: whoever would otherwise miss the last start, else the current category."""
    starts: Starts = {}
    waiting = list(items)
    now_min, category = sitting.start_min, ""
    while waiting:
        ready = [item for item in waiting if any(low <= now_min <= high for low, high in item.starts)]
        fitting = [item for item in ready if not _blocks_pin(item, waiting, now_min)]
        if not fitting:
            later = [low for item in waiting for low, _ in item.starts if low > now_min]
            if not later:
                return starts
            now_min = min(later)
            continue
        chosen = _most_urgent(fitting, now_min) or next(
            (item for item in fitting if item.candidate.category == category), fitting[0]
        )
        starts[chosen.candidate.id] = now_min
        waiting.remove(chosen)
        now_min, category = now_min + chosen.step_min, chosen.candidate.category
    return starts


def _blocks_pin(item: Item, waiting: Sequence[Item], now_min: int) -> bool:
    ends_min = now_min + item.step_min
    return any(
        other.candidate.pin is not None and other is not item and now_min <= other.starts[0][0] < ends_min
        for other in waiting
    )


def _most_urgent(fitting: Sequence[Item], now_min: int) -> Item | None:
    """Return the item whose last start would pass while another one is heard, None without haste."""
    urgent = min(fitting, key=lambda item: item.starts[-1][1])
    others = [item.step_min for item in fitting if item is not urgent]
    return urgent if others and urgent.starts[-1][1] < now_min + max(others) else None


def _search(items: Sequence[Item], effort: float, hint: Starts | None) -> tuple[Fit, Starts]:
    """Search exactly; with a `hint` for the best order, without one for any."""
    model = cp_model.CpModel()
    starts = {}
    for item in items:
        domain = cp_model.Domain.from_intervals([list(pair) for pair in item.starts])
        starts[item.candidate.id] = model.new_int_var_from_domain(domain, "")
    # The last buffer may stick out beyond the sitting: only the starts are bounded.
    model.add_no_overlap(
        model.new_fixed_size_interval_var(starts[item.candidate.id], item.step_min, "") for item in items
    )
    if hint is not None:
        model.minimize(_untidiness(model, items, starts))
        for candidate_id, variable in starts.items():
            model.add_hint(variable, hint[candidate_id])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = effort
    status = solver.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Fit.FITS, {id_: solver.value(variable) for id_, variable in starts.items()}
    return (Fit.IMPOSSIBLE if status == cp_model.INFEASIBLE else Fit.UNKNOWN), {}


def _untidiness(
    model: cp_model.CpModel, items: Sequence[Item], starts: dict[str, cp_model.IntVar]
) -> Any:  # a linear expression; the union that OR-Tools declares cannot be added to itself
    """Weigh the span of the sitting first, then how far each category is spread, then an early start."""
    low_min = min(item.starts[0][0] for item in items)
    high_min = max(item.starts[-1][1] + item.step_min for item in items)

    def spread(group: Sequence[Item]) -> tuple[cp_model.IntVar, Any]:
        first = model.new_int_var(low_min, high_min, "")
        last = model.new_int_var(low_min, high_min, "")
        model.add_min_equality(first, [starts[item.candidate.id] for item in group])
        model.add_max_equality(last, [starts[item.candidate.id] + item.step_min for item in group])
        return first, last - first

    groups = defaultdict(list)
    for item in items:
        groups[item.candidate.category].append(item)
    first, span = spread(items)
    return span * len(items) * 2 + sum(spread(group)[1] for group in groups.values()) + first
