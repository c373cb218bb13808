"""Counting: what a tally tells, and what it keeps to itself."""

from __future__ import annotations

import json

import pytest

from voting.rules import (
    RULE_VERSION,
    Absences,
    Abstentions,
    Choice,
    Counts,
    Denominator,
    Quorum,
    Rule,
    RuleName,
    decide,
)
from voting.tally import CastBallot, tally_ballots


def make_rule(name: str, denominator: Denominator = Denominator.ENTITLED) -> Rule:
    return Rule(RuleName(name), RULE_VERSION, denominator, Abstentions.AGAINST, Absences.AGAINST, Quorum(3))


def ballots(passes: int, vetoes: int = 0, abstentions: int = 0) -> list[CastBallot]:
    return (
        [CastBallot(Choice.PASS)] * passes
        + [CastBallot(Choice.VETO, "其他", f"word {i}") for i in range(vetoes)]
        + [CastBallot(Choice.ABSTAIN)] * abstentions
    )


def scores(*tenths: int) -> list[CastBallot]:
    return [CastBallot(Choice.SCORE, score_tenths=score) for score in tenths]


def test_more_ballots_than_members_are_never_counted() -> None:
    with pytest.raises(ValueError, match="more ballots than entitled"):
        tally_ballots(make_rule("one_vote_veto"), 6, 5, 5, ballots(6))


@pytest.mark.parametrize(
    ("name", "cast"),
    [
        ("two_thirds", scores(600, 700, 800)),
        ("mean_score", ballots(3)),
        ("mean_score", [CastBallot(Choice.SCORE)] * 3),
        ("two_thirds", [CastBallot(Choice.PASS, score_tenths=600)] * 3),
        ("mean_score", [*scores(600, 600), CastBallot(Choice.ABSTAIN, score_tenths=600)]),
    ],
)
def test_ballots_of_another_rule_are_never_counted(name: str, cast: list[CastBallot]) -> None:
    with pytest.raises(ValueError, match="ballots that"):
        tally_ballots(make_rule(name), 5, 5, 5, cast)


def test_an_invalid_round_tells_the_same_however_its_ballots_fell() -> None:
    rule = make_rule("absolute_majority")
    told = [
        tally_ballots(rule, 6, 5, 5, some).to_json() for some in (ballots(2), ballots(1, 1), ballots(0, 2))
    ]
    told.append(tally_ballots(make_rule("mean_score"), 6, 5, 5, scores(0, 1000)).to_json())
    assert told == [{"verdict": "invalid", "entitled": 5, "cast": 2}] * 4


def test_a_decided_round_tells_all_its_numbers() -> None:
    told = tally_ballots(make_rule("one_vote_veto"), 10, 9, 8, ballots(4, 2, 1)).to_json()
    assert sorted(told.pop("comments")) == ["word 0", "word 1"]
    assert told == {
        "verdict": "failed",
        "seats": 10,
        "entitled": 9,
        "present": 8,
        "cast": 7,
        "passes": 4,
        "vetoes": 2,
        "abstentions": 1,
        "unused": 2,
        "veto_reasons": [["其他", 2]],
    }


@pytest.mark.parametrize(
    ("denominator", "number"), [("all", 10), ("entitled", 9), ("present", 8), ("cast", 7)]
)
def test_a_share_names_what_it_is_a_share_of(denominator: str, number: int) -> None:
    rule = make_rule("two_thirds", Denominator(denominator))
    assert tally_ballots(rule, 10, 9, 8, ballots(4, 2, 1)).to_json()["denominator"] == number


def test_a_mean_can_be_worked_out_again_and_names_no_single_score() -> None:
    cast = [*scores(991, 1000, 0, 563), CastBallot(Choice.ABSTAIN, comment="word")]
    told = tally_ballots(make_rule("mean_score"), 7, 6, 6, cast).to_json()
    assert told == {
        "verdict": "passed",
        "seats": 7,
        "entitled": 6,
        "present": 6,
        "cast": 5,
        "scores": 4,
        "sum_tenths": 2554,
        "mean": "63.8",
        "abstentions": 1,
        "unused": 1,
        "comments": ["word"],
    }
    assert not {"991", "563"} & set(json.dumps(told).split())


def test_anybody_comes_to_the_verdict_again_from_what_is_told() -> None:
    for name in RuleName:
        rule = make_rule(name)
        cast = scores(600, 599, 601) if rule.scores else ballots(6, 1, 1)
        told = tally_ballots(rule, 10, 9, 9, cast).to_json()
        points = told["sum_tenths"] >= 600 * told["scores"] if rule.scores else None
        again = Counts(
            told["seats"],
            told["entitled"],
            told["present"],
            told.get("passes", 0),
            told.get("vetoes", 0),
            told["abstentions"],
        )
        expected = ("passed" if points else "failed") if rule.scores else decide(rule, again)
        assert told["verdict"] == expected


def test_the_order_of_ballots_does_not_show_in_the_tally() -> None:
    rule = make_rule("one_vote_veto")
    cast = [CastBallot(Choice.VETO, reason, f"on {reason}") for reason in ("b", "a", "c", "a")]
    orders = {tally_ballots(rule, 5, 5, 5, cast).comments for _ in range(200)}
    assert tally_ballots(rule, 5, 5, 5, cast).veto_reasons == (("a", 2), ("b", 1), ("c", 1))
    # Twelve orders are possible; that 200 shuffles show one only has a chance of 1 in 12^199.
    assert len(orders) > 1
    mixed = {
        tally_ballots(make_rule("mean_score"), 5, 5, 5, scores(*order)).counts
        for order in ((1, 2, 3), (3, 1, 2))
    }
    assert len(mixed) == 1
