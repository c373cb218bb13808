"""Counting the ballots of one round."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voting.rules import Choice, Counts, Verdict, decide


@dataclass(frozen=True)
class CastBallot:
    """What is on one ballot; a veto has its reason."""

    choice: Choice
    veto_reason: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Tally:
    """The result of one round of voting, as it is stored and shown."""

    counts: Counts
    verdict: Verdict
    veto_reasons: tuple[tuple[str, int], ...]
    """Reason and how many vetoes gave it, by name: the order tells nothing about the voters."""
    comments: tuple[str, ...]
    """Free words of vetoes, shuffled."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, written once into the round's row.

        A round that decided nothing will be voted again: how its ballots fell stays untold.
        """
        counts = self.counts
        turnout = {"verdict": self.verdict.value, "entitled": counts.entitled, "cast": counts.cast}
        if self.verdict is Verdict.INVALID:
            return turnout
        return turnout | {
            "passes": counts.passes,
            "vetoes": counts.vetoes,
            "abstentions": counts.abstentions,
            "unused": counts.unused,
            "veto_reasons": [list(pair) for pair in self.veto_reasons],
            "comments": list(self.comments),
        }


def tally_ballots(rule: str, entitled: int, quorum: int, ballots: Sequence[CastBallot]) -> Tally:
    """Count ballots and decide by a rule.

    Raises
    ------
    ValueError
        There are more ballots than entitled members: somebody's was counted twice, so nothing is decided.
    """
    by_choice = Counter(ballot.choice for ballot in ballots)
    counts = Counts(entitled, by_choice[Choice.PASS], by_choice[Choice.VETO], by_choice[Choice.ABSTAIN])
    reasons = Counter(ballot.veto_reason for ballot in ballots if ballot.veto_reason)
    comments = [ballot.comment for ballot in ballots if ballot.comment]
    random.SystemRandom().shuffle(comments)
    return Tally(counts, decide(rule, counts, quorum), tuple(sorted(reasons.items())), tuple(comments))
