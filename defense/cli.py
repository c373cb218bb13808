"""The `flask` commands: the same services as the pages, for scripts and for a first start."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.cli_attachments import ATTACHMENT_COMMANDS
from defense.cli_audit import AUDIT_COMMANDS
from defense.cli_calendar import CALENDAR_COMMANDS
from defense.cli_checks import check_applications_command
from defense.cli_documents import DOCUMENT_COMMANDS
from defense.cli_mail import MAIL_COMMANDS
from defense.cli_meetings import MEETING_COMMANDS
from defense.cli_retention import RETENTION_COMMANDS
from defense.cli_sandbox import SANDBOX_COMMANDS
from defense.cli_support import named_errors, settings, told_errors
from defense.cli_upstream_pull import UPSTREAM_PULL_COMMANDS
from defense.cli_upstream_push import UPSTREAM_PUSH_COMMANDS
from defense.domain.errors import DomainError, IllegalState, NotFound
from defense.domain.round_rules import RoundRules, parse_round_rules
from defense.domain.text import Text
from defense.extensions import db
from defense.integrations.caldav_push import CaldavServer
from defense.integrations.mail import senders_from
from defense.integrations.nginx import nginx_config
from defense.integrations.sample_data import SampleSummary, write_sample_data
from defense.models import Account, ImportBatch, Round, SolveRun
from defense.models.types import utc_now
from defense.services.access import Role, create_account, issue_link
from defense.services.exports import export_results, export_timetable
from defense.services.first_start import sample_people
from defense.services.imports.importing import (
    apply_import_briefly,
    errors_of,
    keep_workbook,
    marked_copy,
    reader_of,
)
from defense.services.imports.running import (
    APPLY,
    MARKED,
    PREVIEW,
    TABLE,
    carry_out_import,
    write_workbook,
)
from defense.services.invites.calendar_keeping import calendar_state, push_calendar
from defense.services.invites.outbox import SendSummary, send_due
from defense.services.rounds import RULE_FILES_DIR, ensure_round
from defense.services.timetable.jobs import RESCHEDULE, SOLVE
from defense.services.timetable.publishing import publish, published_schedule
from defense.services.timetable.schedules import latest_schedule
from defense.services.timetable.solving import (
    PLAIN_SOLVE,
    RunRequest,
    carry_out_run,
    schedule_of,
    start_run,
)
from defense.services.transaction import begin_snapshot, begin_write
from defense.settings import PROJECT_DIR

SHOWN_ERRORS = 20

round_option = click.option("--round", "code", default="2021", show_default=True, help="Code of the round.")
file_out = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
file_in = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def register_commands(app: Flask) -> None:
    """Add the commands to `flask`."""
    for command in (
        *(
            sample_data,
            import_applications,
            import_experts,
            import_panels,
            run_import,
            write_import_workbook,
            solve,
            publish_command,
        ),
        *(
            export_timetable_command,
            export_results_command,
            send_outbox,
            create_account_command,
            push_calendar_command,
        ),
        *(sign_in_link, preflight, first_start, nginx_config_command, check_applications_command),
        *(*ATTACHMENT_COMMANDS, *AUDIT_COMMANDS, *CALENDAR_COMMANDS, *MAIL_COMMANDS, *MEETING_COMMANDS),
        *(
            *DOCUMENT_COMMANDS,
            *RETENTION_COMMANDS,
            *SANDBOX_COMMANDS,
            *UPSTREAM_PULL_COMMANDS,
            *UPSTREAM_PUSH_COMMANDS,
        ),
    ):
        app.cli.add_command(command)


@contextmanager
def _writing() -> Iterator[Session]:
    """A session whose transaction is committed when the block ends well."""
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        yield session
        session.commit()


def _existing_round(session: Session, code: str) -> Round:
    round_ = session.scalar(select(Round).where(Round.code == code))
    if round_ is None:
        raise NotFound(
            Text(
                f"没有批次“{code}”，请先导入数据。", f"There is no round “{code}” yet; import its data first."
            )
        )
    return round_


@click.command("sample-data")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--candidates", type=click.IntRange(12, 20_000), default=240, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--first-day",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2021-11-22",
    show_default=True,
    help="First day on which panels can sit.",
)
@round_option
@told_errors
def sample_data(directory: Path, candidates: int, seed: int, first_day: datetime, code: str) -> None:
    """Write applications.xlsx, experts.xlsx and panels.xlsx of invented people."""
    summary = write_sample_data(directory, candidates, seed, first_day.date(), _rules_of(code))
    _tell_sample(directory, summary)


def _rules_of(code: str) -> RoundRules:
    path = RULE_FILES_DIR / f"{code}.toml"
    if not path.is_file():
        raise NotFound(
            Text(f"没有规则文件 rounds/{code}.toml。", f"There is no rule file rounds/{code}.toml.")
        )
    return parse_round_rules(path.read_text(encoding="utf-8"))


def _tell_sample(directory: Path, summary: SampleSummary) -> None:
    click.echo(
        f"{directory}: {summary.candidates} applications ({sum(summary.unreadable.values())} rows with "
        f"a fault that the import refuses, {sum(summary.found.values())} with one that the rules find), "
        f"{summary.experts} experts, {summary.panels} panels"
    )


def _import(kind: str, file: Path, code: str, errors_file: Path | None) -> None:
    data = file.read_bytes()
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        read = reader_of(session, ensure_round(session, code), kind)
    # With no transaction open, since a served installation may be voting meanwhile; a round that is new is
    # not kept before its first workbook is good.
    reading = read(data)
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        batch = keep_workbook(session, ensure_round(session, code), kind, file.name, data, None)
        session.commit()
        batch_id = batch.id
        counts = apply_import_briefly(session, batch_id, None, reading=reading)
        session.commit()
        batch = session.get_one(ImportBatch, batch_id)
        errors = errors_of(batch)
        if errors and errors_file:
            errors_file.write_bytes(marked_copy(session, batch))
    click.echo(
        f"{kind}: {counts.new} new, {counts.changed} changed, {counts.unchanged} unchanged, "
        f"{counts.refused} refused"
    )
    for error in errors[:SHOWN_ERRORS]:
        click.echo(f"  {error.sheet} {error.row} {error.column}: {error.text}", err=True)
    if len(errors) > SHOWN_ERRORS:
        click.echo(f"  … {len(errors) - SHOWN_ERRORS} more; --errors FILE.xlsx writes them all", err=True)
    if counts.refused and not counts.good:
        raise click.ClickException(str(Text("没有任何一行可以导入。", "Not a single row could be imported.")))


def _import_command(name: str, kind: str, help_text: str) -> click.Command:
    @click.command(name, help=help_text)
    @file_in
    @round_option
    @click.option(
        "--errors",
        "errors_file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write a copy of the workbook with the refused cells marked.",
    )
    @told_errors
    def command(file: Path, code: str, errors_file: Path | None) -> None:
        _import(kind, file, code, errors_file)

    return command


import_applications = _import_command(
    "import-applications", "applications", "Import a workbook of approved applications (申报表)."
)
import_experts = _import_command("import-experts", "experts", "Import a workbook of experts (专家库).")
import_panels = _import_command("import-panels", "panels", "Import a workbook of panels (答辩组).")


@click.command("run-import", hidden=True)
@click.argument("batch_id", type=int)
@click.argument("phase", type=click.Choice([PREVIEW, APPLY]))
@click.argument("account_id", type=int)
@named_errors
def run_import(batch_id: int, phase: str, account_id: int) -> None:
    """Look through, or take in, an uploaded workbook: what the served process leaves to this one."""
    carry_out_import(sessionmaker(db.engine), batch_id, phase, account_id or None)


@click.command("write-import-workbook", hidden=True)
@click.argument("batch_id", type=int)
@click.argument("what", type=click.Choice([MARKED, TABLE]))
@click.argument("column")
@named_errors
def write_import_workbook(batch_id: int, what: str, column: str) -> None:
    """Write a workbook about an upload to the standard output: what the served process leaves to this one."""
    write_workbook(sessionmaker(db.engine), batch_id, what, column, sys.stdout.buffer)


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
    _solve(code, time_limit or settings().solve_time_limit_s, request)


def _solve(code: str, time_limit_s: int, request: RunRequest = PLAIN_SOLVE) -> None:
    with _writing() as session:
        run_id = start_run(session, _existing_round(session, code), None, request).id
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
    _publish(code)


def _publish(code: str) -> None:
    with _writing() as session:
        schedule = latest_schedule(session, _existing_round(session, code))
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
    _send()


@click.command("send-outbox")
@told_errors
def send_outbox() -> None:
    """Send the mails that are due."""
    _send()


def _send() -> None:
    senders = senders_from(settings())
    total = SendSummary()
    while True:
        sent = send_due(sessionmaker(db.engine), senders, settings(), utc_now)
        total = SendSummary(
            *(
                getattr(total, name) + getattr(sent, name)
                for name in ("sent", "later", "failed", "superseded")
            )
        )
        if not sent.sent and not sent.failed:
            break
    click.echo(f"mails: {total.sent} sent, {total.later} put off, {total.failed} failed")


@click.command("push-calendar")
@told_errors
def push_calendar_command() -> None:
    """Bring the centre's calendar server up to date, without waiting for the next attempt."""
    own = settings()
    if own.caldav is None:
        raise IllegalState(
            Text(
                "尚未设置日历服务器：请设置 CALDAV_URL、CALDAV_USER、CALDAV_PASSWORD 和 CALDAV_CALENDAR。",
                "No calendar server is set: set CALDAV_URL, CALDAV_USER, CALDAV_PASSWORD, CALDAV_CALENDAR.",
            )
        )
    pushed = push_calendar(sessionmaker(db.engine), CaldavServer(own.caldav), own, utc_now, at_once=True)
    with sessionmaker(db.engine)() as session:
        state = calendar_state(session, own, utc_now())
    click.echo(
        f"calendar: {pushed.put} put, {pushed.deleted} deleted, {state.entered} entered, "
        f"{state.waiting} waiting"
    )
    if state.waiting:
        raise click.ClickException(state.last_answer or "")


