"""What staff may change of a round's `[defence]` rules, and until when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, InvalidInput
from defense.domain.round_rules import EFFECTS, PANEL_RULES
from defense.domain.text import Text
from defense.domain.vocabulary import Level
from defense.models import Round
from defense.services.audit import record_audit

VOTE_SETTINGS = ("panel_rule", "effect", "secret_ballots", "min_panel_size")
"""How a vote is decided: frozen when the round's first ballot opens (domain.md "One-vote veto")."""


@dataclass(frozen=True)
class DefenceSettings:
    """The changeable settings of a round; durations in minutes."""

    panel_rule: str
    effect: str
    secret_ballots: bool
    min_panel_size: int
    senior_min: int
    associate_min: int
    buffer_min: int
    check_in_min: int

    def __post_init__(self) -> None:
        if self.panel_rule not in PANEL_RULES or self.effect not in EFFECTS:
            raise InvalidInput(Text("请选择表决规则和效力。", "Choose a rule and an effect."))
        ranges = {
            "min_panel_size": (3, 25),
            "senior_min": (1, 240),
            "associate_min": (1, 240),
            "buffer_min": (0, 60),
            "check_in_min": (0, 240),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidInput(
                    Text(
                        f"{SETTING_TEXT[name].zh}应在 {low} 至 {high} 之间。",
                        f"{SETTING_TEXT[name].en}: from {low} to {high}.",
                    )
                )


SETTING_TEXT = {
    "panel_rule": Text("表决规则", "Rule of the vote"),
    "effect": Text("规则效力", "Effect"),
    "secret_ballots": Text("无记名投票", "Secret ballots"),
    "min_panel_size": Text(
        "有效表决最少票数（到会专家不少于此数）", "Ballots needed, and fewest experts present"
    ),
    "senior_min": Text("正高级答辩时长（分钟）", "Senior defence, minutes"),
    "associate_min": Text("副高级答辩时长（分钟）", "Associate defence, minutes"),
    "buffer_min": Text("两人间隔（分钟）", "Pause between two candidates, minutes"),
    "check_in_min": Text("提前候场（分钟）", "Check-in before the slot, minutes"),
}


def settings_of(round_: Round) -> DefenceSettings:
    """The settings in force."""
    rules = round_.rules.defence
    return DefenceSettings(
        panel_rule=rules.panel_rule,
        effect=rules.effect,
        secret_ballots=rules.secret_ballots,
        min_panel_size=rules.min_panel_size,
        senior_min=rules.duration_min[Level.SENIOR],
        associate_min=rules.duration_min[Level.ASSOCIATE],
        buffer_min=rules.buffer_min,
        check_in_min=rules.check_in_min,
    )


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
                "本批次已开始表决，表决规则、效力、投票方式和最低票数不能再改。",
                "Voting has begun in this round: rule, effect, secrecy and ballots needed are frozen.",
            )
        )
    if not changed:
        return
    kept: dict[str, Any] = {name: after[name] for name in (*VOTE_SETTINGS, "buffer_min", "check_in_min")}
    kept["duration_min"] = {"senior": wanted.senior_min, "associate": wanted.associate_min}
    round_.defence_settings = kept
    record_audit(session, "round.settings_changed", f"round:{round_.id}", changed, account_id)
