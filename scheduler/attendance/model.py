"""The boolean model: one variable for each legal start, one for each sitting that opens."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ortools.sat.python import cp_model

from scheduler.attendance.capacity import longest_fill
from scheduler.attendance.case import Case
from scheduler.attendance.cliques import Span, maximal_cliques
from scheduler.deadline import Deadline
from scheduler.panels.constraints import add_expert_no_overlap, add_panel_no_overlap, add_parallel_limit
from scheduler.result import Sense, SolveParameters
from scheduler.search import Outcome, search

Form = Any  # a linear expression; the unions that OR-Tools declares cannot be added to each other
Hint = tuple[cp_model.IntVar, int]


@dataclass(frozen=True)
class Effort:
    """What one search may use: a budget in the unit of the deadline, and seconds without progress."""

    limit: float
    patience_s: float


class AttendanceModel:
    """CP-SAT model of the hard rules of a case; solved once per tier, with the earlier tiers kept.

    Attributes
    ----------
    starts : list of IntVar
        Whether each option is taken.
    opened : dict of int to IntVar
        Whether each opening that has options is opened; of alike ones only their number counts.
    """

    def __init__(self, case: Case, deadline: Deadline) -> None:
        self.case = case
        self.model = cp_model.CpModel()
        self.starts = [self.model.new_bool_var("") for _ in case.options]
        used = sorted({option.kind for option in case.options})
        self.opened = {i: self.model.new_bool_var("") for kind in used for i in case.kinds[kind].opening_ids}
        self._add_each_candidate_once()
        self._add_order(used)
        deadline.check()
        self._add_capacity(used, deadline)
        self._add_person_no_overlap(deadline)
        add_expert_no_overlap(self.model, case.openings, self.opened)
        add_panel_no_overlap(self.model, case.openings, self.opened)
        add_parallel_limit(self.model, case.instance, case.openings, self.opened)

    def _add_each_candidate_once(self) -> None:
        for ids in self.case.by_candidate:
            self.model.add_at_most_one(self.starts[i] for i in ids)

    def _add_order(self, kind_ids: Iterable[int]) -> None:
        """Open alike sittings one after the other: which of them it really is makes no difference here."""
        for kind_id in kind_ids:
            for one, other in pairwise(self.case.kinds[kind_id].opening_ids):
                self.model.add_implication(self.opened[other], self.opened[one])

    def _add_capacity(self, kind_ids: Iterable[int], deadline: Deadline) -> None:
        """Hear no more at once than there are opened sittings of a kind, the buffers counted."""
        by_kind: dict[int, list[Span]] = defaultdict(list)
        for option, start in zip(self.case.options, self.starts, strict=True):
            by_kind[option.kind].append(Span(option.start_min, self.case.release_of(option), start))
        for kind_id in kind_ids:
            deadline.check()
            opened = [self.opened[i] for i in self.case.kinds[kind_id].opening_ids]
            for clique in maximal_cliques(by_kind[kind_id]):
                taken = [span.item for span in clique]
                if len(opened) == 1:
                    self.model.add_at_most_one([*taken, ~opened[0]])
                else:
                    self.model.add(sum(taken) <= sum(opened))
            self._add_length(kind_id, by_kind[kind_id])

    def _add_length(self, kind_id: int, spans: Sequence[Span]) -> None:
        """Say how much fits into opened sittings as a whole: implied, and what their bound comes from."""
        kind = self.case.kinds[kind_id]
        room_min = longest_fill(kind, self.case.candidates)
        opened = sum(self.opened[i] for i in kind.opening_ids)
        self.model.add(sum((end - start) * item for start, end, item in spans) <= room_min * opened)

    def _add_person_no_overlap(self, deadline: Deadline) -> None:
        """Need no attendee twice at once, and none who is a member of another sitting that is open."""
        spans: dict[str, list[Span]] = defaultdict(list)
        for option, start in zip(self.case.options, self.starts, strict=True):
            hosts = self.case.openings[self.case.kinds[option.kind].opening_ids[0]].attending
            for person_id in sorted(self.case.candidates[option.candidate].attendee_ids - hosts):
                spans[person_id].append(Span(option.start_min, self.case.end_of(option), start))
        for opening_id, opened in self.opened.items():
            opening = self.case.openings[opening_id]
            for person_id in sorted(opening.attending & spans.keys()):
                spans[person_id].append(Span(opening.sitting.start_min, opening.sitting.end_min, opened))
        for each in spans.values():
            deadline.check()
            for clique in maximal_cliques(each):
                if len(clique) > 1:
                    self.model.add_at_most_one(span.item for span in clique)

    def keep(self, form: Form, sense: Sense, value: int) -> None:
        """Demand that `form` gets no worse than `value` in all later solves; says nothing of a constant."""
        if not isinstance(form, int):
            self.model.add(form >= value if sense is Sense.MAXIMISE else form <= value)

    def optimise(
        self,
        form: Form,
        sense: Sense,
        hints: Iterable[Hint],
        params: SolveParameters,
        deadline: Deadline,
        effort: Effort,
        on_solution: Callable[[int, int], None] | None = None,
    ) -> Outcome:
        """Optimise one form from `hints`; presolve can lose them, so the caller keeps its incumbent."""
        if sense is Sense.MAXIMISE:
            self.model.maximize(form)
        else:
            self.model.minimize(form)
        self.model.clear_hints()
        for variable, value in hints:
            self.model.add_hint(variable, value)
        return search(self.model, params, deadline, effort.limit, effort.patience_s, on_solution)

    def hints(self, taken: Sequence[int], opened: Iterable[int]) -> list[Hint]:
        """Return the hints of a schedule: its options, and its openings."""
        is_taken, is_opened = set(taken), set(opened)
        hints = [(start, int(i in is_taken)) for i, start in enumerate(self.starts)]
        for kind in self.case.kinds:
            number = len(is_opened.intersection(kind.opening_ids))
            ids = [i for i in kind.opening_ids if i in self.opened]
            hints += [(self.opened[i], int(position < number)) for position, i in enumerate(ids)]
        return hints
