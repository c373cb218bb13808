"""Words for the codes that pages and exports share."""

from __future__ import annotations

from defense.domain.text import Text

ROLE_TEXT = {
    "staff": Text("工作人员", "staff"),
    "secretary": Text("秘书", "secretary"),
    "supervisor": Text("监督员", "supervisor"),
    "expert": Text("专家", "expert"),
    "candidate": Text("申报人", "candidate"),
}
REQUIREMENT_TEXT = {
    "required": Text("须答辩", "must defend"),
    "not_required": Text("无需答辩", "need not defend"),
    "pending": Text("待裁定", "to be ruled on"),
}
RULE_TEXT = {
    "one_vote_veto": Text("一票否决制", "one-vote veto"),
    "two_thirds": Text("三分之二以上通过", "two thirds"),
    "absolute_majority": Text("绝对多数（过半数）通过", "absolute majority"),
    "simple_majority": Text("简单多数通过", "simple majority"),
    "unanimous": Text("一致通过", "unanimous"),
    "mean_score": Text("平均分制（60 分通过）", "mean score of at least 60"),
    # As older entries of the log name the absolute majority.
    "majority": Text("过半数通过", "majority"),
}
"""The names; `rule_words.rule_text` says what they mean."""
EFFECT_TEXT = {
    "veto": Text("答辩不通过即评审不通过", "a failed defence fails the application"),
    "reference": Text("答辩结果供评委会参考", "the outcome informs the committee"),
}
