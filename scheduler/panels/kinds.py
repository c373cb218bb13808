"""The instance with everything alike taken together: groups of candidates, and kinds of gaps.

What nothing tells apart is counted, not listed: 10,000 candidates and 1,400 sittings are a few thousand
groups and a few hundred kinds, and only their counts grow with the instance.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scheduler.deadline import Deadline
from scheduler.eligibility import Opening, may_hear, start_ranges
from scheduler.instance import Candidate, Interval, SchedulingInstance, Wish
from scheduler.panels.patterns import Size
from scheduler.panels.problem import Gap


@dataclass(frozen=True)
class Kind:
    """Gaps of the same stretch of time and the same categories; only recusal can tell their panels apart."""

    start_min: int
    end_min: int
    is_followed: bool
    family_id: int
    gap_ids: tuple[int, ...]

    @property
    def length_min(self) -> int:
        """Minutes from start to end."""
        return self.end_min - self.start_min


@dataclass(frozen=True)
class Group:
    """Candidates of one category, size, priority, absences and wishes, with the kinds that can hear them.

    `partial` holds those of the `kind_ids` in which they are free for a part of the time only, `unmet` the
    weight of wishes broken by a kind.
    """

    members: tuple[Candidate, ...]
    kind_ids: tuple[int, ...]
    partial: frozenset[int]
    unmet: dict[int, int]

    @property
    def model(self) -> Candidate:
        """Any member: what matters here is the same for all."""
        return self.members[0]

    @property
    def size(self) -> Size:
        """Duration and buffer of each member."""
        return self.model.duration_min, self.model.buffer_min


@dataclass(frozen=True)
class Aggregate:
    """Groups and kinds of an instance; a family is a set of categories that some panels accept."""

    instance: SchedulingInstance
    openings: tuple[Opening, ...]
    gaps: tuple[Gap, ...]
    families: tuple[frozenset[str], ...]
    kinds: tuple[Kind, ...]
    groups: tuple[Group, ...]
    pinned_openings: frozenset[int]


def aggregate(
    instance: SchedulingInstance,
    openings: tuple[Opening, ...],
    gaps: tuple[Gap, ...],
    deadline: Deadline,
) -> Aggregate:
    """Take together what is alike.

    Parameters
    ----------
    openings : tuple of Opening
        Those that may open.
    gaps : tuple of Gap
        Stretches of the openings around the pinned slots.

    Raises
    ------
    OutOfTime
        When the deadline passes on the way.
    """
    movable = [candidate for candidate in instance.candidates if candidate.pin is None]
    categories = frozenset(candidate.category for candidate in movable)
    families, family_of = _families(openings, categories)
    kinds = _kinds(openings, gaps, family_of)
    deadline.check()
    groups = tuple(_Grouping(instance, openings, gaps, families, kinds, deadline).groups(movable))
    pinned = frozenset(gap.opening_id for gap in gaps if gap.pinned)
    return Aggregate(instance, openings, gaps, families, kinds, groups, pinned)


def _families(
    openings: Sequence[Opening], categories: frozenset[str]
) -> tuple[tuple[frozenset[str], ...], list[int]]:
    numbers: dict[frozenset[str], int] = {}
    by_panel: dict[str, int] = {}
    family_of = []
    for opening in openings:
        panel = opening.panel
        if panel.id not in by_panel:
            heard = categories if panel.accepts is None else panel.accepts & categories
            by_panel[panel.id] = numbers.setdefault(heard, len(numbers))
        family_of.append(by_panel[panel.id])
    return tuple(numbers), family_of


def _kinds(openings: Sequence[Opening], gaps: Sequence[Gap], family_of: Sequence[int]) -> tuple[Kind, ...]:
    alike: dict[tuple[int, int, bool, int], list[int]] = defaultdict(list)
    for gap_id, gap in enumerate(gaps):
        if not gap.pinned:
            key = (gap.start_min, gap.end_min, gap.is_followed, family_of[gap.opening_id])
            alike[key].append(gap_id)
    return tuple(Kind(*key, tuple(gap_ids)) for key, gap_ids in sorted(alike.items()))


NEVER, PARTLY, WHOLLY = 0, 1, 2
"""At how many of the starts in a stretch of time a candidate is free."""


class _Likeness(NamedTuple):
    category: str
    size: Size
    priority: int
    wishes: tuple[Wish, ...]
    free: tuple[int, ...]
    closed: frozenset[int]


class _Grouping:
    def __init__(
        self,
        instance: SchedulingInstance,
        openings: Sequence[Opening],
        gaps: Sequence[Gap],
        families: Sequence[frozenset[str]],
        kinds: Sequence[Kind],
        deadline: Deadline,
    ) -> None:
        self._instance, self._openings, self._gaps = instance, openings, gaps
        self._kinds, self._deadline = kinds, deadline
        self._by_category: dict[str, list[int]] = defaultdict(list)
        for kind_id, kind in enumerate(kinds):
            for category in sorted(families[kind.family_id]):
                self._by_category[category].append(kind_id)
        self._by_expert: dict[str, list[int]] = defaultdict(list)
        for opening_id, opening in enumerate(openings):
            for expert_id in sorted(opening.attending):
                self._by_expert[expert_id].append(opening_id)
        self._freedom: dict[tuple[tuple[Interval, ...], Size], tuple[int, ...]] = {}
        self._stretches = sorted({(k.start_min, k.end_min, k.is_followed) for k in kinds})
        numbers = {stretch: number for number, stretch in enumerate(self._stretches)}
        self._stretch_of = [numbers[k.start_min, k.end_min, k.is_followed] for k in kinds]

    def groups(self, candidates: Iterable[Candidate]) -> Iterable[Group]:
        alike: dict[_Likeness, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            size = (candidate.duration_min, candidate.buffer_min)
            likeness = _Likeness(
                *(candidate.category, size, candidate.priority, candidate.wishes),
                self._free(candidate.unavailable, size),
                self._closed_kinds(candidate),
            )
            alike[likeness].append(candidate)
        self._deadline.check()
        for likeness, members in alike.items():
            free = {i: likeness.free[self._stretch_of[i]] for i in self._by_category[likeness.category]}
            kind_ids = tuple(i for i, freedom in free.items() if freedom and i not in likeness.closed)
            if kind_ids:
                partial = frozenset(i for i in kind_ids if free[i] == PARTLY)
                unmet = {i: cost for i in kind_ids if (cost := self._unmet(likeness.wishes, i))}
                yield Group(tuple(members), kind_ids, partial, unmet)

    def _free(self, unavailable: tuple[Interval, ...], size: Size) -> tuple[int, ...]:
        """Return for each stretch of time whether the candidate is free: never, PARTLY or WHOLLY."""
        key = (unavailable, size)
        if key not in self._freedom:
            self._freedom[key] = tuple(_freedom(unavailable, size, *stretch) for stretch in self._stretches)
        return self._freedom[key]

    def _closed_kinds(self, candidate: Candidate) -> frozenset[int]:
        """Return the kinds in which recusal leaves too few members in every gap."""
        if not candidate.recused_expert_ids:
            return frozenset()
        doubtful = {
            i for expert_id in candidate.recused_expert_ids for i in self._by_expert.get(expert_id, ())
        }
        refused = {
            i
            for i in doubtful
            if self._openings[i].panel.hears(candidate.category)
            and not may_hear(self._instance, self._openings[i], candidate)
        }
        if not refused:
            return frozenset()
        return frozenset(
            kind_id
            for kind_id in self._by_category[candidate.category]
            if all(self._gaps[i].opening_id in refused for i in self._kinds[kind_id].gap_ids)
        )

    def _unmet(self, wishes: tuple[Wish, ...], kind_id: int) -> int:
        kind = self._kinds[kind_id]
        return sum(wish.weight for wish in wishes if _breaks(wish, kind.start_min, kind.end_min))


def _freedom(
    unavailable: tuple[Interval, ...], size: Size, start_min: int, end_min: int, is_followed: bool
) -> int:
    duration_min, buffer_min = size
    last_min = end_min - duration_min - (buffer_min if is_followed else 0)
    if last_min < start_min:
        return NEVER
    near = tuple(a for a in unavailable if a.start_min < end_min and a.end_min > start_min)
    if not near:
        return WHOLLY
    starts = start_ranges(near, duration_min, start_min, last_min)
    if not starts:
        return NEVER
    return WHOLLY if starts == ((start_min, last_min),) else PARTLY


def _breaks(wish: Wish, start_min: int, end_min: int) -> bool:
    """Return whether hearing somebody anywhere in the stretch of time surely or probably breaks the wish."""
    if wish.is_avoided:
        return wish.start_min < end_min and wish.end_min > start_min
    return not (wish.start_min <= start_min and end_min <= wish.end_min)
