"""What the peers share: which pairs are legal, what excludes what, and the order within a sitting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby, pairwise

from scheduler.eligibility import Opening, list_openings, may_hear, may_open, overlaps, sitting_starts
from scheduler.instance import Candidate, SchedulingInstance, Sitting
from scheduler.schedule import Assignment

Record = Callable[[Sequence[Assignment]], None]
"""Called by a peer with every better schedule it has."""

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Facts:
    """The instance as the peers see it.

    Parameters
    ----------
    openings : tuple of Opening
        Sittings that may open, in order of time.
    starts : dict
        (candidate, opening) by index → ranges of legal starts; only pairs that have one.
    exclusive : list of tuple of int
        Pairs of openings that may not both open: they overlap and share a member or the panel.
    crowds : list of tuple of int
        Openings running at one time, more of them than the limit of simultaneous sittings.
    """

    openings: tuple[Opening, ...]
    starts: dict[tuple[int, int], Ranges]
    exclusive: list[tuple[int, int]]
    crowds: list[tuple[int, ...]]


def collect_facts(instance: SchedulingInstance) -> Facts:
    """Return the legal pairs and the exclusions.

    Raises
    ------
    ValueError
        The instance has pins, published slots or attendees, which the peers do not model.
    """
    if any(c.pin or c.published or c.attendee_ids for c in instance.candidates):
        raise ValueError("the peers model neither pins nor published slots nor attendees")
    openings = tuple(opening for opening in list_openings(instance) if may_open(instance, opening))
    starts: dict[tuple[int, int], Ranges] = {}
    for i, candidate in enumerate(instance.candidates):
        for j, opening in enumerate(openings):
            if may_hear(instance, opening, candidate):
                ranges = tuple(dict.fromkeys(sitting_starts(candidate, opening.sitting)))
                if ranges:
                    starts[i, j] = ranges
    limit = instance.max_parallel_sittings
    crowds = [] if limit is None else [crowd for crowd in _crowds(openings) if len(crowd) > limit]
    return Facts(openings, starts, _exclusive(openings), crowds)


def keep_free_throughout(instance: SchedulingInstance, facts: Facts) -> Facts:
    """Return the facts with those pairs alone in which the candidate can be heard at any time of the sitting.

    With others, a model that counts minutes could not be sure of an order within the sitting.
    """
    starts: dict[tuple[int, int], Ranges] = {}
    for (i, j), ranges in facts.starts.items():
        sitting, duration_min = facts.openings[j].sitting, instance.candidates[i].duration_min
        if ranges == ((sitting.start_min, sitting.end_min - duration_min),):
            starts[i, j] = ranges
    return replace(facts, starts=starts)


def minutes_of(candidate: Candidate) -> int:
    """Return the minutes that a defence takes from its sitting, the pause after it included."""
    return candidate.duration_min + candidate.buffer_min


def capacity_min(instance: SchedulingInstance, sitting: Sitting) -> int:
    """Return the minutes of the sitting; the pause after its last defence may reach beyond its end."""
    least = min((candidate.buffer_min for candidate in instance.candidates), default=0)
    return sitting.end_min - sitting.start_min + least


def _exclusive(openings: tuple[Opening, ...]) -> list[tuple[int, int]]:
    return [
        (i, j)
        for (i, one), (j, other) in combinations(enumerate(openings), 2)
        if overlaps(one.sitting, other.sitting)
        and (one.panel.id == other.panel.id or one.attending & other.attending)
    ]


def _crowds(openings: tuple[Opening, ...]) -> list[tuple[int, ...]]:
    """Return, for each time at which a sitting begins, those that run then."""
    times = sorted({opening.sitting.start_min for opening in openings})
    return [
        tuple(
            i
            for i, opening in enumerate(openings)
            if opening.sitting.start_min <= minute < opening.sitting.end_min
        )
        for minute in times
    ]


def sequence(people: Sequence[Candidate], sitting: Sitting) -> list[Assignment] | None:
    """Seat the candidates one after another, of those who can be next the same category first.

    Returns
    -------
    list of Assignment or None
        None when some candidate was not reached in time.
    """
    waiting, seated, next_min, category = list(people), [], sitting.start_min, ""
    while waiting:
        options = []
        for candidate in waiting:
            starts = [
                max(low, next_min) for low, high in sitting_starts(candidate, sitting) if high >= next_min
            ]
            if not starts:
                return None
            options.append((starts[0], candidate.category != category, candidate.category, candidate.id))
        start_min, _, category, id_ = min(options)
        chosen = next(candidate for candidate in waiting if candidate.id == id_)
        waiting.remove(chosen)
        seated.append(Assignment(id_, sitting.id, start_min, start_min + chosen.duration_min))
        next_min = start_min + minutes_of(chosen)
    return seated


def is_sequence(slots: Sequence[Assignment], buffers_min: dict[str, int]) -> bool:
    """Return whether the slots of one sitting leave the pauses between them."""
    ordered = sorted(slots, key=lambda slot: slot.start_min)
    return all(a.end_min + buffers_min[a.candidate_id] <= b.start_min for a, b in pairwise(ordered))


def seat_all(
    instance: SchedulingInstance, facts: Facts, pairs: Sequence[tuple[int, int]]
) -> list[Assignment]:
    """Return the schedule of (candidate, opening) pairs whose candidates are free throughout."""
    assignments: list[Assignment] = []
    for j, group in groupby(sorted(pairs, key=lambda pair: pair[1]), key=lambda pair: pair[1]):
        sitting = facts.openings[j].sitting
        seated = sequence([instance.candidates[i] for i, _ in group], sitting)
        if seated is None:
            raise ValueError(f"the candidates of sitting {sitting.id!r} cannot be put in order")
        assignments += seated
    return assignments
