"""What the platform's refusals mean for a delivery."""

from __future__ import annotations

import pytest

from defense.domain.text import Text
from defense.integrations.upstream import FailureKind, UpstreamFailure
from defense.services.upstream.answers import DeskAnswerKind
from defense.services.upstream.desk import answer_of

WORDS = Text("拒绝", "refused")


@pytest.mark.parametrize(
    ("kind", "meaning", "ends_turn"),
    [
        (FailureKind.LATER, DeskAnswerKind.LATER, True),
        (FailureKind.CREDENTIALS, DeskAnswerKind.LATER, True),
        (FailureKind.UNREADABLE, DeskAnswerKind.LATER, False),
        (FailureKind.STALE, DeskAnswerKind.STALE, False),
        (FailureKind.ABSENT, DeskAnswerKind.NEVER, False),
        (FailureKind.REFUSED, DeskAnswerKind.NEVER, False),
    ],
)
def test_only_what_would_be_refused_again_is_given_to_staff(
    kind: FailureKind, meaning: DeskAnswerKind, ends_turn: bool
) -> None:
    answer = answer_of(UpstreamFailure(kind, WORDS))
    assert (answer.kind, answer.ends_turn, answer.words) == (meaning, ends_turn, WORDS)


@pytest.mark.parametrize(("asked", "rest"), [(None, None), (7.0, 7.0), (999_999.0, 3600.0)])
def test_nobody_is_left_alone_for_days(asked: float | None, rest: float | None) -> None:
    assert answer_of(UpstreamFailure(FailureKind.LATER, WORDS, asked)).retry_after_s == rest
