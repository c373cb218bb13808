"""The `[defence]` table: rounds of other years, and faults by name."""

from __future__ import annotations

import json
import re

import pytest

from defense.domain.errors import InvalidInput
from defense.domain.round_rules import parse_round_rules
from defense.domain.vocabulary import Level
from defense.models import Round
from defense.services.room.rule_words import rule_of
from defense.services.rounds import RULE_FILES_DIR
from voting.rules import Absences, Abstentions, Denominator, Quorum, RuleName

TOML = (RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8")
NEW_KEYS = r"(statement_min|discussion_min|denominator|abstentions|absences|quorum_\w+) = .*\n"
OLD_TOML = re.sub(NEW_KEYS, "", TOML).replace('panel_rule = "one_vote_veto"', 'panel_rule = "majority"')


def test_a_round_from_before_has_the_defaults() -> None:
    assert len(OLD_TOML.splitlines()) == len(TOML.splitlines()) - 8
    rules = parse_round_rules(OLD_TOML).defence
    rule = rule_of(rules)
    assert (rule.name, rule.version) == (RuleName.ABSOLUTE_MAJORITY, 1)
    assert (rule.denominator, rule.abstentions, rule.absences) == (
        Denominator.ENTITLED,
        Abstentions.AGAINST,
        Absences.AGAINST,
    )
    assert rule.quorum == Quorum(rules.min_panel_size)
    assert rules.statement_min == {Level.SENIOR: 3, Level.ASSOCIATE: 2}
    assert rules.discussion_min == 5


def test_settings_kept_before_there_were_more_of_them_still_hold() -> None:
    kept = {
        "panel_rule": "majority",
        "effect": "reference",
        "secret_ballots": False,
        "min_panel_size": 5,
        "buffer_min": 0,
        "check_in_min": 10,
        "duration_min": {"senior": 20, "associate": 2},
    }
    rules = Round(
        code="2021", rules_toml=OLD_TOML, defence_settings=kept, scheduling_settings={}
    ).rules.defence
    assert (rule_of(rules).name, rule_of(rules).quorum) == (RuleName.ABSOLUTE_MAJORITY, Quorum(5))
    assert (rules.effect, rules.secret_ballots, rules.buffer_min) == ("reference", False, 0)
    # A statement that would be longer than the defence leaves a minute for questions.
    assert rules.statement_min == {Level.SENIOR: 3, Level.ASSOCIATE: 1}
    assert json.loads(json.dumps(kept)) == kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("panel_rule", '"coin"'),
        ("denominator", '"some"'),
        ("abstentions", '"invalid"'),
        ("absences", '"never"'),
        ("quorum_at_least", "0"),
        ("quorum_numerator", "2"),
        ("quorum_denominator", "0"),
        ("discussion_min", "-1"),
        ("statement_min", "{ senior = 15, associate = 2 }"),
        ("statement_min", "{ senior = -1, associate = 2 }"),
    ],
)
def test_a_fault_names_its_key(key: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=key):
        parse_round_rules(re.sub(rf"^{key} = .*$", f"{key} = {value}", TOML, flags=re.MULTILINE))
