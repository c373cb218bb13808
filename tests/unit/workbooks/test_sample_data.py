"""Sample data read back: the faults found are the faults made, and everybody can be seated."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import chain, combinations

import pytest

from defense.domain.eligibility import Requirement, Severity, assess_eligibility
from defense.domain.eligibility_rules import RULES
from defense.domain.recusal import find_conflicts
from defense.domain.vocabulary import PREFECTURES, Affiliation
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.integrations.sample_data import write_sample_data
from defense.integrations.sample_data.faults import NOT_SHOWN
from defense.integrations.workbooks import read_applications, read_experts, read_panels

FIRST_DAY = date(2021, 11, 22)


@dataclass
class Sample:
    summary: object
    applications: object
    experts: object
    panels: object
    heard: list
    found: Counter
    noted: set

    def units_on(self, panel):
        units = {row.record.number: row.record.unit for row in self.experts.rows}
        return {number: units[number] for number in panel.member_numbers}

    def accepting(self, record):
        panels = (row.record for row in self.panels.rows)
        return [
            panel
            for panel in panels
            if record.series in panel.series
            and record.level in panel.levels
            and (not panel.specialties or record.specialty in panel.specialties)
        ]

    def free(self, record):
        return [p for p in self.accepting(record) if not find_conflicts(record.unit, self.units_on(p), ())]


def write_and_read(directory, candidates, seed, rules):
    summary = write_sample_data(directory, candidates, seed, FIRST_DAY, rules)
    applications = read_applications((directory / "applications.xlsx").read_bytes(), rules)
    experts = read_experts((directory / "experts.xlsx").read_bytes(), rules)
    pool = {row.record.number: row.record.level for row in experts.rows}
    panels = read_panels((directory / "panels.xlsx").read_bytes(), rules, pool)
    calendar = ChineseWorkingCalendar(rules.extra_days_off)
    found, noted, heard = Counter(), set(), []
    for row in applications.rows:
        assessment = assess_eligibility(row.record, rules, calendar)
        found.update(f.code for f in assessment.findings if f.severity is not Severity.INFO)
        noted.update(f.code for f in assessment.findings)
        if assessment.valid and assessment.requirement is not Requirement.NOT_REQUIRED:
            heard.append(row.record)
    return Sample(summary, applications, experts, panels, heard, found, noted)


@pytest.fixture(scope="module", params=[(12, 1), (40, 2), (240, 3), (600, 4)], ids=str)
def sample(request, tmp_path_factory, rules):
    candidates, seed = request.param
    return write_and_read(tmp_path_factory.mktemp("sample") / "new", candidates, seed, rules)


def test_faults_found_are_the_faults_made(sample):
    summary = sample.summary
    assert sample.applications.rows_seen == summary.candidates
    refused = {(error.sheet, error.row) for error in sample.applications.errors}
    assert len(refused) == len(sample.applications.errors) == sum(summary.unreadable.values())
    assert len(sample.applications.rows) == summary.candidates - len(refused)
    assert sample.found == Counter(summary.found)
    assert len(refused) + sum(sample.found.values()) == summary.candidates // 12


def test_counts_and_clean_pools(sample):
    summary = sample.summary
    assert (sample.experts.errors, sample.panels.errors) == ((), ())
    assert len(sample.heard) == summary.heard
    assert len(sample.experts.rows) == summary.experts
    assert len(sample.panels.rows) == summary.panels
    assert sum(len(row.record.half_days) for row in sample.panels.rows) == summary.panel_half_days


def test_persons_are_distinct(sample):
    experts = [row.record for row in sample.experts.rows]
    for field in ("name", "email", "phone"):
        assert len({getattr(expert, field) for expert in experts}) == len(experts)
    records = [row.record for row in sample.applications.rows]
    assert len({record.email for record in records}) == len(records)
    assert all(record.email.endswith(".example.com") for record in records)


def test_every_combination_of_the_round_is_accepted(sample, rules):
    panels = [row.record for row in sample.panels.rows]
    for series in rules.series:
        for level in series.levels:
            for specialty in series.specialties:
                assert any(
                    series.name in p.series
                    and level in p.levels
                    and (not p.specialties or specialty in p.specialties)
                    for p in panels
                )


def test_half_days_are_weekdays_and_shared_experts_are_never_needed_twice(sample):
    taken = defaultdict(list)
    for row in sample.panels.rows:
        for number in row.record.member_numbers:
            taken[number] += row.record.half_days
        assert all(period.start_at.weekday() < 5 for period in row.record.half_days)
    assert all(len(set(periods)) == len(periods) for periods in taken.values())


def test_everybody_can_be_seated_without_a_conflict(sample, rules):
    """Hall's condition, in minutes: no set of panels is the only choice of more people than it can hear."""
    absent = {(row.record.number, p) for row in sample.experts.rows for p in row.record.unavailable}
    longest_min = max(rules.defence.duration_min.values()) + rules.defence.buffer_min
    capacity_min, demands = {}, defaultdict(list)
    for row in sample.panels.rows:
        whole = [
            p for p in row.record.half_days if not any((n, p) in absent for n in row.record.member_numbers)
        ]
        # What is left at the end of a half-day may be too short for one more person.
        capacity_min[row.record.name] = sum(
            (p.end_at - p.start_at).total_seconds() / 60 - longest_min + 1 for p in whole
        )
    for record in sample.heard:
        minutes = rules.defence.duration_min[record.level] + rules.defence.buffer_min
        names = frozenset(panel.name for panel in sample.accepting(record))
        demands[names].append((minutes, frozenset(panel.name for panel in sample.free(record))))
    for names, people in demands.items():
        for chosen in chain.from_iterable(combinations(names, n) for n in range(len(names) + 1)):
            needed = sum(minutes for minutes, free in people if free <= set(chosen))
            assert needed <= sum(capacity_min[name] for name in chosen)


