"""What the rows of a workbook would change, column by column: the old value and the new one, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from defense.domain.identity import mask_email, mask_phone
from defense.domain.record_parts import PROOF_TEXT, ProofKind, TrainingKind
from defense.services.records.words import FieldChange, changes_between

_MASKS = {"phone": mask_phone, "email": mask_email}
_LONGEST_SHOWN = 300
_TRAINING_WORDS = {TrainingKind.PROFESSIONAL.value: "专业科目", TrainingKind.PUBLIC.value: "公需科目"}

PAGE_SIZE = 100
"""Changed rows on a page."""


@dataclass(frozen=True)
class ChangesPage:
    """Some of the changed rows that a report lists."""

    rows: tuple[dict[str, Any], ...]
    total: int
    """Of rows that the filter lets through."""
    page: int
    """From 1."""
    pages: int
    columns: tuple[str, ...]
    """All columns in which something changed, to choose from."""
    column: str
    """The one in which rows must differ; empty for any."""


def changes_page(changes: Sequence[dict[str, Any]], column: str, page: int) -> ChangesPage:
    """One page of the changed rows; an unknown column means any, and a page too far the last one."""
    columns = _columns_of(changes)
    column = column if column in columns else ""
    found = changes_of(changes, column)
    pages = max(-(-len(found) // PAGE_SIZE), 1)
    page = min(max(page, 1), pages)
    rows = tuple(found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])
    return ChangesPage(rows, len(found), page, pages, columns, column)


def changes_of(changes: Sequence[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    """The changed rows that differ in a column, all pages of them; an unknown column means any."""
    column = column if column in _columns_of(changes) else ""
    return [change for change in changes if not column or column in change["columns"]]


def _columns_of(changes: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for change in changes for name in change["columns"]))


def record_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """Two applications as JSON; of proofs, trainings and appraisals which one came or went is said.

    Returns
    -------
    list
        Of `{"column", "before", "after"}`; personal values are masked.
    """
    in_words = [_record_in_words(side) for side in (before, after)]
    return [_told(change) for change in changes_between(*in_words)]


def field_differences(
    before: Mapping[str, Any], after: Mapping[str, Any], headers: Mapping[str, str], fields: Sequence[str]
) -> list[dict[str, str]]:
    """The same for experts and panels, whose fields are plain values, lists and mappings."""
    return [
        {
            "column": headers[name],
            "before": _shown(name, before.get(name), after.get(name)),
            "after": _shown(name, after.get(name), before.get(name)),
        }
        for name in fields
    ]


def _told(change: FieldChange) -> dict[str, str]:
    return {"column": change.label.zh, "before": change.before.zh, "after": change.after.zh}


def _record_in_words(record: Mapping[str, Any]) -> dict[str, Any]:
    return dict(record) | {
        "attachments": [_attachment(part) for part in record.get("attachments") or ()],
        "trainings": [_training(part) for part in record.get("trainings") or ()],
        "appraisals": [_appraisal(part) for part in record.get("appraisals") or ()],
    }


def _attachment(part: Mapping[str, Any]) -> str:
    words = PROOF_TEXT[ProofKind(part["kind"])].zh
    return f"{words}（{part['name']}）" if part.get("name") else words


def _training(part: Mapping[str, Any]) -> str:
    hours = f"（{part['hours']}学时）" if part.get("hours") else ""
    return f"{part['year']}年{_TRAINING_WORDS.get(part['kind'], part['kind'])}{hours}"


def _appraisal(part: Mapping[str, Any]) -> str:
    grade = f"（{part['grade']}）" if part.get("grade") else ""
    return f"{part['year']}年度{grade}"


def _shown(name: str, value: Any, other: Any) -> str:
    """The value in words; of two lists only what the other one has not."""
    if isinstance(value, list) and isinstance(other, list):
        value = [part for part in value if part not in other]
    if value is None or value in ("", [], {}):
        return "—"
    if isinstance(value, list):
        text = "、".join("—".join(map(str, part)) if isinstance(part, list) else str(part) for part in value)
    else:
        text = _MASKS.get(name, str)(str(value))
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
