"""The words of letters: what there is, changing one, and how it will look."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.domain.errors import InvalidInput
from defense.domain.people import Period
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Round
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.invites.wordings import (
    AUDIENCE_TEXT,
    KIND_TEXT,
    MAX_REMARKS,
    PLACEHOLDERS,
    OwnWording,
    Wording,
    change_wording,
    check_wording,
    find_wording,
    list_wordings,
    render_sample,
)
from defense.web.rounds import round_or_404

pages = Blueprint("wordings", __name__, url_prefix="/rounds/<code>/wordings")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Every letter, by whom it goes to."""
    round_ = round_or_404(code)
    return render_template(
        "wordings/index.html",
        round=round_,
        letters=list_wordings(db.session(), round_),
        audiences=AUDIENCE_TEXT,
        kinds=KIND_TEXT,
    )


@pages.get("/<letter>")
@access(Role.STAFF, Role.SUPERVISOR)
def show(code: str, letter: str) -> ResponseReturnValue:
    """The words of one letter, to be changed."""
    round_, own = _own(code, letter)
    return _page(round_, own, own.wording)


@pages.post("/<letter>")
@access(Role.STAFF)
def save(code: str, letter: str) -> ResponseReturnValue:
    """Keep other words, or go back to the standard ones."""
    round_, own = _own(code, letter)
    shown = OwnWording(own.audience, own.kind, own.wording, _version(), own.changed_at)
    wanted = None if "standard" in request.form else _typed()
    account_id = require_principal().account_id
    try:
        change_wording(db.session(), round_, shown, wanted, utc_now(), account_id)
    except InvalidInput as error:
        db.session.rollback()
        round_, own = _own(code, letter)
        return _page(round_, own, wanted or own.wording, error.text), 422
    db.session.commit()
    flash(_("The words are kept. Letters that are written from now on have them."), "success")
    return redirect(url_for("wordings.show", code=code, letter=letter))


@pages.get("/<letter>/preview")
@access(Role.STAFF, Role.SUPERVISOR)
def preview(code: str, letter: str) -> ResponseReturnValue:
    """The letter as it is now, to an invented person."""
    round_, own = _own(code, letter)
    return _preview(round_, own, own.wording)


@pages.post("/<letter>/preview")
@access(Role.STAFF)
def preview_typed(code: str, letter: str) -> ResponseReturnValue:
    """The letter with the words that are being typed; nothing is kept."""
    round_, own = _own(code, letter)
    return _preview(round_, own, _typed())


def _own(code: str, letter: str) -> tuple[Round, OwnWording]:
    round_ = round_or_404(code)
    audience, _dot, kind = letter.partition(".")
    return round_, find_wording(db.session(), round_, audience, kind)


def _version() -> int:
    return request.form.get("version", -1, type=int)


def _typed() -> Wording:
    remarks = (Text(_field(f"remark{i}_zh"), _field(f"remark{i}_en")) for i in range(MAX_REMARKS))
    return Wording(
        Text(_field("title_zh"), _field("title_en")),
        Text(_field("intro_zh"), _field("intro_en")),
        # A remark that was emptied in both languages is taken away.
        tuple(remark for remark in remarks if remark.zh or remark.en),
    )


def _field(name: str) -> str:
    return " ".join(request.form.get(name, "").split())


def _page(round_: Round, own: OwnWording, wording: Wording, problem: Text | None = None) -> str:
    return render_template(
        "wordings/show.html",
        round=round_,
        own=own,
        wording=wording,
        problem=problem,
        audiences=AUDIENCE_TEXT,
        kinds=KIND_TEXT,
        placeholders=PLACEHOLDERS,
        max_remarks=MAX_REMARKS,
    )


def _preview(round_: Round, own: OwnWording, wording: Wording) -> Response:
    try:
        check_wording(wording)
    except InvalidInput as error:
        return Response(str(error.text), mimetype="text/plain")
    start_at = utc_now().replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=14)
    slot = Period(start_at, start_at + timedelta(minutes=15))
    rendered = render_sample(round_, own.audience, own.kind, wording, slot, utc_now())
    as_text = request.values.get("as") == "text"
    response = Response(
        f"{rendered.subject}\n\n{rendered.text}" if as_text else rendered.html,
        mimetype="text/plain" if as_text else "text/html",
    )
    # The mail has its styles in it, as mail programs want them; nothing in it may run or be fetched.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
    )
    return response
