"""What is proven about an instance, each bound with what it was proven under."""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.instance import SchedulingInstance
from scheduler.objective import Goal, TermName, Tier
from scheduler.result import ObjectiveTerm
from scheduler.roster import TierInfo, list_tiers


@dataclass(frozen=True)
class _Claim:
    premise: tuple[int, ...]
    bound: int


class Claims:
    """Bounds of the tiers; a bound of a tier holds for schedules that have given values in those before it.

    Parameters
    ----------
    tiers : sequence of TierInfo
        All tiers in the order in which they count.
    first_bounds : sequence of int
        What holds for every schedule whatever its other values.
    """

    def __init__(self, tiers: Sequence[TierInfo], first_bounds: Sequence[int]) -> None:
        self._tiers = tiers
        self._first = tuple(first_bounds)
        self._claims: list[list[_Claim]] = [[] for _ in tiers]

    def add(self, premise: Sequence[int], bound: int) -> None:
        """Take over a bound of the tier after those that have the values of `premise`."""
        self._claims[len(premise)].append(_Claim(tuple(premise), bound))

    def bound(self, premise: Sequence[int]) -> int:
        """Return the best bound of the tier after those that have the values of `premise`."""
        position = len(premise)
        best, tier = self._first[position], self._tiers[position]
        for claim in self._claims[position]:
            if claim.premise == tuple(premise) and tier.is_better(best, claim.bound):
                best = claim.bound
        return best

    def best_values(self, count: int) -> tuple[int, ...]:
        """Return the bounds of the first tiers, each under the premise that those before it are reached."""
        values: tuple[int, ...] = ()
        for _ in range(count):
            values = (*values, self.bound(values))
        return values

    def terms(self, value: Sequence[int]) -> tuple[ObjectiveTerm, ...]:
        """Return the tiers of a schedule with the bounds that hold for it."""
        return tuple(
            ObjectiveTerm(tier.name, tier.sense, value[i], self.bound(value[:i]))
            for i, tier in enumerate(self._tiers)
        )


class Order:
    """Where the moves stand among the tiers of an instance.

    Attributes
    ----------
    moved_at : int
        Position of the tier that counts moves, the placed ones of each priority included.
    weight : int
        Weight of one move in its tier.
    is_alone : bool
        Whether nothing else counts in that tier.
    before, through : tuple of Tier
        The objective up to that tier, without and with it.
    """

    def __init__(self, instance: SchedulingInstance) -> None:
        self._instance = instance
        self.tiers = list_tiers(instance)
        self.priorities = sorted({c.priority for c in instance.candidates}, reverse=True)
        index, goal = next(
            (index, goal)
            for index, tier in enumerate(instance.objective)
            for goal in tier
            if goal.term is TermName.MOVED
        )
        self.moved_at, self.weight = len(self.priorities) + index, goal.weight
        self.is_alone = len(instance.objective[index]) == 1
        self.before, self.through = instance.objective[:index], instance.objective[: index + 1]
        self._next = instance.objective[index + 1 : index + 2]

    @property
    def can_be_modelled(self) -> bool:
        """Whether the model of moves knows all that counts before them: nothing, or the opened sittings."""
        return self.is_alone and (not self.before or _is_opened(self.before))

    @property
    def opened_weight(self) -> int:
        """Weight of a sitting if the tier after the moves counts nothing else, otherwise 0."""
        return self._next[0][0].weight if _is_opened(self._next) else 0

    def opened_of(self, value: Sequence[int]) -> int | None:
        """Return how many sittings a schedule opens if their number counts before the moves."""
        return value[self.moved_at - 1] // self.before[0][0].weight if self.before else None

    def by_priority(self, values: Sequence[int]) -> dict[int, int]:
        """Return the first values, those of the placed, by priority."""
        return dict(zip(self.priorities, values, strict=False))

    def first_claims(self, forced_moves: int) -> Claims:
        """Return what holds for every schedule: nobody is placed twice, and who must move does."""
        candidates = self._instance.candidates
        placed = [sum(c.priority == priority for c in candidates) for priority in self.priorities]
        soft = [0] * len(self._instance.objective)
        soft[len(self.before)] = self.weight * forced_moves
        return Claims(self.tiers, [*placed, *soft])


def _is_opened(tiers: Sequence[Tier]) -> bool:
    return len(tiers) == 1 and tiers[0] == (Goal(TermName.OPENED, tiers[0][0].weight),)