@click.command("export-timetable")
@file_out
@round_option
@told_errors
def export_timetable_command(file: Path, code: str) -> None:
    """Write the timetable (答辩安排表) as a workbook."""
    with sessionmaker(db.engine)() as session:
        file.write_bytes(export_timetable(session, _existing_round(session, code)))
    click.echo(str(file))


@click.command("export-results")
@file_out
@round_option
@told_errors
def export_results_command(file: Path, code: str) -> None:
    """Write the summary of results (汇总表) as a workbook."""
    with sessionmaker(db.engine)() as session:
        begin_snapshot(session)
        file.write_bytes(export_results(session, _existing_round(session, code)))
    click.echo(str(file))


@click.command("create-account")
@click.argument("username")
@click.option("--role", type=click.Choice(["staff", "secretary", "supervisor"]), default="staff")
@click.option("--name", default="", help="Name shown on the pages; default: the user name.")
@click.password_option()
@told_errors
def create_account_command(username: str, role: str, name: str, password: str) -> None:
    """Make an account of the office; asks for its password."""
    with _writing() as session:
        create_account(session, Role(role), name or username, username, password)
    click.echo(f"{role}: {username}")


@click.command("sign-in-link")
@click.argument("username")
@told_errors
def sign_in_link(username: str) -> None:
    """Print a personal link for an account of the office, such as one that forgot its password."""
    with _writing() as session:
        account = session.scalar(select(Account).where(Account.username == username, Account.active))
        if account is None:
            raise NotFound(Text(f"没有用户“{username}”。", f"There is no account “{username}”."))
        click.echo(_link(session, account))


