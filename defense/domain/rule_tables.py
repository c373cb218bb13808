"""The tables `[rules.<id>]` of a round's file: one for every rule, and no others."""

from __future__ import annotations

from typing import Any

from defense.domain.eligibility_rules import RULE_BY_CODE, RULES
from defense.domain.rule import OFF, RuleSetting, wrong_file


def settings_from(data: dict[str, Any]) -> dict[str, RuleSetting]:
    """Id → setting, for every rule; `data` is the whole file.

    Raises
    ------
    InvalidInput
        Naming the table, and the key in it, that is missing, unknown or wrong.
    """
    tables = data["rules"] if "rules" in data else former_tables(data)
    for code in tables:
        if code not in RULE_BY_CODE:
            raise wrong_file(f"没有 [rules.{code}] 这条规则", f"there is no rule [rules.{code}]")
    for code in RULE_BY_CODE:
        if code not in tables:
            raise wrong_file(f"缺少表 [rules.{code}]", f"the table [rules.{code}] is missing")
    return {rule.code: rule.read(tables[rule.code]) for rule in RULES}


def known_tables(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables of a round made by an older release, as this one reads them.

    A rule that came later is off, for the round was made without it; a parameter that came later has its
    former value; what this release does not know any more is left out.
    """
    known = {}
    for rule in RULES:
        table, later = tables.get(rule.code), rule.former_table()
        if table is None:
            known[rule.code] = later | {"severity": OFF}
        else:
            known[rule.code] = later | {key: value for key, value in table.items() if rule.takes(key)}
    return known


def former_tables(data: dict[str, Any]) -> dict[str, Any]:
    """The tables of a round whose file is older than them and says the same in other places."""
    filing, years = data["filing"], data["proof_years"]
    tables = {rule.code: rule.former_table() for rule in RULES}
    tables["filed_early"]["first_day"] = filing["first_day"]
    tables["filed_late"] |= {key: filing[key] for key in ("last_day", "closing_time")}
    tables["too_many_submissions"]["limit"] = filing["max_submissions"]
    tables["professional_training_missing"]["years"] = years["professional_training"]
    tables["public_training_missing"]["years"] = years["public_training"]
    tables["appraisal_missing"]["years"] = years["appraisal"]
    tables["publicity_too_short"]["min_working_days"] = data["publicity"]["min_working_days"]
    tables["no_exam_result"]["needed_by"] = {
        series["name"]: levels for series in data["series"] if (levels := series.get("exam_result_levels"))
    }
    return tables
