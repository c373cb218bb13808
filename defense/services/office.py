"""The office's own affairs: accounts, personal links handed out by staff, reading the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from defense.domain.errors import IllegalState, InvalidInput
from defense.domain.text import Text
from defense.integrations.mail import usable_address
from defense.models import Account, Application, AuditEntry, Defence
from defense.models.types import utc_now
from defense.services.access import OFFICE_ROLES, Role, create_account, end_sign_ins, issue_link
from defense.services.audit import record_audit
from defense.services.paging import place_page

AUDIT_PAGE_SIZE = 100
AUDIT_PART = 500
MOST_EXPORTED = 100_000
"""Entries in one workbook; more is narrowed first, or taken by the command that exports the whole log."""

_NEWEST_FIRST = (AuditEntry.at.desc(), AuditEntry.chain, AuditEntry.seq.desc())


@dataclass(frozen=True)
class AuditPage:
    """One page of the audit log, newest first, each entry with the name of who acted."""

    entries: tuple[tuple[AuditEntry, str | None], ...]
    found: int
    page: int
    pages: int


def office_accounts(session: Session) -> Sequence[Account]:
    """The accounts of staff, secretaries and supervisors, active ones first."""
    return session.scalars(
        select(Account)
        .where(Account.role.in_(OFFICE_ROLES))
        .order_by(Account.active.desc(), Account.role, Account.display_name, Account.id)
    ).all()


def open_office_account(
    session: Session, role: str, display_name: str, username: str, password: str
) -> Account:
    """Make an account of the office from what a form says; without a password it comes in by a link.

    Raises
    ------
    InvalidInput
        No such role, an empty or overlong name, a user name that is taken, a short password.
    """
    if role not in OFFICE_ROLES:
        raise InvalidInput(Text("请选择岗位。", "Choose a role."))
    display_name, username = " ".join(display_name.split()), username.strip()
    if not 1 <= len(display_name) <= 100 or not 1 <= len(username) <= 100 or username.split() != [username]:
        raise InvalidInput(
            Text(
                "请填写姓名和用户名，各不超过 100 个字符，用户名不含空格。",
                "Give a name and a user name, each of at most 100 characters, the user name without spaces.",
            )
        )
    # Whole personal data is for those to whom somebody grants it by name.
    return create_account(session, Role(role), display_name, username, password or None, False)


def set_account_email(session: Session, account: Account, email: str, by_account_id: int) -> None:
    """Note where somebody of the office is written to; empty means nowhere. The caller commits.

    Raises
    ------
    InvalidInput
        Mail cannot be sent to that address.
    """
    email = email.strip()
    if email and usable_address(email) is None:
        raise InvalidInput(
            Text(
                f"{account.display_name}的电子邮箱“{email[:50]}”不可用，请更正。",
                f"The e-mail address “{email[:50]}” of {account.display_name} cannot be used; correct it.",
            )
        )
    if email != account.email:
        account.email = email
        record_audit(session, "account.email_set", f"account:{account.id}", {}, by_account_id)


def set_account_active(session: Session, account: Account, active: bool, by_account_id: int) -> None:
    """Close an account, which ends its sign-ins, or open it again.

    Raises
    ------
    IllegalState
        Nobody closes the account they are using.
    """
    if account.id == by_account_id:
        raise IllegalState(Text("不能停用自己的账号。", "You cannot close your own account."))
    if account.active == active:
        return
    account.active = active
    action = "account.opened" if active else "account.closed"
    record_audit(session, action, f"account:{account.id}", {}, by_account_id)
    if not active:
        end_sign_ins(session, account)


def hand_out_link(session: Session, account: Account, days: int, by_account_id: int) -> str:
    """A new personal link as a path. It is shown once: neither the database nor the audit log keeps it.

    Raises
    ------
    IllegalState
        The account is closed, so that no link would let anybody in.
    """
    if not account.active:
        raise IllegalState(Text("该账号已停用，请先启用。", "This account is closed; open it first."))
    expires_at = utc_now() + timedelta(days=days)
    path = issue_link(session, account, expires_at)
    session.flush()
    detail = {"expires_at": expires_at.isoformat(timespec="seconds")}
    record_audit(session, "link.issued", f"account:{account.id}", detail, by_account_id)
    return path


def audit_actions(session: Session) -> Sequence[str]:
    """Every kind of action that occurs."""
    return session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()


def read_audit(session: Session, action: str, subject: str, page: int, search: str = "") -> AuditPage:
    """One page of the log.

    Parameters
    ----------
    subject : a whole `kind:id` or its beginning.
    search : part of an applicant's name or number, or of an account's name.
    """
    query = _audit_query(action, subject, search)
    found = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    page, pages = place_page(page, found, AUDIT_PAGE_SIZE)
    rows = session.execute(
        query.order_by(*_NEWEST_FIRST).limit(AUDIT_PAGE_SIZE).offset((page - 1) * AUDIT_PAGE_SIZE)
    )
    return AuditPage(tuple((entry, name) for entry, name in rows), found, page, pages)


def audit_parts(
    session: Session, action: str, subject: str, search: str
) -> Iterator[list[tuple[AuditEntry, str | None]]]:
    """The same without pages, for a workbook: the newest `MOST_EXPORTED`, some at a time."""
    query = _audit_query(action, subject, search).order_by(*_NEWEST_FIRST).limit(MOST_EXPORTED)
    for part in session.execute(query.execution_options(yield_per=AUDIT_PART)).partitions():
        rows: Iterable[Any] = part
        yield [(entry, name) for entry, name in rows]


def _audit_query(action: str, subject: str, search: str) -> Select[AuditEntry, str]:
    query = select(AuditEntry, Account.display_name).outerjoin(Account, Account.id == AuditEntry.account_id)
    if action:
        query = query.where(AuditEntry.action == action)
    if subject:
        query = query.where(AuditEntry.subject.startswith(subject, autoescape=True))
    if search:
        query = query.where(AuditEntry.subject.in_(_subjects_named(search)))
    return query


def _subjects_named(search: str) -> CompoundSelect[str]:
    """The subjects `kind:id` of the people whose name or number has this in it."""

    def subject(kind: str, id_: InstrumentedAttribute[int]) -> ColumnElement[str]:
        return literal(f"{kind}:") + cast(id_, String)

    named = or_(*(c.icontains(search, autoescape=True) for c in (Application.name, Application.number)))
    return union_all(
        select(subject("application", Application.id)).where(named),
        select(subject("defence", Defence.id)).join(Application).where(named),
        select(subject("account", Account.id)).where(Account.display_name.icontains(search, autoescape=True)),
    )
