"""The rules against an oracle that counts one member at a time and divides exactly."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from voting.rules import RULES, Choice, Counts, Verdict, decide
from voting.tally import CastBallot, tally_ballots

QUORUM = 3


def splits(panel_size: int) -> Iterator[Counts]:
    """Every way in which the votes of a panel can fall, with ballots unused too."""
    for passes in range(panel_size + 1):
        for vetoes in range(panel_size - passes + 1):
            for abstentions in range(panel_size - passes - vetoes + 1):
                yield Counts(panel_size, passes, vetoes, abstentions)


def expected_verdict(rule: str, counts: Counts) -> str:
    members = ["pass"] * counts.passes + ["veto"] * counts.vetoes + ["abstain"] * counts.abstentions
    members += ["unused"] * (counts.entitled - len(members))
    spoke = [member for member in members if member != "unused"]
    if rule == "one_vote_veto" and "veto" in members:
        return "failed"
    if len(spoke) < QUORUM or set(spoke) == {"abstain"}:
        return "invalid"
    share = Fraction(members.count("pass"), len(members))
    passed = {
        "one_vote_veto": "veto" not in members,
        "two_thirds": share >= Fraction(2, 3),
        "majority": share > Fraction(1, 2),
    }
    return "passed" if passed[rule] else "failed"


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("panel_size", range(3, 10))
def test_every_split_of_every_panel(rule: str, panel_size: int) -> None:
    wrong = [
        (counts, verdict, expected_verdict(rule, counts))
        for counts in splits(panel_size)
        if (verdict := decide(rule, counts, QUORUM)) != expected_verdict(rule, counts)
    ]
    assert wrong == []


def test_two_thirds_of_nine_is_six() -> None:
    assert decide("two_thirds", Counts(9, 6, 3, 0), QUORUM) is Verdict.PASSED
    assert decide("two_thirds", Counts(9, 5, 4, 0), QUORUM) is Verdict.FAILED


def test_closing_early_does_not_lift_a_veto() -> None:
    assert decide("one_vote_veto", Counts(5, 0, 1, 0), QUORUM) is Verdict.FAILED
    assert decide("one_vote_veto", Counts(5, 2, 0, 0), QUORUM) is Verdict.INVALID


def test_an_unknown_rule_decides_nothing() -> None:
    with pytest.raises(KeyError):
        decide("mean_score", Counts(3, 3, 0, 0), QUORUM)


@pytest.mark.parametrize("counts", [(3, 4, 0, 0), (3, 1, 2, 1), (3, -1, 0, 0), (-1, 0, 0, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"count|entitled"):
        Counts(*counts)


def ballots(passes: int, vetoes: int = 0, abstentions: int = 0) -> list[CastBallot]:
    return (
        [CastBallot(Choice.PASS)] * passes
        + [CastBallot(Choice.VETO, "其他", f"word {i}") for i in range(vetoes)]
        + [CastBallot(Choice.ABSTAIN)] * abstentions
    )


def test_more_ballots_than_members_are_never_counted() -> None:
    with pytest.raises(ValueError, match="more ballots than entitled"):
        tally_ballots("one_vote_veto", 5, QUORUM, ballots(6))


def test_an_invalid_round_tells_the_same_however_its_ballots_fell() -> None:
    too_few = [
        tally_ballots("majority", 5, QUORUM, some) for some in (ballots(2), ballots(1, 1), ballots(0, 2))
    ]
    told = [tally.to_json() for tally in too_few]
    assert told == [{"verdict": "invalid", "entitled": 5, "cast": 2}] * 3


def test_a_decided_round_tells_all_its_numbers() -> None:
    tally = tally_ballots("one_vote_veto", 9, QUORUM, ballots(4, 2, 1))
    told = tally.to_json()
    assert sorted(told.pop("comments")) == ["word 0", "word 1"]
    assert told == {
        "verdict": "failed",
        "entitled": 9,
        "cast": 7,
        "passes": 4,
        "vetoes": 2,
        "abstentions": 1,
        "unused": 2,
        "veto_reasons": [["其他", 2]],
    }


def test_the_order_of_ballots_does_not_show_in_the_tally() -> None:
    cast = [CastBallot(Choice.VETO, reason, f"on {reason}") for reason in ("b", "a", "c", "a")]
    orders = {tally_ballots("one_vote_veto", 5, QUORUM, cast).comments for _ in range(200)}
    assert tally_ballots("one_vote_veto", 5, QUORUM, cast).veto_reasons == (("a", 2), ("b", 1), ("c", 1))
    # Twelve orders are possible; that 200 shuffles show one only has a chance of 1 in 12^199.
    assert len(orders) > 1
