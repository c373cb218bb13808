"""Everything by command, on an empty directory: from sample workbooks to the summary table."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from icalendar import Calendar
from openpyxl import load_workbook

PROJECT_DIR = Path(__file__).resolve().parents[2]


@dataclass
class Shell:
    """Runs `flask` on one directory."""

    directory: Path

    def run(self, *words: str, ok: bool = True, **environ: str) -> str:
        env = {**os.environ, "INSTANCE_DIR": str(self.directory / "instance"), **environ}
        done = subprocess.run(
            [str(PROJECT_DIR / ".venv/bin/flask"), *words],
            cwd=PROJECT_DIR,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_the_whole_path_by_command(shell: Shell, tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    shell.run("sample-data", str(sample), "--candidates", "60", "--seed", "7")
    assert {path.name for path in sample.iterdir()} == {"applications.xlsx", "experts.xlsx", "panels.xlsx"}
    for kind in ("experts", "panels"):
        told = shell.run(f"import-{kind}", str(sample / f"{kind}.xlsx"), "--round", "2021")
        assert " 0 refused" in told
    marked = tmp_path / "marked.xlsx"
    told = shell.run(
        "import-applications", str(sample / "applications.xlsx"), "--round", "2021", "--errors", str(marked)
    )
    assert " 0 changed, 0 unchanged" in told and " 0 refused" not in told
    assert load_workbook(marked)
    again = shell.run("import-applications", str(sample / "applications.xlsx"), "--round", "2021")
    assert ": 0 new, 0 changed" in again
    found = tmp_path / "findings.xlsx"
    told = shell.run("check-applications", "--round", "2021", "--to", str(found), ok=False)
    assert " 0 judged otherwise than before" in told
    assert re.search(r"^  block +\d+  filed_late ", told, re.MULTILINE)
    assert re.search(r"^[1-9]\d* applications cannot go on$", told, re.MULTILINE)
    assert load_workbook(found).sheetnames == ["核查汇总", "核查明细"]

    told = shell.run("solve", "--round", "2021", "--time-limit", "15")
    assert " 0 not placed" in told
    half_days, least = re.findall(r"half-days (\d+) \(at least (\d+)\)", told)[-1]
    assert half_days == least
    told = shell.run("publish", "--round", "2021")
    assert "0 failed" in told
    mails = list((tmp_path / "instance" / "outbox").glob("*.eml"))
    assert len(mails) > 60
    message = message_from_bytes(mails[0].read_bytes(), policy=policy.default)
    part = message.get_payload()[2]  # type: ignore[index,union-attr]
    assert part.get_param("method") == "REQUEST"  # type: ignore[union-attr]
    assert Calendar.from_ical(part.get_payload(decode=True))["METHOD"] == "REQUEST"  # type: ignore[union-attr,arg-type]
    assert "invites: 0 new, 0 changed, 0 cancelled" in shell.run("publish", "--round", "2021")

    timetable, results = tmp_path / "timetable.xlsx", tmp_path / "results.xlsx"
    shell.run("export-timetable", str(timetable), "--round", "2021")
    shell.run("export-results", str(results), "--round", "2021")
    rows = list(load_workbook(timetable)["答辩安排表"].values)
    assert rows[0][0] == "日期" and len(rows) > 40
    rows = list(load_workbook(results)["汇总表"].values)
    assert len(rows) > 50
    id_numbers = [str(row[2]) for row in rows[1:]]
    assert all("**********" in number for number in id_numbers)
    assert "whole" in shell.run("verify-audit")


def test_failures_have_a_message_and_a_status(shell: Shell, tmp_path: Path) -> None:
    assert "没有批次" in shell.run("solve", "--round", "2021", ok=False)
    assert "2021.toml" in shell.run("import-experts", __file__, "--round", "1999", ok=False)
    assert "xlsx" in shell.run("import-experts", __file__, "--round", "2021", ok=False)
    shell.run("sample-data", str(tmp_path), "--candidates", "12")
    shell.run("import-experts", str(tmp_path / "experts.xlsx"), "--round", "2021")
    assert "无法排期" in shell.run("solve", "--round", "2021", ok=False)
    assert "还没有排期" in shell.run("publish", "--round", "2021", ok=False)
    assert "还没有排期" in shell.run("export-timetable", str(tmp_path / "t.xlsx"), ok=False)
    assert "does not exist" in shell.run("import-experts", str(tmp_path / "none.xlsx"), ok=False)


def test_bad_settings_stop_the_start_by_name(shell: Shell) -> None:
    assert "PORT='eighty'" in shell.run("verify-audit", ok=False, PORT="eighty")
    assert "DATABASE_URL" in shell.run("verify-audit", ok=False, DATABASE_URL="mysql://x")
    assert "SMTP_URL" in shell.run("verify-audit", ok=False, SMTP_URL="mail.example.com")
    assert "PUBLIC_URL" in shell.run("verify-audit", ok=False, PUBLIC_URL="example.com")


def test_a_port_in_use_is_named(shell: Shell) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = shell.run("preflight", ok=False, PORT=str(port))
    assert f"127.0.0.1:{port} cannot be used" in told and f"PORT={port + 1} make run" in told


def test_first_start_prints_working_links_once(shell: Shell) -> None:
    told = shell.run("first-start", "--no-sample")
    assert "staff" in told and "/link/" in told
    assert shell.run("first-start", "--no-sample").strip() == ""
