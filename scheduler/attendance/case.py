"""Which candidate can start where and when: kinds of sittings, and the legal options in them."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from scheduler.attendance.sitting_kinds import SittingKind, group_sittings, referenced_sittings
from scheduler.attendance.starts import coarse_grid, full_grid, merge_windows, normal_patterns
from scheduler.deadline import Deadline
from scheduler.eligibility import Opening, StartRanges, may_hear, overlaps, start_ranges
from scheduler.instance import DAY_MIN, Candidate, Interval, SchedulingInstance
from scheduler.objective import TermName

LARGEST_CASE = 2_000_000
"""Entries of the model's matrix up to which nothing is left out; about 10 s of building."""

MOST_OPTIONS = 400_000
"""Options up to which a case is listed that is solved in parts only; about a second."""

FULL_GRID_GROWTH, CHEAP_GRID = 2, 100_000
"""How many times more starts the full grid may have than the normal patterns to be taken instead, and the
entries up to which it is taken anyway."""


class Option(NamedTuple):
    """A legal start: index of the candidate in the case, index of the kind, and the minute."""

    candidate: int
    kind: int
    start_min: int


@dataclass(frozen=True)
class Case:
    """What the model is built from.

    Parameters
    ----------
    openings : tuple of Opening
        All that may open, in order of time.
    options : tuple of Option
        By candidate, then by minute and kind.
    is_lossless : bool
        Whether bounds of the model hold for the instance: no start was left out that a schedule may need.
    is_idle_lossless : bool
        The same for idle minutes, which need more starts.
    """

    instance: SchedulingInstance
    openings: tuple[Opening, ...]
    candidates: tuple[Candidate, ...]
    kinds: tuple[SittingKind, ...]
    options: tuple[Option, ...]
    is_lossless: bool
    is_idle_lossless: bool

    @cached_property
    def by_candidate(self) -> list[list[int]]:
        """Ids of the options of each candidate."""
        ids: list[list[int]] = [[] for _ in self.candidates]
        for option_id, option in enumerate(self.options):
            ids[option.candidate].append(option_id)
        return ids

    @cached_property
    def ids(self) -> dict[Option, int]:
        """Position of each option."""
        return {option: option_id for option_id, option in enumerate(self.options)}

    @cached_property
    def kind_of_opening(self) -> dict[int, int]:
        """Kind of each opening."""
        return {i: kind_id for kind_id, kind in enumerate(self.kinds) for i in kind.opening_ids}

    def end_of(self, option: Option) -> int:
        """Return the minute at which the defence ends."""
        return option.start_min + self.candidates[option.candidate].duration_min

    def release_of(self, option: Option) -> int:
        """Return the minute from which the sitting can go on."""
        return self.end_of(option) + self.candidates[option.candidate].buffer_min


def counted_terms(instance: SchedulingInstance) -> frozenset[TermName]:
    """Return the terms that the objective names."""
    return frozenset(goal.term for tier in instance.objective for goal in tier)


