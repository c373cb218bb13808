"""A round's rule file: what it may say of the rules, what is refused by name, and what older files meant."""

import re
import tomllib
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from defense.domain.eligibility import Requirement, Severity, assess_eligibility
from defense.domain.errors import InvalidInput
from defense.domain.record_parts import Appraisal, ProofKind, Publicity
from defense.domain.restating import stated_proofs
from defense.domain.round_rules import BEIJING, parse_round_rules
from defense.domain.vocabulary import Affiliation, Level
from defense.integrations.calendar_days import ChineseWorkingCalendar
from tests.unit.domain.conftest import ROUNDS
from tests.unit.domain.rule_cases import trained

TOML = (ROUNDS / "2021.toml").read_text(encoding="utf-8")
REGION = Path(__file__).parents[2] / "data" / "rounds" / "2024.toml"

FORMER = """
[filing]
first_day = 2020-08-01
last_day = 2020-09-15
closing_time = 18:00:00
max_submissions = 2

[proof_years]
professional_training = [2020]
public_training = [2018, 2019]
appraisal = [2017, 2018, 2019]

[publicity]
min_working_days = 7
"""


def with_table(code, text):
    """The file of 2021 with another text for one table."""
    return re.sub(rf"^\[rules\.{code}\].*?(?=^\[|\Z)", text + "\n", TOML, flags=re.MULTILINE | re.DOTALL)


REFUSED = [
    (with_table("no_photo", ""), "[rules.no_photo]", "missing"),
    (TOML + '\n[rules.no_such_rule]\nseverity = "warn"\n', "[rules.no_such_rule]", "no rule"),
    (with_table("objection_open", "[rules.objection_open]"), "[rules.objection_open] severity", "missing"),
    (
        with_table("objection_open", '[rules.objection_open]\nseverity = "fatal"'),
        "[rules.objection_open] severity",
        "block",
    ),
    (
        with_table("objection_open", '[rules.objection_open]\nseverity = "block"\nlimit = 3'),
        "[rules.objection_open] limit",
        "no such key",
    ),
    (
        with_table("publicity_too_short", '[rules.publicity_too_short]\nseverity = "block"'),
        "[rules.publicity_too_short] min_working_days",
        "missing",
    ),
    *(
        (
            re.sub(rf"^{key} = (?!\[\n).*$", f"{key} = {value}", TOML, count=1, flags=re.MULTILINE),
            f"[rules.{code}] {key}",
            "must be",
        )
        for code, key, value in (
            ("publicity_too_short", "min_working_days", '"5"'),
            ("publicity_too_short", "min_working_days", "0"),
            ("publicity_too_short", "min_working_days", "true"),
            ("filed_early", "first_day", '"2021-08-30"'),
            ("filed_early", "first_day", "2021-08-30T00:00:00"),
            ("filed_late", "closing_time", '"23:59"'),
            ("audit_unfinished", "final_stages", "[]"),
            ("audit_unfinished", "final_stages", '[""]'),
            ("no_commitment_letter", "any_of", '["letter"]'),
            ("professional_training_missing", "years", '["2021"]'),
            ("professional_training_missing", "years", "[20210]"),
            ("no_exam_result", "needed_by", '{ "工程系列" = ["middle"] }'),
            ("no_exam_result", "needed_by", '["senior"]'),
            ("no_commission_letter", "affiliations", '["abroad"]'),
        )
    ),
    (
        with_table("blank_detail", '[rules.blank_detail]\nseverity = "warn"\nfields = ["id_number"]'),
        "[rules.blank_detail] fields",
        "must be",
    ),
    (
        with_table(
            "supervising_opinion_differs",
            '[rules.supervising_opinion_differs]\nseverity = "warn"\nwording = "同意{unit}"',
        ),
        "[rules.supervising_opinion_differs] wording",
        "{name}",
    ),
    (
        with_table("no_photo", '[rules.no_photo]\nseverity = "warn"\nany_of = ["photo"]\nzh = "缺{what}"'),
        "[rules.no_photo] zh",
        "{what}",
    ),
    (
        with_table("no_photo", '[rules.no_photo]\nseverity = "warn"\nany_of = ["photo"]\nen = 7'),
        "[rules.no_photo] en",
        "must be a text",
    ),
    (with_table("no_photo", "[rules]\nno_photo = 3"), "[rules.no_photo]", "must be a table"),
    (
        with_table(
            "defence_required_senior",
            '[rules.defence_required_senior]\nseverity = "block"\nlevels = ["senior"]',
        ),
        "[rules.defence_required_senior] severity",
        "info",
    ),
    (
        with_table(
            "defence_required_senior",
            '[rules.defence_required_senior]\nseverity = "off"\nlevels = ["senior"]',
        ),
        "[rules.defence_…]",
        "whether senior",
    ),
    (
        TOML.replace('needed_by = { "经济系列人力资源管理"', 'needed_by = { "农业系列"'),
        "[rules.no_exam_result] needed_by",
        "no series",
    ),
    (TOML.replace("last_day = 2021-10-08", "last_day = 2021-08-01"), "[rules.filed_late] last_day", "value"),
]


