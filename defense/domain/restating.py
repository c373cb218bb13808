"""What a bare statement of a record, as a workbook makes it, leaves standing of what was known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from defense.domain.application import ApplicationRecord
from defense.domain.record_parts import Appraisal, Attachment, ProofKind, Training, section_of

PartT = TypeVar("PartT")

_UNSAID = (
    "ethnicity", "political_status", "present_title_on", "professional_years", "degrees", "exams",
    "employments", "achievement_items", "submissions", "audit_steps", "recommending_opinion",
    "supervising_opinion", "commission", "fee_payment",
)  # fmt: skip
"""Fields that keep their value where a statement says nothing."""

_KEYS: dict[str, Callable[[Any], object]] = {
    "attachments": lambda attachment: attachment.kind,
    "trainings": lambda training: (training.kind, training.year),
    "appraisals": lambda appraisal: appraisal.year,
}
"""What a bare statement names of a part."""


def stated_proofs(kinds: Iterable[ProofKind]) -> tuple[Attachment, ...]:
    """Attachments of which all that is known is that they are there."""
    return tuple(Attachment(kind, section_of(kind)) for kind in kinds)


def keep_details(
    before: ApplicationRecord, stated: ApplicationRecord, spoken_of: Collection[ProofKind]
) -> ApplicationRecord:
    """The stated record, with the details known before that it does not contradict.

    Who says again that a certificate is there must not wipe out its file name, hours and digest.

    Parameters
    ----------
    spoken_of : kinds of proof that the statement would name if they were there; of others it says nothing.
    """
    told = {a.kind for a in stated.attachments}
    unspoken = tuple(a for a in before.attachments if a.kind not in spoken_of and a.kind not in told)
    publicity, posting = stated.publicity, stated.aid_posting
    if (publicity.start, publicity.end) == (before.publicity.start, before.publicity.end):
        known = before.publicity
        publicity = replace(
            publicity,
            outcome=publicity.outcome or known.outcome,
            stated_days=publicity.stated_days if publicity.stated_days is not None else known.stated_days,
        )
    if posting and before.aid_posting and not posting.sending_unit:
        posting = replace(posting, sending_unit=before.aid_posting.sending_unit)
    kept: dict[str, Any] = {
        name: getattr(before, name) for name in _UNSAID if getattr(stated, name) in ("", None, ())
    }
    return replace(
        stated,
        attachments=_with_details("attachments", (*stated.attachments, *unspoken), before.attachments),
        trainings=_with_details("trainings", stated.trainings, before.trainings),
        appraisals=_with_details("appraisals", stated.appraisals, before.appraisals),
        publicity=publicity,
        aid_posting=posting,
        **kept,
    )


def detail_over_statement(field: str, stated: tuple[Any, ...], detailed: tuple[Any, ...]) -> tuple[Any, ...]:
    """Attachments, trainings or appraisals: what is told in detail, and of the rest the bare statements."""
    key = _KEYS[field]
    keys = {key(part) for part in detailed}
    return (*detailed, *(part for part in stated if key(part) not in keys))


def _is_detailed(part: Any) -> bool:
    if isinstance(part, Attachment):
        return bool(part.name or part.sha256 or part.upstream_id)
    if isinstance(part, Training):
        return part.hours is not None or bool(part.certificate_number)
    return isinstance(part, Appraisal) and bool(part.grade)


def _completed(part: Any, known: Sequence[Any]) -> Any:
    """A file told of again keeps what only the platform knew of it."""
    if not isinstance(part, Attachment):
        return part
    for other in known:
        same = other.sha256 == part.sha256 if part.sha256 and other.sha256 else other.name == part.name
        if same:
            return replace(
                part,
                name=part.name or other.name,
                size=other.size if part.size is None else part.size,
                sha256=part.sha256 or other.sha256,
                upstream_id=part.upstream_id or other.upstream_id,
            )
    return part


def _with_details(field: str, stated: tuple[PartT, ...], before: tuple[PartT, ...]) -> tuple[PartT, ...]:
    """Of each stated key what is stated in detail, else the parts known before, else the bare statement.

    Keys known before keep their place, so that saying the same again changes nothing.
    """
    key = _KEYS[field]
    told: dict[object, list[PartT]] = {}
    for part in stated:
        told.setdefault(key(part), []).append(part)
    kept: list[PartT] = []
    placed: set[object] = set()
    for part in before:
        own = key(part)
        if own not in told:
            continue
        if not any(_is_detailed(p) for p in told[own]):
            kept.append(part)
        elif own not in placed:
            known = [p for p in before if key(p) == own]
            kept += [_completed(p, known) for p in told[own]]
        placed.add(own)
    return (*kept, *(part for part in stated if key(part) not in placed))
