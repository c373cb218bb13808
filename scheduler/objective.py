"""What a good schedule is: the terms that can count, and in which order they do."""

from dataclasses import dataclass
from enum import Enum

from scheduler.errors import InstanceError


class TermName(Enum):
    """The soft terms, each a whole number to be kept small.

    MOVED : candidates with a published slot who get another one, or none.
    OPENED : sittings in which somebody is heard; each costs money.
    IDLE : minutes between two defences of a sitting beyond the buffer.
    SWITCHES : neighbours within a sitting of different categories.
    LOAD : sittings of the panel that has most, plus sittings of the day that has most.
    REGION_DAYS : pairs of a region and a day on which someone of that region is heard.
    WISHES : weights of broken wishes.
    CONFLICTS : candidates heard by a panel of which an attending member must leave the room.
    LATENESS : over the opened sittings, how many of the distinct starts of all sittings lie before theirs.
    """

    MOVED = "moved"
    OPENED = "opened"
    IDLE = "idle"
    SWITCHES = "switches"
    LOAD = "load"
    REGION_DAYS = "region_days"
    WISHES = "wishes"
    CONFLICTS = "conflicts"
    LATENESS = "lateness"


@dataclass(frozen=True)
class Goal:
    """One term with its weight among the goals of the same tier."""

    term: TermName
    weight: int = 1

    def __post_init__(self) -> None:
        if type(self.weight) is not int or self.weight < 1:
            raise InstanceError("weight", f"must be a whole number of at least 1, got {self.weight!r}")


Tier = tuple[Goal, ...]
"""Goals that are added up; tiers count one after the other."""

DEFAULT_OBJECTIVE: tuple[Tier, ...] = tuple(
    (Goal(name),)
    for name in (
        TermName.MOVED,
        TermName.OPENED,
        TermName.IDLE,
        TermName.SWITCHES,
        TermName.LOAD,
        TermName.REGION_DAYS,
        TermName.WISHES,
    )
)
"""The order of scheduling.md, "The problem here"; placed candidates by priority come before all of it."""

PLACED_PREFIX = "placed_priority_"


def placed_name(priority: int) -> str:
    """Return the name of the first terms: candidates of one priority who have a slot."""
    return f"{PLACED_PREFIX}{priority}"


def tier_name(tier: Tier) -> str:
    """Return the name of a tier in results: its only term, or such as ``2*idle+switches``."""
    return "+".join(
        goal.term.value if goal.weight == 1 else f"{goal.weight}*{goal.term.value}" for goal in tier
    )


def require_objective(objective: tuple[Tier, ...]) -> None:
    """Refuse an empty tier and a term that is named twice.

    Raises
    ------
    InstanceError
    """
    seen: dict[TermName, str] = {}
    for index, tier in enumerate(objective):
        if not tier:
            raise InstanceError(f"objective[{index}]", "must name at least one term")
        for position, goal in enumerate(tier):
            path = f"objective[{index}][{position}]"
            if goal.term in seen:
                raise InstanceError(
                    f"{path}.term", f"{goal.term.value!r} is already used by {seen[goal.term]}"
                )
            seen[goal.term] = path
