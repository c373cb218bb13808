"""The rule in words: whatever changes a verdict changes the words, in both languages."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

from defense.services.room.rule_words import rule_text, terms_text
from defense.services.wording import RULE_TEXT
from tests.unit.voting.voting_oracle import Split, splits
from voting.rules import (
    RULE_VERSION,
    Absences,
    Abstentions,
    Counts,
    Denominator,
    Quorum,
    Rule,
    RuleName,
    decide,
)

QUORUMS = (Quorum(3), Quorum(5), Quorum(3, 2, 3), Quorum(3, 1, 2))
RULES = [
    Rule(name, RULE_VERSION, *policy)
    for name in RuleName
    for policy in product(Denominator, Abstentions, Absences, QUORUMS)
]


def test_two_rules_with_the_same_words_decide_everything_alike() -> None:
    alike = defaultdict(list)
    for rule in RULES:
        alike[rule_text(rule)].append(rule)
    panels = [split for size in (3, 6) for split in splits(size, " ".join(Split._fields))]
    for rules in alike.values():
        decided = {rule: [decide(rule, counts_of(split, rule)) for split in panels] for rule in rules}
        assert len({tuple(verdicts) for verdicts in decided.values()}) == 1, rules
    # One for each thing that may matter: 3 rules that divide, 3 that do not.
    policies = 3 * 2 * 3 + 2 * 2  # of the ballots cast nobody is missing
    assert len(alike) == len(QUORUMS) * (3 * policies + 3 * 2)


def counts_of(split: Split, rule: Rule) -> Counts:
    cast = split.yes + split.veto + split.abstain
    present = cast + split.sits_silent
    head = (sum(split), present + split.away, present)
    if rule.scores:
        return Counts(*head, 0, 0, split.abstain, (700,) * split.yes + (400,) * split.veto)
    return Counts(*head, split.yes, split.veto, split.abstain)


def test_the_words_name_all_that_a_rule_has() -> None:
    rule = Rule(
        RuleName.TWO_THIRDS,
        RULE_VERSION,
        Denominator.PRESENT,
        Abstentions.LEFT_OUT,
        Absences.LEFT_OUT,
        Quorum(4, 2, 3),
    )
    words = terms_text(rule.to_json())
    for said in (
        "三分之二",
        "到场成员",
        "弃权不计入分母",
        "未投票不计入分母",
        "少于 4 张",
        "2/3",
        "规则版本 1",
    ):
        assert said in words.zh
    for said in (
        "two thirds",
        "present",
        "abstentions leave",
        "missing ballots leave",
        "4 ballots",
        "2/3",
        "version 1",
    ):
        assert said in words.en
    assert set(RULE_TEXT) == {*RuleName, "majority"}
