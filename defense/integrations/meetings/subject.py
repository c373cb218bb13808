"""A meeting's subject at the provider: the tag stands in it, so that the meeting can be found again."""

from __future__ import annotations

import re
from collections.abc import Callable

from defense.integrations.meetings.provider import MeetingPlan


def subject_with_tag(plan: MeetingPlan, limit: int, measure: Callable[[str], int] = len) -> str:
    """The plan's subject, shortened as far as needed, with the tag in brackets at its end.

    Parameters
    ----------
    limit : longest subject that the provider takes.
    measure : length of a text in the provider's unit: characters, or bytes of UTF-8.
    """
    subject = " ".join(plan.subject.split())
    if carries(subject, plan.tag) and measure(subject) <= limit:
        return subject
    ending = f" [{plan.tag}]"
    subject = subject.replace(ending, "")
    while subject and measure(subject + ending) > limit:
        subject = subject[:-1]
    return (subject + ending).strip()


def carries(subject: str, tag: str) -> bool:
    """Whether the tag stands in a subject as a word of its own, and not as a part of a longer tag."""
    return re.search(rf"(?<![\w-]){re.escape(tag)}(?![\w-])", subject) is not None


def utf8_length(text: str) -> int:
    """Bytes."""
    return len(text.encode())
