"""The documents that the service writes: what each is called, what one of them is about, and who may have it.

Source: `domain.md`, rows 35 to 37 of the notice's table (附件1 to 附件3) and the papers of a sitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from defense.domain.text import Text


class DocumentRefused(ValueError):
    """A document that may not be written as things stand: which entry stands in the way, and the way out."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Subject(StrEnum):
    """What one document is about."""

    APPLICATION = "application"
    SITTING = "sitting"
    ROUND = "round"


class DocumentKind(StrEnum):
    """A kind of document; the value stands in addresses and in the database."""

    PUBLICITY = "publicity"
    PUBLICITY_OUTCOME = "publicity-outcome"
    RECOMMENDATION = "recommendation"
    TIMETABLE = "timetable"
    ATTENDANCE = "attendance"
    BALLOT_PAPERS = "ballot-papers"
    DEFENCE_RECORDS = "defence-records"
    SUMMARY = "summary"
    MINUTES = "minutes"
    PUBLIC_LIST = "public-list"
    INCIDENTS = "incidents"


@dataclass(frozen=True)
class KindWords:
    """What a kind is called, and what one document of it is about."""

    title: Text
    subject: Subject


KINDS: dict[DocumentKind, KindWords] = {
    DocumentKind.PUBLICITY: KindWords(
        Text("附件1 公示", "Annex 1: publicity notice of the recommending unit"), Subject.APPLICATION
    ),
    DocumentKind.PUBLICITY_OUTCOME: KindWords(
        Text("附件2 公示结果", "Annex 2: outcome of the publicity"), Subject.APPLICATION
    ),
    DocumentKind.RECOMMENDATION: KindWords(
        Text("附件3 推荐意见", "Annex 3: opinion of the supervising unit"), Subject.APPLICATION
    ),
    DocumentKind.TIMETABLE: KindWords(Text("答辩安排表", "Timetable of the defences"), Subject.ROUND),
    DocumentKind.ATTENDANCE: KindWords(Text("签到表", "Attendance sheets"), Subject.SITTING),
    DocumentKind.BALLOT_PAPERS: KindWords(Text("表决票", "Ballot papers"), Subject.SITTING),
    DocumentKind.DEFENCE_RECORDS: KindWords(Text("答辩情况登记表", "Defence records"), Subject.SITTING),
    DocumentKind.SUMMARY: KindWords(Text("答辩汇总表", "Summary of the results"), Subject.ROUND),
    DocumentKind.MINUTES: KindWords(Text("会议记录", "Minutes of the sitting"), Subject.SITTING),
    DocumentKind.PUBLIC_LIST: KindWords(Text("公示名单", "List for public notice"), Subject.ROUND),
    DocumentKind.INCIDENTS: KindWords(Text("异常情况登记表", "Register of incidents"), Subject.ROUND),
}
