"""`flask upstream-sandbox`, as a newcomer starts it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from defense.cli.sandbox import upstream_sandbox
from sandbox.keys import sign
from sandbox.store import Store

PROJECT_DIR = Path(__file__).parents[3]


def test_what_it_prints_is_enough_to_talk_to_it(tmp_path: Path, platform_file: Path) -> None:
    shutil.copy(platform_file, tmp_path / "p.sqlite3")
    held = Store(platform_file).count("2021")
    command = ["upstream-sandbox", "--port", "0", "--database", str(tmp_path / "p.sqlite3"), "--auth", "hmac"]
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", *command],
        cwd=PROJECT_DIR,
        env=os.environ | {"INSTANCE_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        # Tests that run in the background inherit a Ctrl-C that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    try:
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, f"it ended after: {printed}"
            printed += line
        told = dict(re.findall(r"export (\w+)=(\S+)", printed))
        assert told.keys() == {"UPSTREAM_URL", "UPSTREAM_AUTH", "UPSTREAM_KEY_ID", "UPSTREAM_KEY"}
        path, nonce = "/api/v1/rounds/2021/applications", "0" * 32
        stamp = str(int(time.time()))
        headers = {
            "X-Key-Id": told["UPSTREAM_KEY_ID"],
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": sign(told["UPSTREAM_KEY"], "GET", path, stamp, nonce, b""),
        }
        answer = requests.get(told["UPSTREAM_URL"] + path, headers=headers, timeout=5)
        assert answer.status_code == 200 and answer.json()["total"] == held, "it goes on where it was"
        key = re.search(r"X-Sandbox-Key: (\S+)", printed)
        assert key is not None
        listed = requests.get(
            told["UPSTREAM_URL"] + "/sandbox/told", headers={"X-Sandbox-Key": key[1]}, timeout=5
        )
        assert listed.json() == []
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--faults", "rain=0.1"], "rain: no such fault"),
        (["--faults", "429=2"], "is not between 0 and 1"),
        (["--round", "1999"], "there is no rule file 1999.toml"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, options: list[str], said: str) -> None:
    done = CliRunner().invoke(upstream_sandbox, ["--database", str(tmp_path / "p.sqlite3"), *options])
    assert done.exit_code != 0 and said in done.output
