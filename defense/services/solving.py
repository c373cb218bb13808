"""Running the solver in a process of its own: started, watched, cancelled, and its schedule saved."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.errors import Conflict, DomainError, IllegalState
from defense.domain.text import Text
from defense.models import Round, Schedule, SolveRun
from defense.models.types import utc_now
from defense.services.audit import record_audit
from defense.services.instance_building import build_instance
from defense.services.scheduling import save_solved
from defense.services.transaction import begin_write
from defense.settings import PROJECT_DIR
from scheduler.instance import SchedulingInstance
from scheduler.result import SolveResult, SolveStatus

SILENCE_IS_DEATH = timedelta(seconds=30)
NICENESS = "10"
SOLVER_GRACE_S = 30

Progress = dict[str, Any]


class SolverStopped(Exception):
    """The solver was stopped because staff cancelled the run."""


def start_run(session: Session, round_: Round, account_id: int | None) -> SolveRun:
    """Queue a run.

    Raises
    ------
    Conflict
        Another run of this round is alive.
    IllegalState
        There is nobody to place, or no panel to place them in.
    """
    alive = living_run(session, round_)
    if alive is not None:
        raise Conflict(
            Text(
                "本批次正在排期，请等待完成或先取消。", "A run for this round is going on; wait or cancel it."
            )
        )
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
    run = SolveRun(round_id=round_.id, account_id=account_id)
    session.add(run)
    session.flush()
    record_audit(session, "solve.started", f"solve_run:{run.id}", {"round": round_.code}, account_id)
    return run


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
    """Ask a run to stop; its supervisor does so within about a second."""
    if run.state in ("queued", "running"):
        run.cancel_requested = True
        record_audit(session, "solve.cancelled", f"solve_run:{run.id}", {}, account_id)


def carry_out_run(
    session_factory: sessionmaker[Session],
    run_id: int,
    time_limit_s: int,
    keep_published: bool = False,
    seed: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
) -> None:
    """Run the solver for a queued run and save its schedule; an outermost caller of its own.

    Whatever happens, the run ends in a state that staff can read.
    """
    try:
        with session_factory() as session:
            round_ = session.get_one(Round, session.get_one(SolveRun, run_id).round_id)
            instance = build_instance(session, round_, keep_published)

        def heard(progress: Progress) -> bool:
            if on_progress is not None:
                on_progress(progress)
            return _note_progress(session_factory, run_id, progress)

        result = run_solver(instance, time_limit_s, seed, heard)
        _save_result(session_factory, run_id, instance, result)
    except SolverStopped:
        _end(
            session_factory,
            run_id,
            "cancelled",
            Text("已取消，原有安排未变。", "Cancelled; nothing was changed."),
        )
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


def run_solver(
    instance: SchedulingInstance, time_limit_s: int, seed: int, heard: Callable[[Progress], bool]
) -> SolveResult:
    """Solve in a niced process, so that the server keeps its breath.

    Parameters
    ----------
    heard : called with every progress report, about once a second; True stops the solver.

    Raises
    ------
    SolverStopped
        `heard` asked for it.
    Conflict
        The process failed; the text holds the last words of its error output.
    """
    with tempfile.TemporaryDirectory(prefix="defence-solve-") as name:
        source, target, complaints = (Path(name) / n for n in ("in.json", "out.json", "stderr.txt"))
        source.write_text(json.dumps(instance.to_json()), encoding="utf-8")
        command = [
            *("nice", "-n", NICENESS, sys.executable, "-m", "scheduler", "solve", str(source)),
            *("--out", str(target), "--time-limit", str(time_limit_s), "--seed", str(seed)),
        ]
        with complaints.open("wb") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=PROJECT_DIR)
            try:
                stopped = _listen(process, heard)
                process.wait(SOLVER_GRACE_S)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        if stopped:
            raise SolverStopped
        if process.returncode != 0 or not target.exists():
            words = complaints.read_text(encoding="utf-8", errors="replace").strip()[-300:]
            raise Conflict(
                Text(
                    f"求解进程退出（代码 {process.returncode}）：{words}",
                    f"The solver process ended with code {process.returncode}: {words}",
                )
            )
        return SolveResult.from_json(json.loads(target.read_text(encoding="utf-8")))


def _listen(process: subprocess.Popen[bytes], heard: Callable[[Progress], bool]) -> bool:
    stopped = False
    assert process.stdout is not None  # noqa: S101 - Popen was told to pipe it
    for line in process.stdout:
        if not stopped and heard(json.loads(line)):
            process.terminate()
            stopped = True
    return stopped


def _note_progress(session_factory: sessionmaker[Session], run_id: int, progress: Progress) -> bool:
    with session_factory() as session:
        begin_write(session)
        run = session.get_one(SolveRun, run_id)
        run.state, run.heard_at = "running", utc_now()
        run.progress = {**progress}
        cancel = run.cancel_requested
        session.commit()
        return cancel


def _save_result(
    session_factory: sessionmaker[Session], run_id: int, instance: SchedulingInstance, result: SolveResult
) -> None:
    with session_factory() as session:
        begin_write(session)
        run = session.get_one(SolveRun, run_id)
        if result.status in (SolveStatus.UNKNOWN, SolveStatus.INFEASIBLE):
            raise Conflict(_NO_SCHEDULE[result.status])
        schedule = save_solved(
            session, session.get_one(Round, run.round_id), instance, result, run.account_id
        )
        run.schedule_id = schedule.id
        _finish(run, "done", None)
        session.commit()


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
    """The last run of a round, whatever became of it."""
    return session.scalar(
        select(SolveRun).where(SolveRun.round_id == round_.id).order_by(SolveRun.id.desc()).limit(1)
    )


def schedule_of(session: Session, run: SolveRun) -> Schedule | None:
    """The schedule that a run saved."""
    return session.get(Schedule, run.schedule_id) if run.schedule_id else None
