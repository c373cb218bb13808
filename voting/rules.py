"""How the votes of a panel become a verdict. Whole numbers only: two thirds of nine is six, not 6.0000001."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

RULE_VERSION = 1
ONE_VOTE_VETO = "one_vote_veto"


class Choice(StrEnum):
    """What a ballot can say."""

    PASS = "pass"  # noqa: S105 - a vote, not a password
    VETO = "veto"
    ABSTAIN = "abstain"


class Verdict(StrEnum):
    """What a round of voting decided; `invalid` means that it decided nothing: too few voted."""

    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"


@dataclass(frozen=True)
class Counts:
    """The numbers of one round. `entitled` counts members after recusal; an unused ballot is in it."""

    entitled: int
    passes: int
    vetoes: int
    abstentions: int

    def __post_init__(self) -> None:
        if min(self.entitled, self.passes, self.vetoes, self.abstentions) < 0:
            raise ValueError(f"negative count in {self}")
        if self.cast > self.entitled:
            raise ValueError(f"more ballots than entitled members in {self}")

    @property
    def cast(self) -> int:
        """Ballots cast."""
        return self.passes + self.vetoes + self.abstentions

    @property
    def unused(self) -> int:
        """Entitled members who did not vote; they stay in the denominator."""
        return self.entitled - self.cast


def _one_vote_veto(counts: Counts) -> bool:
    """No veto (notice 五(四)); `decide` has made sure that enough members spoke."""
    return counts.vetoes == 0


def _two_thirds(counts: Counts) -> bool:
    return 3 * counts.passes >= 2 * counts.entitled


def _majority(counts: Counts) -> bool:
    return 2 * counts.passes > counts.entitled


RULES: dict[str, Callable[[Counts], bool]] = {
    ONE_VOTE_VETO: _one_vote_veto,
    "two_thirds": _two_thirds,
    "majority": _majority,
}


def decide(rule: str, counts: Counts, quorum: int) -> Verdict:
    """The verdict of a rule on the numbers of a round.

    Parameters
    ----------
    quorum : ballots that must be cast; below it, and when everybody abstains, nothing is decided. A veto
        under the one-vote veto stands all the same: no ballot that is missing could lift it, and closing
        early must not be a way to be rid of it.

    Raises
    ------
    KeyError
        The rule is unknown.

    Notes
    -----
    Source: domain.md "One-vote veto". Abstentions and unused ballots stay in the denominator.
    """
    passes = RULES[rule]
    if rule == ONE_VOTE_VETO and counts.vetoes > 0:
        return Verdict.FAILED
    if counts.cast < max(quorum, 1) or counts.abstentions == counts.cast:
        return Verdict.INVALID
    return Verdict.PASSED if passes(counts) else Verdict.FAILED
