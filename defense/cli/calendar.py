"""The commands about the working calendars of China."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from defense.cli.support import settings, told_errors
from defense.integrations.calendar_days import CalendarFolder, ChineseWorkingCalendar, is_published


@click.command("import-calendar")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@told_errors
def import_calendar(file: Path) -> None:
    """Take a year's holidays from FILE (TOML), for a year that chinesecalendar does not know yet."""
    calendar = CalendarFolder(settings().calendar_dir).take(file)
    off, worked = len(calendar.days_off), len(calendar.worked)
    click.echo(f"{calendar.year}: {off} days off, {worked} weekend days worked ({calendar.source})")
    if is_published(calendar.year):
        click.echo("chinesecalendar knows this year too; the imported file is used instead of it")


@click.command("show-calendar")
@click.argument("year", type=int)
@told_errors
def show_calendar(year: int) -> None:
    """Say which days of YEAR differ from plain weeks: weekdays off, weekend days worked."""
    calendar, day = ChineseWorkingCalendar(), date(year, 1, 1)
    while day.year == year:
        is_worked = calendar.is_working_day(day)
        if is_worked != (day.weekday() < 5):
            click.echo(f"{day} {day:%a} {'worked' if is_worked else 'off'}")
        day += timedelta(days=1)


CALENDAR_COMMANDS = (import_calendar, show_calendar)
