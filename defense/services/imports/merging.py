"""Puts the records of a workbook beside the rows of the database: what is new, what differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import select, union
from sqlalchemy.orm import Session, selectinload

from defense.domain.application import ApplicationRecord
from defense.domain.eligibility import assess_eligibility
from defense.domain.errors import IllegalState
from defense.domain.lifecycle import NOT_BEGUN_STATES
from defense.domain.people import ExpertRecord, PanelRecord
from defense.domain.record_json import record_to_json
from defense.domain.restating import keep_details
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.domain.vocabulary import Level
from defense.domain.working_days import RememberingCalendar
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.integrations.workbooks.applications import STATED_PROOFS
from defense.models import (
    Account,
    Application,
    Defence,
    Expert,
    Panel,
    PanelHalfDay,
    PanelMember,
    Round,
    ScheduledSlot,
    Sitting,
    UpstreamHold,
)
from defense.models.types import utc_now
from defense.services.access import Role, create_account, revoke_account_links
from defense.services.records.assessing import keep_assessment
from defense.services.records.rulings import has_begun
from defense.services.room.presence import hang_up_on
from defense.services.timetable.instance_building import panel_takes
from defense.services.upstream.telling import tell_result

RecordT_contra = TypeVar("RecordT_contra", contravariant=True)

_DEFENCE_RESTS_ON = {"series", "specialty", "level", "unit", "affiliation", "fee_paid"}
"""Fields by which a candidate was given a panel and a slot, and by which experts were recused."""


_SEATED_BY = {"series", "specialty", "level"}
_ANOTHER_PERSON = Text(
    "身份证号改变：可能不是同一人，请核对申报编号",
    "the ID number changes: perhaps this is somebody else; check the number of the application",
)
_SEAT_LOST = Text(
    "已排入{panel}，改后该组不再适用：导入后请调整排期",
    "seated with {panel}, which will not hear it any more: change the timetable after the import",
)


class Merger(Protocol[RecordT_contra]):
    """Compares and writes the records of one kind. Nothing is ever deleted that something else uses."""

    def key(self, record: RecordT_contra) -> str:
        """What names the record in its round."""
        ...

    def changed_fields(self, record: RecordT_contra) -> tuple[str, ...] | None:
        """The fields that differ from the database; empty when none does, None for a new record."""
        ...

    def sides(self, record: RecordT_contra) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is stored and what the record says, by field, for comparing what changed."""
        ...

    def frozen_fields(self, record: RecordT_contra, changed: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the changed fields that may not change any more; with one, the row is refused."""
        ...

    def cautions(self, record: RecordT_contra, changed: Collection[str]) -> Iterable[Text]:
        """What to look at before these fields of a known record are changed."""
        ...

    def is_owned_elsewhere(self, record: RecordT_contra) -> bool:
        """Whether the upstream platform has a known record of its own, and this would differ from it."""
        ...

    def write(self, record: RecordT_contra, account_id: int | None) -> None:
        """Make the database say what the record says; `account_id` is who imports."""
        ...


class ApplicationMerger:
    """Applications, known by their number. What is new or changed is assessed; rulings stay.

    Parameters
    ----------
    says_everything : the records are whole, and not a workbook's statement that leaves details unsaid.
    numbers : of the only applications that will be asked about; None for all of the round.
    """

    def __init__(
        self,
        session: Session,
        round_: Round,
        says_everything: bool = False,
        numbers: Collection[str] | None = None,
    ) -> None:
        self._session, self._round, self._rules = session, round_, round_.rules
        self._says_everything = says_everything
        self._calendar = RememberingCalendar(ChineseWorkingCalendar(self._rules.extra_days_off))
        query = select(Application).where(Application.round_id == round_.id)
        if numbers is not None:
            query = query.where(Application.number.in_(numbers))
        rows = session.scalars(query.options(selectinload(Application.defences)))
        self._known = {row.number: row for row in rows}
        held = select(UpstreamHold.application_id).join(Application).where(Application.round_id == round_.id)
        if numbers is not None:
            held = held.where(Application.number.in_(numbers))
        self._held_ids = set(session.scalars(held))

    def known(self, number: str) -> Application | None:
        """The application of that number, also one that was written a moment ago."""
        return self._known.get(number)

    def key(self, record: ApplicationRecord) -> str:
        """The upstream number (申报编号)."""
        return record.number

    def changed_fields(self, record: ApplicationRecord) -> tuple[str, ...] | None:
        """See `Merger`; the names are those of `ApplicationRecord`."""
        application = self._known.get(record.number)
        if application is None:
            return None
        record = self._with_details(application, record)
        return _differing(application.record_json, record_to_json(record))

    def sides(self, record: ApplicationRecord) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `Merger`: two records as JSON."""
        application = self._known[record.number]
        return application.record_json, record_to_json(self._with_details(application, record))

    def frozen_fields(self, record: ApplicationRecord, changed: tuple[str, ...]) -> tuple[str, ...]:
        """See `Merger`: once a defence has begun, nothing may change on which it, or its result, rests."""
        application = self._known.get(record.number)
        if application is None or not has_begun(application.defences):
            return ()
        before = application.record
        record = self._with_details(application, record)
        verdict = self._verdict(before)
        frozen = tuple(
            name
            for name in changed
            if name in _DEFENCE_RESTS_ON
            or self._verdict(replace(before, **{name: getattr(record, name)})) != verdict
        )
        # Changes that do nothing one by one may do something together.
        return frozen or (changed if self._verdict(record) != verdict else ())

    def cautions(self, record: ApplicationRecord, changed: Collection[str]) -> Iterator[Text]:
        """What to look at before such a change of a known application is taken in."""
        if "id_number" in changed:
            yield _ANOTHER_PERSON
        seats = [d for d in self._known[record.number].defences if d.state in NOT_BEGUN_STATES]
        for seat in seats[-1:]:
            if _SEATED_BY & set(changed) and not panel_takes(seat.sitting.panel, record):
                yield _SEAT_LOST.format(panel=seat.sitting.panel.name)

    def is_owned_elsewhere(self, record: ApplicationRecord) -> bool:
        """See `Merger`."""
        return self._known[record.number].id in self._held_ids

    def write(self, record: ApplicationRecord, account_id: int | None) -> None:
        """See `Merger`.

        Raises
        ------
        IllegalState
            The defence began after the workbook was compared.
        """
        application = self._known.get(record.number)
        if application is None:
            application = Application(round_id=self._round.id, number=record.number)
            self._session.add(application)
            self._known[record.number] = application
        else:
            record = self._with_details(application, record)
            self._hold_defences(application, record)
            if application.name != record.name:
                _rename_account(
                    self._session, Account.application_id == application.id, record.name, account_id
                )
        application.name, application.unit = record.name, record.unit
        application.series, application.specialty = record.series, record.specialty
        application.level = record.level.value
        application.record_json = record_to_json(record)
        application.fee_paid = record.fee_paid
        application.imported_at = utc_now()
        if application.assessment_json is None or not has_begun(application.defences):
            keep_assessment(
                self._session, application, assess_eligibility(record, self._rules, self._calendar)
            )
        if self._round.results_released_at is not None:
            tell_result(self._session, application)

    def may_go_in_bulk(self, record: ApplicationRecord) -> bool:
        """Whether writing it is only a matter of its own row: no account, no result, no begun defence."""
        if self._round.results_released_at is not None:
            return False
        known = self._known.get(record.number)
        return known is None or (known.name == record.name and not has_begun(known.defences))

    def values_of(self, record: ApplicationRecord) -> dict[str, Any]:
        """The columns of the record's row, assessed; the moment of the import is the writer's to say."""
        application = self._known.get(record.number)
        if application is not None:
            record = self._with_details(application, record)
        assessment = assess_eligibility(record, self._rules, self._calendar)
        return {
            "name": record.name,
            "unit": record.unit,
            "series": record.series,
            "specialty": record.specialty,
            "level": record.level.value,
            "record_json": record_to_json(record),
            "fee_paid": record.fee_paid,
            "assessment_json": assessment.to_json(),
            "valid": assessment.valid,
            "requirement": assessment.requirement.value,
        }

    def _with_details(self, application: Application, record: ApplicationRecord) -> ApplicationRecord:
        if self._says_everything:
            return record
        return keep_details(application.record, record, STATED_PROOFS.values())

    def _hold_defences(self, application: Application, record: ApplicationRecord) -> None:
        # Locked, so that nobody is called in between this look and the caller's commit.
        self._session.scalars(
            select(Defence)
            .where(Defence.application_id == application.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        if self.frozen_fields(record, self.changed_fields(record) or ()):
            raise IllegalState(
                Text(
                    f"申报编号{record.number}的答辩刚刚开始，未导入任何数据：请重新上传文件查看。",
                    f"The defence of {record.number} has just begun; nothing was imported. Upload the file "
                    "again and look at it.",
                )
            )

    def _verdict(self, record: ApplicationRecord) -> tuple[bool, str]:
        assessment = assess_eligibility(record, self._rules, self._calendar)
        return assessment.valid, assessment.requirement.value


class ExpertMerger:
    """Experts, known by their number."""

    def __init__(self, session: Session, round_: Round) -> None:
        self._session, self._round = session, round_
        rows = session.scalars(select(Expert).where(Expert.round_id == round_.id))
        self._known = {row.number: row for row in rows}

    def key(self, record: ExpertRecord) -> str:
        """The number in the pool (专家编号)."""
        return record.number

    def changed_fields(self, record: ExpertRecord) -> tuple[str, ...] | None:
        """See `Merger`; the names are those of `ExpertRecord`."""
        expert = self._known.get(record.number)
        if expert is None:
            return None
        wanted = _expert_columns(record)
        changed = _differing({name: getattr(expert, name) for name in wanted}, wanted)
        return tuple(name.removesuffix("_json") for name in changed)

    def sides(self, record: ExpertRecord) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `Merger`."""
        expert, wanted = self._known[record.number], _expert_columns(record)
        told = {name.removesuffix("_json"): value for name, value in wanted.items()}
        return {name.removesuffix("_json"): getattr(expert, name) for name in wanted}, told

    def frozen_fields(self, record: ExpertRecord, changed: tuple[str, ...]) -> tuple[str, ...]:
        """See `Merger`."""
        return ()

    def cautions(self, record: ExpertRecord, changed: Collection[str]) -> Iterable[Text]:
        """See `Merger`."""
        return ()

    def is_owned_elsewhere(self, record: ExpertRecord) -> bool:
        """See `Merger`."""
        return False

    def write(self, record: ExpertRecord, account_id: int | None) -> None:
        """See `Merger`."""
        expert = self._known.get(record.number)
        if expert is None:
            expert = Expert(round_id=self._round.id, number=record.number)
            self._session.add(expert)
            self._known[record.number] = expert
        elif expert.name != record.name:
            _rename_account(self._session, Account.expert_id == expert.id, record.name, account_id)
        for name, value in _expert_columns(record).items():
            setattr(expert, name, value)


class PanelMerger:
    """Panels, known by their name. Members are found by number; the secretary gets an account."""

    def __init__(self, session: Session, round_: Round) -> None:
        self._session, self._round = session, round_
        experts = session.scalars(select(Expert).where(Expert.round_id == round_.id))
        self._expert_ids = {expert.number: expert.id for expert in experts}
        rows = session.scalars(
            select(Panel)
            .where(Panel.round_id == round_.id)
            .options(selectinload(Panel.members), selectinload(Panel.half_days))
        )
        self._known = {row.name: row for row in rows}
        self._used_half_days = set(
            session.scalars(union(select(ScheduledSlot.half_day_id), select(Sitting.half_day_id)))
        )

    def key(self, record: PanelRecord) -> str:
        """The panel's name."""
        return record.name

    def changed_fields(self, record: PanelRecord) -> tuple[str, ...] | None:
        """See `Merger`; the names are those of `PanelRecord`."""
        if record.name not in self._known:
            return None
        return _differing(*self._compared(record))

    def sides(self, record: PanelRecord) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `Merger`: members by their numbers, half-days by their beginnings in Beijing."""
        numbers = {expert_id: number for number, expert_id in self._expert_ids.items()}
        stored, wanted = self._compared(record)
        for side in (stored, wanted):
            side["member_numbers"] = [
                f"{numbers.get(expert_id, expert_id)}{'（组长）' if is_head else ''}"
                for expert_id, is_head in sorted(side["member_numbers"].items())
            ]
            side["half_days"] = [
                f"{start.astimezone(BEIJING):%Y-%m-%d %H:%M}—{end.astimezone(BEIJING):%H:%M}"
                for start, end in sorted(side["half_days"].items())
            ]
        return stored, wanted

    def _compared(self, record: PanelRecord) -> tuple[dict[str, Any], dict[str, Any]]:
        panel = self._known[record.name]
        stored = {
            "series": panel.series,
            "levels": panel.levels,
            "specialties": panel.specialties,
            "member_numbers": {member.expert_id: member.is_head for member in panel.members},
            "secretary_name": panel.secretary.display_name if panel.secretary else "",
            "half_days": {half_day.start_at: half_day.end_at for half_day in panel.half_days},
        }
        wanted = {
            "series": list(record.series),
            "levels": [level.value for level in record.levels],
            "specialties": list(record.specialties),
            "member_numbers": self._seats(record),
            "secretary_name": record.secretary_name,
            "half_days": self._half_days(panel, record),
        }
        return stored, wanted

    def frozen_fields(self, record: PanelRecord, changed: tuple[str, ...]) -> tuple[str, ...]:
        """See `Merger`."""
        return ()

    def cautions(self, record: PanelRecord, changed: Collection[str]) -> Iterable[Text]:
        """See `Merger`."""
        return ()

    def is_owned_elsewhere(self, record: PanelRecord) -> bool:
        """See `Merger`."""
        return False

    def write(self, record: PanelRecord, account_id: int | None) -> None:
        """See `Merger`."""
        panel = self._known.get(record.name)
        if panel is None:
            panel = Panel(round_id=self._round.id, name=record.name)
            self._session.add(panel)
            self._known[record.name] = panel
        panel.series, panel.specialties = list(record.series), list(record.specialties)
        panel.levels = [level.value for level in record.levels]
        if panel.secretary is None or panel.secretary.display_name != record.secretary_name:
            if panel.secretary is not None:
                hang_up_on(self._session, panel.secretary.id)
            panel.secretary = find_secretary(self._session, record.secretary_name)
        self._write_members(panel, self._seats(record))
        self._write_half_days(panel, self._half_days(panel, record))
        self._session.flush()

    def _seats(self, record: PanelRecord) -> dict[int, bool]:
        numbers = (*record.member_numbers, record.head_number)
        return {self._expert_ids[number]: number == record.head_number for number in numbers}

    def _half_days(self, panel: Panel, record: PanelRecord) -> dict[datetime, datetime]:
        """Those of the file, and those that a timetable uses, or staff made or cancelled, already."""
        kept = {
            h.start_at: h.end_at
            for h in panel.half_days
            if h.is_added or h.cancelled_at is not None or h.id in self._used_half_days
        }
        return kept | {period.start_at: period.end_at for period in record.half_days}

    def _write_members(self, panel: Panel, seats: dict[int, bool]) -> None:
        for member in list(panel.members):
            if member.expert_id in seats:
                member.is_head = seats[member.expert_id]
            else:
                panel.members.remove(member)
        seated = {member.expert_id for member in panel.members}
        panel.members += [
            PanelMember(expert_id=expert_id, is_head=is_head)
            for expert_id, is_head in seats.items()
            if expert_id not in seated
        ]

    def _write_half_days(self, panel: Panel, wanted: dict[datetime, datetime]) -> None:
        for half_day in list(panel.half_days):
            if half_day.start_at in wanted:
                half_day.end_at = wanted[half_day.start_at]
            else:
                panel.half_days.remove(half_day)
        there = {half_day.start_at for half_day in panel.half_days}
        panel.half_days += [
            PanelHalfDay(start_at=start_at, end_at=end_at)
            for start_at, end_at in sorted(wanted.items())
            if start_at not in there
        ]


def find_secretary(session: Session, name: str) -> Account:
    """The active secretary of that name, with a new account and user name when there is none."""
    account = session.scalar(
        select(Account)
        .where(Account.role == Role.SECRETARY, Account.display_name == name, Account.active)
        .order_by(Account.id)
        .limit(1)
    )
    if account is not None:
        return account
    taken = set(session.scalars(select(Account.username).where(Account.username.like("secretary%"))))
    number = next(n for n in range(1, len(taken) + 2) if f"secretary{n}" not in taken)
    return create_account(session, Role.SECRETARY, name, f"secretary{number}", None)


def _expert_columns(record: ExpertRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "unit": record.unit,
        "level": record.level.value,
        "series": list(record.series),
        "specialties": list(record.specialties),
        "phone": record.phone,
        "email": record.email,
        "unavailable_json": [[p.start_at.isoformat(), p.end_at.isoformat()] for p in record.unavailable],
    }


def _differing(stored: dict[str, Any], wanted: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, value in wanted.items() if stored.get(name) != value)


def _rename_account(session: Session, which: Any, name: str, by_account_id: int | None) -> None:
    """The number may have gone to another person: links sent to the one before let nobody in any more."""
    account = session.scalar(select(Account).where(which))
    if account is None:
        return
    account.display_name = name
    revoke_account_links(session, account, by_account_id)


def levels_of_experts(session: Session, round_: Round) -> dict[str, Level]:
    """Number → level of the round's experts, which the members of panels are checked against."""
    judges = select(Expert.number, Expert.level).where(Expert.is_attendee_only.is_(False))
    rows = session.execute(judges.where(Expert.round_id == round_.id))
    return {number: Level(level) for number, level in rows}
