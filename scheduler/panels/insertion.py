"""Late comers: a place for those a first schedule left out, without moving anybody else."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from scheduler.deadline import Deadline
from scheduler.eligibility import Opening, StartRanges, may_hear, overlaps, sitting_starts
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.roster import Roster, Seat


def insert(
    instance: SchedulingInstance,
    openings: Sequence[Opening],
    roster: Roster,
    candidates: Iterable[Candidate],
    deadline: Deadline,
) -> Roster:
    """Place each candidate into the first opened sitting with room, else into one that can still open.

    Returns
    -------
    Roster
        With as many of the candidates as found a place; the others' seats are unchanged.
    """
    seats = {opening_id: list(each) for opening_id, each in roster.seats.items()}
    calendar = _Calendar(instance, openings, roster)
    for candidate in sorted(candidates, key=lambda c: (-c.priority, -c.duration_min, c.id)):
        if deadline.remaining_s() <= 0:
            break
        for opening_id in calendar.choices(candidate):
            if not may_hear(instance, openings[opening_id], candidate):
                continue
            start_min = _first_start(openings[opening_id], seats.get(opening_id, []), candidate)
            if start_min is not None:
                calendar.take(opening_id, candidate)
                seats.setdefault(opening_id, []).append((start_min, candidate))
                seats[opening_id].sort(key=lambda seat: seat[0])
                break
    return Roster({opening_id: tuple(each) for opening_id, each in sorted(seats.items())})


@dataclass
class _Prospects:
    """What is left for a category and size; `closed` is read from its end, the earliest sitting."""

    able: frozenset[int]
    closed: list[int]
    opened: list[int] = field(default_factory=list)
    seen: int = 0


class _Calendar:
    """Which sittings are open or still can be, and how many minutes are left in each.

    Sittings only fill up, and what cannot open never can again: each is struck off once for all candidates
    of a category and size.
    """

    def __init__(self, instance: SchedulingInstance, openings: Sequence[Opening], roster: Roster) -> None:
        self._instance, self._openings = instance, openings
        self._opened: set[int] = set()
        self._busy: dict[str, list[Opening]] = defaultdict(list)
        self._prospects: dict[tuple[str, int], _Prospects] = {}
        # One buffer, at most the longest, may stick out of each sitting.
        self._tail_min = max((candidate.buffer_min for candidate in instance.candidates), default=0)
        self._room_min = [o.sitting.end_min - o.sitting.start_min for o in openings]
        self._order: list[int] = []
        for opening_id, each in roster.seats.items():
            for _, candidate in each:
                self.take(opening_id, candidate)

    def take(self, opening_id: int, candidate: Candidate) -> None:
        """Use the minutes of a candidate, and open the sitting if it is not."""
        self._room_min[opening_id] -= candidate.duration_min + candidate.buffer_min
        if opening_id not in self._opened:
            self._opened.add(opening_id)
            self._order.append(opening_id)
            for key in self._keys(self._openings[opening_id]):
                self._busy[key].append(self._openings[opening_id])

    @staticmethod
    def _keys(opening: Opening) -> list[str]:
        return [f"panel {opening.panel.id}", *(f"expert {id_}" for id_ in sorted(opening.attending))]

    def choices(self, candidate: Candidate) -> Iterator[int]:
        """Yield opened sittings with minutes left first, then those that can open beside them."""
        step_min = candidate.duration_min + candidate.buffer_min
        key = candidate.category, step_min
        if key not in self._prospects:
            able = [i for i, o in enumerate(self._openings) if o.panel.hears(candidate.category)]
            self._prospects[key] = _Prospects(frozenset(able), closed=able[::-1])
        prospects = self._prospects[key]
        prospects.opened += [i for i in self._order[prospects.seen :] if i in prospects.able]
        prospects.seen = len(self._order)
        position = 0
        while position < len(prospects.opened):
            opening_id = prospects.opened[position]
            if self._room_min[opening_id] + self._tail_min < step_min:
                del prospects.opened[position]
            else:
                yield opening_id
                position += 1
        position = len(prospects.closed)
        while position:
            position -= 1
            opening_id = prospects.closed[position]
            if opening_id in self._opened or not self._can_open(self._openings[opening_id]):
                del prospects.closed[position]
            else:
                yield opening_id

    def _can_open(self, opening: Opening) -> bool:
        rivals = (rival for key in self._keys(opening) for rival in self._busy[key])
        if any(overlaps(rival.sitting, opening.sitting) for rival in rivals):
            return False
        limit = self._instance.max_parallel_sittings
        return limit is None or self._peak_with(opening) <= limit

    def _peak_with(self, opening: Opening) -> int:
        running = [
            self._openings[i].sitting
            for i in self._opened
            if overlaps(self._openings[i].sitting, opening.sitting)
        ]
        moments = [max(opening.sitting.start_min, sitting.start_min) for sitting in running]
        return 1 + max(
            (sum(s.start_min <= moment < s.end_min for s in running) for moment in moments), default=0
        )


def _first_start(opening: Opening, seats: Sequence[Seat], candidate: Candidate) -> int | None:
    """Return the earliest start that fits between the seats, None without one."""
    ranges = sitting_starts(candidate, opening.sitting)
    now_min = opening.sitting.start_min
    for start_min, other in seats:
        last_min = start_min - candidate.duration_min - candidate.buffer_min
        found = _earliest(ranges, now_min, last_min)
        if found is not None:
            return found
        now_min = start_min + other.duration_min + other.buffer_min
    return _earliest(ranges, now_min, opening.sitting.end_min - candidate.duration_min)


def _earliest(ranges: StartRanges, first_min: int, last_min: int) -> int | None:
    for low, high in ranges:
        start_min = max(low, first_min)
        if start_min <= min(high, last_min):
            return start_min
    return None
