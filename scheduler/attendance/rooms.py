"""From options that were taken to seats in sittings: which of the alike sittings hears whom."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from scheduler.attendance.case import Case
from scheduler.roster import Roster, group_seats

Room = list[int]
"""Ids of the options that one sitting hears, in order of time."""


def deal_rooms(case: Case, taken: Iterable[int]) -> list[Room]:
    """Colour the intervals of one kind, so that the fewest sittings hear them with the fewest idle minutes.

    Parameters
    ----------
    taken : iterable of int
        Ids of options of one kind.

    Notes
    -----
    A sitting opens only when no opened one is free, so there are as many as defences at the busiest minute.
    Who comes next goes to the sitting that heard the same category before, if there is one, and among these
    to the one that was free last: the others close early.
    """
    rooms: list[Room] = []
    for option_id in sorted(taken, key=lambda i: (case.options[i].start_min, i)):
        option = case.options[option_id]
        category = case.candidates[option.candidate].category
        free = [room for room in rooms if case.release_of(case.options[room[-1]]) <= option.start_min]
        if free:
            room = max(free, key=lambda each: _rank(case, each[-1], category))
            room.append(option_id)
        else:
            rooms.append([option_id])
    return rooms


def _rank(case: Case, last_id: int, category: str) -> tuple[bool, int]:
    last = case.options[last_id]
    return case.candidates[last.candidate].category == category, case.release_of(last)


def by_kind(case: Case, taken: Iterable[int]) -> dict[int, list[int]]:
    """Return the ids of the options by their kind."""
    grouped: dict[int, list[int]] = defaultdict(list)
    for option_id in taken:
        grouped[case.options[option_id].kind].append(option_id)
    return grouped


def seat_rooms(case: Case, rooms: dict[int, list[Room]], opened: Sequence[int]) -> Roster:
    """Give the rooms of each kind to its sittings, those that the solver `opened` first."""
    is_opened = set(opened)
    seats = []
    for kind_id, each in rooms.items():
        ids = sorted(case.kinds[kind_id].opening_ids, key=lambda i: (i not in is_opened, i))
        for opening_id, room in zip(ids, each, strict=False):
            for option_id in room:
                option = case.options[option_id]
                seats.append((opening_id, option.start_min, case.candidates[option.candidate]))
    return group_seats(seats)
