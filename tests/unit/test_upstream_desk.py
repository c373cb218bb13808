"""What the platform's answers mean for a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest

from defense.services.upstream_answers import DeskAnswer, DeskAnswerKind
from defense.services.upstream_desk import PlatformDesk, read_answer


class Silence(StrEnum):
    CUT_OFF = "answer"


@dataclass(frozen=True)
class Answer:
    status: int
    said: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any] | None:
        return self.said


def test_taken_with_the_new_version() -> None:
    answer = read_answer(Answer(200, {"etag": '"2-ab"'}))
    assert (answer.kind, answer.etag) == (DeskAnswerKind.TAKEN, '"2-ab"')


@pytest.mark.parametrize("said", [None, {}, {"etag": ""}, {"etag": 7}])
def test_a_yes_that_cannot_be_read_is_asked_for_again(said: dict[str, Any] | None) -> None:
    """The same key brings the same answer, so nothing is lost by asking twice."""
    assert read_answer(Answer(200, said)).kind is DeskAnswerKind.LATER


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422, 428])
def test_what_is_refused_as_it_is_is_not_tried_again(status: int) -> None:
    answer = read_answer(Answer(status, {"title": "out of order", "detail": "sequence 4 was taken"}))
    assert answer.kind is DeskAnswerKind.NEVER
    assert answer.words.zh == f"HTTP {status} out of order：sequence 4 was taken"


@pytest.mark.parametrize(
    ("status", "ends_turn"),
    [
        (401, True),
        (403, True),
        (429, True),
        (502, True),
        (503, True),
        (504, True),
        (500, False),
        (302, False),
    ],
)
def test_what_may_pass_is_tried_again(status: int, ends_turn: bool) -> None:
    answer = read_answer(Answer(status))
    assert (answer.kind, answer.ends_turn) == (DeskAnswerKind.LATER, ends_turn)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0", 0.0), ("99999999", 3600.0), ("", None), ("-3", None), ("Wed, 21 Oct 2026", None)],
)
def test_the_rest_that_was_asked_for(text: str, seconds: float | None) -> None:
    assert read_answer(Answer(429, headers={"Retry-After": text})).retry_after_s == seconds


def test_a_record_that_changed_upstream_is_no_refusal() -> None:
    assert read_answer(Answer(412, {"title": "changed meanwhile"})).kind is DeskAnswerKind.STALE


def test_no_answer_ends_the_turn_and_is_tried_again() -> None:
    answer = read_answer(Silence.CUT_OFF)
    assert (answer.kind, answer.ends_turn) == (DeskAnswerKind.LATER, True)


def test_numbers_with_strange_characters_stay_within_their_place_in_the_address() -> None:
    paths = []

    def call(method: str, path: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        paths.append((method, path, dict(headers), body))
        return Answer(200, {"etag": "x"})

    def fetch(_application_id: int) -> DeskAnswer:
        raise AssertionError("nothing is to be fetched")

    desk = PlatformDesk(call, fetch)
    desk.put("2021", "../新/1?", "result", {"conclusion": "passed"}, if_match='"1"', key="k")
    ((method, path, headers, body),) = paths
    assert (method, path) == ("PUT", "/rounds/2021/applications/..%2F%E6%96%B0%2F1%3F/result")
    assert headers == {"If-Match": '"1"', "Idempotency-Key": "k", "Content-Type": "application/json"}
    assert body == b'{"conclusion": "passed"}'
