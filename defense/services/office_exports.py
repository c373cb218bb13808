"""The accounts of the office as a workbook: what the page shows, with addresses masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.identity import mask_email
from defense.integrations.workbooks import Tables
from defense.models import Account
from defense.services.access import Role
from defense.services.office import office_accounts
from defense.services.wording import ROLE_TEXT

ACCOUNT_HEADERS = ("姓名", "岗位", "用户名", "电子邮箱", "密码", "完整个人信息", "状态")


AUDIT_HEADERS = ("序号", "链", "时间（北京时间）", "操作人", "操作", "对象", "详情")


def export_audit(rows: Iterable[Sequence[Any]]) -> Tables:
    """The audit log as a workbook; the rows are in the reader's words and are read as they are written."""
    return {"审计记录": (AUDIT_HEADERS, rows)}


def export_accounts(session: Session) -> Tables:
    """The accounts of staff, secretaries and supervisors; of a password only whether there is one."""
    return {"账号": (ACCOUNT_HEADERS, [_account(a) for a in office_accounts(session)])}


def _account(account: Account) -> tuple[Any, ...]:
    sees = "可查看" if account.may_see_personal else "已脱敏"
    return (
        account.display_name,
        ROLE_TEXT[account.role].zh,
        account.username,
        mask_email(account.email) if account.email else "无：收不到邀请",
        "已设置" if account.password_hash else "未设置：凭链接进入",
        sees if account.role == Role.STAFF else None,
        "使用中" if account.active else "已停用",
    )
