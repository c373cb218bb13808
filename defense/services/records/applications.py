"""Finding applications: search, filters and counts for the lists of staff."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session, selectinload

from defense.domain.assessment import Assessment, Finding
from defense.domain.lifecycle import NOT_BEGUN_STATES
from defense.models import Application, Defence, Round, Sitting
from defense.services.paging import READ_AT_ONCE, place_page
from defense.services.results import conclusion_of

PAGE_SIZE = 50

_VALID = func.coalesce(Application.ruled_valid, Application.valid)
_SETTLED = or_(Application.fee_paid, Application.fee_override)

_FEE_FILTERS: dict[str, ColumnElement[bool]] = {
    "paid": Application.fee_paid.is_(True),
    "waived": and_(Application.fee_paid.is_(False), Application.fee_override),
    "unpaid": not_(_SETTLED),
}


@dataclass(frozen=True)
class ApplicationFilter:
    """What a list is narrowed to; an empty text, like an unknown word, narrows nothing."""

    search: str = ""
    """Part of a name, number or unit."""
    series: str = ""
    level: str = ""
    requirement: str = ""
    """By rule or ruling: `required`, `not_required`, `pending`."""
    validity: str = ""
    """`valid` or `not_valid`."""
    fee: str = ""
    """`paid`, `waived` or `unpaid`."""
    conclusion: str = ""
    """A `defense.domain.result.Conclusion`."""

    @classmethod
    def from_mapping(cls, values: Any) -> ApplicationFilter:
        """Read the fields by their names, e.g. from a query string."""
        return cls(**{field.name: values.get(field.name, "").strip() for field in fields(cls)})

    def to_query(self) -> dict[str, str]:
        """What is set, for a link to the same list."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}


@dataclass(frozen=True)
class ApplicationCounts:
    """How the applications of a round stand. The middle four are each person once: their sum is `total`."""

    total: int
    required: int
    pending: int
    not_required: int
    not_valid: int
    unpaid: int


@dataclass(frozen=True)
class ApplicationPage:
    """One page of a list."""

    rows: tuple[Application, ...]
    found: int
    page: int
    """From 1."""
    pages: int


def count_applications(session: Session, round_: Round) -> ApplicationCounts:
    """The counts of a round."""

    def among_valid(requirement: str) -> Any:
        return _count(and_(_VALID, _requirement_is(requirement)))

    row = session.execute(
        select(
            func.count(),
            among_valid("required"),
            among_valid("pending"),
            among_valid("not_required"),
            _count(not_(_VALID)),
            _count(not_(_SETTLED)),
        ).where(Application.round_id == round_.id)
    ).one()
    return ApplicationCounts(*row)


def find_applications(
    session: Session, round_: Round, wanted: ApplicationFilter, page: int = 1
) -> ApplicationPage:
    """One page of the applications of a round, by number; a page that is not there becomes the nearest."""
    query = _narrowed(round_, wanted)
    if wanted.conclusion:
        # Derived, never stored: it is computed for each row that the other filters leave.
        rows = [a for a in session.scalars(query) if conclusion_of(a) == wanted.conclusion]
        found = len(rows)
        page, pages = place_page(page, found, PAGE_SIZE)
        rows = rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    else:
        found = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        page, pages = place_page(page, found, PAGE_SIZE)
        rows = list(session.scalars(query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)))
    return ApplicationPage(tuple(rows), found, page, pages)


def all_applications(session: Session, round_: Round, wanted: ApplicationFilter) -> Iterator[Application]:
    """What `find_applications` finds on all its pages, read a few hundred at a time."""
    rows = session.scalars(_narrowed(round_, wanted).execution_options(yield_per=READ_AT_ONCE))
    return (a for a in rows if not wanted.conclusion or conclusion_of(a) == wanted.conclusion)


@dataclass(frozen=True)
class RulingQueue:
    """Who else is to be ruled on."""

    waiting: int
    next: Application
    """The one after the application that was asked about, by number; after the last comes the first."""


def rulings_after(session: Session, application: Application) -> RulingQueue | None:
    """The other applications of the round that wait for a ruling and may still have one; None if none does.

    Whose defence has begun waits no longer: the default of the round has taken its course.
    """
    begun = Application.defences.any(Defence.state.not_in(NOT_BEGUN_STATES))
    waiting = session.scalars(
        select(Application)
        .where(Application.round_id == application.round_id, Application.id != application.id)
        .where(_VALID, _requirement_is("pending"), not_(begun))
        .order_by(Application.number <= application.number, Application.number)
    ).all()
    return RulingQueue(len(waiting), waiting[0]) if waiting else None


def findings_by_section(assessment: Assessment) -> dict[str, list[Finding]]:
    """The findings under the section of the record they speak of, reasons for the requirement apart."""
    sections: dict[str, list[Finding]] = defaultdict(list)
    for finding in assessment.findings:
        if finding not in assessment.reasons_for_requirement:
            sections[finding.section].append(finding)
    return dict(sections)


def _narrowed(round_: Round, wanted: ApplicationFilter) -> Select[Application]:
    query = select(Application).where(Application.round_id == round_.id).order_by(Application.number)
    defences = selectinload(Application.defences)
    query = query.options(
        defences.selectinload(Defence.sitting).selectinload(Sitting.panel),
        defences.selectinload(Defence.ballot_rounds),
    )
    if wanted.search:
        columns = (Application.name, Application.number, Application.unit)
        query = query.where(or_(*(column.icontains(wanted.search, autoescape=True) for column in columns)))
    if wanted.series:
        query = query.where(Application.series == wanted.series)
    if wanted.level:
        query = query.where(Application.level == wanted.level)
    if wanted.requirement:
        query = query.where(_requirement_is(wanted.requirement))
    if wanted.validity in ("valid", "not_valid"):
        query = query.where(_VALID if wanted.validity == "valid" else not_(_VALID))
    if wanted.fee in _FEE_FILTERS:
        query = query.where(_FEE_FILTERS[wanted.fee])
    return query


def _requirement_is(code: str) -> ColumnElement[bool]:
    return func.coalesce(Application.ruled_requirement, Application.requirement) == code


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
