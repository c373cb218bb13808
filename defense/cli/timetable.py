"""The commands that make, publish and export a timetable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import sessionmaker

from defense.cli.mail import send_all
from defense.cli.support import (
    SHOWN_ERRORS,
    existing_round,
    file_out,
    round_option,
    settings,
    told_errors,
    writing,
)
from defense.domain.errors import IllegalState
from defense.domain.text import Text
from defense.extensions import db
from defense.models import SolveRun
from defense.models.types import utc_now
from defense.services.exports import export_results, export_timetable
from defense.services.tables import write_table
from defense.services.timetable.jobs import RESCHEDULE, SOLVE
from defense.services.timetable.publishing import publish
from defense.services.timetable.schedules import latest_schedule
from defense.services.timetable.solving import (
    PLAIN_SOLVE,
    RunRequest,
    carry_out_run,
    schedule_of,
    start_run,
)
from defense.services.transaction import begin_snapshot


@click.command("solve")
@round_option
@click.option("--time-limit", type=click.IntRange(1), help="Seconds; default SOLVE_TIME_LIMIT_S.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--keep-published", is_flag=True, help="Keep everyone who is published where they are.")
@click.option("--fewest-changes", is_flag=True, help="Change what is published as little as possible.")
@told_errors
def solve(code: str, time_limit: int | None, seed: int, keep_published: bool, fewest_changes: bool) -> None:
    """Make a timetable."""
    kind = RESCHEDULE if fewest_changes else SOLVE
    request = RunRequest(kind, keep_published=keep_published, seed=seed)
    make_timetable(code, time_limit or settings().solve_time_limit_s, request)


def make_timetable(code: str, time_limit_s: int, request: RunRequest = PLAIN_SOLVE) -> None:
    """Let the scheduler make a timetable, and tell what came of it."""
    with writing() as session:
        run_id = start_run(session, existing_round(session, code), None, request).id
    carry_out_run(sessionmaker(db.engine), run_id, time_limit_s, _tell_progress)
    with sessionmaker(db.engine)() as session:
        run = session.get_one(SolveRun, run_id)
        schedule = schedule_of(session, run)
        if schedule is None:
            raise IllegalState(Text.from_json(run.error or {"zh": run.state, "en": run.state}))
        click.echo(
            f"schedule {schedule.id}: {len(schedule.slots)} placed, {len(schedule.unplaced)} not placed, "
            f"{schedule.solver_json['status']}, {schedule.solver_json['wall_time_s']:.1f} s"
        )
        for item in schedule.unplaced[:SHOWN_ERRORS]:
            click.echo(f"  {item.application.number}: {Text.from_json(item.reason)}")


def _tell_progress(progress: dict[str, Any]) -> None:
    if progress.get("event") == "progress" and progress["opened_bound"] is not None:
        click.echo(
            f"  {progress['elapsed_s']:6.1f} s  placed {progress['placed']} (at most "
            f"{progress['placed_bound']}), half-days {progress['opened']} (at least "
            f"{progress['opened_bound']})"
        )


@click.command("publish")
@round_option
@told_errors
def publish_command(code: str) -> None:
    """Publish the newest timetable and send the invites."""
    publish_newest(code)


def publish_newest(code: str) -> None:
    """Publish the newest timetable, send the invites, and tell how many."""
    with writing() as session:
        schedule = latest_schedule(session, existing_round(session, code))
        if schedule is None:
            raise IllegalState(
                Text("还没有排期，请先运行 flask solve。", "No timetable yet: run flask solve first.")
            )
        changes, invites = publish(session, schedule, settings(), utc_now(), None)
    click.echo(
        f"published: {len(changes.added)} added, {len(changes.moved)} moved, {len(changes.removed)} removed; "
        f"invites: {invites.created} new, {invites.updated} changed, {invites.cancelled} cancelled"
    )
    for name in invites.without_address:
        click.echo(f"  no usable e-mail address: {name}", err=True)
    send_all()


@click.command("export-timetable")
@file_out
@round_option
@told_errors
def export_timetable_command(file: Path, code: str) -> None:
    """Write the timetable (答辩安排表) as a workbook."""
    with sessionmaker(db.engine)() as session:
        file.write_bytes(write_table(export_timetable(session, existing_round(session, code))))
    click.echo(str(file))


@click.command("export-results")
@file_out
@round_option
@told_errors
def export_results_command(file: Path, code: str) -> None:
    """Write the summary of results (汇总表) as a workbook."""
    with sessionmaker(db.engine)() as session:
        begin_snapshot(session)
        file.write_bytes(write_table(export_results(session, existing_round(session, code))))
    click.echo(str(file))


TIMETABLE_COMMANDS = (solve, publish_command, export_timetable_command, export_results_command)
