"""What staff could change to solve a clash: proposals with their costs, not yet tried."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Any

from scheduler.eligibility import overlaps
from scheduler.explain.explanation import Fact, FactKind, RepairKind
from scheduler.explain.halfdays import free_half_days
from scheduler.instance import Candidate, Expert, Interval, Panel, SchedulingInstance, Sitting

K, R = FactKind, RepairKind

COSTS = {
    R.UNPIN: 2,
    R.EXTEND_SITTING: 2,
    R.RAISE_LIMIT: 3,
    R.ADD_EXPERT: 4,
    R.REPLACE_RECUSED: 4,
    R.REPLACE_EXPERT: 4,
    R.REPLACE_ATTENDEE: 5,
    R.ACCEPT_CATEGORY: 5,
    R.MOVE_CANDIDATE_ABSENCE: 6,
    R.MOVE_ABSENCE: 6,
    R.ADD_SITTING: 8,
}
"""How hard a repair is for staff: own settings first, then asking one person, then half a day of a panel.

Each started half-hour of a longer day adds 1, a person who is not yet on the list 1, a day of its own 2, and
a second person in the same repair 2.
"""

MINUTES_STEP, MOST_MINUTES = 5, 180
"""A sitting is made longer in these steps, and by no more than that."""

MOST_ALIKE = 4
"""Proposals of one kind for one fact; the first are in order of time or of the file."""

SUBSTITUTE_ID = "substitute"


@dataclass(frozen=True)
class Proposal:
    """A change of the instance; `stretch` means that its minutes are still to be found."""

    kind: RepairKind
    cost: int
    numbers: dict[str, Any]
    instance: SchedulingInstance
    stretch: Callable[[int], SchedulingInstance] | None = None


class Proposer:
    """Makes proposals for the facts of one clash.

    Parameters
    ----------
    instance : SchedulingInstance
        The whole round.
    facts : sequence of Fact
        The clash.
    concerned : sequence of Candidate
        Everybody who is short of a slot because of it.
    """

    def __init__(
        self, instance: SchedulingInstance, facts: Sequence[Fact], concerned: Sequence[Candidate]
    ) -> None:
        self._instance = instance
        self._facts = facts
        self._concerned = concerned
        self._experts = {expert.id: expert for expert in instance.experts}
        self._newcomer = Expert(_unused(SUBSTITUTE_ID, self._experts))
        categories = {candidate.category for candidate in concerned}
        self._panels = [p for p in instance.panels if any(p.hears(category) for category in categories)]

    def list_proposals(self) -> list[Proposal]:
        """Return the proposals, the cheapest first."""
        makers: dict[FactKind, Callable[[Fact], Iterator[Proposal]]] = {
            K.PIN: self._unpin,
            K.SITTINGS: self._more_time,
            K.LIMIT: self._raise_limit,
            K.CATEGORY: self._accept_category,
            K.RECUSAL: self._replace_recused,
            K.ABSENCE: self._move_absence,
            K.UNAVAILABLE: self._move_candidate_absence,
            K.ONE_PLACE: self._replace_expert,
            K.ATTENDEES: self._replace_attendee,
            K.PANEL_SIZE: self._add_expert,
            K.ODD: self._add_expert,
        }
        proposals = [
            proposal for fact in self._facts if fact.kind in makers for proposal in makers[fact.kind](fact)
        ]
        return sorted(proposals, key=lambda proposal: proposal.cost)

    def _unpin(self, fact: Fact) -> Iterator[Proposal]:
        for id_ in fact.candidate_ids:
            yield Proposal(
                R.UNPIN, COSTS[R.UNPIN], {"candidates": [id_]}, self._with_candidate(id_, pin=None)
            )

    def _more_time(self, fact: Fact) -> Iterator[Proposal]:
        planned = [sitting for sitting in self._instance.sittings if sitting.panel_id == fact.subject]
        for sitting in islice(sorted(planned, key=lambda s: (s.start_min, s.id)), MOST_ALIKE):
            yield self._longer(sitting)
        panel = next(panel for panel in self._instance.panels if panel.id == fact.subject)
        for sitting, is_new_day in free_half_days(self._instance, panel, self._concerned):
            yield Proposal(
                R.ADD_SITTING,
                COSTS[R.ADD_SITTING] + 2 * is_new_day,
                {"panel_ids": [panel.id], **_at(sitting)},
                replace(self._instance, sittings=(*self._instance.sittings, sitting)),
            )

    def _longer(self, sitting: Sitting) -> Proposal:
        def stretch(minutes: int) -> SchedulingInstance:
            longer = replace(sitting, end_min=sitting.end_min + minutes)
            return replace(
                self._instance,
                sittings=tuple(longer if s.id == sitting.id else s for s in self._instance.sittings),
            )

        numbers = {"panel_ids": [sitting.panel_id], "sitting_id": sitting.id, **_at(sitting)}
        return Proposal(
            R.EXTEND_SITTING, COSTS[R.EXTEND_SITTING] + 1, numbers, stretch(MOST_MINUTES), stretch
        )

    def _raise_limit(self, fact: Fact) -> Iterator[Proposal]:
        limit = (self._instance.max_parallel_sittings or 0) + 1
        changed = replace(self._instance, max_parallel_sittings=limit)
        yield Proposal(R.RAISE_LIMIT, COSTS[R.RAISE_LIMIT], {"limit": limit}, changed)

    def _accept_category(self, fact: Fact) -> Iterator[Proposal]:
        others = [panel for panel in self._instance.panels if not panel.hears(fact.subject)]
        for panel in islice(others, MOST_ALIKE):
            wider = replace(panel, accepts=(panel.accepts or frozenset()) | {fact.subject})
            numbers = {"panel_ids": [panel.id], "category": fact.subject}
            yield Proposal(R.ACCEPT_CATEGORY, COSTS[R.ACCEPT_CATEGORY], numbers, self._with_panel(wider))

    def _replace_recused(self, fact: Fact) -> Iterator[Proposal]:
        seats = {id_ for panel in self._panels for id_ in panel.expert_ids}
        for candidate in self._concerned_by(fact):
            recused = sorted(candidate.recused_expert_ids & seats)
            for replaced in [*([id_] for id_ in recused), *([recused] if len(recused) > 1 else [])]:
                changed = self._with_candidate(
                    candidate.id, recused_expert_ids=candidate.recused_expert_ids.difference(replaced)
                )
                numbers = {"candidates": [candidate.id], "expert_ids": replaced}
                cost = COSTS[R.REPLACE_RECUSED] + 2 * (len(replaced) - 1)
                yield Proposal(R.REPLACE_RECUSED, cost, numbers, changed)

    def _move_absence(self, fact: Fact) -> Iterator[Proposal]:
        expert = self._experts[fact.subject]
        for sitting in self._touched(expert.unavailable):
            changed = self._with_expert(replace(expert, unavailable=_cut(expert.unavailable, sitting)))
            numbers = {"expert_ids": [expert.id], "panel_ids": [sitting.panel_id], **_at(sitting)}
            yield Proposal(R.MOVE_ABSENCE, COSTS[R.MOVE_ABSENCE], numbers, changed)

    def _move_candidate_absence(self, fact: Fact) -> Iterator[Proposal]:
        for candidate in self._concerned_by(fact):
            for sitting in self._touched(candidate.unavailable):
                free = _cut(candidate.unavailable, sitting)
                numbers = {"candidates": [candidate.id], "panel_ids": [sitting.panel_id], **_at(sitting)}
                yield Proposal(
                    R.MOVE_CANDIDATE_ABSENCE,
                    COSTS[R.MOVE_CANDIDATE_ABSENCE],
                    numbers,
                    self._with_candidate(candidate.id, unavailable=free),
                )

    def _replace_expert(self, fact: Fact) -> Iterator[Proposal]:
        for panel in (panel for panel in self._panels if fact.subject in panel.expert_ids):
            for substitute in self._substitutes(panel):
                ids = tuple(substitute.id if id_ == fact.subject else id_ for id_ in panel.expert_ids)
                numbers = {
                    "panel_ids": [panel.id],
                    "expert_ids": [fact.subject],
                    "substitute_ids": [substitute.id],
                }
                changed = self._with_panel(replace(panel, expert_ids=ids), [substitute])
                yield Proposal(
                    R.REPLACE_EXPERT, COSTS[R.REPLACE_EXPERT] + self._is_new(substitute), numbers, changed
                )

    def _replace_attendee(self, fact: Fact) -> Iterator[Proposal]:
        newcomer = self._newcomer
        for candidate in self._concerned_by(fact):
            for person_id in sorted(candidate.attendee_ids):
                attendees = candidate.attendee_ids - {person_id} | {newcomer.id}
                changed = self._with_candidate(candidate.id, attendee_ids=attendees)
                numbers = {
                    "candidates": [candidate.id],
                    "expert_ids": [person_id],
                    "substitute_ids": [newcomer.id],
                }
                yield Proposal(
                    R.REPLACE_ATTENDEE,
                    COSTS[R.REPLACE_ATTENDEE] + 1,
                    numbers,
                    changed,
                )

    def _add_expert(self, fact: Fact) -> Iterator[Proposal]:
        second = Expert(_unused(SUBSTITUTE_ID, {*self._experts, self._newcomer.id}))
        for panel in islice(self._panels, MOST_ALIKE):
            for persons in [*([person] for person in self._substitutes(panel)), [self._newcomer, second]]:
                ids = [person.id for person in persons]
                changed = self._with_panel(replace(panel, expert_ids=(*panel.expert_ids, *ids)), persons)
                yield Proposal(
                    R.ADD_EXPERT,
                    COSTS[R.ADD_EXPERT] + sum(map(self._is_new, persons)) + 2 * (len(persons) - 1),
                    {"panel_ids": [panel.id], "expert_ids": ids},
                    changed,
                )

    def _substitutes(self, panel: Panel) -> list[Expert]:
        """Return an expert of the round who is free whenever the panel could sit, if any, and a new one."""
        windows = [s for s in self._instance.sittings if s.panel_id == panel.id]
        other = [s for s in self._instance.sittings if s.panel_id != panel.id]
        busy_panels = {s.panel_id for s in other if any(overlaps(s, window) for window in windows)}
        busy = {id_ for p in self._instance.panels if p.id in busy_panels for id_ in p.expert_ids}
        avoided = {id_ for c in self._concerned for id_ in (*c.recused_expert_ids, *c.attendee_ids)} | set(
            panel.expert_ids
        )
        seated = {id_ for p in self._instance.panels for id_ in p.expert_ids}
        free = (
            expert
            for expert in self._instance.experts
            if expert.id in seated
            and expert.id not in busy | avoided
            and not any(overlaps(away, window) for away in expert.unavailable for window in windows)
        )
        return [*islice(free, 1), self._newcomer]

    def _is_new(self, expert: Expert) -> bool:
        return expert.id not in self._experts

    def _concerned_by(self, fact: Fact) -> Iterator[Candidate]:
        named = set(fact.candidate_ids)
        return islice((candidate for candidate in self._concerned if candidate.id in named), MOST_ALIKE)

    def _touched(self, absences: Sequence[Interval]) -> Iterator[Sitting]:
        """Return the sittings of the panels concerned that an absence touches."""
        ids = {panel.id for panel in self._panels}
        touched = (
            s
            for s in sorted(self._instance.sittings, key=lambda s: (s.start_min, s.id))
            if s.panel_id in ids and any(overlaps(s, away) for away in absences)
        )
        return islice(touched, MOST_ALIKE)

    def _with_candidate(self, id_: str, **changes: Any) -> SchedulingInstance:
        people = tuple(replace(c, **changes) if c.id == id_ else c for c in self._instance.candidates)
        extra = changes.get("attendee_ids", frozenset()) - set(self._experts)
        experts = (*self._instance.experts, *(Expert(new_id) for new_id in sorted(extra)))
        return replace(self._instance, candidates=people, experts=experts)

    def _with_expert(self, expert: Expert) -> SchedulingInstance:
        known = tuple(expert if e.id == expert.id else e for e in self._instance.experts)
        return replace(self._instance, experts=known)

    def _with_panel(self, panel: Panel, persons: Sequence[Expert] = ()) -> SchedulingInstance:
        panels = tuple(panel if p.id == panel.id else p for p in self._instance.panels)
        new = (person for person in persons if self._is_new(person))
        return replace(self._instance, panels=panels, experts=(*self._instance.experts, *new))


def _unused(id_: str, known: Container[str]) -> str:
    return next(name for name in (id_ + "+" * more for more in count()) if name not in known)


def _at(sitting: Sitting) -> dict[str, Any]:
    return {"intervals_min": [[sitting.start_min, sitting.end_min]]}


def _cut(absences: Sequence[Interval], window: Sitting) -> tuple[Interval, ...]:
    """Return the absences without the minutes of the sitting."""
    parts = [
        (low, high)
        for away in absences
        for low, high in (
            (away.start_min, min(away.end_min, window.start_min)),
            (max(away.start_min, window.end_min), away.end_min),
        )
        if low < high
    ]
    return tuple(Interval(low, high) for low, high in parts)
