"""Order within a sitting: categories together, no idle gaps, and windows that only exact search packs."""

from scheduling_builders import ONE_WORKER, away, candidate, candidates, instance, panel, sitting

from scheduler.checker import find_violations
from scheduler.instance import Candidate, Interval, Slot
from scheduler.panels.sequencing import Fit, arrange
from scheduler.result import SolveStatus
from scheduler.solver import solve

WIDE = panel(accepts=("x", "y", "z"))


def test_one_category_follows_another_without_gaps() -> None:
    people = [candidate(f"c{i}", category="xyz"[i % 3]) for i in range(9)]
    slots = solve(instance(people, [WIDE], [sitting(end=240)]), ONE_WORKER).schedule.assignments
    category = {person.id: person.category for person in people}
    assert [category[slot.candidate_id] for slot in slots] == list("xxxyyyzzz")
    assert [slot.start_min for slot in slots] == list(range(0, 180, 20))


def test_others_close_ranks_around_a_pinned_slot() -> None:
    people = [candidate("c0", pin=Slot("s0", 100)), *candidates(4)[1:]]
    slots = solve(instance(people, sittings=[sitting(end=240)]), ONE_WORKER).schedule.assignments
    starts = [slot.start_min for slot in slots]
    assert 100 in starts
    assert starts == list(range(starts[0], starts[0] + 80, 20))


def test_counts_that_no_order_fits_are_cut_off() -> None:
    """Three windows of 14 min take two people of 7 min each; minutes alone would admit a seventh."""
    windows = (Interval(14, 20), Interval(34, 40), Interval(54, 60))
    people = [candidate(f"c{i}", buffer_min=0, duration_min=7, unavailable=windows) for i in range(8)]
    problem = instance(people)
    result = solve(problem, ONE_WORKER)
    assert result.status is SolveStatus.OPTIMAL
    assert find_violations(problem, result.schedule) == []
    assert len(result.schedule.assignments) == 6


def test_arrange_tells_impossible_from_fitting() -> None:
    def pair(end: int) -> list[Candidate]:
        return candidates(2, unavailable=away(end, 60))

    fit, starts = arrange(sitting(), pair(35))
    assert fit is Fit.FITS
    assert sorted(starts.values()) == [0, 20]
    fit, starts = arrange(sitting(), pair(34))
    assert fit is Fit.IMPOSSIBLE
    assert len(starts) == 1
