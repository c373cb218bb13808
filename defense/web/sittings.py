"""The voting room: its page, the records in it, the plain POST of a ballot, the meeting."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from defense.auth import access, own_transaction, require_principal
from defense.domain.errors import Forbidden, InvalidInput
from defense.domain.lifecycle import LIVE_STATES, DefenceState, Move, legal_moves
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Defence, Sitting
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.meetings.entering import room_window
from defense.services.records.views import view_record
from defense.services.results import deciding_round, named_ballots
from defense.services.room.recusals import conflicts_of, entitled_members
from defense.services.room.sealing import seal_view
from defense.services.room.seals import is_sealed
from defense.services.room.sittings import CONDUCT_MOVES, heard_in_order, may_conduct, require_watcher
from defense.services.room.views import console_view, own_view, sees_console, shared_view
from defense.web.document_prints import papers_of
from defense.web.meeting_door import enter_meeting
from defense.web.room_page import ballot_paper, next_steps, reopenings, screen_address
from defense.web.room_words import room_texts
from voting.room import MalformedBallot, parse_ballot

pages = Blueprint("sittings", __name__)

ROOM_ROLES = (Role.EXPERT, Role.SECRETARY, Role.STAFF, Role.SUPERVISOR)


@pages.get("/sittings/<int:sitting_id>")
@access(*ROOM_ROLES)
def show(sitting_id: int) -> ResponseReturnValue:
    """The room."""
    sitting, now = require_watcher(db.session(), require_principal(), sitting_id), utc_now()
    return render_template(
        "sittings/show.html",
        **_room(sitting),
        opens_at=room_window(sitting).start_at,
        now=now,
        is_ahead=sitting.start_at.astimezone(BEIJING).date() > now.astimezone(BEIJING).date(),
        texts=room_texts(),
        papers=papers_of(sitting),
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


@pages.post("/sittings/<int:sitting_id>/ballots")
@access(Role.EXPERT)
@own_transaction
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
    sign_in_id = require_principal().sign_in_id
    # Who waits for the writer must not go on reading: a round that closes empties SQLite's log meanwhile.
    db.session.rollback()
    receipt = current_app.extensions["ballot_desk"].cast_ballot(sign_in_id, ballot)
    current_app.extensions["room_news"].changed(receipt.sitting_id)
    if request.is_json:
        return jsonify(ok=True, receipt=receipt.receipt)
    return redirect(url_for("sittings.show", sitting_id=sitting_id))


@pages.get("/sittings/<int:sitting_id>/meeting")
@access(*ROOM_ROLES)
def meeting(sitting_id: int) -> ResponseReturnValue:
    """Into the video meeting; the provider's address is made at this click and stored nowhere."""
    principal = require_principal()
    sitting = require_watcher(db.session(), principal, sitting_id)
    return enter_meeting(sitting, may_conduct(principal, sitting), room_window(sitting))


def _room(sitting: Sitting) -> dict[str, Any]:
    """What the room shows this person, whole and as the script fetches it again."""
    session, principal = db.session(), require_principal()
    order, shared = heard_in_order(sitting), shared_view(session, sitting)
    live = next((d for d in order if d.state in LIVE_STATES), None)
    sealed = is_sealed(session, sitting.id)
    conducts = may_conduct(principal, sitting)
    return {
        "sitting": sitting,
        "order": order,
        "live": live,
        "interrupted": [d for d in order if d.state == DefenceState.INTERRUPTED],
        "shared": shared,
        "views": {view["id"]: view for view in shared["defences"]},
        "own": own_view(session, sitting, principal),
        "console": console_view(session, sitting.id) if sees_console(principal) else None,
        "sealed": sealed,
        "seal": None if principal.role is Role.EXPERT else seal_view(session, principal, sitting),
        "expert": principal.role is Role.EXPERT,
        "conducts": conducts and not sealed,
        "moves": {d.id: _moves_of(d) for d in order},
        "screen_address": screen_address(sitting),
        **ballot_paper(session, sitting),
        **next_steps(order),
        **reopenings(order, may_ask=conducts),
        **_heard_now(sitting, live),
    }


def _moves_of(defence_row: Defence) -> list[Move]:
    return [move for move in legal_moves(DefenceState(defence_row.state)) if move in CONDUCT_MOVES]


def _heard_now(sitting: Sitting, live: Defence | None) -> dict[str, Any]:
    """The record of whoever is being heard, and who may neither read it nor vote."""
    if live is None:
        return {"recused": [], "may_read": False}
    recused = {m.expert_id for m in sitting.members} - set(entitled_members(db.session(), live))
    return {
        "recused": [m.expert.name for m in sitting.members if m.expert_id in recused],
        "may_read": require_principal().expert_id not in recused,
        **_record(live),
    }


def _record(defence_row: Defence) -> dict[str, Any]:
    application = defence_row.application
    return {
        "application": application,
        "view": view_record(application, require_principal().role),
    }
