"""What the answers of real mail services mean for a message."""

from __future__ import annotations

import pytest

from defense.integrations.smtp_answers import AnswerKind, Stage, sort_answer

TOO_FAST = [
    (421, "HL:IFC 163 smtp8 http://mail.163.com/help/help_spam_16.htm"),
    (450, "MI:DMC 163 smtp14"),
    (451, "DT:SPM 126 smtp3"),
    (550, "Mail content frequency limited. http://service.mail.qq.com"),
    (550, "Ip frequency limited"),
    (452, "4.7.0 Too many recipients received this hour"),
    (550, "发信频率超过限制"),
    (421, "4.3.2 Service shutting down"),
]
PASSES = [
    (452, "4.2.2 The recipient's inbox is out of storage space"),
    (552, "5.2.2 Mailbox full"),
    (550, "Requested mail action not taken: try again later"),
    (451, "4.7.1 Greylisting in action, please come back later"),
]
FOR_GOOD = [
    (550, "5.1.1 No such user here"),
    (550, "Mailbox not found. http://service.mail.qq.com"),
    (554, "5.7.1 Message rejected as spam"),
    (553, "5.1.3 Invalid address syntax"),
]


@pytest.mark.parametrize(("code", "words"), TOO_FAST)
@pytest.mark.parametrize("stage", Stage)
def test_too_fast_is_later_and_the_domain_rests(code: int, words: str, stage: Stage) -> None:
    answer = sort_answer(code, words, stage)
    assert (answer.kind, answer.words) == (AnswerKind.LATER, f"{code} {words}")
    # A server that is shutting down would refuse every other sender too, so nothing is tried elsewhere.
    assert answer.domain_rests or (stage is Stage.SENDER and answer.unreachable)


@pytest.mark.parametrize(("code", "words"), PASSES)
@pytest.mark.parametrize("stage", [Stage.RECIPIENT, Stage.CONTENT])
def test_what_passes_is_later_for_this_message_alone(code: int, words: str, stage: Stage) -> None:
    answer = sort_answer(code, words, stage)
    assert (answer.kind, answer.domain_rests, answer.unreachable) == (AnswerKind.LATER, False, False)


@pytest.mark.parametrize(("code", "words"), FOR_GOOD)
@pytest.mark.parametrize("stage", [Stage.RECIPIENT, Stage.CONTENT])
def test_what_stays_is_never(code: int, words: str, stage: Stage) -> None:
    assert sort_answer(code, words, stage).kind is AnswerKind.NEVER


@pytest.mark.parametrize(("code", "words"), FOR_GOOD)
def test_a_refused_sender_stops_everything_and_loses_nothing(code: int, words: str) -> None:
    answer = sort_answer(code, words, Stage.SENDER)
    assert (answer.kind, answer.unreachable) == (AnswerKind.LATER, True)
