"""The commands that invent a round, and load one at the first start."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.cli.imports import take_in
from defense.cli.installation import personal_link
from defense.cli.support import (
    existing_round,
    round_option,
    settings,
    told_errors,
    writing,
)
from defense.cli.timetable import make_timetable, publish_newest
from defense.domain.errors import NotFound
from defense.domain.round_rules import RoundRules, parse_round_rules
from defense.domain.text import Text
from defense.extensions import db
from defense.integrations.sample_data import SampleSummary, write_sample_data
from defense.models import Account
from defense.models.types import utc_now
from defense.services.access import Role, create_account
from defense.services.first_start import sample_people
from defense.services.rounds import RULE_FILES_DIR
from defense.services.timetable.publishing import published_schedule


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
    with writing() as session:
        staff = create_account(session, Role.STAFF, "中心工作人员", "staff", None)
        supervisor = create_account(session, Role.SUPERVISOR, "监督员", "supervisor", None)
        people = [("staff", staff), ("supervisor", supervisor)]
        if sample:
            people += sample_people(session, existing_round(session, "2021"))
        click.echo("\nSign-in links (personal, valid for a limited time) / 登录链接：")
        for label, account in people:
            click.echo(f"  {label:<11}{account.display_name}  {personal_link(session, account)}")
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
        take_in(kind, directory / f"{kind}.xlsx", code, directory / f"{kind}-errors.xlsx")
    with sessionmaker(db.engine)() as session:
        published = published_schedule(session, existing_round(session, code))
    if published is None:
        make_timetable(code, min(SAMPLE_LIMIT_S, settings().solve_time_limit_s))
        publish_newest(code)


def _next_monday(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())


SAMPLE_COMMANDS = (sample_data, first_start)
