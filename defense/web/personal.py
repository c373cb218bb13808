"""Whole personal data by permission and with a reason, and the page of who saw what."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import Expert, Round
from defense.services.access import Role
from defense.services.keeping.disclosures import (
    MAX_ID_DIGITS,
    SUBJECTS_OF_MANY,
    DisclosureFilter,
    all_disclosures,
    disclosure_table,
    find_disclosures,
    lookers,
)
from defense.services.keeping.personal import Person, show_personal
from defense.services.tables import Tables
from defense.web.audit_disclosures import DISCLOSING
from defense.web.audit_words import AuditWords, action_word
from defense.web.downloads import recorded_workbook
from defense.web.format import stamp
from defense.web.rounds import application_or_404, round_or_404

pages = Blueprint("personal", __name__)

FIRST_YEAR, LAST_YEAR = 1900, 2999


@pages.get("/rounds/<code>/personal")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Who saw what: everything for the supervisor and whoever grants the permission, else one's own looks."""
    round_, wanted, sees_all = round_or_404(code), _filter(), _sees_all()
    page = find_disclosures(db.session(), round_, DISCLOSING, wanted, request.args.get("page", 1, type=int))
    return render_template(
        "personal/index.html",
        round=round_,
        wanted=wanted,
        arguments=_arguments(wanted, sees_all),
        sees_all=sees_all,
        page=page,
        lookers=lookers(db.session(), round_, DISCLOSING) if sees_all else [],
        words=AuditWords(db.session(), [entry for entry, _who in page.entries], wanted.subject),
        action_word=action_word,
        is_of_many=lambda subject: subject.partition(":")[0] in SUBJECTS_OF_MANY,
    )


@pages.post("/rounds/<code>/personal.xlsx")
@access(Role.STAFF, Role.SUPERVISOR)
def download(code: str) -> Response:
    """The same as a workbook, which is a disclosure too."""
    wanted = _filter()
    return recorded_workbook(code, "个人信息查看记录", lambda s, r: _workbook(s, r, wanted))


def _workbook(session: Session, round_: Round, wanted: DisclosureFilter) -> Tables:
    entries = all_disclosures(session, round_, DISCLOSING, wanted)
    words = AuditWords(session, [entry for entry, _who in entries])
    rows = [
        (
            stamp(entry.at),
            name or _("the service"),
            action_word(entry.action),
            words.subject(entry.subject),
            "；".join(f"{label} {value}" for label, value in words.detail(entry.detail)),
        )
        for entry, name in entries
    ]
    return disclosure_table(rows)


@pages.post("/applications/<int:application_id>/personal")
@access(Role.STAFF)
def application_value(application_id: int) -> ResponseReturnValue:
    """One whole value of a candidate, on this answer only."""
    application = application_or_404(application_id)
    return _shown(application, url_for("applications.show", application_id=application_id, _anchor="reach"))


@pages.get("/applications/<int:application_id>/personal")
@access(Role.STAFF)
def application_again(application_id: int) -> ResponseReturnValue:
    """Where a browser goes back to from the page with the value: the record, without it."""
    return redirect(url_for("applications.show", application_id=application_or_404(application_id).id))


@pages.post("/rounds/<code>/people/experts/<int:expert_id>/personal")
@access(Role.STAFF)
def expert_value(code: str, expert_id: int) -> ResponseReturnValue:
    """One whole value of an expert, on this answer only."""
    expert = _expert_or_404(code, expert_id)
    return _shown(expert, url_for("people.index", code=code))


@pages.get("/rounds/<code>/people/experts/<int:expert_id>/personal")
@access(Role.STAFF)
def expert_again(code: str, expert_id: int) -> ResponseReturnValue:
    """Where a browser goes back to from the page with the value: the list, without it."""
    _expert_or_404(code, expert_id)
    return redirect(url_for("people.index", code=code))


def _shown(person: Person, back: str) -> str:
    field, reason = request.form.get("field", ""), request.form.get("reason", "")
    value = show_personal(db.session(), person, field, reason, require_principal().account_id)
    name = person.name
    # What is not in the log is not on the page.
    db.session.commit()
    return render_template("personal/shown.html", name=name, field=field, value=value, back=back)


def _sees_all() -> bool:
    principal = require_principal()
    return principal.role is Role.SUPERVISOR or principal.may_see_personal


def _filter() -> DisclosureFilter:
    """What the address asks for; nonsense narrows nothing, and others' looks are for few."""
    args = request.args
    asked = args.get("account", "")
    known = asked.isascii() and asked.isdigit() and len(asked) <= MAX_ID_DIGITS
    account_id = int(asked) if known else 0
    try:
        day = date.fromisoformat(args.get("day", ""))
    except ValueError:
        day = None
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        day = None
    if not _sees_all():
        account_id = require_principal().account_id
    return DisclosureFilter(
        args.get("subject", "").strip()[:100],
        args.get("person", "").strip()[:100],
        args.get("alone") == "1",
        account_id,
        day,
    )


def _arguments(wanted: DisclosureFilter, sees_all: bool) -> dict[str, str]:
    """The filter as it stands in an address."""
    arguments = {
        "subject": wanted.subject,
        "person": wanted.person,
        "alone": "1" if wanted.is_alone else "",
        "account": str(wanted.account_id or "") if sees_all else "",
        "day": wanted.day.isoformat() if wanted.day else "",
    }
    return {name: value for name, value in arguments.items() if value}


def _expert_or_404(code: str, expert_id: int) -> Expert:
    expert = db.session.get(Expert, expert_id)
    if expert is None or expert.round_id != round_or_404(code).id:
        abort(404)
    return expert
