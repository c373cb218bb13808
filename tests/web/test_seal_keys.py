"""Whose key a seal may bear: the service's own, one that was its own before, or one given by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from defense.app import create_app
from defense.domain.lifecycle import Move
from defense.extensions import db
from defense.services.room.seals import public_key_of
from defense.settings import SettingsError
from tests.conftest import People, make_settings
from tests.room_pages import readable

Enter = Callable[[str], FlaskClient]
VERIFIER = Path(__file__).parents[2] / "tools" / "verify_audit.py"
NEW_KEY = bytes(range(3, 35))


@pytest.fixture
def old_key(published_app: Flask, people: People, enter: Enter) -> str:
    """A sitting is sealed by the service's key, in hex; the key is then changed."""
    secretary = enter("secretary")
    for id_ in people.defence_ids:
        form = {"reason": "未到场"}
        assert secretary.post(f"/defences/{id_}/moves/{Move.MARK_ABSENT}", data=form).status_code == 302
    assert enter("supervisor").post(f"/sittings/{people.sitting_id}/seal").status_code == 302
    assert "whole" in verify(published_app)
    assert "记录完整" in office_check(published_app, people)
    with published_app.app_context():
        db.engine.dispose()
    return public_key_of(published_app.extensions["settings"].seal_key)


def restarted(directory: Path, **environ: str) -> Flask:
    """The service on the same data with another key."""
    return create_app(make_settings(directory, SEAL_KEY=NEW_KEY.hex(), **environ))


def verify(app: Flask, *options: str, ok: bool = True) -> str:
    """What `flask verify-audit` prints."""
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["verify-audit", *options])
    assert (done.exit_code == 0) is ok, done.output
    return done.output


def office_check(app: Flask, people: People, language: str = "zh") -> str:
    """What the office reads after it pressed “Check the log”."""
    client = app.test_client()
    client.get(people.links["supervisor"])
    client.post(f"/language/{language}", data={"next": "/"})
    return readable(client.get("/audit?check=1").data, "text/html")


def test_a_seal_by_another_key_is_reported(tmp_path: Path, people: People, old_key: str) -> None:
    app = restarted(tmp_path)
    app.config["WTF_CSRF_ENABLED"] = False
    told = verify(app, ok=False)
    assert f"WRONG seal sitting:{people.sitting_id}  key {old_key}" in told
    assert "不是本服务的密钥" in told
    assert "made with another key than the service's" in told
    assert "不是本服务的密钥" in office_check(app, people)
    assert "made with another key than the service&#39;s" in office_check(app, people, "en")
    with app.app_context():
        db.engine.dispose()


def test_a_former_key_is_trusted_by_setting_or_by_option(
    tmp_path: Path, people: People, old_key: str
) -> None:
    app = restarted(tmp_path, SEAL_PUBLIC_KEYS=f"{'ab' * 32}, {old_key.upper()}")
    app.config["WTF_CSRF_ENABLED"] = False
    assert f"OK    seal sitting:{people.sitting_id}  key {old_key}" in verify(app)
    assert "记录完整" in office_check(app, people)
    # The option stands in the place of the settings, and takes the digits as the minutes print them.
    stranger = ("--public-key", "cd" * 32)
    grouped = " ".join(old_key[i : i + 4] for i in range(0, 64, 4))
    assert "seal_key" in verify(app, *stranger, ok=False)
    assert "whole" in verify(app, *stranger, "--public-key", grouped)
    assert "64" in verify(app, "--public-key", old_key[:-1], ok=False)
    with app.app_context():
        db.engine.dispose()


def test_the_other_verifier_reads_the_database_and_is_told_the_key(tmp_path: Path, old_key: str) -> None:
    def standalone(*keys: str) -> tuple[int, str]:
        options = [f"--public-key={key}" for key in keys]
        command = [sys.executable, "-I", str(VERIFIER), str(tmp_path / "defence.sqlite3"), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert standalone(old_key)[0] == standalone("cd" * 32, old_key.upper())[0] == 0
    status, words = standalone("cd" * 32)
    assert (status, "seal_key" in words, "another key" in words) == (1, True, True), words
    status, words = standalone()
    assert (status, "NOT checked" in words) == (2, True), words


@pytest.mark.parametrize("text", ["x", "ab" * 31, "ab" * 33, "zz" * 32, f"{'ab' * 32};{'cd' * 32}"])
def test_a_setting_that_holds_no_keys_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="SEAL_PUBLIC_KEYS"):
        make_settings(tmp_path, SEAL_PUBLIC_KEYS=text)
