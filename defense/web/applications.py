"""Applications: the list, one record with everything decided on it, and what staff decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from defense.auth import access, require_principal
from defense.domain.errors import InvalidInput
from defense.domain.result import CONCLUSION_TEXT
from defense.domain.text import Text
from defense.domain.vocabulary import LEVEL_TEXT
from defense.extensions import db
from defense.models import Application, Expert, Round
from defense.models.types import MAX_ROW_ID
from defense.services.access import Role, candidate_account
from defense.services.attempts import binding_attempt
from defense.services.list_exports import export_applications
from defense.services.records.applications import (
    ApplicationFilter,
    count_applications,
    find_applications,
    rulings_after,
)
from defense.services.records.rulings import has_begun, override_fee, override_validity, rule_on_requirement
from defense.services.records.views import view_record
from defense.services.results import conclusion_of, deciding_round, named_ballots, seated_defence
from defense.services.room.recusals import conflicts_of, declare_recusal
from defense.services.timetable.candidate_needs import WISH_TEXT, possible_attendees
from defense.services.upstream.care import KIND_TEXT, STATE_TEXT, deliveries_of
from defense.services.wording import REQUIREMENT_TEXT
from defense.web.document_prints import papers_of
from defense.web.downloads import recorded_workbook
from defense.web.format import localise
from defense.web.links import show_new_link
from defense.web.rounds import application_or_404, round_or_404

pages = Blueprint("applications", __name__)


@pages.get("/rounds/<code>/applications")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Search, filters, counts, and one page of rows."""
    round_ = round_or_404(code)
    wanted = ApplicationFilter.from_mapping(request.args)
    page = find_applications(db.session(), round_, wanted, request.args.get("page", 1, type=int))
    return render_template(
        "applications/index.html",
        round=round_,
        wanted=wanted,
        counts=count_applications(db.session(), round_),
        page=page,
        rows=[(a, seated_defence(a), conclusion_of(a)) for a in page.rows],
        options=_filter_options(round_),
    )


@pages.post("/rounds/<code>/applications.xlsx")
@access(Role.STAFF)
def export(code: str) -> Response:
    """The list with the filter in force, as a workbook; it is audited."""
    wanted = ApplicationFilter.from_mapping(request.args)
    return recorded_workbook(code, "申报人员", lambda s, r: export_applications(s, r, wanted))


@pages.get("/applications/<int:application_id>")
@access(Role.STAFF, Role.SUPERVISOR)
def show(application_id: int) -> ResponseReturnValue:
    """One application: record, findings, rulings, recusals, slot, result."""
    return _render_application(application_or_404(application_id))


def _render_application(application: Application) -> str:
    ballot_round = deciding_round(seated_defence(application))
    experts = db.session.scalars(
        select(Expert).where(Expert.round_id == application.round_id).order_by(Expert.name, Expert.number)
    ).all()
    return render_template(
        "applications/show.html",
        round=application.round,
        application=application,
        view=view_record(application, require_principal().role),
        assessment=application.assessment,
        defence=seated_defence(application),
        begun=has_begun(application.defences),
        conclusion=conclusion_of(application),
        deliveries=deliveries_of(db.session(), application),
        delivery_words={"state": STATE_TEXT, "kind": KIND_TEXT},
        ballot_round=ballot_round,
        named_ballots=named_ballots(db.session(), require_principal(), ballot_round),
        experts=experts,
        conflicts=conflicts_of(db.session(), application, experts),
        declared={recusal.expert_id: recusal for recusal in application.recusals},
        queue=rulings_after(db.session(), application),
        papers=papers_of(application),
        wish_words=WISH_TEXT,
        attendees_possible=possible_attendees(db.session(), application),
    )


@pages.post("/applications/<int:application_id>/requirement")
@access(Role.STAFF)
def rule(application_id: int) -> ResponseReturnValue:
    """Rule on 待裁定."""
    application, reason, account_id = _form_of(application_id)
    rule_on_requirement(db.session(), application, request.form.get("decision", ""), reason, account_id)
    return _done(application)


@pages.post("/applications/<int:application_id>/validity")
@access(Role.STAFF)
def validity(application_id: int) -> ResponseReturnValue:
    """Override what the rules say of validity."""
    application, reason, account_id = _form_of(application_id)
    valid = request.form.get("decision") == "valid"
    override_validity(db.session(), application, valid, reason, account_id)
    return _done(application)


@pages.post("/applications/<int:application_id>/fee")
@access(Role.STAFF)
def fee(application_id: int) -> ResponseReturnValue:
    """Let the person be scheduled before the fee is paid, or take that back."""
    application, reason, account_id = _form_of(application_id)
    waived = request.form.get("decision") == "waived"
    override_fee(db.session(), application, waived, reason, account_id)
    return _done(application)


@pages.post("/applications/<int:application_id>/recusals")
@access(Role.STAFF)
def recusal(application_id: int) -> ResponseReturnValue:
    """Declare a recusal."""
    application, reason, _account_id = _form_of(application_id)
    expert_id = request.form.get("expert_id", 0, type=int)
    if not 0 < expert_id <= MAX_ROW_ID:
        raise InvalidInput(Text("请从列表中选择专家。", "Choose an expert from the list."))
    key = current_app.extensions["settings"].ballot_key
    declare_recusal(db.session(), application, expert_id, reason, require_principal(), key)
    defence = binding_attempt(application)
    sitting_id = defence.sitting_id if defence else None
    answer = _done(application)
    if sitting_id is not None:
        current_app.extensions["room_news"].changed(sitting_id)
    # A round that was open may have been broken off.
    db.session.remove()
    current_app.extensions["log_eraser"].erase()
    return answer


@pages.post("/applications/<int:application_id>/link")
@access(Role.STAFF)
def new_link(application_id: int) -> ResponseReturnValue:
    """Hand out a new personal link of the candidate."""
    application = application_or_404(application_id)
    account = candidate_account(db.session(), application)
    back = url_for("applications.show", application_id=application.id)
    return show_new_link(account, back, application.round)


def _filter_options(round_: Round) -> dict[str, list[tuple[str, str]]]:
    """Filter → its values and their words."""

    def words(table: Mapping[Any, Text]) -> list[tuple[str, str]]:
        return [(str(code), localise(text)) for code, text in table.items()]

    return {
        "series": [(series.name, series.name) for series in round_.rules.series],
        "level": words(LEVEL_TEXT),
        "requirement": words(REQUIREMENT_TEXT),
        "conclusion": words(CONCLUSION_TEXT),
    }


def _form_of(application_id: int) -> tuple[Application, str, int]:
    reason = request.form.get("reason", "")
    return application_or_404(application_id), reason, require_principal().account_id


def _done(application: Application) -> ResponseReturnValue:
    db.session.commit()
    flash(_("Recorded."), "success")
    return redirect(url_for("applications.show", application_id=application.id))
