"""Trying a change on the whole round: solve, then check."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from scheduler.checker import Rule, find_violations
from scheduler.deadline import Deadline, StopSwitch
from scheduler.explain.explanation import Fact, FactKind, Repair, RepairKind
from scheduler.explain.placing import can_place_all
from scheduler.explain.repairs import COSTS, MINUTES_STEP, MOST_MINUTES, Proposal, Proposer
from scheduler.explain.words import Wording
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.objective import PLACED_PREFIX
from scheduler.result import SolveParameters, SolveStatus
from scheduler.schedule import Assignment, Schedule
from scheduler.solver import solve

MOST_REPAIRS, MOST_OF_A_KIND = 4, 2
"""Repairs shown for one clash, so that a person can choose without reading long lists."""

SHORTEST_TRIAL_S, TRIAL_SHARE = 0.3, 0.4
"""Seconds, and part of the time left for a clash, that one repair may take to be solved."""

WORKERS = 8
"""As `solve` has it by default."""


@dataclass(frozen=True)
class Placing:
    """How many can be placed: the slots, who has none, and whether that was proven to be the fewest."""

    assignments: tuple[Assignment, ...]
    unplaced_ids: tuple[str, ...]
    is_proven: bool


def place(instance: SchedulingInstance, limit_s: float, seed: int, enough: int | None = None) -> Placing:
    """Place as many candidates as possible, or `enough` of them, whatever else counts in the round."""
    stop = StopSwitch()

    def look(progress: dict[str, Any]) -> None:
        if enough is not None and progress["placed"] >= enough:
            stop.request()

    params = SolveParameters(time_limit_s=limit_s, seed=seed, workers=WORKERS)
    result = solve(replace(instance, objective=()), params, look, stop)
    placed = [term for term in result.objective if term.name.startswith(PLACED_PREFIX)]
    is_proven = result.status is SolveStatus.INFEASIBLE or (
        bool(placed) and all(term.proven for term in placed)
    )
    return Placing(
        result.schedule.assignments,
        tuple(item.candidate_id for item in result.schedule.unplaced),
        is_proven,
    )


class RepairTrial:
    """Tries repairs for one clash.

    Parameters
    ----------
    instance : SchedulingInstance
        The whole round.
    before : Placing
        What can be placed as it is.
    seed : int
        Of every solve.
    """

    def __init__(self, instance: SchedulingInstance, before: Placing, seed: int) -> None:
        self._instance = instance
        self._before = before
        self._seed = seed
        self._wording = Wording(instance)

    def repairs(
        self, facts: Sequence[Fact], concerned: Sequence[Candidate], deadline: Deadline
    ) -> tuple[Repair, ...]:
        """Return the cheapest repairs that place somebody more; those that place everybody come first.

        Parameters
        ----------
        facts : sequence of Fact
            The clash.
        concerned : sequence of Candidate
            Everybody who is short of a slot because of it.
        deadline : Deadline
            What is not tried by then is not offered.
        """
        needed = {id_ for f in facts if f.kind is FactKind.DEMAND for id_ in f.candidate_ids}
        people = tuple(concerned)
        core = tuple(candidate for candidate in concerned if candidate.id in needed)
        kept: list[Repair] = []
        tried: list[Proposal] = []
        for aim in (people, core) if len(core) < len(people) else (people,):
            for proposal in Proposer(self._instance, facts, aim).list_proposals():
                if len(kept) == MOST_REPAIRS or deadline.remaining_s() <= 0:
                    break
                alike = [repair for repair in kept if repair.kind is proposal.kind]
                fitted = self._fit(proposal, aim, deadline) if len(alike) < MOST_OF_A_KIND else None
                if fitted is None or any(fitted.numbers == other.numbers for other in tried):
                    continue
                tried.append(fitted)
                repair = self._try(fitted, people, deadline)
                kept += [repair] if repair else []
            if any(repair.places_everybody for repair in kept):
                break
        return tuple(sorted(kept, key=lambda repair: (not repair.places_everybody, repair.cost)))

    def _fit(self, proposal: Proposal, aim: Sequence[Candidate], deadline: Deadline) -> Proposal | None:
        """Return the proposal, with the fewest minutes, if those it aims at could be placed alone."""
        if not _helps(proposal.instance, aim, deadline):
            return None
        if proposal.stretch is None:
            return proposal
        too_short, enough = 0, MOST_MINUTES // MINUTES_STEP
        while enough - too_short > 1:
            middle = (too_short + enough) // 2
            if _helps(proposal.stretch(middle * MINUTES_STEP), aim, deadline):
                enough = middle
            else:
                too_short = middle
        minutes = enough * MINUTES_STEP
        return replace(
            proposal,
            cost=COSTS[RepairKind.EXTEND_SITTING] + -(-minutes // 30),
            numbers=proposal.numbers | {"minutes": minutes},
            instance=proposal.stretch(minutes),
        )

    def _try(self, proposal: Proposal, people: Sequence[Candidate], deadline: Deadline) -> Repair | None:
        """Solve the changed round and check it; a repair that helps nobody is no repair."""
        ids = {candidate.id for candidate in people}
        lacking = sum(id_ in ids for id_ in self._before.unplaced_ids)
        limit_s = max(SHORTEST_TRIAL_S, TRIAL_SHARE * deadline.remaining_s())
        enough = len(self._before.assignments) + lacking
        after = place(proposal.instance, limit_s, self._seed, enough)
        if len(after.unplaced_ids) >= len(self._before.unplaced_ids) or not is_valid(
            proposal.instance, after
        ):
            return None
        return Repair(
            kind=proposal.kind,
            cost=proposal.cost,
            numbers=proposal.numbers,
            placed_before=len(self._before.assignments),
            placed_after=len(after.assignments),
            places_everybody=ids.isdisjoint(after.unplaced_ids),
            message=self._wording.repair(proposal.kind, proposal.numbers),
        )


def is_valid(instance: SchedulingInstance, placing: Placing) -> bool:
    """Return whether the checker finds no fault besides those who are left out."""
    left_out = {Rule.NOT_LISTED, Rule.PIN_DROPPED}
    violations = find_violations(instance, Schedule(placing.assignments))
    return all(violation.rule in left_out for violation in violations)


def _helps(instance: SchedulingInstance, aim: Sequence[Candidate], deadline: Deadline) -> bool:
    """Return whether those aimed at can be placed when they are alone in the round."""
    ids = {candidate.id for candidate in aim}
    people = tuple(candidate for candidate in instance.candidates if candidate.id in ids)
    return can_place_all(replace(instance, candidates=people), deadline) is True
