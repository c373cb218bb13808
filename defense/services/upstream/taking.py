"""Taking one application of the platform in: at once, as a difference for staff, or as a fault.

A change applies by itself while it is about the same person and nobody relies on the record: no ruling was
made on it and no timetable, published or not, has it. Otherwise it waits until staff accept it or keep what
is held, so that nothing a seat, an invite or a vote rests on changes unseen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.domain.errors import InvalidInput
from defense.domain.identity import parse_id_number
from defense.domain.record_json import part_to_json, record_from_json, record_to_json
from defense.domain.text import Text
from defense.integrations.upstream import FeedItem
from defense.models import (
    Application,
    Round,
    Ruling,
    ScheduledSlot,
    UpstreamDifference,
    UpstreamFault,
    UpstreamHold,
)
from defense.services.audit import record_audit
from defense.services.imports.merging import ApplicationMerger
from defense.services.records.words import FIELD_TEXT, LONGEST

APPROVED = "approved"
STATUSES = (APPROVED, "returned", "withdrawn")


_NUMBER = re.compile(r"[\w（）()〔〕\[\].-]+")
_YEARS = (1900, 2100)
_DAY = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}(T.*)?")


class Taken(StrEnum):
    """What became of an application that the platform gave out."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    DIFFERENT = "different"
    """It waits for staff."""
    PASSED_OVER = "passed_over"
    """Returned or withdrawn before it was ever held here."""
    FAULTY = "faulty"


class _Unreadable(Exception):
    def __init__(self, words: Text) -> None:
        super().__init__(words.en)
        self.words = words


class ApplicationTaker:
    """Takes the applications of one page in; the caller, who began a write, commits.

    Parameters
    ----------
    numbers : of all applications it will be given.
    """

    def __init__(self, session: Session, round_: Round, numbers: Collection[str], now: datetime) -> None:
        self._session, self._round, self._now = session, round_, now
        self._merger = ApplicationMerger(session, round_, says_everything=True, numbers=numbers)

    def take(self, item: FeedItem) -> Taken:
        """Take one in, or keep why it cannot be."""
        number = number_of(item)
        try:
            record = self._record_of(item)
        except _Unreadable as error:
            self._keep_fault(number, error.words)
            return Taken.FAULTY
        self._forget_fault(number)
        application = self._merger.known(record.number)
        if application is None:
            return self._take_new(record, item)
        hold = self._session.get(UpstreamHold, application.id)
        if hold is None:  # it came by workbook before
            hold = UpstreamHold(application_id=application.id, etag="")
            self._session.add(hold)
        if hold.etag == item.etag:
            return Taken.DIFFERENT if hold.is_different else Taken.SAME
        changed = self._merger.changed_fields(record) or ()
        if item.status == APPROVED and not changed:
            self._overtake(application)
            hold.etag, hold.is_different = item.etag, False
            return Taken.SAME
        is_same_person = record.id_number == application.record.id_number
        if item.status == APPROVED and is_same_person and not is_relied_on(self._session, application):
            self._overtake(application)
            self._merger.write(record, None)
            hold.etag, hold.is_different = item.etag, False
            self._audit("upstream.changed", application, changed)
            return Taken.CHANGED
        return self._keep_difference(application, hold, item, record)

    def _take_new(self, record: ApplicationRecord, item: FeedItem) -> Taken:
        if item.status != APPROVED:
            return Taken.PASSED_OVER
        self._merger.write(record, None)
        self._session.flush()
        application = self._merger.known(record.number)
        assert application is not None  # noqa: S101 - written in the line above
        self._session.add(UpstreamHold(application_id=application.id, etag=item.etag))
        self._audit("upstream.taken", application, ())
        return Taken.NEW

    def _keep_difference(
        self, application: Application, hold: UpstreamHold, item: FeedItem, record: ApplicationRecord
    ) -> Taken:
        """The newest version takes the place of one that staff have not decided on yet."""
        open_ = open_difference(self._session, application.id)
        if open_ is not None and open_.etag == item.etag:
            return Taken.DIFFERENT
        self._overtake(application)
        difference = UpstreamDifference(
            application_id=application.id,
            etag=item.etag,
            status=item.status,
            record_json=record_to_json(record),
            noticed_at=self._now,
        )
        self._session.add(difference)
        hold.is_different = True
        changed = self._merger.changed_fields(record) or ()
        self._audit("upstream.differs", application, changed, item.status)
        return Taken.DIFFERENT

    def _overtake(self, application: Application) -> None:
        open_ = open_difference(self._session, application.id)
        if open_ is not None:
            open_.settled_as, open_.settled_at = "overtaken", self._now

    def _audit(
        self, action: str, application: Application, fields: Sequence[str], status: str = APPROVED
    ) -> None:
        """Which fields, but never what they say."""
        detail = {"fields": "、".join(FIELD_TEXT[name].zh for name in fields), "status": status}
        record_audit(self._session, action, f"application:{application.id}", detail)

    def _keep_fault(self, number: str, words: Text) -> None:
        fault = self._fault_of(number)
        if fault is None:
            fault = UpstreamFault(round_id=self._round.id, number=number, words={})
            self._session.add(fault)
        fault.words, fault.noticed_at = words.to_json(), self._now

    def _forget_fault(self, number: str) -> None:
        fault = self._fault_of(number)
        if fault is not None:
            self._session.delete(fault)

    def _fault_of(self, number: str) -> UpstreamFault | None:
        return self._session.scalar(
            select(UpstreamFault).where(
                UpstreamFault.round_id == self._round.id, UpstreamFault.number == number
            )
        )

    def _record_of(self, item: FeedItem) -> ApplicationRecord:
        if item.fault is not None:
            raise _Unreadable(item.fault)
        if item.status not in STATUSES:
            raise _Unreadable(
                Text(f"未知的状态“{item.status[:20]}”", f"an unknown status “{item.status[:20]}”")
            )
        try:
            record = record_from_json(item.record)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise _Unreadable(_place_of(error)) from error
        for words in _problems_of(record, self._round):
            raise _Unreadable(words)
        return record


