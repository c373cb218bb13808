"""Workbooks coming in: upload, look at what was found, take in."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from defense.auth import access, own_transaction, require_principal
from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.extensions import db, socketio
from defense.models import Application, Expert, ImportBatch, Panel, Round
from defense.services.access import Role
from defense.services.imports.comparing import KIND_OF, KINDS
from defense.services.imports.differences import changes_page
from defense.services.imports.importing import (
    apply_import,
    audit_marked_copy,
    counts_of,
    errors_of,
    preview_import,
    reader_of,
    recent_batches,
    template_workbook,
)
from defense.services.imports.running import (
    APPLY,
    MARKED,
    PREVIEW,
    TABLE,
    is_large,
    is_large_batch,
    request_stop,
    run_of,
    start_apply,
    start_preview,
    watch_import,
    workbook_of,
)
from defense.services.transaction import begin_snapshot, begin_write
from defense.web.aside import run_aside
from defense.web.downloads import note_taken, workbook
from defense.web.format import localise
from defense.web.rounds import round_or_404

pages = Blueprint("imports", __name__, url_prefix="/rounds/<code>/import")

_TABLES: dict[str, type[Expert | Panel | Application]] = {
    "experts": Expert,
    "panels": Panel,
    "applications": Application,
}
_NO_FILE = Text("请先选择文件。", "Choose a file first.")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """What is loaded, a form for each kind of workbook, the last uploads."""
    return _render_index(round_or_404(code))


@pages.post("")
@access(Role.STAFF)
@own_transaction
def upload(code: str) -> ResponseReturnValue:
    """Read a workbook and show what taking it in would do; a file that cannot be read changes nothing."""
    round_, kind, file = round_or_404(code), request.form.get("kind", ""), request.files.get("workbook")
    try:
        if file is None or not file.filename:
            raise InvalidInput(_NO_FILE)
        account_id, data = require_principal().account_id, file.read()
        read = reader_of(db.session(), round_, kind)
        db.session.rollback()
        reading = None if is_large(kind, data) else run_aside(read, data)
        begin_write(db.session())
        round_ = round_or_404(code)
        if reading is None:
            batch = start_preview(db.session(), round_, file.filename, data, account_id)
            _leave_to_process(batch, PREVIEW, account_id)
        else:
            batch = preview_import(db.session(), round_, kind, file.filename, data, account_id, reading)
            db.session.commit()
    except InvalidInput as error:
        db.session.rollback()
        round_ = round_or_404(code)
        return _render_index(round_, kind, localise(error.text)), 422
    return redirect(url_for("imports.show", code=code, batch_id=batch.id))


@pages.get("/template/<kind>.xlsx")
@access(Role.STAFF)
def template(code: str, kind: str) -> Response:
    """An empty workbook with the right headers."""
    data = template_workbook(round_or_404(code), kind)
    return workbook(data, f"{KIND_OF[kind].title.zh}-{code}.xlsx")


@pages.get("/<int:batch_id>")
@access(Role.STAFF, Role.SUPERVISOR)
def show(code: str, batch_id: int) -> ResponseReturnValue:
    """What a workbook holds, or what came of it."""
    round_ = round_or_404(code)
    batch = _batch_or_404(round_, batch_id)
    return render_template(
        "imports/show.html",
        round=round_,
        batch=batch,
        kind=localise(KIND_OF[batch.kind].title),
        counts=counts_of(batch),
        run=run_of(batch),
        errors=errors_of(batch),
        changes=changes_page(
            batch.report["changes"],
            request.args.get("column", ""),
            request.args.get("page", 1, type=int),
        ),
    )


@pages.post("/<int:batch_id>")
@access(Role.STAFF)
@own_transaction
def apply(code: str, batch_id: int) -> ResponseReturnValue:
    """Take the good rows in; sent twice, it happens once."""
    account_id, round_ = require_principal().account_id, round_or_404(code)
    batch, reading = _batch_or_404(round_, batch_id), None
    if batch.applied_at is None and not is_large_batch(batch) and run_of(batch) is None:
        read, data = reader_of(db.session(), round_, batch.kind), batch.data
        db.session.rollback()
        reading = run_aside(read, data)
    begin_write(db.session())
    batch = _batch_or_404(round_or_404(code), batch_id)
    if reading is None and batch.applied_at is None:
        start_apply(db.session(), batch)
        _leave_to_process(batch, APPLY, account_id)
        return redirect(url_for("imports.show", code=code, batch_id=batch_id))
    counts = apply_import(db.session(), batch, account_id, reading)
    db.session.commit()
    flash(_("Imported: %(new)s new, %(changed)s changed.", new=counts.new, changed=counts.changed), "success")
    return redirect(url_for("imports.show", code=code, batch_id=batch_id))


@pages.post("/<int:batch_id>/cancel")
@access(Role.STAFF)
def cancel(code: str, batch_id: int) -> ResponseReturnValue:
    """Stop what a process of its own does with a workbook; nothing of it stays."""
    request_stop(db.session(), _batch_or_404(round_or_404(code), batch_id))
    db.session.commit()
    return redirect(url_for("imports.show", code=code, batch_id=batch_id))


def _leave_to_process(batch: ImportBatch, phase: str, account_id: int | None) -> None:
    """Commit, and let a process of its own do the work behind this request."""
    batch_id = batch.id
    db.session.commit()
    socketio.start_background_task(
        watch_import, sessionmaker(db.engine), batch_id, phase, account_id, _environment()
    )


def _environment() -> dict[str, str]:
    """What a process of the service's own must be told to work on the same database."""
    return {
        "DATABASE_URL": db.engine.url.render_as_string(hide_password=False),
        "INSTANCE_DIR": current_app.instance_path,
    }


