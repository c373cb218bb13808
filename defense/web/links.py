"""A personal link handed out by staff: on the screen once, kept nowhere."""

from __future__ import annotations

from flask import current_app, render_template

from defense.auth import require_principal
from defense.extensions import db
from defense.models import Account, Round
from defense.services.office import hand_out_link


def show_new_link(account: Account, back: str, round_: Round | None = None) -> str:
    """Issue a link, commit, and render the page that shows it."""
    settings = current_app.extensions["settings"]
    path = hand_out_link(db.session(), account, settings.link_days, require_principal().account_id)
    db.session.commit()
    return render_template(
        "people/link.html",
        round=round_,
        account=account,
        link=settings.public_url + path,
        days=settings.link_days,
        back=back,
    )