def open_difference(session: Session, application_id: int) -> UpstreamDifference | None:
    """The difference that staff have yet to decide on."""
    return session.scalar(
        select(UpstreamDifference).where(
            UpstreamDifference.application_id == application_id, UpstreamDifference.settled_as.is_(None)
        )
    )


def is_relied_on(session: Session, application: Application) -> bool:
    """Whether somebody ruled on it, or a timetable has it."""
    if application.defences:
        return True
    ruled = exists().where(Ruling.application_id == application.id)
    planned = exists().where(ScheduledSlot.application_id == application.id)
    return bool(session.scalar(select(ruled | planned)))


def number_of(item: FeedItem) -> str:
    """The 申报编号 as far as it can be kept; ? for what is none."""
    number = item.record.get("number")
    return number[:50] if isinstance(number, str) and number and number.isprintable() else "?"


def _years_of(value: Any) -> Iterator[int]:
    """Of all days and moments of a record as JSON."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _years_of(part)
    elif isinstance(value, str) and (day := _DAY.fullmatch(value)):
        yield int(day[1])


def _place_of(error: Exception) -> Text:
    """The field that cannot be read; not its value, which may be somebody's data."""
    path = str(error.args[0]).split(": ", 2) if error.args else ["?"]
    names = [name for name in path if name.isidentifier()] or ["?"]
    label = FIELD_TEXT.get(names[0], Text(names[0], names[0]))
    place = ".".join(names)
    if isinstance(error, KeyError):
        return Text(f"缺少“{label.zh}”（{place}）", f"“{label.en}” is missing ({place})")
    return Text(f"“{label.zh}”的内容不可用（{place}）", f"“{label.en}” cannot be used ({place})")


def _problems_of(record: ApplicationRecord, round_: Round) -> Iterator[Text]:
    """What the round's dictionary or the form does not have."""
    for name, limit in LONGEST.items():
        if not 0 < len(getattr(record, name)) <= limit:
            label = FIELD_TEXT[name]
            yield Text(
                f"“{label.zh}”为空或超过{limit}字", f"“{label.en}” is empty or longer than {limit} characters"
            )
    if not _NUMBER.fullmatch(record.number):
        yield Text("申报编号含有空格或其他不可用的字符", "the number has a space or another odd character")
    if record.submitted_at.tzinfo is None:
        yield Text("申报时间缺少时区", "the time of submission has no offset")
    if any(not _YEARS[0] <= year <= _YEARS[1] for year in _years_of(part_to_json(record))):
        yield Text("日期的年份不合理", "a day is in a year that cannot be")
    try:
        parse_id_number(record.id_number)
    except InvalidInput as error:
        yield Text("身份证号：{reason}", "ID number: {reason}").format(reason=error.text)
    series = round_.rules.series_named(record.series)
    if series is None:
        known = "、".join(s.name for s in round_.rules.series)
        yield Text(f"本批次没有该系列，可有：{known}", f"the round has no such series; it has: {known}")
    elif record.specialty not in series.specialties:
        known = "、".join(series.specialties)
        yield Text(
            f"“{series.name}”没有该专业，可有：{known}",
            f"“{series.name}” has no such specialty; it has: {known}",
        )
    elif record.level not in series.levels:
        yield Text(f"本批次“{series.name}”不评该级别", f"“{series.name}” has no such level in this round")