@pytest.mark.parametrize(("toml", "place", "why"), REFUSED)
def test_an_error_names_table_and_key(toml, place, why):
    assert toml != TOML
    with pytest.raises(InvalidInput) as refused:
        parse_round_rules(toml)
    assert place in refused.value.text.zh
    assert place in refused.value.text.en
    assert why in refused.value.text.en
    assert re.search(r"[一-鿿]", refused.value.text.zh.replace(place, ""))


def test_a_file_from_before_the_tables_says_the_same(rules):
    old = TOML[: TOML.index("[rules.series_unknown]")] + FORMER
    old = old.replace(
        'specialties = ["人力资源管理"]', 'specialties = ["人力资源管理"]\nexam_result_levels = ["senior"]'
    )
    former = parse_round_rules(old)
    assert former.filing_opens_at == datetime(2020, 8, 1, tzinfo=BEIJING)
    assert former.filing_closes_at == datetime(2020, 9, 15, 18, tzinfo=BEIJING)
    assert (former.max_submissions, former.min_publicity_working_days) == (2, 7)
    assert former.professional_training_years == {2020}
    assert former.public_training_years == {2018, 2019}
    assert former.appraisal_years == {2017, 2018, 2019}
    needs = {series.name: series.exam_result_levels for series in former.series if series.exam_result_levels}
    assert needs == {"经济系列人力资源管理": (Level.SENIOR,)}
    # All that it did not say is as it was in 2021.
    differing = {code for code in rules.settings if rules.settings[code] != former.settings[code]}
    assert differing == {
        *("filed_early", "filed_late", "too_many_submissions", "publicity_too_short", "no_exam_result"),
        *("professional_training_missing", "public_training_missing", "appraisal_missing"),
    }


def test_a_round_made_by_a_release_with_other_rules_can_be_read(rules):
    text = with_table("no_photo", '[rules.rule_of_old]\nseverity = "warn"')
    text = text.replace("min_working_days = 5", "min_calendar_days = 7")
    with pytest.raises(InvalidInput):
        parse_round_rules(text)
    stored = parse_round_rules(text, of_stored_round=True)
    assert stored.settings["no_photo"].severity is None
    assert stored.min_publicity_working_days == 5
    differing = {code for code in rules.settings if rules.settings[code] != stored.settings[code]}
    assert differing == {"no_photo"}


def test_a_former_file_without_a_key_is_refused():
    old = TOML[: TOML.index("[rules.series_unknown]")] + FORMER.replace("last_day = 2020-09-15\n", "")
    with pytest.raises(InvalidInput, match="last_day"):
        parse_round_rules(old)


@pytest.fixture(scope="module")
def region():
    return parse_round_rules(REGION.read_text(encoding="utf-8"))


