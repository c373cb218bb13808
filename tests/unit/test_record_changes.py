"""Two records side by side, in the words of the form."""

from __future__ import annotations

from typing import Any

import pytest

from defense.domain.record_parts import PROOF_TEXT, ProofKind
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.services.records.words import changes_between


@pytest.mark.parametrize(
    ("name", "before", "after", "told"),
    [
        ("level", "associate", "senior", ("副高级", "正高级")),
        ("affiliation", "prefecture", "central", None),
        (
            "submitted_at",
            "2021-09-22T19:56:00+08:00",
            "2021-09-22T12:00:00Z",
            ("2021-09-22 19:56", "2021-09-22 20:00"),
        ),
        (
            "trainings",
            [{"kind": "professional", "year": 2021, "hours": 60, "certificate_number": "A1"}],
            [{"kind": "professional", "year": 2021, "hours": 60, "certificate_number": "B2"}],
            ("专业科目 2021 60", "专业科目 2021 60（编号或文件不同，此处不显示）"),
        ),
        (
            "attachments",
            [{"kind": "photo", "section": "identity", "name": "a.jpg", "size": 7, "sha256": "00"}],
            [],
            None,
        ),
        ("unit", "senior high school", "新疆大学", ("senior high school", "新疆大学")),
    ],
)
def test_codes_and_moments_are_told_in_words(
    name: str, before: Any, after: Any, told: tuple[str, str] | None
) -> None:
    (change,) = changes_between({name: before}, {name: after})
    if told:
        assert (change.before.zh, change.after.zh) == told
    for word in ("prefecture", "central", "professional", "identity", "photo", "T19:56"):
        assert word not in change.before.zh + change.after.zh


def test_an_english_reader_gets_english_words() -> None:
    proofs = ("photo", "id_scan")
    before = {"level": "associate", "fee_paid": False, "attachments": [{"kind": kind} for kind in proofs]}
    after = {"level": "senior", "fee_paid": True, "attachments": []}
    told = {c.label.en: (c.before.en, c.after.en) for c in changes_between(before, after)}
    assert told["fee"] == ("no", "yes")
    assert told["level"] == (LEVEL_TEXT[Level.ASSOCIATE].en, LEVEL_TEXT[Level.SENIOR].en)
    assert told["attachments"] == ("; ".join(PROOF_TEXT[ProofKind(kind)].en for kind in proofs), "—")
