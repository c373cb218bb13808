"""The rule of a vote as a value, and in words that say all of it: what pages and exports print."""

from __future__ import annotations

from typing import Any

from defense.domain.round_rules import DefenceRules
from defense.domain.text import Text
from voting.rules import (
    RULE_VERSION,
    Absences,
    Abstentions,
    Denominator,
    Quorum,
    Rule,
    RuleName,
)

NAME_TEXT = {
    RuleName.ONE_VOTE_VETO: Text(
        "一票否决制：有一票否决即不通过，没有否决票即通过",
        "One-vote veto: one veto fails, none passes",
    ),
    RuleName.TWO_THIRDS: Text(
        "三分之二通过：通过票达到{of}的三分之二即通过",
        "Two thirds: passed when the yes votes are at least two thirds of {of}",
    ),
    RuleName.ABSOLUTE_MAJORITY: Text(
        "绝对多数：通过票超过{of}的半数即通过",
        "Absolute majority: passed when the yes votes are more than half of {of}",
    ),
    RuleName.SIMPLE_MAJORITY: Text(
        "简单多数：通过票多于否决票即通过，弃权和未投票不影响比较",
        "Simple majority: passed when the yes votes are more than the vetoes; abstentions and missing "
        "ballots do not count in it",
    ),
    RuleName.UNANIMOUS: Text(
        "一致通过：{of}全部投通过票才通过",
        "Unanimous: passed only when the yes votes are all of {of}",
    ),
    RuleName.MEAN_SCORE: Text(
        "平均分制：0 至 100 分，已投分数的平均分不低于 60 分即通过（按未舍入的平均分判定，"
        "显示时舍去第二位小数），弃权和未投票不计分",
        "Mean score: from 0 to 100, passed when the mean of the scores given is at least 60 (decided on the "
        "exact mean, shown with one decimal, cut off); abstentions and missing ballots have no score",
    ),
}
"""`{of}` is the denominator."""

DENOMINATOR_TEXT = {
    Denominator.ALL: Text("全体成员（含回避）", "all members (the recused too)"),
    Denominator.ENTITLED: Text("应到成员（不含回避）", "the entitled members (without the recused)"),
    Denominator.PRESENT: Text(
        "到场成员（开始表决时在场或已投票）",
        "the members present (in the room when the ballot opened, or with a ballot)",
    ),
    Denominator.CAST: Text("已投票成员", "the ballots cast"),
}
ABSTENTIONS_TEXT = {
    Abstentions.AGAINST: Text("弃权计入分母", "abstentions stay in the denominator"),
    Abstentions.LEFT_OUT: Text("弃权不计入分母", "abstentions leave the denominator"),
}
ABSENCES_TEXT = {
    Absences.AGAINST: Text("未投票计入分母", "missing ballots stay in the denominator"),
    Absences.LEFT_OUT: Text("未投票不计入分母", "missing ballots leave the denominator"),
    Absences.INVALID: Text(
        "应到成员有一人未投票，表决即无效", "the vote is invalid if an entitled member's ballot is missing"
    ),
}
_VETO_STANDS = Text("；但否决票一律有效", "; a veto stands all the same")


def rule_of(rules: DefenceRules) -> Rule:
    """The rule by which a ballot that opens now will be decided."""
    return Rule(
        RuleName(rules.panel_rule),
        RULE_VERSION,
        Denominator(rules.denominator),
        Abstentions(rules.abstentions),
        Absences(rules.absences),
        Quorum(rules.quorum_at_least, rules.quorum_numerator, rules.quorum_denominator),
    )


def rule_text(rule: Rule) -> Text:
    """A rule wholly: name, share and denominator, abstentions, absences, quorum, version."""
    exception = _VETO_STANDS if rule.name is RuleName.ONE_VOTE_VETO else Text("", "")
    return Text(
        "{how}{policies}。{quorum}，或全部弃权，表决无效{exception}。（规则版本 {version}）",
        "{how}{policies}. The vote is invalid with {quorum}, or with abstentions only{exception}. "
        "(Rule version {version})",
    ).format(
        how=NAME_TEXT[rule.name].format(of=DENOMINATOR_TEXT[rule.denominator]),
        policies=_policies_text(rule),
        quorum=_quorum_text(rule.quorum),
        exception=exception,
        version=rule.version,
    )


def terms_text(terms: dict[str, Any]) -> Text:
    """`rule_text` of the rule that a round of voting keeps, `BallotRound.terms`."""
    return rule_text(Rule.from_json(terms))


def _policies_text(rule: Rule) -> Text:
    """What the policies change under this rule; of those without effect nothing is said."""
    parts = [ABSTENTIONS_TEXT[rule.abstentions]] if rule.divides else []
    # Who did not vote is not in a denominator of ballots cast.
    in_denominator = rule.divides and rule.denominator is not Denominator.CAST
    if rule.absences is Absences.INVALID or in_denominator:
        parts.append(ABSENCES_TEXT[rule.absences])
    return Text("".join(f"；{part.zh}" for part in parts), "".join(f"; {part.en}" for part in parts))


def _quorum_text(quorum: Quorum) -> Text:
    least, share = max(quorum.at_least, 1), f"{quorum.numerator}/{quorum.denominator}"
    if not quorum.numerator:
        return Text(f"已投票少于 {least} 张", f"fewer than {least} ballots")
    return Text(
        f"已投票少于 {least} 张或少于全体成员（含回避）的 {share}",
        f"fewer than {least} ballots or than {share} of all members (the recused too)",
    )