@pages.post("/<int:batch_id>/marked.xlsx")
@access(Role.STAFF)
def marked(code: str, batch_id: int) -> Response:
    """The workbook with its faults marked, as uploaded otherwise, personal data included: it is audited."""
    # Marking takes its time; the writer's place is taken only for the entry.
    db.session.rollback()
    batch = _batch_or_404(round_or_404(code), batch_id)
    filename = f"marked-{batch.filename}"
    data = workbook_of(db.session(), batch, MARKED, "", _environment())
    begin_write(db.session())
    audit_marked_copy(db.session(), batch_id, request.form.get("reason", ""), require_principal().account_id)
    db.session.commit()
    return workbook(data, filename)


@pages.post("/<int:batch_id>/table.xlsx")
@access(Role.STAFF)
def table(code: str, batch_id: int) -> Response:
    """Faults, oddities and changed rows as a workbook, masked as on the page; it is audited."""
    begin_snapshot(db.session())
    batch = _batch_or_404(round_or_404(code), batch_id)
    filename = f"导入核对表-{code}.xlsx"
    data = workbook_of(db.session(), batch, TABLE, request.args.get("column", ""), _environment())
    note_taken(code, "导入核对表")
    return workbook(data, filename)


def _render_index(round_: Round, wrong_kind: str = "", message: str = "") -> str:
    def loaded(kind: str) -> int:
        table = _TABLES[kind]
        query = select(func.count()).select_from(table).where(table.round_id == round_.id)
        return db.session.scalar(query) or 0

    return render_template(
        "imports/index.html",
        round=round_,
        kinds={kind: localise(KIND_OF[kind].title) for kind in KINDS},
        loaded={kind: loaded(kind) for kind in KINDS},
        batches=[(batch, counts_of(batch), run_of(batch)) for batch in recent_batches(db.session(), round_)],
        wrong_kind=wrong_kind,
        message=message,
    )


def _batch_or_404(round_: Round, batch_id: int) -> ImportBatch:
    batch = db.session.get(ImportBatch, batch_id)
    if batch is None or batch.round_id != round_.id:
        abort(404)
    return batch
