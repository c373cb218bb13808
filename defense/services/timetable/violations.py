"""The checker's findings in the words of the round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from defense.domain.text import Text
from scheduler.checker import Rule, Violation

RULE_TEXT = {
    Rule.UNKNOWN_CANDIDATE: Text("申报人已不需排期", "the candidate no longer needs a place"),
    Rule.UNKNOWN_SITTING: Text("该场次已不存在", "the half-day no longer exists"),
    Rule.LISTED_TWICE: Text("同一申报人出现两次", "the candidate is listed twice"),
    Rule.NOT_LISTED: Text("有新的须答辩人员未排入", "a candidate who must defend is not in it"),
    Rule.WRONG_DURATION: Text("时长与级别不符", "the slot is not as long as the level's defence"),
    Rule.OUTSIDE_SITTING: Text("超出该半天的工作时间", "the slot lies outside the half-day"),
    Rule.CATEGORY: Text(
        "该组不评此系列、专业或级别", "the panel does not hear this series, specialty or level"
    ),
    Rule.SITTING_CLOSED: Text("该时段不开会", "nobody may sit at that time"),
    Rule.PANEL_TOO_SMALL: Text("该半天到会专家不足", "too few experts attend that half-day"),
    Rule.PANEL_EVEN: Text("该半天到会专家为偶数", "an even number of experts attends that half-day"),
    Rule.RECUSAL_TOO_FEW: Text("回避后专家不足", "too few experts remain after recusal"),
    Rule.RECUSAL_EVEN: Text("回避后专家为偶数", "an even number of experts remains after recusal"),
    Rule.CANDIDATE_UNAVAILABLE: Text("申报人该时段不便", "the candidate is not available then"),
    Rule.OVERLAP: Text("与前后申报人时间冲突", "it clashes with the candidate before or after"),
    Rule.PANEL_DOUBLE_BOOKED: Text("同一组同时有两场", "a panel would have two sittings at once"),
    Rule.EXPERT_DOUBLE_BOOKED: Text("专家同时出现在两组", "an expert would sit on two panels at once"),
    Rule.ATTENDEE_UNAVAILABLE: Text("须到场人员该时段不便", "a person who must attend is not available then"),
    Rule.ATTENDEE_DOUBLE_BOOKED: Text(
        "须到场人员同时另有安排", "a person who must attend is needed elsewhere at the same time"
    ),
    Rule.PARALLEL_LIMIT: Text("同时开场数超限", "too many sittings at the same time"),
    Rule.PIN_MOVED: Text("已开始或已结束的答辩不能移动", "a defence that has begun cannot be moved"),
    Rule.PIN_DROPPED: Text("已开始或已结束的答辩不能撤出", "a defence that has begun cannot be taken out"),
}


def describe_violations(violations: Sequence[Violation]) -> Text:
    """Which rules are broken, and how often each, in both languages."""
    times = Counter(violation.rule for violation in violations)
    return Text(
        "；".join(f"{RULE_TEXT[rule].zh}（{n} 处）" for rule, n in times.items()) + "。",
        "; ".join(f"{RULE_TEXT[rule].en} ({n})" for rule, n in times.items()) + ".",
    )
