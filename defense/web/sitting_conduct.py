"""What is done in the voting room: moves, the clock, ballots, reminders, recusals, reopenings."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.domain.errors import InvalidInput
from defense.domain.lifecycle import Move
from defense.domain.text import Text
from defense.extensions import db
from defense.models.types import MAX_ROW_ID
from defense.services.access import Role
from defense.services.room.ballot_opening import open_ballot
from defense.services.room.ballot_rounds import close_ballot, nudge_members
from defense.services.room.conducting import go_on_with_clock, pause_clock, ring_bell
from defense.services.room.recusals import recuse_in_room
from defense.services.room.reopening import ask_reopening, decide_reopening
from defense.services.room.sittings import CONDUCT_MOVES, move_defence

pages = Blueprint("sitting_conduct", __name__)

CONDUCTORS = (Role.SECRETARY, Role.STAFF)
CLOCK_CHANGES = {"pause": pause_clock, "go": go_on_with_clock}


@pages.post("/defences/<int:defence_id>/moves/<move>")
@access(*CONDUCTORS)
def make_move(defence_id: int, move: str) -> ResponseReturnValue:
    """A move of the secretary: check in, call in, the next phase, a step back, a break, absent …"""
    if move not in CONDUCT_MOVES:
        abort(404)
    reason = request.form.get("reason", "")
    moved = move_defence(db.session(), require_principal(), defence_id, Move(move), reason)
    return _commit_and_return(moved.sitting_id)


@pages.post("/defences/<int:defence_id>/clock/<change>")
@access(*CONDUCTORS)
def change_clock(defence_id: int, change: str) -> ResponseReturnValue:
    """Stop the clock of the present phase, or let it go on."""
    if change not in CLOCK_CHANGES:
        abort(404)
    changed = CLOCK_CHANGES[change](db.session(), require_principal(), defence_id)
    return _commit_and_return(changed.sitting_id)


@pages.post("/sittings/<int:sitting_id>/bell")
@access(*CONDUCTORS)
def bell(sitting_id: int) -> ResponseReturnValue:
    """Ring the bell on every screen."""
    ring_bell(db.session(), require_principal(), sitting_id)
    return _commit_and_return(sitting_id)


@pages.post("/defences/<int:defence_id>/ballot")
@access(*CONDUCTORS)
def open_round(defence_id: int) -> ResponseReturnValue:
    """Open a round of voting."""
    ballot_round = open_ballot(db.session(), require_principal(), defence_id)
    return _commit_and_return(ballot_round.defence.sitting_id)


@pages.post("/ballot-rounds/<ballot_round_id>/close")
@access(*CONDUCTORS)
def close_round(ballot_round_id: str) -> ResponseReturnValue:
    """Close a round of voting."""
    ballot_round = close_ballot(db.session(), require_principal(), ballot_round_id, _ballot_key())
    if ballot_round.tally and ballot_round.tally["verdict"] == "invalid":
        flash(
            _(
                "The vote decided nothing (%(cast)s of %(entitled)s cast): too few ballots, or only "
                "abstentions. Open it again when the panel is ready.",
                cast=ballot_round.tally["cast"],
                entitled=ballot_round.tally["entitled"],
            ),
            "warning",
        )
    return _commit_and_erase(ballot_round.defence.sitting_id)


@pages.post("/ballot-rounds/<ballot_round_id>/nudges")
@access(*CONDUCTORS)
def nudge(ballot_round_id: str) -> ResponseReturnValue:
    """Remind one member, or all who have not voted."""
    expert_id = request.form.get("expert_id", type=_row_id)
    if expert_id is None and request.form.get("expert_id"):
        raise _no_such_member()
    nudged = nudge_members(db.session(), require_principal(), ballot_round_id, expert_id)
    answer = _commit_and_return(nudged.sitting_id)
    for account_id in nudged.account_ids:
        current_app.extensions["room_news"].nudge(account_id, nudged.sitting_id)
    return answer


@pages.post("/defences/<int:defence_id>/recusals")
@access(Role.EXPERT, *CONDUCTORS)
def recuse(defence_id: int) -> ResponseReturnValue:
    """A recusal in the room: an expert's own, or one that the secretary records."""
    principal = require_principal()
    expert_id = request.form.get("expert_id", type=_row_id)
    if expert_id is None and principal.role is not Role.EXPERT:
        raise _no_such_member()
    reason = request.form.get("reason", "")
    defence = recuse_in_room(db.session(), principal, defence_id, expert_id, reason, _ballot_key())
    return _commit_and_erase(defence.sitting_id)


@pages.post("/defences/<int:defence_id>/reopenings")
@access(*CONDUCTORS)
def ask(defence_id: int) -> ResponseReturnValue:
    """Ask the supervisor for a re-vote or a second defence."""
    kind, cause, reason = (request.form.get(name, "") for name in ("kind", "cause", "reason"))
    reopening = ask_reopening(db.session(), require_principal(), defence_id, kind, cause, reason)
    return _commit_and_return(reopening.defence.sitting_id)


@pages.post("/reopenings/<int:reopening_id>/decision")
@access(Role.SUPERVISOR)
def decide(reopening_id: int) -> ResponseReturnValue:
    """Grant or refuse what was asked for."""
    granted = request.form.get("granted")
    if granted not in ("0", "1"):
        raise InvalidInput(Text("请选择“批准”或“不批准”。", "Choose to grant or to refuse."))
    reason = request.form.get("reason", "")
    reopening = decide_reopening(db.session(), require_principal(), reopening_id, granted == "1", reason)
    return _commit_and_return(reopening.defence.sitting_id)


def _row_id(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MAX_ROW_ID:
        raise ValueError(text)
    return number


def _no_such_member() -> InvalidInput:
    return InvalidInput(Text("请选择一位专家。", "Choose a member."))


def _ballot_key() -> bytes:
    key: bytes = current_app.extensions["settings"].ballot_key
    return key


def _commit_and_return(sitting_id: int) -> ResponseReturnValue:
    db.session.commit()
    current_app.extensions["room_news"].changed(sitting_id)
    return redirect(url_for("sittings.show", sitting_id=sitting_id))


def _commit_and_erase(sitting_id: int) -> ResponseReturnValue:
    """As `_commit_and_return`, and nothing of a round that was open stays in SQLite's log."""
    answer = _commit_and_return(sitting_id)
    db.session.remove()
    current_app.extensions["log_eraser"].erase()
    return answer
