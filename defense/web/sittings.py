"""The voting room: its page, the secretary's moves, the plain POST of a ballot, the meeting."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.domain.errors import Forbidden, InvalidInput
from defense.domain.lifecycle import LIVE_STATES, STATE_TEXT, DefenceState, Move, legal_moves
from defense.domain.result import OUTCOME_TEXT
from defense.domain.text import Text
from defense.extensions import db, socketio
from defense.models import Defence, Round, Sitting
from defense.models.types import random_id, utc_now
from defense.services.access import Role
from defense.services.applications import findings_by_section
from defense.services.ballots import open_ballot_round, own_view, shared_view
from defense.services.meetings import meeting_address, room_window
from defense.services.recusals import conflicts_of
from defense.services.results import deciding_round, named_ballots
from defense.services.sittings import (
    CONDUCT_MOVES,
    close_ballot,
    entitled_members,
    heard_in_order,
    may_conduct,
    move_defence,
    open_ballot,
    require_watcher,
)
from defense.services.transaction import erase_write_ahead_log
from defense.web.format import TONE, localise
from voting.events import tell_sitting
from voting.room import MalformedBallot, parse_ballot

pages = Blueprint("sittings", __name__)

ROOM_ROLES = (Role.EXPERT, Role.SECRETARY, Role.STAFF, Role.SUPERVISOR)


@pages.get("/sittings/<int:sitting_id>")
@access(*ROOM_ROLES)
def show(sitting_id: int) -> ResponseReturnValue:
    """The room."""
    principal = require_principal()
    sitting = require_watcher(db.session(), principal, sitting_id)
    return render_template(
        "sittings/show.html",
        **_room(sitting),
        own=own_view(sitting, principal),
        ballot=open_ballot_round(sitting),
        rules=db.session.get_one(Round, sitting.round_id).rules.defence,
        opens_at=room_window(sitting).start_at,
        now=utc_now(),
        # For a browser without scripts; ours makes its own and keeps it.
        ballot_key=random_id(),
        texts=_texts(),
    )


@pages.get("/sittings/<int:sitting_id>/current")
@access(*ROOM_ROLES)
def current(sitting_id: int) -> ResponseReturnValue:
    """The part of the room about whoever is being heard; fetched when that changes."""
    sitting = require_watcher(db.session(), require_principal(), sitting_id)
    return render_template("sittings/current.html", **_room(sitting))


@pages.get("/sittings/<int:sitting_id>/defences/<int:defence_id>")
@access(*ROOM_ROLES)
def defence(sitting_id: int, defence_id: int) -> ResponseReturnValue:
    """One candidate's application record, for whoever sits in the room."""
    sitting = require_watcher(db.session(), require_principal(), sitting_id)
    found = next((d for d in heard_in_order(sitting) if d.id == defence_id), None) or abort(404)
    members = [member.expert for member in sitting.members]
    if require_principal().expert_id in conflicts_of(db.session(), found.application, members):
        raise Forbidden(
            Text(
                "您对该申报人回避，不能查看其材料。",
                "You are recused from this candidate and may not read on.",
            )
        )
    return render_template(
        "sittings/defence.html",
        sitting=sitting,
        defence=found,
        ballot_round=deciding_round(found),
        named_ballots=named_ballots(db.session(), require_principal(), deciding_round(found)),
        **_record(found),
    )


@pages.post("/defences/<int:defence_id>/moves/<move>")
@access(Role.SECRETARY, Role.STAFF)
def make_move(defence_id: int, move: str) -> ResponseReturnValue:
    """A move of the secretary: call in, interrupt, resume, absent, withdrawn, cancelled."""
    if move not in CONDUCT_MOVES:
        abort(404)
    reason = request.form.get("reason", "")
    moved = move_defence(db.session(), require_principal(), defence_id, Move(move), reason)
    return _commit_and_return(moved.sitting_id)


@pages.post("/defences/<int:defence_id>/ballot")
@access(Role.SECRETARY, Role.STAFF)
def open_round(defence_id: int) -> ResponseReturnValue:
    """Open a round of voting."""
    ballot_round = open_ballot(db.session(), require_principal(), defence_id)
    return _commit_and_return(ballot_round.defence.sitting_id)


