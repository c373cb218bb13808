"""One application with all that is needed to judge it, and what the questions about it have in common.

A question answers False when there is nothing to report, else True or the values that its text names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from defense.domain.application import ApplicationRecord
from defense.domain.errors import InvalidInput
from defense.domain.record_parts import PROOF_TEXT, ProofKind, section_of
from defense.domain.text import Text
from defense.domain.working_days import WorkingCalendar, count_working_days
from defense.domain.zone import BEIJING

if TYPE_CHECKING:
    from defense.domain.round_rules import RoundRules

MOST_SHOWN = 5

Given = Mapping[str, Any]
"""The parameters of a rule, as the round has them."""
Answer = Mapping[str, object] | bool


@dataclass(frozen=True)
class Case:
    """One application, its round's rules, and the calendar of its working days."""

    record: ApplicationRecord
    rules: RoundRules
    calendar: WorkingCalendar

    @cached_property
    def submitted_on(self) -> date:
        """The day of submission in Beijing."""
        return self.record.submitted_at.astimezone(BEIJING).date()

    @cached_property
    def proofs(self) -> frozenset[ProofKind]:
        """The proofs that are where the notice wants them; 错传 counts as not uploaded (notice 三(二))."""
        return frozenset(a.kind for a in self.record.attachments if a.section == section_of(a.kind))

    @cached_property
    def files_are_told(self) -> bool:
        """Whether the files are known; a workbook's row only says of some kinds that there are any."""
        return any(a.name or a.upstream_id or a.sha256 for a in self.record.attachments)

    @cached_property
    def is_told_in_full(self) -> bool:
        """Whether the record has details that a workbook's row cannot carry."""
        record = self.record
        return bool(record.degrees or record.employments or record.submissions or record.audit_steps)

    @cached_property
    def publicity_days(self) -> int | Text | None:
        """Working days of the publicity; why they cannot be counted; None without both days."""
        start, end = self.record.publicity.start, self.record.publicity.end
        if start is None or end is None:
            return None
        try:
            return count_working_days(start, end, self.calendar)
        except InvalidInput as error:
            return error.text


Question = Callable[[Case, Given], Answer]


def lacks_any_of(case: Case, given: Given) -> Answer:
    """None of the proofs `any_of` is there."""
    return case.proofs.isdisjoint(given["any_of"])


def lacks_when_told(case: Case, given: Given) -> Answer:
    """None of the proofs `any_of` is there, in a record of which the files are known."""
    return case.files_are_told and lacks_any_of(case, given)


def says_anything(text: str) -> bool:
    """Whether a text names something: it is neither empty nor 无."""
    return text.strip() not in ("", "无")


def unless_empty(**values: str | Text) -> Answer:
    """The values, or False when they are all empty."""
    return values if any(v.zh if isinstance(v, Text) else v for v in values.values()) else False


def missing_years(asked: frozenset[int], there: frozenset[int]) -> Answer:
    """The years that are asked for and not there."""
    return unless_empty(years="、".join(str(year) for year in sorted(asked - there)))


def name_proofs(kinds: tuple[ProofKind, ...], joint: Text) -> Text:
    """Kinds of proof in both languages."""
    texts = [PROOF_TEXT[kind] for kind in kinds]
    return Text(joint.zh.join(text.zh for text in texts), joint.en.join(text.en for text in texts))
