"""The contest is as tight as it says."""

import math
from collections import defaultdict

import pytest

from bench.scheduler.contest import CANDIDATE_COUNT, Contest, generate_contest
from scheduler.checker import find_violations
from scheduler.eligibility import overlaps
from scheduler.schedule import Schedule, Unplaced, UnplacedReason


@pytest.fixture(scope="module")
def contest() -> Contest:
    return generate_contest(seed=2, candidate_count=780)


def test_the_planted_schedule_keeps_every_rule(contest: Contest) -> None:
    placed = {slot.candidate_id for slot in contest.planted}
    assert len(placed) == contest.place_count == math.ceil(0.999 * 780)
    others = [c for c in contest.instance.candidates if c.id not in placed]
    unplaced = tuple(Unplaced(c.id, UnplacedReason.CAPACITY, {}) for c in others)
    assert find_violations(contest.instance, Schedule(contest.planted, unplaced)) == []


def test_no_choice_of_schedules_has_more_places(contest: Contest) -> None:
    """Each other schedule excludes a jury with as many places, so all juries together are the most."""
    instance = contest.instance
    experts = {panel.id: set(panel.expert_ids) for panel in instance.panels}
    juries = [s for s in instance.sittings if s.id.startswith("jury")]
    others = [s for s in instance.sittings if s.id.startswith("other")]
    assert sum(s.end_min - s.start_min for s in juries) == 30 * contest.place_count
    assert others
    excluded = defaultdict(list)
    for other in others:
        for jury in juries:
            if overlaps(other, jury) and experts[other.panel_id] & experts[jury.panel_id]:
                excluded[jury.id].append(other.id)
                assert (other.start_min, other.end_min) == (jury.start_min, jury.end_min)
    pairs = [id_ for ids in excluded.values() for id_ in ids]
    assert len(excluded) == len(pairs) == len(others)


def test_equal_seeds_give_equal_contests(contest: Contest) -> None:
    assert generate_contest(2, 780) == contest
    assert generate_contest(3, 780) != contest


def test_the_full_size_is_that_of_the_paper() -> None:
    full = generate_contest(1)
    assert len(full.instance.candidates) == CANDIDATE_COUNT == 7_804
    assert sum(s.id.startswith("jury") for s in full.instance.sittings) == 606
    assert full.place_count == 7_797
