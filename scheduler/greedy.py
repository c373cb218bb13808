"""A first schedule by a simple rule: open the sitting that fills best, fill it, repeat.

It gives the search a start, so that a short time limit still yields a schedule.
"""

import heapq
from collections.abc import Iterable

from scheduler.deadline import Deadline
from scheduler.eligibility import Opening, overlaps
from scheduler.problem import Problem


def first_counts(problem: Problem, deadline: Deadline) -> tuple[int, ...]:
    """Return counts per cell, built around the pinned slots.

    Raises
    ------
    OutOfTime
        When the deadline passes on the way.
    """
    filler = _Filler(problem)
    for opening_id in sorted(filler.opened):
        filler.fill(opening_id)
    # What a sitting can still take only shrinks, so an old score is an upper bound and few need a fresh one.
    heap = [(-filler.score(i), i) for i in range(len(problem.openings)) if i not in filler.opened]
    heapq.heapify(heap)
    while heap:
        deadline.check()
        _, opening_id = heapq.heappop(heap)
        score = filler.score(opening_id)
        if score == 0 or not filler.may_open(opening_id):
            continue
        if heap and -score > heap[0][0]:
            heapq.heappush(heap, (-score, opening_id))
        else:
            filler.fill(opening_id)
    return tuple(filler.counts)


class _Filler:
    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._left = [len(class_.members) for class_ in problem.classes]
        self.counts = [0] * len(problem.cells)
        self.opened: set[int] = set()
        self._cells: list[list[int]] = [[] for _ in problem.openings]
        flexible = {cell.class_id for i, cell in enumerate(problem.cells) if self._is_whole(i)}
        for cell_id, cell in enumerate(problem.cells):
            if cell.candidate.pin is not None:
                self._take(cell_id, 1)
            elif self._is_whole(cell_id) or cell.class_id not in flexible:
                self._cells[cell.opening_id].append(cell_id)
        for cell_ids in self._cells:
            cell_ids.sort(key=self._urgency)

    def _is_whole(self, cell_id: int) -> bool:
        """Return whether the class is free in the whole gap: its order in the sitting is no question then."""
        cell = self._problem.cells[cell_id]
        gap, candidate = self._problem.gaps[cell.gap_id], cell.candidate
        tail_min = candidate.buffer_min if gap.is_followed else 0
        return cell.place.starts == ((gap.start_min, gap.end_min - candidate.duration_min - tail_min),)

    def _urgency(self, cell_id: int) -> tuple[int, bool, int, int]:
        cell = self._problem.cells[cell_id]
        choices = len(self._problem.classes[cell.class_id].places)
        return (-cell.candidate.priority, cell.place.is_conflict, choices, -cell.candidate.duration_min)

    def _take(self, cell_id: int, count: int) -> None:
        cell = self._problem.cells[cell_id]
        self.counts[cell_id] += count
        self._left[cell.class_id] -= count
        self.opened.add(cell.opening_id)

    def score(self, opening_id: int) -> int:
        """Return the minutes of defence that the sitting could take now."""
        return sum(
            count * self._problem.cells[cell_id].candidate.duration_min
            for cell_id, count in self._pack(opening_id)
        )

    def fill(self, opening_id: int) -> None:
        """Put into the sitting what `score` counted."""
        for cell_id, count in self._pack(opening_id):
            self._take(cell_id, count)

    def _pack(self, opening_id: int) -> Iterable[tuple[int, int]]:
        loads_min: dict[int, int] = {}
        tails_min: dict[int, int] = {}
        taken: dict[int, int] = {}
        for cell_id in self._cells[opening_id]:
            cell, gap = self._problem.cells[cell_id], self._problem.gaps[self._problem.cells[cell_id].gap_id]
            candidate, load_min = cell.candidate, loads_min.get(cell.gap_id, 0)
            tail_min = 0 if gap.is_followed else max(tails_min.get(cell.gap_id, 0), candidate.buffer_min)
            step_min = candidate.duration_min + candidate.buffer_min
            room = (gap.end_min - gap.start_min + tail_min - load_min) // step_min
            count = min(room, self._left[cell.class_id] - taken.get(cell.class_id, 0))
            if count > 0:
                loads_min[cell.gap_id] = load_min + count * step_min
                tails_min[cell.gap_id] = tail_min
                taken[cell.class_id] = taken.get(cell.class_id, 0) + count
                yield cell_id, count

    def may_open(self, opening_id: int) -> bool:
        """Return whether experts and the parallel limit allow one more sitting."""
        opening = self._problem.openings[opening_id]
        rivals = [self._problem.openings[i] for i in self.opened]
        rivals = [rival for rival in rivals if overlaps(rival.sitting, opening.sitting)]
        if any(rival.attending & opening.attending for rival in rivals):
            return False
        limit = self._problem.instance.max_parallel_sittings
        return limit is None or _peak([opening, *rivals]) <= limit


def _peak(openings: list[Opening]) -> int:
    """Return the most sittings that run at the same minute."""
    starts_min = [opening.sitting.start_min for opening in openings]
    return max(
        sum(each.sitting.start_min <= start_min < each.sitting.end_min for each in openings)
        for start_min in starts_min
    )