@pages.post("/ballot-rounds/<ballot_round_id>/close")
@access(Role.SECRETARY, Role.STAFF)
def close_round(ballot_round_id: str) -> ResponseReturnValue:
    """Close a round of voting."""
    ballot_round = close_ballot(db.session(), require_principal(), ballot_round_id)
    if ballot_round.tally and ballot_round.tally["verdict"] == "invalid":
        flash(
            _(
                "The vote is invalid: too few ballots, or only abstentions (%(cast)s cast, "
                "%(quorum)s needed). Open it again when the panel is ready.",
                cast=ballot_round.tally["cast"],
                quorum=ballot_round.quorum,
            ),
            "warning",
        )
    answer = _commit_and_return(ballot_round.defence.sitting_id)
    db.session.remove()
    erase_write_ahead_log(db.engine)
    return answer


@pages.post("/sittings/<int:sitting_id>/ballots")
@access(Role.EXPERT)
def cast(sitting_id: int) -> ResponseReturnValue:
    """A ballot by plain POST, where scripts or sockets are cut off: the same desk as the websocket's."""
    data: Any = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    try:
        ballot = parse_ballot(data)
    except MalformedBallot as error:
        raise InvalidInput(
            Text(
                f"表决票不完整（{error}），请重新选择。", f"The ballot is incomplete ({error}); choose again."
            )
        ) from error
    desk = current_app.extensions["ballot_desk"]
    receipt = desk.cast_ballot(require_principal().sign_in_id, ballot)
    tell_sitting(socketio, desk, receipt.sitting_id)
    if request.is_json:
        return jsonify(ok=True, receipt=receipt.receipt)
    return redirect(url_for("sittings.show", sitting_id=sitting_id))


@pages.get("/sittings/<int:sitting_id>/meeting")
@access(*ROOM_ROLES)
def meeting(sitting_id: int) -> ResponseReturnValue:
    """Into the video meeting; the provider's address is made at this click and stored nowhere."""
    principal = require_principal()
    sitting = require_watcher(db.session(), principal, sitting_id)
    settings = current_app.extensions["settings"]
    moderator = may_conduct(principal, sitting)
    window = room_window(sitting)
    return redirect(meeting_address(settings, sitting, principal, moderator, window, utc_now()))


def _commit_and_return(sitting_id: int) -> ResponseReturnValue:
    db.session.commit()
    tell_sitting(socketio, current_app.extensions["ballot_desk"], sitting_id)
    return redirect(url_for("sittings.show", sitting_id=sitting_id))


def _room(sitting: Sitting) -> dict[str, Any]:
    principal = require_principal()
    order = heard_in_order(sitting)
    live = next((d for d in order if d.state in LIVE_STATES), None)
    context: dict[str, Any] = {
        "sitting": sitting,
        "order": order,
        "states": ",".join(f"{d.id}:{d.state}" for d in order),
        "interrupted": [d for d in order if d.state == DefenceState.INTERRUPTED],
        "shared": shared_view(db.session(), sitting),
        "live": live,
        "next_up": next((d for d in sitting.defences if d.state == DefenceState.WAITING), None),
        "conducts": may_conduct(principal, sitting),
    }
    context["moves"] = {
        d.id: [move for move in legal_moves(DefenceState(d.state)) if move in CONDUCT_MOVES]
        for d in sitting.defences
    }
    if live:
        recused = {m.expert_id for m in sitting.members} - set(entitled_members(db.session(), live))
        context["recused"] = [m.expert.name for m in sitting.members if m.expert_id in recused]
        context["open_round"] = open_ballot_round(sitting)
        context["may_read"] = principal.expert_id not in recused
        context |= _record(live)
    return context


def _record(defence_row: Defence) -> dict[str, Any]:
    application = defence_row.application
    return {
        "application": application,
        "record": application.record,
        "findings_by_section": findings_by_section(application.assessment),
    }


def _texts() -> dict[str, dict[str, str]]:
    """The words that the page's script puts in, in the reader's language."""
    return {
        "states": {state.value: localise(text) for state, text in STATE_TEXT.items()},
        "tones": {state.value: TONE.get(state.value, "secondary") for state in STATE_TEXT},
        "outcomes": {outcome.value: localise(text) for outcome, text in OUTCOME_TEXT.items()},
        "words": {
            "vote_on": _("Your vote on {name}"),
            "voted": _("{voted} of {entitled} voted"),
            "tally": _("pass {passes} · veto {vetoes} · abstain {abstentions} · unused {unused}"),
            "sending": _("Sending your ballot…"),
            "lost": _("The line is down; your ballot is kept and sent again by itself."),
            "choose": _("Choose first."),
            "reason": _("Choose the reason of the veto."),
            "signed_out": _("You are signed out; open your personal link again."),
        },
    }
