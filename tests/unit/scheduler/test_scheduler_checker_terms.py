"""The soft terms of hand-made schedules with the figures expected."""

import pytest
from scheduling_builders import away, candidate, candidates, instance, panel, sitting

from scheduler.checker import recompute_objective
from scheduler.instance import DAY_MIN, SchedulingInstance, Slot, Wish
from scheduler.measure import measure_terms
from scheduler.objective import DEFAULT_OBJECTIVE, Goal, TermName
from scheduler.schedule import Assignment, Schedule

T = TermName
FOUR = ("e0", "e1", "e2", "e3")
TWO_DAYS = [
    sitting("s0", "p0", 0, 60),
    sitting("s1", "p1", 0, 60),
    sitting("s2", "p0", DAY_MIN, DAY_MIN + 60),
    sitting("s3", "p0", DAY_MIN + 60, DAY_MIN + 120),
]
PANELS = [panel("p0", FOUR), panel("p1", ("e4", "e5", "e6"))]


def measure(term: TermName, problem: SchedulingInstance, *slots: tuple[str, str, int]) -> int:
    """Measure one term of slots given by candidate, sitting and start."""
    length_min = {person.id: person.duration_min for person in problem.candidates}
    assignments = tuple(Assignment(*slot, slot[2] + length_min[slot[0]]) for slot in slots)
    return measure_terms(problem, Schedule(assignments))[term]


PUBLISHED = instance(candidates(1, published=Slot("s0", 20)), PANELS, TWO_DAYS)
VANISHED = instance(candidates(1, published=Slot("gone", 20)), PANELS, TWO_DAYS)


@pytest.mark.parametrize(
    ("problem", "slots", "moved"),
    [
        (PUBLISHED, [("c0", "s0", 20)], 0),
        (PUBLISHED, [("c0", "s0", 21)], 1),
        (PUBLISHED, [("c0", "s1", 20)], 1),
        (PUBLISHED, [], 1),
        (VANISHED, [("c0", "s0", 20)], 1),
        (instance(candidates(1)), [("c0", "s0", 20)], 0),
    ],
    ids=["kept", "other time", "other sitting", "left out", "sitting vanished", "never published"],
)
def test_moved(problem: SchedulingInstance, slots: list[tuple[str, str, int]], moved: int) -> None:
    assert measure(T.MOVED, problem, *slots) == moved


MIXED = instance(
    [
        candidate("a", duration_min=10, buffer_min=0, category="x"),
        candidate("b", duration_min=15, buffer_min=5, category="y"),
        candidate("c", duration_min=10, buffer_min=20, category="x"),
    ],
    [panel(accepts=None)],
)


@pytest.mark.parametrize(
    ("slots", "idle", "switches"),
    [
        ([("a", "s0", 30)], 0, 0),
        ([("a", "s0", 0), ("b", "s0", 10)], 0, 1),
        ([("b", "s0", 5), ("a", "s0", 25)], 0, 1),
        ([("a", "s0", 3), ("b", "s0", 20), ("c", "s0", 47)], 14, 2),
        ([("c", "s0", 0), ("a", "s0", 30), ("b", "s0", 40)], 0, 1),
        ([("c", "s0", 30), ("a", "s0", 0)], 20, 0),
    ],
    ids=["alone", "no gap", "buffer is no gap", "two gaps", "long buffer", "unsorted"],
)
def test_idle_and_switches(slots: list[tuple[str, str, int]], idle: int, switches: int) -> None:
    assert measure(T.IDLE, MIXED, *slots) == idle
    assert measure(T.SWITCHES, MIXED, *slots) == switches


def test_neighbours_are_counted_within_a_sitting_only() -> None:
    problem = instance([candidate("c0"), candidate("c1", category="y")], PANELS, TWO_DAYS)
    slots = [("c0", "s0", 0), ("c1", "s1", 40)]
    assert measure(T.IDLE, problem, *slots) == measure(T.SWITCHES, problem, *slots) == 0


