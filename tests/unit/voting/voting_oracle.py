"""A second opinion on every vote: people in sets, and fractions; nothing of it is shared with the rules."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement
from typing import NamedTuple

RULES_WITH_VOTES = ("one_vote_veto", "two_thirds", "absolute_majority", "simple_majority", "unanimous")
DENOMINATORS = ("all", "entitled", "present", "cast")
ABSTENTION_POLICIES = ("against", "left_out")
ABSENCE_POLICIES = ("against", "left_out", "invalid")


class Split(NamedTuple):
    """How the members of a panel behaved: one number for each kind of member."""

    yes: int
    veto: int
    abstain: int
    sits_silent: int
    """In the room, no ballot."""
    away: int
    recused: int

    def people(self) -> dict[str, set[int]]:
        """The members by what they did; each person is a number."""
        seated = iter(range(sum(self)))
        return {kind: {next(seated) for _ in range(n)} for kind, n in self._asdict().items()}


def splits(panel_size: int, kinds: str) -> Iterator[Split]:
    """Every way in which a panel can divide into some of the kinds of members."""
    names = kinds.split()
    for bars in combinations_with_replacement(range(panel_size + 1), len(names) - 1):
        edges = (0, *bars, panel_size)
        yield Split(
            **dict.fromkeys(Split._fields, 0)
            | {name: high - low for name, low, high in zip(names, edges, edges[1:], strict=False)}
        )


def compared_with(denominator: str, abstentions: str, absences: str, people: dict[str, set[int]]) -> int:
    """Size of the set that a share is taken of: those it starts with, but for those asked to leave."""
    voted = people["yes"] | people["veto"] | people["abstain"]
    in_the_room = voted | people["sits_silent"]
    circle = {
        "cast": voted,
        "present": in_the_room,
        "entitled": in_the_room | people["away"],
        "all": in_the_room | people["away"] | people["recused"],
    }[denominator]
    if abstentions == "left_out":
        circle = circle - people["abstain"]
    if absences == "left_out":
        circle = circle - people["away"] - people["sits_silent"]
    return len(circle)


@cache
def fewest_yes(rule: str, circle: int) -> int:
    """The smallest number of yes votes that carries a rule; more than there are people when none does."""
    enough = {
        "two_thirds": lambda share: share >= Fraction(2, 3),
        "absolute_majority": lambda share: share > Fraction(1, 2),
        "unanimous": lambda share: share == 1,
    }[rule]
    return next((yes for yes in range(circle + 1) if enough(Fraction(yes, circle))), circle + 1)


def turnout_is_enough(split: Split, at_least: int, share: Fraction) -> bool:
    """Whether as many ballots are there as the quorum wants, of everybody with a seat."""
    ballots = split.yes + split.veto + split.abstain
    return ballots >= at_least and Fraction(ballots, sum(split)) >= share


def verdict(rule: str, split: Split, circle: int, needs_all: bool, enough_ballots: bool) -> str:
    """What the round decided.

    Parameters
    ----------
    circle : of `compared_with`.
    needs_all : a missing ballot makes the round invalid.
    enough_ballots : of `turnout_is_enough`.
    """
    if rule == "one_vote_veto" and split.veto:
        return "failed"
    nobody_spoke = not (split.yes or split.veto)
    somebody_missing = split.sits_silent or split.away
    if nobody_spoke or not enough_ballots or (needs_all and somebody_missing):
        return "invalid"
    if rule == "one_vote_veto":
        return "passed"
    if rule == "simple_majority":
        return "passed" if split.yes - split.veto >= 1 else "failed"
    return "passed" if split.yes >= fewest_yes(rule, circle) else "failed"
