"""What staff may change of a round's `[defence]` rules, and until when."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, InvalidInput
from defense.domain.round_rules import (
    ABSENCE_POLICIES,
    ABSTENTION_POLICIES,
    DENOMINATORS,
    EFFECTS,
    PANEL_RULES,
    DefenceRules,
)
from defense.domain.text import Text
from defense.domain.vocabulary import Level
from defense.models import Round
from defense.services.audit import record_audit

VOTE_SETTINGS = (
    "panel_rule",
    "denominator",
    "abstentions",
    "absences",
    "quorum_at_least",
    "quorum_numerator",
    "quorum_denominator",
    "effect",
    "secret_ballots",
    "min_panel_size",
)
"""How a vote is decided: frozen when the round's first ballot opens (domain.md "One-vote veto")."""


CHOICES = {
    "panel_rule": PANEL_RULES,
    "denominator": DENOMINATORS,
    "abstentions": ABSTENTION_POLICIES,
    "absences": ABSENCE_POLICIES,
    "effect": EFFECTS,
}
RANGES = {
    "quorum_at_least": (1, 25),
    "quorum_numerator": (0, 99),
    "quorum_denominator": (1, 99),
    "min_panel_size": (3, 25),
    "senior_min": (1, 240),
    "senior_statement_min": (0, 239),
    "associate_min": (1, 240),
    "associate_statement_min": (0, 239),
    "discussion_min": (0, 240),
    "buffer_min": (0, 60),
    "check_in_min": (0, 240),
}


@dataclass(frozen=True)
class DefenceSettings:
    """The changeable settings of a round; durations in minutes.

    Raises
    ------
    InvalidInput
        Naming the setting that cannot be like this.
    """

    panel_rule: str
    denominator: str
    abstentions: str
    absences: str
    quorum_at_least: int
    quorum_numerator: int
    quorum_denominator: int
    effect: str
    secret_ballots: bool
    min_panel_size: int
    senior_min: int
    senior_statement_min: int
    associate_min: int
    associate_statement_min: int
    discussion_min: int
    buffer_min: int
    check_in_min: int

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                _refuse(name, Text("请从列表中选择。", "choose from the list."))
        for name, (low, high) in RANGES.items():
            if not low <= getattr(self, name) <= high:
                _refuse(name, Text(f"应在 {low} 至 {high} 之间。", f"from {low} to {high}."))
        if self.quorum_numerator > self.quorum_denominator:
            _refuse("quorum_numerator", Text("不能大于分母。", "not more than the denominator."))
        for level in ("senior", "associate"):
            if getattr(self, f"{level}_statement_min") >= getattr(self, f"{level}_min"):
                _refuse(
                    f"{level}_statement_min",
                    Text(
                        "应短于答辩时长，其余为提问时间。",
                        "shorter than the defence; the rest is for questions.",
                    ),
                )


SETTING_TEXT = {
    "panel_rule": Text("表决规则", "Rule of the vote"),
    "denominator": Text("分母（通过票与之相比）", "Denominator of the yes votes"),
    "abstentions": Text("弃权", "Abstentions"),
    "absences": Text("应到而未投票", "Entitled members who do not vote"),
    "quorum_at_least": Text("有效表决最少票数", "Ballots needed"),
    "quorum_numerator": Text(
        "最少票数占全体成员的比例：分子（0 为不设）", "Share of all members needed: numerator (0: none)"
    ),
    "quorum_denominator": Text("最少票数占全体成员的比例：分母", "Share of all members needed: denominator"),
    "effect": Text("规则效力", "Effect"),
    "secret_ballots": Text("无记名投票", "Secret ballots"),
    "min_panel_size": Text("到会专家最少人数（回避后）", "Fewest experts present, without the recused"),
    "senior_min": Text("正高级答辩时长（分钟）", "Senior defence, minutes"),
    "senior_statement_min": Text("其中正高级陈述（分钟）", "Of these the senior statement, minutes"),
    "associate_min": Text("副高级答辩时长（分钟）", "Associate defence, minutes"),
    "associate_statement_min": Text("其中副高级陈述（分钟）", "Of these the associate statement, minutes"),
    "discussion_min": Text("评议时长（分钟，0 为不限）", "Discussion, minutes (0: no limit)"),
    "buffer_min": Text("两人间隔（分钟）", "Pause between two candidates, minutes"),
    "check_in_min": Text("提前候场（分钟）", "Check-in before the slot, minutes"),
}


def settings_of(round_: Round) -> DefenceSettings:
    """The settings in force."""
    rules = round_.rules.defence
    return DefenceSettings(
        **{name: getattr(rules, name) for name in (*VOTE_SETTINGS, *_PLAIN_TIMES)},
        senior_min=rules.duration_min[Level.SENIOR],
        senior_statement_min=rules.statement_min[Level.SENIOR],
        associate_min=rules.duration_min[Level.ASSOCIATE],
        associate_statement_min=rules.statement_min[Level.ASSOCIATE],
    )


_PLAIN_TIMES = ("discussion_min", "buffer_min", "check_in_min")


def rules_with(rules: DefenceRules, wanted: DefenceSettings) -> DefenceRules:
    """The rules of the votes as they would be with other settings."""
    return replace(rules, **{name: getattr(wanted, name) for name in VOTE_SETTINGS})


def change_settings(session: Session, round_: Round, wanted: DefenceSettings, account_id: int) -> None:
    """Keep the settings that staff want, on top of the round's rule file; later schedules follow them.

    Raises
    ------
    IllegalState
        A setting of the vote would change after the first ballot has opened.
    """
    session.refresh(round_, with_for_update=True)
    before, after = asdict(settings_of(round_)), asdict(wanted)
    changed = {name: value for name, value in after.items() if before[name] != value}
    if round_.rules_frozen_at is not None and not changed.keys().isdisjoint(VOTE_SETTINGS):
        raise IllegalState(
            Text(
                "本批次已开始表决，表决规则（含分母、弃权、未投票和最低票数）、效力和投票方式不能再改。",
                "Voting has begun in this round: the rule with all its parts, the effect and the secrecy of "
                "the ballots are frozen.",
            )
        )
    if not changed:
        return
    kept: dict[str, Any] = {name: after[name] for name in (*VOTE_SETTINGS, *_PLAIN_TIMES)}
    kept["duration_min"] = {"senior": wanted.senior_min, "associate": wanted.associate_min}
    kept["statement_min"] = {
        "senior": wanted.senior_statement_min,
        "associate": wanted.associate_statement_min,
    }
    round_.defence_settings = kept
    record_audit(session, "round.settings_changed", f"round:{round_.id}", changed, account_id)


def _refuse(name: str, why: Text) -> NoReturn:
    label = SETTING_TEXT[name]
    raise InvalidInput(Text(f"{label.zh}：{why.zh}", f"{label.en}: {why.en}"))