def test_a_whole_round_has_everything_that_a_centre_meets(tmp_path, rules):
    sample = write_and_read(tmp_path, 240, 3, rules)
    records = [row.record for row in sample.applications.rows]
    assert {record.series for record in records} == {series.name for series in rules.series}
    assert {record.affiliation for record in records} == set(Affiliation)
    assert {record.prefecture for record in records} == set(PREFECTURES)
    assert any("·" in record.name for record in records)
    assert 10 <= sample.summary.panels <= 12
    sizes = {len(row.record.member_numbers) for row in sample.panels.rows}
    assert sizes == {3, 5, 7}
    seats = Counter(number for row in sample.panels.rows for number in row.record.member_numbers)
    assert 1 <= sum(count == 2 for count in seats.values()) <= 6
    assert any(row.record.unavailable for row in sample.experts.rows)
    with_conflict = [r for r in sample.heard if len(sample.free(r)) < len(sample.accepting(r))]
    assert len(with_conflict) > len(sample.heard) / 5


def test_every_rule_is_shown_but_those_with_a_reason(tmp_path, rules):
    sample = write_and_read(tmp_path, 800, 4, rules)
    assert sample.found == Counter(sample.summary.found)
    assert {rule.code for rule in RULES} - sample.noted == NOT_SHOWN.keys()
    assert sample.noted.isdisjoint(NOT_SHOWN)


def test_the_same_seed_gives_the_same_bytes(tmp_path, rules):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_sample_data(tmp_path / name, 24, seed, FIRST_DAY, rules)
    for file in ("applications.xlsx", "experts.xlsx", "panels.xlsx"):
        first, same, other = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert first == same
        assert first != other


def test_the_first_applicants_have_whole_records(sample, rules):
    """Every part that the page of an application shows is there, and true to the main sheet."""
    whole = [row.record for row in sample.applications.rows][:40]
    for record in whole:
        assert record.degrees
        assert record.employments
        assert record.achievement_items
        assert len(record.submissions) == record.submission_count
        assert record.audit_steps[-1].passed == record.formal_review_passed
        assert (record.fee_payment is not None) == record.fee_paid
        assert bool(record.exams) == record.has("exam_result")
        assert (record.commission is not None) == record.has("commission_letter")
        assert all(training.hours for training in record.trainings)
        assert all(appraisal.grade for appraisal in record.appraisals)
        assert all(a.name and a.size and a.sha256 and a.upstream_id for a in record.attachments)
