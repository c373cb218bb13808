"""One explanation from start to end: solve, find clash after clash, try repairs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from scheduler.deadline import Deadline, StopSwitch
from scheduler.explain.explanation import Clash, Explanation, Fact, FactKind
from scheduler.explain.facts import list_alike
from scheduler.explain.placing import alike
from scheduler.explain.search import ClashFinder, Core
from scheduler.explain.trial import Placing, RepairTrial, place
from scheduler.explain.words import Wording, summarise
from scheduler.instance import Candidate, SchedulingInstance

MOST_ALONE, MOST_TOGETHER = 8, 4
"""Clashes told at most: of candidates who cannot be heard anyhow, and of those in each other's way."""

SHORTEST_S = 0.3
"""Seconds for placing the others once more, however little time is left."""

PLACE_SHARE, ALONE_SHARE, FIND_SHARE, TRY_SHARE = 0.35, 0.45, 0.6, 0.92
"""Parts of the time that have passed at most when solve, the searches for clashes and the repairs end."""


def explain(instance: SchedulingInstance, time_limit_s: float = 15.0, seed: int = 1) -> Explanation:
    """Say why not everybody can be placed, and what would help.

    Parameters
    ----------
    instance : SchedulingInstance
        The whole round.
    time_limit_s : float
        Seconds for everything, repairs included; what could not be proven by then is not claimed.
    seed : int
        Of every solve.

    Returns
    -------
    Explanation
        Clashes are independent: each is found among those whom the earlier ones do not concern.

    Notes
    -----
    A clash is found by growing a set of candidates until a model without objective proves that they cannot
    all be heard, and made minimal by leaving out one fact after the other (deletion filter).
    """
    return _Explaining(instance, time_limit_s, seed).run()


@dataclass(frozen=True)
class _Found:
    core: Core
    concerned: tuple[Candidate, ...]

    @property
    def likeness(self) -> tuple[object, ...]:
        """What two clashes of single candidates have in common when one sentence can tell both."""
        needed = sum(len(fact.candidate_ids) for fact in self.core.facts if fact.kind is FactKind.DEMAND)
        own_id = self.core.facts[0].candidate_ids if needed > 1 else ()
        return (own_id, *((fact.kind, fact.subject) for fact in self.core.facts))


@dataclass
class _Explaining:
    instance: SchedulingInstance
    time_limit_s: float
    seed: int
    found: list[_Found] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._whole = self._deadline(TRY_SHARE)
        self._alone = self._deadline(ALONE_SHARE)
        self._finding = self._deadline(FIND_SHARE)

    def _deadline(self, share: float) -> Deadline:
        return Deadline(share * self.time_limit_s, StopSwitch())

    def run(self) -> Explanation:
        before = place(self.instance, PLACE_SHARE * self.time_limit_s, self.seed)
        is_complete = self._find_all(before)
        clashes = self._describe(before)
        total, placed = len(self.instance.candidates), len(before.assignments)
        is_feasible = True if not before.unplaced_ids else False if before.is_proven or clashes else None
        return Explanation(
            is_feasible=is_feasible,
            candidates=total,
            placed=placed,
            clashes=clashes,
            is_complete=is_complete,
            wall_time_s=round(self._whole.elapsed_s(), 3),
            summary=summarise(is_feasible, total, placed, clashes, is_complete),
        )

    def _find_all(self, before: Placing) -> bool:
        """Find clashes until those whom none of them concerns can all be placed; return whether they can."""
        rest = self._find_alone(before)
        placing, most = _without(before, rest), len(self.found) + MOST_TOGETHER
        while placing.unplaced_ids:
            core = self._find_one(rest, placing) if len(self.found) < most else None
            if core is None:
                return False
            rest = self._take(core, rest)
            placing = _without(placing, rest)
            if placing.unplaced_ids:
                limit_s = max(SHORTEST_S, self._finding.remaining_s() / 2)
                placing = place(rest, limit_s, self.seed)
        return True

    def _find_alone(self, before: Placing) -> SchedulingInstance:
        """Find those who cannot be heard whoever else is; return the round without them."""
        rest, finder, deadline = self.instance, ClashFinder(self.instance, self._finding), self._alone
        for members in alike(self._seeds(rest, before)):
            if len(self.found) == MOST_ALONE or deadline.remaining_s() <= 0:
                break
            core = finder.find_alone(members[0])
            rest = rest if core is None else self._take(core, rest)
        return rest

    def _find_one(self, rest: SchedulingInstance, placing: Placing) -> Core | None:
        finder = ClashFinder(rest, self._finding)
        for candidate in self._seeds(rest, placing):
            core = finder.find(candidate, placing.assignments)
            if core is not None or self._finding.remaining_s() <= 0:
                return core
        return None

    def _seeds(self, rest: SchedulingInstance, placing: Placing) -> list[Candidate]:
        """Return who has no slot, those with the most conditions of their own first."""
        unplaced = set(placing.unplaced_ids)
        seeds = [candidate for candidate in rest.candidates if candidate.id in unplaced]

        def conditions(candidate: Candidate) -> tuple[bool, bool, bool]:
            return bool(candidate.attendee_ids), candidate.pin is not None, bool(candidate.recused_expert_ids)

        return sorted(seeds, key=conditions, reverse=True)

    def _take(self, core: Core, rest: SchedulingInstance) -> SchedulingInstance:
        """Note a clash, or add it to one of its kind; return the round without those concerned."""
        concerned = tuple(list_alike(rest, core.facts))
        same = next((found for found in self.found if found.likeness == _Found(core, ()).likeness), None)
        if same is None:
            self.found.append(_Found(core, concerned))
        else:
            self.found[self.found.index(same)] = replace(same, concerned=(*same.concerned, *concerned))
        gone = {candidate.id for candidate in concerned}
        return replace(rest, candidates=tuple(c for c in rest.candidates if c.id not in gone))

    def _describe(self, before: Placing) -> tuple[Clash, ...]:
        """Put the clashes into words and try repairs; the one that concerns most has most of the time."""
        wording, trial = Wording(self.instance), RepairTrial(self.instance, before, self.seed)
        clashes: list[Clash] = []
        for found in sorted(self.found, key=lambda found: -len(found.concerned)):
            last = len(clashes) == len(self.found) - 1
            share_s = self._whole.remaining_s() / (1 if last else 2)
            facts = tuple(_state(wording, fact, found.concerned) for fact in found.core.facts)
            clashes.append(
                Clash(
                    candidate_ids=tuple(candidate.id for candidate in found.concerned),
                    facts=facts,
                    is_minimal=found.core.is_minimal,
                    message=wording.clash(facts),
                    repairs=trial.repairs(facts, found.concerned, Deadline(share_s, StopSwitch())),
                )
            )
        return tuple(clashes)


def _without(placing: Placing, rest: SchedulingInstance) -> Placing:
    """Return the slots and the unplaced of those who are still in the round."""
    ids = {candidate.id for candidate in rest.candidates}
    return replace(
        placing,
        assignments=tuple(slot for slot in placing.assignments if slot.candidate_id in ids),
        unplaced_ids=tuple(id_ for id_ in placing.unplaced_ids if id_ in ids),
    )


def _state(wording: Wording, fact: Fact, concerned: Sequence[Candidate]) -> Fact:
    named = set(fact.candidate_ids)
    lengths_min = {c.duration_min for c in concerned if c.id in named}
    alike = [c.id for c in concerned if c.category == fact.subject and c.duration_min in lengths_min]
    return wording.state(fact, alike if fact.kind is FactKind.DEMAND else ())
