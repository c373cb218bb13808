"""Runs of the scheduler: started, watched, stopped; and what they explain."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import sessionmaker

from defense.auth import access, require_principal
from defense.extensions import db, socketio
from defense.models import Application, Round, Schedule, SolveRun
from defense.models.types import MAX_ROW_ID, utc_now
from defense.services.access import Role
from defense.services.timetable.comparing import term_label
from defense.services.timetable.explaining import read_explanation
from defense.services.timetable.jobs import EXPLAIN, RESCHEDULE, SOLVE, time_limit_of
from defense.services.timetable.solving import (
    RunRequest,
    carry_out_run,
    explanation_of,
    newest_run,
    request_cancel,
    request_keep,
    seconds_of,
    start_run,
)
from defense.web.format import localise
from defense.web.rounds import round_or_404

pages = Blueprint("runs", __name__, url_prefix="/rounds/<code>/schedule")


@pages.post("/solve")
@access(Role.STAFF)
def solve(code: str) -> ResponseReturnValue:
    """Make a timetable in the background."""
    keep = request.form.get("keep_published") == "1"
    return _start(code, RunRequest(SOLVE, keep_published=keep))


@pages.post("/reschedule")
@access(Role.STAFF)
def reschedule(code: str) -> ResponseReturnValue:
    """Change the published timetable as little as possible, in the background."""
    named = [text for text in request.form.getlist("may_move") if text.isascii() and text.isdigit()]
    may_move = sorted({int(text) for text in named if len(text) <= len(str(MAX_ROW_ID))})
    return _start(code, RunRequest(RESCHEDULE, may_move=tuple(may_move)))


def _start(code: str, wanted: RunRequest) -> ResponseReturnValue:
    run = start_run(db.session(), round_or_404(code), require_principal().account_id, wanted)
    _carry_out(run)
    return redirect(url_for("schedule.index", code=code))


def _carry_out(run: SolveRun) -> None:
    """Commit the run and let it go on behind this request."""
    run_id = run.id
    db.session.commit()
    limit_s = current_app.extensions["settings"].solve_time_limit_s
    socketio.start_background_task(carry_out_run, sessionmaker(db.engine), run_id, limit_s)


@pages.get("/run")
@access(Role.STAFF, Role.SUPERVISOR)
def state(code: str) -> ResponseReturnValue:
    """How the newest run is doing, for the page that watches it."""
    round_ = round_or_404(code)
    run = newest_run(db.session(), round_)
    if run is None:
        abort(404)
    return jsonify(_told(run, round_))


def _told(run: SolveRun, round_: Round) -> dict[str, object]:
    seconds = seconds_of(run, utc_now())
    limit_s = time_limit_of(round_, current_app.extensions["settings"].solve_time_limit_s)
    terms = [{**term, "label": localise(term_label(term["name"]))} for term in run.progress.get("terms", [])]
    return {
        "state": run.state,
        "progress": {**run.progress, "terms": terms},
        "error": localise(run.error),
        "seconds": seconds,
        "seconds_left": max(0, limit_s - seconds),
        "keeping": run.keep_requested,
    }


@pages.post("/run/<int:run_id>/keep")
@access(Role.STAFF)
def keep(code: str, run_id: int) -> ResponseReturnValue:
    """Stop a run and keep the best timetable so far."""
    request_keep(db.session(), _run_or_404(code, run_id), require_principal().account_id)
    db.session.commit()
    return redirect(url_for("schedule.index", code=code))


@pages.post("/run/<int:run_id>/cancel")
@access(Role.STAFF)
def cancel(code: str, run_id: int) -> ResponseReturnValue:
    """Stop a run and keep nothing of it."""
    run = _run_or_404(code, run_id)
    request_cancel(db.session(), run, require_principal().account_id)
    db.session.commit()
    if run.kind == EXPLAIN:
        return redirect(url_for("runs.explanation", code=code, schedule_id=run.schedule_id))
    return redirect(url_for("schedule.index", code=code))


@pages.post("/<int:schedule_id>/explain")
@access(Role.STAFF)
def explain(code: str, schedule_id: int) -> ResponseReturnValue:
    """Find out why some could not be placed and what would help; found out once for a schedule."""
    round_, schedule = round_or_404(code), _schedule_or_404(code, schedule_id)
    known = explanation_of(db.session(), schedule)
    if known is None or known.state in ("failed", "cancelled", "interrupted"):
        wanted = RunRequest(EXPLAIN, schedule_id=schedule.id)
        _carry_out(start_run(db.session(), round_, require_principal().account_id, wanted))
    about = request.form.get("application_id", type=int)
    return redirect(url_for("runs.explanation", code=code, schedule_id=schedule_id, about=about))


@pages.get("/<int:schedule_id>/explanation")
@access(Role.STAFF, Role.SUPERVISOR)
def explanation(code: str, schedule_id: int) -> ResponseReturnValue:
    """The clashes behind the unplaced candidates, each with the repairs that were tried."""
    round_, schedule = round_or_404(code), _schedule_or_404(code, schedule_id)
    run = explanation_of(db.session(), schedule) or abort(404)
    about = request.args.get("about", type=int)
    found = read_explanation(db.session(), run, about)
    ids = {id_ for clash in found.clashes for id_ in clash.application_ids} if found else set()
    people = db.session.query(Application).filter(Application.id.in_(ids)).all()
    return render_template(
        "schedule/explanation.html",
        round=round_,
        schedule=schedule,
        run=run,
        explanation=found,
        people={person.id: person for person in people},
        about=about,
        running=run.state in ("queued", "running"),
    )


def _run_or_404(code: str, run_id: int) -> SolveRun:
    run = db.session.get(SolveRun, run_id)
    if run is None or run.round_id != round_or_404(code).id:
        abort(404)
    return run


def _schedule_or_404(code: str, schedule_id: int) -> Schedule:
    schedule = db.session.get(Schedule, schedule_id)
    if schedule is None or schedule.round_id != round_or_404(code).id:
        abort(404)
    return schedule
