"""A bound on opened sittings by counting minutes, known before any search."""

from collections import defaultdict

from scheduler.constraints import largest_sum
from scheduler.problem import Problem


def fewest_openings(problem: Problem) -> int:
    """Return how many sittings hearing every member of every class takes at least.

    Classes and sittings fall into parts that share nothing. In each part the longest sittings are taken until
    their minutes hold the part's durations and buffers; the parts add up.
    """
    demand_min: dict[int, int] = defaultdict(int)
    rooms_min: dict[int, list[int]] = defaultdict(list)
    parts = _split(problem)
    for class_ in problem.classes:
        step_min = class_.model.duration_min + class_.model.buffer_min
        demand_min[parts[class_.places[0].gap_id]] += step_min * len(class_.members)
    rooms = _rooms_by_opening(problem)
    first_gap = {gap.opening_id: gap_id for gap_id, gap in reversed(list(enumerate(problem.gaps)))}
    for opening_id, room_min in rooms.items():
        rooms_min[parts[first_gap[opening_id]]].append(room_min)
    return sum(_take_longest(rooms_min[part], minutes) for part, minutes in demand_min.items())


def _take_longest(rooms_min: list[int], demand_min: int) -> int:
    count = 0
    for room_min in sorted(rooms_min, reverse=True):
        if demand_min <= 0:
            break
        demand_min -= room_min
        count += 1
    return count


def _rooms_by_opening(problem: Problem) -> dict[int, int]:
    """Return the most minutes of durations and buffers per sitting, the last buffer sticking out."""
    rooms: dict[int, int] = defaultdict(int)
    for gap, cell_ids in zip(problem.gaps, problem.cells_by("gap_id"), strict=True):
        candidates = [problem.cells[i].candidate for i in cell_ids]
        tail_min = 0 if gap.is_followed else max((c.buffer_min for c in candidates), default=0)
        steps = frozenset(c.duration_min + c.buffer_min for c in candidates)
        rooms[gap.opening_id] += largest_sum(gap.end_min - gap.start_min + tail_min, steps)
    return rooms


def _split(problem: Problem) -> list[int]:
    """Return for each gap the number of its part: gaps of one sitting and of one class belong together."""
    parent = list(range(len(problem.gaps)))

    def root(gap_id: int) -> int:
        while parent[gap_id] != gap_id:
            parent[gap_id] = parent[parent[gap_id]]
            gap_id = parent[gap_id]
        return gap_id

    first_gap: dict[int, int] = {}
    for gap_id, gap in enumerate(problem.gaps):
        parent[root(gap_id)] = root(first_gap.setdefault(gap.opening_id, gap_id))
    for class_ in problem.classes:
        for place in class_.places:
            parent[root(place.gap_id)] = root(class_.places[0].gap_id)
    return [root(gap_id) for gap_id in range(len(problem.gaps))]
