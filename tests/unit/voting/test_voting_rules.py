"""Every rule of votes over every split of every panel, against an oracle of sets and fractions."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import pytest

from defense.domain import round_rules
from tests.unit.voting.voting_oracle import (
    ABSENCE_POLICIES,
    ABSTENTION_POLICIES,
    DENOMINATORS,
    RULES_WITH_VOTES,
    Split,
    compared_with,
    splits,
    turnout_is_enough,
    verdict,
)
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
    Verdict,
    choices_of,
    decide,
)

POLICIES = list(product(DENOMINATORS, ABSTENTION_POLICIES, ABSENCE_POLICIES))
QUORUMS = [(3, 0, 1), (0, 2, 3), (5, 1, 2)]
NO_QUORUM = (0, 0, 1)


def make_rule(
    name: str,
    denominator: str = "entitled",
    abstentions: str = "against",
    absences: str = "against",
    quorum: tuple[int, int, int] = (3, 0, 1),
) -> Rule:
    return Rule(
        RuleName(name),
        RULE_VERSION,
        Denominator(denominator),
        Abstentions(abstentions),
        Absences(absences),
        Quorum(*quorum),
    )


def counts_of(split: Split) -> Counts:
    ballots = split.yes + split.veto + split.abstain
    present = ballots + split.sits_silent
    return Counts(sum(split), present + split.away, present, split.yes, split.veto, split.abstain)


def disagreements(
    cases: Iterator[Split], quorums: list[tuple[int, int, int]]
) -> list[tuple[Rule, Split, str]]:
    """Rules and splits on which rules and oracle differ; all six parts of a rule are varied."""
    rules = [
        (name, policy, policy[-1] == "invalid", quorum, make_rule(name, *policy, quorum))
        for name, policy, quorum in product(RULES_WITH_VOTES, POLICIES, quorums)
    ]
    wrong = []
    for split in cases:
        people, counts = split.people(), counts_of(split)
        circles = {policy: compared_with(*policy, people) for policy in POLICIES}
        enough = {q: turnout_is_enough(split, q[0], Fraction(q[1], q[2])) for q in quorums}
        for name, policy, needs_all, quorum, rule in rules:
            expected = verdict(name, split, circles[policy], needs_all, enough[quorum])
            if decide(rule, counts) != expected:
                wrong.append((rule, split, expected))
    return wrong


@pytest.mark.parametrize("panel_size", range(3, 26))
def test_every_split_of_every_panel_under_every_policy(panel_size: int) -> None:
    assert disagreements(splits(panel_size, "yes veto abstain away"), [NO_QUORUM]) == []


@pytest.mark.parametrize("panel_size", range(3, 26))
def test_every_split_under_every_quorum(panel_size: int) -> None:
    rules = {q: [make_rule(name, quorum=q) for name in RULES_WITH_VOTES] for q in QUORUMS}
    for split in splits(panel_size, "yes veto abstain away"):
        counts, circle = counts_of(split), panel_size
        for quorum, of_quorum in rules.items():
            enough = turnout_is_enough(split, quorum[0], Fraction(quorum[1], quorum[2]))
            for rule in of_quorum:
                assert decide(rule, counts) == verdict(rule.name, split, circle, False, enough), (rule, split)


@pytest.mark.parametrize("panel_size", range(3, 9))
def test_every_split_with_silent_and_recused_members_too(panel_size: int) -> None:
    assert disagreements(splits(panel_size, " ".join(Split._fields)), [NO_QUORUM, QUORUMS[1]]) == []


@pytest.mark.parametrize("panel_size", [9, 15, 25])
def test_larger_panels_with_silent_and_recused_members(panel_size: int) -> None:
    """Every number of yes and veto, with some of each other kind or none."""
    votes = ((yes, veto) for yes in range(panel_size + 1) for veto in range(panel_size + 1 - yes))
    cases = (
        Split(yes, veto, abstain, silent, away, recused)
        for (yes, veto), abstain, silent, recused in product(votes, (0, 1), (0, 2), (0, 2))
        if (away := panel_size - yes - veto - abstain - silent - recused) >= 0
    )
    assert disagreements(cases, [NO_QUORUM]) == []


def test_the_splits_are_all_there() -> None:
    """C(n + k - 1, k - 1) ways to divide n people into k kinds, each once."""
    four, six = "yes veto abstain away", " ".join(Split._fields)
    assert [len(set(splits(n, four))) for n in (3, 25)] == [20, 3276]
    assert len(set(splits(8, six))) == len(list(splits(8, six))) == 1287


def test_two_thirds_of_nine_is_six() -> None:
    rule = make_rule("two_thirds")
    assert decide(rule, Counts(9, 9, 9, 6, 3, 0)) is Verdict.PASSED
    assert decide(rule, Counts(9, 9, 9, 5, 4, 0)) is Verdict.FAILED


def test_closing_early_does_not_lift_a_veto() -> None:
    for policy, quorum in product(POLICIES, [*QUORUMS, (25, 1, 1)]):
        rule = make_rule("one_vote_veto", *policy, quorum)
        assert decide(rule, Counts(5, 5, 5, 0, 1, 0)) is Verdict.FAILED
    assert decide(make_rule("one_vote_veto"), Counts(5, 5, 5, 2, 0, 0)) is Verdict.INVALID


def test_a_recused_member_counts_only_among_all_seats() -> None:
    six_of_eight, six_of_ten = Counts(8, 8, 8, 6, 2, 0), Counts(10, 8, 8, 6, 2, 0)
    for denominator in DENOMINATORS:
        rule = make_rule("two_thirds", denominator)
        assert decide(rule, six_of_eight) is Verdict.PASSED
        assert (decide(rule, six_of_ten) is Verdict.PASSED) is (denominator != "all")


@pytest.mark.parametrize(("seats", "needed"), [(3, 3), (4, 3), (5, 4), (9, 6), (10, 7), (25, 17)])
def test_the_share_of_a_quorum_is_rounded_up(seats: int, needed: int) -> None:
    assert Quorum(3, 2, 3).needed(seats) == needed


@pytest.mark.parametrize("quorum", [(-1, 0, 1), (0, 2, 1), (0, -1, 3), (0, 0, 0), (0.5, 0, 1), (True, 0, 1)])
def test_an_impossible_quorum_is_refused(quorum: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="number"):
        Quorum(*quorum)


@pytest.mark.parametrize(
    "counts",
    [
        (3, 3, 3, 4, 0, 0),
        (3, 3, 2, 1, 1, 1),
        (3, 3, 4, 1, 0, 0),
        (3, 4, 3, 1, 0, 0),
        (3, 3, 3, -1, 0, 0),
        (-1, 0, 0, 0, 0, 0),
        (3, 3, 3, 1.0, 0, 0),
        (3, 3, 3, 0, 0, 0, (1001,)),
        (3, 3, 3, 0, 0, 0, (-1,)),
        (3, 3, 3, 0, 0, 0, (59.9,)),
        (3, 3, 3, 0, 0, 0, (1, 2, 3, 4)),
    ],
)
def test_impossible_counts_are_refused(counts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"count|ballots|score|whole"):
        Counts(*counts)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", RuleName)
def test_a_rule_is_read_back_as_it_was_written(name: RuleName) -> None:
    for policy, quorum in product(POLICIES, QUORUMS):
        rule = make_rule(name, *policy, quorum)
        assert Rule.from_json(rule.to_json()) == rule
    written = make_rule(name).to_json()
    assert written == {
        "name": name.value,
        "version": 1,
        "denominator": "entitled",
        "abstentions": "against",
        "absences": "against",
        "quorum": {"at_least": 3, "numerator": 0, "denominator": 1},
    }
    assert type(written["name"]) is str
    for wrong in ({"version": 2}, {"name": "coin"}, {"denominator": "some"}):
        with pytest.raises(ValueError, match=r"no rule|not a valid"):
            Rule.from_json(written | wrong)


def test_a_ballot_says_what_its_rule_knows() -> None:
    assert choices_of(make_rule("mean_score")) == (Choice.SCORE, Choice.ABSTAIN)
    for name in RULES_WITH_VOTES:
        assert choices_of(make_rule(name)) == (Choice.PASS, Choice.VETO, Choice.ABSTAIN)
        with pytest.raises(ValueError, match="another kind"):
            decide(make_rule(name), Counts(3, 3, 3, 0, 0, 0, (600,)))
    with pytest.raises(ValueError, match="another kind"):
        decide(make_rule("mean_score"), Counts(3, 3, 3, 1, 0, 0, (600, 600)))


def test_the_settings_of_a_round_know_the_same_rules() -> None:
    """The domain may not ask the voting room; what it lets through must be what the room knows."""
    assert set(round_rules.PANEL_RULES) == set(RuleName)
    assert set(round_rules.DENOMINATORS) == set(Denominator)
    assert set(round_rules.ABSTENTION_POLICIES) == set(Abstentions)
    assert set(round_rules.ABSENCE_POLICIES) == set(Absences)
