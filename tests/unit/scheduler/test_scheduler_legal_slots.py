"""Other slots for one candidate: each legal by the checker, and none missing by trying every minute."""

import random
import time
from collections import defaultdict
from dataclasses import replace

import pytest
from random_instances import medium_instance, tiny_instance
from scheduling_builders import away, candidate, candidates, instance, panel, sitting

from scheduler.checker import find_violations
from scheduler.errors import InstanceError
from scheduler.generate import generate_instance
from scheduler.instance import SchedulingInstance, Slot
from scheduler.legal_slots import legal_slots
from scheduler.result import SolveParameters
from scheduler.schedule import Assignment, Schedule, Unplaced, UnplacedReason
from scheduler.solver import solve

QUICK = SolveParameters(time_limit_s=2, workers=1)


def give(problem: SchedulingInstance, schedule: Schedule, *slots: Assignment) -> Schedule:
    """Return the schedule with other slots for some."""
    given = {slot.candidate_id for slot in slots}
    assignments = (*(s for s in schedule.assignments if s.candidate_id not in given), *slots)
    placed = {slot.candidate_id for slot in assignments}
    left = [person.id for person in problem.candidates if person.id not in placed]
    return Schedule(assignments, tuple(Unplaced(id_, UnplacedReason.CAPACITY, {}) for id_ in left))


def solved(problem: SchedulingInstance) -> tuple[SchedulingInstance, Schedule]:
    """Return the instance without pins and published slots, and a schedule of most of its people."""
    people = tuple(replace(person, pin=None, published=None) for person in problem.candidates)
    problem = replace(problem, candidates=people, objective=())
    return problem, solve(problem, QUICK).schedule


def legal_starts(problem: SchedulingInstance, schedule: Schedule, candidate_id: str) -> dict[str, list[int]]:
    """Return by sitting all minutes at which the checker lets the candidate start."""
    length = next(person.duration_min for person in problem.candidates if person.id == candidate_id)
    starts = defaultdict(list)
    for place in problem.sittings:
        for start in range(place.start_min, place.end_min - length + 1):
            moved = give(problem, schedule, Assignment(candidate_id, place.id, start, start + length))
            if not find_violations(problem, moved):
                starts[place.id].append(start)
    return dict(starts)


@pytest.mark.parametrize("seed", range(40))
def test_slots_are_the_first_minutes_of_the_legal_stretches(seed: int) -> None:
    problem, schedule = solved(tiny_instance(random.Random(seed)))
    present = {slot.candidate_id: (slot.sitting_id, slot.start_min) for slot in schedule.assignments}
    for person in problem.candidates:
        starts = legal_starts(problem, schedule, person.id)
        first = {
            (place, start)
            for place, minutes in starts.items()
            for start in minutes
            if start - 1 not in minutes
        }
        found = legal_slots(problem, schedule, person.id)
        assert {(slot.sitting_id, slot.start_min) for slot in found} == first - {present.get(person.id)}
        assert [slot.start_min for slot in found] == sorted(slot.start_min for slot in found)


@pytest.mark.parametrize("seed", range(12))
def test_every_slot_of_a_larger_schedule_passes_the_checker(seed: int) -> None:
    problem, schedule = solved(medium_instance(random.Random(seed)))
    assert find_violations(problem, schedule) == []
    for person in problem.candidates[:6]:
        for slot in legal_slots(problem, schedule, person.id):
            assert find_violations(problem, give(problem, schedule, slot)) == []


def test_a_sitting_that_only_the_candidate_keeps_open_is_no_rival() -> None:
    panels = [panel("p0"), panel("p1", ("e2", "e3", "e4"))]
    problem = instance(candidates(2), panels, [sitting("s0", "p0"), sitting("s1", "p1")])
    alone = give(problem, Schedule(()), Assignment("c0", "s0", 0, 15))
    assert [slot.sitting_id for slot in legal_slots(problem, alone, "c0")] == ["s1"]
    assert [slot.sitting_id for slot in legal_slots(problem, alone, "c1")] == ["s0"]


def test_the_own_stretch_counts_only_if_it_begins_earlier() -> None:
    problem = instance([candidate(unavailable=away(30, 35))])
    late = give(problem, Schedule(()), Assignment("c0", "s0", 10, 25))
    assert [slot.start_min for slot in legal_slots(problem, late, "c0")] == [0, 35]
    early = give(problem, Schedule(()), Assignment("c0", "s0", 0, 15))
    assert [slot.start_min for slot in legal_slots(problem, early, "c0")] == [35]


def test_the_pinned_stay_and_strangers_are_named() -> None:
    problem = instance([candidate("c0", pin=Slot("s0", 0)), candidate("c1")])
    schedule = Schedule((Assignment("c0", "s0", 0, 15), Assignment("c1", "s0", 20, 35)))
    assert legal_slots(problem, schedule, "c0") == ()
    with pytest.raises(InstanceError, match=r"candidate_id: 'nobody' does not exist"):
        legal_slots(problem, schedule, "nobody")
    stranger = Schedule((Assignment("c1", "nowhere", 0, 15),))
    with pytest.raises(InstanceError, match=r"assignments\[0\]\.sitting_id: 'nowhere' does not exist"):
        legal_slots(problem, stranger, "c1")


def test_a_thousand_candidates_are_answered_at_once() -> None:
    problem, schedule = solved(generate_instance(1000, seed=3))
    durations_s = []
    for person in problem.candidates[:9]:
        start_s = time.perf_counter()
        assert legal_slots(problem, schedule, person.id)
        durations_s.append(time.perf_counter() - start_s)
    assert sorted(durations_s)[len(durations_s) // 2] < 0.3
