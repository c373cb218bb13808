"""The settings of a round that staff may change."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.domain.errors import InvalidInput
from defense.domain.round_rules import EFFECTS, PANEL_RULES
from defense.domain.text import Text
from defense.extensions import db
from defense.services.access import Role
from defense.services.round_settings import (
    SETTING_TEXT,
    VOTE_SETTINGS,
    DefenceSettings,
    change_settings,
    settings_of,
)
from defense.web.rounds import round_or_404

pages = Blueprint("round_settings", __name__, url_prefix="/rounds/<code>/settings")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """The settings, with those that are frozen."""
    round_ = round_or_404(code)
    return render_template(
        "round_settings/index.html",
        round=round_,
        settings=settings_of(round_),
        frozen=VOTE_SETTINGS if round_.rules_frozen_at else (),
        labels=SETTING_TEXT,
        panel_rules=PANEL_RULES,
        effects=EFFECTS,
    )


@pages.post("")
@access(Role.STAFF)
def save(code: str) -> ResponseReturnValue:
    """Keep the settings."""
    round_ = round_or_404(code)
    before = settings_of(round_)
    frozen = VOTE_SETTINGS if round_.rules_frozen_at else ()
    wanted = DefenceSettings(
        panel_rule=before.panel_rule if frozen else request.form.get("panel_rule", ""),
        effect=before.effect if frozen else request.form.get("effect", ""),
        secret_ballots=before.secret_ballots if frozen else request.form.get("secret_ballots") == "1",
        min_panel_size=before.min_panel_size if frozen else _whole("min_panel_size"),
        senior_min=_whole("senior_min"),
        associate_min=_whole("associate_min"),
        buffer_min=_whole("buffer_min"),
        check_in_min=_whole("check_in_min"),
    )
    change_settings(db.session(), round_, wanted, require_principal().account_id)
    db.session.commit()
    flash(_("The settings are kept. A timetable made before does not follow them: solve again."), "success")
    return redirect(url_for("round_settings.index", code=code))


def _whole(name: str) -> int:
    text = request.form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        label = SETTING_TEXT[name]
        raise InvalidInput(Text(f"{label.zh}：请填写整数。", f"{label.en}: enter a whole number."))
    return int(text)
