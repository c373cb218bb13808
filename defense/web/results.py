"""The summary of results, its release and its export."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.exports import export_results
from defense.services.invites.result_letters import queue_result_letters
from defense.services.results import find_results, release_results
from defense.services.room.reopening import unspent_grants
from defense.services.room.rule_words import rule_of, rule_text
from defense.services.upstream.telling import tell_results
from defense.web.downloads import recorded_workbook
from defense.web.rounds import round_or_404

pages = Blueprint("results", __name__, url_prefix="/rounds/<code>/results")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Everybody who must defend, or everybody with one conclusion."""
    round_ = round_or_404(code)
    conclusion = request.args.get("conclusion", "")
    page = find_results(db.session(), round_, conclusion, request.args.get("page", 1, type=int))
    return render_template(
        "results/index.html",
        round=round_,
        conclusion=conclusion,
        page=page,
        rule_text=rule_text(rule_of(round_.rules.defence)),
        grants=unspent_grants(db.session(), round_),
    )


@pages.post("/release")
@access(Role.STAFF)
def release(code: str) -> ResponseReturnValue:
    """Let candidates see their conclusions, and tell each their own by letter."""
    round_, now = round_or_404(code), utc_now()
    release_results(db.session(), round_, now, require_principal().account_id)
    letters = queue_result_letters(db.session(), round_, current_app.extensions["settings"], now)
    told = tell_results(db.session(), round_)
    db.session.commit()
    flash(
        _(
            "The results are released: every candidate sees their own; letters queued: %(n)s.",
            n=letters,
        ),
        "success",
    )
    if told:
        flash(_("Results queued for the upstream platform: %(n)s.", n=told), "success")
    return redirect(url_for("results.index", code=code))


@pages.post("/results.xlsx")
@access(Role.STAFF, Role.SUPERVISOR)
def download(code: str) -> Response:
    """The summary table (汇总表), as of one moment: ballots may be closing meanwhile."""
    return recorded_workbook(code, "答辩汇总表", export_results)
