"""Invented contents of every kind of document, in the shape of the real ones: what a template may name.

A template is tried with these before it is taken, and `tools/document_templates.py` is written against them.
Nobody of these names exists; the ID number is the public sample that checks.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from defense.domain.document_kinds import DocumentKind
from defense.services.documents.samples_filing import PUBLICITY, PUBLICITY_OUTCOME, RECOMMENDATION
from defense.services.documents.samples_round import INCIDENTS, PUBLIC_LIST, SUMMARY, TIMETABLE
from defense.services.documents.samples_sitting import (
    ATTENDANCE,
    BALLOT_PAPERS,
    DEFENCE_RECORDS,
    MINUTES,
)

_SAMPLES: dict[DocumentKind, dict[str, Any]] = {
    DocumentKind.PUBLICITY: PUBLICITY,
    DocumentKind.PUBLICITY_OUTCOME: PUBLICITY_OUTCOME,
    DocumentKind.RECOMMENDATION: RECOMMENDATION,
    DocumentKind.TIMETABLE: TIMETABLE,
    DocumentKind.ATTENDANCE: ATTENDANCE,
    DocumentKind.BALLOT_PAPERS: BALLOT_PAPERS,
    DocumentKind.DEFENCE_RECORDS: DEFENCE_RECORDS,
    DocumentKind.SUMMARY: SUMMARY,
    DocumentKind.MINUTES: MINUTES,
    DocumentKind.PUBLIC_LIST: PUBLIC_LIST,
    DocumentKind.INCIDENTS: INCIDENTS,
}


def sample_content(kind: DocumentKind) -> dict[str, Any]:
    """Invented content of a kind, of the shape that `contents.content_of` gives.

    Every optional part is filled. The caller may change what it gets.
    """
    return deepcopy(_SAMPLES[kind])


def shape_of(value: Any) -> Any:
    """The keys and types of a content: lists by their first element, or None when they are empty."""
    if isinstance(value, dict):
        return {key: shape_of(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else None
    return type(value).__name__
