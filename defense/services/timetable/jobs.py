"""What each kind of run asks of the scheduler: its command, its files, its limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from defense.models import Round, Schedule, SolveRun
from defense.models.types import utc_now
from defense.services.timetable.asked_times import Notice, heed_requests
from defense.services.timetable.instance_building import build_instance, published_plan
from defense.services.timetable.keys import candidate_key, to_minutes
from defense.services.timetable.process import SchedulerJob
from defense.services.timetable.rescheduling import frozen_until
from scheduler.instance import SchedulingInstance
from scheduler.objective import Goal, TermName

EXPLAIN_LIMIT_S = 15

SOLVE, RESCHEDULE, EXPLAIN = "solve", "reschedule", "explain"


def time_limit_of(round_: Round, installation_s: int) -> int:
    """How long a run of this round may take, in seconds."""
    return round_.rules.scheduling.time_limit_s or installation_s


def prepare_job(
    session: Session, run: SolveRun, installation_s: int
) -> tuple[SchedulingInstance, SchedulerJob]:
    """What a run asks of the scheduler, and the instance that its schedule is to be checked against."""
    round_, options = session.get_one(Round, run.round_id), run.options
    limits = (time_limit_of(round_, installation_s), round_.rules.scheduling.memory_limit_mb)
    if run.kind == EXPLAIN:
        instance_json = session.get_one(Schedule, run.schedule_id).instance_json
        job = SchedulerJob(EXPLAIN, {"instance.json": instance_json}, "--json", EXPLAIN_LIMIT_S, limits[1])
        return SchedulingInstance.from_json(instance_json), job
    now = utc_now()
    instance = build_instance(session, round_, options["keep_published"], now)
    seed = ("--seed", str(options["seed"]))
    if run.kind == SOLVE:
        return instance, SchedulerJob(SOLVE, {"instance.json": instance.to_json()}, "--out", *limits, seed)
    known = {candidate.id for candidate in instance.candidates}
    named = [key for i in options["may_move"] if (key := candidate_key(i)) in known]
    published = published_plan(session, round_)
    notice = Notice(to_minutes(now), to_minutes(frozen_until(round_, now)), named)
    instance = heed_requests(session, round_, _counting_moves(instance), published, notice)
    inputs = {"instance.json": instance.to_json(), "published.json": published.to_json()}
    arguments = (*seed, *_timing(round_, now), *(("--may-move", *named) if named else ()))
    return instance, SchedulerJob(RESCHEDULE, inputs, "--out", *limits, arguments)


def _counting_moves(instance: SchedulingInstance) -> SchedulingInstance:
    """The fewest changes come first when the round's aims do not name them."""
    named = {goal.term for tier in instance.objective for goal in tier}
    if TermName.MOVED in named:
        return instance
    return replace(instance, objective=((Goal(TermName.MOVED),), *instance.objective))


def _timing(round_: Round, now: datetime) -> tuple[str, ...]:
    """Who is due within the notice does not move, and nobody is newly called within it."""
    notice_min = to_minutes(frozen_until(round_, now)) - to_minutes(now)
    return ("--now", str(to_minutes(now)), "--notice", str(notice_min))
