"""Which sittings open, and how many defences of each size they hold: decided on totals, before names.

The model knows types of candidates (category, size, priority) and nothing of single persons, so its size does
not grow with them. It relaxes the problem: what it proves holds for every schedule.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from scheduler.deadline import Deadline
from scheduler.instance import Candidate
from scheduler.panels.constraints import (
    add_expert_no_overlap,
    add_load,
    add_panel_no_overlap,
    add_parallel_limit,
)
from scheduler.panels.kinds import Aggregate
from scheduler.panels.patterns import Pattern, Size, fill_patterns, largest_sum
from scheduler.result import SolveParameters
from scheduler.search import Outcome, search

Type = tuple[str, Size, int]
"""Category, size and priority."""

Lane = tuple[str, Size]
"""Places of one size, for one category or, with an empty text, for any."""

EVERYONE_SHARE = 0.7
"""Part of a budget in which everyone is to be served, before as many as possible will do."""

LARGEST_WEIGHT = 2**40
"""Lower priorities than this leaves room for count alike where all priorities are joined into one number."""

Form = Any  # a linear expression; the unions that OR-Tools declares cannot be added to each other


Stretch = tuple[int, int]
"""Family and length in minutes of gaps."""


@dataclass(frozen=True)
class Shortage:
    """These kinds together need so many places of one size for candidates of these types (a minimum cut)."""

    size: Size
    kind_ids: frozenset[int]
    types: frozenset[Type]
    least: int


@dataclass(frozen=True)
class Plan:
    """The chosen openings, and for each kind the places of its opened gaps.

    `seats` lists for each opened gap of a kind its places by lane. Both leave out the `loose_kind_ids`, whose
    patterns are too many to be listed: their sittings only have minutes.
    """

    opened: frozenset[int]
    places: Mapping[tuple[int, Lane], int]
    seats: Mapping[int, Sequence[Mapping[Lane, int]]]
    loose_kind_ids: frozenset[int]


@dataclass(frozen=True)
class PlanBounds:
    """What no schedule can beat: placed by priority (pinned ones left out), and openings (None: unknown)."""

    placed: Mapping[int, int]
    fewest_openings: int | None


def choose_openings(
    aggregate: Aggregate,
    shortages: Sequence[Shortage],
    params: SolveParameters,
    deadline: Deadline,
    limit: float,
) -> tuple[Plan | None, PlanBounds]:
    """Serve as many as possible by priority, then open as few sittings as possible.

    Parameters
    ----------
    shortages : sequence of Shortage
        What failed allocations taught.
    limit : float
        Budget in the unit of the deadline.

    Returns
    -------
    tuple of Plan or None, and PlanBounds
        No plan when none was found within the limit. The bounds hold for every schedule.

    Raises
    ------
    OutOfTime
        When the deadline passes on the way.
    """
    ends = deadline.spent() + limit
    demand = demand_by_priority(aggregate)
    floors: dict[int, int] = dict(demand)
    first_limit = EVERYONE_SHARE * limit
    outcome, plan = _Model(aggregate, shortages, floors, deadline).fewest_openings(params, first_limit)
    if plan is None and not outcome.is_infeasible:
        plan = _Model(aggregate, shortages, {}, deadline).most_for_least(params, ends - deadline.spent())
    if plan is not None or not outcome.is_infeasible:
        return plan, PlanBounds(demand, outcome.best_bound)
    floors, bounds = {}, dict(demand)
    for priority in sorted(demand, reverse=True):
        model = _Model(aggregate, shortages, floors, deadline)
        outcome, served = model.most_served(priority, params, ends - deadline.spent())
        bounds[priority] = demand[priority] if outcome.best_bound is None else outcome.best_bound
        if served is None:
            return None, PlanBounds(bounds, None)
        floors[priority] = served
    model = _Model(aggregate, shortages, floors, deadline)
    outcome, plan = model.fewest_openings(params, ends - deadline.spent())
    is_bound_valid = floors == bounds
    return plan, PlanBounds(bounds, outcome.best_bound if is_bound_valid else None)


def spread_openings(
    aggregate: Aggregate,
    shortages: Sequence[Shortage],
    wanted: Mapping[Stretch, int] | None,
    known: Plan,
    params: SolveParameters,
    deadline: Deadline,
    limit: float,
) -> Plan | None:
    """Serve everyone evenly over panels and days, with the wanted openings by family and length if given.

    Parameters
    ----------
    known : Plan
        A plan to start from; no more openings than it has are chosen.

    Returns
    -------
    Plan or None
        None when there is no such plan, or none was found within the limit.

    Raises
    ------
    OutOfTime
        When the deadline passes on the way.
    """
    model = _Model(aggregate, shortages, demand_by_priority(aggregate), deadline)
    return model.least_load(wanted, known, params, limit)


def demand_by_priority(aggregate: Aggregate) -> dict[int, int]:
    """Return how many candidates of each priority have a kind that can hear them."""
    demand: dict[int, int] = defaultdict(int)
    for group in aggregate.groups:
        demand[group.model.priority] += len(group.members)
    return dict(demand)


def type_of(candidate: Candidate) -> Type:
    """Return what the plan knows of a candidate."""
    return candidate.category, (candidate.duration_min, candidate.buffer_min), candidate.priority


class _Model:
    """CP-SAT model of the totals; `floors` is how many must be served at least, by priority."""

    def __init__(
        self,
        aggregate: Aggregate,
        shortages: Sequence[Shortage],
        floors: Mapping[int, int],
        deadline: Deadline,
    ) -> None:
        self._aggregate, self._deadline = aggregate, deadline
        self._model = model = cp_model.CpModel()
        self._opened = {
            i: model.new_constant(1) if i in aggregate.pinned_openings else model.new_bool_var("")
            for i in range(len(aggregate.openings))
        }
        self._demand: dict[Type, int] = defaultdict(int)
        for group in aggregate.groups:
            self._demand[type_of(group.model)] += len(group.members)
        self._served = {type_: model.new_int_var(0, n, "") for type_, n in self._demand.items()}
        for priority, least in floors.items():
            model.add(self._served_at(priority) >= least)
        self._chosen: dict[int, dict[Pattern, cp_model.IntVar]] = {}
        self._places: dict[tuple[int, Size], Form] = {}
        self._minutes: dict[int, list[Form]] = defaultdict(list)
        self._sizes_by_family = sizes_by_family(aggregate)
        self._loose = self._find_loose_families()
        for kind_id, kind in enumerate(aggregate.kinds):
            if kind.family_id in self._loose:
                self._add_minutes(kind_id)
            else:
                self._add_places(kind_id)
        deadline.check()
        self._add_supply()
        for shortage in shortages:
            self._add_shortage(shortage)
        add_expert_no_overlap(model, aggregate.openings, self._opened)
        add_panel_no_overlap(model, aggregate.openings, self._opened)
        add_parallel_limit(model, aggregate.instance, aggregate.openings, self._opened)
        deadline.check()

    def _served_at(self, priority: int) -> Form:
        return sum(variable for type_, variable in self._served.items() if type_[2] == priority)

    def _patterns(self, kind_id: int) -> tuple[Pattern, ...] | None:
        kind = self._aggregate.kinds[kind_id]
        return fill_patterns(kind.length_min, kind.is_followed, self._sizes(kind_id))

    def _find_loose_families(self) -> frozenset[int]:
        """Return the families with gaps that can be filled in too many ways."""
        kinds = enumerate(self._aggregate.kinds)
        return frozenset(kind.family_id for i, kind in kinds if self._patterns(i) is None)

    def _opened_gaps(self, kind_id: int) -> Form:
        gap_ids = self._aggregate.kinds[kind_id].gap_ids
        return sum(self._opened[self._aggregate.gaps[i].opening_id] for i in gap_ids)

    def _add_places(self, kind_id: int) -> None:
        """Let each opened gap of a kind be filled by one of its patterns."""
        sizes, patterns = self._sizes(kind_id), self._patterns(kind_id) or ()
        if patterns == ((0,) * len(sizes),):
            return
        count = len(self._aggregate.kinds[kind_id].gap_ids)
        chosen = {pattern: self._model.new_int_var(0, count, "") for pattern in patterns}
        self._model.add(sum(chosen.values()) == self._opened_gaps(kind_id))
        self._chosen[kind_id] = chosen
        for position, size in enumerate(sizes):
            self._places[kind_id, size] = sum(
                pattern[position] * variable for pattern, variable in chosen.items() if pattern[position]
            )

    def _add_minutes(self, kind_id: int) -> None:
        """Hold the gaps of a kind to their minutes, the longest buffer sticking out."""
        kind, sizes = self._aggregate.kinds[kind_id], self._sizes(kind_id)
        tail_min = 0 if kind.is_followed else max(buffer for _, buffer in sizes)
        room_min = largest_sum(kind.length_min + tail_min, frozenset(sum(size) for size in sizes))
        self._minutes[kind.family_id].append(room_min * self._opened_gaps(kind_id))

    def _add_supply(self) -> None:
        """Send every type to families that accept it, within their places of its size or their minutes."""
        used: dict[tuple[int, Size], list[cp_model.IntVar]] = defaultdict(list)
        for type_, count in self._demand.items():
            category, size, _ = type_
            sent = []
            for family_id, family in enumerate(self._aggregate.families):
                if category in family:
                    variable = self._model.new_int_var(0, count, "")
                    used[family_id, size].append(variable)
                    sent.append(variable)
            self._model.add(sum(sent) == self._served[type_])
        offered: dict[tuple[int, Size], list[Form]] = defaultdict(list)
        for (kind_id, size), places in self._places.items():
            offered[self._aggregate.kinds[kind_id].family_id, size].append(places)
        loads: dict[int, list[Form]] = defaultdict(list)
        for (family_id, size), variables in used.items():
            if family_id in self._loose:
                loads[family_id].append(sum(size) * sum(variables))
            else:
                self._model.add(sum(variables) <= sum(offered[family_id, size]))
        for family_id, load in loads.items():
            self._model.add(sum(load) <= sum(self._minutes[family_id]))

    def _add_shortage(self, shortage: Shortage) -> None:
        places = sum(self._places.get((kind_id, shortage.size), 0) for kind_id in sorted(shortage.kind_ids))
        unserved = sum(self._demand[type_] - self._served[type_] for type_ in sorted(shortage.types))
        self._model.add(places + unserved >= shortage.least)

    def most_served(self, priority: int, params: SolveParameters, limit: float) -> tuple[Outcome, int | None]:
        """Serve as many of one priority as possible."""
        self._model.maximize(self._served_at(priority))
        outcome = search(self._model, params, self._deadline, limit)
        return outcome, round(outcome.solver.objective_value) if outcome.solver else None

    def most_for_least(self, params: SolveParameters, limit: float) -> Plan | None:
        """Serve as many as can be found by priority, with few openings: there always is such a plan."""
        total: Form = sum(self._opened.values())
        weight = len(self._opened) + 1
        for priority in sorted({type_[2] for type_ in self._demand}):
            demand = sum(n for type_, n in self._demand.items() if type_[2] == priority)
            total += weight * (demand - self._served_at(priority))
            weight = min(weight * (demand + 1), LARGEST_WEIGHT)
        self._model.minimize(total)
        outcome = search(self._model, params, self._deadline, limit)
        return self._read(outcome.solver) if outcome.solver else None

    def fewest_openings(self, params: SolveParameters, limit: float) -> tuple[Outcome, Plan | None]:
        """Open as few sittings as possible."""
        self._model.minimize(sum(self._opened.values()))
        outcome = search(self._model, params, self._deadline, limit)
        return outcome, self._read(outcome.solver) if outcome.solver else None

    def least_load(
        self, wanted: Mapping[Stretch, int] | None, known: Plan, params: SolveParameters, limit: float
    ) -> Plan | None:
        """Keep the peaks over panels and over days low."""
        self._model.add(sum(self._opened.values()) <= len(known.opened))
        for opening_id, variable in self._opened.items():
            if opening_id not in self._aggregate.pinned_openings:
                self._model.add_hint(variable, opening_id in known.opened)
        by_stretch: dict[Stretch, list[cp_model.IntVar]] = defaultdict(list)
        for kind in self._aggregate.kinds:
            opened = [self._opened[self._aggregate.gaps[i].opening_id] for i in kind.gap_ids]
            by_stretch[kind.family_id, kind.length_min] += opened
        if wanted is not None:
            for stretch, variables in by_stretch.items():
                self._model.add(sum(variables) == wanted.get(stretch, 0))
        instance, openings = self._aggregate.instance, self._aggregate.openings
        self._model.minimize(add_load(self._model, instance, openings, self._opened))
        outcome = search(self._model, params, self._deadline, limit)
        return self._read(outcome.solver) if outcome.solver else None

    def _read(self, solver: cp_model.CpSolver) -> Plan:
        opened = frozenset(i for i, variable in self._opened.items() if solver.value(variable))
        places = {(i, ("", size)): solver.value(form) for (i, size), form in self._places.items()}
        seats = {
            kind_id: [
                {("", size): n for size, n in zip(self._sizes(kind_id), pattern, strict=True)}
                for pattern, count in chosen.items()
                for _ in range(solver.value(count))
            ]
            for kind_id, chosen in self._chosen.items()
        }
        kinds = enumerate(self._aggregate.kinds)
        return Plan(opened, places, seats, frozenset(i for i, k in kinds if k.family_id in self._loose))

    def _sizes(self, kind_id: int) -> tuple[Size, ...]:
        return self._sizes_by_family[self._aggregate.kinds[kind_id].family_id]


def sizes_by_family(aggregate: Aggregate) -> tuple[tuple[Size, ...], ...]:
    """Return for each family the sizes of the candidates it accepts."""
    found = {(group.model.category, group.size) for group in aggregate.groups}
    return tuple(
        tuple(sorted({size for category, size in found if category in family}))
        for family in aggregate.families
    )
