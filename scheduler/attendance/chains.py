"""Idle minutes and changes of category, exactly, without saying which of alike sittings hears whom.

Notes
-----
The sittings of a kind flow through its points of time: a sitting enters when it hears its first, is taken and
given back by each defence, waits in between under the category that it heard last, may change that category,
and leaves when nobody comes any more. Waiting costs idle minutes, changing costs switches, and the entries
are no more than the sittings opened. Every such flow can be taken apart into sittings, and every schedule
is one.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduler.attendance.case import Case
from scheduler.attendance.model import AttendanceModel, Form, Hint
from scheduler.attendance.rooms import Room

LARGEST_CHAINS = 60_000
"""Points of time and category, over all kinds, up to which the flow is modelled."""

Cell = tuple[str, int]
"""Category and position of the point of time."""

Value = Callable[[cp_model.IntVar], int]


@dataclass
class _KindFlow:
    """Variables of one kind by category and point: entering, waiting after it, changing from and to."""

    points: list[int]
    enter: dict[Cell, cp_model.IntVar] = field(default_factory=dict)
    wait: dict[Cell, cp_model.IntVar] = field(default_factory=dict)
    change_from: dict[Cell, cp_model.IntVar] = field(default_factory=dict)
    change_to: dict[Cell, cp_model.IntVar] = field(default_factory=dict)

    def variables(self) -> Iterable[cp_model.IntVar]:
        """Return all variables."""
        for group in (self.enter, self.wait, self.change_from, self.change_to):
            yield from group.values()


class Chains:
    """The flow of all kinds, added to the model.

    Parameters
    ----------
    is_by_category : bool
        Whether changes of category count.
    """

    def __init__(self, attendance: AttendanceModel, is_by_category: bool) -> None:
        self._attendance, self._case = attendance, attendance.case
        self._is_by_category = is_by_category
        self._by_kind: dict[int, list[int]] = defaultdict(list)
        for option_id, option in enumerate(self._case.options):
            self._by_kind[option.kind].append(option_id)
        self._flows = {kind_id: self._add_kind(kind_id, ids) for kind_id, ids in self._by_kind.items()}

    def idle(self) -> Form:
        """Return the minutes that opened sittings wait."""
        return sum(
            (flow.points[position + 1] - flow.points[position]) * variable
            for flow in self._flows.values()
            for (_, position), variable in flow.wait.items()
        )

    def switches(self) -> Form:
        """Return how often the category changes within sittings."""
        return sum(variable for flow in self._flows.values() for variable in flow.change_to.values())

    def _category(self, option_id: int) -> str:
        return (
            self._case.candidates[self._case.options[option_id].candidate].category
            if self._is_by_category
            else ""
        )

    def _add_kind(self, kind_id: int, option_ids: list[int]) -> _KindFlow:
        case, model = self._case, self._attendance.model
        points = sorted(
            {m for i in option_ids for m in (case.options[i].start_min, case.release_of(case.options[i]))}
        )
        flow = _KindFlow(points)
        comes, goes = self._moves(option_ids, points)
        categories = sorted({self._category(i) for i in option_ids})
        kind = case.kinds[kind_id]
        for category in categories:
            for position in range(len(points)):
                self._add_point(flow, (category, position), kind.capacity, len(categories) > 1)
                cell, before = (category, position), (category, position - 1)
                model.add(
                    sum(goes[cell])
                    + sum(_at(each, cell) for each in (flow.enter, flow.change_to))
                    + _at(flow.wait, before)
                    >= sum(comes[cell]) + _at(flow.change_from, cell) + _at(flow.wait, cell)
                )
        if len(categories) > 1:
            for position in range(len(points)):
                cells = [(category, position) for category in categories]
                model.add(
                    sum(_at(flow.change_to, c) for c in cells) == sum(_at(flow.change_from, c) for c in cells)
                )
        model.add(sum(flow.enter.values()) <= sum(self._attendance.opened[i] for i in kind.opening_ids))
        return flow

    def _moves(
        self, option_ids: list[int], points: list[int]
    ) -> tuple[dict[Cell, list[cp_model.IntVar]], dict[Cell, list[cp_model.IntVar]]]:
        comes: dict[Cell, list[cp_model.IntVar]] = defaultdict(list)
        goes: dict[Cell, list[cp_model.IntVar]] = defaultdict(list)
        for i in option_ids:
            option, start = self._case.options[i], self._attendance.starts[i]
            comes[self._category(i), bisect_left(points, option.start_min)].append(start)
            goes[self._category(i), bisect_left(points, self._case.release_of(option))].append(start)
        return comes, goes

    def _add_point(self, flow: _KindFlow, cell: Cell, capacity: int, may_change: bool) -> None:
        model, is_last = self._attendance.model, cell[1] == len(flow.points) - 1
        groups = [flow.enter, *([flow.change_from, flow.change_to] if may_change else [])]
        for group in groups if is_last else [*groups, flow.wait]:
            group[cell] = model.new_int_var(0, capacity, "")

    def hints(self, rooms: dict[int, list[Room]]) -> list[Hint]:
        """Return the flow of a schedule."""
        hints = []
        for kind_id, flow in self._flows.items():
            counts: dict[int, int] = defaultdict(int)
            for room in rooms.get(kind_id, []):
                self._count_room(flow, room, counts)
            hints += [(variable, counts[variable.index]) for variable in flow.variables()]
        return hints

    def _count_room(self, flow: _KindFlow, room: Room, counts: dict[int, int]) -> None:
        options = self._case.options
        first = bisect_left(flow.points, options[room[0]].start_min)
        counts[flow.enter[self._category(room[0]), first].index] += 1
        for one, other in pairwise(room):
            free = bisect_left(flow.points, self._case.release_of(options[one]))
            start = bisect_left(flow.points, options[other].start_min)
            category, later = self._category(one), self._category(other)
            for position in range(free, start):
                counts[flow.wait[category, position].index] += 1
            if category != later:
                counts[flow.change_from[category, start].index] += 1
                counts[flow.change_to[later, start].index] += 1

    def rooms(self, kind_id: int, taken: Iterable[int], value: Value) -> list[Room] | None:
        """Take the flow of one kind apart into sittings; None when it runs in circles, which no optimum does.

        Parameters
        ----------
        taken : iterable of int
            Ids of the options of this kind that the solver took.
        value : callable
            Gives the value of a variable.
        """
        flow = self._flows[kind_id]
        starting: dict[int, list[int]] = defaultdict(list)
        for option_id in sorted(taken):
            starting[self._case.options[option_id].start_min].append(option_id)
        rooms: list[Room] = []
        busy: list[Room] = []
        idle: dict[str, list[Room]] = defaultdict(list)
        for position, minute in enumerate(flow.points):
            busy = self._release(busy, idle, minute)
            if not _change(flow, position, rooms, idle, value):
                return None
            for option_id in starting[minute]:
                waiting = idle[self._category(option_id)]
                if not waiting:
                    return None
                room = waiting.pop()
                room.append(option_id)
                busy.append(room)
            for category, waiting in idle.items():
                variable = flow.wait.get((category, position))
                staying = 0 if variable is None else value(variable)
                idle[category] = waiting[len(waiting) - staying :] if staying else []
        return [room for room in rooms if room]

    def _release(self, busy: list[Room], idle: dict[str, list[Room]], minute: int) -> list[Room]:
        for room in busy:
            if self._case.release_of(self._case.options[room[-1]]) <= minute:
                idle[self._category(room[-1])].append(room)
        return [room for room in busy if self._case.release_of(self._case.options[room[-1]]) > minute]


def _change(
    flow: _KindFlow, position: int, rooms: list[Room], idle: dict[str, list[Room]], value: Value
) -> bool:
    """Let sittings enter, and change the category they wait under; false when one is missing."""
    categories = sorted({category for category, _ in flow.enter})
    for category in categories:
        for _ in range(value(flow.enter[category, position])):
            rooms.append([])
            idle[category].append(rooms[-1])
    changing: list[Room] = []
    for category in categories:
        for _ in range(_value_at(flow.change_from, (category, position), value)):
            if not idle[category]:
                return False
            changing.append(idle[category].pop())
    for category in categories:
        for _ in range(_value_at(flow.change_to, (category, position), value)):
            idle[category].append(changing.pop())
    return True


def _at(group: dict[Cell, cp_model.IntVar], cell: Cell) -> Form:
    return group.get(cell, 0)


def _value_at(group: dict[Cell, cp_model.IntVar], cell: Cell, value: Value) -> int:
    return value(group[cell]) if cell in group else 0


def is_small_enough(case: Case, is_by_category: bool) -> bool:
    """Return whether the flow is worth modelling."""
    cells = set()
    for option in case.options:
        category = case.candidates[option.candidate].category if is_by_category else ""
        cells |= {(option.kind, category, option.start_min), (option.kind, category, case.release_of(option))}
    return len(cells) <= LARGEST_CHAINS
