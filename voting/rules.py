"""How the votes of a panel become a verdict. Whole numbers only: two thirds of nine is six, not 6.0000001.

Who is counted
--------------
A panel has `seats`. Without the recused it has `entitled` members. `present` are those of them who were in
the room when the ballot opened or have cast one. `cast` are the ballots. Each is a part of the one before.

The number that the yes votes are compared with starts from one of these four (`Denominator`); then
abstentions and entitled members without a ballot stay in it ("against": they help nobody, so they hinder a
yes) or leave it ("left_out"). A recused member is in it only if it starts from all seats.

What the parts of a rule mean for each name
-------------------------------------------
===================  =======================  =========================================================
name                 passes when              denominator and policies
===================  =======================  =========================================================
one_vote_veto        no veto                  without effect: nobody's silence is a veto
two_thirds           3 × yes >= 2 × n         n as above
absolute_majority    2 × yes > n              n as above
simple_majority      yes > veto               without effect: only those two numbers are compared
unanimous            yes = n                  n as above; from all seats, one recusal fails the candidate
mean_score           sum >= 60 × scores       without effect: the mean is that of the scores given, and an
                                              abstention or a missing ballot is not a score of nought
===================  =======================  =========================================================

Under every name: the absence policy "invalid" needs a ballot of every entitled member; a round with fewer
ballots than the quorum, or with nothing but abstentions, decides nothing. A denominator of nought cannot
outlive the second of these: whoever says yes or veto is always in it. One thing precedes them all: a veto
under the one-vote veto stands. No ballot that is missing could lift it, and closing early must not be a way
to be rid of it.

Source: domain.md "One-vote veto", voting.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

RULE_VERSION = 1
"""Of every rule that opens now. What a version means never changes: another meaning is another version."""
PASS_MARK_TENTHS = 600
MAX_SCORE_TENTHS = 1000


class RuleName(StrEnum):
    """How a round of voting is decided."""

    ONE_VOTE_VETO = "one_vote_veto"
    TWO_THIRDS = "two_thirds"
    ABSOLUTE_MAJORITY = "absolute_majority"
    SIMPLE_MAJORITY = "simple_majority"
    UNANIMOUS = "unanimous"
    MEAN_SCORE = "mean_score"


class Choice(StrEnum):
    """What a ballot can say; `choices_of` a rule are some of them."""

    PASS = "pass"  # noqa: S105 - a vote, not a password
    VETO = "veto"
    ABSTAIN = "abstain"
    SCORE = "score"


class Verdict(StrEnum):
    """What a round of voting decided; `invalid` means that it decided nothing."""

    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"


class Denominator(StrEnum):
    """What the yes votes are a share of, before the policies."""

    ALL = "all"
    ENTITLED = "entitled"
    PRESENT = "present"
    CAST = "cast"


class Abstentions(StrEnum):
    """Whether abstentions stay in the denominator."""

    AGAINST = "against"
    LEFT_OUT = "left_out"


class Absences(StrEnum):
    """What an entitled member without a ballot is: in the denominator, out of it, or the end of the round."""

    AGAINST = "against"
    LEFT_OUT = "left_out"
    INVALID = "invalid"


@dataclass(frozen=True)
class Quorum:
    """How many ballots there must be: a number, and a share of all seats, whichever is more."""

    at_least: int
    numerator: int = 0
    denominator: int = 1

    def __post_init__(self) -> None:
        _check_whole(self)
        if not (self.at_least >= 0 and 0 <= self.numerator <= self.denominator and self.denominator >= 1):
            raise ValueError(f"no number of ballots can be {self}")

    def needed(self, seats: int) -> int:
        """Ballots needed of a panel with so many seats, rounded up."""
        return max(self.at_least, -(-seats * self.numerator // self.denominator))


@dataclass(frozen=True)
class Rule:
    """A rule as a value: all that a verdict depends on but the numbers of the round."""

    name: RuleName
    version: int
    denominator: Denominator
    abstentions: Abstentions
    absences: Absences
    quorum: Quorum

    def __post_init__(self) -> None:
        if (self.name, self.version) not in RULES:
            raise ValueError(f"no rule {self.name} of version {self.version}")

    @property
    def scores(self) -> bool:
        """Whether members give points instead of voting yes or veto."""
        return self.name is RuleName.MEAN_SCORE

    @property
    def divides(self) -> bool:
        """Whether the denominator and its policies have an effect."""
        return self.name in (RuleName.TWO_THIRDS, RuleName.ABSOLUTE_MAJORITY, RuleName.UNANIMOUS)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, kept with every round of voting."""
        return {
            key: value.value if isinstance(value, StrEnum) else value for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Rule:
        """The rule that `to_json` wrote.

        Raises
        ------
        ValueError, KeyError, TypeError
            It did not.
        """
        return cls(
            RuleName(data["name"]),
            data["version"],
            Denominator(data["denominator"]),
            Abstentions(data["abstentions"]),
            Absences(data["absences"]),
            Quorum(**data["quorum"]),
        )


@dataclass(frozen=True)
class Counts:
    """The numbers of one round.

    Raises
    ------
    ValueError
        No panel can have voted like this.
    """

    seats: int
    """Members of the panel, the recused too."""
    entitled: int
    present: int
    """Of the entitled: in the room when the ballot opened, or voted."""
    passes: int
    vetoes: int
    abstentions: int
    scores_tenths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_whole(self, "scores_tenths")
        if min(self.passes, self.vetoes, self.abstentions) < 0:
            raise ValueError(f"negative count in {self}")
        if not self.cast <= self.present <= self.entitled <= self.seats:
            raise ValueError(
                f"more ballots than entitled members present, or more of these than seats: {self}"
            )
        if any(type(score) is not int or not 0 <= score <= MAX_SCORE_TENTHS for score in self.scores_tenths):
            raise ValueError(f"a score that is not from 0 to 100 in tenths: {self}")

    @property
    def cast(self) -> int:
        """Ballots cast."""
        return self.passes + self.vetoes + self.abstentions + len(self.scores_tenths)

    @property
    def unused(self) -> int:
        """Entitled members who did not vote."""
        return self.entitled - self.cast


def denominator_of(rule: Rule, counts: Counts) -> int:
    """How many the yes votes are compared with, under a rule that `divides`."""
    cast = counts.cast
    start = {
        Denominator.ALL: counts.seats,
        Denominator.ENTITLED: counts.entitled,
        Denominator.PRESENT: counts.present,
        Denominator.CAST: cast,
    }[rule.denominator]
    if rule.absences is Absences.LEFT_OUT:
        # Of all seats only the recused remain beside the ballots; of the others only the ballots.
        start = cast + counts.seats - counts.entitled if rule.denominator is Denominator.ALL else cast
    return start - (counts.abstentions if rule.abstentions is Abstentions.LEFT_OUT else 0)


def _one_vote_veto(_rule: Rule, counts: Counts) -> bool:
    """Source: notice 五(四)."""
    return counts.vetoes == 0


def _two_thirds(rule: Rule, counts: Counts) -> bool:
    return 3 * counts.passes >= 2 * denominator_of(rule, counts)


def _absolute_majority(rule: Rule, counts: Counts) -> bool:
    return 2 * counts.passes > denominator_of(rule, counts)


def _simple_majority(_rule: Rule, counts: Counts) -> bool:
    return counts.passes > counts.vetoes


def _unanimous(rule: Rule, counts: Counts) -> bool:
    return counts.passes == denominator_of(rule, counts)


def _mean_score(_rule: Rule, counts: Counts) -> bool:
    """The mean itself, before any rounding: 59.96 is below 60."""
    return sum(counts.scores_tenths) >= PASS_MARK_TENTHS * len(counts.scores_tenths)


RULES: dict[tuple[RuleName, int], Callable[[Rule, Counts], bool]] = {
    (RuleName.ONE_VOTE_VETO, 1): _one_vote_veto,
    (RuleName.TWO_THIRDS, 1): _two_thirds,
    (RuleName.ABSOLUTE_MAJORITY, 1): _absolute_majority,
    (RuleName.SIMPLE_MAJORITY, 1): _simple_majority,
    (RuleName.UNANIMOUS, 1): _unanimous,
    (RuleName.MEAN_SCORE, 1): _mean_score,
}


def choices_of(rule: Rule) -> tuple[Choice, ...]:
    """What a ballot can say under a rule."""
    return (Choice.SCORE, Choice.ABSTAIN) if rule.scores else (Choice.PASS, Choice.VETO, Choice.ABSTAIN)


def decide(rule: Rule, counts: Counts) -> Verdict:
    """The verdict of a rule on the numbers of a round.

    Raises
    ------
    ValueError
        There are scores under a rule that has none, or votes under one that has only scores.
    """
    if (counts.passes + counts.vetoes if rule.scores else len(counts.scores_tenths)) > 0:
        raise ValueError(f"ballots of another kind than those of {rule.name}: {counts}")
    if rule.name is RuleName.ONE_VOTE_VETO and counts.vetoes > 0:
        return Verdict.FAILED
    if counts.cast < max(rule.quorum.needed(counts.seats), 1) or counts.abstentions == counts.cast:
        return Verdict.INVALID
    if rule.absences is Absences.INVALID and counts.unused > 0:
        return Verdict.INVALID
    return Verdict.PASSED if RULES[rule.name, rule.version](rule, counts) else Verdict.FAILED


def _check_whole(numbers: Quorum | Counts, *but: str) -> None:
    if any(type(value) is not int for key, value in vars(numbers).items() if key not in but):
        raise ValueError(f"not whole numbers: {numbers}")