@pytest.mark.parametrize(
    ("sitting_ids", "opened", "load", "lateness"),
    [
        ([], 0, 0, 0),
        (["s0"], 1, 2, 0),
        (["s0", "s0"], 1, 2, 0),
        (["s0", "s1"], 2, 3, 0),
        (["s1", "s2"], 2, 2, 1),
        (["s2", "s3"], 2, 4, 3),
        (["s0", "s1", "s2", "s3"], 4, 5, 3),
    ],
)
def test_opened_load_and_lateness(sitting_ids: list[str], opened: int, load: int, lateness: int) -> None:
    problem = instance(candidates(4), PANELS, TWO_DAYS)
    start = {each.id: each.start_min for each in TWO_DAYS}
    slots = [(f"c{i}", id_, start[id_] + 20 * i) for i, id_ in enumerate(sitting_ids)]
    assert measure(T.OPENED, problem, *slots) == opened
    assert measure(T.LOAD, problem, *slots) == load
    assert measure(T.LATENESS, problem, *slots) == lateness


def test_days_are_counted_from_midnight_sittings_by_their_start_and_regions_by_the_slot() -> None:
    night = [sitting("s0", "p0", 50, 150), sitting("s1", "p1", 110, 150)]
    people = [*candidates(3, region="r"), candidate("d0"), candidate("d1", region="q")]
    slots = [("c0", "s0", 50), ("c1", "s0", 99), ("c2", "s0", 130), ("d0", "s0", 70), ("d1", "s1", 120)]
    for midnight_min, region_days, load in ((100, 3, 2), (0, 2, 3), (100 + DAY_MIN, 3, 2)):
        problem = instance(people, PANELS, night, midnight_min=midnight_min)
        assert measure(T.REGION_DAYS, problem, *slots) == region_days
        assert measure(T.LOAD, problem, *slots) == load


@pytest.mark.parametrize(
    ("start_min", "wished", "avoided"),
    [(4, 2, 0), (5, 2, 0), (6, 2, 3), (19, 2, 3), (20, 0, 3), (25, 0, 3), (26, 2, 3), (39, 2, 3), (40, 2, 0)],
)
def test_wishes_need_the_whole_slot(start_min: int, wished: int, avoided: int) -> None:
    wishes = (Wish(20, 40, weight=2), Wish(20, 40, is_avoided=True, weight=3))
    problem = instance([candidate(wishes=wishes), candidate("left", wishes=wishes)])
    assert measure(T.WISHES, problem, ("c0", "s0", start_min)) == wished + avoided


def test_conflicts_count_candidates_and_only_members_who_attend() -> None:
    people = [
        candidate("c0", recused_expert_ids=frozenset({"e0", "e1"})),
        candidate("c1", recused_expert_ids=frozenset({"e3"})),
        candidate("c2", recused_expert_ids=frozenset({"e4"})),
    ]
    problem = instance(people, PANELS, TWO_DAYS, {"e3": away(30, 31)})
    slots = [("c0", "s0", 0), ("c1", "s0", 20), ("c2", "s0", 40)]
    assert measure(T.CONFLICTS, problem, *slots) == 1
    assert measure(T.CONFLICTS, problem, ("c1", "s2", DAY_MIN)) == 1


def test_objective_follows_the_tiers_of_the_instance() -> None:
    people = [*candidates(2), candidate("vip", priority=2, category="y"), candidate("left", priority=-1)]
    tiers = ((Goal(T.IDLE, 2), Goal(T.SWITCHES)), (Goal(T.CONFLICTS, 5),))
    problem = instance(people, [panel(accepts=None)], objective=tiers)
    slots = (Assignment("c0", "s0", 0, 15), Assignment("vip", "s0", 23, 38))
    assert list(recompute_objective(problem, Schedule(slots)).items()) == [
        ("placed_priority_2", 1),
        ("placed_priority_0", 1),
        ("placed_priority_-1", 0),
        ("2*idle+switches", 7),
        ("5*conflicts", 0),
    ]


def test_default_objective_names_and_unknown_slots_count_for_nothing() -> None:
    unknown = Schedule((Assignment("nobody", "s0", 0, 15), Assignment("c0", "nowhere", 0, 15)))
    objective = recompute_objective(instance(candidates(1)), unknown)
    names = ["moved", "opened", "idle", "switches", "load", "region_days", "wishes"]
    assert objective == dict.fromkeys(["placed_priority_0", *names], 0)
    assert [goal.term.value for tier in DEFAULT_OBJECTIVE for goal in tier] == names
