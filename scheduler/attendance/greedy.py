"""A first schedule at once: the most constrained first, each at the first start that is free."""

from collections import defaultdict
from collections.abc import Iterable

from scheduler.attendance.case import Case, Option
from scheduler.deadline import Deadline
from scheduler.eligibility import overlaps
from scheduler.roster import Roster, group_seats

Busy = list[tuple[int, int]]
"""Stretches of time that are taken."""


def place_greedily(case: Case, deadline: Deadline) -> Roster:
    """Return a schedule that keeps all hard rules, with as many of the candidates as come out that way.

    Pinned candidates go first, then the higher priorities, then those with the fewest options. Each takes
    the first start in a sitting that is open already, or else the first that opens one more.
    """
    table = _Table(case)
    for index in sorted(range(len(case.candidates)), key=lambda i: _order(case, i)):
        if deadline.remaining_s() <= 0:
            break
        options = [case.options[i] for i in case.by_candidate[index]]
        published = case.candidates[index].published
        if published is not None:
            options.sort(key=lambda option: option.start_min != published.start_min)
        if not table.seat_first(options, may_open=False):
            table.seat_first(options, may_open=True)
    return table.roster()


def _order(case: Case, index: int) -> tuple[bool, int, int, int]:
    candidate = case.candidates[index]
    return candidate.pin is None, -candidate.priority, len(case.by_candidate[index]), index


class _Table:
    """Who is busy when, and which sittings are open."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._needed: dict[str, Busy] = defaultdict(list)
        self._rooms: dict[int, Busy] = {}
        self._seats: list[tuple[int, Option]] = []
        self._kind_opened: dict[int, list[int]] = defaultdict(list)

    def seat_first(self, options: Iterable[Option], may_open: bool) -> bool:
        """Take the first option that is free; return whether there is one."""
        for option in options:
            opening_id = self._find_room(option, may_open)
            if opening_id is not None and self._are_attendees_free(option, opening_id):
                self._seat(option, opening_id)
                return True
        return False

    def _find_room(self, option: Option, may_open: bool) -> int | None:
        start_min, release_min = option.start_min, self._case.release_of(option)
        opened = self._kind_opened[option.kind]
        for opening_id in opened:
            if _is_free(self._rooms[opening_id], start_min, release_min):
                return opening_id
        ids = self._case.kinds[option.kind].opening_ids
        if not may_open or len(opened) == len(ids):
            return None
        opening_id = ids[len(opened)]
        return opening_id if self._can_open(opening_id) else None

    def _can_open(self, opening_id: int) -> bool:
        opening = self._case.openings[opening_id]
        sitting = opening.sitting
        others = [
            other
            for other in map(self._case.openings.__getitem__, self._rooms)
            if overlaps(sitting, other.sitting)
        ]
        if any(other.panel.id == opening.panel.id or other.attending & opening.attending for other in others):
            return False
        limit = self._case.instance.max_parallel_sittings
        return (limit is None or len(others) < limit) and all(
            _is_free(self._needed[id_], sitting.start_min, sitting.end_min) for id_ in opening.attending
        )

    def _are_attendees_free(self, option: Option, opening_id: int) -> bool:
        start_min, end_min = option.start_min, self._case.end_of(option)
        attendees = self._case.candidates[option.candidate].attendee_ids
        if not all(_is_free(self._needed[id_], start_min, end_min) for id_ in attendees):
            return False
        return not any(
            other_id != opening_id
            and not attendees.isdisjoint(self._case.openings[other_id].attending)
            and self._case.openings[other_id].sitting.start_min < end_min
            and start_min < self._case.openings[other_id].sitting.end_min
            for other_id in self._rooms
        )

    def _seat(self, option: Option, opening_id: int) -> None:
        if opening_id not in self._rooms:
            self._rooms[opening_id] = []
            self._kind_opened[option.kind].append(opening_id)
        self._rooms[opening_id].append((option.start_min, self._case.release_of(option)))
        hosts = self._case.openings[opening_id].attending
        for person_id in self._case.candidates[option.candidate].attendee_ids - hosts:
            self._needed[person_id].append((option.start_min, self._case.end_of(option)))
        self._seats.append((opening_id, option))

    def roster(self) -> Roster:
        """Return the schedule so far."""
        candidates = self._case.candidates
        return group_seats([(i, option.start_min, candidates[option.candidate]) for i, option in self._seats])


def _is_free(busy: Busy, start_min: int, end_min: int) -> bool:
    return all(end_min <= start or end <= start_min for start, end in busy)
