"""How much fits into a sitting, and how many sittings must open at least."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate

from scheduler.attendance.case import Case
from scheduler.attendance.sitting_kinds import SittingKind
from scheduler.instance import Candidate
from scheduler.panels.patterns import largest_sum


def longest_fill(kind: SittingKind, candidates: Iterable[Candidate]) -> int:
    """Return the most minutes of defences and buffers in one sitting; the last buffer may stick out."""
    listed = list(candidates)
    tail_min = max((candidate.buffer_min for candidate in listed), default=0)
    steps = frozenset(candidate.duration_min + candidate.buffer_min for candidate in listed)
    return largest_sum(kind.end_min - kind.start_min + tail_min, steps)


def fewest_openings(case: Case, placed: Mapping[int, int]) -> int:
    """Return how many sittings so many candidates fill at least, were there nothing but their lengths.

    Parameters
    ----------
    placed : mapping of int to int
        Number of candidates by priority.

    Notes
    -----
    The shortest candidates in the longest sittings: whatever starts the case left out, the bound holds.
    """
    steps: dict[int, list[int]] = defaultdict(list)
    for candidate in case.candidates:
        steps[candidate.priority].append(candidate.duration_min + candidate.buffer_min)
    work_min = sum(sum(sorted(steps[priority])[:count]) for priority, count in placed.items())
    fills = [longest_fill(kind, case.candidates) for kind in case.kinds for _ in kind.opening_ids]
    reached = list(accumulate(sorted(fills, reverse=True)))
    return bisect_left(reached, work_min) + 1 if work_min else 0
