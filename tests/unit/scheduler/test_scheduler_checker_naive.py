"""The soft terms against a second definition, which goes through minutes and pairs and sorts nothing."""

import random
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduling_builders import away, candidate, instance, panel, room, sitting

from scheduler.instance import DAY_MIN, SchedulingInstance, Sitting, Slot, Wish
from scheduler.measure import measure_terms
from scheduler.objective import TermName
from scheduler.schedule import Assignment, Schedule

T = TermName
FOUR = ("e0", "e1", "e2", "e3")
DAYS = range(-10, 10)


def arbitrary_schedule(seed: int) -> tuple[SchedulingInstance, Schedule]:
    """Slots in order with random gaps, and everything that a term looks at drawn at random."""
    rng = random.Random(seed)
    sittings = [
        sitting(f"s{i}", rng.choice(("p0", "p1", "p2")), day * DAY_MIN + start, day * DAY_MIN + start + 90)
        for i, (day, start) in enumerate(product((-1, 0, 1), (rng.randrange(100), 1400)))
    ]
    people, slots = [], []
    for place in sittings:
        now = place.start_min
        for _ in range(rng.randint(0, 4)):
            id_, start = f"c{len(people)}", now + rng.choice((0, 0, 0, 3, 10))
            published = Slot(rng.choice(("gone", place.id, place.id)), start + rng.choice((0, 0, 1)))
            wish_start = start + rng.randint(-12, 12)
            people.append(
                candidate(
                    id_,
                    duration_min=rng.choice((5, 10)),
                    buffer_min=rng.choice((0, 4)),
                    category=rng.choice("xyz"),
                    region=rng.choice(("", "r", "q")),
                    recused_expert_ids=frozenset(rng.sample(FOUR, rng.choice((0, 0, 1, 2)))),
                    published=rng.choice((None, published)),
                    wishes=(Wish(wish_start, wish_start + rng.randint(1, 25), rng.random() < 0.5, 3),),
                )
            )
            slots.append(Assignment(id_, place.id, start, start + people[-1].duration_min))
            now = start + people[-1].duration_min + people[-1].buffer_min
    people.append(candidate("left", published=Slot("s0", 0), wishes=(Wish(0, 1),), region="r"))
    rng.shuffle(slots)
    panels = [panel("p0", FOUR), panel("p1", ("e1", "e4", "e5")), room("p2")]
    problem = instance(people, panels, sittings, {"e1": away(0, 70)}, midnight_min=rng.randint(-2000, 2000))
    return problem, Schedule(tuple(slots))


class Naive:
    """All about one schedule that the terms look at."""

    def __init__(self, problem: SchedulingInstance, schedule: Schedule) -> None:
        self.problem, self.slots = problem, schedule.assignments
        self.person = {each.id: each for each in problem.candidates}
        self.place = {each.id: each for each in problem.sittings}
        self.members = {each.id: each.expert_ids for each in problem.panels}
        self.absent = {each.id: {m for a in each.unavailable for m in minutes(a)} for each in problem.experts}
        self.opened = [each for each in problem.sittings if self.heard_in(each)]

    def heard_in(self, place: Sitting) -> list[Assignment]:
        return [slot for slot in self.slots if slot.sitting_id == place.id]

    def terms(self) -> dict[TermName, int]:
        return {
            T.MOVED: sum(each.published is not None and not self.is_kept(each.id) for each in self.people),
            T.OPENED: len(self.opened),
            T.IDLE: sum(self.idle_min(each) for each in self.opened),
            T.SWITCHES: sum(self.switches(each) for each in self.opened),
            T.LOAD: self.panel_load() + self.day_load(),
            T.REGION_DAYS: sum(self.is_heard_on(*pair) for pair in product(("r", "q"), DAYS)),
            T.WISHES: sum(self.broken_weight(slot) for slot in self.slots),
            T.CONFLICTS: sum(self.has_conflict(slot) for slot in self.slots),
            T.LATENESS: sum(self.earlier_starts(each) for each in self.opened),
        }

    @property
    def people(self) -> Any:
        return self.problem.candidates

    def is_kept(self, id_: str) -> bool:
        published = self.person[id_].published
        return any(
            slot.candidate_id == id_ and Slot(slot.sitting_id, slot.start_min) == published
            for slot in self.slots
        )

    def idle_min(self, place: Sitting) -> int:
        own = self.heard_in(place)
        bound = {
            minute
            for slot in own
            for minute in range(slot.start_min, slot.end_min + self.person[slot.candidate_id].buffer_min)
        }
        first, last = min(slot.start_min for slot in own), max(slot.start_min for slot in own)
        return sum(minute not in bound for minute in range(first, last))

    def switches(self, place: Sitting) -> int:
        own = self.heard_in(place)
        return sum(
            self.person[one.candidate_id].category != self.person[two.candidate_id].category
            for one, two in product(own, repeat=2)
            if one.start_min < two.start_min
            and not any(one.start_min < slot.start_min < two.start_min for slot in own)
        )

    def panel_load(self) -> int:
        return max(sum(each.panel_id == id_ for each in self.opened) for id_ in self.members)

    def day_load(self) -> int:
        return max(sum(self.is_on(each.start_min, day) for each in self.opened) for day in DAYS)

    def is_on(self, minute: int, day: int) -> bool:
        return 0 <= minute - self.problem.midnight_min - day * DAY_MIN < DAY_MIN

    def is_heard_on(self, region: str, day: int) -> bool:
        return any(
            self.person[slot.candidate_id].region == region and self.is_on(slot.start_min, day)
            for slot in self.slots
        )

    def broken_weight(self, slot: Assignment) -> int:
        return sum(
            wish.weight
            for wish in self.person[slot.candidate_id].wishes
            if not all((minute in minutes(wish)) != wish.is_avoided for minute in minutes(slot))
        )

    def has_conflict(self, slot: Assignment) -> bool:
        place = self.place[slot.sitting_id]
        attending = [
            id_ for id_ in self.members[place.panel_id] if self.absent[id_].isdisjoint(minutes(place))
        ]
        return any(id_ in self.person[slot.candidate_id].recused_expert_ids for id_ in attending)

    def earlier_starts(self, place: Sitting) -> int:
        return len({each.start_min for each in self.problem.sittings if each.start_min < place.start_min})


def minutes(stretch: Any) -> range:
    return range(stretch.start_min, stretch.end_min)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_terms_agree_with_a_second_definition(seed: int) -> None:
    problem, schedule = arbitrary_schedule(seed)
    assert measure_terms(problem, schedule) == Naive(problem, schedule).terms()
