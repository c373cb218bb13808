"""Runs of the scheduler: queued, watched, cancelled, and what they made saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.errors import Conflict, DomainError, IllegalState
from defense.domain.text import Text
from defense.models import Round, Schedule, SolveRun
from defense.models.types import utc_now
from defense.services.audit import record_audit
from defense.services.timetable.instance_building import build_instance, published_plan
from defense.services.timetable.jobs import EXPLAIN, RESCHEDULE, SOLVE, prepare_job
from defense.services.timetable.process import (
    Demand,
    Progress,
    SchedulerCancelled,
    run_job,
)
from defense.services.timetable.schedules import save_solved
from defense.services.transaction import begin_write
from scheduler.instance import SchedulingInstance
from scheduler.result import SolveResult, SolveStatus

SILENCE_IS_DEATH = timedelta(seconds=30)


@dataclass(frozen=True)
class RunRequest:
    """What staff ask of a run.

    Parameters
    ----------
    kind : `solve`; `reschedule`, with the fewest changes to what is published; or `explain` a schedule.
    keep_published : of a solve, nobody who is published moves.
    may_move : of a rescheduling, ids of applications that may move although they have been told.
    schedule_id : of an explanation.
    """

    kind: str = SOLVE
    keep_published: bool = False
    may_move: tuple[int, ...] = ()
    schedule_id: int | None = None
    seed: int = 1


PLAIN_SOLVE = RunRequest()


def start_run(
    session: Session, round_: Round, account_id: int | None, request: RunRequest = PLAIN_SOLVE
) -> SolveRun:
    """Queue a run.

    Raises
    ------
    Conflict
        Another run of this round is alive.
    IllegalState
        There is nobody to place, no panel to place them in, or nothing published to change.
    """
    # Two staff members at the same moment: the second waits here and then finds the first one's run.
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())
    if living_run(session, round_) is not None:
        raise Conflict(
            Text(
                "本批次正在排期，请等待完成或先取消。", "A run for this round is going on; wait or cancel it."
            )
        )
    if request.kind != EXPLAIN:
        _require_work(session, round_, request)
    options = asdict(request)
    del options["kind"]
    run = SolveRun(
        round_id=round_.id,
        account_id=account_id,
        kind=request.kind,
        options=options,
        schedule_id=request.schedule_id,
    )
    session.add(run)
    session.flush()
    detail = {"round": round_.code, "run_kind": request.kind}
    record_audit(session, "solve.started", f"solve_run:{run.id}", detail, account_id)
    return run


def _require_work(session: Session, round_: Round, request: RunRequest) -> None:
    instance = build_instance(session, round_)
    if not instance.candidates or not instance.sittings:
        raise IllegalState(
            Text(
                f"无法排期：须答辩 {len(instance.candidates)} 人，可用场次 {len(instance.sittings)} 个。"
                "请先导入申报表、专家库和答辩组。",
                f"Nothing to solve: {len(instance.candidates)} candidates must defend and "
                f"{len(instance.sittings)} half-days are offered. "
                "Import applications, experts and panels first.",
            )
        )
    if request.kind == RESCHEDULE and not published_plan(session, round_).assignments:
        raise IllegalState(
            Text("尚未发布排期，请直接排期。", "Nothing is published yet: solve instead of changing.")
        )


def living_run(session: Session, round_: Round) -> SolveRun | None:
    """The run that is going on in this round. One whose supervisor fell silent is written off."""
    runs = session.scalars(
        select(SolveRun).where(SolveRun.round_id == round_.id, SolveRun.state.in_(("queued", "running")))
    ).all()
    for run in runs:
        if utc_now() - run.heard_at <= SILENCE_IS_DEATH:
            return run
        _finish(
            run,
            "interrupted",
            Text(
                "服务在排期过程中重启，请重新排期。", "The service restarted during this run; start it again."
            ),
        )
    return None


def request_cancel(session: Session, run: SolveRun, account_id: int) -> None:
    """Ask a run to stop and leave nothing; its supervisor does so within about a second."""
    if run.state in ("queued", "running"):
        run.cancel_requested = True
        record_audit(session, "solve.cancelled", f"solve_run:{run.id}", {}, account_id)


def request_keep(session: Session, run: SolveRun, account_id: int) -> None:
    """Ask a run to stop and keep the best timetable so far."""
    if run.state in ("queued", "running") and not run.keep_requested:
        run.keep_requested = True
        record_audit(session, "solve.kept", f"solve_run:{run.id}", {}, account_id)


def carry_out_run(
    session_factory: sessionmaker[Session],
    run_id: int,
    time_limit_s: int,
    on_progress: Callable[[Progress], None] | None = None,
) -> None:
    """Carry out a queued run in a process of its own and save what it made; an outermost caller of its own.

    Whatever happens, the run ends in a state that staff can read.

    Parameters
    ----------
    time_limit_s : of the installation; the round's own limit goes before it.
    """

    def heard(progress: Progress) -> Demand:
        if on_progress is not None:
            on_progress(progress)
        return _note_progress(session_factory, run_id, progress)

    try:
        with session_factory() as session:
            instance, job = prepare_job(session, session.get_one(SolveRun, run_id), time_limit_s)
        _save(session_factory, run_id, instance, run_job(job, heard))
    except SchedulerCancelled:
        text = Text("已取消，原有安排未变。", "Cancelled; nothing was changed.")
        _end(session_factory, run_id, "cancelled", text)
    except DomainError as error:
        _end(session_factory, run_id, "failed", error.text)
    except Exception as error:
        _end(
            session_factory,
            run_id,
            "failed",
            Text(
                f"求解器异常退出（{type(error).__name__}），原有安排未变，请重试。",
                f"The solver failed ({type(error).__name__}); nothing was changed. Try again.",
            ),
        )
        raise


def _note_progress(session_factory: sessionmaker[Session], run_id: int, progress: Progress) -> Demand:
    with session_factory() as session:
        begin_write(session)
        run = session.get_one(SolveRun, run_id)
        run.state, run.heard_at = "running", utc_now()
        run.progress = {**progress}
        demand = Demand.KEEP if run.keep_requested else Demand.GO_ON
        demand = Demand.CANCEL if run.cancel_requested else demand
        session.commit()
        return demand


def _save(
    session_factory: sessionmaker[Session], run_id: int, instance: SchedulingInstance, written: Any
) -> None:
    with session_factory() as session:
        begin_write(session)
        run = session.get_one(SolveRun, run_id)
        if run.kind == EXPLAIN:
            run.result = written
        else:
            run.schedule_id = _save_schedule(session, run, instance, written).id
        _finish(run, "done", None)
        session.commit()


def _save_schedule(
    session: Session, run: SolveRun, instance: SchedulingInstance, written: dict[str, Any]
) -> Schedule:
    # A rescheduling writes who moves beside its result; that is told afresh when it is looked at.
    result = SolveResult.from_json(written if run.kind == SOLVE else written["result"])
    if result.status in _NO_SCHEDULE:
        raise Conflict(_NO_SCHEDULE[result.status])
    if result.status is SolveStatus.STOPPED and not result.schedule.assignments:
        raise Conflict(_STOPPED_TOO_SOON)
    round_ = session.get_one(Round, run.round_id)
    source = "solver" if run.kind == SOLVE else RESCHEDULE
    return save_solved(session, round_, instance, result, run.account_id, source)


_STOPPED_TOO_SOON = Text(
    "停止时还没有得到任何方案，原有安排未变；请重新排期并稍等片刻再停止。",
    "There was no timetable yet when it was stopped; nothing was changed. Start again and wait a little.",
)

_NO_SCHEDULE = {
    SolveStatus.UNKNOWN: Text(
        "时限内未找到可行安排，请延长时限后重试。",
        "No timetable was found within the limit; allow more time.",
    ),
    SolveStatus.INFEASIBLE: Text(
        "已开始或已结束的答辩与现有专家、回避数据冲突，无法排期；请核对最近的修改。",
        "Defences that have taken place contradict the present experts or recusals; "
        "check what was changed last.",
    ),
}


def _end(session_factory: sessionmaker[Session], run_id: int, state: str, text: Text) -> None:
    with session_factory() as session:
        begin_write(session)
        _finish(session.get_one(SolveRun, run_id), state, text)
        session.commit()


def _finish(run: SolveRun, state: str, text: Text | None) -> None:
    run.state, run.finished_at = state, utc_now()
    run.error = text.to_json() if text else None


def newest_run(session: Session, round_: Round) -> SolveRun | None:
    """The last run of a round that makes schedules, whatever became of it."""
    return session.scalar(
        select(SolveRun)
        .where(SolveRun.round_id == round_.id, SolveRun.kind != EXPLAIN)
        .order_by(SolveRun.id.desc())
        .limit(1)
    )


def explanation_of(session: Session, schedule: Schedule) -> SolveRun | None:
    """The newest explanation of a schedule, whatever became of it."""
    return session.scalar(
        select(SolveRun)
        .where(SolveRun.kind == EXPLAIN, SolveRun.schedule_id == schedule.id)
        .order_by(SolveRun.id.desc())
        .limit(1)
    )


def seconds_of(run: SolveRun, now: datetime) -> int:
    """How long a run has been going on, or took."""
    return int(((run.finished_at or now) - run.started_at).total_seconds())


def schedule_of(session: Session, run: SolveRun) -> Schedule | None:
    """The schedule that a run saved."""
    return session.get(Schedule, run.schedule_id) if run.schedule_id else None
