"""The settings of a round that staff may change."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.domain.scheduling_rules import (
    NOTICE_UNIT_TEXT,
    PRIORITY_TEXT,
    TERM_TEXT,
    SchedulingRules,
    WeightedTerm,
    read_days,
)
from defense.domain.text import Text
from defense.domain.vocabulary import Level
from defense.domain.working_hours import read_seasons, write_seasons
from defense.extensions import db
from defense.models import Round
from defense.services.access import Role
from defense.services.meetings.settings import PROVIDER_TEXT, change_meeting_settings
from defense.services.room.rule_words import (
    ABSENCES_TEXT,
    ABSTENTIONS_TEXT,
    DENOMINATOR_TEXT,
    rule_of,
    rule_text,
)
from defense.services.round_settings import (
    CHOICES,
    RANGES,
    SETTING_TEXT,
    VOTE_SETTINGS,
    DefenceSettings,
    change_settings,
    rules_with,
    settings_of,
)
from defense.services.timetable.settings import (
    SCHEDULING_TEXT,
    TimetableSettings,
    change_timetable_settings,
    timetable_settings_of,
)
from defense.services.wording import EFFECT_TEXT, RULE_TEXT
from defense.web.format import localise
from defense.web.forms import whole
from defense.web.rounds import round_or_404

CHOICE_TEXT: dict[str, dict[Any, Text]] = {
    "panel_rule": RULE_TEXT,
    "denominator": {**DENOMINATOR_TEXT},
    "abstentions": {**ABSTENTIONS_TEXT},
    "absences": {**ABSENCES_TEXT},
    "effect": EFFECT_TEXT,
}

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
        choices={name: {code: CHOICE_TEXT[name][code] for code in codes} for name, codes in CHOICES.items()},
        ranges=RANGES,
        rule_text=rule_text(rule_of(round_.rules.defence)),
        timetable=timetable_settings_of(round_),
        timetable_labels=SCHEDULING_TEXT,
        seasons=write_seasons(round_.rules.seasons),
        terms=_terms(round_.rules.scheduling),
        units=NOTICE_UNIT_TEXT,
        provider_names=_offered_providers(round_),
        configured=current_app.extensions["meeting_providers"],
    )


@pages.post("")
@access(Role.STAFF)
def save(code: str) -> ResponseReturnValue:
    """Keep the settings."""
    round_ = round_or_404(code)
    wanted = _wanted(round_)
    change_settings(db.session(), round_, wanted, require_principal().account_id)
    db.session.commit()
    flash(_("The settings are kept. A timetable made before does not follow them: solve again."), "success")
    return redirect(url_for("round_settings.index", code=code))


@pages.get("/rule")
@access(Role.STAFF, Role.SUPERVISOR)
def describe(code: str) -> ResponseReturnValue:
    """The words for a rule while it is being put together; plain text, nothing is kept."""
    round_ = round_or_404(code)
    given: dict[str, Any] = {
        name: request.args.get(name, type=int if name in RANGES else str)
        for name in (*CHOICES, *RANGES)
        if name in VOTE_SETTINGS
    }
    wanted = replace(settings_of(round_), **{k: v for k, v in given.items() if v is not None})
    text = localise(rule_text(rule_of(rules_with(round_.rules.defence, wanted))))
    return text, {"Content-Type": "text/plain; charset=utf-8"}


@pages.post("/timetable")
@access(Role.STAFF)
def save_timetable(code: str) -> ResponseReturnValue:
    """Keep what staff want of the timetables."""
    round_ = round_or_404(code)
    wanted = TimetableSettings(
        scheduling=SchedulingRules(
            objective=_objective(),
            max_parallel_sittings=_number("max_parallel_sittings") or None,
            change_notice=_number("change_notice"),
            change_notice_unit=request.form.get("change_notice_unit", ""),
            first_notice=_number("first_notice"),
            remind_day=request.form.get("remind_day") == "1",
            remind_soon=request.form.get("remind_soon") == "1",
            time_limit_s=_number("time_limit_s") or None,
            memory_limit_mb=_number("memory_limit_mb"),
            priority={level: whole(f"priority_{level.value}", PRIORITY_TEXT) for level in Level},
        ),
        seasons=read_seasons(request.form.get("working_hours", "")),
        extra_days_off=read_days(request.form.get("extra_days_off", "")),
    )
    change_timetable_settings(db.session(), round_, wanted, require_principal().account_id)
    db.session.commit()
    flash(_("The settings are kept. A timetable made before does not follow them: solve again."), "success")
    return redirect(url_for("round_settings.index", code=code))


@pages.post("/meetings")
@access(Role.STAFF)
def save_meetings(code: str) -> ResponseReturnValue:
    """Keep who holds the video meetings."""
    change_meeting_settings(
        db.session(),
        round_or_404(code),
        current_app.extensions["meeting_providers"],
        request.form.get("meeting_provider", ""),
        request.form.get("second_meeting_provider", ""),
        request.form.get("meeting_waiting_room") == "1",
        require_principal().account_id,
    )
    db.session.commit()
    flash(_("The settings are kept. Meetings that exist already follow within minutes."), "success")
    return redirect(url_for("meetings.index", code=code))


def _offered_providers(round_: Round) -> dict[str, Text]:
    """Those that are configured, and what the round has now even if it no longer is."""
    kept = (*current_app.extensions["meeting_providers"], round_.meeting_provider)
    return {
        name: text
        for name, text in PROVIDER_TEXT.items()
        if name in kept or name == round_.second_meeting_provider
    }


def _number(name: str) -> int:
    return whole(name, SCHEDULING_TEXT[name])


def _terms(rules: SchedulingRules) -> list[tuple[str, Text, int, int]]:
    """Every term with its words, its place in the order (0: does not count) and its weight."""
    places = {
        name: (place, weight) for place, tier in enumerate(rules.objective, start=1) for name, weight in tier
    }
    rows = [(name, text, *places.get(name, (0, 1))) for name, text in TERM_TEXT.items()]
    return sorted(rows, key=lambda row: row[2] or len(rows) + 1)


def _objective() -> tuple[tuple[WeightedTerm, ...], ...]:
    """Terms with the same place in the order are one tier."""
    tiers: dict[int, list[WeightedTerm]] = defaultdict(list)
    for name, text in TERM_TEXT.items():
        place = whole(f"place_{name}", text)
        if place:
            tiers[place].append((name, whole(f"weight_{name}", text)))
    return tuple(tuple(tiers[place]) for place in sorted(tiers))


def _whole(name: str) -> int:
    return whole(name, SETTING_TEXT[name])


def _wanted(round_: Round) -> DefenceSettings:
    """What the form says; of what is frozen, a page sends nothing."""
    before = settings_of(round_)
    frozen = VOTE_SETTINGS if round_.rules_frozen_at else ()
    wanted: dict[str, Any] = {name: request.form.get(name, "") for name in CHOICES if name not in frozen}
    wanted |= {name: _whole(name) for name in RANGES if name not in frozen}
    if not frozen:
        wanted["secret_ballots"] = request.form.get("secret_ballots") == "1"
    return replace(before, **wanted)
