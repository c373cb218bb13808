"""What the rules found in a round: sums, persons, a workbook, and judging everybody afresh."""

from __future__ import annotations

import gevent
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import sessionmaker

from defense.auth import access, require_principal
from defense.extensions import db
from defense.services.access import Role
from defense.services.records.checking import check_applications
from defense.services.records.findings import (
    SEVERITY_TEXT,
    FindingFilter,
    count_findings,
    export_findings,
    find_persons,
    sum_findings,
)
from defense.services.records.rule_set import rule_set
from defense.services.transaction import begin_snapshot
from defense.web.downloads import recorded_workbook
from defense.web.format import localise
from defense.web.rounds import round_or_404

pages = Blueprint("findings", __name__, url_prefix="/rounds/<code>/findings")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Sums by rule, and one page of the persons behind them."""
    begin_snapshot(db.session())
    round_ = round_or_404(code)
    wanted = FindingFilter.from_mapping(request.args)
    return render_template(
        "findings/index.html",
        round=round_,
        wanted=wanted,
        counts=count_findings(db.session(), round_),
        sums=sum_findings(db.session(), round_, wanted),
        page=find_persons(db.session(), round_, wanted, request.args.get("page", 1, type=int)),
        severities=_severities(),
    )


@pages.get("/rules")
@access(Role.STAFF, Role.SUPERVISOR)
def rules(code: str) -> ResponseReturnValue:
    """What the applications of the round are judged by."""
    round_ = round_or_404(code)
    return render_template(
        "findings/rules.html", round=round_, lines=rule_set(round_), severities=_severities()
    )


@pages.post("/findings.xlsx")
@access(Role.STAFF, Role.SUPERVISOR)
def download(code: str) -> Response:
    """Sums and findings of the filter as a workbook."""
    wanted = FindingFilter.from_mapping(request.args)
    return recorded_workbook(code, "申报材料核查", lambda s, r: export_findings(s, r, wanted))


@pages.post("/check")
@access(Role.STAFF)
def check(code: str) -> ResponseReturnValue:
    """Judge everybody afresh; it takes seconds, so it has transactions of its own and lets others work."""
    round_id, account_id = round_or_404(code).id, require_principal().account_id
    db.session.remove()
    summary = check_applications(sessionmaker(db.engine), round_id, account_id, lambda: gevent.sleep(0))
    flash(
        _(
            "%(assessed)s applications judged, %(changed)s otherwise than before.",
            assessed=summary.assessed,
            changed=summary.changed,
        ),
        "success",
    )
    if summary.kept:
        flash(_("%(n)s keep what they had: their defence has begun.", n=summary.kept), "info")
    return redirect(url_for("findings.index", code=code))


def _severities() -> list[tuple[str, str]]:
    return [(severity.value, localise(text)) for severity, text in SEVERITY_TEXT.items()]
