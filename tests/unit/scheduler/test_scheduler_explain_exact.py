"""Explanations of tiny random rounds, judged by complete enumeration."""

import random
from dataclasses import replace

import pytest
from oracle import find_optimum
from random_instances import tiny_instance

from scheduler.deadline import Deadline, StopSwitch
from scheduler.explain import explain
from scheduler.explain.placing import can_place_all
from scheduler.explain.relaxing import readings
from scheduler.explain.search import without_fact
from scheduler.instance import SchedulingInstance


def can_place_by_enumeration(instance: SchedulingInstance) -> bool:
    optimum = find_optimum(replace(instance, objective=()))
    return optimum is not None and sum(optimum.placed) == len(instance.candidates)


@pytest.mark.parametrize("seed", range(30))
def test_every_clash_is_real_and_minimal(seed: int) -> None:
    instance = tiny_instance(random.Random(seed))
    is_possible = can_place_by_enumeration(instance)
    assert can_place_all(instance, Deadline(20, StopSwitch())) is is_possible
    explanation = explain(instance)
    assert explanation.is_feasible is is_possible
    assert explanation.is_complete
    assert bool(explanation.clashes) is not is_possible
    for clash in explanation.clashes:
        assert clash.is_minimal
        assert not any(map(can_place_by_enumeration, readings(instance, clash.facts)))
        for fact in clash.facts:
            rest = readings(instance, without_fact(clash.facts, fact))
            assert any(map(can_place_by_enumeration, rest)), fact.kind
