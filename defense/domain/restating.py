"""What a bare statement of a record, as a workbook makes it, leaves standing of what was known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from defense.domain.application import ApplicationRecord
from defense.domain.record_parts import Attachment, ProofKind, section_of

PartT = TypeVar("PartT")

_UNSAID = (
    "ethnicity", "political_status", "present_title_on", "professional_years", "degrees", "exams",
    "employments", "achievement_items", "submissions", "audit_steps", "recommending_opinion",
    "supervising_opinion", "commission", "fee_payment",
)  # fmt: skip
"""Fields that keep their value where a statement says nothing."""


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
    unspoken = tuple(a for a in before.attachments if a.kind not in spoken_of)
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
        attachments=_with_details((*stated.attachments, *unspoken), before.attachments, lambda a: a.kind),
        trainings=_with_details(stated.trainings, before.trainings, lambda t: (t.kind, t.year)),
        appraisals=_with_details(stated.appraisals, before.appraisals, lambda a: a.year),
        publicity=publicity,
        aid_posting=posting,
        **kept,
    )


def _with_details(
    stated: tuple[PartT, ...], before: tuple[PartT, ...], key: Callable[[PartT], object]
) -> tuple[PartT, ...]:
    """Of each stated key all the parts known before in their order, else the stated ones."""
    keys = {key(part) for part in stated}
    known = tuple(part for part in before if key(part) in keys)
    known_keys = {key(part) for part in known}
    return (*known, *(part for part in stated if key(part) not in known_keys))
