"""Random instances with every kind of trouble, tiny ones for enumeration and larger ones for the checker."""

import random
from dataclasses import dataclass

from scheduling_builders import candidate, instance, sitting

from scheduler.instance import DAY_MIN, Candidate, Interval, Panel, SchedulingInstance, Sitting, Slot, Wish
from scheduler.objective import DEFAULT_OBJECTIVE, Goal, TermName, Tier

EXPERTS = tuple(f"e{i}" for i in range(8))
GUESTS = ("interpreter", "examiner")


@dataclass(frozen=True)
class Shape:
    """How large an instance is; lengths and offsets from the start of a day count steps."""

    people: int
    sittings: int
    panels: int
    days: int
    step_min: int
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]
    pin_share: float

    def stretch(self, rng: random.Random, longest: int) -> tuple[int, int]:
        """Return start and end of a stretch in the hours of some day."""
        start = rng.randrange(self.days) * DAY_MIN + rng.randrange(max(self.offsets) + 8) * self.step_min
        return start, start + rng.randint(1, longest) * self.step_min


def tiny_instance(rng: random.Random) -> SchedulingInstance:
    """Return an instance for enumeration: at most 6 candidates and 3 short sittings."""
    people = rng.choice((1, 2, 3, 4, 4, 5, 5, 6, 6, 6))
    days, step_min = rng.choice((1, 1, 2)), rng.choice((1, 1, 5))
    shape = Shape(
        people, rng.randint(1, 3), rng.randint(1, 3), days, step_min, (0, 0, 4, 8), (6, 8, 10, 14), 0.06
    )
    return random_instance(rng, shape)


def medium_instance(rng: random.Random) -> SchedulingInstance:
    """Return an instance of 10 to 40 candidates in a few days with three windows each."""
    people = rng.randint(10, 40)
    days, step_min = rng.randint(1, 3), rng.choice((1, 5))
    shape = Shape(people, people // 4 + 3, people // 8 + 2, days, step_min, (0, 20, 48), (16, 20, 24), 0.005)
    return random_instance(rng, shape)


def random_instance(rng: random.Random, shape: Shape) -> SchedulingInstance:
    """Return an instance; every rule and every soft term has a chance to bind."""
    min_panel_size = rng.choice((3, 3, 2, 1, 0))
    panels = [_panel(rng, i, min_panel_size) for i in range(shape.panels)]
    sittings = [_sitting(rng, i, shape) for i in range(shape.sittings)]
    attendee_share = rng.choice((0, 0, 0.4))
    people = [_person(rng, i, shape, sittings, attendee_share) for i in range(shape.people)]
    away_ids = (*rng.sample(EXPERTS, 2), rng.choice(GUESTS))
    return instance(
        people,
        panels,
        sittings,
        {id_: (Interval(*shape.stretch(rng, 6)),) for id_ in away_ids},
        min_panel_size=min_panel_size,
        require_odd=min_panel_size > 0 and rng.random() < 0.2,
        max_parallel_sittings=rng.choice((None, None, 1, 2)),
        closures=(Interval(*shape.stretch(rng, 3)),) if rng.random() < 0.15 else (),
        midnight_min=rng.choice((0, 0, 0, 6)) if shape.step_min == 1 else 0,
        objective=random_objective(rng),
    )


def random_objective(rng: random.Random) -> tuple[Tier, ...]:
    """Return the default order most often, else any terms in any order, with weights and shared tiers."""
    if rng.random() < 0.6:
        return DEFAULT_OBJECTIVE
    names = rng.sample(list(TermName), rng.randint(0, len(TermName)))
    tiers: list[Tier] = []
    while names:
        size = rng.choice((1, 1, 2, 3))
        tiers.append(tuple(Goal(name, rng.choice((1, 1, 2, 7))) for name in names[:size]))
        names = names[size:]
    return tuple(tiers)


def _panel(rng: random.Random, index: int, min_panel_size: int) -> Panel:
    accepts = rng.choice((None, frozenset("x"), frozenset("xy"), frozenset("xyz")))
    if min_panel_size == 0 and rng.random() < 0.6:
        return Panel(f"p{index}", accepts=accepts)
    size = max(1, min_panel_size) + rng.choice((0, 1, 2))
    return Panel(f"p{index}", expert_ids=tuple(rng.sample(EXPERTS, size)), accepts=accepts)


def _sitting(rng: random.Random, index: int, shape: Shape) -> Sitting:
    start = rng.randrange(shape.days) * DAY_MIN + rng.choice(shape.offsets) * shape.step_min
    end = start + rng.choice(shape.lengths) * shape.step_min
    return sitting(f"s{index}", f"p{rng.randrange(shape.panels)}", start, end)


def _person(
    rng: random.Random, index: int, shape: Shape, sittings: list[Sitting], attendee_share: float
) -> Candidate:
    recused = rng.sample(EXPERTS, rng.choice((1, 2))) if rng.random() < 0.3 else []
    attendees = rng.sample((*EXPERTS, *GUESTS, *GUESTS), 2) if rng.random() < attendee_share else []
    return candidate(
        f"c{index}",
        category=rng.choice("xxxyz"),
        duration_min=rng.choice((2, 3)) * shape.step_min,
        buffer_min=rng.choice((0, 1, 1)) * shape.step_min,
        region=rng.choice(("", "r", "q", "t")),
        unavailable=tuple(Interval(*shape.stretch(rng, 5)) for _ in range(rng.choice((0, 0, 0, 1, 1, 3)))),
        recused_expert_ids=frozenset(recused),
        attendee_ids=frozenset(attendees) - frozenset(recused),
        priority=rng.choice((0, 0, 0, 1)),
        pin=_slot(rng, shape, sittings) if rng.random() < shape.pin_share else None,
        published=_slot(rng, shape, sittings) if rng.random() < 0.35 else None,
        wishes=tuple(_wish(rng, shape) for _ in range(rng.choice((0, 0, 1, 2)))),
    )


def _slot(rng: random.Random, shape: Shape, sittings: list[Sitting]) -> Slot:
    place = rng.choice(sittings)
    return Slot(place.id, place.start_min + rng.choice((0, 3, 3, 4)) * shape.step_min)


def _wish(rng: random.Random, shape: Shape) -> Wish:
    return Wish(*shape.stretch(rng, 9), rng.random() < 0.5, rng.choice((1, 1, 3)))
