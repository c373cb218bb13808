"""The candidate's own page: when, how, and, after the release, the conclusion."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from defense.auth import access, require_principal
from defense.domain.errors import Forbidden
from defense.domain.lifecycle import FINAL_STATES, DefenceState
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Application, Defence
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.meetings.entering import candidate_window
from defense.services.results import conclusion_of, seated_defence
from defense.services.room.sittings import heard_in_order
from defense.web.answer_forms import Card, own_cards
from defense.web.meeting_door import enter_meeting

pages = Blueprint("candidate", __name__, url_prefix="/my")


@pages.get("")
@access(Role.CANDIDATE)
def mine() -> ResponseReturnValue:
    """Everything this candidate needs on the day, and the answer to the invite."""
    return show_own_page(own_cards())


def show_own_page(cards: Sequence[Card]) -> str:
    """The page with the cards to answer the invite with."""
    application = _own_application()
    released = application.round.results_released_at is not None
    defence = seated_defence(application)
    return render_template(
        "candidate/mine.html",
        application=application,
        rules=application.round.rules,
        defence=defence,
        window=candidate_window(defence) if defence else None,
        place_in_order=heard_in_order(defence.sitting).index(defence) + 1 if defence else None,
        conclusion=conclusion_of(application) if released else None,
        now=utc_now(),
        cards=cards,
    )


@pages.get("/meeting")
@access(Role.CANDIDATE)
def meeting() -> ResponseReturnValue:
    """Into the video meeting of one's own defence."""
    return enter_defence(seated_defence(_own_application()) or abort(404))


def enter_defence(defence: Defence) -> ResponseReturnValue:
    """Into the meeting of a defence, for its candidate and who attends it: not while the panel decides."""
    if defence.state in FINAL_STATES:
        raise Forbidden(Text("答辩已结束。", "The defence is over."))
    if defence.state in (DefenceState.DISCUSSING, DefenceState.VOTING):
        raise Forbidden(
            Text(
                "陈述和提问环节已结束，评议和表决时请勿返回会议室。",
                "The candidate has been heard; please stay out while the panel discusses and votes.",
            )
        )
    return enter_meeting(defence.sitting, False, candidate_window(defence))


def _own_application() -> Application:
    return db.session.get_one(Application, require_principal().application_id)
