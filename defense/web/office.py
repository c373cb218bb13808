"""The office itself: accounts of staff, secretaries and supervisors, and the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from defense.auth import access, require_principal
from defense.domain.errors import InvalidInput
from defense.extensions import db
from defense.models import Account
from defense.models.audit import MAIN_CHAIN
from defense.services.access import OFFICE_ROLES, Role, revoke_account_links
from defense.services.audit_check import AuditCheck, verify_audit
from defense.services.keeping.personal import set_may_see_personal
from defense.services.office import (
    MOST_EXPORTED,
    audit_actions,
    audit_parts,
    office_accounts,
    open_office_account,
    read_audit,
    set_account_active,
    set_account_email,
)
from defense.services.office_exports import export_accounts, export_audit
from defense.services.room.seals import trusted_keys
from defense.services.transaction import begin_snapshot
from defense.web.audit_words import AuditWords, action_word
from defense.web.downloads import recorded_office_workbook
from defense.web.format import localise
from defense.web.links import show_new_link

pages = Blueprint("office", __name__)


@pages.get("/accounts")
@access(Role.STAFF)
def accounts() -> ResponseReturnValue:
    """Who works here, and a form for one more."""
    return _render_accounts()


@pages.post("/accounts")
@access(Role.STAFF)
def create_account() -> ResponseReturnValue:
    """Make an account."""
    form = {name: request.form.get(name, "") for name in ("role", "display_name", "username", "password")}
    try:
        account = open_office_account(db.session(), **form)
        db.session.commit()
    except InvalidInput as error:
        db.session.rollback()
        return _render_accounts(form, localise(error.text)), 422
    flash(_("The account of %(name)s is ready.", name=account.display_name), "success")
    return redirect(url_for("office.accounts"))


@pages.post("/accounts/<int:account_id>/active")
@access(Role.STAFF)
def set_active(account_id: int) -> ResponseReturnValue:
    """Close an account, whose sign-ins and sockets end, or open it again."""
    account, principal = _account_or_404(account_id), require_principal()
    active = request.form.get("active") == "1"
    set_account_active(db.session(), account, active, principal.account_id)
    db.session.commit()
    return redirect(url_for("office.accounts"))


@pages.post("/accounts/<int:account_id>/email")
@access(Role.STAFF)
def set_email(account_id: int) -> ResponseReturnValue:
    """Note where somebody of the office is written to: a secretary gets invites like a panelist."""
    account, principal = _account_or_404(account_id), require_principal()
    set_account_email(db.session(), account, request.form.get("email", ""), principal.account_id)
    db.session.commit()
    flash(
        _("Recorded. Whoever has a place in a published timetable is invited when it is published again."),
        "success",
    )
    return redirect(url_for("office.accounts"))


@pages.post("/accounts/<int:account_id>/personal")
@access(Role.STAFF)
def set_personal(account_id: int) -> ResponseReturnValue:
    """Grant the permission to see whole personal data, or take it away."""
    account, principal = _account_or_404(account_id), require_principal()
    may = request.form.get("may") == "1"
    set_may_see_personal(db.session(), account, may, principal.account_id)
    db.session.commit()
    flash(_("Recorded."), "success")
    return redirect(url_for("office.accounts"))


@pages.post("/accounts/<int:account_id>/link")
@access(Role.STAFF)
def new_link(account_id: int) -> ResponseReturnValue:
    """Hand out a new personal link."""
    return show_new_link(_account_or_404(account_id), url_for("office.accounts"))


@pages.post("/accounts/<int:account_id>/revoke")
@access(Role.STAFF)
def revoke(account_id: int) -> ResponseReturnValue:
    """Make every personal link of an account worthless."""
    account = _account_or_404(account_id)
    revoke_account_links(db.session(), account, require_principal().account_id)
    db.session.commit()
    flash(_("All personal links of %(name)s are void.", name=account.display_name), "success")
    return redirect(url_for("office.accounts"))


@pages.get("/audit")
@access(Role.STAFF, Role.SUPERVISOR)
def audit() -> ResponseReturnValue:
    """The audit log, and on demand the check of its chain."""
    if "check" in request.args:
        begin_snapshot(db.session())
    action, subject, search = _audit_filter()
    page = read_audit(db.session(), action, subject, request.args.get("page", 1, type=int), search)
    return render_template(
        "office/audit.html",
        page=page,
        words=AuditWords(db.session(), [entry for entry, _name in page.entries], subject),
        action=action,
        subject=subject,
        search=search,
        actions=sorted(audit_actions(db.session()), key=action_word),
        action_word=action_word,
        check=_check() if "check" in request.args else None,
    )


@pages.post("/audit.xlsx")
@access(Role.STAFF)
def export_log() -> Response:
    """The entries of the filter as a workbook, which the log says too."""
    action, subject, search = _audit_filter()
    return recorded_office_workbook(
        "审计记录", lambda session: export_audit(_audit_rows(session, action, subject, search))
    )


@pages.post("/accounts.xlsx")
@access(Role.STAFF)
def export_all_accounts() -> Response:
    """The accounts as a workbook; it is audited."""
    return recorded_office_workbook("账号", export_accounts)


def _audit_filter() -> tuple[str, str, str]:
    action, subject, search = (request.args.get(key, "").strip() for key in ("action", "subject", "search"))
    return action, subject, search


def _audit_rows(session: Session, action: str, subject: str, search: str) -> Iterator[tuple[Any, ...]]:
    """As the page writes them; names are read for some entries at a time."""
    written = 0
    for entries in audit_parts(session, action, subject, search):
        words = AuditWords(session, [entry for entry, _name in entries])
        for entry, name in entries:
            yield (
                entry.seq,
                "" if entry.chain == MAIN_CHAIN else words.subject(entry.chain),
                entry.at,
                name or _("the service"),
                action_word(entry.action),
                words.subject(entry.subject),
                "；".join(f"{label} {value}" for label, value in words.detail(entry.detail)),
            )
        written += len(entries)
    if written >= MOST_EXPORTED:
        yield (None,) * 6 + (f"仅列最新的{MOST_EXPORTED}条，更早的请加筛选条件后导出。",)


def _check() -> AuditCheck:
    keys = trusted_keys(current_app.extensions["settings"])
    return verify_audit(db.session(), public_keys=keys)


def _render_accounts(form: dict[str, str] | None = None, message: str = "") -> str:
    return render_template(
        "office/accounts.html",
        accounts=office_accounts(db.session()),
        roles=OFFICE_ROLES,
        form=form or {},
        message=message,
    )


def _account_or_404(account_id: int) -> Account:
    account = db.session.get(Account, account_id)
    if account is None or account.role not in OFFICE_ROLES:
        abort(404)
    return account
