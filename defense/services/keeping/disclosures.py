"""Who saw what: the entries of the audit log in which personal data was shown or left the house."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, false, func, literal, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from defense.domain.round_rules import BEIJING
from defense.integrations.workbooks import Tables
from defense.models import (
    Account,
    Application,
    AuditEntry,
    Defence,
    Expert,
    Feed,
    ImportBatch,
    Panel,
    Round,
    Sitting,
    SittingMember,
)
from defense.services.audit import record_audit
from defense.services.paging import place_page

PAGE_SIZE = 50
MOST_EXPORTED = 100_000
MAX_ID_DIGITS = 9
OFFICE = "office"
"""The subject of an entry that is about no round and nobody."""
SUBJECTS_OF_MANY = frozenset({"round", "import_batch", "sitting", "panel", OFFICE})
"""Kinds of subjects of which a file may hold a person among others."""
WORKBOOK_HEADERS = ("时间（北京时间）", "查看人", "事项", "对象", "原因及详情")


@dataclass(frozen=True)
class DisclosureFilter:
    """What the list is narrowed to; what is empty narrows nothing."""

    subject: str = ""
    """A whole `kind:id`, from a link on that person's page."""
    person: str = ""
    """Part of the name or number of the person looked at."""
    is_alone: bool = False
    """Of a person, only what is about that person alone, and no file that may hold them among others."""
    account_id: int = 0
    """Who looked."""
    day: date | None = None
    """In Beijing."""


@dataclass(frozen=True)
class DisclosurePage:
    """One page, newest first: entries, each with the name of who looked."""

    entries: tuple[tuple[AuditEntry, str | None], ...]
    found: int
    page: int
    pages: int


def find_disclosures(
    session: Session, round_: Round, actions: Collection[str], wanted: DisclosureFilter, page: int = 1
) -> DisclosurePage:
    """One page of the disclosures of a round; a page that is not there becomes the nearest.

    Parameters
    ----------
    actions : the audited actions that count.
    """
    query = _narrowed(round_, actions, wanted)
    found = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    page, pages = place_page(page, found, PAGE_SIZE)
    query = query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    return DisclosurePage(tuple(_rows(session, query)), found, page, pages)


def all_disclosures(
    session: Session, round_: Round, actions: Collection[str], wanted: DisclosureFilter
) -> list[tuple[AuditEntry, str | None]]:
    """The same without pages, for a workbook."""
    return _rows(session, _narrowed(round_, actions, wanted).limit(MOST_EXPORTED))


def lookers(session: Session, round_: Round, actions: Collection[str]) -> list[tuple[int, str]]:
    """Id and name of everybody who looked, by name."""
    who = _narrowed(round_, actions, DisclosureFilter()).with_only_columns(AuditEntry.account_id)
    accounts = select(Account.id, Account.display_name).where(Account.id.in_(who.order_by(None)))
    return [(id_, name) for id_, name in session.execute(accounts.order_by(Account.display_name, Account.id))]


def disclosure_table(rows: Sequence[tuple[str, str, str, str, str]]) -> Tables:
    """The list as a table: when, who, what, of whom, why."""
    return {"查看记录": (WORKBOOK_HEADERS, rows)}


def record_export(session: Session, round_: Round, table: str, account_id: int) -> None:
    """Note that somebody took a table with names; the caller commits.

    Parameters
    ----------
    table : which one, as it is called on its page.
    """
    record_audit(session, "export.taken", f"round:{round_.id}", {"table": table}, account_id)


def record_office_export(session: Session, table: str, account_id: int) -> None:
    """The same of a table that belongs to no round; it is on the list of every one."""
    record_audit(session, "export.taken", OFFICE, {"table": table}, account_id)


def _rows(session: Session, query: Select[AuditEntry, str]) -> list[tuple[AuditEntry, str | None]]:
    rows: Sequence[Any] = session.execute(query).all()
    return [(entry, name) for entry, name in rows]


