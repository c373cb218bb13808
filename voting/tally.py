"""Counting the ballots of one round."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voting.rules import Choice, Counts, Rule, Verdict, choices_of, decide, denominator_of


@dataclass(frozen=True)
class CastBallot:
    """What is on one ballot.

    A veto has its reason, a score its points in tenths, any of them a remark; `expert_id` stands on it only
    where ballots are named.
    """

    choice: Choice
    veto_reason: str | None = None
    comment: str | None = None
    score_tenths: int | None = None
    expert_id: int | None = None


@dataclass(frozen=True)
class Tally:
    """The result of one round of voting, as it is stored and shown."""

    rule: Rule
    counts: Counts
    verdict: Verdict
    veto_reasons: tuple[tuple[str, int], ...]
    """Reason and how many vetoes gave it, by name: the order tells nothing about the voters."""
    comments: tuple[str, ...]
    """Remarks, shuffled."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, written once into the round's row: all that the verdict can be worked out from again.

        A round that decided nothing will be voted again: how its ballots fell stays untold.
        """
        counts = self.counts
        turnout = {"verdict": self.verdict.value, "entitled": counts.entitled, "cast": counts.cast}
        if self.verdict is Verdict.INVALID:
            return turnout
        return turnout | {
            "seats": counts.seats,
            "present": counts.present,
            **(self._scores() if self.rule.scores else self._votes()),
            "abstentions": counts.abstentions,
            "unused": counts.unused,
            "comments": list(self.comments),
        }

    def _votes(self) -> dict[str, Any]:
        votes = {
            "passes": self.counts.passes,
            "vetoes": self.counts.vetoes,
            "veto_reasons": [list(pair) for pair in self.veto_reasons],
        }
        return votes | ({"denominator": denominator_of(self.rule, self.counts)} if self.rule.divides else {})

    def _scores(self) -> dict[str, Any]:
        """Sum and number, not the single scores: in a small panel these would name people."""
        scores = self.counts.scores_tenths
        return {"scores": len(scores), "sum_tenths": sum(scores), "mean": mean_text(sum(scores), len(scores))}


def mean_text(sum_tenths: int, scores: int) -> str:
    """A mean with one decimal, cut off and not rounded: 59.96 is a fail and must not read 60.0."""
    return "{}.{}".format(*divmod(sum_tenths // scores, 10))


def tally_ballots(
    rule: Rule, seats: int, entitled: int, present: int, ballots: Sequence[CastBallot]
) -> Tally:
    """Count ballots and decide by a rule.

    Parameters
    ----------
    seats, entitled, present : members of the panel, of these the ones not recused, and of these the ones in
        the room when the ballot opened or with a ballot.

    Raises
    ------
    ValueError
        There are more ballots than members, or ballots that this rule does not have: nothing is decided.
    """
    strange = {ballot.choice for ballot in ballots}.difference(choices_of(rule))
    scores = [ballot.score_tenths for ballot in ballots if ballot.choice is Choice.SCORE]
    if strange or any((b.choice is Choice.SCORE) is (b.score_tenths is None) for b in ballots):
        raise ValueError(f"ballots that {rule.name} does not have")
    by_choice = Counter(ballot.choice for ballot in ballots)
    counts = Counts(
        seats,
        entitled,
        present,
        by_choice[Choice.PASS],
        by_choice[Choice.VETO],
        by_choice[Choice.ABSTAIN],
        tuple(sorted(score for score in scores if score is not None)),
    )
    reasons = Counter(ballot.veto_reason for ballot in ballots if ballot.veto_reason)
    comments = [ballot.comment for ballot in ballots if ballot.comment]
    random.SystemRandom().shuffle(comments)
    return Tally(rule, counts, decide(rule, counts), tuple(sorted(reasons.items())), tuple(comments))
