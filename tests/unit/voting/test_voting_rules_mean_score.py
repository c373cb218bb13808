"""The mean score: exact at the pass mark, cut off when shown, without people who gave no score."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from itertools import product
from statistics import fmean

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voting.rules import (
    RULE_VERSION,
    Absences,
    Abstentions,
    Counts,
    Denominator,
    Quorum,
    Rule,
    RuleName,
    Verdict,
    decide,
)
from voting.tally import mean_text

SPREADS = {
    "at the mark": lambda n: [600] * n,
    "a tenth below": lambda n: [600] * (n - 1) + [599],
    "a tenth above": lambda n: [600] * (n - 1) + [601],
    "far apart": lambda n: [0, 1000] * (n // 2) + [600] * (n % 2),
    "far apart, lower": lambda n: [0, 1000] * (n // 2) + [599] * (n % 2),
    "one for all": lambda n: [0] * (n - 1) + [1000],
    "all but one": lambda n: [1000] * (n - 1) + [0],
    "all there is": lambda n: [1000] * n,
    "nothing": lambda n: [0] * n,
}
ALL_POLICIES = list(product(Denominator, Abstentions, Absences, [Quorum(0), Quorum(3), Quorum(0, 2, 3)]))
RULES = [Rule(RuleName.MEAN_SCORE, RULE_VERSION, *policy) for policy in ALL_POLICIES]
all_scores = st.lists(st.integers(0, 1000), min_size=1, max_size=25)
near_the_mark = st.lists(st.integers(598, 602), min_size=1, max_size=25)


def points(scores_tenths: list[int]) -> Decimal:
    """The mean in points, with more digits than the mean of 25 tenths can need to be told from 60."""
    return sum((Decimal(score) / 10 for score in scores_tenths), Decimal(0)) / len(scores_tenths)


@pytest.mark.parametrize("panel_size", range(3, 26))
def test_every_split_of_every_panel_with_scores_of_every_kind(panel_size: int) -> None:
    for given_scores in range(panel_size + 1):
        spreads = [make(given_scores) for make in SPREADS.values()] if given_scores else [[]]
        for scores in spreads:
            verdict = "passed" if scores and points(scores) >= 60 else "failed"
            for abstain in range(panel_size - given_scores + 1):
                counts = Counts(panel_size, panel_size, panel_size, 0, 0, abstain, tuple(scores))
                ballots = given_scores + abstain
                for rule in RULES:
                    needed = rule.quorum.at_least or rule.quorum.numerator * panel_size / 3
                    missing = ballots < panel_size and rule.absences == "invalid"
                    expected = "invalid" if not scores or ballots < needed or missing else verdict
                    assert decide(rule, counts) == expected, (rule, counts)


@pytest.mark.parametrize(
    ("scores", "shown", "verdict"),
    [
        # 59.95, 59.96 and 60 exactly, over 20, 25 and 3 members.
        ([599] * 10 + [600] * 10, "59.9", "failed"),
        ([599] * 10 + [600] * 15, "59.9", "failed"),
        ([599, 600, 601], "60.0", "passed"),
        ([600] * 24 + [599], "59.9", "failed"),
        ([600] * 24 + [601], "60.0", "passed"),
        ([1000] * 3, "100.0", "passed"),
        ([0] * 3, "0.0", "failed"),
        ([5, 5, 6], "0.5", "failed"),
        ([853, 853, 854], "85.3", "passed"),
    ],
)
def test_the_boundary(scores: list[int], shown: str, verdict: str) -> None:
    counts = Counts(25, 25, 25, 0, 0, 0, tuple(scores))
    assert (mean_text(sum(scores), len(scores)), decide(RULES[0], counts)) == (shown, verdict)


@settings(derandomize=True, max_examples=1500, deadline=None)
@given(scores=all_scores | near_the_mark)
@example(scores=[599] * 10 + [600] * 15)
def test_what_is_shown_is_the_mean_cut_off_and_never_contradicts_the_verdict(scores: list[int]) -> None:
    counts = Counts(25, 25, 25, 0, 0, 0, tuple(scores))
    verdict, shown = decide(RULES[0], counts), mean_text(sum(scores), len(scores))
    assert Decimal(shown) == points(scores).quantize(Decimal("0.1"), ROUND_DOWN)
    assert (verdict is Verdict.PASSED) is (Decimal(shown) >= 60)
    assert abs(fmean(scores) / 10 - float(shown)) < 0.1 + 1e-9


@settings(derandomize=True, max_examples=300, deadline=None)
@given(scores=all_scores, abstain=st.integers(0, 5), silent=st.integers(0, 5), recused=st.integers(0, 5))
def test_people_without_a_score_do_not_move_the_mean(
    scores: list[int], abstain: int, silent: int, recused: int
) -> None:
    rules = [rule for rule in RULES if rule.absences is not Absences.INVALID and rule.quorum == Quorum(0)]
    present = len(scores) + abstain + silent
    counts = Counts(present + recused, present, present, 0, 0, abstain, tuple(scores))
    alone = Counts(len(scores), len(scores), len(scores), 0, 0, 0, tuple(scores))
    assert {decide(rule, counts) for rule in rules} == {decide(RULES[0], alone)}