class CaseBuilder:
    """Finds the options of candidates.

    Parameters
    ----------
    openings : tuple of Opening
        All that may open, in order of time.
    candidates : sequence of Candidate
        Those whom the case is about.

    Raises
    ------
    OutOfTime
        From its methods.
    """

    def __init__(
        self,
        instance: SchedulingInstance,
        openings: tuple[Opening, ...],
        candidates: Sequence[Candidate],
        deadline: Deadline,
    ) -> None:
        self._instance, self._openings, self._candidates = instance, openings, tuple(candidates)
        self._deadline = deadline
        self._terms = counted_terms(instance)
        self._kinds = tuple(
            group_sittings(openings, referenced_sittings(candidates, TermName.MOVED in self._terms))
        )
        self._absences = {expert.id: expert.unavailable for expert in instance.experts}
        self._sits: dict[str, list[Opening]] = defaultdict(list)
        for opening in openings:
            for expert_id in sorted(opening.attending):
                self._sits[expert_id].append(opening)
        self._windows = merge_windows((kind.start_min, kind.end_min) for kind in self._kinds)
        self._places = [self._find_places(candidate) for candidate in candidates]
        self._own = [self._own_bases(candidate) for candidate in candidates]

    def build(self, known: Mapping[str, int] | None = None) -> Case:
        """Return the case, its starts thinned out where one model could not hold them.

        Parameters
        ----------
        known : mapping of str to int, optional
            Starts that stay in any case, by candidate: those of a schedule to begin with.
        """
        if not self.is_lossless_within(LARGEST_CASE):
            return self._lossy_case(self._thin(LARGEST_CASE), known or {})
        normal, grid = self._normal, self._grid
        affordable = LARGEST_CASE if len(grid) <= FULL_GRID_GROWTH * len(normal) else CHEAP_GRID
        if TermName.IDLE in self._terms and self._size(grid) <= affordable:
            return self._case(grid, self._own, is_lossless=True, is_idle_lossless=True)
        return self._case(normal, self._own, is_lossless=True, is_idle_lossless=set(grid) <= set(normal))

    def build_for_parts(self, known: Mapping[str, int]) -> Case:
        """Return a case that may be too large for one model, but of which parts are to be solved."""
        for starts in (self._grid, self._normal):
            if self._count(starts) <= MOST_OPTIONS:
                return self._case(starts, self._own, is_lossless=False, is_idle_lossless=False)
        return self.build(known=known)

    def build_coarse(self) -> Case:
        """Return a case in which one starts right after the other, as if all were of the commonest length."""
        steps = Counter(candidate.duration_min + candidate.buffer_min for candidate in self._candidates)
        windows = [(kind.start_min, kind.end_min) for kind in self._kinds]
        step_min = max(steps, key=lambda step: (steps[step], step), default=DAY_MIN)
        return self._lossy_case(coarse_grid(step_min, windows), {})

    def is_lossless_within(self, largest: int) -> bool:
        """Return whether a case of at most `largest` entries has every start that is needed."""
        return self._size(self._normal) <= largest

    @cached_property
    def _normal(self) -> list[int]:
        return normal_patterns(self._bases(), self._shapes(), self._windows)

    @cached_property
    def _grid(self) -> list[int]:
        return full_grid(self._limits(), (m for shape in self._shapes() for m in shape), self._windows)

    def _shapes(self) -> list[tuple[int, int]]:
        return sorted({(c.duration_min, c.buffer_min) for c in self._candidates})

    def _lossy_case(self, starts: Sequence[int], known: Mapping[str, int]) -> Case:
        extra = {id_: {minute} for id_, minute in known.items()}
        own = [self._fixed_starts(c) | extra.get(c.id, set()) for c in self._candidates]
        return self._case(starts, own, is_lossless=False, is_idle_lossless=False)

    def _case(
        self, starts: Sequence[int], own: Sequence[Iterable[int]], is_lossless: bool, is_idle_lossless: bool
    ) -> Case:
        listed = set(starts)
        options = []
        for index in range(len(self._candidates)):
            self._deadline.check()
            extra = sorted(set(own[index]) - listed)
            options += [
                Option(index, kind_id, minute)
                for kind_id, ranges in self._places[index]
                for minute in (*_within(starts, ranges), *_within(extra, ranges))
            ]
        options.sort(key=lambda option: (option.candidate, option.start_min, option.kind))
        return Case(
            *(self._instance, self._openings, self._candidates, self._kinds),
            tuple(options),
            is_lossless=is_lossless,
            is_idle_lossless=is_idle_lossless,
        )

    def _thin(self, largest: int) -> list[int]:
        windows = [(kind.start_min, kind.end_min) for kind in self._kinds]
        step_min = 5
        while self._size(starts := coarse_grid(step_min, windows)) > largest and step_min < DAY_MIN:
            step_min += 5
        return starts

    def _size(self, starts: Sequence[int]) -> int:
        """Estimate the matrix: each option, for each person and the room, at each start that it covers."""
        covered_min = sum(end_min - start_min for start_min, end_min in self._windows)
        entries = 0.0
        for candidate, places in zip(self._candidates, self._places, strict=True):
            count = _count_within(starts, places)
            length = (candidate.duration_min + candidate.buffer_min) * len(starts) / max(1, covered_min)
            entries += count * max(1.0, length) * (1 + len(candidate.attendee_ids))
        return int(entries)

    def _count(self, starts: Sequence[int]) -> int:
        return sum(_count_within(starts, places) for places in self._places)

    def _find_places(self, candidate: Candidate) -> list[tuple[int, StartRanges]]:
        away = self._away(candidate)
        places = []
        for kind_id, kind in enumerate(self._kinds):
            opening = self._openings[kind.opening_ids[0]]
            nearby = [absence for absence in away if overlaps(absence, opening.sitting)]
            if not may_hear(self._instance, opening, candidate):
                continue
            ranges = start_ranges(
                nearby, candidate.duration_min, kind.start_min, kind.end_min - candidate.duration_min
            )
            ranges = _keep_pin(candidate, opening, ranges)
            if ranges:
                places.append((kind_id, ranges))
        return places

    def _away(self, candidate: Candidate) -> list[Interval]:
        away = [absence for id_ in sorted(candidate.attendee_ids) for absence in self._absences[id_]]
        return [*candidate.unavailable, *away]

    def _fixed_starts(self, candidate: Candidate) -> set[int]:
        """Return the minutes that belong to the candidate whatever is thinned out."""
        slots = [candidate.pin, candidate.published if TermName.MOVED in self._terms else None]
        return {slot.start_min for slot in slots if slot is not None}

    def _own_bases(self, candidate: Candidate) -> list[int]:
        bases = {interval.end_min for interval in self._away(candidate)} | self._fixed_starts(candidate)
        for expert_id in candidate.attendee_ids:
            bases |= {opening.sitting.end_min for opening in self._sits[expert_id]}
        if TermName.WISHES in self._terms:
            bases |= {wish.end_min if wish.is_avoided else wish.start_min for wish in candidate.wishes}
        return sorted(bases)

    def _bases(self) -> list[int]:
        bases = {kind.start_min for kind in self._kinds}
        for candidate, own in zip(self._candidates, self._own, strict=True):
            for minute in own:
                end_min = minute + candidate.duration_min
                bases |= {end_min, end_min + candidate.buffer_min}
        if TermName.REGION_DAYS in self._terms:
            bases |= set(self._midnights())
        return sorted(bases)

    def _midnights(self) -> Iterable[int]:
        for start_min, end_min in self._windows:
            for day in range(self._instance.day_of(start_min) + 1, self._instance.day_of(end_min) + 1):
                yield self._instance.midnight_min + day * DAY_MIN

    def _limits(self) -> set[int]:
        """Return every minute that binds a defence from either side."""
        limits = {minute for kind in self._kinds for minute in (kind.start_min, kind.end_min)}
        for candidate in self._candidates:
            spans = [(away.start_min, away.end_min) for away in self._away(candidate)]
            spans += [(wish.start_min, wish.end_min) for wish in candidate.wishes]
            limits |= {minute for span in spans for minute in span}
            limits |= self._fixed_starts(candidate)
        if TermName.REGION_DAYS in self._terms:
            limits |= set(self._midnights())
        return limits


def _count_within(starts: Sequence[int], places: Iterable[tuple[int, StartRanges]]) -> int:
    ranges = (each for _, ranges in places for each in ranges)
    return sum(bisect_right(starts, high) - bisect_left(starts, low) for low, high in ranges)


def _within(starts: Sequence[int], ranges: StartRanges) -> Iterable[int]:
    for low, high in ranges:
        yield from starts[bisect_left(starts, low) : bisect_right(starts, high)]


def _keep_pin(candidate: Candidate, opening: Opening, ranges: StartRanges) -> StartRanges:
    pin = candidate.pin
    if pin is None:
        return ranges
    is_kept = pin.sitting_id == opening.sitting.id and any(
        low <= pin.start_min <= high for low, high in ranges
    )
    return ((pin.start_min, pin.start_min),) if is_kept else ()
