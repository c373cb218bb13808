"""Two processes that start at the same moment on a fresh machine: one database, one set of keys."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from defense.settings import PROJECT_DIR, Settings, SettingsError
from tests.postgres import PostgresServer

PROCESSES = 2
WAIT_FOR_EACH_OTHER = """
import sys
from defense.app import create_app
from defense.migrating import ensure_database
from defense.settings import Settings
print("ready", flush=True)
sys.stdin.readline()
settings = Settings.from_env()
with create_app(settings).app_context():
    ensure_database()
print(settings.secret_key, settings.ballot_key.hex(), settings.seal_key.hex())
"""


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_processes_that_start_at_once_agree(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    environ = {"INSTANCE_DIR": str(tmp_path / "new"), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    if database == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        environ["DATABASE_URL"] = server.create_database()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WAIT_FOR_EACH_OTHER],
            cwd=PROJECT_DIR,
            env=environ,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        keys = {process.communicate(timeout=60)[0] for process in processes}
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert len(keys) == 1
    kept = sorted(path.name for path in (tmp_path / "new").iterdir() if path.name.endswith("_key"))
    assert kept == ["ballot_key", "seal_key", "secret_key"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "new").glob("*_key"))
    assert not list((tmp_path / "new").glob(".*"))


def test_an_empty_key_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(SettingsError, match="secret_key is empty"):
        Settings.from_env({"INSTANCE_DIR": str(tmp_path)})
