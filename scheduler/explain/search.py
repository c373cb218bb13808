"""Finding clashes: grow a set of candidates until it cannot be placed, then leave out what is not needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scheduler.deadline import Deadline
from scheduler.explain.explanation import Fact, FactKind
from scheduler.explain.facts import list_facts, merge_for_reading, regroup
from scheduler.explain.growing import grow
from scheduler.explain.placing import can_place_all
from scheduler.explain.relaxing import readings
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.schedule import Assignment

K = FactKind

LEAVE_OUT_ORDER = (
    K.UNAVAILABLE,
    K.RECUSAL,
    K.BUFFER,
    K.ABSENCE,
    K.ONE_PLACE,
    K.CLOSURES,
    K.LIMIT,
    K.ODD,
    K.ATTENDEES,
    K.PIN,
    K.PANEL_SIZE,
    K.SITTINGS,
    K.CATEGORY,
)
"""What is tried to be left out first; the categories come last, as without them every panel counts."""

TELLING_APART = (K.UNAVAILABLE, K.RECUSAL)
"""What makes most candidates unlike each other; without it there are few groups to count."""


@dataclass(frozen=True)
class Core:
    """Clashing facts; minimal when each of them was proven to be needed."""

    facts: tuple[Fact, ...]
    is_minimal: bool


class ClashFinder:
    """Looks for clashes in one instance.

    Parameters
    ----------
    instance : SchedulingInstance
        The whole round.
    deadline : Deadline
        Shared by all questions that are asked.
    """

    def __init__(self, instance: SchedulingInstance, deadline: Deadline) -> None:
        self._instance = instance
        self._deadline = deadline

    def do_clash(self, facts: Sequence[Fact]) -> bool | None:
        """Return whether the facts exclude each other; None when that is not known in time."""
        built = readings(self._instance, facts)
        if not built or self._deadline.remaining_s() <= 0:
            return None
        is_certain = True
        for reading in built:
            answer = can_place_all(reading, self._deadline)
            if answer is True:
                return False
            is_certain = is_certain and answer is False
        return True if is_certain else None

    def find_alone(self, seed: Candidate) -> Core | None:
        """Return a clash that concerns `seed` whoever else is heard, if there is one."""
        return self._core_of([seed])

    def find(self, seed: Candidate, assignments: Sequence[Assignment]) -> Core | None:
        """Return a clash around `seed`, who has no slot beside `assignments`; None when none was proven."""
        for candidates in grow(self._instance, seed, assignments):
            core = self._core_of(candidates)
            if core is not None or self._deadline.remaining_s() <= 0:
                return core
        return None

    def _core_of(self, candidates: Sequence[Candidate]) -> Core | None:
        facts = list_facts(self._instance, candidates)
        return self._shrink(facts) if self.do_clash(facts) else None

    def _shrink(self, facts: Sequence[Fact]) -> Core:
        held = list(facts)
        for kind in TELLING_APART:
            held = self._without(held, [fact for fact in held if fact.kind is kind])
        held = self._fewest_candidates(regroup(self._instance, held))
        for kind in LEAVE_OUT_ORDER:
            held = self._halve(held, [fact for fact in held if fact.kind is kind])
        held = merge_for_reading(self._instance, held)
        return Core(tuple(held), all(self._is_needed(held, fact) for fact in held))

    def _without(self, held: list[Fact], block: Sequence[Fact]) -> list[Fact]:
        """Return what is left when the block is not needed, else everything."""
        rest = [fact for fact in held if fact not in block]
        return rest if block and self.do_clash(rest) else held

    def _halve(self, held: list[Fact], block: Sequence[Fact]) -> list[Fact]:
        """Leave out as much of the block as possible, by halves that get smaller."""
        if not block:
            return held
        rest = self._without(held, block)
        if rest is not held or len(block) == 1:
            return rest
        middle = len(block) // 2
        return self._halve(self._halve(held, block[:middle]), block[middle:])

    def _fewest_candidates(self, held: list[Fact]) -> list[Fact]:
        """Leave out groups of candidates that are not needed, then shrink the others to the fewest."""
        held = self._halve(held, [fact for fact in held if fact.kind is K.DEMAND])
        for fact in [fact for fact in held if fact.kind is K.DEMAND]:
            held = self._fewest_of(held, fact)
        return _prune(held)

    def _fewest_of(self, held: list[Fact], fact: Fact) -> list[Fact]:
        """Bisect how many of a group are needed: more of them never clash less."""
        too_few, enough = 0, len(fact.candidate_ids)
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            if self.do_clash(_resize(held, fact, middle)):
                enough = middle
            else:
                too_few = middle
        return _resize(held, fact, enough)

    def _is_needed(self, held: Sequence[Fact], fact: Fact) -> bool:
        return self.do_clash(without_fact(held, fact)) is False


def without_fact(facts: Sequence[Fact], fact: Fact) -> list[Fact]:
    """Return the facts without one of them; of candidates who must be heard only one is left out."""
    if fact.kind is K.DEMAND:
        return _resize(facts, fact, len(fact.candidate_ids) - 1)
    return [other for other in facts if other != fact]


def _resize(facts: Sequence[Fact], fact: Fact, count: int) -> list[Fact]:
    smaller = [replace(fact, candidate_ids=fact.candidate_ids[:count])] if count else []
    return [new for old in facts for new in (smaller if old == fact else [old])]


def _prune(facts: Sequence[Fact]) -> list[Fact]:
    """Drop from the facts about candidates those who need not be heard."""
    demanded = {id_ for fact in facts if fact.kind is K.DEMAND for id_ in fact.candidate_ids}
    pruned = []
    for fact in facts:
        ids = tuple(id_ for id_ in fact.candidate_ids if id_ in demanded)
        if ids or not fact.candidate_ids:
            pruned.append(replace(fact, candidate_ids=ids))
    return pruned
