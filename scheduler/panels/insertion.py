"""Late comers: a place for those a first schedule left out, without moving anybody else."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

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
    calendar = _Calendar(instance, openings, seats)
    ordered = sorted(candidates, key=lambda c: (-c.priority, -c.duration_min, c.id))
    room_min = [opening.sitting.end_min - opening.sitting.start_min for opening in openings]
    for opening_id, each in seats.items():
        room_min[opening_id] -= sum(c.duration_min + c.buffer_min for _, c in each)
    # One buffer, at most the longest, may stick out of each sitting.
    tail_min = max((candidate.buffer_min for candidate in instance.candidates), default=0)
    for candidate in ordered:
        if deadline.remaining_s() <= 0:
            break
        step_min = candidate.duration_min + candidate.buffer_min
        for opening_id in calendar.choices(candidate):
            if room_min[opening_id] + tail_min < step_min:
                continue
            start_min = _first_start(openings[opening_id], seats.get(opening_id, []), candidate)
            if start_min is not None:
                calendar.open(opening_id)
                room_min[opening_id] -= step_min
                seats.setdefault(opening_id, []).append((start_min, candidate))
                seats[opening_id].sort(key=lambda seat: seat[0])
                break
    return Roster({opening_id: tuple(each) for opening_id, each in sorted(seats.items())})


class _Calendar:
    """Which sittings are open, and which still can be."""

    def __init__(
        self, instance: SchedulingInstance, openings: Sequence[Opening], opened: Iterable[int]
    ) -> None:
        self._instance, self._openings = instance, openings
        self._opened: set[int] = set()
        self._able_by_key: dict[tuple[str, frozenset[str]], list[int]] = {}
        self._busy: dict[str, list[Opening]] = defaultdict(list)
        for opening_id in opened:
            self.open(opening_id)

    def open(self, opening_id: int) -> None:
        if opening_id not in self._opened:
            self._opened.add(opening_id)
            for key in self._keys(self._openings[opening_id]):
                self._busy[key].append(self._openings[opening_id])

    @staticmethod
    def _keys(opening: Opening) -> list[str]:
        return [f"panel {opening.panel.id}", *(f"expert {id_}" for id_ in sorted(opening.attending))]

    def choices(self, candidate: Candidate) -> Iterable[int]:
        """Yield opened sittings first, then those that can open beside them."""
        able = [i for i, opening in enumerate(self._openings) if may_hear(self._instance, opening, candidate)]
        yield from (i for i in able if i in self._opened)
        yield from (i for i in able if i not in self._opened and self._can_open(self._openings[i]))

    def _able(self, candidate: Candidate) -> list[int]:
        key = candidate.category, candidate.recused_expert_ids
        if key not in self._able_by_key:
            self._able_by_key[key] = [
                i for i, opening in enumerate(self._openings) if may_hear(self._instance, opening, candidate)
            ]
        return self._able_by_key[key]

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
