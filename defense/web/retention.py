"""How long a round's personal data is kept, its archive before deletion, and its deletion by two people."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import date

import gevent
from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import sessionmaker

from defense.auth import access, own_transaction, require_principal
from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.keeping.archive_cipher import MIN_PASSPHRASE
from defense.services.keeping.retention import (
    DIGEST_TAIL,
    USUAL_YEARS,
    confirm_erasure,
    export_round,
    finish_erasures,
    retention_of,
    set_keep_until,
)
from defense.services.room.seals import public_key_of
from defense.web.rounds import round_or_404

pages = Blueprint("retention", __name__, url_prefix="/rounds/<code>/retention")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Until when the data is kept, what was exported, and what stands in the way of the deletion."""
    round_ = round_or_404(code)
    return render_template(
        "retention/index.html",
        round=round_,
        view=retention_of(db.session(), round_, utc_now()),
        usual_years=USUAL_YEARS,
        digest_tail=DIGEST_TAIL,
        min_passphrase=MIN_PASSPHRASE,
    )


@pages.post("")
@access(Role.STAFF)
def save(code: str) -> ResponseReturnValue:
    """Keep the data until another day."""
    day, text = None, request.form.get("keep_until", "").strip()
    if text:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise InvalidInput(Text("日期应写作 2026-12-31。", "Write a day as 2026-12-31.")) from None
    account_id = require_principal().account_id
    set_keep_until(db.session(), round_or_404(code), day, request.form.get("reason", ""), account_id)
    db.session.commit()
    flash(_("Recorded."), "success")
    return redirect(url_for("retention.index", code=code))


@pages.post("/archive")
@access(Role.STAFF)
@own_transaction
def archive(code: str) -> Response:
    """The archive of the round: with a passphrase encrypted, else a zip file."""
    passphrase = request.form.get("passphrase", "")
    if passphrase != request.form.get("again", ""):
        raise InvalidInput(Text("两次输入的口令不一致。", "The two passphrases differ."))
    round_id, account_id = round_or_404(code).id, require_principal().account_id
    reason, key = request.form.get("reason", ""), current_app.extensions["settings"].seal_key
    db.session.remove()
    sessions = sessionmaker(db.engine)
    data = export_round(sessions, round_id, public_key_of(key), passphrase, reason, account_id, _breathe)
    filename = f"批次存档-{code}.{'archive' if passphrase else 'zip'}"
    answer = send_file(
        io.BytesIO(data),
        mimetype="application/octet-stream" if passphrase else "application/zip",
        as_attachment=True,
        download_name=filename,
    )
    # Of what was handed out, so that whoever keeps the file can check it.
    answer.headers["Digest"] = f"sha-256={_digest(data)}"
    return answer


@pages.post("/deletion")
@access(Role.STAFF)
def delete(code: str) -> ResponseReturnValue:
    """The second person confirms; the deletion begins at once and, cut off, is finished by itself later."""
    round_, account_id = round_or_404(code), require_principal().account_id
    if request.form.get("code", "").strip() != round_.code:
        raise InvalidInput(
            Text("请填写本批次的代码以确认删除。", "Type the code of this round to confirm the deletion.")
        )
    tail, reason = request.form.get("digest", ""), request.form.get("reason", "")
    confirm_erasure(db.session(), round_, tail, reason, utc_now(), account_id)
    db.session.commit()
    db.session.remove()
    folder = current_app.extensions["attachment_folder"]
    finish_erasures(sessionmaker(db.engine), folder, _breathe)
    current_app.extensions["log_eraser"].erase()
    flash(_("The personal data of this round has been deleted."), "success")
    return redirect(url_for("retention.index", code=code))


def _breathe() -> None:
    """Let the rooms go on while a large round is worked through."""
    gevent.sleep(0)


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