@pytest.fixture
def doctor(record):
    """An application of the invented region that breaks none of its rules."""
    return replace(
        record,
        series="卫生系列",
        specialty="内科",
        level=Level.ASSOCIATE,
        submitted_at=datetime(2024, 4, 30, 18, 0, 0, tzinfo=BEIJING),
        work_summary="2005年7月至今在北江省人民医院工作10年左右",
        publicity=Publicity(date(2024, 4, 1), date(2024, 4, 11), objection_open=False),
        attachments=stated_proofs((*(a.kind for a in record.attachments), ProofKind.TITLE_CERTIFICATE)),
        trainings=trained({2022, 2023}, {2023}),
        appraisals=(Appraisal(2022), Appraisal(2023)),
    )


def judge(record, region):
    assessment = assess_eligibility(record, region, ChineseWorkingCalendar(region.extra_days_off))
    return assessment, {f.code: f for f in assessment.findings if f.severity is not Severity.INFO}


def test_another_region_needs_no_code(doctor, region):
    assessment, faults = judge(doctor, region)
    assert faults == {}
    assert assessment.valid
    assert [f.code for f in assessment.findings] == [
        "defence_required_unit"
    ]  # and no veto: for reference only


@pytest.mark.parametrize(
    ("code", "changes", "severity"),
    [
        ("filed_early", {"submitted_at": datetime(2024, 2, 29, 12, tzinfo=BEIJING)}, Severity.BLOCK),
        ("filed_late", {"submitted_at": datetime(2024, 4, 30, 18, 0, 1, tzinfo=BEIJING)}, Severity.BLOCK),
        ("too_many_submissions", {"submission_count": 3}, Severity.BLOCK),
        # Six working days: 清明 takes Thursday and Friday, Sunday the 7th is worked for it.
        ("publicity_too_short", {"publicity": Publicity(date(2024, 4, 1), date(2024, 4, 9), False)}, "block"),
        ("public_training_missing", {"trainings": trained({2022, 2023}, {2022})}, Severity.WARN),
        ("appraisal_missing", {"appraisals": (Appraisal(2023),)}, Severity.BLOCK),
        ("no_commission_letter", {"affiliation": Affiliation.MILITARY}, Severity.BLOCK),
        ("vague_achievements", {"achievements": "做过少量工作"}, Severity.WARN),
        ("blank_field", {"unit": " "}, Severity.BLOCK),
    ],
)
def test_the_values_of_the_other_region_hold(code, changes, severity, doctor, region):
    _, faults = judge(replace(doctor, **changes), region)
    assert {code: severity} == {found: finding.severity for found, finding in faults.items()}


def test_the_other_region_has_its_own_words_and_clauses(doctor, region):
    bare = replace(doctor, attachments=tuple(a for a in doctor.attachments if "title" not in a.kind))
    assessment, faults = judge(bare, region)
    finding = faults["no_title_proof"]
    assert (finding.clause, finding.text.zh) == ("三(二)", "缺职称证书：职称证书")
    assert finding.text.en == "the certificate of the title is missing: title certificate"
    assert not assessment.valid


@pytest.mark.parametrize(
    ("changes", "requirement"),
    [
        ({"affiliation": Affiliation.CENTRAL}, Requirement.REQUIRED),
        ({"affiliation": Affiliation.COUNTY}, Requirement.REQUIRED),
        ({"affiliation": Affiliation.TOWNSHIP}, Requirement.NOT_REQUIRED),
        ({"affiliation": Affiliation.TOWNSHIP, "level": Level.SENIOR}, Requirement.REQUIRED),
    ],
)
def test_who_defends_in_the_other_region(changes, requirement, doctor, region):
    assert judge(replace(doctor, **changes), region)[0].requirement is requirement


def test_what_is_off_is_not_found(doctor, region):
    helper = replace(doctor, in_fanghuiju=True)
    assert "fanghuiju" not in {f.code for f in judge(helper, region)[0].findings}


def test_the_file_of_2021_has_no_table_of_former_days():
    assert not {"filing", "proof_years", "publicity"} & tomllib.loads(TOML).keys()