def _narrowed(round_: Round, actions: Collection[str], wanted: DisclosureFilter) -> Select[AuditEntry, str]:
    query = (
        select(AuditEntry, Account.display_name)
        .outerjoin(Account, Account.id == AuditEntry.account_id)
        .where(AuditEntry.action.in_(sorted(actions)), or_(*_of_round(round_)))
        .order_by(AuditEntry.at.desc(), AuditEntry.chain, AuditEntry.seq.desc())
    )
    if wanted.subject:
        kind, _, id_ = wanted.subject.partition(":")
        number = int(id_) if id_.isdecimal() and len(id_) <= MAX_ID_DIGITS else 0
        own = AuditEntry.subject == wanted.subject
        them = _Persons(
            Application.id == number if kind == "application" else false(),
            Expert.id == number if kind == "expert" else false(),
        )
        query = query.where(own if wanted.is_alone else or_(own, *_files_with(round_, them)))
    if wanted.person:
        them = _Persons(
            _like(wanted.person, Application.name, Application.number),
            _like(wanted.person, Expert.name, Expert.number),
        )
        own = or_(
            _subjects("application", Application.id, them.applications),
            _subjects("expert", Expert.id, them.experts),
            _subjects("account", Account.id, _like(wanted.person, Account.display_name)),
        )
        query = query.where(own if wanted.is_alone else or_(own, *_files_with(round_, them)))
    if wanted.account_id:
        query = query.where(AuditEntry.account_id == wanted.account_id)
    if wanted.day is not None:
        midnight = datetime.combine(wanted.day, time(0), BEIJING)
        query = query.where(AuditEntry.at >= midnight, AuditEntry.at < midnight + timedelta(days=1))
    return query


def _subjects(kind: str, id_: InstrumentedAttribute[int], *where: ColumnElement[bool]) -> ColumnElement[bool]:
    return AuditEntry.subject.in_(select(literal(f"{kind}:") + cast(id_, String)).where(*where))


def _of_round(round_: Round) -> list[ColumnElement[bool]]:
    """Whatever can be the subject of a disclosure and belongs to the round.

    Whoever belongs to no round, such as a secretary, is in every one.
    """
    of_it = {
        table: select(table.id).where(table.round_id == round_.id) for table in (Application, Expert, Panel)
    }
    other = or_(Account.application_id.not_in(of_it[Application]), Account.expert_id.not_in(of_it[Expert]))
    return [
        AuditEntry.subject == f"round:{round_.id}",
        AuditEntry.subject == OFFICE,
        _subjects("application", Application.id, Application.round_id == round_.id),
        _subjects("expert", Expert.id, Expert.round_id == round_.id),
        _subjects("import_batch", ImportBatch.id, ImportBatch.round_id == round_.id),
        _subjects("panel", Panel.id, Panel.round_id == round_.id),
        _subjects("sitting", Sitting.id, Sitting.round_id == round_.id),
        _subjects("account", Account.id, func.coalesce(other, literal(False)).is_(False)),
        _subjects("feed", Feed.id, Feed.panel_id.in_(of_it[Panel])),
    ]


@dataclass(frozen=True)
class _Persons:
    applications: ColumnElement[bool]
    """Which rows of `Application` are meant."""
    experts: ColumnElement[bool]


def _files_with(round_: Round, persons: _Persons) -> list[ColumnElement[bool]]:
    """What is about many: the whole round's files, and those of the sittings that these persons are in."""
    applications = select(Application.id).where(Application.round_id == round_.id, persons.applications)
    experts = select(Expert.id).where(Expert.round_id == round_.id, persons.experts)
    sittings = union(
        select(Defence.sitting_id).where(Defence.application_id.in_(applications)),
        select(SittingMember.sitting_id).where(SittingMember.expert_id.in_(experts)),
    )
    panels = select(Sitting.panel_id).where(Sitting.id.in_(sittings))
    of_round = or_(
        AuditEntry.subject.in_((f"round:{round_.id}", OFFICE)),
        _subjects("import_batch", ImportBatch.id, ImportBatch.round_id == round_.id),
    )
    return [
        and_(of_round, or_(applications.exists(), experts.exists())),
        _subjects("sitting", Sitting.id, Sitting.id.in_(sittings)),
        _subjects("panel", Panel.id, Panel.id.in_(panels)),
    ]


def _like(text: str, *columns: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return or_(*(column.icontains(text, autoescape=True) for column in columns))
