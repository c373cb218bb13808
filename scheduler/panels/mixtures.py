"""Which categories share a sitting: as few changes from one to the next as the numbers allow."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

from ortools.sat.python import cp_model

from scheduler.deadline import Deadline
from scheduler.panels.kinds import Aggregate
from scheduler.panels.patterns import MOST_SIZES, Size, fill_patterns
from scheduler.panels.plan import Form, Lane, Plan, Stretch
from scheduler.result import SolveParameters
from scheduler.search import search

MOST_CATEGORIES, MOST_LISTED = 6, 2
"""Categories of a family beyond which its sets are too many, and of a set beyond which its mixtures are."""

Mixture = Mapping[Lane, int]
"""Places of one sitting by category and size."""


@dataclass(frozen=True)
class Mixing:
    """The mixtures of the sittings by family and length, and the proven least number of switches.

    `mixtures` is None where none were found in time.
    """

    mixtures: Mapping[Stretch, Sequence[Mixture]] | None
    least_switches: int


def mix(
    aggregate: Aggregate,
    sittings: Mapping[Stretch, int],
    most_sittings: int,
    params: SolveParameters,
    deadline: Deadline,
    limit: float,
) -> Mixing | None:
    """Choose mixtures for everyone with the fewest switches.

    A sitting that hears k categories switches at least k - 1 times. The model knows only how many sittings of
    each family and length hear which mixture, nothing of days and persons, so its bound holds for every
    schedule in which no more sittings open.

    Parameters
    ----------
    sittings : mapping
        How many sittings of each family and length there are to choose from.
    most_sittings : int
        How many of them may be used.

    Returns
    -------
    Mixing or None
        None with pinned slots, and with too many sizes or categories in a family.
    """
    sizes = {group.size for group in aggregate.groups}
    is_large = len(sizes) > MOST_SIZES or any(len(f) > MOST_CATEGORIES for f in aggregate.families)
    if aggregate.pinned_openings or is_large:
        return None
    relaxed = _MixModel(aggregate, sittings, most_sittings, is_relaxed=True)
    bounding = search(relaxed.model, params, deadline, limit)
    # The panels' share is less than one step of the switches, so the bound of the sum bounds these.
    least_switches = max(0, bounding.best_bound or 0) // (most_sittings + 1)
    model = _MixModel(aggregate, sittings, most_sittings, is_relaxed=False)
    found = search(model.model, params, deadline, limit)
    return Mixing(model.read(found.solver) if found.solver else None, least_switches)


class _MixModel:
    """CP-SAT model of the mixtures.

    Sets of more than `MOST_LISTED` categories are too many to be listed: a relaxed model holds them to their
    minutes only, the other does without them.
    """

    def __init__(
        self, aggregate: Aggregate, sittings: Mapping[Stretch, int], most_sittings: int, is_relaxed: bool
    ) -> None:
        self.model = model = cp_model.CpModel()
        self._is_relaxed = is_relaxed
        self._demand: Counter[Lane] = Counter()
        for group in aggregate.groups:
            self._demand[group.model.category, group.size] += len(group.members)
        self._offered: dict[Lane, list[Form]] = defaultdict(list)
        self._chosen: dict[Stretch, list[tuple[Mixture, cp_model.IntVar]]] = defaultdict(list)
        switches: list[Form] = []
        panels = _panels_by_family(aggregate)
        peak = model.new_int_var(0, most_sittings, "")
        used_at_all = []
        for stretch, count in sorted(sittings.items()):
            used = []
            for categories in _subsets(sorted(aggregate.families[stretch[0]])):
                variables = self._add_mixtures(stretch, count, categories)
                switches.append((len(categories) - 1) * sum(variables))
                used += variables
            model.add(sum(used) <= count)
            model.add(sum(used) <= peak * panels[stretch[0]])
            used_at_all += used
        for lane, count in self._demand.items():
            model.add(sum(self._offered[lane]) >= count)
        model.add(sum(used_at_all) <= most_sittings)
        model.minimize((most_sittings + 1) * sum(switches) + peak)

    def _add_mixtures(self, stretch: Stretch, count: int, categories: Sequence[str]) -> list[cp_model.IntVar]:
        """Return how many sittings hear just these categories, one variable for each way to fill them."""
        lanes = sorted(lane for lane in self._demand if lane[0] in categories)
        sizes: tuple[Size, ...] = tuple(size for _, size in lanes)
        patterns = fill_patterns(stretch[1], False, sizes) if len(categories) <= MOST_LISTED else None
        if patterns is None:
            return [self._add_crowd(stretch, count, lanes)] if self._is_relaxed else []
        variables = []
        for pattern in patterns:
            variable = self.model.new_int_var(0, count, "")
            mixture = {lane: places for lane, places in zip(lanes, pattern, strict=True) if places}
            for lane, places in mixture.items():
                self._offered[lane].append(places * variable)
            self._chosen[stretch].append((mixture, variable))
            variables.append(variable)
        return variables

    def _add_crowd(self, stretch: Stretch, count: int, lanes: Sequence[Lane]) -> cp_model.IntVar:
        crowd = self.model.new_int_var(0, count, "")
        room_min = stretch[1] + max(buffer for _, (_, buffer) in lanes)
        load: Form = 0
        for lane in lanes:
            places = self.model.new_int_var(0, count * (room_min // sum(lane[1])), "")
            self._offered[lane].append(places)
            load += sum(lane[1]) * places
        self.model.add(load <= room_min * crowd)
        return crowd

    def read(self, solver: cp_model.CpSolver) -> dict[Stretch, list[Mixture]]:
        """Return the mixtures by family and length."""
        return {
            stretch: [mixture for mixture, variable in pairs for _ in range(solver.value(variable))]
            for stretch, pairs in self._chosen.items()
        }


def _subsets(categories: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(categories, k) for k in range(1, len(categories) + 1))


def _panels_by_family(aggregate: Aggregate) -> Counter[int]:
    panels = {
        (kind.family_id, aggregate.openings[aggregate.gaps[gap_id].opening_id].panel.id)
        for kind in aggregate.kinds
        for gap_id in kind.gap_ids
    }
    return Counter(family_id for family_id, _ in panels)


def with_mixtures(
    aggregate: Aggregate, plan: Plan, mixtures: Mapping[Stretch, Sequence[Mixture]], rng: random.Random
) -> Plan:
    """Return the plan with its opened sittings filled by mixtures, in random order over the days."""
    left = {stretch: list(each) for stretch, each in sorted(mixtures.items())}
    for each in left.values():
        rng.shuffle(each)
    seats: dict[int, list[Mixture]] = defaultdict(list)
    places: Counter[tuple[int, Lane]] = Counter()
    for kind_id, kind in enumerate(aggregate.kinds):
        for gap_id in kind.gap_ids:
            mine = left.get((kind.family_id, kind.length_min))
            if mine and aggregate.gaps[gap_id].opening_id in plan.opened:
                seats[kind_id].append(mixture := mine.pop())
                for lane, count in mixture.items():
                    places[kind_id, lane] += count
    return replace(plan, places=dict(places), seats={i: seats[i] for i in range(len(aggregate.kinds))})


def offered_sittings(aggregate: Aggregate, opened: frozenset[int] | None = None) -> dict[Stretch, int]:
    """Return how many sittings of each family and length there are, among the opened ones if given."""
    found: Counter[Stretch] = Counter()
    for kind in aggregate.kinds:
        found[kind.family_id, kind.length_min] += sum(
            opened is None or aggregate.gaps[gap_id].opening_id in opened for gap_id in kind.gap_ids
        )
    return dict(found)
