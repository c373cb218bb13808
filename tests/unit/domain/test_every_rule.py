"""Every rule of the notice, by its id: a record that passes, one that fails, and one on the border."""

import re
import tomllib
from dataclasses import replace
from datetime import date

import pytest

from defense.domain.assessment import Severity
from defense.domain.eligibility import assess_eligibility
from defense.domain.eligibility_rules import RULES
from defense.domain.working_days import count_working_days
from tests.unit.domain.conftest import ROUNDS
from tests.unit.domain.rule_cases import CASES, changed

BY_ID = {rule.code: rule for rule in RULES}


def round_of(changes, code, rules):
    """The round, with another severity of the rule where the case asks for it."""
    severity = changes.get("round")
    if severity is None:
        return rules
    setting = replace(rules.settings[code], severity=None if severity == "off" else Severity(severity))
    return replace(rules, settings={**rules.settings, code: setting})


def found(changes, code, record, rules, calendar):
    assessment = assess_eligibility(changed(record, changes), round_of(changes, code, rules), calendar)
    return {finding.code: finding for finding in assessment.findings}


def faults(findings):
    return {code for code, finding in findings.items() if finding.severity is not Severity.INFO}


def test_the_whole_record_breaks_no_rule(whole_record, rules, calendar):
    assert faults(found({}, "", whole_record, rules, calendar)) == set()


@pytest.mark.parametrize("code", CASES)
def test_passing(code, whole_record, rules, calendar):
    findings = found(CASES[code].passing, code, whole_record, rules, calendar)
    assert code not in findings
    assert faults(findings) == set()


@pytest.mark.parametrize("code", CASES)
def test_failing(code, whole_record, rules, calendar):
    findings = found(CASES[code].failing, code, whole_record, rules, calendar)
    rule, finding = BY_ID[code], findings[code]
    assert (finding.severity, finding.clause, finding.section) == (rule.severity, rule.clause, rule.section)
    assert faults(findings) - CASES[code].besides <= {code}
    assert not re.search(r"[{}]|ProofKind|Text\(", str(finding.text))


@pytest.mark.parametrize("code", CASES)
def test_border(code, whole_record, rules, calendar):
    cases = CASES[code]
    findings = found(cases.border, code, whole_record, rules, calendar)
    assert (code in findings) == cases.border_is_found
    assert faults(findings) - cases.besides <= {code}


def test_every_rule_has_its_cases_and_its_table():
    ids = [rule.code for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert set(ids) == CASES.keys()
    tables = tomllib.loads((ROUNDS / "2021.toml").read_text(encoding="utf-8"))["rules"]
    assert list(tables) == ids
    assert {code: table["severity"] for code, table in tables.items()} == {
        rule.code: rule.severity.value for rule in RULES
    }


def test_every_row_of_the_notice_that_leaves_a_trace_has_a_rule():
    """Rows 4, 26, 27 and 34 leave none; 7 stands with 6 and 8, 37 is the template of 22."""
    assert {rule.row for rule in RULES} == set(range(1, 37)) - {4, 7, 26, 27, 34}


def test_the_three_cases_of_a_rule_differ():
    for code, cases in CASES.items():
        assert cases.failing not in (cases.passing, cases.border) or code == "language_and_computer"
        assert cases.passing != cases.failing


def test_the_fifth_working_day_is_a_saturday_that_is_worked(calendar):
    """18 September 2021 makes up for a day of 中秋节."""
    saturday = date(2021, 9, 18)
    assert saturday.weekday() == 5
    assert count_working_days(date(2021, 9, 14), saturday, calendar) == 5
    assert count_working_days(date(2021, 9, 14), date(2021, 9, 17), calendar) == 4
    # The three days off that follow add nothing; the next working day is the 22nd.
    assert count_working_days(date(2021, 9, 14), date(2021, 9, 21), calendar) == 5
    assert count_working_days(date(2021, 9, 14), date(2021, 9, 22), calendar) == 6


def test_nothing_is_asked_of_a_row_of_a_workbook_that_it_cannot_carry(record, rules, calendar):
    assert faults(found({}, "", record, rules, calendar)) == set()
    posted = {"aid_posting": CASES["aid_no_consent"].passing["aid_posting"], "in_fanghuiju": True}
    assert faults(found({**posted, "works": "论文1篇"}, "", record, rules, calendar)) == set()