@click.command("preflight")
def preflight() -> None:
    """Say what would stop the service from starting."""
    own = settings()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((own.host, own.port))
        except OSError as error:
            raise click.ClickException(
                f"{own.host}:{own.port} cannot be used ({error.strerror}). "
                f"Stop the other program, or choose another port: PORT={own.port + 1} make run"
            ) from error
    if not (PROJECT_DIR / "defense" / "static" / "vendor" / "socket.io.min.js").is_file():
        raise click.ClickException("The front-end libraries are missing: run make setup")


@click.command("nginx-config")
@click.option("--workers", required=True, help="Their addresses, such as 127.0.0.1:8001,127.0.0.1:8002.")
@click.option("--listen", default="8000", show_default=True, help="Port, or address:port.")
@click.option("--server-name", default="_", help="Host name of the service.")
@click.option("--log-dir", default="/var/log/nginx", show_default=True)
@click.option("--certificate", help="File; nginx then speaks HTTPS.")
@click.option("--certificate-key", help="File.")
def nginx_config_command(workers: str, **options: str | None) -> None:
    """Print the configuration of nginx in front of several workers (docs/deployment.md)."""
    try:
        click.echo(nginx_config(workers.split(","), settings().upload_max_mb, **options))  # type: ignore[arg-type]
    except DomainError as error:
        raise click.ClickException(str(error.text)) from error


@click.command("first-start")
@click.option("--sample/--no-sample", default=True, help="Load a sample round.")
@told_errors
def first_start(sample: bool) -> None:
    """On an empty database: load a sample round and print sign-in links. Later: nothing."""
    with sessionmaker(db.engine)() as session:
        if session.scalar(select(Account.id).where(Account.role == Role.STAFF)) is not None:
            return
    if sample:
        _load_sample("2021")
    with _writing() as session:
        staff = create_account(session, Role.STAFF, "中心工作人员", "staff", None)
        supervisor = create_account(session, Role.SUPERVISOR, "监督员", "supervisor", None)
        people = [("staff", staff), ("supervisor", supervisor)]
        if sample:
            people += sample_people(session, _existing_round(session, "2021"))
        click.echo("\nSign-in links (personal, valid for a limited time) / 登录链接：")
        for label, account in people:
            click.echo(f"  {label:<11}{account.display_name}  {_link(session, account)}")
    click.echo("")
    sys.stdout.flush()


SAMPLE_LIMIT_S = 8
"""Seconds for the sample's timetable: whoever starts for the first time wants to see something."""


def _load_sample(code: str) -> None:
    directory = settings().instance_dir / "sample"
    click.echo("First start: loading a sample round / 首次启动：正在载入示例批次 …")
    _tell_sample(
        directory, write_sample_data(directory, 240, 7, _next_monday(utc_now().date()), _rules_of(code))
    )
    for kind in ("experts", "panels", "applications"):
        _import(kind, directory / f"{kind}.xlsx", code, directory / f"{kind}-errors.xlsx")
    with sessionmaker(db.engine)() as session:
        published = published_schedule(session, _existing_round(session, code))
    if published is None:
        _solve(code, min(SAMPLE_LIMIT_S, settings().solve_time_limit_s))
        _publish(code)


def _next_monday(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())


def _link(session: Session, account: Account) -> str:
    expires_at = datetime.now(UTC) + timedelta(days=settings().link_days)
    return settings().public_url + issue_link(session, account, expires_at)
