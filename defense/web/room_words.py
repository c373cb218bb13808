"""The words that the voting room's script puts in, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext as _

from defense.domain.lifecycle import STATE_TEXT
from defense.domain.result import OUTCOME_TEXT
from defense.web.format import TONE, localise


def room_texts() -> dict[str, dict[str, str]]:
    """Words and tones of states and outcomes, and the sentences, by the names that the script uses."""
    return {
        "states": {state.value: localise(text) for state, text in STATE_TEXT.items()},
        "outcomes": {outcome.value: localise(text) for outcome, text in OUTCOME_TEXT.items()},
        "tones": {code.value: TONE.get(code.value, "secondary") for code in (*STATE_TEXT, *OUTCOME_TEXT)},
        "words": _everyones_words() | _voters_words() | _conductors_words(),
    }


def _everyones_words() -> dict[str, str]:
    return {
        "offline": _("No connection. What you have chosen stays; the page reconnects by itself."),
        "signed_out": _("You are signed out; open your personal link again."),
        "no_seat": _("You no longer have a place in this room; ask the secretary."),
        "opened": _("The ballot on {name} is open."),
        "closed": _("The ballot on {name} is closed."),
        "voted": _("{voted} of {entitled} voted"),
        "tally": _("pass {passes} · veto {vetoes} · abstain {abstentions} · unused {unused}"),
        "invalid": _("invalid vote: {cast} of {entitled} ballots"),
        "mean": _("mean {mean} of {scores} scores"),
    }


def _voters_words() -> dict[str, str]:
    return {
        "sending": _("Sending your ballot…"),
        "lost": _("The line is down; your ballot is kept and sent again by itself."),
        "choose": _("Choose first."),
        "reason": _("Choose the reason of the veto."),
        "score": _(
            "Give points from 0 to 100 with at most one decimal, written with a point, such as 85 or 85.5."
        ),
        "nudged": _("The secretary reminds you: your ballot is still missing"),
        "earlier_recorded": _("A ballot from an earlier round that was still under way has been recorded."),
        "earlier_dropped": _("A ballot for an earlier round was still under way and has been dropped."),
    }


def _conductors_words() -> dict[str, str]:
    return {
        "present": _("in the room"),
        "away": _("not here"),
        "present_count": _("{present} of {of} in the room"),
        "recused": _("recused"),
        "has_voted": _("has voted"),
        "not_voted": _("has not voted"),
        "close_early": _(
            "{n} have not voted yet: {names}. Ballots not cast count as unused. Close all the same?"
        ),
        "comma": _(", "),
        "not_done": _("That did not work; the line may be down. Try again."),
    }
