"""Whole values of personal data: by permission of the account, with a reason, a limited number an hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.domain.errors import Forbidden, InvalidInput
from defense.domain.identity import mask_email, mask_id_number, mask_phone, without_numbers
from defense.domain.text import Text
from defense.models import Account, Application, AuditEntry, Expert
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.audit import record_audit

SHOWN = "personal.shown"
"""The audited action; entries of earlier releases, of telephone numbers only, are `PHONE_SHOWN`."""
PHONE_SHOWN = "record.phone_shown"
MOST_LOOKS, LOOKS_WINDOW = 60, timedelta(hours=1)
"""Enough for a day on the telephone, too few to copy a round by clicking."""
LONGEST_REASON = 500

Person = Application | Expert


class PersonalField(StrEnum):
    """What is masked everywhere and can be looked at whole."""

    ID_NUMBER = "id_number"
    PHONE = "phone"
    EMAIL = "email"


FIELD_TEXT = {
    PersonalField.ID_NUMBER: Text("身份证号", "ID number"),
    PersonalField.PHONE: Text("联系电话", "telephone"),
    PersonalField.EMAIL: Text("电子邮箱", "e-mail"),
}
_MASKS = {
    PersonalField.ID_NUMBER: mask_id_number,
    PersonalField.PHONE: mask_phone,
    PersonalField.EMAIL: mask_email,
}
NO_PERMISSION = Text(
    "您的账号没有查看完整个人信息的权限，请联系有此权限的工作人员在“账号”页授予。",
    "Your account may not see whole personal data; somebody who may can grant it on the page “Accounts”.",
)
NO_REASON = Text(
    "请填写查看完整个人信息的原因，不超过 500 字。",
    "Give the reason for looking at the whole value, in at most 500 characters.",
)
TOO_MANY = Text(
    "一小时内查看次数过多，请稍后再试；需要大量联系时请使用短信名单。",
    "Too many looks within an hour; try again later. To reach many people use the list for text messages.",
)


def require_personal(session: Session, account_id: int) -> None:
    """Stop an account that may not see whole values; asked of the database, not of the sign-in.

    Raises
    ------
    Forbidden
        No permission.
    """
    if not may_see_personal(session, account_id):
        raise Forbidden(NO_PERMISSION)


def may_see_personal(session: Session, account_id: int) -> bool:
    """Whether an account is of the staff and holds the permission."""
    held = select(Account.id).where(
        Account.id == account_id, Account.active, Account.role == Role.STAFF, Account.may_see_personal
    )
    return session.scalar(held) is not None


def personal_values(person: Person) -> dict[PersonalField, str]:
    """The whole values of a candidate or an expert; an expert has no ID number here."""
    if isinstance(person, Expert):
        return {PersonalField.PHONE: person.phone, PersonalField.EMAIL: person.email}
    record = person.record_json
    return {field: str(record.get(field) or "") for field in PersonalField}


def show_personal(session: Session, person: Person, field: str, reason: str, account_id: int) -> str:
    """A whole value; who looked, at which field of whom and why is audited, the value is not.

    The caller commits before it shows the value.

    Raises
    ------
    InvalidInput
        The person has no such field, or there is no reason.
    Forbidden
        No permission, or too many looks within the hour.

    Source: domain.md "Personal data": full value by permission and logged.
    """
    require_personal(session, account_id)
    values = personal_values(person)
    if field not in values:
        raise InvalidInput(Text("没有这一项个人信息。", "There is no such personal data."))
    reason = stated_reason(reason)
    if looks_within(session, account_id) >= MOST_LOOKS:
        raise Forbidden(TOO_MANY)
    kind = "expert" if isinstance(person, Expert) else "application"
    detail = {"field": str(field), "reason": without_values(reason, values)}
    record_audit(session, SHOWN, f"{kind}:{person.id}", detail, account_id)
    return values[PersonalField(field)]


def stated_reason(reason: str) -> str:
    """A reason as the audit log takes it.

    Raises
    ------
    InvalidInput
        There is none, or it is too long.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise InvalidInput(NO_REASON)
    return reason


def allow_file(session: Session, account_id: int, reason: str) -> dict[str, Any]:
    """Whether an account may take a file with whole values, and why, as the detail of its audit entry.

    Raises
    ------
    Forbidden
        No permission.
    InvalidInput
        No reason.
    """
    require_personal(session, account_id)
    return {"reason": without_numbers(stated_reason(reason))}


def looks_within(session: Session, account_id: int) -> int:
    """How often an account looked within the last hour, in every process: the audit log knows."""
    looks = (
        select(func.count())
        .select_from(AuditEntry)
        .where(
            AuditEntry.at > utc_now() - LOOKS_WINDOW,
            AuditEntry.account_id == account_id,
            AuditEntry.action.in_((SHOWN, PHONE_SHOWN)),
        )
    )
    return session.scalar(looks) or 0


def without_values(text: str, values: Mapping[PersonalField, str]) -> str:
    """A text in which somebody may have typed the person's own data, masked: it goes into the audit log."""
    for field, value in values.items():
        if value:
            text = text.replace(value, _MASKS[field](value))
    return text


def set_may_see_personal(session: Session, account: Account, may: bool, by_account_id: int) -> None:
    """Grant the permission, or take it away. The caller commits.

    Only who holds it grants it, and nobody takes away their own: so somebody always holds it.

    Raises
    ------
    Forbidden
        The one who grants does not hold it.
    InvalidInput
        Only accounts of staff can have it, and nobody changes their own.
    """
    require_personal(session, by_account_id)
    if account.role != Role.STAFF or account.id == by_account_id:
        raise InvalidInput(
            Text(
                "只能为其他工作人员账号设置此权限。",
                "This can be granted to, or taken from, other accounts of staff only.",
            )
        )
    if account.may_see_personal == may:
        return
    account.may_see_personal = may
    action = "account.personal_granted" if may else "account.personal_withdrawn"
    record_audit(session, action, f"account:{account.id}", {}, by_account_id)
