"""Order and start times of the candidates within one sitting."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ortools.sat.python import cp_model

from scheduler.eligibility import StartRanges, least_unmet, sitting_starts
from scheduler.instance import Candidate, Sitting
from scheduler.objective import TermName, Tier
from scheduler.roster import Seat, broken_wishes, category_switches, idle_minutes

FIND_EFFORT = 0.3
POLISH_EFFORT = 0.1
"""Deterministic time (roughly seconds) for finding any order, and for bettering a known one."""

Starts = dict[str, int]
"""Start minute by candidate id."""

HIGHEST_WEIGHT = 10**5
"""One step of an earlier tier weighs more than all that later tiers can lose within one sitting."""


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

    def wish(candidate: Candidate) -> tuple[bool, str, int, int, str, str]:
        return (
            candidate.category == longest.category,
            *(candidate.category, candidate.buffer_min, -candidate.priority, candidate.region, candidate.id),
        )

    return [Item(candidate, sitting_starts(candidate, sitting)) for candidate in sorted(candidates, key=wish)]


def arrange(sitting: Sitting, candidates: Sequence[Candidate]) -> tuple[Fit, Starts]:
    """Find start times for all candidates, without looking at idle gaps.

    Returns
    -------
    tuple of Fit and dict
        With ``Fit.FITS`` the starts hold everyone; otherwise as many as the greedy rule placed.
    """
    items = list_items(sitting, candidates)
    starts = _in_a_row(sitting, items) or _dispatch(sitting, items)
    if len(starts) == len(items):
        return Fit.FITS, starts
    fit, exact = _search(items, (), FIND_EFFORT, hint=None)
    return fit, exact or starts


def polish(
    sitting: Sitting, candidates: Sequence[Candidate], starts: Starts, objective: Sequence[Tier]
) -> Starts:
    """Return starts for the same candidates that are better by the tiers that order decides, if found."""
    seats = sorted(((starts[c.id], c) for c in candidates), key=lambda seat: seat[0])
    categories = {candidate.category for candidate in candidates}
    is_tidy = idle_minutes(seats) == 0 and category_switches(seats) == len(categories) - 1
    if is_tidy and not any(_can_please(sitting, start_min, candidate) for start_min, candidate in seats):
        return starts
    return _search(list_items(sitting, candidates), objective, POLISH_EFFORT, hint=seats)[1] or starts


def _can_please(sitting: Sitting, start_min: int, candidate: Candidate) -> bool:
    """Return whether another start in the sitting would break fewer wishes of the candidate."""
    if not candidate.wishes:
        return False
    return broken_wishes(candidate, start_min) > least_unmet(candidate, sitting_starts(candidate, sitting))


def _in_a_row(sitting: Sitting, items: Sequence[Item]) -> Starts:
    """Place one after the other from the opening on; empty when somebody is not free then."""
    starts: Starts = {}
    now_min = sitting.start_min
    for item in items:
        if not any(low <= now_min <= high for low, high in item.starts):
            return {}
        starts[item.candidate.id] = now_min
        now_min += item.step_min
    return starts


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


def _search(
    items: Sequence[Item], objective: Sequence[Tier], effort: float, hint: Sequence[Seat] | None
) -> tuple[Fit, Starts]:
    """Search exactly; with a `hint` for the best order, without one for any."""
    model = cp_model.CpModel()
    starts = []
    for item in items:
        domain = cp_model.Domain.from_intervals([list(pair) for pair in item.starts])
        starts.append(model.new_int_var_from_domain(domain, ""))
    # The last buffer may stick out beyond the sitting: only the starts are bounded.
    model.add_no_overlap(
        model.new_fixed_size_interval_var(start, item.step_min, "")
        for start, item in zip(starts, items, strict=True)
    )
    if hint is not None:
        model.minimize(_untidiness(model, items, starts, objective))
        known = {candidate.id: start_min for start_min, candidate in hint}
        for start, item in zip(starts, items, strict=True):
            model.add_hint(start, known[item.candidate.id])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.catch_sigint_signal = False
    solver.parameters.max_deterministic_time = effort
    status = solver.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Fit.FITS, {item.candidate.id: solver.value(s) for item, s in zip(items, starts, strict=True)}
    return (Fit.IMPOSSIBLE if status == cp_model.INFEASIBLE else Fit.UNKNOWN), {}


def _untidiness(
    model: cp_model.CpModel,
    items: Sequence[Item],
    starts: Sequence[cp_model.IntVar],
    objective: Sequence[Tier],
) -> Any:  # a linear expression; the union that OR-Tools declares cannot be added to itself
    """Weigh idle minutes, switches and wishes as the tiers do, and an early start last."""
    makers = {TermName.IDLE: _idle_form, TermName.SWITCHES: _switches_form, TermName.WISHES: _wishes_form}
    total: Any = 0
    for tier in objective:
        forms = [
            goal.weight * makers[goal.term](model, items, starts) for goal in tier if goal.term in makers
        ]
        if forms:
            total = total * HIGHEST_WEIGHT + sum(forms)
    return total * HIGHEST_WEIGHT + sum(starts) - len(items) * min(item.starts[0][0] for item in items)


def _idle_form(model: cp_model.CpModel, items: Sequence[Item], starts: Sequence[cp_model.IntVar]) -> Any:
    """Span from the first start to the last end with buffers; less the steps of all it is the idle time.

    The buffer of the last one counts too: with buffers of different length it must not choose the order.
    """
    low_min = min(item.starts[0][0] for item in items)
    high_min = max(item.starts[-1][1] + item.step_min for item in items)
    first = model.new_int_var(low_min, high_min, "")
    last = model.new_int_var(low_min, high_min, "")
    model.add_min_equality(first, starts)
    model.add_max_equality(last, [s + item.step_min for s, item in zip(starts, items, strict=True)])
    return last - first - sum(item.step_min for item in items)


def _switches_form(model: cp_model.CpModel, items: Sequence[Item], starts: Sequence[cp_model.IntVar]) -> Any:
    """Count the changes of category along a path through all items."""
    arcs = []
    switches = []
    for i, (item, start) in enumerate(zip(items, starts, strict=True), 1):
        for end in ((0, i), (i, 0)):
            arcs.append((*end, model.new_bool_var("")))
        for j, (other, later) in enumerate(zip(items, starts, strict=True), 1):
            if i != j:
                follows = model.new_bool_var("")
                model.add(later >= start + item.step_min).only_enforce_if(follows)
                arcs.append((i, j, follows))
                if item.candidate.category != other.candidate.category:
                    switches.append(follows)
    model.add_circuit(arcs)
    return sum(switches)


def _wishes_form(model: cp_model.CpModel, items: Sequence[Item], starts: Sequence[cp_model.IntVar]) -> Any:
    broken: Any = 0
    for item, start in zip(items, starts, strict=True):
        for wish in item.candidate.wishes:
            is_met = model.new_bool_var("")
            last_min = wish.end_min - item.candidate.duration_min
            inside = cp_model.Domain(wish.start_min, last_min) if last_min >= wish.start_min else None
            if wish.is_avoided:
                clear = cp_model.Domain(
                    wish.start_min - item.candidate.duration_min + 1, wish.end_min - 1
                ).complement()
                model.add_linear_expression_in_domain(start, clear).only_enforce_if(is_met)
            elif inside is not None:
                model.add_linear_expression_in_domain(start, inside).only_enforce_if(is_met)
            else:
                model.add(is_met == 0)
            broken += wish.weight * (1 - is_met)
    return broken
