"""Large-neighbourhood search: a few sittings at a time are taken apart and put together again exactly."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scheduler.deadline import Deadline
from scheduler.eligibility import Opening
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.objective import Goal, TermName, Tier
from scheduler.panels.exact import ExactModel, Form
from scheduler.panels.problem import Gap, build_problem
from scheduler.panels.realise import counts_of, people_of, seat, to_roster
from scheduler.result import Sense, SolveParameters
from scheduler.roster import Roster, category_switches, idle_minutes

FEWEST_SITTINGS, MOST_SITTINGS = 2, 6
EFFORT = 0.3
"""Budget of one small search, in seconds or in effort as the deadline counts."""

OVERHEAD = 0.05
"""Effort that a try costs besides its search, for building the model and seating the people."""

MOST_WAITING = 10
"""Candidates without a slot who join one search."""

LARGEST_OBJECTIVE = 2**50
"""Tiers are joined into one number by weights; those beyond this size are left out."""


@dataclass(frozen=True)
class Neighbourhood:
    """Some opened sittings, and candidates without a slot who could be heard there."""

    opening_ids: tuple[int, ...]
    waiting: tuple[Candidate, ...]


def improve(
    instance: SchedulingInstance,
    openings: Sequence[Opening],
    gaps: Sequence[Gap],
    current: Callable[[], Roster],
    offer: Callable[[Roster], bool],
    params: SolveParameters,
    deadline: Deadline,
    limit: float,
    patience: int,
) -> None:
    """Better the current roster until the limit, or until so many tries in a row have failed.

    Parameters
    ----------
    current : callable
        Returns the roster to start from.
    offer : callable
        Takes a changed roster, and says whether it is better and was taken over.
    limit : float
        Budget in the unit of the deadline.
    patience : int
        Tries without success before it ends.

    Raises
    ------
    OutOfTime
        When the deadline passes on the way.
    """
    rng = random.Random(params.seed)  # noqa: S311 (a choice of sittings, nothing secret)
    ends = deadline.spent() + limit
    single = replace(params, workers=1)
    failures = 0
    while failures < patience and deadline.spent() < ends:
        roster = current()
        chosen = _choose(instance, openings, roster, rng)
        if chosen is None:
            return
        changed = _rebuild(instance, openings, gaps, roster, chosen, single, deadline)
        failures = 0 if changed is not None and offer(changed) else failures + 1
        deadline.spend(OVERHEAD)


def _choose(
    instance: SchedulingInstance, openings: Sequence[Opening], roster: Roster, rng: random.Random
) -> Neighbourhood | None:
    """Pick a sitting, untidy ones more often, and others that hear some of the same categories."""
    ids = sorted(roster.seats)
    if not ids:
        return None
    weights = [1 + category_switches(roster.seats[i]) + (idle_minutes(roster.seats[i]) > 0) for i in ids]
    first = rng.choices(ids, weights)[0]
    categories = {candidate.category for _, candidate in roster.seats[first]}
    related = [
        i for i in ids if i != first and any(openings[i].panel.hears(category) for category in categories)
    ]
    count = rng.randint(FEWEST_SITTINGS, MOST_SITTINGS) - 1
    others = rng.sample(related, min(count, len(related)))
    chosen = tuple(sorted((first, *others)))
    placed = {candidate.id for seats in roster.seats.values() for _, candidate in seats}
    waiting = [
        candidate
        for candidate in instance.candidates
        if candidate.id not in placed
        and candidate.pin is None
        and any(openings[i].panel.hears(candidate.category) for i in chosen)
    ]
    return Neighbourhood(chosen, tuple(rng.sample(waiting, min(MOST_WAITING, len(waiting)))))


def _rebuild(
    instance: SchedulingInstance,
    openings: Sequence[Opening],
    gaps: Sequence[Gap],
    roster: Roster,
    chosen: Neighbourhood,
    params: SolveParameters,
    deadline: Deadline,
) -> Roster | None:
    """Solve the neighbourhood alone; None when nothing was found."""
    position = {opening_id: i for i, opening_id in enumerate(chosen.opening_ids)}
    inside = [candidate for i in chosen.opening_ids for _, candidate in roster.seats[i]]
    part = replace(
        instance,
        sittings=tuple(openings[i].sitting for i in chosen.opening_ids),
        candidates=(*inside, *chosen.waiting),
    )
    own_openings = tuple(openings[i] for i in chosen.opening_ids)
    own_gaps = tuple(replace(g, opening_id=position[g.opening_id]) for g in gaps if g.opening_id in position)
    problem = build_problem(part, own_openings, own_gaps, deadline)
    model = ExactModel(problem, deadline, met_region_days=_region_days_outside(instance, roster, position))
    own_roster = Roster({position[i]: roster.seats[i] for i in chosen.opening_ids})
    _, counts = model.optimise(
        _join_tiers(part, model),
        Sense.MINIMISE,
        counts_of(problem, own_roster),
        params,
        deadline,
        EFFORT,
    )
    if counts is None:
        return None
    seatings = [
        seat(own_openings, i, people, instance.objective) for i, people in people_of(problem, counts).items()
    ]
    rebuilt = to_roster(seatings).seats
    kept = {i: seats for i, seats in roster.seats.items() if i not in position}
    return Roster(kept | {chosen.opening_ids[i]: seats for i, seats in rebuilt.items()})


def _region_days_outside(
    instance: SchedulingInstance, roster: Roster, inside: dict[int, int]
) -> frozenset[tuple[str, int]]:
    return frozenset(
        (candidate.region, instance.day_of(start_min))
        for opening_id, seats in roster.seats.items()
        if opening_id not in inside
        for start_min, candidate in seats
    )


def _join_tiers(part: SchedulingInstance, model: ExactModel) -> Form:
    """Return one number to be kept small in which no later tier outweighs a step of an earlier one."""
    count = len(part.candidates)
    priorities = sorted({candidate.priority for candidate in part.candidates}, reverse=True)
    forms: list[tuple[Form, int]] = [(-model.placed(priority), count) for priority in priorities]
    for tier in part.objective:
        # The load of the whole is no matter of a part that opens nothing anew.
        goals: Tier = tuple(goal for goal in tier if goal.term is not TermName.LOAD)
        form = model.tier(goals)
        if not isinstance(form, int):
            forms.append((form, _most(part, goals)))
    total: Form = 0
    scale = 1
    for form, most in forms:
        if scale * (most + 1) > LARGEST_OBJECTIVE:
            break
        scale *= most + 1
        total = total * (most + 1) + form
    return total


def _most(part: SchedulingInstance, goals: Sequence[Goal]) -> int:
    """Return a value that the goals cannot exceed in the part."""
    wishes = sum(wish.weight for candidate in part.candidates for wish in candidate.wishes)
    lateness = len(part.sittings) ** 2
    most = {TermName.WISHES: wishes, TermName.LATENESS: lateness}
    return sum(goal.weight * most.get(goal.term, len(part.candidates)) for goal in goals)
